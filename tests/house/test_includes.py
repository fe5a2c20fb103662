# SPDX-License-Identifier: Apache-2.0
"""Includes point one way: who may know whom."""

import re
import unittest

from tree import PUBLIC, SOURCE, files, relative

# Beside itself, base and the public headers, a part of core/ may include these.
CORE = {
    "base": set(),
    "config": set(),
    "row": set(),
    "driver": set(),
    "arrow": {"row"},
    "buffer": {"row"},
    "pool": {"driver"},
    "txn": {"pool"},
    "flow": {"buffer", "row", "pool", "txn"},
    "sink": {"config", "row", "driver", "arrow", "buffer", "pool", "txn", "flow"},
}

# Headers of other projects, and the only places that may know them.
FOREIGN = {
    "libpq-fe.h": ("drivers/postgresql/", "bench/", "tests/"),
    "sqlite3.h": ("drivers/sqlite/", "bench/", "tests/"),
    "jansson.h": ("cli/", "bench/", "tests/"),
    "csv.h": ("cli/",),
    "cmocka.h": ("tests/",),
    "ck_": ("core/buffer/ring.h",),
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def quoted(path):
    return [name for kind, name in includes(path) if kind == '"']


def resolve(path, name):
    """The file of the tree that a quoted include names, or None."""
    for root in (path.parent, SOURCE / "core", SOURCE / "drivers", SOURCE / "cli",
                 SOURCE / "tests" / "support", SOURCE):
        if (root / name).is_file():
            return (root / name).resolve()
    return None


def may_include(path, target):
    """Whether the file at `path` may include the tree's file `target`."""
    source, wanted = relative(path).split("/"), relative(target).split("/")
    if wanted[:3] == ["core", "include", "outfall"]:
        return True
    if source[0] == "core":
        part = source[1]
        return wanted[0] == "core" and wanted[1] in {part, "base"} | CORE.get(part, set())
    if source[0] == "drivers":
        return wanted[0] == "drivers" and wanted[1] in {source[1], "common"}
    if source[0] in ("cli", "bench", "bindings", "examples"):
        return wanted[0] == source[0]
    return source[0] == "tests"


class Includes(unittest.TestCase):
    def test_every_part_includes_only_what_is_below_it(self):
        for path in files(".c", ".h"):
            for name in quoted(path):
                target = resolve(path, name)
                with self.subTest(file=relative(path), include=name):
                    self.assertIsNotNone(target, "not a file of the tree")
                    self.assertTrue(may_include(path, target), "this part may not know that one")

    def test_the_rule_itself_refuses_and_allows(self):
        cases = [
            ("core/row/a.c", "core/base/fail.h", True),
            ("core/row/a.c", "core/include/outfall/row.h", True),
            ("core/row/a.c", "core/config/config.h", False),
            ("core/buffer/a.c", "core/row/schema.h", True),
            ("core/pool/a.c", "core/flow/retry.h", False),
            ("core/txn/a.c", "core/pool/pool.h", True),
            ("core/txn/a.c", "core/flow/retry.h", False),
            ("core/flow/a.c", "core/txn/gid.h", True),
            ("core/flow/a.c", "core/driver/registry.h", False),
            ("core/sink/a.c", "core/flow/retry.h", True),
            ("drivers/sqlite/a.c", "drivers/common/identifier.h", True),
            ("drivers/sqlite/a.c", "drivers/postgresql/wait.h", False),
            ("drivers/sqlite/a.c", "core/base/fail.h", False),
            ("cli/a.c", "core/base/fail.h", False),
            ("bench/a.c", "cli/csv.h", False),
        ]
        for source, target, allowed in cases:
            with self.subTest(source=source, target=target):
                self.assertEqual(may_include(SOURCE / source, SOURCE / target), allowed)

    def test_every_folder_of_core_has_its_rule(self):
        folders = {path.name for path in (SOURCE / "core").iterdir() if path.is_dir()}
        self.assertLessEqual(folders - {"include"}, set(CORE))

    def test_public_headers_include_each_other_and_the_c_library(self):
        standard = {"stdarg.h", "stddef.h", "stdint.h", "stdio.h", "string.h"}
        for path in PUBLIC.glob("*.h"):
            for kind, name in includes(path):
                with self.subTest(file=path.name, include=name):
                    if kind == "<":
                        self.assertIn(name, standard)
                    else:
                        self.assertTrue((PUBLIC / name).is_file())

    def test_angle_brackets_name_public_headers_or_other_projects(self):
        for path in files(".c", ".h"):
            for kind, name in includes(path):
                if kind == "<" and (name.startswith("outfall/") or (SOURCE / "core" / name).is_file()):
                    with self.subTest(file=relative(path), include=name):
                        self.assertTrue((PUBLIC.parent / name).is_file())

    def test_other_projects_headers_stay_in_their_places(self):
        for path in files(".c", ".h"):
            for _, name in includes(path):
                for header, places in FOREIGN.items():
                    if name.startswith(header):
                        with self.subTest(file=relative(path), include=name):
                            self.assertTrue(relative(path).startswith(places))

    def test_no_header_includes_itself_in_a_circle(self):
        graph = {path: [target for name in quoted(path) if (target := resolve(path, name))]
                 for path in files(".h")}
        done, open_now = set(), []

        def visit(path):
            if path in open_now:
                circle = open_now[open_now.index(path):] + [path]
                self.fail(" -> ".join(relative(one) for one in circle))
            if path in done:
                return
            open_now.append(path)
            for target in graph.get(path, []):
                visit(target)
            open_now.pop()
            done.add(path)

        for path in graph:
            visit(path)

    def test_there_is_no_internal_h(self):
        hubs = [relative(path) for path in files(".h") if path.name in ("internal.h", "common.h")]
        self.assertEqual(hubs, [])


if __name__ == "__main__":
    unittest.main()
