# SPDX-License-Identifier: Apache-2.0
"""Names that could end a quote, a statement or a parser: made, written and read back, or refused by name."""

import csv
import io
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import CommandTest, outfall  # noqa: E402
from targets import test_classes  # noqa: E402

NAMES = (
    'a"b', "a`b", "a]b", "[a", "a'b", "a b", " a", "a ", "a\\b", "a.b", "a,b", "a;b", "a\nb", "a\tb", '"', "``",
    "?", "a?b", ":a", "$1", "@a", "%s%n", "a--b", "/*a*/", "{fn now()}", "{d '2024-01-01'}", "select", "Values",
    "new", "excluded", "ä", "日本", "a\N{GRINNING FACE}b",
    'x"); DROP TABLE t; --', "x`); DROP TABLE t; --", "x]); DROP TABLE t; --", "'; DROP TABLE t; --",
    "m" * 63, "n" * 64, "o" * 65, "é" * 32, "p" * 255,
)

TABLES = ('a"b', "a`b", "a.b", "a b", "a?b", "a;b", "select", "日本", 'x"; DROP TABLE t; --', "n" * 63)


def refused(engine, name):
    """Why the engine has no such name, or None."""
    if engine == "postgresql" and len(name.encode()) > 63:
        return "more than 63 bytes: the server would cut it"
    if engine == "mysql" and len(name) > 64:
        return "more than 64 characters"
    if engine == "mysql" and any(ord(letter) > 0xffff for letter in name):
        return "names are utf8mb3, without characters of 4 bytes"
    if engine == "mysql" and name.endswith(" "):
        return "a name that ends with a blank"
    return None


def csv_of(*rows):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def quoted(name):
    """For --key and --table."""
    return '"' + name.replace('"', '""') + '"'


class Identifiers(CommandTest):
    maxDiff = 4000

    def setUp(self):
        super().setUp()
        self.target.fresh()

    def load_text(self, text, *arguments, table="t"):
        return outfall("load", "--to", self.target.url, "--table", table, *arguments, "-", stdin=text)

    def names(self):
        return [name for name in NAMES if not refused(self.target.engine, name)]

    def read(self, names, table="t"):
        columns = ", ".join(map(self.target.quote, names))
        return sorted(self.target.rows(f"SELECT {columns} FROM {self.target.quote(table)}"))

    def test_columns_are_made_written_and_read_back(self):
        names = self.names()
        values = [f"v{number}" for number in range(len(names))]
        done = self.load_text(csv_of(["id", *names], [1, *values]), "--create", "--key", "id")
        self.assertLoaded(done, 1)
        self.assertEqual(self.read(["id", *names]), [("1", *values)])
        # The same with the names in another order, to a table that is there.
        done = self.load_text(csv_of([*reversed(names), "id"], [*reversed(values), 2]))
        self.assertLoaded(done, 1)
        self.assertEqual(self.read(["id", *names]), [("1", *values), ("2", *values)])

    def test_keys_of_every_mode_have_such_names(self):
        names = [name for name in self.names() if len(name) < 30]
        keys = names[::9]
        options = ("--create", "--key", ",".join(map(quoted, keys)), "--schema",
                   ", ".join(f"{quoted(name)} text(20)" for name in names))
        first = [[f"{row}-{number}" for number in range(len(names))] for row in range(3)]
        self.assertLoaded(self.load_text(csv_of(names, *first), *options), 3)
        others = ",".join(quoted(name) for name in names if name not in keys)
        for mode, *more in (("ignore",), ("upsert",), ("replace",), ("upsert", "--update", others)):
            second = [value if name in keys else f"{mode}{len(more)}-{value}"
                      for name, value in zip(names, first[1])]
            self.assertLoaded(self.load_text(csv_of(names, second), *options, "--mode", mode, *more), 1)
            changed = first[1] if mode == "ignore" else second
            self.assertEqual(self.read(names), sorted(map(tuple, [first[0], changed, first[2]])))
        gone = [value if name in keys else "" for name, value in zip(names, first[1])]
        done = self.load_text(csv_of(["the kind", *names], ["d", *gone]), *options, "--mode", "upsert",
                              "--kind-column", "the kind")
        self.assertLoaded(done, 1)
        self.assertEqual(self.read(names), [tuple(first[0]), tuple(first[2])])

    def test_tables_are_made_written_and_read_back(self):
        for name in TABLES:
            if refused(self.target.engine, name):
                continue
            with self.subTest(name=name):
                for mode in ("insert", "upsert"):
                    done = self.load_text(csv_of(["id", "v"], [1, mode]), "--create", "--key", "id", "--mode", mode,
                                          table=quoted(name))
                    self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.read(["id", "v"], name), [("1", "upsert")])

    def test_what_the_engine_has_no_such_name_for_is_refused_by_it(self):
        for name in NAMES:
            if not refused(self.target.engine, name):
                continue
            for what, text, table in (("column", csv_of(["id", name], [1, "v"]), "t"),
                                      ("table", csv_of(["id"], [1]), quoted(name))):
                with self.subTest(what=what, name=name):
                    done = self.load_text(text, "--create", table=table)
                    self.assertIn(done.returncode, (1, 2), done.stderr)
                    self.assertIn(name[:40], done.stderr)  # A message has not room for all of a long one.
                    for cut in range(1, len(name) + 1):
                        self.assertNotIn(f'no table "{name[:cut]}"', done.stderr)
                    if what == "column":  # Nothing was made, under no other name.
                        with self.assertRaises(Exception):
                            self.target.rows("SELECT * FROM t")

    def test_a_key_of_json_with_nul_in_it_is_refused_by_name(self):
        letters = self.directory / "letters"
        done = self.load_text(b'{"id": 1, "a\\u0000b": "v"}\n{"id": 2, "a": "v"}\n', "--create", "--format", "ndjson",
                              "--dead-letter", letters)
        self.assertLoaded(done, 1, rejected=1)
        (letter,) = self.letters(letters)
        self.assertIn("a\\u0000b", letter["reason"])
        self.assertEqual(self.read(["id", "a"]), [("2", "v")])

    def test_a_name_that_no_database_can_have(self):
        for name, why in ((b"a\0b", "not UTF-8 text"), (b"a\xffb", "not UTF-8 text"), (b"", "has no name"),
                          (b"q" * 256, "longer than 255 bytes")):
            with self.subTest(name=name):
                done = self.load_text(b'id,"%s"\n1,v\n' % name, "--create")
                self.assertEqual(done.returncode, 1)
                self.assertIn("column 2", done.stderr)
                self.assertIn(why, done.stderr)


test_classes(globals(), Identifiers)
del Identifiers

if __name__ == "__main__":
    unittest.main()
