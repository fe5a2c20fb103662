# SPDX-License-Identifier: Apache-2.0
"""`outfall load` into the stand-in for Oracle: every mode, and errors that a script puts in."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from oracle_standin import OracleStandIn
from tree import COMMAND

ROWS = 2000
SECONDS = 120


def lines(rows):
    return "K,V,W\n" + "".join(f"{key},{value},{weight}\n" for key, value, weight in rows)


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = OracleStandIn()
        cls.addClassCleanup(cls.server.close)
        cls.directory = tempfile.TemporaryDirectory(prefix="outfall-oracle-")
        cls.addClassCleanup(cls.directory.cleanup)
        cls.tables = 0

    def table(self, columns='"K" numeric(10), "V" varchar(20), "W" numeric(12, 2)', key='"K"'):
        """A new table; without `columns` only its name."""
        type(self).tables += 1
        name = f"T{self.tables}"
        if columns:
            rest = f", PRIMARY KEY ({key})" if key else ""
            self.server.sql(f'CREATE TABLE "{self.server.schema}"."{name}" ({columns}{rest})')
        return name

    def rows_of(self, table):
        return self.server.sql_rows(f'SELECT * FROM "{self.server.schema}"."{table}" ORDER BY 1')

    def load(self, table, rows, *options, **keywords):
        path = pathlib.Path(self.directory.name) / "rows.csv"
        path.write_text(lines(rows), encoding="utf-8")
        done = subprocess.run(
            [COMMAND, "load", "--to", self.server.odbc_url_with(**keywords), "--table", table,
             *options, str(path)],
            capture_output=True, text=True, timeout=SECONDS, check=False,
            env={**os.environ, "OUTFALL_BATCH_ROWS": "500"})
        self.assertNotIn("stand-in", done.stderr)  # It has refused nothing.
        return done

    def must(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_a_table_is_made_and_filled(self):
        table = self.table(None)
        rows = [(key, f"v{key}", "1.25") for key in range(ROWS)]
        self.must(self.load(table, rows, "--create", "--key", "K", "--mode", "upsert"))
        self.assertEqual([(int(key), value) for key, value, _ in self.rows_of(table)],
                         [(key, value) for key, value, _ in rows])
        found = self.server.sql(
            "SELECT string_agg(split_part(substr(col_description(a.attrelid, a.attnum), 9), E'\\n', 1), "
            f"'; ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = '\"{table}\"'::regclass "
            "AND a.attnum > 0").strip()
        self.assertRegex(found, r"^NUMBER\(19, 0\); (CLOB|VARCHAR2\(\d+ CHAR\)); (NUMBER|BINARY_DOUBLE)")

    def test_each_mode_does_as_it_says(self):
        old = [(key, "old", "1") for key in range(0, ROWS, 2)]
        new = [(key, "new", "2") for key in range(ROWS)]
        again = [(key, "newer", "3") for key in range(0, ROWS, 10)]
        cases = [
            ("upsert", lambda key: "newer" if key % 10 == 0 else "new"),
            ("replace", lambda key: "newer" if key % 10 == 0 else "new"),
            ("ignore", lambda key: "old" if key % 2 == 0 else "new"),
        ]
        for mode, wanted in cases:
            with self.subTest(mode=mode):
                table = self.table()
                self.must(self.load(table, old))
                self.must(self.load(table, new + again, "--mode", mode))
                self.assertEqual([(int(key), value) for key, value, _ in self.rows_of(table)],
                                 [(key, wanted(key)) for key in range(ROWS)])

    def test_an_error_has_its_action(self):
        rows = [(key, f"v{key}", "1.5") for key in range(ROWS)]
        log = pathlib.Path(self.directory.name) / "log"
        cases = [
            # Why, the script, the exit code, the rows that are there then, in the messages.
            ("a deadlock is tried again", "merge:2:60", 0, ROWS, ""),
            ("a lost update is tried again", "merge:2:8177", 0, ROWS, ""),
            ("a full tablespace is waited for", "merge:3:1653", 0, ROWS, ""),
            ("a lost connection is opened anew", "merge:3:3113", 0, ROWS, ""),
            ("a killed session is opened anew", "merge:2:28", 0, ROWS, ""),
            ("a listener that is not up yet", "merge:2:3113;connect:2:12541", 0, ROWS, ""),
            ("a commit that was lost before it was done", "commit:3:3113", 0, ROWS, ""),
            ("a commit whose answer was lost", "commit:3:3113:after", 0, ROWS, ""),
            ("a right that is missing stops it", "merge:2:1031", 2, None, "ORA-01031"),
            ("a standby stops it", "merge:1:16000", 2, 0, "ORA-16000"),
            ("a refused log-on stops it", "connect:1:1017", 2, 0, "ORA-01017"),
        ]
        for why, script, code, count, words in cases:
            with self.subTest(why):
                table = self.table()
                log.unlink(missing_ok=True)
                done = self.load(table, rows, "--mode", "upsert", FAULT=f"{script};log={log}")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertEqual(log.read_text(encoding="utf-8").count("\n"), script.count(";") + 1,
                                 "not every error of the script has come")
                if count is not None:
                    self.assertEqual(len(self.rows_of(table)), count)

    def test_one_poison_row_is_found_and_its_neighbours_land(self):
        self.server.sql(f'CREATE TABLE "{self.server.schema}"."parents" ("P" numeric(12, 2) PRIMARY KEY); '
                        f'INSERT INTO "{self.server.schema}"."parents" VALUES (1)')
        columns = ('"K" numeric(10), "V" varchar(20) NOT NULL CHECK ("V" <> \'bad\'), '
                   f'"W" numeric(12, 2) REFERENCES "{self.server.schema}"."parents"')
        cases = [
            ("a key that is there", (7, "v", "1"), "ORA-00001"),
            ("a check", (77777, "bad", "1"), "ORA-02290"),
            ("a parent that is not there", (77777, "v", "2"), "ORA-02291"),
        ]
        for why, poison, words in cases:
            with self.subTest(why):
                table = self.table(columns)
                rows = [(key, f"v{key}", "1") for key in range(ROWS)]
                rows.insert(1234, poison)
                letters = pathlib.Path(self.directory.name) / "letters"
                letters.unlink(missing_ok=True)
                done = self.load(table, rows, "--dead-letter", str(letters))
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertEqual(len(self.rows_of(table)), ROWS)
                letter = letters.read_text(encoding="utf-8")
                self.assertIn(words, letter)
                self.assertEqual(letter.strip().count("\n"), 0)

    def test_exactly_once_whatever_the_answer_to_a_commit(self):
        rows = [(key, f"v{key}", "1") for key in range(ROWS)]
        log = pathlib.Path(self.directory.name) / "once.log"
        for index, script in enumerate(("commit:6:3113:after", "commit:6:3113", "ledger:12:3113:after",
                                        "ledger:10:60", "ledger:11:1591")):
            with self.subTest(script):
                log.unlink(missing_ok=True)
                table = self.table(key="")  # A row that came twice would stay.
                options = ("--delivery", "exactly-once", "--source-id", f"source {index}")
                self.must(self.load(table, rows, *options, "--set", "batch.rows=100",
                                    FAULT=f"{script};log={log}"))
                self.assertNotEqual(log.read_text(encoding="utf-8"), "", "nothing was put in")
                self.must(self.load(table, rows, *options))
                self.assertEqual([int(key) for key, *_ in self.rows_of(table)], list(range(ROWS)))

    def test_no_password_is_told(self):
        table = self.table()
        done = self.load(table, [(1, "v", "1")], SERVER="127.0.0.1", PWD=self.server.password)
        self.must(done)
        wrong = self.load(table, [(1, "v", "1")], SERVER="127.0.0.1",
                          PWD=self.server.password + "x")
        self.assertEqual(wrong.returncode, 2, wrong.stderr)
        for text in (done.stdout, done.stderr, wrong.stdout, wrong.stderr):
            self.assertNotIn(self.server.secret, text)


if __name__ == "__main__":
    unittest.main()
