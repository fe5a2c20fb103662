# SPDX-License-Identifier: Apache-2.0
"""The source tree and the build, as tests see them."""

import os
import pathlib
import re

SOURCE = pathlib.Path(os.environ.get("OUTFALL_SOURCE", pathlib.Path(__file__).parents[2])).resolve()
BUILD = pathlib.Path(os.environ.get("OUTFALL_BUILD", SOURCE / "build" / "dev")).resolve()
COMMAND = pathlib.Path(os.environ.get("OUTFALL_COMMAND", BUILD / "bin" / "outfall"))
CC = os.environ.get("OUTFALL_CC", "cc")
PUBLIC = SOURCE / "core" / "include" / "outfall"
CODE = ("core", "drivers", "cli", "bench", "tests", "examples", "bindings")


def files(*suffixes, folders=CODE):
    """The files below those folders with one of the suffixes, sorted."""
    found = []
    for folder in folders:
        for path in (SOURCE / folder).rglob("*"):
            if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts:
                found.append(path)
    return sorted(found)


def relative(path):
    return str(path.relative_to(SOURCE))


def without_comments(text):
    """C source with comments and the contents of literals blanked out; lines stay where they are."""
    def blank(match):
        token = match.group(0)
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)
