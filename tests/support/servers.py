# SPDX-License-Identifier: Apache-2.0
"""Private database servers for tests: made in a temporary directory, always stopped at the end.

    with PostgreSQL() as server:
        server.psql("CREATE TABLE t (id bigint)")
        run(["outfall", "load", "--to", server.url, ...])

A server class offers: name, url, environment(), start(), stop(mode), kill_immediate(), pause(),
resume(), close(), and is a context manager. Durability settings are the database's own defaults
(fsync on): what a test shows here holds outside.
"""

import atexit
import glob
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

READY_SECONDS = 60
STOP_SECONDS = 30

# Waits for the end of the test process (its end of the pipe closes however it dies), then ends the
# server and removes its directory. Bound to the process, not to a signal: kill -9 is covered.
GUARDIAN = r"""
read -r _ || true
if read -r pid < "$1/data/postmaster.pid" 2>/dev/null; then
    kill -CONT "$pid" 2>/dev/null
    kill -QUIT "$pid" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
fi
rm -rf "$1"
"""


class ServerError(Exception):
    """A server could not be made, started or asked; the message has its log's last lines."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children_of(pid):
    """The processes whose parent is `pid`, from /proc."""
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.split("/")[2]))
    return found


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def unprivileged_user():
    """The account a server runs as: None is our own; database servers refuse root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError("running as root, and there is neither a user postgres nor a user nobody")


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


class PostgreSQL:
    """A PostgreSQL server: trust on its unix socket, scram-sha-256 on 127.0.0.1."""

    name = "postgresql"
    user = "outfall"
    database = "test"

    def __init__(self, settings=None):
        """`settings`: more lines of postgresql.conf, as a dict."""
        self._bin = postgresql_bin()
        self._account = unprivileged_user()
        self._process = None
        self._guardian = None
        self._paused = []
        self.password = "canary-" + secrets.token_hex(8)
        self.port = free_port()
        self.directory = tempfile.mkdtemp(prefix="outfall-pg-")
        self.data = os.path.join(self.directory, "data")
        self.log = os.path.join(self.directory, "log")
        try:
            self._make(settings or {})
            self._guard()
            atexit.register(self.close)
            self.start()
            if self.database != "postgres":
                self.psql(f'CREATE DATABASE "{self.database}"', database="postgres")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- Where it is ---------------------------------------------------------------------

    @property
    def url(self):
        """Over the unix socket, without a password."""
        return self._url("", urllib.parse.quote(self.directory, safe=""), self.database)

    @property
    def tcp_url(self):
        """Over 127.0.0.1, with the password."""
        return self.tcp_url_with(self.password)

    def tcp_url_with(self, password, database=None):
        return self._url(":" + urllib.parse.quote(password, safe=""), "127.0.0.1",
                         database or self.database)

    def url_of(self, database):
        """As url, another database of the same server."""
        return self._url("", urllib.parse.quote(self.directory, safe=""), database)

    def _url(self, password, host, database):
        return f"postgresql://{self.user}{password}@{host}:{self.port}/{database}"

    def environment(self):
        """What a test program gets to know."""
        return {
            "OUTFALL_TEST_POSTGRESQL_URL": self.url,
            "OUTFALL_TEST_POSTGRESQL_TCP_URL": self.tcp_url,
            "OUTFALL_TEST_POSTGRESQL_PID": str(self.pid),
        }

    @property
    def pid(self):
        """The postmaster's."""
        return self._process.pid if self._process else 0

    def pids(self):
        """The postmaster's and its children's, backends among them."""
        return [self.pid] + children_of(self.pid) if self._process else []

    # ---- Life ----------------------------------------------------------------------------

    def start(self):
        """Starts the server and waits until it answers."""
        if self._process and self._process.poll() is None:
            return
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [os.path.join(self._bin, "postgres"), "-D", self.data], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self.directory, start_new_session=True, **self._as())
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise ServerError(f"PostgreSQL did not start:\n{self._log_tail()}")
            if self._run_psql("SELECT 1", "postgres").returncode == 0:
                return
            time.sleep(0.05)
        raise ServerError(f"PostgreSQL did not answer in {READY_SECONDS} s:\n{self._log_tail()}")

    def stop(self, mode="fast"):
        """`mode` as pg_ctl's: smart, fast or immediate (no checkpoint: it recovers at start)."""
        if not self._process:
            return
        self.resume()
        if self._process.poll() is None:
            self._process.send_signal({"smart": signal.SIGTERM, "fast": signal.SIGINT,
                                       "immediate": signal.SIGQUIT}[mode])
        self._wait()

    def kill_immediate(self):
        """As pg_ctl stop -m immediate."""
        self.stop("immediate")

    def kill(self):
        """kill -9 of the postmaster and of every child."""
        if self._process:
            pids = self.pids()
            self._paused = []
            signal_all(pids, signal.SIGKILL)
            self._wait()

    def pause(self):
        """SIGSTOP: the server hangs, its connections stay open."""
        if self._process and not self._paused:
            os.kill(self.pid, signal.SIGSTOP)  # First, so that it starts no more children.
            self._paused = self.pids()
            signal_all(self._paused, signal.SIGSTOP)

    def resume(self):
        signal_all(reversed(self._paused), signal.SIGCONT)
        self._paused = []

    def close(self):
        """Stops the server and removes its files. May be called twice."""
        try:
            self.stop("immediate")
        finally:
            atexit.unregister(self.close)
            if self._guardian:
                self._guardian.stdin.close()
                self._guardian.wait()
                self._guardian = None
            shutil.rmtree(self.directory, ignore_errors=True)

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

    def _run_psql(self, sql, database, options=()):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        environment["PGCONNECT_TIMEOUT"] = "10"
        environment["PGCLIENTENCODING"] = "UTF8"
        return subprocess.run(
            ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", *options, "-h", self.directory,
             "-p", str(self.port), "-U", self.user, "-d", database],
            input=sql, capture_output=True, encoding="utf-8", env=environment, check=False)

    # ---- Parts ---------------------------------------------------------------------------

    def _as(self):
        if not self._account:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}

    def _make(self, settings):
        password_file = os.path.join(self.directory, "password")
        with open(password_file, "w", encoding="utf-8") as file:
            file.write(self.password + "\n")
        if self._account:
            for path in (self.directory, password_file):
                os.chown(path, self._account.pw_uid, self._account.pw_gid)
        made = subprocess.run(
            [os.path.join(self._bin, "initdb"), "-D", self.data, "-U", self.user, "-E", "UTF8",
             "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256",
             f"--pwfile={password_file}", "--no-instructions",
             "--no-sync"],  # Of initdb itself only; the server keeps fsync on.
            capture_output=True, text=True, cwd=self.directory, check=False, **self._as())
        os.unlink(password_file)
        if made.returncode != 0:
            raise ServerError(f"initdb: {made.stderr.strip()}")
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

    def _guard(self):
        self._guardian = subprocess.Popen(
            ["sh", "-c", GUARDIAN, "guardian", self.directory], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def _wait(self):
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            signal_all(self.pids(), signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _log_tail(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return "".join(file.readlines()[-15:])
        except OSError:
            return "(no log)"


SERVERS = {server.name: server for server in (PostgreSQL,)}
