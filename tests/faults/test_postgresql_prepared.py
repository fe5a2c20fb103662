# SPDX-License-Identifier: Apache-2.0
"""Prepared transactions of PostgreSQL: servers that crash, answers that are cut off, settings that forbid them."""

import os
import random
import subprocess
import sys
import threading
import time
import unittest

import postgresql_wire
from servers import PostgreSQL
from targets import server, stop_servers
from wire import Closed

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_two_phase import ROWS, TRANSFER, Transfer  # noqa: E402

STOPS = 8
CHECKPOINTS = 12
CUT_EVERY = 4
SEED = 20240611


class Lossy(Transfer):
    """One whose runs may fail: what it has promised holds all the same."""

    def try_run(self, checkpoints):
        """Returns what it said of an error; nothing where it went well."""
        done = subprocess.run(self.command(checkpoints), capture_output=True, text=True, timeout=120, check=False)
        self._read(done.stdout)
        self.test.assertIn(done.returncode, (0, 1), done.stderr)
        self.test.assertEqual(done.returncode == 1, bool(done.stderr))
        return done.stderr


class Prepared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(stop_servers)
        cls.server = server(PostgreSQL)
        cls.server.sql("CREATE DATABASE two")

    def setUp(self):
        self.databases = (None, "two")
        for database in self.databases:
            self.server.psql("SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public",
                             database)
        self.one, self.two = self.server.url, self.server.url_of("two")

    def prepared(self):
        return [gid for gid, in self.server.psql_rows("SELECT gid FROM pg_prepared_xacts ORDER BY gid")]

    def loaded(self):
        """The same in both databases."""
        query = "SELECT count(*), count(DISTINCT n), coalesce(max(n), 0) FROM t"
        (first,), (second,) = (self.server.psql_rows(query, database) for database in self.databases)
        self.assertEqual(first, second)
        return first

    def assertWhole(self, transfer):
        self.assertEqual(self.loaded(), (str(transfer.promised),) * 3)
        self.assertEqual(self.prepared(), [])

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
        return done.stdout.strip()

    # ---- Servers ----------------------------------------------------------------------------

    def test_what_is_prepared_survives_a_crash_of_the_server(self):
        for how, said, rows in (("commit", "committed", ROWS), ("abort", "rolled back", 0)):
            with self.subTest(how):
                self.setUp()
                first, second = self.hold()
                before = self.prepared()
                self.assertEqual(len(before), 2)
                self.server.kill()
                self.server.start()
                self.assertEqual(self.prepared(), before)
                self.assertEqual(self.loaded()[0], "0")
                self.assertEqual(self.end(how, self.one, first), said)
                self.server.kill_immediate()
                self.server.start()
                self.assertEqual(self.end(how, self.two, second), said)
                self.assertEqual(self.loaded()[0], str(rows))
                self.assertEqual(self.prepared(), [])

    def test_whoever_waits_is_told_after_a_crash_too(self):
        """The server then shows other locks of it than before."""
        first, second = self.hold()
        self.server.kill()
        self.server.start()
        waiter = threading.Thread(target=self.server.sql, args=("BEGIN; LOCK TABLE t IN SHARE MODE; COMMIT",))
        waiter.start()
        try:
            listed = []
            until = time.monotonic() + 20
            while not any("1 session waits for it" in line for line in listed) and time.monotonic() < until:
                done = subprocess.run([os.environ.get("OUTFALL_COMMAND", "outfall"), "txn", "list", "--to", self.one,
                                       "--json"], capture_output=True, text=True, timeout=60, check=True)
                listed = done.stdout.splitlines()
            self.assertTrue(any("1 session waits for it" in line for line in listed), listed)
        finally:
            self.assertEqual(self.end("commit", self.one, first), "committed")
            waiter.join()
        self.assertEqual(self.end("commit", self.two, second), "committed")

    def test_databases_agree_however_often_the_server_crashes(self):
        dice = random.Random(SEED)
        transfer = Lossy(self, "home", 0, [(self.one, "t"), (self.two, "t")])
        failures = []
        for _ in range(STOPS):
            running = threading.Thread(target=lambda: failures.append(transfer.try_run(1000)))
            running.start()
            time.sleep(dice.uniform(0.1, 0.6))
            self.server.kill_immediate()
            self.server.start()
            time.sleep(dice.uniform(0, 0.2))
            self.server.kill_immediate()
            self.server.start()
            running.join(0.1)
            while running.is_alive():  # It got over it: until it does not.
                self.server.kill_immediate()
                self.server.start()
                running.join(0.3)
        self.assertEqual(len(failures), STOPS)
        self.assertEqual(transfer.try_run(2), "")
        self.assertWhole(transfer)
        self.assertGreater(transfer.promised, 0)

    # ---- Answers ----------------------------------------------------------------------------

    def cutting(self, statement, when):
        """A proxy that hangs up at every fourth of those statements, before or after the server has heard of it."""
        self.cuts = self.seen = 0

        def is_cut(command):
            if statement not in command:
                return False
            self.seen += 1
            self.cuts += self.seen % CUT_EVERY == 0
            return self.seen % CUT_EVERY == 0

        def before(command):
            if when == "before" and is_cut(command):
                raise Closed

        def change(command, data):
            return None if when == "after" and is_cut(command) else data

        return postgresql_wire.Proxy(("127.0.0.1", self.server.port), before=before, change=change)

    def run_behind(self, proxy):
        """Runs until enough is loaded, by way of the proxy; returns what the runs said of errors."""
        url = self.server.tcp_url_with(self.server.password, "two")
        url = url.replace(f":{self.server.port}/", f":{proxy.port}/")
        transfer = Lossy(self, "home", 0, [(self.one, "t"), (url, "t")])
        errors = []
        while transfer.promised < CHECKPOINTS * ROWS:
            self.assertLess(len(errors), 2 * CHECKPOINTS, errors)
            errors.append(transfer.try_run(CHECKPOINTS - transfer.promised // ROWS))
        return transfer, errors

    def test_a_prepare_without_an_answer_is_undone(self):
        for when in ("before", "after"):
            with self.subTest(when):
                self.setUp()
                with self.cutting(b"PREPARE TRANSACTION", when) as proxy:
                    transfer, errors = self.run_behind(proxy)
                self.assertGreater(self.cuts, 2)
                self.assertTrue(any("outcome is not known" in error for error in errors), errors)
                self.assertWhole(transfer)

    def test_a_commit_without_an_answer_is_done(self):
        for when in ("before", "after"):
            with self.subTest(when):
                self.setUp()
                with self.cutting(b"COMMIT PREPARED", when) as proxy:
                    transfer, errors = self.run_behind(proxy)
                self.assertGreater(self.cuts, 2)
                self.assertEqual(errors, [""])  # Nobody has to be told.
                self.assertWhole(transfer)

    # ---- Settings ---------------------------------------------------------------------------

    def test_a_server_that_prepares_none_is_named(self):
        with PostgreSQL({"max_prepared_transactions": 0}) as other:
            other.sql("CREATE DATABASE two")
            transfer = Lossy(self, "home", 0, [(other.url, "t"), (other.url_of("two"), "t")])
            error = transfer.try_run(1)
            self.assertIn("max_prepared_transactions", error)
            self.assertIn("restart", error)
            self.assertEqual(other.psql("SELECT count(*) FROM t", "two").strip(), "0")


if __name__ == "__main__":
    unittest.main()
