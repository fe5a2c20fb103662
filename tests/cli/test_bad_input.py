# SPDX-License-Identifier: Apache-2.0
"""What is wrong is named: where it is and what to do. The rest lands; nothing crashes."""

import os
import pathlib
import resource
import signal
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import BIRDSTRIKES, COMMAND, SECONDS, CommandTest, outfall  # noqa: E402

TABLE = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, day DATE, name TEXT)"
GOOD_BEFORE, GOOD_AFTER = b"1,2024-01-31,first\n", b"2,,last\n"

# A bad record between two good ones (it starts at line 3): the column at fault, the reason or what
# it has to contain, and the row or raw text that the dead letter keeps.
BAD_ROWS = (
    ("a quote inside an unquoted field", b'3,,a"b\n', None, "a quote out of place at byte 5 of line 3",
     '3,,a"b'),
    ("text behind a closing quote", b'3,,"a"b\n', None, "a quote out of place at byte 7 of line 3", '3,,"a"b'),
    ("the same in a record of two lines", b'3,,"a\nb"c\n', None, "a quote out of place at byte 3 of line 4",
     '3,,"a\nb"c'),
    ("too few fields", b"3,\n", None, "2 fields, expected 3", "3,"),
    ("too many fields", b"3,,a,b\n", None, "4 fields, expected 3", "3,,a,b"),
    ("abc for an integer", b"abc,,x\n", "id", 'value "abc" is not an integer',
     {"id": "abc", "day": None, "name": "x"}),
    ("2^63", b"9223372036854775808,,x\n", "id", "out of range",
     {"id": "9223372036854775808", "day": None, "name": "x"}),
    ("a fraction for an integer", b"1.5,,x\n", "id", 'value "1.5"', {"id": "1.5", "day": None, "name": "x"}),
    ("a date that does not exist", b"3,2024-02-30,x\n", "day", "2024-02-30",
     {"id": "3", "day": "2024-02-30", "name": "x"}),
    ("no date at all", b"3,soon,x\n", "day", "soon", {"id": "3", "day": "soon", "name": "x"}),
    ("NUL in text", b"3,,a\0b\n", "name", "NUL byte", {"id": "3", "day": None, "name": "a\0b"}),
    ("invalid UTF-8", b"3,,\xe4\n", "name", "not UTF-8", {"id": "3", "day": None, "name": {"base64": "5A=="}}),
    ("NULL where the table takes none", b",,x\n", "id", "NOT NULL", {"id": None, "day": None, "name": "x"}),
    ("a key that is there", b"1,,again\n", "id", "UNIQUE constraint failed",
     {"id": 1, "day": None, "name": "again"}),
)

# The same for JSON lines: the bad one is line 2.
BAD_OBJECTS = (
    ("an unknown key", b'{"id": 3, "nope": 1}', "nope", "no such column", {"id": 3, "nope": 1}),
    ("no JSON", b"id: 3", None, "not JSON at byte", "id: 3"),
    ("an object over two lines", b'{"id": 3,\n"name": "x"}', None, "one object a line", '{"id": 3,'),
    ("two objects on a line", b'{"id": 3} {"id": 4}', None, "one object a line", '{"id": 3} {"id": 4}'),
    ("a list", b"[3]", None, "not a JSON object", "[3]"),
    ("a key twice", b'{"id": 3, "id": 4}', None, "duplicate", '{"id": 3, "id": 4}'),
    ("a number beyond every type", b'{"id": 1e999}', None, "write it as a string", '{"id": 1e999}'),
    ("2^63", b'{"id": 9223372036854775808}', "id", "out of range",
     {"id": 9223372036854775808, "day": None, "name": None}),
    ("a fraction", b'{"id": 1.5}', "id", "1.5", {"id": 1.5, "day": None, "name": None}),
    ("NUL in text", b'{"id": 3, "name": "a\\u0000b"}', "name", "NUL byte",
     {"id": 3, "day": None, "name": "a\0b"}),
    ("a NUL byte", b'{"id": 3\0}', None, "a NUL byte; write it as \\u0000", '{"id": 3\0}'),
    ("invalid UTF-8", b'{"id": 3, "name": "\xe4"}', None, "decode byte 0xe4",
     {"base64": "eyJpZCI6IDMsICJuYW1lIjogIuQifQ=="}),
)

