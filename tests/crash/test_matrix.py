# SPDX-License-Identifier: Apache-2.0
"""The crash matrix of two-phase commit, cell by cell: stopped at each point, by each victim.

PostgreSQL is the home, MariaDB and another database of PostgreSQL prepare. The process is stopped at the
point, so that what happens to it or to a server does so just there; then everything is started again, and all
three have the same rows, with those of the checkpoint or without: as the matrix in docs/protocol.md says.
"""

import os
import pathlib
import signal
import subprocess
import threading
import time
import unittest

from servers import MariaDB, PostgreSQL

TRANSFER = pathlib.Path(os.environ.get("OUTFALL_BUILD", "build/crash")) / "tests" / "faults.transfer"
ROWS = 20
OPTIONS = "flushers=1,retry.base.ms=5,retry.timeout.ms=20000,request.timeout.ms=5000,connect.timeout.ms=5000"
SECONDS = 60

# Point of the matrix: kill point, and its passing in the second checkpoint (the first is a quiet one). A checkpoint
# passes branch-begun and rows-written three times, before-prepare and prepared twice.
POINTS = {
    "1 begun": ("branch-begun", 4),
    "2 rows written": ("rows-written", 4),
    "3 first branch prepared": ("prepared", 3),
    "4 all others prepared": ("before-decision", 2),
    "5 decision durable": ("decided", 2),
    "6 first branch committed": ("branch-committed", 3),
    "7 all committed": ("checkpoint-ended", 2),
}
FROM_DECISION = ("5", "6", "7")


class Process:
    """One run of the program; its output is read as it comes."""

    def __init__(self, urls, checkpoints, kill=None):
        environment = dict(os.environ, OUTFALL_KILL=kill or "")
        if not kill:
            del environment["OUTFALL_KILL"]
        names = [part for url in urls for part in (url, "t")]
        self.process = subprocess.Popen(
            [TRANSFER, "matrix", "home", "0", str(ROWS), str(checkpoints), OPTIONS, *names],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.resumed = self.durable = 0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            word, _, number = line.partition(" ")
            if word == "resume":
                self.resumed = self.durable = int(number)
            elif word == "durable":
                self.durable = int(number)

    def wait_stopped(self):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            pid, status = os.waitpid(self.process.pid, os.WUNTRACED | os.WNOHANG)
            if pid:
                if os.WIFSTOPPED(status):
                    return
                raise AssertionError(f"it ended before the point: {self.process.stderr.read()}")
            time.sleep(0.005)
        raise AssertionError("it never came to the point")

    def send(self, number):
        os.kill(self.process.pid, number)

    def finish(self):
        """The exit code and what it said."""
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        errors = self.process.stderr.read()
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode, errors


class Matrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgresql, cls.mariadb = PostgreSQL(), MariaDB()
        cls.addClassCleanup(cls.mariadb.close)
        cls.addClassCleanup(cls.postgresql.close)
        cls.postgresql.sql("CREATE DATABASE two")

    def setUp(self):
        self.urls = (self.postgresql.url, self.postgresql.url_of("two"), self.mariadb.url)
        for database in (None, "two"):
            self.postgresql.psql("SET client_min_messages = warning; SET lock_timeout = '20s';"
                                 "DROP SCHEMA public CASCADE; CREATE SCHEMA public", database)
        name = self.mariadb.database
        self.mariadb.sql(f"DROP DATABASE {name}; CREATE DATABASE {name}", "mysql")

    def tables(self):
        query = "SELECT count(*), count(DISTINCT n), coalesce(max(n), 0) FROM t"
        return [self.postgresql.psql_rows(query)[0], self.postgresql.psql_rows(query, "two")[0],
                self.mariadb.sql_rows(query)[0]]

    def prepared(self):
        return (self.postgresql.psql_rows("SELECT gid FROM pg_prepared_xacts") +
                self.mariadb.sql_rows("XA RECOVER"))

    def cells(self, fault, committed):
        """Each point: stops a process there, calls fault(process), and looks what is left."""
        for point, (name, passing) in POINTS.items():
            with self.subTest(point):
                self.setUp()
                process = Process(self.urls, 4, f"{name}:{passing}:stop")
                process.wait_stopped()
                self.assertEqual(process.durable, ROWS)
                fault(process)
                again = Process(self.urls, 1)
                code, errors = again.finish()
                self.assertEqual(code, 0, errors)
                self.check(point, process, again, committed)

    def check(self, point, process, again, committed):
        expected = 2 * ROWS if point[0] in committed else ROWS
        if process.durable > expected:  # It went on by itself.
            expected = process.durable
        self.assertEqual(again.resumed, expected)
        whole = (str(expected + ROWS),) * 3
        self.assertEqual(self.tables(), [whole] * 3)
        self.assertEqual(self.prepared(), [])

    def test_client_killed(self):
        def fault(process):
            process.send(signal.SIGKILL)
            process.finish()
        self.cells(fault, FROM_DECISION)

    def test_zombie_stopped_and_continued(self):
        """Its successor writes two checkpoints meanwhile; then it is fenced off, or had been done."""
        def fault(process):
            successor = Process(self.urls, 2)
            code, errors = successor.finish()
            self.assertEqual(code, 0, errors)
            self.successor = successor
            process.send(signal.SIGCONT)
            code, errors = process.finish()
            self.assertEqual(code, 4, errors)
            self.assertIn("fenced off", errors)

        def check(point, process, again, committed):
            first = 2 * ROWS if point[0] in committed else ROWS
            self.assertEqual(self.successor.resumed, first)
            self.assertLessEqual(process.durable, first)
            self.assertEqual(again.resumed, first + 2 * ROWS)
            self.assertEqual(self.tables(), [(str(first + 3 * ROWS),) * 3] * 3)
            self.assertEqual(self.prepared(), [])
        self.check = check
        self.cells(fault, FROM_DECISION)

    def test_two_recoveries_at_once(self):
        """One of the two wins, or, at worst, neither; nothing is done twice."""
        for point in ("3 first branch prepared", "4 all others prepared", "5 decision durable"):
            with self.subTest(point):
                self.setUp()
                name, passing = POINTS[point]
                process = Process(self.urls, 4, f"{name}:{passing}")
                self.assertEqual(process.finish()[0], -signal.SIGKILL)
                both = [Process(self.urls, 1) for _ in range(3)]
                ends = [one.finish() for one in both]
                self.assertTrue({code for code, _ in ends} <= {0, 4}, ends)
                again = Process(self.urls, 1)
                code, errors = again.finish()
                self.assertEqual(code, 0, errors)
                first = 2 * ROWS if point[0] in FROM_DECISION else ROWS
                done = again.resumed - first
                self.assertIn(done // ROWS, range(4))
                self.assertGreaterEqual(again.resumed, max(one.durable for one in both))
                self.assertEqual(self.tables(), [(str(again.resumed + ROWS),) * 3] * 3)
                self.assertEqual(self.prepared(), [])

    def test_postgresql_stopped_at_once(self):
        def fault(process):
            self.postgresql.kill_immediate()
            self.postgresql.start()
            process.send(signal.SIGCONT)
            process.finish()
        self.cells(fault, FROM_DECISION)

    def test_mariadb_killed(self):
        """The home lives on: from where all others are prepared its commit goes through."""
        def fault(process):
            self.mariadb.kill()
            self.mariadb.start()
            process.send(signal.SIGCONT)
            process.finish()
        self.cells(fault, ("4", *FROM_DECISION))


if __name__ == "__main__":
    unittest.main()
