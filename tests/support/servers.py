# SPDX-License-Identifier: Apache-2.0
"""Private database servers for tests: made in a temporary directory, always stopped at the end.

    with PostgreSQL() as server:
        server.sql("CREATE TABLE t (id bigint)")
        run(["outfall", "load", "--to", server.url, ...])

A server class offers: name, url, tcp_url, odbc_url, odbc_tcp_url, environment(), start(),
stop(mode), kill_immediate(), kill(), pause(), resume(), close(), sql(), sql_rows(), and is a context
manager. Durability settings are the database's own defaults (fsync on): what a test shows here holds
outside.
"""

from oracle_standin import OracleStandIn
from server_base import ServerError, free_port
from server_mariadb import MariaDB
from server_postgresql import PostgreSQL

__all__ = ["MariaDB", "OracleStandIn", "PostgreSQL", "SERVERS", "ServerError", "free_port"]

SERVERS = {server.name: server for server in (PostgreSQL, MariaDB, OracleStandIn)}
