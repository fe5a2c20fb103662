# SPDX-License-Identifier: Apache-2.0
"""What program tests load into: every URL that there is, each with another client that reads it back.

    class Modes:                                      # The tests; self.target is a Target.
        ...

    test_classes(globals(), Modes)                    # A class for each target: Modes_sqlite, …

The servers are started once in a test process, for those targets that a class was made of, and end with it.
"""

import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import unittest

from server_base import odbc_url
from servers import MariaDB, OracleStandIn, PostgreSQL

COMMAND = os.environ.get("OUTFALL_COMMAND", "outfall")

_servers = {}


def server(kind, **options):
    """The one server of its kind."""
    if kind not in _servers:
        _servers[kind] = kind(**options)
    return _servers[kind]


def stop_servers():
    while _servers:
        _servers.popitem()[1].close()


def drivers():
    """The schemes that this installation has a driver for."""
    listed = subprocess.run([COMMAND, "drivers"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"(?m)^(\w+)  ", listed))


class Target:
    """A database that can be written to by one URL.

    engine: sqlite, postgresql, mysql or oracle (its stand-in: PostgreSQL's SQL): the SQL that sql() takes.
    driver: Outfall's.
    """

    def __init__(self, name, own=None):
        """`own`: a server that is used instead of the one that is shared; the caller's."""
        self.name = name
        self.driver, _, database = name.partition("-")
        self.engine = {"mariadb": "mysql"}.get(database, database) or self.driver
        self._directory = None
        self.server = None
        if self.engine == "sqlite":
            self._directory = tempfile.TemporaryDirectory(prefix="outfall-target-")
            self.path = pathlib.Path(self._directory.name) / "test.db"
        else:
            self.server = own or server({"postgresql": PostgreSQL, "mysql": MariaDB,
                                          "oracle": OracleStandIn}[self.engine])

    @property
    def url(self):
        if self.engine != "sqlite":
            return self.server.odbc_url if self.driver == "odbc" else self.server.url
        return (odbc_url("SQLite3", DATABASE=self.path, TIMEOUT=20000) if self.driver == "odbc"
                else f"sqlite:{self.path}")

    @property
    def password_url(self):
        """By TCP, with a password; None where there is no such thing."""
        if self.server is None:
            return None
        return self.server.odbc_tcp_url if self.driver == "odbc" else self.server.tcp_url

    def fresh(self):
        """An empty database."""
        if self.engine == "sqlite":
            for suffix in ("", "-wal", "-shm", "-journal"):
                pathlib.Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            self.sql("PRAGMA journal_mode = wal")  # Makes the file.
        elif self.engine == "postgresql":
            self.server.sql("SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        elif self.engine == "oracle":
            self.server.fresh()
        else:
            self.server.sql(f"DROP DATABASE {self.server.database}; CREATE DATABASE {self.server.database}",
                            "mysql")

    def close(self):
        if self._directory:
            self._directory.cleanup()

    # ---- Asking it -----------------------------------------------------------------------

    def sql(self, text):
        """Runs statements."""
        if self.engine != "sqlite":
            self.server.sql(text)
            return
        connection = sqlite3.connect(self.path, timeout=30)
        connection.executescript(text)
        connection.close()

    def rows(self, query):
        """The rows of a query as tuples of str, or None for NULL."""
        if self.engine != "sqlite":
            return self.server.sql_rows(query)
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            return [tuple(None if value is None else str(value) for value in row)
                    for row in connection.execute(query)]
        finally:
            connection.close()

    def one(self, query):
        ((value,),) = self.rows(query)
        return value

    def quote(self, name):
        """An identifier in the engine's quotes."""
        mark = "`" if self.engine == "mysql" else '"'
        return mark + name.replace(mark, mark * 2) + mark


TARGETS = ("sqlite", "postgresql", "mysql", "odbc-postgresql", "odbc-mariadb", "odbc-sqlite")
LEDGER_TARGETS = (*TARGETS, "odbc-oracle")


def test_classes(module, tests, names=TARGETS):
    """Puts into a module a class of `tests`, a mixin, for each target.

    OUTFALL_TEST_TARGETS, names with commas between, leaves out others: `make test` has those of one
    driver and several databases go without sanitizers. Where the installation has no driver for a target its tests are skipped, with that reason.
    """
    def set_up_class(cls):
        if cls.driver not in drivers():
            raise unittest.SkipTest(f"this build has no driver for {cls.driver}:")
        cls.target = Target(cls.target_name)
        cls.addClassCleanup(cls.target.close)

    def make(name):
        return type(f"{tests.__name__}_{name.replace('-', '_')}", (tests, unittest.TestCase),
                    {"target_name": name, "driver": name.partition("-")[0], "__module__": module["__name__"],
                     "setUpClass": classmethod(set_up_class)})

    unittest.addModuleCleanup(stop_servers)
    wanted = os.environ.get("OUTFALL_TEST_TARGETS", ",".join(LEDGER_TARGETS)).split(",")
    for name in (name for name in names if name in wanted):
        made = make(name)
        module[made.__name__] = made
