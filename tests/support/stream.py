# SPDX-License-Identifier: Apache-2.0
"""Runs tests/cli/stream.c: change streams from several writers by the public API."""

import json
import os
import pathlib
import subprocess

STREAM = pathlib.Path(os.environ.get("OUTFALL_BUILD", ".")) / "tests" / "cli.stream"
SECONDS = 120

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})


def line_of(writer, kind, *values):
    """A line of the stream: kind is i, u or d; None is NULL."""
    return "\t".join([str(writer), kind, *("\\N" if value is None else str(value).translate(_ESCAPES)
                                           for value in values)]) + "\n"


class Streamed:
    """How it ended: code, errors, rejected (one dict a row: line, by, column, sqlstate, reason) and stats."""

    def __init__(self, done):
        self.code, self.output, self.errors = done.returncode, done.stdout, done.stderr
        said = [json.loads(line) for line in done.stdout.splitlines()]
        self.rejected = [letter for letter in said if "line" in letter]
        self.stats = next((words["stats"] for words in said if "stats" in words), None)


def stream(url, table, lines, *options, schema=""):
    """Writes lines into a table; options are the library's, KEY=VALUE."""
    return Streamed(subprocess.run([STREAM, url, table, schema, *options], input="".join(lines), encoding="utf-8",
                                   capture_output=True, timeout=SECONDS, check=False))
