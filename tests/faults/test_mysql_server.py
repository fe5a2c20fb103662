# SPDX-License-Identifier: Apache-2.0
"""MariaDB dies, hangs and comes back in the middle of a load; and it hangs in every wait there is."""

import os
import pathlib
import subprocess
import sys
import time
import unittest

import mysql_wire
import servers
from held import Held
from mysql_wire import (CAPABILITIES, CLIENT_SSL, COM_PING, COM_QUERY, COM_STMT_BULK_EXECUTE,
                        COM_STMT_EXECUTE, COM_STMT_PREPARE)

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loading import COMMAND, SECONDS, Load  # noqa: E402

ROWS = 60000
HEADER = "id,name"
LINES = [f"{i},row {i}" for i in range(ROWS)]
METHODS = ("bulk", "rows", "load")

TIMEOUT_MS = 500
DEADLINES = ("--set", f"request.timeout.ms={TIMEOUT_MS}", "--set", f"connect.timeout.ms={TIMEOUT_MS}",
             "--set", "retry.timeout.ms=0")
ENVIRONMENT = {**os.environ, "OUTFALL_REQUEST_TIMEOUT_MS": str(TIMEOUT_MS),
               "OUTFALL_CONNECT_TIMEOUT_MS": str(TIMEOUT_MS)}
WITHIN = TIMEOUT_MS / 1000 + 1.0




class ServerFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = servers.MariaDB()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.server.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)")

    def count(self):
        return int(self.server.sql("SELECT count(*) FROM t"))

    def assertAllThere(self):
        """Every row once and as it was: with a primary key there is no room for another."""
        self.assertEqual(self.count(), ROWS)
        wrong = self.server.sql("SELECT count(*) FROM t WHERE name <> concat('row ', id)")
        self.assertEqual(int(wrong), 0)

    def start(self, method, *options, **feed):
        return Load(self.server.url, "t", HEADER, LINES, "--set", "retry.base.ms=20", "--set",
                    f"mysql.method={method}", *options, **feed)

    def test_a_load_survives_three_kills_of_the_server(self):
        for method in METHODS:
            with self.subTest(method=method):
                self.setUp()
                load = self.start(method, "--batch-rows", 2000)
                for fed in (ROWS // 5, ROWS // 2, ROWS * 4 // 5):
                    load.wait_fed(fed)
                    self.server.kill()
                    time.sleep(0.1)
                    self.server.start()
                code, output, errors = load.finish()
                # A batch whose COMMIT was cut off may be written twice: the key then rejects it.
                self.assertIn(code, (0, 3), errors)
                self.assertIn("loaded", output)
                self.assertAllThere()

    def test_a_load_survives_a_hang_longer_than_its_deadline(self):
        load = self.start("auto", "--set", "request.timeout.ms=500", "--set",
                          "connect.timeout.ms=500")
        load.wait_fed(ROWS // 3)
        self.server.pause()
        time.sleep(1.2)
        self.server.resume()
        code, _, errors = load.finish()
        self.assertIn(code, (0, 3), errors)
        self.assertAllThere()


class Hangs(unittest.TestCase):
    """SIGSTOP of the server at a given command: a proxy sees it come and stops the server first."""

    @classmethod
    def setUpClass(cls):
        cls.server = servers.MariaDB()
        cls.addClassCleanup(cls.server.close)
        cls.worst = 0.0
        cls.addClassCleanup(lambda: print(f"worst: {cls.worst:.2f} s of {WITHIN} s",
                                          file=sys.stderr))

    def setUp(self):
        self.server.sql("DROP TABLE IF EXISTS t, made; CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)")

    def run_until_hang(self, is_last, *arguments, stdin=""):
        """Runs the command; the server stops when `is_last(command)` first is true."""
        def command(proxy):
            url = proxy.url(self.server.password)
            return [COMMAND, *(url if part == "URL" else part for part in arguments)]

        with Held(mysql_wire.Proxy, ("127.0.0.1", self.server.port), is_last, command, stdin,
                  ENVIRONMENT) as held:
            self.assertTrue(held.wait(), f"the server was never stopped: {held.output}{held.errors}")
            self.server.pause()
            try:
                stopped = time.monotonic()
                held.release()
                held.finish()
            finally:
                self.server.resume()
        took = held.ended - stopped
        type(self).worst = max(self.worst, took)
        self.assertNotEqual(held.code, 0, held.output)
        self.assertRegex(held.errors, "deadline|timeout.ms|not known")
        self.assertNotIn(self.server.password, held.errors)
        self.assertLess(took, WITHIN)

    def load_until_hang(self, is_last, method="bulk", stdin="id,name\n1,one\n2,two\n", *options,
                        table="t"):
        self.run_until_hang(is_last, "load", "--to", "URL", "--table", table, "--set",
                            f"mysql.method={method}", *DEADLINES, *options, "-", stdin=stdin)

    @staticmethod
    def query(start):
        return lambda command: command[:1] == bytes([COM_QUERY]) and command[1:].startswith(start)

    @staticmethod
    def prepare(start):
        return lambda command: (command[:1] == bytes([COM_STMT_PREPARE]) and
                                command[1:].startswith(start))

    @staticmethod
    def nth(code, n):
        """The n-th command of that code."""
        seen = []

        def is_last(command):
            seen.extend([command] if command[:1] == bytes([code]) else [])
            return len(seen) == n

        return is_last

    def test_a_wait_in_connect(self):
        waits = [
            ("login", lambda command: b"mysql_native_password" in command),
            ("settings", self.query(b"SET NAMES")),
            ("question", self.query(b"SELECT @@max_allowed_packet")),
            ("isolation", self.query(b"SET SESSION TRANSACTION")),
        ]
        for wait, is_last in waits:
            with self.subTest(wait):
                self.run_until_hang(is_last, "ping", "URL")

    def test_a_wait_for_the_greeting(self):
        self.server.pause()
        try:
            for url in (self.server.tcp_url, self.server.url):
                started = time.monotonic()
                done = subprocess.run([COMMAND, "ping", url], capture_output=True,
                                      env=ENVIRONMENT, text=True, timeout=SECONDS, check=False)
                took = time.monotonic() - started
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("connect.timeout.ms", done.stderr)
                self.assertLess(took, WITHIN)
        finally:
            self.server.resume()

    def test_a_wait_in_the_handshake_of_tls(self):
        def hang(wire):
            wire.read()

        with mysql_wire.FakeServer(lambda wire, _: None, CAPABILITIES | CLIENT_SSL, hang) as fake:
            started = time.monotonic()
            done = subprocess.run(
                [COMMAND, "ping", fake.url(query="?outfall.mysql.tls=require")], env=ENVIRONMENT,
                capture_output=True, text=True, timeout=SECONDS, check=False)
            took = time.monotonic() - started
        self.assertNotEqual(done.returncode, 0)
        self.assertLess(took, WITHIN)

    def test_a_wait_in_ping(self):
        self.run_until_hang(lambda command: command[:1] == bytes([COM_PING]), "ping",
                            "URL")

    def test_a_wait_in_describe(self):
        for start in (b"SELECT * FROM", b"SELECT TABLE_SCHEMA",
                      b"SELECT COLUMN_NAME", b"SELECT INDEX_NAME", b"ROLLBACK"):
            with self.subTest(start):
                self.load_until_hang(self.query(start))
        with self.subTest("prepare"):
            self.load_until_hang(self.prepare(b"SELECT"))
        with self.subTest("execute"):
            self.load_until_hang(self.nth(COM_STMT_EXECUTE, 1))

    def test_a_wait_in_create(self):
        self.load_until_hang(self.query(b"CREATE TABLE"), "bulk", "id,name\n1,one\n", "--create",
                             table="made")

    def test_a_wait_in_the_first_statement_of_a_transaction(self):
        """Which begins it: the check that the table is as described."""
        self.load_until_hang(self.nth(COM_STMT_EXECUTE, 2))

    def test_a_wait_in_write(self):
        waits = [
            ("bulk", "prepare", self.prepare(b"INSERT")),
            ("bulk", "execute", lambda command: command[:1] == bytes([COM_STMT_BULK_EXECUTE])),
            ("rows", "prepare", self.prepare(b"INSERT")),
            ("rows", "execute", self.nth(COM_STMT_EXECUTE, 3)),
            ("load", "savepoint", self.query(b"SAVEPOINT outfall_load")),
            ("load", "statement", self.query(b"LOAD DATA")),
            ("load", "release", self.query(b"RELEASE SAVEPOINT outfall_load")),
        ]
        for method, wait, is_last in waits:
            with self.subTest(method=method, wait=wait):
                self.load_until_hang(is_last, method)

    def test_a_wait_for_room_to_send(self):
        """More rows than the sockets between hold, to a server that reads none of them."""
        rows = "".join(f"{i},{'x' * 100000}\n" for i in range(200))
        for method in METHODS:
            with self.subTest(method):
                self.server.sql("DROP TABLE t; CREATE TABLE t (id BIGINT PRIMARY KEY, name LONGTEXT)")
                is_check, deaf_since = self.nth(COM_STMT_EXECUTE, 2), []

                def change(command, reply, is_check=is_check, deaf_since=deaf_since):
                    if is_check(command):
                        deaf_since.append(time.monotonic())
                        proxy.deaf.set()
                    return reply

                with mysql_wire.Proxy(("127.0.0.1", self.server.port), change) as proxy:
                    done = subprocess.run(
                        [COMMAND, "load", "--to", proxy.url(self.server.password), "--table", "t",
                         "--set", f"mysql.method={method}", "--set", "batch.bytes=30000000", "--set",
                         "buffer.bytes=100000000", *DEADLINES, "-"], input="id,name\n" + rows,
                        capture_output=True, text=True, env=ENVIRONMENT, timeout=SECONDS, check=False)
                    took = time.monotonic() - deaf_since[0]
                    self.assertLess(len(proxy.received), 10000000)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, "deadline|request.timeout.ms")
                self.assertLess(took, WITHIN)

    def test_a_wait_for_the_table_s_indexes(self):
        self.server.sql("ALTER TABLE t ADD KEY (name(10))")
        self.load_until_hang(self.query(b"SHOW CREATE TABLE"), "bulk", "id,name\n1,one\n",
                             "--mode", "upsert")

    def test_a_wait_at_a_savepoint(self):
        self.server.sql("INSERT INTO t VALUES (2, 'there already')")
        for start in (b"GET DIAGNOSTICS", b"SELECT @outfall_row", b"SAVEPOINT outfall",
                      b"ROLLBACK TO SAVEPOINT outfall"):
            with self.subTest(start):
                self.server.sql("DELETE FROM t WHERE id <> 2")
                self.load_until_hang(self.query(start), "bulk", "id,name\n1,one\n2,two\n3,three\n")

    def test_a_wait_in_commit(self):
        self.load_until_hang(self.query(b"COMMIT"))

    def test_a_wait_in_rollback(self):
        seen = []

        def second(command):
            seen.extend([command] if command[1:] == b"ROLLBACK" else [])
            return len(seen) == 2  # The first is describe's.

        self.server.sql("CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW "
                        "SIGNAL SQLSTATE '40001' SET MESSAGE_TEXT = 'try again', MYSQL_ERRNO = 1205")
        self.load_until_hang(second)

    def test_a_wait_by_tls(self):
        with servers.MariaDB(tls=True) as server:
            server.sql("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)")
            load = Load(server.tcp_url + "?ssl-ca=" + mysql_wire.urllib.parse.quote(server.ca, safe=""),
                        "t", HEADER, LINES, *DEADLINES)
            load.wait_fed(ROWS // 3)
            server.pause()
            try:
                paused = time.monotonic()
                code, _, errors = load.finish()
                took = time.monotonic() - paused
            finally:
                server.resume()
            self.assertEqual(code, 2, errors)
            self.assertRegex(errors, "deadline|request.timeout.ms")
            self.assertLess(took, WITHIN)


if __name__ == "__main__":
    unittest.main()
