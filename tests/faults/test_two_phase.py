# SPDX-License-Identifier: Apache-2.0
"""Two-phase commit: several tables in several databases get the same rows, whatever is killed."""

import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

from servers import PostgreSQL
from targets import COMMAND, server, stop_servers

TRANSFER = pathlib.Path(os.environ.get("OUTFALL_BUILD", "build/dev")) / "tests" / "faults.transfer"
ROWS = 50
KILLS = 25
SEED = 20240607


class Transfer:
    """One program, to be run again and again, and what it has promised."""

    def __init__(self, test, decision, home, tables, options="flushers=1,retry.base.ms=5"):
        self.test, self.decision, self.home, self.options = test, decision, home, options
        self.tables = tables  # (URL, table) each.
        self.promised = 0
        self.killed = 0

    def command(self, checkpoints):
        names = [part for table in self.tables for part in table]
        return [TRANSFER, "transfer", self.decision, str(self.home), str(ROWS), str(checkpoints), self.options,
                *names]

    def run(self, checkpoints, kill_after=None):
        """Runs it; returns the exit code, or None where it was killed first."""
        with subprocess.Popen(self.command(checkpoints), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            try:
                output, errors = process.communicate(timeout=kill_after if kill_after else 120)
            except subprocess.TimeoutExpired:
                process.kill()
                output, errors = process.communicate()
                self.killed += 1
        self._read(output)
        if process.returncode not in (0, -9):
            self.test.fail(f"exit code {process.returncode}: {errors}")
        return process.returncode

    def _read(self, output):
        for line in output.splitlines():
            word, _, number = line.partition(" ")
            if word == "resume":
                self.test.assertGreaterEqual(int(number), self.promised, "what was durable is gone")
                self.promised = int(number)
            elif word == "durable":
                self.promised = int(number)


class Databases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(stop_servers)
        cls.server = server(PostgreSQL)
        cls.server.sql("CREATE DATABASE two")

    def setUp(self):
        for database in (None, "two"):
            for (gid,) in self.server.psql_rows(
                    "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()", database):
                self.server.psql(f"ROLLBACK PREPARED '{gid}'", database)  # Its locks would be waited for.
            self.server.psql("SET client_min_messages = warning; SET lock_timeout = '20s';"
                             " DROP SCHEMA public CASCADE; CREATE SCHEMA public", database)
        directory = tempfile.TemporaryDirectory(prefix="outfall-two-phase-")
        self.addCleanup(directory.cleanup)
        self.sqlite = pathlib.Path(directory.name) / "home.db"
        self.one, self.two = self.server.url, self.server.url_of("two")

    def loaded(self, table, database=None):
        query = f"SELECT count(*), count(DISTINCT n), max(n) FROM {table}"
        return self.server.psql_rows(query, database)[0]

    def prepared(self):
        return self.server.psql_rows("SELECT gid FROM pg_prepared_xacts")

    def assertWhole(self, transfer, *places):
        count = str(transfer.promised)
        for place in places:
            self.assertEqual(self.loaded(*place), (count,) * 3)
        self.assertEqual(self.prepared(), [])


class TwoPhase(Databases):
    def test_tables_of_two_databases_agree_however_often_it_is_killed(self):
        dice = random.Random(SEED)
        transfer = Transfer(self, "home", 0, [(self.one, "t"), (self.two, "t")])
        while transfer.killed < KILLS:
            transfer.run(1000, dice.uniform(0.02, 0.3))
        self.assertEqual(transfer.run(2), 0)
        self.assertWhole(transfer, ("t",), ("t", "two"))
        self.assertGreater(transfer.promised, 100)

    def test_decisions_in_a_journal_survive_kills(self):
        dice = random.Random(SEED)
        transfer = Transfer(self, str(self.sqlite.with_name("journal")), 0, [(self.one, "t"), (self.two, "t")])
        while transfer.killed < KILLS:
            transfer.run(1000, dice.uniform(0.02, 0.3))
        self.assertEqual(transfer.run(2), 0)
        self.assertWhole(transfer, ("t",), ("t", "two"))
        self.assertGreater(transfer.promised, 100)

    def test_a_journal_belongs_to_one_process(self):
        journal = str(self.sqlite.with_name("journal"))
        transfer = Transfer(self, journal, 0, [(self.one, "t"), (self.two, "t")])
        with subprocess.Popen(transfer.command(100000), stdout=subprocess.PIPE, text=True) as first:
            first.stdout.readline()
            second = subprocess.run(transfer.command(1), capture_output=True, text=True, timeout=60, check=False)
            first.kill()
        self.assertEqual(second.returncode, 1)
        self.assertIn(journal, second.stderr)

    def test_sinks_of_one_database_share_a_transaction(self):
        transfer = Transfer(self, "home", 1, [(self.one, "parent"), (self.one, "child"), (self.two, "t")])
        self.assertEqual(transfer.run(3), 0)
        self.assertWhole(transfer, ("parent",), ("child",), ("t", "two"))

    def test_a_home_that_cannot_prepare(self):
        transfer = Transfer(self, "home", 0, [(f"sqlite:{self.sqlite}", "t"), (self.two, "t")])
        self.assertEqual(transfer.run(3), 0)
        self.assertWhole(transfer, ("t", "two"))

    def test_a_checkpoint_larger_than_the_buffer(self):
        global ROWS
        rows, ROWS = ROWS, 100000
        try:
            transfer = Transfer(self, "home", 0, [(self.one, "t"), (self.two, "t")],
                                "flushers=1,buffer.bytes=1048576")
            self.assertEqual(transfer.run(2), 0)
        finally:
            ROWS = rows
        self.assertWhole(transfer, ("t",), ("t", "two"))

    def test_the_home_stays_where_it_was(self):
        transfer = Transfer(self, "home", 0, [(self.one, "t"), (self.two, "t")])
        self.assertEqual(transfer.run(1), 0)
        transfer.home = 1
        done = subprocess.run(transfer.command(1), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("was decided in database 0", done.stderr)

    def overtake(self, trigger, word):
        """Rows of a checkpoint reach a file while the other database is slow with the one before, by a trigger."""
        self.server.psql("CREATE TABLE t (n bigint, note text); CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql "
                         f"AS $$ BEGIN PERFORM pg_sleep(1); {trigger}", "two")
        done = subprocess.run([TRANSFER.with_name("faults.overtake"), f"sqlite:{self.sqlite}", self.two, word],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(self.prepared(), [])
        return done

    def test_a_home_without_rows_decides_before_its_next_rows_lock_it(self):
        done = self.overtake("RETURN NULL; END $$; CREATE TRIGGER slow AFTER INSERT ON t EXECUTE FUNCTION slow()", "other")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.loaded("t", "two"), ("1", "1", "1"))

    def test_a_checkpoint_is_rolled_back_while_the_next_rows_wait_for_its_lock(self):
        done = self.overtake("RAISE 'no'; END $$; CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE "
                             "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()", "both")
        self.assertIn("end of the first: rolled back", done.stderr)
        self.assertEqual(self.loaded("t", "two"), ("0", "0", None))


class Committables(Databases):
    """What is prepared, and ended by another process."""

    def run_transfer(self, *arguments):
        return subprocess.run([TRANSFER, *arguments], capture_output=True, text=True, timeout=60, check=False)

    def hold(self):
        """Leaves a checkpoint prepared in both databases; its committables."""
        transfer = Transfer(self, "hold", 0, [(self.one, "t"), (self.two, "t")])
        done = subprocess.run(transfer.command(1), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        (line,) = (line for line in done.stdout.splitlines() if line.startswith("prepared"))
        return line.split()[1:]

    def txn(self, *arguments, code=0):
        done = subprocess.run([COMMAND, "txn", *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_a_committable_is_committed_by_any_process_and_once(self):
        first, second = self.hold()
        self.assertEqual(len(self.prepared()), 2)
        self.assertEqual(self.run_transfer("commit", self.one, first).stdout, "committed\n")
        self.assertEqual(self.run_transfer("commit", self.one, first).stdout, "already\n")
        refused = self.run_transfer("abort", self.one, first)
        self.assertIn("is committed and cannot be rolled back", refused.stderr)
        wrong = self.run_transfer("commit", self.one, second)
        self.assertRegex(wrong.stderr, "was made in postgresql:[0-9]+/two, the URL leads to postgresql:[0-9]+/")
        self.assertEqual(self.run_transfer("commit", self.two, second).stdout, "committed\n")
        for place in (("t",), ("t", "two")):
            self.assertEqual(self.loaded(*place), (str(ROWS),) * 3)

    def test_one_that_is_gone_is_told(self):
        first, second = self.hold()
        self.assertEqual(self.run_transfer("abort", self.one, first).stdout, "rolled back\n")
        lost = self.run_transfer("commit", self.one, first)
        self.assertEqual((lost.stdout, lost.returncode), ("rolled back\n", 1))
        self.assertIn("neither prepared nor in the ledger", lost.stderr)
        damaged = self.run_transfer("commit", self.two, second[:-2] + "00")
        self.assertEqual(damaged.returncode, 1)
        self.assertEqual(self.run_transfer("abort", self.two, second).stdout, "rolled back\n")
        self.assertEqual(self.prepared(), [])

    def test_an_engine_recovers_before_anything_was_written(self):
        self.assertEqual(self.run_transfer("recover", self.one, "transfer").stdout, "committed 0 rolled back 0\n")
        self.assertEqual(self.run_transfer("recover", self.one, "transfer").stdout, "committed 0 rolled back 0\n")

    def test_an_engine_recovers_what_it_knows_and_undoes_the_rest(self):
        first, second = self.hold()
        self.assertEqual(self.run_transfer("recover", self.one, "transfer", first, second).stdout,
                         "committed 1 rolled back 0\n")
        self.assertEqual(self.run_transfer("recover", self.two, "transfer").stdout, "committed 0 rolled back 1\n")
        self.assertEqual(self.loaded("t")[0], str(ROWS))
        self.assertEqual(self.loaded("t", "two")[0], "0")
        gone = self.run_transfer("recover", self.two, "transfer", second)
        self.assertIn("its rows are lost", gone.stderr)

    def test_an_outer_engine_commits_in_the_same_process(self):
        transfer = Transfer(self, "external", 0, [(self.one, "t"), (self.two, "t")])
        self.assertEqual(transfer.run(3), 0)
        self.assertWhole(transfer, ("t",), ("t", "two"))

    def test_an_engine_whose_writers_do_not_hear_of_the_commit(self):
        transfer = Transfer(self, "release", 0, [(self.one, "t"), (self.two, "t")])
        with subprocess.Popen(transfer.command(4), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if line.startswith("prepared"):
                    for url, committable in zip((self.one, self.two), line.split()[1:]):
                        self.assertEqual(self.run_transfer("commit", url, committable).stdout, "committed\n")
                    process.stdin.write("\n")
                    process.stdin.flush()
            self.assertEqual(process.wait(), 0, process.stderr.read())
        for place in (("t",), ("t", "two")):
            self.assertEqual(self.loaded(*place), (str(4 * ROWS),) * 3)

    def test_the_command_lists_and_ends_them(self):
        self.assertIn("nothing is prepared", self.txn("list", "--to", self.one))
        self.hold()
        (listed,) = json.loads(self.txn("list", "--to", self.one, "--json", "--sink", "transfer"))
        self.assertEqual((listed["checkpoint"], listed["decided"], listed["owner"]), (1, False, self.server.user))
        name = listed["name"]
        self.assertIn(name, self.txn("list", "--to", self.one))
        self.assertIn("is not decided", self.txn("commit", "--to", self.one, "--sink", "transfer", name, code=1))
        self.assertIn("cannot be looked up", self.txn("commit", "--to", self.one, name, code=1))
        self.assertIn("is not of transaction", self.txn("rollback", "--to", self.one, "--sink", "x", name, code=1))
        self.txn("commit", "--to", self.one, "--sink", "transfer", "--force", name)
        self.assertIn("it has committed", self.txn("rollback", "--to", self.one, "--sink", "transfer", name, code=2))
        self.assertIn("never decided", self.txn("recover", "--to", self.two, "--sink", "transfer", code=1))
        (listed,) = json.loads(self.txn("list", "--to", self.two, "--json"))
        self.txn("rollback", "--to", self.two, "--sink", "transfer", listed["name"])
        self.assertEqual(self.prepared(), [])

    def test_one_whose_id_nobody_knows_can_be_committed_by_force(self):
        self.hold()
        (listed,) = json.loads(self.txn("list", "--to", self.one, "--json"))
        self.assertIn("is committed", self.txn("commit", "--to", self.one, "--force", listed["name"]))
        self.assertEqual(self.loaded("t")[0], str(ROWS))
        self.assertIn("is not prepared", self.txn("commit", "--to", self.one, "--force", listed["name"], code=2))


if __name__ == "__main__":
    unittest.main()
