# SPDX-License-Identifier: Apache-2.0
"""The stand-in for Oracle: tests/standin's ODBC driver before a private PostgreSQL with orafce."""

from server_base import odbc_url
from server_postgresql import PostgreSQL
from tree import BUILD, SOURCE

DRIVER = BUILD / "tests" / "liboutfall_oracle_standin.so"
DICTIONARY = SOURCE / "tests" / "standin" / "dictionary.sql"


class OracleStandIn(PostgreSQL):
    """`odbc_url` is as one for Oracle; `url` is the database behind it, to read back from."""

    name = "oracle"
    title = "PostgreSQL behind the stand-in for Oracle"
    schema = "OUTFALL"  # As Oracle has it: named after the user, in capitals.

    def _ready(self):
        super()._ready()
        self.psql("CREATE EXTENSION orafce")
        self.psql(DICTIONARY.read_text(encoding="utf-8"))
        self.psql(f'CREATE SCHEMA "{self.schema}"; GRANT USAGE ON SCHEMA "{self.schema}", oracle TO PUBLIC; '
                  "GRANT SELECT ON ALL TABLES IN SCHEMA oracle TO PUBLIC")
        self.psql(f'ALTER DATABASE "{self.database}" SET search_path = "{self.schema}", oracle')

    def fresh(self):
        """An empty database."""
        self.psql(f'SET client_min_messages = warning; DROP SCHEMA "{self.schema}" CASCADE; '
                  f'CREATE SCHEMA "{self.schema}"; GRANT USAGE ON SCHEMA "{self.schema}" TO PUBLIC')

    @property
    def odbc_url(self):
        return self.odbc_url_with()

    @property
    def odbc_tcp_url(self):
        return self.odbc_url_with(SERVER="127.0.0.1", PWD=self.password)

    def odbc_url_with(self, **values):
        """With more keywords, or other values: FAULT, VERSION (tests/standin/connect.h)."""
        return odbc_url(DRIVER, **{"SERVER": self.directory, "PORT": self.port, "UID": self.user,
                                   "DATABASE": self.database, **values})

    def environment(self):
        """What a test program gets to know."""
        return {
            "OUTFALL_TEST_ODBC_ORACLE_URL": self.odbc_url,
            "OUTFALL_TEST_ODBC_ORACLE_TCP_URL": self.odbc_tcp_url,
            "OUTFALL_TEST_ODBC_ORACLE_NATIVE_URL": self.url,
        }
