# SPDX-License-Identifier: Apache-2.0
"""Two-phase commit between PostgreSQL and MariaDB, on connections that are cut while something is under way.

Now and then a message of a kind is cut off, before the server hears of it or after it has done it. What is prepared
or not yet decided may be rolled back: then the program ends, and goes on when it is run again. From the decision
on it has to find out by itself what became of it.
"""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import mysql_wire
import postgresql_wire
from servers import MariaDB, PostgreSQL
from targets import server, stop_servers
from wire import Closed

TRANSFER = pathlib.Path(os.environ.get("OUTFALL_BUILD", "build/dev")) / "tests" / "faults.transfer"
ROWS, CHECKPOINTS, EVERY = 20, 12, 3
OPTIONS = "flushers=1,retry.base.ms=5,retry.timeout.ms=20000"
WIRES = {"postgresql": postgresql_wire, "mysql": mysql_wire}


class Cutting:
    """A proxy before one server that now and then cuts a message with `text` in it, once `ready` says so."""

    def __init__(self, engine, target, text, when, ready=lambda: True):
        self.cuts = self.seen = 0
        self._next = EVERY
        self._text, self._when, self._ready = text.encode(), when, ready
        self.proxy = WIRES[engine].Proxy(("127.0.0.1", target.port), before=self._before, change=self._change)
        self.url = target.tcp_url.replace(f":{target.port}/", f":{self.proxy.port}/")

    def cut_next(self):
        self._next = self.seen + 1

    def _is_cut(self, command):
        if self._text not in command:
            return False
        self.seen += 1
        if self.seen < self._next:
            return False
        deadline = time.monotonic() + 10
        while not self._ready() and time.monotonic() < deadline:
            time.sleep(0.005)
        self.cuts += 1
        self._next += EVERY + self.cuts % 5  # Not at the same place of each run.
        return True

    def _before(self, command):
        if self._when == "before" and self._is_cut(command):
            raise Closed

    def _change(self, command, data):
        return None if self._when == "after" and self._is_cut(command) else data


class Delaying:
    """A proxy before one server that holds each message with `text` in it back for a while."""

    def __init__(self, engine, target, text):
        self.seen = 0
        self._text = text.encode()
        self.proxy = WIRES[engine].Proxy(("127.0.0.1", target.port), before=self._before)
        self.url = target.tcp_url.replace(f":{target.port}/", f":{self.proxy.port}/")

    def _before(self, command):
        if self._text in command:
            self.seen += 1
            time.sleep(1)


