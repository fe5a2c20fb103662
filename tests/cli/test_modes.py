# SPDX-License-Identifier: Apache-2.0
"""The write modes of outfall load, into every database, read back by another client."""

import csv
import io
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import BIRDSTRIKES, CommandTest, birdstrikes, outfall  # noqa: E402
from targets import test_classes  # noqa: E402

MODES = ("insert", "upsert", "replace", "ignore")
OLD = "an old name"


def text_of(header, rows):
    """CSV as a file has it; None is an empty field without quotes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([["" if value is None else value for value in row] for row in rows])
    return out.getvalue().encode()


class Modes(CommandTest):
    maxDiff = 2000

    def setUp(self):
        super().setUp()
        self.target.fresh()
        self.url = self.target.url

    def load_text(self, text, *arguments, table="t"):
        return outfall("load", "--to", self.url, "--table", table, *arguments, "-",
                       stdin=text if isinstance(text, bytes) else text.encode())

    def table(self, name, header, order):
        columns = ", ".join(map(self.target.quote, header))
        return self.target.rows(f"SELECT {columns} FROM {self.target.quote(name)} ORDER BY {order}")

    def assertRows(self, got, want):
        self.assertEqual(len(got), len(want))
        for number, (stored, row) in enumerate(zip(got, want), 2):
            self.assertEqual(stored, tuple(row), f"line {number}")

    # ---- A real file ---------------------------------------------------------------------

    def test_a_real_file_is_inserted_as_it_is(self):
        header, rows = birdstrikes()
        done = outfall("load", "--to", self.url, "--table", "birdstrikes", "--create", "--mode", "insert",
                       BIRDSTRIKES)
        self.assertLoaded(done, len(rows), table="birdstrikes")
        got = self.table("birdstrikes", header, "1")
        key = [tuple(value or "" for value in row) for row in got]
        self.assertRows(sorted(key), sorted(tuple(value or "" for value in row) for row in rows))
        self.assertEqual(sum(value is None for row in got for value in row),
                         sum(value is None for row in rows for value in row))

    def test_a_real_file_in_every_mode(self):
        """Half of its keys are in the table already, with another name for the airport."""
        header, rows = birdstrikes()
        header = ["strike id", *header]
        rows = [[str(number), *row] for number, row in enumerate(rows, 1)]
        before = [[row[0], OLD, *row[2:]] for row in rows[::2]]
        by = self.target.quote("strike id")
        new, old = text_of(header, rows), text_of(header, before)
        for mode in MODES[1:]:
            with self.subTest(mode=mode):
                self.target.fresh()
                options = ("--create", "--mode", mode, "--key", "strike id")
                self.assertLoaded(self.load_text(old, *options), len(before))
                self.assertLoaded(self.load_text(new, *options), len(rows))
                want = [[row[0], OLD, *row[2:]] if mode == "ignore" and number % 2 == 0 else row
                        for number, row in enumerate(rows)]
                self.assertRows(self.table("t", header, by), want)

    # ---- What each mode does -------------------------------------------------------------

    def test_each_mode_by_its_rule(self):
        """The table has 1 and 2; the file has 2, 3, and 2 again. The column d is not in the file."""
        cases = {
            "insert": (3, [("1", "old", "old"), ("2", "old", "old"), ("3", "c", "7")], 2),
            "upsert": (0, [("1", "old", "old"), ("2", "d", "old"), ("3", "c", "7")], 0),
            "replace": (0, [("1", "old", "old"), ("2", "d", "7"), ("3", "c", "7")], 0),
            "ignore": (0, [("1", "old", "old"), ("2", "old", "old"), ("3", "c", "7")], 0),
        }
        for mode, (code, want, rejected) in cases.items():
            with self.subTest(mode=mode):
                self.target.fresh()
                self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, v varchar(20), "
                                "d varchar(20) DEFAULT '7'); "
                                "INSERT INTO t VALUES (1, 'old', 'old'), (2, 'old', 'old')")
                done = self.load_text("id,v\n2,b\n3,c\n2,d\n", "--mode", mode)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertLoaded(done, 3 - rejected, rejected=rejected)
                self.assertEqual(self.target.rows("SELECT id, v, d FROM t ORDER BY id"), want)

    def test_named_columns_are_updated_and_no_others(self):
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, a varchar(20), b varchar(20)); "
                        "INSERT INTO t VALUES (1, 'a1', 'b1')")
        done = self.load_text("id,a,b\n1,a2,b2\n2,a3,b3\n2,a4,b4\n", "--mode", "upsert", "--update", "b")
        self.assertLoaded(done, 3)
        self.assertEqual(self.target.rows("SELECT * FROM t ORDER BY id"),
                         [("1", "a1", "b2"), ("2", "a3", "b4")])

    def test_a_key_of_two_columns_in_any_place(self):
        options = ("--create", "--schema", "region text(20), day date", "--mode", "upsert", "--key", "day,region")
        self.assertLoaded(self.load_text("v,region,day\n1,n,2024-01-31\n2,s,2024-01-31\n", *options), 2)
        self.assertLoaded(self.load_text("day,v,region\n2024-01-31,3,s\n2024-02-01,4,s\n", *options), 2)
        self.assertEqual(self.table("t", ("region", "day", "v"), "v"),
                         [("n", "2024-01-31", "1"), ("s", "2024-01-31", "3"), ("s", "2024-02-01", "4")])

    def test_the_key_becomes_the_primary_key_in_mode_insert_too(self):
        self.assertLoaded(self.load_text("id,v\n1,a\n1,b\n", "--create", "--key", "id"), 1, rejected=1)
        self.assertEqual(self.table("t", ("id", "v"), "id"), [("1", "a")])

    def test_a_key_that_no_unique_index_has_is_refused_with_the_statement_that_makes_one(self):
        self.target.sql("CREATE TABLE bare (id bigint, v varchar(20)); "
                        "CREATE TABLE other (id bigint, v varchar(20) NOT NULL PRIMARY KEY)")
        for table in ("bare", "other"):
            for mode in MODES[1:]:
                with self.subTest(table=table, mode=mode):
                    done = self.load_text("id,v\n1,a\n", "--mode", mode, "--key", "id", table=table)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertRegex(done.stderr, r"(?i)(CREATE UNIQUE INDEX|ADD UNIQUE|PRIMARY KEY).*\bid\b")
            self.assertEqual(self.target.one(f"SELECT count(*) FROM {table}"), "0")
        done = self.load_text("id,v\n1,a\n", "--mode", "upsert", table="bare")  # No key is named, and there is none.
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, "(?i)primary key|unique")

    # ---- Change streams ------------------------------------------------------------------

    def test_a_change_stream_is_applied_in_its_order(self):
        text = ("op,id,v\nc,1,a\nc,2,b\nr,3,c\nu,1,d\nd,2,\nDELETE,3,gone\ninsert,2,e\ni,4,f\nD,4,\n"
                "d,99,\nUPDATE,5,g\n")
        for mode, batch_rows in (("upsert", 1), ("upsert", 1000), ("replace", 3)):
            with self.subTest(mode=mode, batch_rows=batch_rows):
                self.target.sql("DROP TABLE IF EXISTS t")
                done = self.load_text(text, "--create", "--schema", "v text(20)", "--mode", mode, "--key", "id",
                                      "--kind-column", "op", "--batch-rows", batch_rows)
                self.assertLoaded(done, 11)
                self.assertEqual(self.table("t", ("id", "v"), "id"), [("1", "d"), ("2", "e"), ("5", "g")])
        self.assertEqual(len(self.target.rows("SELECT * FROM t")[0]), 2)  # The kind is no column.

    def test_deletes_need_no_more_than_the_key(self):
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, v varchar(20) NOT NULL); "
                        "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
        lines = '{"id": 1, "op": "d"}\n{"op": "u", "id": 2, "v": "B"}\n{"op": "delete", "id": 3, "v": null}\n'
        done = self.load_text(lines, "--format", "ndjson", "--mode", "upsert", "--kind-column", "op")
        self.assertLoaded(done, 3)
        self.assertEqual(self.target.rows("SELECT * FROM t"), [("2", "B")])

    def test_of_a_delete_only_the_key_is_looked_at(self):
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, v varchar(3) NOT NULL, n bigint NOT NULL); "
                        "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)")
        text = 'op,id,v,n\nd,1,too long,unknown\nd,2,"",1e99\nd,3,c,3\nd,x,d,4\n'
        done = self.load_text(text, "--mode", "upsert", "--kind-column", "op")
        self.assertLoaded(done, 3, rejected=1)
        self.assertEqual(self.target.rows("SELECT * FROM t"), [("4", "d", "4")])

    def test_a_key_that_json_lines_leave_out_erases_nothing(self):
        make = ("DROP TABLE IF EXISTS t; CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, v varchar(20), w varchar(20)); "
                "INSERT INTO t VALUES (1, 'v1', 'w1'), (2, 'v2', 'w2')")
        lines = ('{"op": "u", "id": 1, "v": "x", "w": null}\n{"op": "u", "id": 2, "v": "y"}\n'
                 '{"op": "c", "id": 3, "v": "z"}\n{"op": "d", "w": "w2"}\n')
        cases = (
            (("--mode", "upsert", "--kind-column", "op"), {2: "w", 3: "w", 4: "id"}, "--update",
             [("1", "x", None), ("2", "v2", "w2")]),
            (("--mode", "replace", "--kind-column", "op"), {2: "w", 3: "w", 4: "id"}, "put null",
             [("1", "x", None), ("2", "v2", "w2")]),
            (("--mode", "upsert", "--kind-column", "op", "--update", "v"), {4: "id"}, "the key",
             [("1", "x", "w1"), ("2", "y", "w2"), ("3", "z", None)]),
        )
        for number, (options, rejected, message, want) in enumerate(cases):
            with self.subTest(options=options):
                self.target.sql(make)
                letters = self.directory / f"missing{number}"
                done = self.load_text(lines, "--format", "ndjson", "--dead-letter", letters, *options)
                self.assertLoaded(done, 4 - len(rejected), rejected=len(rejected))
                found = {letter["line"]: letter["column"] for letter in self.letters(letters)}
                self.assertEqual(found, rejected)
                self.assertIn(message, self.letters(letters)[0]["reason"])
                self.assertEqual(self.target.rows("SELECT * FROM t ORDER BY id"), want)
        self.target.sql(make)  # Rows without a kind update as well.
        done = self.load_text('{"id": 1, "v": "x"}\n{"id": 2, "w": "y", "v": "z"}\n', "--format", "ndjson",
                              "--mode", "upsert")
        self.assertLoaded(done, 1, rejected=1)
        self.assertEqual(self.target.rows("SELECT * FROM t ORDER BY id"), [("1", "v1", "w1"), ("2", "z", "y")])

    def test_a_rejected_change_keeps_its_kind(self):
        """A dead letter's row can be loaded again as it is."""
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, v varchar(20) CHECK (v <> 'bad')); "
                        "INSERT INTO t VALUES (1, 'a')")
        letters = self.directory / "letters"
        done = self.load_text("op,id,v\nu,1,bad\nu,x,b\nnone,1,b\nd,,\nu,2,b\n", "--mode", "upsert",
                              "--kind-column", "op", "--dead-letter", letters)
        self.assertLoaded(done, 1, rejected=4)
        found = {letter["line"]: letter for letter in self.letters(letters)}
        self.assertEqual(found[2]["row"], {"op": "update", "id": 1, "v": "bad"})
        self.assertEqual(found[3]["row"], {"op": "update", "id": "x", "v": "b"})
        self.assertEqual((found[4]["column"], found[4]["raw"]), ("op", "none,1,b"))
        self.assertIn("write insert, update or delete", found[4]["reason"])
        self.assertEqual(found[5]["row"], {"op": "delete", "id": None, "v": None})
        self.assertEqual(self.target.rows("SELECT * FROM t ORDER BY id"), [("1", "a"), ("2", "b")])
        found[2]["row"]["v"], found[5]["row"]["id"] = "good", 2
        lines = "".join(json.dumps(found[line]["row"]) + "\n" for line in (2, 5))
        done = self.load_text(lines, "--format", "ndjson", "--mode", "upsert", "--kind-column", "op")
        self.assertLoaded(done, 2)
        self.assertEqual(self.target.rows("SELECT * FROM t"), [("1", "good")])


