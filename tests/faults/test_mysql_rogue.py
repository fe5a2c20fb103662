# SPDX-License-Identifier: Apache-2.0
"""A MySQL server that is not to be trusted: it gets no file, no password and no row in the clear."""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import mysql_wire
import servers
from mysql_wire import CAPABILITIES, CLIENT_SSL, LOCAL_INFILE, OK

COMMAND = os.environ["OUTFALL_COMMAND"]
CANARY = b"canary-file-7c1f"
PASSWORD = "canary;' }%pass word"
SECONDS = 60


def run(*arguments, stdin=""):
    done = subprocess.run([COMMAND, *arguments], input=stdin, capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    return done.returncode, done.stdout + done.stderr


class SlowServer(mysql_wire.Listener):
    """Sends its greeting in pieces, up to byte `end`, and then nothing."""

    def __init__(self, payload, end):
        self._packet = len(payload).to_bytes(3, "little") + b"\0" + payload
        self._end = 4 + end
        super().__init__()

    def serve(self, connection):
        for byte in self._packet[:self._end]:
            connection.sendall(bytes([byte]))
            time.sleep(0.002)
        mysql_wire.Wire(connection, self.heard).read()


class Rogue(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="outfall-rogue-")
        self.addCleanup(directory.cleanup)
        self.canary = pathlib.Path(directory.name) / "canary"
        self.canary.write_bytes(CANARY)

    def ask_for_file(self, wire, _):
        wire.write(LOCAL_INFILE + os.fsencode(self.canary))
        wire.read()  # The file would come here; an empty packet ends it.
        wire.write(OK)

    def assertNothingTold(self, fake, output):
        self.assertNotIn(CANARY, fake.received)
        self.assertNotIn(PASSWORD.encode(), fake.received)
        self.assertNotIn(PASSWORD, output)

    def test_a_file_asked_for_after_any_statement_is_not_given(self):
        for method in ("auto", "rows", "load"):
            with self.subTest(method=method), mysql_wire.FakeServer(self.ask_for_file) as fake:
                code, output = run("ping", fake.url(PASSWORD, query=f"?outfall.mysql.method={method}"))
                self.assertNotEqual(code, 0)
                self.assertEqual(fake.connections, 1, output)  # Nor is it asked again.
                self.assertIn(b"SET NAMES", fake.received)
                self.assertNothingTold(fake, output)

    def test_a_server_without_tls_gets_no_byte_where_it_is_asked_for(self):
        for tls in ("verify", "require"):
            with self.subTest(tls=tls), mysql_wire.FakeServer(lambda wire, _: wire.write(OK)) as fake:
                code, output = run("ping", fake.url(PASSWORD, query=f"?outfall.mysql.tls={tls}"))
                self.assertNotEqual(code, 0)
                self.assertIn("TLS is asked for", output)
                self.assertEqual(fake.connections, 1, output)  # Nor is it asked again.
                self.assertEqual(fake.received, b"")

    def test_a_greeting_that_comes_byte_by_byte_is_read_to_its_end(self):
        """Nor is one that stops halfway waited for longer than the deadline, or taken for TLS."""
        whole = mysql_wire.greeting(CAPABILITIES)
        for end in (len(whole), 40):
            with self.subTest(end=end), SlowServer(whole, end) as fake:
                code, output = run("ping", fake.url(PASSWORD, query="?outfall.mysql.tls=require"
                                                    "&outfall.connect.timeout.ms=1000"))
                self.assertNotEqual(code, 0)
                self.assertIn("TLS is asked for" if end == len(whole) else "connect.timeout.ms",
                              output)
                self.assertEqual(fake.received, b"")

    def test_a_server_that_only_claims_tls_gets_no_login(self):
        for tls in ("verify", "require"):
            with self.subTest(tls=tls), mysql_wire.FakeServer(
                    lambda wire, _: wire.write(OK), CAPABILITIES | CLIENT_SSL) as fake:
                code, output = run("ping", fake.url(PASSWORD, query=f"?outfall.mysql.tls={tls}"))
                self.assertNotEqual(code, 0)
                self.assertNotIn(b"outfall\0", fake.received)  # The user's name.
                self.assertNothingTold(fake, output)

    def test_a_server_that_asks_for_the_password_itself_gets_none(self):
        for plugin in (b"mysql_clear_password", b"dialog", b"mysql_old_password"):
            def login(wire, plugin=plugin):
                wire.write(mysql_wire.AUTH_SWITCH + plugin + b"\0" + b"abcdefghijklmnopqrst\0")
                wire.read()

            for tls in ("auto", "require", "off"):
                with self.subTest(plugin=plugin, tls=tls), mysql_wire.FakeServer(
                        lambda wire, _: wire.write(OK), login=login) as fake:
                    code, output = run("ping", fake.url(PASSWORD, query=f"?outfall.mysql.tls={tls}"))
                    self.assertNotEqual(code, 0)
                    self.assertNothingTold(fake, output)

    def test_a_reply_cut_anywhere_is_an_error(self):
        for kept in (0, 1, 3):
            def answer(wire, _, kept=kept):
                wire.connection.sendall(b"\x07\x00\x00\x01"[:kept + 1])
                raise mysql_wire.Closed

            with self.subTest(kept=kept), mysql_wire.FakeServer(answer) as fake:
                code, output = run("ping", fake.url(PASSWORD))
                self.assertNotEqual(code, 0)
                self.assertNothingTold(fake, output)


class BehindAProxy(unittest.TestCase):
    """A real server whose words are changed on the way."""

    @classmethod
    def setUpClass(cls):
        cls.server = servers.MariaDB()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.server.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)")
        directory = tempfile.TemporaryDirectory(prefix="outfall-rogue-")
        self.addCleanup(directory.cleanup)
        self.canary = pathlib.Path(directory.name) / "canary"
        self.canary.write_bytes(CANARY)

    def load(self, change, *options):
        """Loads three rows by LOAD DATA, by way of a proxy that changes what the server says."""
        with mysql_wire.Proxy(("127.0.0.1", self.server.port), change) as proxy:
            code, output = run("load", "--to", proxy.url(self.server.password), "--table", "t",
                               "--set", "mysql.method=load", "--set", "retry.timeout.ms=0", *options,
                               "-", stdin="id,name\n1,one\n2,two\n3,three\n")
        self.assertNotIn(CANARY, proxy.received)
        self.assertNotIn(self.server.password, output)
        return code, output, proxy.received

    def count(self):
        return int(self.server.sql("SELECT count(*) FROM t"))

    def test_our_own_file_is_given(self):
        code, output, received = self.load(lambda command, reply: reply)
        self.assertEqual(code, 0, output)
        self.assertIn(b"LOAD DATA LOCAL", received)
        self.assertIn(b"1\tone\n2\ttwo\n3\tthree\n", received)
        self.assertEqual(self.count(), 3)

    def test_another_file_in_its_place_is_not(self):
        def change(_, reply):
            return LOCAL_INFILE + os.fsencode(self.canary) if reply[:1] == LOCAL_INFILE else reply

        code, output, received = self.load(change)
        self.assertEqual(code, 2, output)
        self.assertIn("asked for a file", output)
        self.assertNotIn(b"\tone", received)
        self.assertEqual(self.count(), 0)

    def test_our_own_file_is_not_given_twice(self):
        name = []

        def change(command, reply):
            if reply[:1] == LOCAL_INFILE:
                name.append(reply)
            return name[0] if name and b"SAVEPOINT" in command else reply

        code, output, received = self.load(change)
        self.assertEqual(code, 2, output)
        self.assertEqual(received.count(b"1\tone"), 1)

    def test_a_commit_whose_reply_is_lost_is_not_taken_for_done_or_failed(self):
        lost = []

        def change(command, reply):
            if command[1:] == b"COMMIT" and not lost:
                lost.append(command)
                return None
            return reply

        code, output, _ = self.load(change, "--set", "retry.timeout.ms=20000")
        # The rows are there, and the batch is sent again: the key then rejects them, one by one.
        self.assertEqual(len(lost), 1)
        self.assertIn(code, (0, 3), output)
        self.assertEqual(self.count(), 3)

    def test_warnings_send_the_rows_the_strict_way(self):
        self.server.sql("INSERT INTO t VALUES (2, 'there already')")
        code, output, received = self.load(lambda command, reply: reply)
        self.assertEqual(code, 3, output)
        self.assertIn(b"ROLLBACK TO SAVEPOINT", received)
        self.assertIn("Duplicate entry '2'", output)
        self.assertEqual(self.server.sql_rows("SELECT id, name FROM t ORDER BY id"),
                         [("1", "one"), ("2", "there already"), ("3", "three")])


