# SPDX-License-Identifier: Apache-2.0
"""Transactions prepared by XA: servers that are killed, sessions that hang, and a server that knows no compound
statements, to which all is said one by one."""

import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

from servers import MariaDB
from targets import server, stop_servers

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_two_phase import ROWS, TRANSFER  # noqa: E402

COMMAND = os.environ.get("OUTFALL_COMMAND", "outfall")
BUILD = pathlib.Path(os.environ.get("OUTFALL_BUILD", "build/dev"))
FORMAT = 20294
CASES = ("XA", "prepared", "named transaction", "not sent", "ledger")


class Prepared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(stop_servers)
        cls.server = server(MariaDB)

    def setUp(self):
        for database in ("one", "two"):
            self.server.sql(f"DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database}")
        self.one, self.two = self.server.url_of("one"), self.server.url_of("two")

    def prepared(self):
        """What the server lists, as its statements name it."""
        listed = []
        for form, gtrid, bqual, data in self.server.sql_rows("XA RECOVER"):
            self.assertEqual(int(gtrid) + int(bqual), len(data))
            listed.append(f"'{data[:int(gtrid)]}','{data[int(gtrid):]}',{form}")
        return sorted(listed)

    def count(self, database):
        return int(self.server.sql("SELECT count(*) FROM t", database))

    def hold(self):
        """Ends with a checkpoint prepared in both databases; returns what commits them."""
        held = subprocess.run([TRANSFER, "transfer", "hold", "0", str(ROWS), "1", "flushers=1", self.one, "t",
                               self.two, "t"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(held.returncode, 0, held.stderr)
        (line,) = (line for line in held.stdout.splitlines() if line.startswith("prepared"))
        return line.split()[1:]

    def end(self, how, url, committable):
        done = subprocess.run([TRANSFER, how, url, committable], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    # ---- The server ---------------------------------------------------------------------------

    def test_what_is_prepared_survives_the_server(self):
        for how, said, rows in (("commit", "committed", ROWS), ("abort", "rolled back", 0)):
            with self.subTest(how):
                self.setUp()
                first, second = self.hold()
                before = self.prepared()
                self.assertEqual(len(before), 2)
                self.assertTrue(all(name.endswith(f",{FORMAT}") for name in before), before)
                self.server.kill()
                self.server.start()
                self.assertEqual(self.prepared(), before)
                self.assertEqual((self.count("one"), self.count("two")), (0, 0))
                self.assertEqual(self.end(how, self.one, first), said)
                self.server.kill()
                self.server.start()
                self.assertEqual(len(self.prepared()), 1)
                self.assertEqual(self.end(how, self.two, second), said)
                self.assertEqual((self.count("one"), self.count("two")), (rows, rows))
                self.assertEqual(self.prepared(), [])

    def test_what_has_not_prepared_is_gone_with_the_server(self):
        with subprocess.Popen([TRANSFER, "transfer", "home", "0", "1000000", "1", "flushers=1", self.one, "t",
                               self.two, "t"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "resume 0\n")
            while self.server.sql("SELECT count(*) FROM information_schema.INNODB_TRX WHERE trx_rows_modified > 0",
                                  "mysql").strip() == "0":
                self.assertIsNone(process.poll())
                time.sleep(0.15)  # Asked more often than each 100 ms it answers as before.
            self.server.kill()
            process.kill()
        self.server.start()
        self.assertEqual(self.prepared(), [])
        self.assertEqual((self.count("one"), self.count("two")), (0, 0))

    # ---- People -------------------------------------------------------------------------------

    def test_what_is_listed_can_be_ended_by_hand(self):
        self.hold()
        for name in self.prepared():
            self.server.sql(f"XA COMMIT {name}")
        self.assertEqual((self.count("one"), self.count("two")), (ROWS, ROWS))
        done = subprocess.run([COMMAND, "txn", "list", "--to", self.one], capture_output=True, text=True, timeout=60,
                              check=True)
        self.assertIn("nothing is prepared", done.stdout)

    # ---- MySQL --------------------------------------------------------------------------------

    def test_one_statement_after_the_other(self):
        """A MariaDB that gives itself out as a MySQL: the driver sends it no compound statement."""
        program = BUILD / "tests" / "contract.contract"
        with MariaDB({"version": "8.0.36", "innodb-flush-log-at-trx-commit": 0}) as other:
            environment = {**os.environ, **other.environment()}
            environment.setdefault("OUTFALL_TEST_DRIVERS_DIR", os.environ.get("OUTFALL_DRIVER_PATH", ""))
            other.sql("SET GLOBAL general_log_file = 'said'; SET GLOBAL general_log = 1")
            ran = 0
            for case in CASES:
                done = subprocess.run([program, "mysql"], env={**environment, "OUTFALL_TEST_CASE": case},
                                      capture_output=True, text=True, timeout=300, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                ran += len(re.findall(r"(?m)^\[       OK \]", done.stdout + done.stderr))
            other.sql("SET GLOBAL general_log = 0")
            said = pathlib.Path(other.data, "said").read_text(encoding="utf-8", errors="replace")
        self.assertGreater(ran, 30)
        self.assertGreater(said.count("XA PREPARE"), 50)
        self.assertNotIn("NOT ATOMIC", said)


if __name__ == "__main__":
    unittest.main()
