# SPDX-License-Identifier: Apache-2.0
"""Databases behind ODBC hang, cut sessions and die: in every wait of a command, and in the middle of a load.

Which waits there are is not listed here. A command runs once by way of a proxy that writes down what
it sends; then it runs once for each of those, held just there while something happens to the server.
Many commands, each at a wait of its own, share what happens.
"""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest
import unittest.mock

import mysql_wire
import postgresql_wire
import targets
from held import Held
from server_base import odbc_url
from servers import MariaDB, PostgreSQL
from targets import COMMAND, drivers, server, stop_servers

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loading import SECONDS, Load, wait_for  # noqa: E402

TIMEOUT_MS = 1000
TRIES = 4
ADVICE = r"(request|connect)\.timeout\.ms|outcome is not known"
NO_RETRY = ("--set", "retry.timeout.ms=0")
METHODS = ("rows", "array")

TABLE = "(id BIGINT PRIMARY KEY, name TEXT)"
STDIN = "id,name\n1,one\n2,two\n3,three\n"
OLD = [("2", "there already")]
INSERTED = [("1", "one"), ("2", "there already"), ("3", "three")]
UPSERTED = [("1", "one"), ("2", "two"), ("3", "three")]
UPSERT = ("--mode", "upsert", "--key", "id")

COUNT = 20000
LINES = [f"{i},row {i}" for i in range(COUNT)]

unittest.addModuleCleanup(stop_servers)


class Scenario:
    """A command, and its table's rows before and after: None where there is no table."""

    def __init__(self, verb, options=(), before=None, after=None, code=0):
        self.verb, self.options, self.before, self.after, self.code = verb, options, before, after, code
        self.stdin = STDIN if verb == "load" else ""

    def arguments(self, url, table, *more):
        if self.verb == "ping":
            return [COMMAND, "ping", url]
        return [COMMAND, "load", "--to", url, "--table", table, *self.options, *more, "-"]


SCENARIOS = {
    # One row is refused: the batch is rolled back and written again row by row.
    "insert": Scenario("load", (), OLD, INSERTED, code=3),
    "upsert in rows": Scenario("load", (*UPSERT, "--set", "odbc.method=rows"), OLD, UPSERTED),
    "upsert in arrays": Scenario("load", (*UPSERT, "--set", "odbc.method=array"), OLD, UPSERTED),
    "create": Scenario("load", (*UPSERT, "--create"), None, UPSERTED),
    "ping": Scenario("ping"),
}


def environment(timeout_ms):
    """Of a command: its deadlines."""
    return {**os.environ, "OUTFALL_REQUEST_TIMEOUT_MS": str(timeout_ms),
            "OUTFALL_CONNECT_TIMEOUT_MS": str(timeout_ms), "OUTFALL_RETRY_BASE_MS": "20"}


def within(timeout_ms):
    """How many seconds it may take to notice that a server hangs."""
    return timeout_ms / 1000 + 1.0


class Wait:
    """A place in a scenario: the number of the command whose answer is waited for."""

    def __init__(self, name, number, label, writing):
        self.name, self.number, self.label = name, number, label
        self.writing = writing  # The table has been described: what follows is tried again.
        self.scenario = SCENARIOS[name]

    def __str__(self):
        return f"{self.name}, {self.number}: {self.label[:60]}"

    def place(self):
        """A predicate that is true when the command comes."""
        seen = []

        def is_place(command):
            seen.append(command)
            return len(seen) == self.number + 1

        return is_place


def without_goodbyes(labels, end):
    while re.match("close|goodbye|DEALLOCATE", labels[end - 1]):
        end -= 1
    return end


def waits_of(name, labels, parts_by_rollback):
    """By the labels of all the commands of a scenario that went well."""
    # At the end nothing is waited for: statements closed, a ROLLBACK of MariaDB's, a goodbye, if it got out.
    end = without_goodbyes(labels, len(labels))
    if parts_by_rollback and labels[end - 1] == "ROLLBACK":
        end = without_goodbyes(labels, end - 1)
    # A table that is there is described in a transaction of its own.
    writing = labels.index("ROLLBACK") + 1 if SCENARIOS[name].before else end
    return [Wait(name, number, label, number >= writing) for number, label in enumerate(labels[:end])
            if label not in ("close", "goodbye")]


