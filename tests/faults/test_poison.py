# SPDX-License-Identifier: Apache-2.0
"""Rows that the database refuses: their neighbours land, they are named, and it costs few statements."""

import json
import math
import pathlib
import re
import subprocess
import tempfile
import unittest

from stream import line_of, stream
from targets import COMMAND, test_classes

ROWS = 10000
STATEMENTS_MAX = 2 * math.log2(ROWS)
SECONDS = 120

# One batch: what is bisected is all of it.
ONE_BATCH = (f"batch.rows={ROWS}", "batch.bytes=67108864", "buffer.bytes=134217728", "linger.ms=60000")

COLUMN, NOWHERE = "column", "nowhere"


class Class:
    """A class of error. types: the column's, by engine, * for the others; None: there is no such thing.

    names: where the report has the column: in its own field (COLUMN), or at least in the reason, by itself
    or in a constraint's name. {engine: NOWHERE} where the database does not say which it was.
    """

    def __init__(self, column, types, good, bad, reason, names=None):
        self.column, self.types, self.good, self.bad, self.reason = column, types, good, bad, reason
        self.names = names or {}

    def type(self, engine):
        return self.types.get(engine, self.types.get("*"))


CLASSES = {
    "not null": Class("filled", {"*": "varchar(40) NOT NULL"}, lambda i: f"v{i}", None, r"(?i)null",
                      {"*": COLUMN}),
    "check": Class("positive", {"*": "integer CHECK (positive >= 0)"}, lambda i: i, -1, r"(?i)check|constraint"),
    "unique": Class("single", {"*": "varchar(40) UNIQUE"}, lambda i: f"v{i}", "taken", r"(?i)unique|duplicate"),
    "foreign key": Class("parent", {"*": "integer REFERENCES parents (id)",
                                    "mysql": "integer, FOREIGN KEY (parent) REFERENCES parents (id)"},
                         lambda i: i % 10, 99, r"(?i)foreign key",
                         {"sqlite": NOWHERE}),  # "FOREIGN KEY constraint failed", whichever it was.
    "too long": Class("short", {"*": "varchar(5)", "sqlite": "text CHECK (length(short) <= 5)"},
                      lambda i: "abcde"[i % 5:], "abcdef", r"(?i)long|length|character|check",
                      {"*": COLUMN, "sqlite": None}),
    "out of range": Class("small", {"*": "smallint", "sqlite": "bigint"}, lambda i: i, 2 ** 63, r"(?i)range",
                          {"*": COLUMN}),
    "enum": Class("mood", {"postgresql": "moods", "mysql": "enum('calm','cross')"},
                  lambda i: ("calm", "cross")[i % 2], "bad", r"(?i)enum|truncated|allowed|values",
                  {"postgresql": NOWHERE}),  # It names the type and the value.
    "json": Class("doc", {"postgresql": "json", "mysql": "json", "sqlite": "text CHECK (json_valid(doc))"},
                  lambda i: f"[{i}]", "[1,", r"(?i)json|check|constraint", {"postgresql": NOWHERE}),  # As for enum.
    "date": Class("day", {"*": "date"}, lambda i: f"2024-01-{i % 31 + 1:02}", "2024-02-30", r"(?i)date",
                  {"*": COLUMN}),
    "domain": Class("even", {"postgresql": "even"}, lambda i: 2 * i, 3, r"(?i)even"),
}


