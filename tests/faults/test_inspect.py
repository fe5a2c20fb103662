# SPDX-License-Identifier: Apache-2.0
"""A database that cannot keep the promise of exactly-once is refused at open: the message names what is
wrong and the remedy, and with the remedy the load goes through."""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from server_base import free_port, odbc_url
from server_pgbouncer import PgBouncer
from targets import COMMAND, MariaDB, server, test_classes

BUILD = os.environ["OUTFALL_BUILD"]
INSPECT = os.path.join(BUILD, "tests", "cli.inspect")
MODULES = os.environ["OUTFALL_DRIVER_PATH"]
NOT_BY_ODBC = "prepares no transactions: make this database the home"
ALLOWS = "durability=allow"


class Inspections:
    def setUp(self):
        self.target.fresh()
        directory = tempfile.TemporaryDirectory(prefix="outfall-inspect-")
        self.addCleanup(directory.cleanup)
        self.file = pathlib.Path(directory.name) / "rows.csv"
        self.file.write_text("id\n1\n", encoding="utf-8")
        self.source = 0

    def load(self, *options, url=None):
        self.source += 1
        return subprocess.run([COMMAND, "load", "--to", url or self.target.url, "--table", "t", "--delivery",
                               "exactly-once", "--source-id", f"source {self.source}", *options, str(self.file)],
                              capture_output=True, text=True, timeout=60, check=False)

    def assertOpens(self, *options, url=None):
        done = self.load(*options, url=url)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("loaded 1 rows", done.stdout)

    def assertRefused(self, *words, url=None, allowed=False):
        """With all of the words, and whatever was to be written is not; `allowed`: it can be all the same."""
        done = self.load(url=url)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(ALLOWS in done.stderr, allowed, done.stderr)
        if allowed:
            self.assertOpens("--set", ALLOWS, url=url)
        else:
            self.assertEqual(self.load("--set", ALLOWS, url=url).returncode, 2)

    def inspect(self, prepared, url=None):
        return subprocess.run([INSPECT, os.path.join(MODULES, f"{self.target.driver}.so"), url or self.target.url,
                               "t", str(prepared)], capture_output=True, text=True, timeout=60, check=False)

    def assertPrepares(self, prepared, url=None):
        if self.target.driver == "odbc":  # Its dialects of these databases do not, however they are set.
            self.assertNotPrepared(prepared, NOT_BY_ODBC, url=url)
            return
        done = self.inspect(prepared, url)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assertNotPrepared(self, prepared, *words, url=None):
        if self.target.driver == "odbc":
            words = (NOT_BY_ODBC,)
        done = self.inspect(prepared, url)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stdout)

    def wait_for_value(self, query, value):
        """A new session has it: settings that are read again take a moment."""
        until = time.monotonic() + 20
        while self.target.server.sql(query).strip() != value:
            self.assertLess(time.monotonic(), until, f"{query} is not {value}")
            time.sleep(0.02)

    def each(self, cases):
        """Breaks, is refused, is mended by what the message says, and opens."""
        for name, wrong, message, remedy, allowed in cases:
            with self.subTest(name):
                self.addCleanup(self.target.server.sql, remedy)
                self.target.server.sql(wrong)
                self.assertRefused(message, remedy.removeprefix(FORCE), allowed=allowed)
                self.target.server.sql(remedy)
                self.assertOpens()


FORCE = "SET default_transaction_read_only = off; "  # Whoever mends it must be able to.