class ServerFaults:
    """The tests. A subclass has the database's: kind, its server; proxy and label, its protocol's;
    parts_by_rollback, whether its driver sends one as it disconnects; at_once,
    how many commands get to their waits within the deadline; and cut_sessions(), which ends all sessions
    but its own and returns how many."""

    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        if "odbc" not in drivers():
            raise unittest.SkipTest("this build has no driver for odbc:")
        cls.server = server(cls.kind)
        cls.worst = 0.0
        cls.addClassCleanup(lambda: print(f"{cls.__name__}: worst {cls.worst:.2f} s after the deadline",
                                          file=sys.stderr))
        cls.waits = cls.find_waits()

    # ---- Commands at their waits ---------------------------------------------------------

    @classmethod
    def find_waits(cls):
        """Every wait, but for those that follow on the same command as one that is there already."""
        found = {}
        for name, scenario in SCENARIOS.items():
            cls.make({"t": scenario})
            with cls.hold(scenario, "t", lambda command: False) as held:
                held.finish()
                held.proxy.drain()
            if held.code != scenario.code:
                raise AssertionError(held.output + held.errors)
            labels = [re.sub(r"0x\w+", "…", cls.label(command)) for command in held.commands]
            for wait in waits_of(name, labels, cls.parts_by_rollback):
                found.setdefault((*labels[max(0, wait.number - 1):wait.number], wait.label), wait)
        return list(found.values())

    @classmethod
    def make(cls, tables):
        """Tables as their scenarios find them."""
        sql = ""
        for table, scenario in tables.items():
            sql += f"DROP TABLE IF EXISTS {table};"
            if scenario.before is not None:
                sql += f"CREATE TABLE {table} {TABLE};"
            for key, name in scenario.before or ():
                sql += f"INSERT INTO {table} VALUES ({key}, '{name}');"
        cls.server.sql(sql)

    @classmethod
    def hold(cls, scenario, table, is_place, *options, timeout_ms=TIMEOUT_MS):
        """A scenario's command by way of a proxy."""
        def arguments(proxy):
            url = odbc_url(cls.server.odbc_driver, SERVER="127.0.0.1", PORT=proxy.port, UID=cls.server.user,
                           DATABASE=cls.server.database, PWD=cls.server.password)
            return scenario.arguments(url, table, *options)

        return Held(cls.proxy, ("127.0.0.1", cls.server.port), is_place, arguments, scenario.stdin,
                    environment(timeout_ms))

    @contextlib.contextmanager
    def hold_all(self, waits, happens, *options):
        """Commands at their waits, the n-th with table tn; what happens() then gave; and the commands'
        deadline in ms. On a slow machine the first may be cut before the last has got there: then all
        have twice the time."""
        for tried in range(TRIES):
            timeout_ms = TIMEOUT_MS << tried
            self.make({f"t{n}": wait.scenario for n, wait in enumerate(waits)})
            with contextlib.ExitStack() as stack:
                held = [stack.enter_context(self.hold(wait.scenario, f"t{n}", wait.place(), *options,
                                                      timeout_ms=timeout_ms))
                        for n, wait in enumerate(waits)]
                if all(one.wait() for one in held):
                    given = stack.enter_context(happens())
                    if all(one.ended is None for one in held):
                        yield held, given, timeout_ms
                        return
                errors = [one.finish().errors for one in held if one.ended is not None]
        raise AssertionError(f"they ended before they were held: {errors}")

    def parts(self, is_wanted):
        """The waits, by as many as are held at once."""
        wanted = [wait for wait in self.waits if is_wanted(wait)]
        return [wanted[first:first + self.at_once] for first in range(0, len(wanted), self.at_once)]

    def assertRows(self, expected):
        """That tables have those rows, by wait and table."""
        rows = self.server.sql_rows(" UNION ALL ".join(f"SELECT '{table}', id, name FROM {table}"
                                                       for _, table in expected) + " ORDER BY 1, 2")
        for wait, table in expected:
            with self.subTest(str(wait)):
                self.assertEqual([tuple(row) for of, *row in rows if of == table], wait.scenario.after)

    def count(self, where="0 = 0"):
        return int(self.server.sql(f"SELECT count(*) FROM t WHERE {where}"))

    @contextlib.contextmanager
    def stopped(self):
        """SIGSTOP, and SIGCONT at the end."""
        self.server.pause()
        try:
            yield time.monotonic()
        finally:
            self.server.resume()

    def assertNoticed(self, held, since, timeout_ms):
        late = held.ended - since - timeout_ms / 1000
        type(self).worst = max(self.worst, late)
        self.assertGreater(held.ended, since)
        self.assertLess(late, 1.0)
        self.assertEqual(held.code, 2, held.output)
        self.assertRegex(held.errors, ADVICE)
        self.assertNotIn(self.server.secret, held.output + held.errors)

    def assertLoadable(self, waits):
        """Loading again makes the tables what they should be, whatever became of the first time."""
        loads = [(wait, f"t{n}", subprocess.Popen(
            wait.scenario.arguments(self.server.odbc_url, f"t{n}"), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
                 for n, wait in enumerate(waits) if wait.writing or wait.name == "create"]
        for wait, _, load in loads:
            with self.subTest(str(wait)):
                _, errors = load.communicate(wait.scenario.stdin, timeout=SECONDS)
                self.assertIn(load.returncode, (0, 3), errors)
        if loads:
            self.assertRows([(wait, table) for wait, table, _ in loads])

    def assertRecovered(self, waits, held):
        for wait, one in zip(waits, held):
            with self.subTest(str(wait)):
                # A batch whose COMMIT got through is written twice: the key then rejects it.
                self.assertIn(one.code, (wait.scenario.code, 3), one.errors)
        self.assertRows([(wait, f"t{n}") for n, wait in enumerate(waits)])

    # ---- Tests ---------------------------------------------------------------------------

    def test_the_waits_are_all_there(self):
        for name, label in (("insert", "login"), ("insert", "SELECT"), ("insert", "INSERT INTO"),
                            ("insert", "ROLLBACK$"), ("insert", "SAVEPOINT"), ("insert", "ROLLBACK TO"),
                            ("insert", "RELEASE"), ("insert", "COMMIT"), ("upsert in rows", "INSERT INTO"),
                            ("create", "CREATE TABLE"), ("create", "COMMIT"), ("ping", "SELECT 1")):
            with self.subTest(name=name, label=label):
                self.assertTrue([wait for wait in self.waits
                                 if wait.name == name and re.match(rf"(prepare |BEGIN;)?{label}", wait.label)])

    def test_a_server_that_hangs_is_noticed_in_every_wait(self):
        for waits in self.parts(lambda wait: True):
            with self.hold_all(waits, self.stopped, *NO_RETRY) as (held, since, timeout_ms):
                for one in held:
                    one.release()
                for one in held:
                    one.finish()
            for wait, one in zip(waits, held):
                with self.subTest(str(wait)):
                    self.assertNoticed(one, since, timeout_ms)
            self.assertLoadable(waits)

    def test_a_load_survives_a_hang_longer_than_its_deadline_in_every_wait(self):
        for waits in self.parts(lambda wait: wait.writing):
            with self.hold_all(waits, self.stopped) as (held, _, timeout_ms):
                for one in held:
                    one.release()
                time.sleep(timeout_ms / 1000 + 0.5)
                self.server.resume()
                for one in held:
                    one.finish()
            self.assertRecovered(waits, held)

    def test_a_load_survives_the_cut_of_its_session_in_every_wait(self):
        for waits in self.parts(lambda wait: wait.writing):
            with self.hold_all(waits, contextlib.nullcontext) as (held, _, _):
                self.assertGreater(self.cut_sessions(), 0)
                for one in held:
                    one.release()
                for one in held:
                    one.finish()
            self.assertRecovered(waits, held)

    def test_a_server_that_hangs_from_the_start_is_noticed(self):
        with self.stopped() as since:
            pings = [subprocess.Popen([COMMAND, "ping", url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      text=True, env=environment(TIMEOUT_MS))
                     for url in (self.server.odbc_url, self.server.odbc_tcp_url)]
            for ping in pings:
                _, errors = ping.communicate(timeout=SECONDS)
                self.assertLess(time.monotonic() - since, within(TIMEOUT_MS))
                self.assertEqual(ping.returncode, 2)
                self.assertIn("connect.timeout.ms", errors)

    def test_a_server_that_reads_no_more_is_noticed(self):
        """More rows than the sockets between hold."""
        first = next(wait for wait in self.waits if wait.writing)
        for method in METHODS:
            with self.subTest(method):
                wide = Scenario("load", ("--set", f"odbc.method={method}", "--set", "batch.bytes=30000000",
                                         "--set", "buffer.bytes=100000000"))
                wide.stdin = "id,name\n" + "".join(f"{i},{'x' * 100000}\n" for i in range(200))
                self.server.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id BIGINT PRIMARY KEY, name "
                                f"{self.long_text})")
                with self.hold(wide, "t", first.place(), *NO_RETRY) as held:
                    self.assertTrue(held.wait(), held.errors)
                    held.proxy.deaf.set()
                    since = time.monotonic()
                    held.release()
                    held.finish()
                self.assertLess(len(held.proxy.received), 10000000)
                self.assertNoticed(held, since, TIMEOUT_MS)

    def test_a_server_that_hangs_is_not_waited_for_at_the_end(self):
        self.server.sql(f"DROP TABLE IF EXISTS t; CREATE TABLE t {TABLE}")
        load = Scenario("load").arguments(self.server.odbc_url, "t", "--set", "linger.ms=10")
        with subprocess.Popen(load, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=environment(TIMEOUT_MS)) as process:
            process.stdin.write(STDIN)
            process.stdin.flush()
            wait_for(lambda: self.count() == 3)
            with self.stopped() as since:
                _, errors = process.communicate(timeout=SECONDS)
                self.assertLess(time.monotonic() - since, TIMEOUT_MS / 1000)
            self.assertEqual(process.returncode, 0, errors)

    def kill_server(self):
        self.server.kill()
        self.server.start()
        return 1

    def test_a_load_survives_cut_sessions_and_a_killed_server(self):
        for method in METHODS:
            with self.subTest(method):
                self.server.sql(f"DROP TABLE IF EXISTS t; CREATE TABLE t {TABLE}")
                load = Load(self.server.odbc_url, "t", "id,name", LINES, "--batch-rows", 500, "--set",
                            "retry.base.ms=20", "--set", f"odbc.method={method}", pause=0.02)
                wait_for(lambda: self.count() > 0)  # A command that cannot start gives up.
                for fed, end in ((COUNT // 5, self.cut_sessions), (COUNT // 2, self.kill_server),
                                 (COUNT * 4 // 5, self.cut_sessions)):
                    load.wait_fed(fed)
                    # It may be about to connect again.
                    wait_for(lambda load=load, end=end: load.process.poll() is not None or end() > 0)
                code, _, errors = load.finish()
                # A batch whose COMMIT got through is written twice: the key then rejects it.
                self.assertIn(code, (0, 3), errors)
                self.assertEqual(self.count(), COUNT)
                self.assertEqual(self.count("name <> concat('row ', id)"), 0)


class PostgreSQLFaults(ServerFaults, unittest.TestCase):
    kind, proxy, label = PostgreSQL, postgresql_wire.Proxy, staticmethod(postgresql_wire.label)
    parts_by_rollback = False
    at_once, long_text = 16, "TEXT"

    @classmethod
    def setUpClass(cls):
        leaks = pathlib.Path(targets.__file__).resolve().with_name("psqlodbc.lsan")
        options = {"LSAN_OPTIONS": f"suppressions={leaks}:print_suppressions=0"}
        cls.enterClassContext(unittest.mock.patch.dict(os.environ, options))
        super().setUpClass()

    def cut_sessions(self):
        return int(self.server.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                   "WHERE datname = current_database() AND pid <> pg_backend_pid()"))


class MariaDBFaults(ServerFaults, unittest.TestCase):
    kind, proxy, label = MariaDB, mysql_wire.Proxy, staticmethod(mysql_wire.label)
    parts_by_rollback = True
    at_once, long_text = 8, "LONGTEXT"  # What describes a table takes MariaDB 0.1 s.

    def cut_sessions(self):
        others = self.server.sql_rows("SELECT id FROM information_schema.processlist WHERE db = database() "
                                      "AND id <> connection_id()")
        self.server.sql("".join(f"KILL {other};" for (other,) in others))
        return len(others)


if __name__ == "__main__":
    unittest.main()