class Poison:
    maxDiff = 2000

    def setUp(self):
        self.target.fresh()
        self.classes = {}

    def create(self, *kinds):
        """Table t: id and a column for each class, with row 0 in it."""
        engine = self.target.engine
        self.target.fresh()
        if engine == "postgresql":
            self.target.sql("CREATE TYPE moods AS ENUM ('calm', 'cross'); "
                            "CREATE DOMAIN even AS integer CHECK (VALUE % 2 = 0)")
        self.classes = {kind: CLASSES[kind] for kind in kinds if CLASSES[kind].type(engine)}
        columns = "".join(f", {one.column} {one.type(engine)}" for one in self.classes.values()
                          if ", FOREIGN" not in one.type(engine))
        # A foreign key of MySQL's stands behind all columns.
        columns += "".join(f", {one.column} {one.type(engine)}" for one in self.classes.values()
                           if ", FOREIGN" in one.type(engine))
        self.target.sql("CREATE TABLE parents (id integer NOT NULL PRIMARY KEY); INSERT INTO parents VALUES "
                        + ", ".join(f"({i})" for i in range(10))
                        + f"; CREATE TABLE t (id bigint NOT NULL PRIMARY KEY{columns})")
        values = ["'taken'" if kind == "unique" else repr(one.good(0)) for kind, one in self.classes.items()]
        names = ["id", *(one.column for one in self.classes.values())]
        self.target.sql(f"INSERT INTO t ({', '.join(names)}) VALUES ({', '.join(['0', *values])})")

    def write(self, mode, poison, *options):
        """10,000 rows into t, in one batch; poison: the classes of which a row is bad, by its number from 1."""
        schema = ", ".join(["id int64", *(f"{one.column} text" for one in self.classes.values())])
        lines = [line_of(0, "i", number, *(one.bad if poison.get(number) == kind else one.good(number)
                                           for kind, one in self.classes.items()))
                 for number in range(1, ROWS + 1)]
        return stream(self.target.url, "t", lines, f"mode={mode}", *ONE_BATCH, *options, schema=schema)

    def assertRejected(self, done, poison):
        """Those rows and no others, each with its column and the reason."""
        self.assertEqual((done.code, done.errors), (0, ""))
        found = {letter["line"]: letter for letter in done.rejected}
        self.assertEqual((sorted(found), len(done.rejected)), (sorted(poison), len(poison)), done.rejected[:3])
        for number, kind in poison.items():
            with self.subTest(kind=kind):
                one, letter = CLASSES[kind], found[number]
                self.assertRegex(letter["reason"], one.reason)
                names = one.names.get(self.target.engine, one.names.get("*"))
                if letter["column"] or names == COLUMN:
                    self.assertEqual(letter["column"], one.column, letter)
                elif names != NOWHERE:
                    self.assertRegex(letter["reason"], rf"(?<![a-z]){one.column}(?![a-z])")
        gone = ", ".join(map(str, poison))
        self.assertEqual(self.target.rows(f"SELECT count(*), sum(CASE WHEN id IN ({gone}) THEN 1 ELSE 0 END) FROM t"),
                         [(str(ROWS + 1 - len(poison)), "0")])

    def assertCheap(self, done, clean, poison):
        """At most STATEMENTS_MAX more statements for each bad row."""
        self.assertLessEqual(done.stats["writes"] - clean.stats["writes"], len(poison) * STATEMENTS_MAX)

    def test_one_row_of_each_class_of_error(self):
        for mode in ("insert", "upsert", "replace", "ignore"):
            # A second unique index in the other modes has a test of its own.
            kinds = [kind for kind in CLASSES if mode == "insert" or kind != "unique"]
            with self.subTest(mode=mode):
                self.create(*kinds)
                if mode in ("insert", "upsert"):  # The others take as many statements as upsert.
                    clean = self.write(mode, {})
                    self.assertEqual((clean.code, clean.stats["batches_delivered"]), (0, 1), clean.errors)
                    self.target.sql("DELETE FROM t WHERE id > 0")
                poison = {613 + 877 * number: kind for number, kind in enumerate(self.classes)}
                done = self.write(mode, poison)
                self.assertRejected(done, poison)
                self.assertCheap(done, clean, poison)

    def test_what_it_costs_to_find_rows_wherever_they_are(self):
        for mode in ("insert", "upsert"):
            self.create("check")
            clean = self.write(mode, {})
            for poison in ((6173,), (ROWS,), (1, 2, ROWS - 1, ROWS)):
                with self.subTest(mode=mode, poison=poison):
                    self.target.sql("DELETE FROM t WHERE id > 0")
                    done = self.write(mode, dict.fromkeys(poison, "check"))
                    self.assertRejected(done, dict.fromkeys(poison, "check"))
                    self.assertCheap(done, clean, poison)

    def test_a_key_that_is_there(self):
        self.create("check")
        self.target.sql("INSERT INTO t VALUES (6173, 7)")
        done = self.write("insert", {})
        self.assertEqual((done.code, [letter["line"] for letter in done.rejected]), (0, [6173]), done.errors)
        self.assertRegex(done.rejected[0]["reason"], "(?i)unique|duplicate")
        self.assertIn(done.rejected[0]["column"], ("", "id"))
        self.assertEqual(self.target.rows("SELECT count(*), max(CASE WHEN id = 6173 THEN positive END) FROM t"),
                         [(str(ROWS + 1), "7")])

    def test_another_unique_index_in_modes_with_a_key(self):
        for mode in ("upsert", "replace", "ignore"):
            with self.subTest(mode=mode):
                self.create("unique")
                done = self.write(mode, {6173: "unique"})
                if self.target.engine == "mysql":  # It would take the conflict for one with the key.
                    self.assertEqual(done.code, 1)
                    self.assertRegex(done.errors, r"unique\.other")
                    self.assertEqual(self.target.one("SELECT count(*) FROM t"), "1")
                else:
                    self.assertRejected(done, {6173: "unique"})

    def test_a_good_row_that_a_bad_one_superseded_lands(self):
        """One row a key is written; where that one is refused, the one before it counts."""
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, c integer CHECK (c >= 0)); "
                        "INSERT INTO t VALUES (3, 30), (4, 40)")
        lines = [line_of(0, "i", 1, 10), line_of(0, "u", 1, -1),                         # 10 stays.
                 line_of(0, "i", 2, -1), line_of(0, "u", 2, 20), line_of(0, "u", 2, -1),  # 20 stays.
                 line_of(0, "u", 3, -1),                                                  # 30 was there.
                 line_of(0, "d", 4, None), line_of(0, "i", 4, -1),                        # Deleted.
                 line_of(0, "i", 5, 50), line_of(0, "d", 5, None), line_of(0, "i", 5, -1),
                 line_of(0, "i", 6, 60)]
        done = stream(self.target.url, "t", lines, "mode=upsert", *ONE_BATCH)
        self.assertEqual((done.code, done.errors), (0, ""))
        self.assertEqual(self.target.rows("SELECT id, c FROM t ORDER BY id"),
                         [("1", "10"), ("2", "20"), ("3", "30"), ("6", "60")])
        # A bad row that a good one supersedes may be found, or never be written.
        found = {letter["line"] for letter in done.rejected}
        self.assertEqual(found - {3}, {2, 5, 6, 8, 11})

    def test_a_constraint_that_waits_for_the_commit(self):
        if self.target.engine == "mysql":
            self.skipTest("MySQL and MariaDB check every constraint at once")
        self.target.sql("CREATE TABLE parents (id integer NOT NULL PRIMARY KEY); INSERT INTO parents VALUES (0), (1); "
                        "CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, "
                        "parent integer REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
        lines = [line_of(0, "i", number, 99 if number in (1, 613, 2000) else number % 2) for number in range(1, 2001)]
        done = stream(self.target.url, "t", lines, "mode=upsert", *ONE_BATCH)
        self.assertEqual((done.code, [letter["line"] for letter in done.rejected]), (0, [1, 613, 2000]), done.errors)
        self.assertTrue(all("foreign key" in letter["reason"].lower() for letter in done.rejected), done.rejected)
        self.assertEqual(self.target.rows("SELECT count(*), max(parent) FROM t"), [("1997", "1")])

    # ---- A file that is half poison -----------------------------------------------------

    def load_half(self, *options):
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, c integer CHECK (c >= 0))")
        text = "id,c\n" + "".join(f"{i},{-i if i % 2 else i}\n" for i in range(1, 2001))
        with tempfile.TemporaryDirectory(prefix="outfall-faults-") as directory:
            letters = pathlib.Path(directory) / "letters"
            done = subprocess.run([COMMAND, "load", "--to", self.target.url, "--table", "t", "--batch-rows", "500",
                                   "--linger-ms", "60000", "--dead-letter", letters, *options, "-"], input=text, capture_output=True,
                                  text=True, timeout=SECONDS, check=False)
            found = [json.loads(line) for line in letters.read_text(encoding="utf-8").splitlines()]
        loaded, rejected = map(int, re.fullmatch(r"loaded (\d+) rows .* rejected (\d+)\n", done.stdout).groups())
        self.assertEqual(len(found), rejected)
        self.assertEqual(self.target.one("SELECT count(*) FROM t WHERE c <> id"), "0")
        self.assertEqual(self.target.one("SELECT count(*) FROM t"), str(loaded))
        self.assertTrue(all(letter["line"] % 2 == 0 and letter["row"]["c"] < 0 for letter in found))
        return done, loaded, rejected

    def test_half_of_a_file_is_poison_and_the_other_half_lands(self):
        for mode in ("insert", "upsert"):
            with self.subTest(mode=mode):
                self.target.fresh()
                done, loaded, rejected = self.load_half("--mode", mode)
                self.assertEqual((done.returncode, loaded, rejected), (3, 1000, 1000), done.stderr)

    def test_half_of_a_file_is_poison_and_the_load_stops_at_its_limit(self):
        for mode in ("insert", "upsert"):
            with self.subTest(mode=mode):
                self.target.fresh()
                done, loaded, rejected = self.load_half("--mode", mode, "--set", "rejected.max=300")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("more than rejected.max (300) rows were rejected", done.stderr)
                self.assertRegex(done.stderr, "stopped after the row at line")
                self.assertTrue(250 <= rejected <= 301, rejected)
                self.assertLess(loaded, 1000)


test_classes(globals(), Poison)
del Poison

if __name__ == "__main__":
    unittest.main()