# What ends the command before anything is loaded: arguments, the exit code, what standard error
# contains. URL stands for the SQLite database, DIR for its directory; the input is "id\n1\n".
REFUSED = (
    ("missing file", ("--to", "URL", "--table", "t", "DIR/missing.csv"), 1,
     ("cannot open DIR/missing.csv: No such file or directory",)),
    ("a directory", ("--to", "URL", "--table", "t", "DIR"), 1, ("it is a directory",)),
    ("a missing second file", ("--to", "URL", "--table", "t", "-", "DIR/missing.csv"), 1,
     ("cannot open DIR/missing.csv",)),
    ("missing table without --create", ("--to", "URL", "--table", "absent", "-"), 2,
     ('"absent"', "--create makes it")),
    ("unknown option", ("--to", "URL", "--taable", "t", "-"), 1,
     ("unknown option --taable; did you mean --table?",)),
    ("unknown option with a value", ("--tto=postgresql://u:canary@h/d", "--table", "t", "-"), 1,
     ("unknown option --tto; did you mean --to?",)),
    ("an option without its value", ("--table", "t", "-", "--to"), 1, ("--to needs a value: --to URL",)),
    ("no URL", ("--table", "t", "-"), 1, ("--to URL is needed",)),
    ("no table", ("--to", "URL", "-"), 1, ("--table TABLE is needed",)),
    ("no file", ("--to", "URL", "--table", "t"), 1, ("an argument is missing",)),
    ("unknown library option", ("--to", "URL", "--table", "t", "--set", "batch.row=1", "-"), 1,
     ("batch.row", '"batch.rows"')),
    ("unknown library option in the URL", ("--to", "URL?outfall.batch.row=1", "--table", "t", "-"), 1,
     ("batch.row", '"batch.rows"')),
    ("no key and value", ("--to", "URL", "--table", "t", "--set", "batch.rows", "-"), 1, ("KEY=VALUE",)),
    ("a value out of range", ("--to", "URL", "--table", "t", "--batch-rows", "0", "-"), 1,
     ("batch.rows", "from 1 to")),
    ("no number", ("--to", "URL", "--table", "t", "--sample-rows", "many", "-"), 1,
     ("--sample-rows takes a number from 1 to",)),
    ("a format that there is not", ("--to", "URL", "--table", "t", "--format", "xml", "-"), 1,
     ('--format takes csv|ndjson, not "xml"',)),
    ("bad URL", ("--to", "nowhere", "--table", "t", "-"), 1, ("the URL has no scheme", "sqlite:PATH")),
    ("bad URL of a known scheme", ("--to", "postgresql:nowhere", "--table", "t", "-"), 1, ("bad postgresql URL",)),
    ("unknown scheme", ("--to", "nowhere://u:canary@h/d", "--table", "t", "-"), 2,
     ("no driver for nowhere:", "sqlite")),
    ("a URL among the files", ("--to", "URL", "--table", "t", "postgresql://u:canary@h/d"), 1,
     ("cannot open postgresql://h", "a URL goes after --to")),
    ("a database in no directory", ("--to", "sqlite:DIR/none/x.db", "--table", "t", "-"), 2,
     ("its directory does not exist",)),
    ("server down", ("--to", "postgresql://u:canary@127.0.0.1:1/d", "--table", "t", "-"), 2,
     ("127.0.0.1", "refused")),
    ("a dead-letter file that cannot be made", ("--to", "URL", "--table", "t", "--dead-letter",
                                                "DIR/none/letters", "-"), 1,
     ("cannot open the dead-letter file DIR/none/letters",)),
    ("a schema without --create", ("--to", "URL", "--table", "t", "--schema", "id int64", "-"), 1,
     ("goes with --create",)),
    ("a schema with an unknown type", ("--to", "URL", "--table", "u", "--create", "--schema", "id itn", "-"), 1,
     ('"itn"', "there is no such type")),
    ("a schema with an unknown column", ("--to", "URL", "--table", "u", "--create", "--schema",
                                         "ido int64", "-"), 1, ('"ido"', "header")),
)

HEADERS = (
    ("an unknown column", b"id,nope\n1,2\n", 2, ('"nope"',)),
    ("a name twice", b"id,name,id\n1,2,3\n", 1, ('columns 1 and 3 are both called "id"',)),
    ("no name", b"id,,name\n1,2,3\n", 1, ("column 2 has no name",)),
    ("an empty name", b'id,"",name\n1,2,3\n', 1, ("column 2 has no name",)),
    ("no UTF-8", b"id,n\xe4me\n1,2\n", 1, ("the name of column 2 is not UTF-8 text",)),
    ("a NUL", b"id,n\0me\n1,2\n", 1, ("the name of column 2 is not UTF-8 text",)),
    ("malformed", b'id,"name"x\n1,2\n', 1, ("header of standard input: a quote out of place",)),
    ("unclosed", b'id,"name\n1,2\n', 1, ("header of standard input: the quote opened",)),
    ("a long name", b"id," + b"x" * 300 + b"\n1,2\n", 1, ("longer than 255 bytes",)),
    ("empty file", b"", 1, ("a line of column names is needed",)),
)


