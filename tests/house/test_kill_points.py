# SPDX-License-Identifier: Apache-2.0
"""Kill points and mutants: the lists in core/base/kill.h are what the code has, and no build that is used has any."""

import re
import unittest

from tree import BUILD, SOURCE, files, relative

HEADER = SOURCE / "core" / "base" / "kill.h"


def listed(kind):
    return re.findall(rf'^ +{kind}\("([\w-]+)", "', HEADER.read_text(encoding="utf-8"), re.M)


def used(macro):
    """name → the files that have it."""
    found = {}
    for path in files(".c", ".h"):
        if path != HEADER:
            for name in re.findall(rf'\b{macro}\("([^"]*)"\)', path.read_text(encoding="utf-8")):
                found.setdefault(name, []).append(relative(path))
    return found


class KillPoints(unittest.TestCase):
    def test_the_lists_are_what_the_code_has(self):
        for kind, macro in (("POINT", "OF_KILL_POINT"), ("MUTANT", "OF_MUTANT")):
            names = listed(kind)
            with self.subTest(kind):
                self.assertEqual(len(names), len(set(names)))
                self.assertEqual(sorted(names), sorted(used(macro)))
                self.assertGreater(len(names), 4)

    def test_a_point_is_in_one_place(self):
        for name, places in used("OF_KILL_POINT").items():
            with self.subTest(name):
                self.assertEqual(len(places), 1, places)

    def test_they_are_in_the_core(self):
        for macro in ("OF_KILL_POINT", "OF_MUTANT"):
            for name, places in used(macro).items():
                with self.subTest(name):
                    self.assertTrue(all(place.startswith("core/") for place in places), places)

    def test_a_build_without_the_option_has_nothing_of_it(self):
        cache = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
        wanted = re.search(r"^OUTFALL_KILL_POINTS:BOOL=(\w+)$", cache, re.M).group(1) == "ON"
        library = (BUILD / "lib" / "liboutfall.so").read_bytes()
        for text in (b"OUTFALL_KILL", b"OUTFALL_MUTANT", b"of_kill_point", b"before-commit", b"ledger-apart"):
            with self.subTest(text):
                self.assertEqual(text in library, wanted)

    def test_what_is_installed_is_built_without(self):
        presets = (SOURCE / "CMakePresets.json").read_text(encoding="utf-8")
        release = re.search(r'"name": "release",.*?\}\s*\}', presets, re.S).group(0)
        self.assertNotIn("KILL", release)
        self.assertRegex((SOURCE / "CMakeLists.txt").read_text(encoding="utf-8"),
                         r'option\(OUTFALL_KILL_POINTS "[^"]*" OFF\)')


if __name__ == "__main__":
    unittest.main()
