# SPDX-License-Identifier: Apache-2.0
"""Runs the outfall command and reads back what it loaded."""

import csv
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("OUTFALL_SOURCE", pathlib.Path(__file__).parents[2]))
COMMAND = os.environ.get("OUTFALL_COMMAND", "outfall")
BIRDSTRIKES = SOURCE / "examples" / "data" / "birdstrikes.csv"
SECONDS = 120

SUMMARY = re.compile(r"(?:loaded|applied) (\d+) (?:rows into|changes to) (.+) in (\d+\.\d\d) s "
                     r"\((\d+) (?:rows|changes)/s\), rejected (\d+)\n")


def outfall(*arguments, stdin=b"", environment=None):
    """Runs the command to its end; its output is text."""
    done = subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=SECONDS, check=False, env={**os.environ, **(environment or {})})
    done.stdout = done.stdout.decode("utf-8")
    done.stderr = done.stderr.decode("utf-8")
    return done


def birdstrikes():
    """The header and the rows of the example file, read by Python; an empty field is NULL."""
    with open(BIRDSTRIKES, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, [[value if value != "" else None for value in row] for row in rows]


class CommandTest(unittest.TestCase):
    """A temporary directory, and a SQLite database in it."""

    def setUp(self):
        self._directory = tempfile.TemporaryDirectory(prefix="outfall-cli-")
        self.addCleanup(self._directory.cleanup)
        self.directory = pathlib.Path(self._directory.name)
        self.database = self.directory / "test.db"
        self.url = f"sqlite:{self.database}"

    def write(self, name, content):
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def load(self, *arguments, **keywords):
        return outfall("load", "--to", self.url, "--table", "t", *arguments, **keywords)

    def query(self, sql):
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def execute(self, sql):
        connection = sqlite3.connect(self.database)
        connection.executescript(sql)
        connection.close()

    def letters(self, path):
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def assertLoaded(self, done, rows, rejected=0, table="t"):
        """The summary and the exit code say so."""
        match = SUMMARY.fullmatch(done.stdout)
        self.assertIsNotNone(match, (done.stdout, done.stderr))
        self.assertEqual((int(match[1]), match[2], int(match[5])), (rows, table, rejected), done.stderr)
        self.assertEqual(done.returncode, 3 if rejected else 0, done.stderr)