class BadInput(CommandTest):
    def setUp(self):
        super().setUp()
        self.execute(TABLE)

    def need_dev_full(self):
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode), "this system has no /dev/full")

    def assertRejected(self, done, letters, line, column, reason, row):
        self.assertLoaded(done, 2, rejected=1)
        (letter,) = self.letters(letters)
        self.assertEqual(letter["line"], line)
        self.assertEqual(letter.get("column"), column)
        self.assertIn(reason, letter["reason"])
        self.assertEqual(letter["row" if "row" in letter else "raw"], row)
        self.assertEqual(self.query("SELECT id FROM t ORDER BY id"), [(1,), (2,)])

    def test_a_bad_csv_row_is_rejected_and_its_neighbours_land(self):
        for why, bad, column, reason, row in BAD_ROWS:
            with self.subTest(why):
                self.execute("DELETE FROM t")
                letters = self.directory / "letters"
                letters.unlink(missing_ok=True)
                path = self.write("bad.csv", b"id,day,name\n" + GOOD_BEFORE + bad + GOOD_AFTER)
                done = self.load("--dead-letter", letters, path)
                self.assertRejected(done, letters, 3, column, reason, row)
                self.assertEqual(self.letters(letters)[0]["file"], str(path))
                self.assertEqual(done.stderr, f"outfall: rejected rows are in {letters}\n")

    def test_a_bad_json_line_is_rejected_and_its_neighbours_land(self):
        for why, bad, column, reason, row in BAD_OBJECTS:
            with self.subTest(why):
                self.execute("DELETE FROM t")
                letters = self.directory / "letters"
                letters.unlink(missing_ok=True)
                text = b'{"id": 1, "day": "2024-01-31", "name": "first"}\n' + bad + b'\n{"id": 2}\n'
                done = self.load("--sample-rows=1", "--format=ndjson", "--dead-letter", letters, "-", stdin=text)
                if b"\n" in bad:  # Its second line is another that is bad.
                    self.assertLoaded(done, 2, rejected=2)
                    self.assertEqual([letter["line"] for letter in self.letters(letters)], [2, 3])
                    continue
                self.assertRejected(done, letters, 2, column, reason, row)

    def test_an_unclosed_quote_is_reported_where_it_began(self):
        letters = self.directory / "letters"
        done = self.load("--dead-letter", letters, "-",
                         stdin=b'id,day,name\n1,,a\n2,,"b\nc\n3,,d\n')
        self.assertLoaded(done, 1, rejected=1)
        self.assertEqual(self.letters(letters)[0]["line"], 3)
        self.assertEqual(self.letters(letters)[0]["raw"], '2,,"b\nc\n3,,d')
        self.assertIn("not closed before the end of the file", self.letters(letters)[0]["reason"])

    def test_rejections_without_a_file_are_shown_up_to_ten(self):
        rows = b"".join(b"x%d,,\n" % i for i in range(25))
        done = self.load("-", stdin=b"id,day,name\n1,,a\n" + rows)
        self.assertLoaded(done, 1, rejected=25)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 11)
        for number, line in enumerate(lines[:10], 3):
            self.assertTrue(line.startswith(f"outfall: standard input line {number}: "), line)
        self.assertEqual(lines[10], "outfall: 15 more rows were rejected; --dead-letter FILE keeps them all")

    def test_dead_letters_of_two_loads_and_two_files_are_kept(self):
        letters = self.directory / "letters"
        one = self.write("one.csv", "id,day,name\nx,,\n")
        two = self.write("two.csv", "name,id,day\n,,\n,7,\n,7,\n")
        self.assertLoaded(self.load("--dead-letter", letters, one, two), 1, rejected=3)
        self.assertLoaded(self.load("--dead-letter", letters, one), 0, rejected=1)
        self.assertEqual(sorted((letter["file"], letter["line"]) for letter in self.letters(letters)),
                         [(str(one), 2), (str(one), 2), (str(two), 2), (str(two), 4)])

    def test_dead_letters_can_be_loaded_again(self):
        letters = self.directory / "letters"
        self.assertLoaded(self.load("--dead-letter", letters, "-", stdin=b"id,day,name\nx,,\xff\n"), 0, rejected=1)
        done = outfall("load", "--to", self.url, "--table", "letters", "--create", "--format=ndjson", letters)
        self.assertLoaded(done, 1, table="letters")

    def test_what_cannot_begin_is_refused(self):
        def place(text):
            return text.replace("URL", self.url, 1).replace("DIR", str(self.directory), 1) \
                if text.startswith(("URL", "DIR", "sqlite:DIR")) else text
        for why, arguments, code, messages in REFUSED:
            with self.subTest(why):
                done = outfall("load", *map(place, arguments), stdin=b"id\n1\n")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr.startswith("outfall: "), done.stderr)
                for message in messages:
                    self.assertIn(message.replace("DIR", str(self.directory)), done.stderr)
                self.assertNotIn("canary", done.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM t"), [(0,)])

    def test_a_bad_header_is_named(self):
        for why, text, code, messages in HEADERS:
            with self.subTest(why):
                done = self.load("-", stdin=text)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(done.stdout, "")
                for message in messages:
                    self.assertIn(message, done.stderr)

    def test_a_file_with_another_header_ends_the_load(self):
        one = self.write("one.csv", "id,name\n1,a\n")
        for why, header, message in (("another name", "id,day", f'{one} has no column "day"'),
                                     ("a column less", "id", f"1 of the 2 columns of {one}"),
                                     ("a column more", "id,name,day", f'{one} has no column "day"')):
            with self.subTest(why):
                self.execute("DELETE FROM t")
                two = self.write("two.csv", f"{header}\n2,b\n")
                done = self.load(one, two)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(message, done.stderr)
                self.assertIn(f"stopped after the row at line 2 of {one}; all rows up to it are loaded", done.stderr)
                self.assertIn("loaded 1 rows into t", done.stdout)
                self.assertEqual(self.query("SELECT id FROM t"), [(1,)])

    def test_a_header_over_several_lines(self):
        self.assertLoaded(outfall("load", "--to", self.url, "--table", "u", "--create", "-",
                                  stdin=b'a,"b\nc"\n1,2\n'), 1, table="u")
        self.assertEqual(self.query("SELECT name FROM pragma_table_info('u')"), [("a",), ("b\nc",)])

    # ---- The database ------------------------------------------------------------------

    def test_a_read_only_database(self):
        done = outfall("load", "--to", f"sqlite:file:{self.database}?mode=ro", "--table", "t", "-",
                       stdin=b"id\n1\n")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("read-only", done.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM t"), [(0,)])

    def test_a_full_disk(self):
        """A file system of 1 MB where we may mount one, else a limit on the size of files."""
        mount = self.directory / "small"
        mount.mkdir()
        mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", mount], stderr=subprocess.DEVNULL,
            check=False).returncode == 0
        if mounted:
            self.addCleanup(subprocess.run, ["umount", mount], check=True)

        def limit():
            if not mounted:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        done = subprocess.run([COMMAND, "load", "--to", f"sqlite:{mount / 'x.db'}?outfall.retry.timeout.ms=500",
                               "--table", "t", "--create", BIRDSTRIKES, BIRDSTRIKES], capture_output=True, text=True,
                              timeout=SECONDS, preexec_fn=limit, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, "(?i)full|no space|too large|i/o")
        self.assertIn("are not known to be in the table", done.stderr)
        self.assertRegex(done.stdout, r"^loaded \d+ rows into t ")

    def test_a_dead_letter_file_on_a_full_disk_loses_no_row(self):
        self.need_dev_full()
        done = self.load("--dead-letter", "/dev/full", "-", stdin=b"id,day,name\n1,,a\nx,,b\n")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("cannot write the dead-letter file /dev/full: No space left on device", done.stderr)
        self.assertIn('"row": {"id": "x", "day": null, "name": "b"}', done.stderr)
        self.assertEqual(self.query("SELECT id FROM t"), [(1,)])

    def test_standard_output_on_a_full_disk(self):
        self.need_dev_full()
        with open("/dev/full", "wb") as full:
            done = subprocess.run([COMMAND, "load", "--to", "null:", "--table", "t", "-"], input=b"id\n1\n",
                                  stdout=full, stderr=subprocess.PIPE, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write standard output", done.stderr)


if __name__ == "__main__":
    unittest.main()
