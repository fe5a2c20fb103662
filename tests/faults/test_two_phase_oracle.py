# SPDX-License-Identifier: Apache-2.0
"""Two-phase commit with Oracle's stand-in by ODBC, and PostgreSQL: killed, cut, and told what XA can tell."""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

from server_base import odbc_url
from servers import OracleStandIn, PostgreSQL
from targets import COMMAND, server, stop_servers

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_two_phase  # noqa: E402

ROWS = test_two_phase.ROWS
KILLS = 12
SEED = 20240611


class Oracle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(stop_servers)
        cls.postgresql, cls.oracle = server(PostgreSQL), server(OracleStandIn)

    def setUp(self):
        for one in (self.postgresql, self.oracle):
            for (gid,) in self.prepared_in(one):
                one.psql(f"ROLLBACK PREPARED '{gid}'")  # Its locks would be waited for.
        self.postgresql.psql("SET client_min_messages = warning; SET lock_timeout = '20s';"
                             " DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.oracle.fresh()
        directory = tempfile.TemporaryDirectory(prefix="outfall-two-phase-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    @staticmethod
    def prepared_in(one):
        return one.psql_rows("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")

    def loaded(self, one):
        return one.psql_rows("SELECT count(*), count(DISTINCT n), max(n) FROM t")[0]

    def transfer(self, decision="home", home=0, **keywords):
        """Into PostgreSQL and Oracle, in this order; keywords are the stand-in's."""
        return test_two_phase.Transfer(self, decision, home, [(self.postgresql.url, "t"),
                                                              (self.oracle.odbc_url_with(**keywords), "t")])

    def again(self, transfer, checkpoints):
        """Runs it once, whatever its exit code."""
        return subprocess.run(transfer.command(checkpoints), capture_output=True, text=True, timeout=120, check=False)

    def assertWhole(self, count):
        for one in (self.postgresql, self.oracle):
            self.assertEqual(self.loaded(one), (str(count),) * 3)
            self.assertEqual(self.prepared_in(one), [])

    def txn(self, *arguments, code=0):
        done = subprocess.run([COMMAND, "txn", *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr


class Kills(Oracle):
    def kill(self, *arguments, **keywords):
        dice = random.Random(SEED)
        transfer = self.transfer(*arguments, **keywords)
        while transfer.killed < KILLS:
            transfer.run(1000, dice.uniform(0.05, 0.4))
        self.assertEqual(transfer.run(2), 0)
        self.assertWhole(transfer.promised)
        self.assertGreater(transfer.promised, 100)

    def test_oracle_prepares_and_postgresql_decides(self):
        self.kill()

    def test_postgresql_prepares_and_oracle_decides(self):
        self.kill(home=1)

    def test_a_journal_decides(self):
        self.kill(str(self.directory / "journal"))


class Answers(Oracle):
    """What comes of each answer of XA's, and of none. Each run has a script of its own."""

    def script(self, script):
        self.log = self.directory / f"log{len(list(self.directory.iterdir()))}"
        return f"{script};log={self.log}"

    def assertPutIn(self):
        self.assertTrue(self.log.exists(), "nothing was put in")

    def test_a_commit_is_done_whatever_its_answer(self):
        for script in ("xa_commit:2:3113:after", "xa_commit:2:3113", "xa_commit:2:=4", "xa_commit:2:=-7:after",
                       "xa_commit:2:=-3", "xa_commit:2:=-4:after", "xa_commit:2:1591"):
            with self.subTest(script):
                self.setUp()
                transfer = self.transfer(FAULT=self.script(script))
                self.assertEqual(transfer.run(4), 0)
                self.assertPutIn()
                self.assertWhole(4 * ROWS)

    def test_a_prepare_that_goes_wrong_aborts_and_can_be_run_again(self):
        for script in ("xa_prepare:2:3113:after", "xa_prepare:2:3113", "xa_prepare:2:=102", "xa_prepare:2:=-3",
                       "xa_prepare:2:=-3:after", "xa_prepare:2:=3", "xa_end:2:=106", "xa_end:2:3113",
                       "xa_start:3:=-8", "xa_start:3:3113:after"):
            with self.subTest(script):
                self.setUp()
                first = self.again(self.transfer(FAULT=self.script(script)), 4)
                self.assertPutIn()
                self.assertIn(first.returncode, (0, 1), first.stderr)
                transfer = self.transfer()
                self.assertEqual(transfer.run(4), 0)
                self.assertGreaterEqual(transfer.promised, 4 * ROWS)
                self.assertWhole(transfer.promised)

    def test_a_heuristic_outcome_is_told_and_never_guessed(self):
        for code, words in ((5, "a part was committed by force"), (6, "was rolled back by force"),
                            (7, "was committed by force"), (8, "may have been ended by force")):
            with self.subTest(code):
                self.setUp()
                first = self.again(self.transfer(FAULT=self.script(f"xa_commit:*:={code}")), 4)
                self.assertEqual(first.returncode, 1, first.stdout + first.stderr)
                self.assertIn(words, first.stderr)
                self.assertIn("DBMS_XA.XA_FORGET", first.stderr)
                self.assertEqual(len(self.prepared_in(self.oracle)), 1)

    def test_what_was_rolled_back_behind_its_decision_is_told(self):
        first = self.again(self.transfer(FAULT=self.script("xa_commit:2:=100")), 4)
        self.assertEqual(first.returncode, 1, first.stdout + first.stderr)
        self.assertIn("neither prepared nor in the ledger: somebody has rolled it back", first.stderr)
        self.assertIn("put its rows in by hand", first.stderr)
        self.assertEqual(self.loaded(self.postgresql)[0], str(2 * ROWS))
        self.assertEqual(self.loaded(self.oracle)[0], str(ROWS))

    def test_a_missing_right_is_told_before_anything_is_written(self):
        self.assertEqual(self.again(self.transfer(), 1).returncode, 0)
        done = self.again(self.transfer(FAULT=self.script("xa_last:*:6550")), 1)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("GRANT EXECUTE ON SYS.DBMS_XA", done.stderr)
        self.oracle.psql("ALTER VIEW oracle.dba_pending_transactions RENAME TO hidden")
        done = self.again(self.transfer(), 1)
        self.oracle.psql("ALTER VIEW oracle.hidden RENAME TO dba_pending_transactions")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("GRANT SELECT ON SYS.DBA_PENDING_TRANSACTIONS", done.stderr)
        self.assertWhole(ROWS)


class Hand(Oracle):
    def test_the_command_lists_and_ends_what_is_prepared(self):
        url = self.oracle.odbc_url
        held = self.again(self.transfer("hold"), 1)
        self.assertEqual(held.returncode, 0, held.stderr)
        (line,) = (line for line in held.stdout.splitlines() if line.startswith("prepared"))
        first, second = line.split()[1:]
        (listed,) = json.loads(self.txn("list", "--to", url, "--json", "--sink", "transfer"))
        self.assertEqual((listed["checkpoint"], listed["decided"]), (1, False))
        self.assertIn("is not decided", self.txn("commit", "--to", url, "--sink", "transfer", listed["name"], code=1))
        program = str(test_two_phase.TRANSFER)
        for expected in ("committed", "already"):
            done = subprocess.run([program, "commit", url, second], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual(done.stdout, expected + "\n", done.stderr)
        wrong = subprocess.run([program, "commit", url, first], capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertIn("the committable is for driver postgresql", wrong.stderr)
        self.txn("rollback", "--to", self.postgresql.url, "--sink", "transfer", "--force",
                 json.loads(self.txn("list", "--to", self.postgresql.url, "--json"))[0]["name"])
        self.assertEqual(self.loaded(self.oracle), (str(ROWS),) * 3)


class OtherDialects(Oracle):
    """By ODBC only Oracle prepares; the others may be the home, and are told by name."""

    def test_another_dialect_is_refused_before_anything_is_written(self):
        path = self.directory / "other.db"
        transfer = self.transfer()
        transfer.tables[1] = (odbc_url("SQLite3", DATABASE=path), "t")
        done = self.again(transfer, 1)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("the dialect sqlite prepares no transactions: make this database the home", done.stderr)
        self.assertEqual(self.loaded(self.postgresql)[0], "0")
        self.assertEqual(self.postgresql.psql_rows("SELECT count(*) FROM outfall_fence"), [("0",)])

    def test_another_dialect_is_the_home(self):
        path = self.directory / "home.db"
        transfer = self.transfer(home=1)
        transfer.tables[0] = (self.oracle.odbc_url, "t")
        transfer.tables[1] = (odbc_url("SQLite3", DATABASE=path), "t")
        self.assertEqual(transfer.run(3), 0)
        self.assertEqual(transfer.run(1), 0)
        self.assertEqual(self.loaded(self.oracle), (str(4 * ROWS),) * 3)
        self.assertEqual(self.prepared_in(self.oracle), [])

    def test_the_command_says_so(self):
        url = odbc_url("SQLite3", DATABASE=self.directory / "other.db")
        name = "of1.0123456789abcdef.00000001.0000000000000001.0000.0001"
        for arguments in (("list", "--to", url), ("rollback", "--to", url, "--force", name),
                          ("recover", "--to", url, "--sink", "x")):
            with self.subTest(arguments[0]):
                self.assertIn("the dialect sqlite prepares no transactions", self.txn(*arguments, code=2))


if __name__ == "__main__":
    unittest.main()
