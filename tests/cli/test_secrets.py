# SPDX-License-Identifier: Apache-2.0
"""A password with ; ' } " % and blanks opens every database, and is in no output whatever goes wrong."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import CommandTest, outfall  # noqa: E402
from servers import free_port  # noqa: E402
from stream import line_of, stream  # noqa: E402
from targets import test_classes  # noqa: E402

TARGETS = ("postgresql", "mysql", "odbc-postgresql", "odbc-mariadb")


class Secrets(CommandTest):
    def setUp(self):
        super().setUp()
        self.target.fresh()
        self.server = self.target.server
        self.url = self.target.password_url
        # The password has more to it; this part of it needs no quoting, so it shows in every spelling.
        self.assertIn(self.server.secret, self.url)

    def assertTold(self, done, code, *words):
        """How it ended, and that the password was not told."""
        said = done.stdout + done.stderr
        self.assertNotIn("canary", said)
        self.assertEqual(done.returncode, code, said)
        for word in words:
            self.assertRegex(said, word)

    def load_to(self, url, *arguments, stdin=b"id,v\n1,a\n2,b\n"):
        return outfall("load", "--to", url, "--table", "t", *arguments, "-", stdin=stdin)

    def test_it_opens_the_database(self):
        self.assertTold(outfall("ping", self.url), 0, "answered in")
        letters = self.directory / "letters"
        done = self.load_to(self.url, "--create", "--schema", "id int64 not null primary key", "--progress=json",
                            "--dead-letter", letters, stdin=b"id,v\n1,a\nx,b\n1,c\n2,d\n")
        self.assertTold(done, 3, "loaded 2 rows into t")
        self.assertEqual(self.target.rows("SELECT id, v FROM t ORDER BY id"), [("1", "a"), ("2", "d")])
        self.assertEqual(len(self.letters(letters)), 2)
        self.assertNotIn("canary", letters.read_text(encoding="utf-8"))

    def test_the_librarys_figures_and_dead_letters_are_without_it(self):
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY)")
        done = stream(self.url, "t", [line_of(0, "i", 1), line_of(0, "i", 1), line_of(0, "i", "x")])
        self.assertEqual((done.code, len(done.rejected), done.stats["rows_delivered"]), (0, 2, 1), done.errors)
        self.assertNotIn("canary", done.output + done.errors)

    def wrong(self):
        """URLs that fail, each in its way: what it is, the URL, the exit code, what is said."""
        odbc = self.target.driver == "odbc"
        database = self.server.database
        port = str(self.server.port)
        yield "another password", self.url.replace(self.server.secret, self.server.secret + "x"), 2, (
            r"(?i)password|denied",)
        yield "no such user", self.url.replace(self.server.user, "nobody-at-all"), 2, (r"nobody-at-all",)
        yield "no such database", (self.url.replace(f"DATABASE={database}", "DATABASE=absent") if odbc
                                   else self.url.replace(f"/{database}", "/absent")), 2, (r"absent",)
        yield "nobody listens", self.url.replace(port, str(free_port())), 2, ()
        yield "no such driver", self.url.replace(":", "x:", 1), 2, (r"no driver for",)
        yield "no scheme", re.sub("^[a-z]+:(//)?", "", self.url), None, ()
        if odbc:
            yield "no such ODBC driver", re.sub("DRIVER={[^}]*}", "DRIVER={absent}", self.url), 1, ("absent",)
            yield "a brace that is not closed", self.url + "X={", None, ()
        else:
            yield "an unknown option", self.url + "?outfall.batch.row=1", 1, (r"batch\.rows",)
            yield "an unknown parameter", self.url + "?nothing=1", None, ()
            yield "a port that is none", self.url.replace(port, "port"), None, ()
            yield "percent signs that are none", self.url.replace("%20", "%zz"), None, ()

    def test_whatever_is_wrong_it_is_not_told(self):
        for what, url, code, words in self.wrong():
            options = ("--set", "connect.timeout.ms=3000", "--set", "retry.timeout.ms=0")
            for done in (self.load_to(url, "--create", *options), outfall("ping", url)):
                with self.subTest(what=what, command=done.args[1]):
                    self.assertNotEqual(done.returncode, 0)
                    self.assertTold(done, done.returncode if code is None else code, *words)

    def test_a_url_in_the_wrong_place(self):
        for arguments in ((self.url,), ("--to", self.url), ("--to", self.url, "--table", "t"),
                          ("--to", "null:", "--table", "t", self.url), (f"--tto={self.url}", "--table", "t", "-"),
                          ("--to", self.url, "--table", "absent", "-"), ("--to", self.url, "--table", "t", "nothing.csv")):
            with self.subTest(arguments=len(arguments)):
                done = outfall("load", *arguments, stdin=b"id\n1\n")
                self.assertIn(done.returncode, (1, 2))
                self.assertTold(done, done.returncode)
        self.assertTold(outfall(self.url), 1)

    def test_a_server_that_goes_away(self):
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY)")
        self.server.pause()
        try:
            done = self.load_to(self.url, "--set", "connect.timeout.ms=500", "--set", "request.timeout.ms=500",
                                "--set", "retry.timeout.ms=0", stdin=b"id\n1\n")
        finally:
            self.server.resume()
        self.assertTold(done, 2, "connect|deadline|timeout")


test_classes(globals(), Secrets, TARGETS)
del Secrets

if __name__ == "__main__":
    unittest.main()
