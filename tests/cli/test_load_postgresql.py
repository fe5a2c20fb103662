# SPDX-License-Identifier: Apache-2.0
"""Files into PostgreSQL, read back by psql; and what a server does to a load."""

import csv
import io
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import BIRDSTRIKES, COMMAND, SECONDS, SUMMARY, CommandTest, birdstrikes, outfall  # noqa: E402
from servers import PostgreSQL  # noqa: E402


class LoadPostgreSQL(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.server = PostgreSQL()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        super().setUp()
        self.url = self.server.url
        self.server.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    def rows(self, sql):
        return self.server.psql_rows(sql)

    def assertBirdstrikes(self):
        header, rows = birdstrikes()
        text = self.server.psql("COPY (SELECT * FROM birdstrikes) TO STDOUT (FORMAT csv, HEADER, NULL '')")
        got_header, *got = csv.reader(io.StringIO(text, newline=""))
        self.assertEqual(got_header, header)
        self.assertEqual(len(got), 10000)
        # A heap has no order: compare what is in it.
        want = sorted([value or "" for value in row] for row in rows)
        for stored, row in zip(sorted(got), want):
            self.assertEqual(stored, row)

    def test_all_rows_of_a_file_land_with_their_types(self):
        done = outfall("load", "--to", self.url, "--table", "birdstrikes", "--create", BIRDSTRIKES)
        self.assertLoaded(done, 10000, table="birdstrikes")
        self.assertBirdstrikes()
        types = dict(self.rows("SELECT column_name, data_type FROM information_schema.columns "
                               "WHERE table_name = 'birdstrikes'"))
        self.assertEqual(types["Flight Date"], "date")
        for name in ("Cost Other", "Cost Repair", "Cost Total $", "Speed IAS in knots"):
            self.assertEqual(types[name], "bigint")
        self.assertEqual(types["Airport Name"], "text")
        # NULL where the file has nothing between two commas, and nowhere else.
        self.assertEqual(self.rows('SELECT count(*) FROM birdstrikes WHERE "Speed IAS in knots" IS NULL'),
                         [("2836",)])

    def test_the_same_through_a_pipe(self):
        done = outfall("load", "--to", self.url, "--table", "birdstrikes", "--create", "-",
                       stdin=BIRDSTRIKES.read_bytes())
        self.assertLoaded(done, 10000, table="birdstrikes")
        self.assertBirdstrikes()

    def test_every_inferred_type(self):
        text = ("i,big,d,f,dt,ts,tz,b,s\n"
                '-9223372036854775808,18446744073709551616,1.50,1.5e-7,2024-02-29,2024-02-29T01:02:03.000001,'
                '2024-02-29 01:02:03+02:00,true,""\n')
        self.assertLoaded(self.load("--create", "-", stdin=text.encode()), 1)
        types = self.rows("SELECT column_name, data_type FROM information_schema.columns "
                          "WHERE table_name = 't' ORDER BY ordinal_position")
        self.assertEqual([kind for _, kind in types],
                         ["bigint", "numeric", "numeric", "double precision", "date",
                          "timestamp without time zone", "timestamp with time zone", "boolean", "text"])
        (row,) = self.rows("SET timezone = 'UTC'; SELECT * FROM t")
        self.assertEqual(row, ("-9223372036854775808", "18446744073709551616", "1.50", "1.5e-07", "2024-02-29",
                               "2024-02-29 01:02:03.000001", "2024-02-28 23:02:03+00", "t", ""))

    def test_json_lines_into_json_and_other_columns(self):
        self.server.psql("CREATE TABLE t (id int PRIMARY KEY, j jsonb, n numeric, f float8, s text, day date)")
        lines = (b'{"id": 1, "j": {"a": [1, 2.50]}, "n": 0.1234567890123456789, "f": 0.1, "s": "\\u00e4"}\n'
                 b'{"id": 2, "j": 3, "n": 5, "f": 1e3, "s": 7.10, "day": "2024-02-29"}\n')
        self.assertLoaded(self.load("--format=ndjson", "-", stdin=lines), 2)
        self.assertEqual(self.rows("SELECT * FROM t ORDER BY id"),
                         [("1", '{"a": [1, 2.50]}', "0.1234567890123456789", "0.1", "\u00e4", None),
                          ("2", "3", "5", "1000", "7.10", "2024-02-29")])

    def test_what_the_database_refuses_is_rejected_with_its_line(self):
        self.server.psql("CREATE TABLE t (id int PRIMARY KEY, age int CHECK (age >= 0), name varchar(3))")
        text = b"id,age,name\n1,1,a\n1,2,b\n2,-1,c\n3,3,abcd\n4,,\n" + b"".join(b"%d,1,x\n" % i for i in range(10, 5000))
        letters = self.directory / "letters"
        done = self.load("--dead-letter", letters, "-", stdin=text)
        self.assertLoaded(done, 4992, rejected=3)
        found = {letter["line"]: letter for letter in self.letters(letters)}
        self.assertEqual(sorted(found), [3, 4, 5])
        self.assertEqual((found[3]["sqlstate"], found[4]["sqlstate"]), ("23505", "23514"))
        self.assertEqual(found[3]["row"], {"id": 1, "age": 2, "name": "b"})
        self.assertEqual(found[5]["column"], "name")
        self.assertEqual(self.rows("SELECT count(*), sum(id) FROM t"),
                         [("4992", str(1 + 4 + sum(range(10, 5000))))])

    def test_into_a_schema_and_odd_names(self):
        self.server.psql('CREATE SCHEMA s; CREATE TABLE s."a.b" (id int, "x ""y""" text)')
        done = outfall("load", "--to", self.url, "--table", 's."a.b"', "-", stdin=b'id,"x ""y"""\n1,z\n')
        self.assertLoaded(done, 1, table='s."a.b"')
        self.assertEqual(self.rows('SELECT * FROM s."a.b"'), [("1", "z")])

    def test_types_that_would_round_in_silence_are_refused_by_name(self):
        for kind, value in (("money", "1.005"), ("interval(0)", "1.7 seconds"), ("timetz(0)", "12:00:00.7+00"),
                            ("numeric(5,2)[]", "{1.239}"), ("varchar(3)[]", "{abc}"),
                            ("timestamp(0)[]", "{2024-01-01 00:00:00.7}")):
            with self.subTest(kind=kind):
                self.server.psql(f"DROP TABLE IF EXISTS t; CREATE TABLE t (v {kind})")
                done = self.load("-", stdin=f"v\n\"{value}\"\n".encode())
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("convert.lossy=round", done.stderr)
                done = self.load("--set", "convert.lossy=round", "-", stdin=f"v\n\"{value}\"\n".encode())
                self.assertLoaded(done, 1)
        self.server.psql("DROP TABLE t; CREATE TABLE t (a numeric[], b interval, c text[])")
        done = self.load("-", stdin=b'a,b,c\n"{1.239}",1.7 seconds,"{""abc  ""}"\n')
        self.assertLoaded(done, 1)
        self.assertEqual(self.rows("SELECT * FROM t"), [("{1.239}", "00:00:01.7", '{"abc  "}')])

    def test_a_missing_table_and_a_missing_column(self):
        done = self.load("-", stdin=b"id\n1\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--create makes it", done.stderr)
        self.server.psql("CREATE TABLE t (id int)")
        done = self.load("-", stdin=b"id,nope\n1,2\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn('"nope"', done.stderr)
        self.assertNotIn("--create", done.stderr)

    def test_a_missing_database_is_not_a_missing_table(self):
        done = outfall("load", "--to", self.server.url_of("absent"), "--table", "t", "-", stdin=b"id\n1\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn("absent", done.stderr)
        self.assertNotIn("--create", done.stderr)

    def test_a_wrong_password_is_never_printed(self):
        url = self.server.tcp_url_with("canary-wrong")
        for arguments in (("load", "--to", url, "--table", "t", "--create", BIRDSTRIKES), ("ping", url)):
            done = outfall(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("password", done.stderr)
            self.assertNotIn("canary", done.stdout + done.stderr)

    def test_a_right_password_is_never_printed(self):
        letters = self.directory / "letters"
        done = outfall("load", "--to", self.server.tcp_url, "--table", "t", "--create", "--schema", "id int64",
                       "--progress=json", "--dead-letter", letters, "-", stdin=b"id\n1\nx\n")
        self.assertLoaded(done, 1, rejected=1)
        self.assertNotIn("canary", done.stdout + done.stderr + letters.read_text(encoding="utf-8"))

    def test_a_read_only_database(self):
        self.server.psql("CREATE TABLE t (id int)")
        url = self.url + "?options=-c%20default_transaction_read_only%3Don"
        done = outfall("load", "--to", url, "--table", "t", "-", stdin=b"id\n1\n")
        self.assertEqual(done.returncode, 2, (done.stdout, done.stderr))
        self.assertIn("read-only", done.stderr)
        self.assertEqual(self.rows("SELECT count(*) FROM t"), [("0",)])

    def test_a_server_that_restarts_in_the_middle_of_a_load(self):
        self.server.psql("CREATE TABLE t (id bigint PRIMARY KEY, name text)")
        with subprocess.Popen([COMMAND, "load", "--to", self.url, "--table", "t", "--batch-rows=500", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write(b"id,name\n")
            for i in range(20000):
                process.stdin.write(b"%d,name %d\n" % (i, i))
                if i == 10000:
                    process.stdin.flush()
                    self.server.kill_immediate()
                if i == 15000:
                    process.stdin.flush()
                    self.server.start()
            output, messages = process.communicate(timeout=SECONDS)
        match = SUMMARY.fullmatch(output.decode())
        self.assertIsNotNone(match, (output, messages))
        self.assertEqual(self.rows("SELECT count(*), min(id), max(id) FROM t"), [("20000", "0", "19999")])
        # A batch whose COMMIT went unanswered is sent again; its rows are then there already.
        self.assertEqual(int(match[1]) + int(match[5]), 20000)
        self.assertLessEqual(int(match[5]), 500)

    def test_a_server_that_is_gone_for_good(self):
        self.server.psql("CREATE TABLE t (id bigint)")
        url = self.url + "?outfall.retry.timeout.ms=1000"
        with subprocess.Popen([COMMAND, "load", "--to", url, "--table", "t", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            process.stdin.write("id\n1\n")
            process.stdin.flush()
            until = time.monotonic() + SECONDS
            while self.rows("SELECT count(*) FROM t") != [("1",)] and time.monotonic() < until:
                time.sleep(0.02)
            self.server.kill_immediate()
            try:
                output, messages = process.communicate("2\n3\n", timeout=SECONDS)
            finally:
                self.server.start()
        self.assertEqual(process.returncode, 2, messages)
        self.assertIn("loaded 1 rows into t ", output)
        self.assertIn("2 of the rows up to it are not known to be in the table", messages)

    def test_ping(self):
        done = outfall("ping", self.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^PostgreSQL \d+.* answered in \d+\.\d ms\n$")


if __name__ == "__main__":
    unittest.main()
