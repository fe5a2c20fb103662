# SPDX-License-Identifier: Apache-2.0
"""A private PgBouncer before a private PostgreSQL."""

import os
import shutil
import signal
import subprocess

from server_base import Server, percent


class PgBouncer(Server):
    """A pooler; `mode`: session, transaction or statement. It asks for no password, and gives the server's socket."""

    name = "pgbouncer"
    title = "PgBouncer"
    accounts = ("postgres",)
    stop_signals = {"smart": signal.SIGINT, "fast": signal.SIGTERM, "immediate": signal.SIGTERM}

    def __init__(self, server, mode):
        self._server = server
        self.database, self.user = server.database, server.user
        super().__init__({"pool_mode": mode})

    @property
    def url(self):
        return f"postgresql://{self.user}@{percent(self.directory)}:{self.port}/{self.database}"

    def _pid_file(self):
        return os.path.join(self.directory, "pid")

    def _command(self):
        found = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        return [found or "pgbouncer", os.path.join(self.directory, "pgbouncer.ini")]

    def _answers(self):
        return subprocess.run(["psql", "-X", "-h", self.directory, "-p", str(self.port), "-U", self.user, "-d",
                               self.database, "-c", "SELECT 1"], capture_output=True, check=False).returncode == 0

    def _ready(self):
        pass

    def _make(self, settings):
        values = {"listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": self.directory,
                  "auth_type": "any", "pidfile": self._pid_file(), "default_pool_size": 10, **settings}
        lines = ["[databases]", f"{self.database} = host={self._server.directory} port={self._server.port} "
                 f"user={self._server.user}", "[pgbouncer]", *(f"{key} = {value}" for key, value in values.items())]
        with open(os.path.join(self.directory, "pgbouncer.ini"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
