# SPDX-License-Identifier: Apache-2.0
"""What private database servers have in common: a directory, an account, a life and a guardian."""

import atexit
import glob
import os
import pwd
import re
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
if read -r pid < "$2" 2>/dev/null; then
    kill -CONT "$pid" 2>/dev/null
    kill -"$3" "$pid" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
fi
rm -rf "$1"
"""

# What every connection string has to carry through: it ends ODBC's values and libpq's, and a URL
# has to have it percent-encoded.
HOSTILE = ";'} \"%"


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


def is_stopped(pid):
    """Whether every thread of a process has stopped, or has ended: a signal takes its time."""
    for stat in glob.glob(f"/proc/{pid}/task/[0-9]*/stat"):
        try:
            with open(stat, encoding="utf-8", errors="replace") as file:
                if file.read().rpartition(")")[2].split()[0] not in "TtZX":
                    return False
        except OSError:
            continue
    return True


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def unprivileged_user(*names):
    """The account a server runs as: None is our own; database servers refuse root."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError(f"running as root, and there is none of the users {', '.join(names)}, nobody")


def percent(text):
    return urllib.parse.quote(text, safe="")


def odbc_value(value):
    """A value of an ODBC connection string, whatever is in it. In braces only where it has to be:
    psqlODBC takes the braces of most values for part of them."""
    if re.fullmatch(r"[\w./-]+", value):
        return value
    return "{" + value.replace("}", "}}") + "}"


def odbc_url(driver, **values):
    """An ODBC connection string as a URL: odbc:DRIVER={…};KEY=VALUE;…"""
    return f"odbc:DRIVER={{{driver}}};" + "".join(f"{key}={odbc_value(str(value))};"
                                                  for key, value in values.items())


class Server:
    """A server in a directory of its own. What differs is the subclass's:

    name, title, accounts, stop_signals (immediate among them); _make(settings), _command(),
    _pid_file(), _answers() and _ready(), once after the first start.
    """

    name = title = ""
    accounts = ()
    stop_signals = {}
    user = "outfall"
    database = "test"

    def __init__(self, settings=None):
        """`settings`: more lines of the server's configuration, as a dict."""
        self._account = unprivileged_user(*self.accounts)
        self._process = None
        self._guardian = None
        self._paused = []
        self.secret = "canary-" + secrets.token_hex(8)  # Told nowhere, in whatever spelling.
        self.password = self.secret + HOSTILE
        self.port = free_port()
        self.directory = tempfile.mkdtemp(prefix=f"outfall-{self.name}-")
        self.data = os.path.join(self.directory, "data")
        self.log = os.path.join(self.directory, "log")
        try:
            if self._account:
                os.chown(self.directory, self._account.pw_uid, self._account.pw_gid)
            self._make(settings or {})
            self._guard()
            atexit.register(self.close)
            self.start()
            self._ready()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        """The server's own; 0 where it does not run."""
        return self._process.pid if self._process else 0

    def pids(self):
        """The server's and its children's."""
        return [self.pid] + children_of(self.pid) if self._process else []

    # ---- Life ----------------------------------------------------------------------------

    def start(self):
        """Starts the server and waits until it answers."""
        if self._process and self._process.poll() is None:
            return
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.directory, start_new_session=True, **self._as())
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise ServerError(f"{self.title} did not start:\n{self._log_tail()}")
            if self._answers():
                return
            time.sleep(0.05)
        raise ServerError(f"{self.title} did not answer in {READY_SECONDS} s:\n{self._log_tail()}")

    def stop(self, mode="fast"):
        """`mode`: smart, fast or immediate (nothing is put in order: it recovers at start)."""
        if not self._process:
            return
        self.resume()
        if self._process.poll() is None:
            self._process.send_signal(self.stop_signals[mode])
        self._wait()

    def kill_immediate(self):
        """As a crash of the server alone."""
        self.stop("immediate")

    def kill(self):
        """kill -9 of the server and of every child."""
        if self._process:
            pids = self.pids()
            self._paused = []
            signal_all(pids, signal.SIGKILL)
            self._wait()

    def pause(self):
        """SIGSTOP: the server hangs, its connections stay open. It has stopped on return."""
        if self._process and not self._paused:
            self._paused = [self.pid]
            os.kill(self.pid, signal.SIGSTOP)
            self._wait_stopped()  # It starts no more children.
            self._paused = self.pids()
            signal_all(self._paused, signal.SIGSTOP)
            self._wait_stopped()

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

    # ---- Parts ---------------------------------------------------------------------------

    def _as(self):
        if not self._account:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}

    def _run_as(self, what, command):
        """Runs a program that makes part of the server, as the server's account."""
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.directory,
                              check=False, **self._as())
        if done.returncode != 0:
            raise ServerError(f"{what}: {(done.stderr or done.stdout).strip()[-2000:]}")
        return done.stdout

    def _guard(self):
        self._guardian = subprocess.Popen(
            ["sh", "-c", GUARDIAN, "guardian", self.directory, self._pid_file(),
             self.stop_signals["immediate"].name[3:]],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)

    def _wait(self):
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            signal_all(self.pids(), signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _wait_stopped(self):
        until = time.monotonic() + STOP_SECONDS
        while not all(is_stopped(pid) for pid in self._paused):
            if time.monotonic() > until:
                raise ServerError(f"{self.title} does not stop on SIGSTOP")
            time.sleep(0.001)

    def _log_tail(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return "".join(file.readlines()[-15:])
        except OSError:
            return "(no log)"