class Arguments(CommandTest):
    """What is wrong with the options is said before anything is written."""

    def test_options_that_do_not_go_together(self):
        cases = (
            ((), "--kind-column", "op", "goes with --mode upsert or --mode replace"),
            (("--mode", "ignore"), "--kind-column", "op", "goes with --mode upsert or --mode replace"),
            ((), "--update", "v", "goes with --mode upsert"),
            (("--mode", "replace"), "--update", "v", "goes with --mode upsert"),
            ((), "--key", "id", "goes with --mode upsert, replace or ignore, or with --create"),
            (("--mode=upsert", "--key=id", "--create", "--schema=op text"), "--kind-column", "op",
             "it is not part of the table"),
            (("--mode=upsert", "--key=id", "--create"), "--kind-column", "nope", 'no column "nope"'),
            (("--mode=upsert", "--create"), "--key", "nope", '"nope"'),
            (("--mode=upsert", "--create", "--key=id"), "--update", "nope", '"nope"'),
        )
        for before, option, value, message in cases:
            with self.subTest(option=option, before=before):
                done = self.load(*before, option, value, "-", stdin=b"op,id,v\nd,1,a\n")
                self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
                self.assertIn(message, done.stderr)
                self.assertFalse(self.database.exists())

    def test_the_mode_in_the_url_is_the_one_that_counts(self):
        self.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        kinds, updates, key = ("--kind-column", "op"), ("--update", "v"), ("--key", "id")
        cases = (
            ("ignore", (*kinds, "--mode", "upsert"), "--kind-column goes with --mode upsert"),
            ("insert", (*kinds, "--mode", "replace"), "--kind-column goes with --mode upsert"),
            ("replace", (*updates, "--mode", "upsert"), "--update goes with --mode upsert"),
            ("insert", (*key, "--mode", "upsert"), "--key goes with --mode upsert"),
            ("merge", (), "insert, upsert, replace, ignore"),
            ("upsert", (*kinds, *updates, *key), None),
            ("replace", (*kinds, "--mode", "insert"), None),
        )
        for mode, options, message in cases:
            with self.subTest(mode=mode, options=options):
                done = outfall("load", "--to", f"{self.url}?outfall.mode={mode}", "--table", "t", *options, "-",
                               stdin=b"op,id,v\nu,1,a\n")
                if message is None:
                    self.assertLoaded(done, 1)
                    self.assertRegex(done.stdout, r"^applied 1 changes to t in .* changes/s\), rejected 0$")
                else:
                    self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
                    self.assertIn(message, done.stderr)

    def test_no_table_is_made_without_the_key_that_its_mode_needs(self):
        for mode in MODES[1:]:
            done = self.load("--create", "--mode", mode, "-", stdin=b"id,v\n1,a\n")
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertIn(f"mode={mode} needs a key: set key (--key), or mark columns primary key", done.stderr)
            self.assertEqual(self.query("SELECT count(*) FROM sqlite_master"), [(0,)])
        done = self.load("--create", "--mode", "upsert", "--schema", "id int64 primary key", "--key", "v", "-",
                         stdin=b"id,v\n1,a\n")
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn("option key names v, but the primary key in the schema is id", done.stderr)

    def test_what_has_no_table_asks_for_the_key(self):
        for mode in MODES[1:]:
            done = outfall("load", "--to", "null:", "--table", "t", "--mode", mode, "-", stdin=b"id,v\n1,a\n")
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn("set key (--key)", done.stderr)
            self.assertNotIn("add one", done.stderr)

    def test_a_mode_that_there_is_not(self):
        done = self.load("--mode", "merge", "-", stdin=b"id\n1\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn('--mode takes insert|upsert|replace|ignore, not "merge"', done.stderr)

    def test_the_mode_may_come_by_another_way(self):
        self.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        for options, environment in ((("--set", "mode=upsert"), None), ((), {"OUTFALL_MODE": "upsert"})):
            done = self.load(*options, "--kind-column", "op", "-", stdin=b"op,id,v\nu,1,a\nu,1,b\n",
                             environment=environment)
            self.assertLoaded(done, 2)
        self.assertEqual(self.query("SELECT * FROM t"), [(1, "b")])


test_classes(globals(), Modes)
del Modes  # Without a target it has no tests to run.

if __name__ == "__main__":
    unittest.main()