class Cuts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(stop_servers)
        cls.servers = {"postgresql": server(PostgreSQL), "mysql": server(MariaDB)}

    def fresh(self):
        self.servers["postgresql"].sql("SET client_min_messages = warning; SET lock_timeout = '20s'; "
                                       "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        name = self.servers["mysql"].database
        self.servers["mysql"].sql(f"DROP DATABASE {name}; CREATE DATABASE {name}", "mysql")

    def run_cut(self, engine, home, text, when):
        """Runs the program until it is through. How often it had to be run, and the cutting."""
        self.fresh()
        cutting = Cutting(engine, self.servers[engine], text, when)
        urls = [cutting.url if name == engine else one.tcp_url for name, one in self.servers.items()]
        done = runs = 0
        with cutting.proxy:
            while done < ROWS * CHECKPOINTS:
                runs += 1
                self.assertLess(runs, 2 * CHECKPOINTS)
                ran = subprocess.run([TRANSFER, "cuts", "home", str(home), str(ROWS),
                                      str(CHECKPOINTS - done // ROWS), OPTIONS, urls[0], "t", urls[1], "t"],
                                     capture_output=True, text=True, timeout=60, check=False)
                for line in ran.stdout.splitlines():
                    word, _, number = line.partition(" ")
                    if word in ("resume", "durable"):
                        self.assertGreaterEqual(int(number), done, "what was durable is gone")
                        done = int(number)
                self.assertIn(ran.returncode, (0, 1), ran.stderr)
                if ran.returncode:
                    self.assertIn("rolled back", ran.stderr)
        return runs, cutting

    def check(self):
        whole = (str(ROWS * CHECKPOINTS),) * 3
        query = "SELECT count(*), count(DISTINCT n), max(n) FROM t"
        for one in self.servers.values():
            self.assertEqual(one.sql_rows(query), [whole])
        self.assertEqual(self.servers["postgresql"].sql_rows("SELECT gid FROM pg_prepared_xacts"), [])
        self.assertEqual(self.servers["mysql"].sql_rows("XA RECOVER"), [])

    def cut(self, engine, home, text, resolves):
        for when in ("before", "after"):
            with self.subTest(f"{engine}, {text}, {when}"):
                runs, cutting = self.run_cut(engine, home, text, when)
                self.assertGreaterEqual(cutting.cuts, 3)
                if resolves == "always" or resolves == when:
                    self.assertEqual(runs, 1)
                self.check()

    def test_prepare(self):
        """Nobody knows whether it is prepared: it is rolled back, and whatever comes late too."""
        self.cut("postgresql", 1, "PREPARE TRANSACTION", None)
        self.cut("mysql", 0, "XA PREPARE", None)

    def test_decision(self):
        """Where the home has done it, that is found out, and the program goes on."""
        self.cut("postgresql", 0, "COMMIT\0", "after")
        self.cut("mysql", 1, "\x03COMMIT", "after")

    def test_second_phase(self):
        """It is decided: it is done again, or found to be done."""
        self.cut("postgresql", 1, "COMMIT PREPARED", "always")
        self.cut("mysql", 0, "XA COMMIT", "always")

    def test_prepared_late(self):
        """One part fails while the other is still being prepared: neither is left, however little is tried again."""
        for options in (OPTIONS, "flushers=1,retry.timeout.ms=0"):
            with self.subTest(options), tempfile.TemporaryDirectory() as folder:
                self.fresh()
                late = Delaying("postgresql", self.servers["postgresql"], "PREPARE TRANSACTION")
                lost = Cutting("mysql", self.servers["mysql"], "XA PREPARE", "before", lambda it=late: it.seen > 0)
                lost.cut_next()
                with late.proxy, lost.proxy:
                    ran = subprocess.run([TRANSFER, "late", f"{folder}/journal", "0", str(ROWS), "1", options,
                                          late.url, "t", lost.url, "t"],
                                         capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(ran.returncode, 1, ran.stderr)
                self.assertEqual((late.seen, lost.cuts), (1, 1))
                self.assertEqual(self.servers["postgresql"].sql_rows("SELECT gid FROM pg_prepared_xacts"), [])
                self.assertEqual(self.servers["mysql"].sql_rows("XA RECOVER"), [])

    def test_prepare_for_an_outer_engine(self):
        """The engine has heard of no part, and will end none: what may be prepared is rolled back."""
        for engine, text in (("postgresql", "PREPARE TRANSACTION"), ("mysql", "XA PREPARE")):
            with self.subTest(engine):
                self.fresh()
                lost = Cutting(engine, self.servers[engine], text, "after")
                lost.cut_next()
                urls = [lost.url if name == engine else one.tcp_url for name, one in self.servers.items()]
                with lost.proxy:
                    ran = subprocess.run([TRANSFER, "engine", "external", "0", str(ROWS), "1", OPTIONS,
                                          urls[0], "t", urls[1], "t"],
                                         capture_output=True, text=True, timeout=60, check=False)
                self.assertIn("rolled back", ran.stderr)
                self.assertEqual((ran.returncode, lost.cuts), (1, 1))
                self.assertEqual(self.servers["postgresql"].sql_rows("SELECT gid FROM pg_prepared_xacts"), [])
                self.assertEqual(self.servers["mysql"].sql_rows("XA RECOVER"), [])

    def run_engine(self, decision, proxied, options=OPTIONS):
        """Runs it for an outer engine, with PostgreSQL behind a proxy."""
        self.fresh()
        with proxied.proxy:
            return subprocess.run([TRANSFER, "engine", decision, "0", str(ROWS), "1", options, proxied.url, "t",
                                   self.servers["mysql"].tcp_url, "t"],
                                  capture_output=True, text=True, timeout=60, check=False)

    def test_the_first_word_of_an_outer_engine_counts(self):
        """What is being committed cannot be rolled back any more, and nobody is told that it was."""
        ran = self.run_engine("waver", Delaying("postgresql", self.servers["postgresql"], "COMMIT PREPARED"))
        self.assertIn("commit timeout, abort invalid: checkpoint 1 is being committed", ran.stdout)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(self.servers["postgresql"].sql_rows("SELECT count(*) FROM t"), [(str(ROWS),)])

    def end_all_but_one(self, decision, text):
        """PostgreSQL does not hear of its end: MariaDB does, and the program says that one is left."""
        lost = Cutting("postgresql", self.servers["postgresql"], text, "before")
        lost.cut_next()
        ran = self.run_engine(decision, lost, "flushers=1,retry.timeout.ms=0")
        left = self.servers["postgresql"].sql_rows("SELECT gid FROM pg_prepared_xacts")
        for (gid,) in left:
            self.servers["postgresql"].sql(f"ROLLBACK PREPARED '{gid}'")
        self.assertEqual((lost.cuts, len(left)), (1, 1))
        self.assertEqual(self.servers["mysql"].sql_rows("XA RECOVER"), [])
        return ran.stderr, self.servers["mysql"].sql_rows("SELECT count(*) FROM t")

    def test_one_database_away_keeps_no_other_from_its_end(self):
        said, rows = self.end_all_but_one("undo", "ROLLBACK PREPARED")
        self.assertIn("abort: unknown outcome", said)
        self.assertEqual(rows, [("0",)])
        said, rows = self.end_all_but_one("external", "COMMIT PREPARED")
        self.assertIn("commit: unknown outcome", said)
        self.assertEqual(rows, [(str(ROWS),)])


if __name__ == "__main__":
    unittest.main()
