# SPDX-License-Identifier: Apache-2.0
"""Servers that are not what they ought to be, by every driver that could meet one."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import mysql_wire  # noqa: E402
from command import CommandTest, outfall  # noqa: E402
from mysql_wire import LOCAL_INFILE, OK  # noqa: E402
from server_base import odbc_url  # noqa: E402
from targets import test_classes  # noqa: E402

CANARY = b"canary-file-7c1f"
REPLIES_MAX = 60
TIMEOUT_MS = 4000 if os.environ.get("OUTFALL_SANITIZE") else 1200
OPTIONS = ("--set", "retry.timeout.ms=0", "--set", f"request.timeout.ms={TIMEOUT_MS}",
           "--set", f"connect.timeout.ms={TIMEOUT_MS}")


class Rogues(CommandTest):
    """A server that asks for a file gets none, after whichever statement it asks."""

    def setUp(self):
        super().setUp()
        self.canary = self.write("canary", CANARY)
        self.request = LOCAL_INFILE + os.fsencode(self.canary)

    def url_of(self, port, password):
        if self.target.driver == "odbc":
            return odbc_url(self.target.server.odbc_driver, SERVER="127.0.0.1", PORT=port, UID="outfall",
                            DATABASE="test", PWD=password)
        return f"mysql://outfall:{mysql_wire.urllib.parse.quote(password, safe='')}@127.0.0.1:{port}/test"

    def test_a_server_that_only_asks(self):
        def ask(wire, _):
            wire.write(self.request)
            wire.read()  # The file would come here.
            wire.write(OK)

        with mysql_wire.FakeServer(ask) as fake:
            done = outfall("ping", self.url_of(fake.port, "secret"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"SET", fake.received)
        self.assertNotIn(CANARY, fake.received)

    def test_one_that_asks_once_after_each_statement_of_a_load(self):
        """The n-th reply of a real server is replaced, for every n; what the client is left with is its own
        affair (MariaDB's ODBC driver may crash), but the file stays here."""
        self.target.fresh()
        self.target.sql("CREATE TABLE t (id bigint PRIMARY KEY, name text)")
        asked = set()
        for number in range(1, REPLIES_MAX):
            replies = []

            def change(command, reply, number=number, replies=replies):
                replies.append(command)
                return self.request if len(replies) == number else reply

            self.target.sql("DELETE FROM t")
            with mysql_wire.Proxy(("127.0.0.1", self.target.server.port), change) as proxy:
                done = outfall("load", "--to", self.url_of(proxy.port, self.target.server.password), "--table", "t",
                               "--mode", "upsert", *OPTIONS, "-", stdin=b"id,name\n1,one\n2,two\n3,three\n")
            self.assertNotIn(CANARY, proxy.received, replies[number - 1:number])
            self.assertNotIn("canary", done.stdout + done.stderr)
            if len(replies) < number:
                break
            asked.add(replies[number - 1][0])
        self.assertEqual(done.returncode, 0, done.stderr)  # The last load met no such reply.
        self.assertEqual(self.target.one("SELECT count(*) FROM t"), "3")
        self.assertLessEqual({mysql_wire.COM_QUERY, mysql_wire.COM_STMT_PREPARE}, asked)
        self.assertTrue({mysql_wire.COM_STMT_EXECUTE, mysql_wire.COM_STMT_BULK_EXECUTE} & asked)


class Plain(CommandTest):
    """A server without TLS is refused where TLS is asked for."""

    def asking(self):
        odbc = self.target.driver == "odbc"
        if self.target.engine == "postgresql":
            return (("SSLmode=require;", "SSLmode=verify-full;") if odbc
                    else ("?sslmode=require", "?sslmode=verify-full"))
        return (("FORCETLS=1;", "SSLVERIFY=1;", "SSLVERIFY=1;FORCETLS=1;") if odbc
                else ("?outfall.mysql.tls=require", "?outfall.mysql.tls=verify"))

    def test_it_is_refused(self):
        self.target.fresh()
        self.target.sql("CREATE TABLE t (id bigint PRIMARY KEY)")
        url = self.target.password_url
        self.assertEqual(outfall("ping", url).returncode, 0)
        for parameter in self.asking():
            with self.subTest(parameter):
                done = outfall("load", "--to", url + parameter, "--table", "t", *OPTIONS, "-", stdin=b"id\n1\n")
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assertRegex(done.stderr, "TLS|SSL")
                self.assertNotIn("canary", done.stdout + done.stderr)
        self.assertEqual(self.target.one("SELECT count(*) FROM t"), "0")


test_classes(globals(), Rogues, ("mysql", "odbc-mariadb"))
test_classes(globals(), Plain, ("postgresql", "mysql", "odbc-postgresql", "odbc-mariadb"))
del Rogues, Plain

if __name__ == "__main__":
    unittest.main()
