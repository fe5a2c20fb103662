# SPDX-License-Identifier: Apache-2.0
"""Files into SQLite, read back by Python's own sqlite3."""

import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import BIRDSTRIKES, COMMAND, SECONDS, CommandTest, birdstrikes, outfall  # noqa: E402


class LoadSQLite(CommandTest):
    def assertBirdstrikes(self):
        """Every field of every row, as text; the order is the file's."""
        header, rows = birdstrikes()
        columns = self.query("SELECT name, type FROM pragma_table_info('birdstrikes')")
        self.assertEqual([name for name, _ in columns], header)
        self.assertEqual(dict(columns)["Flight Date"].upper(), "DATE")
        self.assertEqual(dict(columns)["Cost Total $"].upper(), "BIGINT")
        stored = self.query("SELECT * FROM birdstrikes ORDER BY rowid")
        self.assertEqual(len(stored), 10000)
        for number, (got, want) in enumerate(zip(stored, rows), 2):
            self.assertEqual([None if value is None else str(value) for value in got], want,
                             f"line {number}")
        self.assertEqual(self.query("SELECT DISTINCT typeof(\"Cost Total $\") FROM birdstrikes"),
                         [("integer",)])

    def test_all_rows_of_a_file_land_as_they_are(self):
        done = outfall("load", "--to", self.url, "--table", "birdstrikes", "--create", BIRDSTRIKES)
        self.assertLoaded(done, 10000, table="birdstrikes")
        self.assertEqual(done.stderr, "")
        self.assertBirdstrikes()

    def test_the_same_through_a_pipe(self):
        done = outfall("load", "--to", self.url, "--table", "birdstrikes", "--create", "-",
                       stdin=BIRDSTRIKES.read_bytes())
        self.assertLoaded(done, 10000, table="birdstrikes")
        self.assertBirdstrikes()

    def test_the_same_as_json_lines(self):
        header, rows = birdstrikes()
        numbers = {name for name in header if name.startswith("Cost") or name.startswith("Speed")}
        lines = []
        for row in rows:
            lines.append(json.dumps({name: int(value) if name in numbers and value else value
                                     for name, value in zip(header, row)}))
        path = self.write("birdstrikes.ndjson", "\n".join(lines))
        done = outfall("load", "--to", self.url, "--table", "birdstrikes", "--create", path)
        self.assertLoaded(done, 10000, table="birdstrikes")
        self.assertBirdstrikes()

    def test_into_a_table_that_is_there(self):
        self.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, extra TEXT DEFAULT 'd')")
        done = self.load("-", stdin=b"name,id\nb,2\na,1\n")
        self.assertLoaded(done, 2)
        self.assertEqual(self.query("SELECT * FROM t ORDER BY id"), [(1, "a", "d"), (2, "b", "d")])

    def test_several_files_with_their_columns_in_any_order(self):
        one = self.write("one.csv", "a,b\n1,x\n2,y\n")
        two = self.write("two.csv", "b,a\nz,3\n")
        three = self.write("three.csv", "a,b\r\n4,\r\n")
        self.assertLoaded(self.load("--create", one, two, three), 4)
        self.assertEqual(self.query("SELECT a, b FROM t ORDER BY a"),
                         [(1, "x"), (2, "y"), (3, "z"), (4, None)])

    def test_null_and_the_empty_string_differ(self):
        self.assertLoaded(self.load("--create", "-", stdin=b'a,b\n,""\nx,\n'), 2)
        self.assertEqual(self.query("SELECT a, b FROM t"), [(None, ""), ("x", None)])

    def test_text_is_not_trimmed_or_changed(self):
        values = ["  both  ", "\ttab", "ä€😀", "a\nb", "a\r\nb", 'say "hi"', "a,b", "NULL", "007", "\\N"]
        lines = "v\n" + "".join('"%s"\n' % value.replace('"', '""') for value in values)
        self.assertLoaded(self.load("--create", "-", stdin=lines.encode()), len(values))
        self.assertEqual([row[0] for row in self.query("SELECT v FROM t ORDER BY rowid")], values)

    def test_types_are_inferred(self):
        text = ("i,big,d,dt,ts,tz,b,zero,empty,mixed\n"
                "1,18446744073709551616,1.50,2024-02-29,2024-02-29T01:02:03.5,2024-02-29 01:02:03+02:00,true,"
                "007,,1\n"
                "-2,,2,,,,false,1,,x\n")
        self.assertLoaded(self.load("--create", "-", stdin=text.encode()), 2)
        types = dict(self.query("SELECT name, upper(type) FROM pragma_table_info('t')"))
        self.assertEqual(types["i"], "BIGINT")
        self.assertEqual(types["dt"], "DATE")
        for name in ("zero", "empty", "mixed"):
            self.assertEqual(types[name], "TEXT")
        self.assertEqual(len(set(types[name] for name in ("i", "d", "dt", "ts", "tz", "b"))), 6)
        (row,) = self.query("SELECT i, big, d, dt, zero, empty, mixed FROM t WHERE i = 1")
        self.assertEqual([None if value is None else str(value) for value in row],
                         ["1", "18446744073709551616", "1.50", "2024-02-29", "007", None, "1"])

    def test_schema_overrides_what_is_inferred(self):
        done = self.load("--create", "--schema", "id int64 not null primary key, zip text", "-",
                         stdin=b"id,zip,n\n1,12345,2\n2,54321,3\n")
        self.assertLoaded(done, 2)
        columns = self.query('SELECT name, upper(type), "notnull", pk FROM pragma_table_info(\'t\')')
        self.assertEqual([(name, notnull, pk) for name, _, notnull, pk in columns],
                         [("id", 1, 1), ("zip", 0, 0), ("n", 0, 0)])
        self.assertEqual(self.query("SELECT zip, typeof(zip) FROM t WHERE id = 1"), [("12345", "text")])

    def test_sampling_stops_where_it_is_told(self):
        text = b"v\n1\n2\nx\n"
        done = self.load("--create", "--sample-rows", "2", "-", stdin=text)
        self.assertLoaded(done, 2, rejected=1)
        self.assertIn('standard input line 4: value "x" is not an integer', done.stderr)
        done = outfall("load", "--to", self.url, "--table", "u", "--create", "-", stdin=text)
        self.assertLoaded(done, 3, table="u")

    def test_json_keeps_its_digits(self):
        lines = (b'{"id": 1, "n": 3.14159265358979323846, "big": 18446744073709551616, "o": {"x": 1.10}}\n'
                 b'{"id": 2, "n": 1.50, "big": 1, "o": [1, 2.50], "flag": true}\n\n'
                 b'{"id": 3}\n')
        self.assertLoaded(self.load("--create", "--format", "ndjson", "-", stdin=lines), 3)
        rows = self.query("SELECT CAST(n AS TEXT), CAST(big AS TEXT), o, flag FROM t ORDER BY id")
        self.assertEqual(rows[0], ("3.14159265358979323846", "18446744073709551616", '{"x": 1.10}', None))
        self.assertEqual(rows[1][:3], ("1.50", "1", "[1, 2.50]"))
        self.assertIn(rows[1][3], (1, "true"))
        self.assertEqual(rows[2], (None, None, None, None))

    def test_json_goes_by_name_into_a_table_that_is_there(self):
        self.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'd', b TEXT)")
        self.assertLoaded(self.load("--format=ndjson", "-", stdin=b'{"b": "x", "id": 1}\n{"id": 2}\n'), 2)
        self.assertEqual(self.query("SELECT * FROM t ORDER BY id"), [(1, "d", "x"), (2, "d", None)])

    def test_empty_files_load_nothing(self):
        self.assertLoaded(self.load("--create", "-", stdin=b"a,b\n"), 0)
        self.assertEqual(self.query("SELECT count(*) FROM t"), [(0,)])
        self.assertLoaded(self.load("--format", "ndjson", "-", stdin=b""), 0)

    def test_json_lines_without_a_key(self):
        self.execute("CREATE TABLE t (a INTEGER, b TEXT)")
        empty, blank = self.write("empty.ndjson", ""), self.write("blank.ndjson", "\n\n")
        rows = self.write("rows.ndjson", '{"b": "x"}\n')
        self.assertLoaded(self.load(empty, blank, rows), 1)
        self.assertLoaded(self.load("--format=ndjson", "-", stdin=b"{}\n{}\n"), 2)
        self.assertLoaded(self.load("--format=ndjson", "-", stdin=b"\n[]\n"), 0, rejected=1)
        self.assertEqual(self.query("SELECT * FROM t"), [(None, "x"), (None, None), (None, None)])
        done = outfall("load", "--to", self.url, "--table", "u", "--create", "--format=ndjson", "-", stdin=b"{}\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no row to take the columns from; name them with --schema", done.stderr)
        done = outfall("load", "--to", self.url, "--table", "u", "--create", "--schema=a int64", "--format=ndjson",
                       "-", stdin=b'{}\n{"a": 1}\n')
        self.assertLoaded(done, 2, table="u")

    def test_the_size_of_batches_changes_nothing_else(self):
        for table, options in (("a", ("--batch-rows", "7")), ("b", ("--set", "batch.rows=7")),
                               ("c", ("--linger-ms=0",)), ("d", ("--batch-rows=1000000",))):
            done = outfall("load", "--to", self.url, "--table", table, "--create", *options,
                           "--set=sqlite.synchronous=off", BIRDSTRIKES)
            self.assertLoaded(done, 10000, table=table)

    def test_wide_rows(self):
        header = ",".join(f"c{i}" for i in range(1600))
        row = ",".join(str(i) for i in range(1600))
        self.assertLoaded(self.load("--create", "-", stdin=f"{header}\n{row}\n".encode()), 1)
        self.assertEqual(self.query("SELECT c0, c1599 FROM t"), [(0, 1599)])
        done = outfall("load", "--to", self.url, "--table", "u", "--create", "-",
                       stdin=f"{header},more\n{row},1\n".encode())
        self.assertEqual(done.returncode, 1, done.stderr)

    def test_large_fields(self):
        value = "x" * 3_000_000
        self.assertLoaded(self.load("--create", "-", stdin=f'a,b\n1,"{value}"\n2,y\n'.encode()), 2)
        self.assertEqual(self.query("SELECT length(b) FROM t ORDER BY a"), [(3_000_000,), (1,)])

    def test_a_slow_pipe_is_loaded_as_it_comes(self):
        reader, writer = os.pipe()
        self.execute("CREATE TABLE t (a INTEGER)")
        with subprocess.Popen([COMMAND, "load", "--to", self.url, "--table", "t", "-"], stdin=reader,
                              stdout=subprocess.PIPE, text=True) as process:
            os.close(reader)
            os.write(writer, b"a\n1\n2\n")
            until = time.monotonic() + SECONDS
            while self.query("SELECT count(*) FROM t") != [(2,)] and time.monotonic() < until:
                time.sleep(0.05)
            self.assertEqual(self.query("SELECT count(*) FROM t"), [(2,)])
            self.assertIsNone(process.poll())
            os.write(writer, b"3\n")
            os.close(writer)
            self.assertEqual(process.wait(SECONDS), 0)
        self.assertEqual(self.query("SELECT a FROM t ORDER BY a"), [(1,), (2,), (3,)])

    def test_a_line_too_long_takes_no_neighbour_with_it(self):
        long = "x" * 20_000_000  # Cut long before its end, which sampling does not reach.
        cases = [
            ("csv", "id,t\n1,a\n2,b\n3,\"" + long + "\"\n4,y\n", {1, 2, 4}),
            ("csv", "id,t\n1,\"" + long + "\"\n2,b\n3,c\n", {2, 3}),
            ("ndjson", '{"id":1,"t":"a"}\n{"id":2,"t":"' + long + '"}\n{"id":3,"t":"c"}\n', {1, 3}),
        ]
        for number, (kind, text, ids) in enumerate(cases):
            with self.subTest(kind=kind, number=number):
                self.execute("DROP TABLE IF EXISTS t")
                letters = self.directory / f"letters{number}"
                done = self.load("--create", "--format", kind, "--dead-letter", letters,
                                 self.write(f"long{number}", text))
                self.assertLoaded(done, len(ids), rejected=1)
                self.assertEqual({int(row[0]) for row in self.query("SELECT id FROM t")}, ids)
                self.assertEqual(len(self.letters(letters)), 1)

    def test_dead_letters_do_not_go_to_what_is_loaded(self):
        path = self.write("loop.ndjson", '{"id":"x"}\n')
        self.execute("CREATE TABLE t (id INTEGER)")
        done = self.load("--dead-letter", path, path)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("is also what is loaded", done.stderr)
        self.assertEqual(path.read_text(encoding="ascii"), '{"id":"x"}\n')


if __name__ == "__main__":
    unittest.main()