class PostgreSQL(Inspections):
    def setUp(self):
        super().setUp()
        self.target.sql("CREATE TABLE t (id integer)")
        self.assertOpens()

    def test_roles_and_tables(self):
        self.each([
            ("synchronous_commit", "ALTER ROLE outfall SET synchronous_commit = off", "synchronous_commit is off",
             "ALTER ROLE outfall SET synchronous_commit = on", True),
            ("read-only", "ALTER ROLE outfall SET default_transaction_read_only = on", "transaction_read_only is on",
             FORCE + "ALTER ROLE outfall SET default_transaction_read_only = off", False),
            ("target", "ALTER TABLE t SET UNLOGGED", "t is unlogged", "ALTER TABLE t SET LOGGED", False),
            ("fence", "ALTER TABLE outfall_fence SET UNLOGGED", "outfall_fence, the ledger, is unlogged",
             "ALTER TABLE outfall_fence SET LOGGED", False),
            ("ledger", "ALTER TABLE outfall_ledger SET UNLOGGED", "outfall_ledger, the ledger, is unlogged",
             "ALTER TABLE outfall_ledger SET LOGGED", False),
        ])

    def test_fsync(self):
        self.addCleanup(self.target.sql, "ALTER SYSTEM RESET fsync;SELECT pg_reload_conf()")
        self.target.sql("ALTER SYSTEM SET fsync = off;SELECT pg_reload_conf()")
        self.wait_for_value("SHOW fsync", "off")
        self.assertRefused("fsync is off", "ALTER SYSTEM SET fsync = on and SELECT pg_reload_conf()", allowed=True)
        self.target.sql("ALTER SYSTEM SET fsync = on;SELECT pg_reload_conf()")
        self.wait_for_value("SHOW fsync", "on")
        self.assertOpens()

    def test_at_least_once_is_not_judged(self):
        self.addCleanup(self.target.sql, "ALTER ROLE outfall RESET synchronous_commit")
        self.target.sql("ALTER ROLE outfall SET synchronous_commit = off; ALTER TABLE t SET UNLOGGED")
        done = subprocess.run([COMMAND, "load", "--to", self.target.url, "--table", "t", str(self.file)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_partitions_and_views(self):
        self.target.sql("DROP TABLE t; CREATE TABLE t (id integer) PARTITION BY RANGE (id);"
                        "CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO (9);"
                        "CREATE UNLOGGED TABLE high PARTITION OF t FOR VALUES FROM (9) TO (99)")
        self.assertRefused("high is unlogged", "ALTER TABLE high SET LOGGED")
        self.target.sql("ALTER TABLE high SET LOGGED")
        self.assertOpens()
        self.target.sql("DROP TABLE t; CREATE UNLOGGED TABLE base (id integer); CREATE TABLE other (id integer);"
                        "CREATE VIEW middle AS SELECT id FROM base; CREATE VIEW t AS SELECT id FROM middle")
        self.assertRefused("base is unlogged", "ALTER TABLE base SET LOGGED")
        self.target.sql("ALTER TABLE base SET LOGGED")
        self.assertOpens()

    def test_foreign_tables(self):
        self.target.sql("DROP TABLE t; CREATE EXTENSION IF NOT EXISTS postgres_fdw;"
                        "CREATE SERVER IF NOT EXISTS elsewhere FOREIGN DATA WRAPPER postgres_fdw;"
                        "CREATE USER MAPPING IF NOT EXISTS FOR outfall SERVER elsewhere;"
                        "CREATE FOREIGN TABLE t (id integer) SERVER elsewhere")
        self.assertRefused("t is a foreign table", "write to the server that has it")

    def test_an_account_of_few_rights(self):
        url = self.target.url.replace("outfall@", "low@").replace("UID=outfall", "UID=low")
        self.target.sql("DROP TABLE outfall_fence, outfall_ledger; DROP ROLE IF EXISTS low; CREATE ROLE low LOGIN;"
                        "GRANT USAGE ON SCHEMA public TO low; GRANT INSERT ON t TO low")
        self.addCleanup(self.target.sql, "DROP OWNED BY low; DROP ROLE low")
        done = self.load(url=url)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("permission denied for schema public", done.stderr)
        self.assertOpens()  # By somebody who may: the ledger is there now.
        self.assertRefused("right to SELECT, INSERT, UPDATE on outfall_fence", url=url)
        self.target.sql("GRANT SELECT, UPDATE ON outfall_fence TO low")
        self.assertRefused("right to INSERT on outfall_fence",
                           "GRANT SELECT, INSERT, UPDATE ON outfall_fence TO low", url=url)
        self.target.sql("GRANT SELECT, INSERT, UPDATE ON outfall_fence TO low")
        self.assertOpens(url=url)
        self.assertNotPrepared(1, "right to SELECT, INSERT, DELETE on outfall_ledger",
                               "GRANT SELECT, INSERT, DELETE ON outfall_ledger TO low", url=url)
        self.target.sql("GRANT SELECT, INSERT, DELETE ON outfall_ledger TO low")
        self.assertPrepares(1, url=url)

    def test_slots_for_prepared_transactions(self):
        def restart():
            self.target.server.stop()
            self.target.server.start()

        self.addCleanup(restart)  # The last thing that is done.
        self.addCleanup(self.target.sql, "ALTER SYSTEM RESET max_prepared_transactions")
        self.target.sql("BEGIN; INSERT INTO t VALUES (7); PREPARE TRANSACTION 'one'")
        self.addCleanup(self.target.sql, "ROLLBACK PREPARED 'one'")
        self.assertPrepares(20)
        self.assertNotPrepared(21, "max_prepared_transactions is 20 (19 free)",
                               "ALTER SYSTEM SET max_prepared_transactions = 21", "restart")
        self.target.sql("ALTER SYSTEM SET max_prepared_transactions = 21")
        restart()
        self.assertPrepares(21)

    def test_a_standby(self):
        mark = os.path.join(self.target.server.data, "standby.signal")
        self.target.server.stop()
        self.addCleanup(self.target.server.start)
        pathlib.Path(mark).touch()
        self.target.server.start()
        self.assertRefused("the server is a standby", "name the primary in the URL")
        self.target.sql("SELECT pg_promote()")
        self.assertOpens()


class Pooled(Inspections):
    def setUp(self):
        super().setUp()
        self.target.sql("CREATE TABLE t (id integer)")

    def test_a_pooler(self):
        with PgBouncer(self.target.server, "transaction") as pooler:
            for _ in range(5):
                self.assertRefused("in transaction mode", "set pool_mode = session", url=pooler.url)
        with PgBouncer(self.target.server, "session") as pooler:
            self.assertOpens(url=pooler.url)
        self.assertEqual(self.target.one("SELECT count(*) FROM t"), "1")


class MySQL(Inspections):
    @staticmethod
    def start_server():
        # A binary log, and durable with it: MariaDB's default is not.
        server(MariaDB, settings={"log-bin": "binlog", "server-id": "1", "sync_binlog": "1"})

    def setUp(self):
        super().setUp()
        self.target.sql("CREATE TABLE t (id integer)")
        self.assertOpens()

    def test_variables_and_tables(self):
        self.each([
            ("flush", "SET GLOBAL innodb_flush_log_at_trx_commit = 2", "innodb_flush_log_at_trx_commit is 2",
             "SET GLOBAL innodb_flush_log_at_trx_commit = 1", True),
            ("binlog", "SET GLOBAL sync_binlog = 0", "sync_binlog is 0", "SET GLOBAL sync_binlog = 1", True),
            ("read-only", "SET GLOBAL TRANSACTION READ ONLY", "transactions are read-only",
             "SET GLOBAL TRANSACTION READ WRITE", False),
            ("fence", "ALTER TABLE outfall_fence ENGINE = Aria", "the engine of outfall_fence, the ledger, is Aria",
             "ALTER TABLE outfall_fence ENGINE = InnoDB", False),
        ])
        self.target.sql("ALTER TABLE outfall_ledger ENGINE = MyISAM")
        self.assertOpens()
        self.assertNotPrepared(1, "the engine of outfall_ledger, the ledger, is MyISAM",
                               "ALTER TABLE outfall_ledger ENGINE = InnoDB")
        self.target.sql("ALTER TABLE outfall_ledger ENGINE = InnoDB")
        self.assertPrepares(1)

    def test_engines_of_the_target(self):
        for engine in ("MyISAM", "Aria", "MEMORY", "CSV", "MyISAM PARTITION BY HASH (id) PARTITIONS 2"):
            with self.subTest(engine):
                self.target.sql(f"DROP TABLE t; CREATE TABLE t (id integer NOT NULL) ENGINE = {engine}")
                self.assertRefused("`t`", "ALTER TABLE", "InnoDB")
                self.target.sql("ALTER TABLE t ENGINE = InnoDB")
                self.assertOpens()

    def test_a_table_of_another_server(self):
        """It takes part in transactions, but not in ours: the two are committed apart."""
        self.target.sql("INSTALL SONAME 'ha_federatedx'")
        self.addCleanup(self.target.sql, "DROP TABLE IF EXISTS t; DROP SERVER IF EXISTS elsewhere; UNINSTALL SONAME 'ha_federatedx'")
        self.target.sql("CREATE SERVER elsewhere FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'localhost', USER 'outfall', "
                        f"DATABASE 'test', SOCKET '{self.target.server.socket}')")
        self.target.sql("DROP TABLE t; CREATE TABLE far (id integer PRIMARY KEY); CREATE TABLE t (id integer PRIMARY "
                        "KEY) ENGINE = FEDERATED CONNECTION = 'elsewhere/far'")
        self.assertRefused("`t`", "FEDERATED", "InnoDB")

    def test_an_account_of_few_rights(self):
        url = self.target.url.replace("outfall@", "low@").replace("UID=outfall", "UID=low")
        self.target.sql("DROP TABLE outfall_fence, outfall_ledger; CREATE OR REPLACE USER low@localhost;"
                        "GRANT INSERT ON t TO low@localhost")
        self.addCleanup(self.target.sql, "DROP USER low@localhost")
        grant = "GRANT CREATE, SELECT, INSERT, UPDATE ON outfall_fence TO 'low'@'localhost'"
        self.assertRefused(grant, url=url)
        self.target.sql(grant)
        self.assertOpens(url=url)  # It has made the fence itself, and may not make the other one.
        self.target.sql("DROP TABLE outfall_fence; REVOKE ALL ON outfall_fence FROM low@localhost")
        self.assertOpens()
        for right in ("SELECT", "SELECT, UPDATE", "INSERT", "INSERT, UPDATE", "INSERT, SELECT"):
            with self.subTest(right):
                self.target.sql(f"GRANT {right} ON outfall_fence TO low@localhost")
                self.assertRefused(grant, url=url)
                self.target.sql("REVOKE ALL ON outfall_fence FROM low@localhost")
        self.target.sql("GRANT SELECT, INSERT, UPDATE ON outfall_fence TO low@localhost")
        self.assertOpens(url=url)
        grant = "GRANT CREATE, SELECT, INSERT, DELETE ON outfall_ledger TO 'low'@'localhost'"
        self.assertNotPrepared(1, grant, url=url)
        self.target.sql("GRANT INSERT ON outfall_ledger TO low@localhost")
        self.assertNotPrepared(1, grant, url=url)
        self.target.sql(grant)
        self.assertPrepares(1, url=url)

    def test_a_server_that_is_read_only_for_this_account(self):
        url = self.target.url.replace("outfall@", "low@").replace("UID=outfall", "UID=low")
        self.target.sql("CREATE OR REPLACE USER low@localhost; GRANT SELECT, INSERT, UPDATE, CREATE ON test.* TO "
                        "low@localhost; SET GLOBAL read_only = ON")
        self.addCleanup(self.target.sql, "SET GLOBAL read_only = OFF; DROP USER low@localhost")
        self.assertRefused("takes no writes from this account", "SET GLOBAL read_only = OFF", url=url)
        self.assertOpens()  # Whoever may write all the same.
        self.target.sql("SET GLOBAL read_only = OFF")
        self.assertOpens(url=url)


class Galera(unittest.TestCase):
    """A cluster of one."""

    def test_a_cluster_keeps_a_ledger_and_prepares_nothing(self):
        settings = {"wsrep_on": "ON", "wsrep_provider": "/usr/lib/galera/libgalera_smm.so",
                    "wsrep_cluster_address": "gcomm://", "wsrep_node_address": "127.0.0.1",
                    "wsrep_provider_options": f"gmcast.listen_addr=tcp://127.0.0.1:{free_port()};"
                                              f"ist.recv_addr=127.0.0.1:{free_port()}",
                    "binlog_format": "ROW", "innodb_autoinc_lock_mode": "2"}
        with MariaDB(settings=settings) as node:
            for driver, url in (("mysql", node.url), ("odbc", node.odbc_url)):
                with self.subTest(driver):
                    node.sql("CREATE OR REPLACE TABLE t (id integer PRIMARY KEY)")
                    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
                        file.write("id\n1\n")
                        file.flush()
                        done = subprocess.run([COMMAND, "load", "--to", url, "--table", "t", "--delivery",
                                               "exactly-once", "--source-id", driver, file.name],
                                              capture_output=True, text=True, timeout=60, check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    done = subprocess.run([INSPECT, os.path.join(MODULES, f"{driver}.so"), url, "t", "1"],
                                          capture_output=True, text=True, timeout=60, check=False)
                    self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                    self.assertIn(NOT_BY_ODBC if driver == "odbc" else "wsrep_on is ON", done.stdout)


class SQLite(Inspections):
    def test_a_file_as_it_is_opened_by_default(self):
        self.target.sql("CREATE TABLE t (id integer)")
        self.assertOpens()

    def test_settings(self):
        by_odbc = self.target.driver == "odbc"

        def url(**values):
            return odbc_url("SQLite3", DATABASE=self.target.path, **values)

        self.target.sql("CREATE TABLE t (id integer)")
        for value in ("NORMAL", "OFF"):
            with self.subTest(value):
                wrong = (url(SyncPragma=value) if by_odbc
                         else f"{self.target.url}?outfall.sqlite.synchronous={value.lower()}")
                self.assertRefused(f"synchronous is {value}", "sqlite.synchronous=full", "SyncPragma=FULL", url=wrong,
                                   allowed=True)
        right = url(SyncPragma="FULL") if by_odbc else f"{self.target.url}?outfall.sqlite.synchronous=full"
        self.assertOpens(url=right)
        if by_odbc:
            self.assertRefused("journal_mode is memory", "JournalMode=WAL", url=url(JournalMode="MEMORY"))
            self.assertOpens(url=url(JournalMode="WAL"))
        else:
            self.assertOpens("--set", "sqlite.journal=delete")

    def test_a_database_in_memory(self):
        memory = odbc_url("SQLite3", DATABASE=":memory:") if self.target.driver == "odbc" else "sqlite::memory:"
        done = self.load("--create", url=memory)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("name a file", done.stderr)


def with_server(tests):
    """The server is started with the class's own settings, before the class's target asks for one."""
    for name in list(globals()):
        made = globals()[name]
        if isinstance(made, type) and issubclass(made, tests) and made is not tests:
            set_up = made.setUpClass.__func__
            made.setUpClass = classmethod(lambda cls, set_up=set_up: (cls.start_server(), set_up(cls)))


test_classes(globals(), PostgreSQL, ("postgresql", "odbc-postgresql"))
test_classes(globals(), Pooled, ("postgresql",))
test_classes(globals(), MySQL, ("mysql", "odbc-mariadb"))
test_classes(globals(), SQLite, ("sqlite", "odbc-sqlite"))
with_server(MySQL)
