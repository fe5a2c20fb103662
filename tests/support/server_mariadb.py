# SPDX-License-Identifier: Apache-2.0
"""A private MariaDB server."""

import os
import re
import shutil
import signal
import subprocess
import xml.etree.ElementTree

from server_base import Server, ServerError, odbc_url, percent

SBIN = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")

# XML has no control characters but three, not even by reference: they pass as private characters.
CONTROL = {code: 0xF0000 + code for code in range(32) if code not in (9, 10)}
CONTROL_BACK = {private: code for code, private in CONTROL.items()}


def program(*names):
    """The first of the programs that is installed; distributions keep servers off the PATH."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(SBIN))
        if found:
            return found
    raise ServerError(f"{' or '.join(names)} is not installed: install mariadb-server")


def make_certificates(directory):
    """A private authority and a certificate of 127.0.0.1 and localhost that it signed."""
    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=directory, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise ServerError(f"openssl {arguments[0]}: {done.stderr.strip()}")

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "30",
            "-subj", "/CN=outfall tests")
    openssl("req", *key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost")
    names = os.path.join(directory, "names.cnf")
    with open(names, "w", encoding="utf-8") as file:
        file.write("subjectAltName = DNS:localhost, IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
            "-CAcreateserial", "-out", "certificate.pem", "-days", "30", "-extfile", names)


class MariaDB(Server):
    """A MariaDB server: no password on its unix socket, one on 127.0.0.1."""

    name = "mysql"
    title = "MariaDB"
    accounts = ("mysql",)
    # SIGTERM waits for no client. There is no crash by a signal but SIGKILL.
    stop_signals = {"smart": signal.SIGTERM, "fast": signal.SIGTERM, "immediate": signal.SIGKILL}
    odbc_driver = "MariaDB Unicode"

    def __init__(self, settings=None, tls=False):
        """`settings`: more lines of my.cnf's [mariadbd], as a dict. `tls`: it offers TLS, by a
        certificate that the authority in `ca` has signed."""
        self._server = program("mariadbd", "mysqld")
        self._install = program("mariadb-install-db", "mysql_install_db")
        self._client = program("mariadb", "mysql")
        self.tls = tls
        super().__init__(settings)

    # ---- Where it is ---------------------------------------------------------------------

    @property
    def socket(self):
        return os.path.join(self.directory, "socket")

    @property
    def ca(self):
        """The certificate of the authority; there with tls=True."""
        return os.path.join(self.directory, "tls", "ca.pem")

    @property
    def url(self):
        """Over the unix socket, without a password."""
        return self.url_of(self.database)

    def url_of(self, database):
        """As url, another database of the same server."""
        return f"mysql://{self.user}@localhost/{percent(database)}?socket={percent(self.socket)}"

    @property
    def tcp_url(self):
        """Over 127.0.0.1, with the password."""
        return self.tcp_url_with(self.password)

    def tcp_url_with(self, password, database=None):
        return (f"mysql://{self.user}:{percent(password)}@127.0.0.1:{self.port}/"
                f"{percent(database or self.database)}")

    @property
    def odbc_url(self):
        """The same by way of ODBC, over the unix socket."""
        return odbc_url(self.odbc_driver, SERVER="localhost", SOCKET=self.socket, UID=self.user,
                        DATABASE=self.database)

    @property
    def odbc_tcp_url(self):
        """The same by way of ODBC, over 127.0.0.1, with the password."""
        return odbc_url(self.odbc_driver, SERVER="127.0.0.1", PORT=self.port, UID=self.user,
                        DATABASE=self.database, PWD=self.password)

    def environment(self):
        """What a test program gets to know."""
        known = {
            "OUTFALL_TEST_MYSQL_URL": self.url,
            "OUTFALL_TEST_MYSQL_TCP_URL": self.tcp_url,
            "OUTFALL_TEST_MYSQL_PID": str(self.pid),
            "OUTFALL_TEST_ODBC_MARIADB_URL": self.odbc_url,
            "OUTFALL_TEST_ODBC_MARIADB_TCP_URL": self.odbc_tcp_url,
        }
        if self.tls:
            known["OUTFALL_TEST_MYSQL_CA"] = self.ca
        return known

    # ---- Asking it -----------------------------------------------------------------------

    def sql(self, sql, database=None):
        """Runs statements and returns their output: fields parted by tabs, NULL as NULL."""
        return self._run_sql(sql, database or self.database, ["--raw", "-N", "-B"])

    def sql_rows(self, sql, database=None):
        """The rows of one query as tuples of str, or None for NULL. Bytes: ask for HEX()."""
        text = self._run_sql(sql, database or self.database, ["--xml"])
        if not text.strip():
            return []
        root = xml.etree.ElementTree.fromstring(text.translate(CONTROL))
        nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
        return [tuple(None if field.get(nil) == "true"
                      else (field.text or "").translate(CONTROL_BACK) for field in row)
                for row in root.findall("row")]

    def _run_sql(self, sql, database, options, user=None):
        environment = {key: value for key, value in os.environ.items()
                       if not re.match(r"MYSQL|MARIADB", key)}
        done = subprocess.run(
            [self._client, "--no-defaults", "--default-character-set=utf8mb4",
             "--connect-timeout=10", "--socket", self.socket, "-u", user or self.user, *options,
             database],
            input=sql.encode(), capture_output=True, env=environment, check=False)
        if done.returncode != 0:
            raise ServerError(f"mariadb: {done.stderr.decode(errors='replace').strip()}\nin: {sql}")
        return done.stdout.decode()

    # ---- Parts ---------------------------------------------------------------------------

    def _pid_file(self):
        return os.path.join(self.directory, "pid")

    def _command(self):
        return [self._server, f"--defaults-file={os.path.join(self.directory, 'my.cnf')}"]

    def _answers(self):
        try:
            self._run_sql("SELECT 1", "mysql", [], user="root")
            return True
        except ServerError:
            return False

    def _ready(self):
        password = self.password.replace("\\", "\\\\").replace("'", "''")
        self._run_sql(
            f"CREATE DATABASE IF NOT EXISTS `{self.database}`;"
            f"CREATE USER '{self.user}'@'localhost';"
            f"CREATE USER '{self.user}'@'127.0.0.1' IDENTIFIED BY '{password}';"
            f"GRANT ALL ON *.* TO '{self.user}'@'localhost' WITH GRANT OPTION;"
            f"GRANT ALL ON *.* TO '{self.user}'@'127.0.0.1' WITH GRANT OPTION",
            "mysql", [], user="root")

    def _make(self, settings):
        values = {
            "datadir": self.data,
            "socket": self.socket,
            "pid-file": self._pid_file(),
            "tmpdir": self.directory,  # A server that starts deletes what looks like its own in /tmp.
            "bind-address": "127.0.0.1",
            "port": self.port,
            "skip-name-resolve": "1",  # 127.0.0.1 is then another account than localhost.
            # As Debian's own configuration; MariaDB 10.11 itself still starts with latin1.
            "character-set-server": "utf8mb4",
            "collation-server": "utf8mb4_general_ci",
            "max-allowed-packet": "64M",
        }
        if self.tls:
            folder = os.path.dirname(self.ca)
            os.mkdir(folder)
            make_certificates(folder)
            values.update({"ssl-ca": self.ca, "ssl-cert": os.path.join(folder, "certificate.pem"),
                           "ssl-key": os.path.join(folder, "key.pem")})
            if self._account:
                for name in os.listdir(folder):
                    os.chown(os.path.join(folder, name), self._account.pw_uid, self._account.pw_gid)
        values.update(settings)
        config = os.path.join(self.directory, "my.cnf")
        with open(config, "w", encoding="utf-8") as file:
            file.write("[mariadbd]\n" + "".join(f"{key} = {value}\n"
                                                for key, value in values.items()))
        os.chmod(config, 0o644)  # It is refused where anyone could write to it.
        self._run_as("mariadb-install-db", [
            self._install, "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
            "--auth-root-authentication-method=normal", "--skip-name-resolve",
            f"--tmpdir={self.directory}",  # As above, of one that starts at the same moment.
            "--innodb-log-file-size=8M"])
