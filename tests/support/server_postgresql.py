# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL server."""

import glob
import os
import shutil
import signal
import subprocess

from server_base import Server, ServerError, odbc_url, percent


def postgresql_bin():
    """The directory of initdb and postgres, which distributions keep off the PATH."""
    candidates = []
    try:
        asked = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(asked.stdout.strip())
    except FileNotFoundError:
        pass
    versions = glob.glob("/usr/lib/postgresql/*/bin") + glob.glob("/usr/pgsql-*/bin")
    candidates += sorted(versions, key=lambda path: [int(n) for n in path.replace("-", "/").split("/")
                                                     if n.isdigit()], reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        candidates.append(os.path.dirname(on_path))
    for directory in candidates:
        if directory and all(os.access(os.path.join(directory, name), os.X_OK)
                             for name in ("initdb", "postgres")):
            return directory
    raise ServerError("no PostgreSQL server found (initdb, postgres): install postgresql")


class PostgreSQL(Server):
    """A PostgreSQL server: trust on its unix socket, scram-sha-256 on 127.0.0.1."""

    name = "postgresql"
    title = "PostgreSQL"
    accounts = ("postgres",)
    # As pg_ctl's modes.
    stop_signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
    odbc_driver = "PostgreSQL Unicode"

    def __init__(self, settings=None):
        """`settings`: more lines of postgresql.conf, as a dict."""
        self._bin = postgresql_bin()
        super().__init__(settings)

    # ---- Where it is ---------------------------------------------------------------------

    @property
    def url(self):
        """Over the unix socket, without a password."""
        return self.url_of(self.database)

    @property
    def tcp_url(self):
        """Over 127.0.0.1, with the password."""
        return self.tcp_url_with(self.password)

    def tcp_url_with(self, password, database=None):
        return self._url(":" + percent(password), "127.0.0.1", database or self.database)

    def url_of(self, database):
        """As url, another database of the same server."""
        return self._url("", percent(self.directory), database)

    def _url(self, password, host, database):
        return f"postgresql://{self.user}{password}@{host}:{self.port}/{database}"

    @property
    def odbc_url(self):
        """The same by way of ODBC, over the unix socket."""
        return odbc_url(self.odbc_driver, SERVER=self.directory, PORT=self.port, UID=self.user,
                        DATABASE=self.database)

    @property
    def odbc_tcp_url(self):
        """The same by way of ODBC, over 127.0.0.1, with the password."""
        return odbc_url(self.odbc_driver, SERVER="127.0.0.1", PORT=self.port, UID=self.user,
                        DATABASE=self.database, PWD=self.password)

    def environment(self):
        """What a test program gets to know."""
        return {
            "OUTFALL_TEST_POSTGRESQL_URL": self.url,
            "OUTFALL_TEST_POSTGRESQL_TCP_URL": self.tcp_url,
            "OUTFALL_TEST_POSTGRESQL_PID": str(self.pid),
            "OUTFALL_TEST_ODBC_POSTGRESQL_URL": self.odbc_url,
            "OUTFALL_TEST_ODBC_POSTGRESQL_TCP_URL": self.odbc_tcp_url,
        }

    # ---- Asking it -----------------------------------------------------------------------

    def psql(self, sql, database=None):
        """Runs statements and returns their output: fields parted by |, NULL empty."""
        done = self._run_psql(sql, database or self.database)
        if done.returncode != 0:
            raise ServerError(f"psql: {done.stderr.strip()}\nin: {sql}")
        return done.stdout

    def psql_rows(self, sql, database=None):
        """The rows of one query as tuples of str, or None for NULL."""
        options = ["-F", "\x1f", "-R", "\x1e", "-P", "null=\x1d"]
        done = self._run_psql(sql, database or self.database, options)
        if done.returncode != 0:
            raise ServerError(f"psql: {done.stderr.strip()}\nin: {sql}")
        text = done.stdout[:-1] if done.stdout.endswith("\n") else done.stdout
        if not text:
            return []
        return [tuple(None if field == "\x1d" else field for field in row.split("\x1f"))
                for row in text.split("\x1e")]

    sql = psql
    sql_rows = psql_rows

    def _run_psql(self, sql, database, options=()):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        environment["PGCONNECT_TIMEOUT"] = "10"
        environment["PGCLIENTENCODING"] = "UTF8"
        return subprocess.run(
            ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", *options, "-h", self.directory,
             "-p", str(self.port), "-U", self.user, "-d", database],
            input=sql, capture_output=True, encoding="utf-8", env=environment, check=False)

    # ---- Parts ---------------------------------------------------------------------------

    def _pid_file(self):
        return os.path.join(self.data, "postmaster.pid")

    def _command(self):
        return [os.path.join(self._bin, "postgres"), "-D", self.data]

    def _answers(self):
        return self._run_psql("SELECT 1", "postgres").returncode == 0

    def _ready(self):
        if self.database != "postgres":
            self.psql(f'CREATE DATABASE "{self.database}"', database="postgres")

    def _make(self, settings):
        password_file = os.path.join(self.directory, "password")
        with open(password_file, "w", encoding="utf-8") as file:
            file.write(self.password + "\n")
        if self._account:
            os.chown(password_file, self._account.pw_uid, self._account.pw_gid)
        self._run_as("initdb", [
            os.path.join(self._bin, "initdb"), "-D", self.data, "-U", self.user, "-E", "UTF8",
            "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256",
            f"--pwfile={password_file}", "--no-instructions",
            "--no-sync"])  # Of initdb itself only; the server keeps fsync on.
        os.unlink(password_file)
        values = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.directory,
            "max_prepared_transactions": 20,
            "logging_collector": "off",
            **settings,
        }
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            for key, value in values.items():
                quoted = str(value).replace("'", "''")
                file.write(f"{key} = '{quoted}'\n")