def query_of(parameters):
    return "&".join(f"{key.replace('_', '-')}={mysql_wire.urllib.parse.quote(value, safe='')}"
                    for key, value in parameters.items())


class Tls(unittest.TestCase):
    """With a real server: whom a certificate lets through."""

    @classmethod
    def setUpClass(cls):
        cls.server = servers.MariaDB(tls=True)
        cls.addClassCleanup(cls.server.close)
        cls.plain = servers.MariaDB()
        cls.addClassCleanup(cls.plain.close)

    def ping(self, url, host="127.0.0.1", **parameters):
        code, output = run("ping", url.replace("@127.0.0.1:", f"@{host}:") + "?" +
                           query_of(parameters))
        self.assertNotIn(self.server.password, output)
        return code, output

    def test_a_certificate_decides(self):
        ca = self.server.ca
        stranger = os.path.join(self.server.directory, "tls", "key.pem")
        cases = [
            ("its authority is named", {"ssl_ca": ca}, "127.0.0.1", 0, ""),
            ("by name", {"ssl_ca": ca}, "localhost", 0, ""),
            ("its authority is not known", {"outfall.mysql.tls": "verify"}, "127.0.0.1", 1,
             "certificate"),
            # 127.1 is the same machine; the certificate does not say so.
            ("another host's", {"ssl_ca": ca}, "127.1", 1, "certificate"),
            ("whoever it is", {"outfall.mysql.tls": "require"}, "127.1", 0, ""),
            ("no authority in the file", {"ssl_ca": stranger}, "127.0.0.1", 1, "TLS"),
            ("no such file", {"ssl_ca": "/nonexistent"}, "127.0.0.1", 1, "TLS"),
            ("off, yet with an authority", {"ssl_ca": ca, "outfall.mysql.tls": "off"}, "127.0.0.1",
             1, "drop one"),
        ]
        for why, parameters, host, failed, says in cases:
            with self.subTest(why):
                code, output = self.ping(self.server.tcp_url, host, **parameters)
                self.assertEqual(code != 0, bool(failed), output)
                self.assertIn(says, output)

    def test_a_server_without_tls_is_refused_where_it_is_asked_for(self):
        for parameters in ({"outfall.mysql.tls": "verify"}, {"outfall.mysql.tls": "require"},
                           {"ssl_ca": self.server.ca}):
            with self.subTest(parameters):
                code, output = self.ping(self.plain.tcp_url, **parameters)
                self.assertNotEqual(code, 0)
                self.assertIn("TLS", output)

    def test_rows_cross_a_connection_of_any_kind(self):
        """In batches whose check goes with the rows, and in those where it goes before them."""
        with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
            file.write("[client]\ncompress\n")
            file.flush()
            for number, (why, parameters) in enumerate([
                    ("plain", {"outfall.mysql.tls": "off"}),
                    ("TLS", {"ssl_ca": self.server.ca}),
                    ("compressed", {"outfall.mysql.tls": "off", "default_file": file.name}),
                    ("both", {"ssl_ca": self.server.ca, "default_file": file.name})]):
                with self.subTest(why):
                    rows = "id,name\n" + "".join(f"{i},row {i}\n" for i in range(5000))
                    url = self.server.tcp_url + "?" + query_of(parameters)
                    code, output = run("load", "--to", url, "--table", f"kinds_{number}",
                                       "--create", "--set", "batch.rows=100", "-", stdin=rows)
                    self.assertEqual(code, 0, output)
                    self.assertEqual(
                        self.server.sql_rows("SELECT count(*), sum(id), count(DISTINCT name) "
                                             f"FROM kinds_{number} WHERE name = concat('row ', id)"),
                        [("5000", "12497500", "5000")])

    def test_my_cnf_s_host_counts_as_one_of_the_url(self):
        with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
            file.write("[client]\nhost=192.0.2.1\n[near]\nhost=127.0.0.1\n"
                       f"port={self.plain.port}\nuser=outfall\npassword=\"{self.plain.password}\"\n"
                       "database=test\n")
            file.flush()
            path = mysql_wire.urllib.parse.quote(file.name, safe="")
            code, output = run("ping", f"mysql:?default-file={path}&default-group=near")
            self.assertEqual(code, 0, output)
            self.assertNotIn(self.plain.password, output)
            # The same server by an address that is not this machine's own name for itself.
            file.write("[far]\nhost=0177.0.0.1\n"
                       f"port={self.plain.port}\nuser=outfall\npassword=\"{self.plain.password}\"\n")
            file.flush()
            code, output = run("ping", f"mysql:?default-file={path}&default-group=far")
            self.assertNotEqual(code, 0)
            self.assertIn("mysql.tls=verify", output)


if __name__ == "__main__":
    unittest.main()
