# SPDX-License-Identifier: Apache-2.0
"""A database under test: made afresh, crashed, reached by way of a proxy, and asked what it holds."""

import threading
import time
from dataclasses import dataclass

import mysql_wire
import postgresql_wire
from servers import MariaDB, PostgreSQL, ServerError
from targets import Target
from wire import Closed, Torn

START_SECONDS = 30
HANG_SECONDS = 1.2  # Longer than the victim waits; then the session that hangs is cut.


@dataclass
class Holding:
    """What a table has of one writer, by one statement; and its line in the ledger."""
    rows: int = 0
    distinct: int = 0
    first: int = 0
    last: int = 0
    promised: int = 0  # Of the rows that were acknowledged, those that are there.
    altered: int = 0
    offset: int = 0
    checkpoint: int = 0


_servers = {}  # A run crashes its servers: each has its own.


def server_of(run, name):
    kind = {"postgresql": PostgreSQL, "mysql": MariaDB}.get(name)
    if kind and (run, name) not in _servers:
        _servers[run, name] = kind()
    return _servers.get((run, name))


def stop_servers():
    while _servers:
        _servers.popitem()[1].close()


class Database:
    def __init__(self, name, run):
        self.name = name
        self._target = Target(name, server_of(run, name))
        self.server = self._target.server
        self._is_mysql = self._target.engine == "mysql"
        self._has_ledger = False

    @property
    def url(self):
        return self._target.url

    def fresh(self, tables, keyed, poison):
        """Drops all there is and makes the tables. `keyed`: with a primary key; else what comes twice stays."""
        for name in self.prepared():  # Where a promise was broken: they would hold their locks.
            self._target.sql(f"{'XA ROLLBACK' if self._is_mysql else 'ROLLBACK PREPARED'} {name}")
        self._target.fresh()
        self._has_ledger = False
        key = ", PRIMARY KEY (writer, seq)" if keyed else ""
        check = f", CHECK (seq % {poison} <> 0)" if poison else ""
        self._target.sql("".join(
            f"CREATE TABLE {table} (writer int NOT NULL, seq bigint NOT NULL, sum bigint NOT NULL, "
            f"label varchar(48) NOT NULL{key}{check});" for table in tables))

    def close(self):
        self._target.close()

    # ---- Faults --------------------------------------------------------------------------

    def crash(self, hard):
        """Immediate stop, or kill -9 of every process."""
        if hard:
            self.server.kill()
        else:
            self.server.kill_immediate()

    def start(self):
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.server.start()
                return
            except ServerError as error:
                # A child of PostgreSQL's that was born while its parent was killed notices by itself.
                if "pre-existing shared memory block" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    # ---- Asking it -----------------------------------------------------------------------

    def holdings(self, table, acknowledged):
        """writer → Holding. `acknowledged`: writer → offset. One statement: one moment."""
        found = {}
        for kind, writer, *numbers in self._target.rows(self._query(table, acknowledged)):
            holding = found.setdefault(int(writer), Holding())
            numbers = [int(number) for number in numbers]
            if kind == "rows":
                (holding.rows, holding.distinct, holding.first, holding.last, holding.promised,
                 holding.altered) = numbers
            else:
                holding.offset, holding.checkpoint = numbers[:2]
        return found

    def _query(self, table, acknowledged):
        promised = "".join(f" WHEN {writer} THEN {offset}" for writer, offset in sorted(acknowledged.items()))
        promised = f"CASE writer{promised} ELSE 0 END" if promised else "0"
        label = "concat(writer, '-', seq)" if self._is_mysql else "writer || '-' || seq"
        number = "signed" if self._is_mysql else "int"
        # As victim.c has it.
        query = (f"SELECT 'rows', writer, count(*), count(DISTINCT seq), min(seq), max(seq), "
                 f"count(DISTINCT CASE WHEN seq <= {promised} THEN seq END), "
                 f"sum(CASE WHEN sum <> (seq * 2654435761 + writer * 40503) % 1000000007 OR label <> {label} "
                 f"THEN 1 ELSE 0 END) FROM {table} GROUP BY writer")
        if self._ledger_is_there():
            query += (f" UNION ALL SELECT 'line', CAST(writer AS {number}), source_offset, checkpoint, 0, 0, 0, 0 "
                      f"FROM outfall_fence WHERE sink LIKE '%{table}%'")
        return query

    def _ledger_is_there(self):
        if not self._has_ledger:
            catalog = {"sqlite": "sqlite_master WHERE name = 'outfall_fence'",
                       "postgresql": "pg_tables WHERE tablename = 'outfall_fence'",
                       "mysql": "information_schema.tables WHERE table_schema = database() "
                                "AND table_name = 'outfall_fence'"}[self._target.engine]
            self._has_ledger = self._target.one(f"SELECT count(*) FROM {catalog}") != "0"
        return self._has_ledger

    def prepared(self):
        """The names of transactions that are left prepared, as SQL takes them."""
        if self._target.engine == "postgresql":
            return [gid for gid, in self._target.rows("SELECT quote_literal(gid) FROM pg_prepared_xacts")]
        return [name for *_, name in self._target.rows("XA RECOVER FORMAT='SQL'")] if self._is_mysql else []


class Cut:
    """A proxy that does something to the `commit`-th COMMIT; with `again` to every third one after it."""

    def __init__(self, database, kind, commit, again):
        self.database = database
        self._kind, self._commit, self._again = kind, commit, again
        self._lock = threading.Lock()
        self._seen = 0
        self._closed = threading.Event()
        self.happened = threading.Event()
        server = database.server
        wire = postgresql_wire if database.name == "postgresql" else mysql_wire
        self._proxy = wire.Proxy(("127.0.0.1", server.port), before=self._before, change=self._change)
        self.url = server.tcp_url.replace(f":{server.port}/", f":{self._proxy.port}/")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closed.set()
        self._proxy.close()

    def _is_due(self, command):
        # COMMIT, COMMIT PREPARED, XA COMMIT, and what prepares, which may have statements before it.
        if b"COMMIT" not in command[:16] and b"PREPARE TRANSACTION" not in command and b"XA PREPARE" not in command:
            return False
        with self._lock:
            self._seen += 1
            behind = self._seen - self._commit
            return behind == 0 or (self._again and behind > 0 and behind % 3 == 0)

    def _before(self, command):
        if self._kind in ("cut before", "cut half-way in", "hang before") and self._is_due(command):
            self._happen("hang before")
            raise Torn if self._kind == "cut half-way in" else Closed

    def _change(self, command, data):
        if self._kind in ("cut after", "cut half-way back", "hang after") and self._is_due(command):
            self._happen("hang after")
            if self._kind == "cut half-way back":
                raise Torn
            return None
        return data

    def _happen(self, hang):
        self.happened.set()
        if self._kind == hang:
            self._closed.wait(HANG_SECONDS)
