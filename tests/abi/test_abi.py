# SPDX-License-Identifier: Apache-2.0
"""The ABI: what is exported is what the headers mark, and it is what the baseline says.

    python3 tests/abi/test_abi.py --update     writes the baseline anew, from build/dev
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tree import BUILD, CC, PUBLIC, SOURCE, without_comments  # noqa: E402

FOLDER = SOURCE / "tests" / "abi"
LIBRARY = BUILD / "lib" / "liboutfall.so.0"
# What is compared: the library for its users, and one driver for the contract with all of them.
BASELINES = {
    FOLDER / "outfall.abi": LIBRARY,
    FOLDER / "outfall-driver.abi": BUILD / "lib" / "outfall" / "null.so",
}


def dump_abi(binary, out):
    """A binary's ABI as text that does not depend on where it was built."""
    subprocess.run(["abidw", "--suppressions", FOLDER / "public.suppr", "--drop-private-types",
                    "--exported-interfaces-only", "--no-corpus-path", "--no-comp-dir-path",
                    "--no-show-locs", "--type-id-style", "hash", "--out-file", out, binary], check=True)


def differences(baseline, now):
    """What abidiff finds, or an empty text."""
    done = subprocess.run(["abidiff", "--no-added-syms", baseline, now], capture_output=True, text=True,
                          check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def exported(path):
    """The names that a shared object defines for others."""
    listed = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True,
                            check=True).stdout
    return {fields[2].split("@")[0] for line in listed.splitlines()
            if len(fields := line.split()) == 3 and fields[1] != "A"}


def undefined(path):
    listed = subprocess.run(["nm", "-D", "--undefined-only", path], capture_output=True, text=True,
                            check=True).stdout
    return {line.split()[-1].split("@")[0] for line in listed.splitlines()}


def declared():
    """The functions that the public headers mark for export."""
    names = set()
    for path in PUBLIC.glob("*.h"):
        text = re.sub(r"^\s*#.*?(?<!\\)$", "", without_comments(path.read_text(encoding="utf-8")),
                      flags=re.M | re.S)
        names.update(re.findall(r"OUTFALL_EXPORT\b[^;{(]*?(\w+)\s*\(", text))
    return names


def compiled_by_gcc():
    return "clang" not in os.path.realpath(shutil.which(CC) or CC)


class Abi(unittest.TestCase):
    maxDiff = None  # All that abidiff says.
    def test_the_library_exports_what_its_headers_mark_and_nothing_else(self):
        self.assertGreater(len(declared()), 30)
        self.assertEqual(exported(LIBRARY), declared())

    def test_a_module_exports_its_entry_and_needs_nothing_of_the_library(self):
        modules = list((BUILD / "lib" / "outfall").glob("*.so"))
        self.assertGreaterEqual(len(modules), 2)
        for module in modules:
            with self.subTest(module=module.name):
                self.assertEqual(exported(module), {"outfall_driver_entry"})
                self.assertFalse({name for name in undefined(module)
                                  if name.startswith(("outfall_", "of_"))})

    @unittest.skipUnless(compiled_by_gcc(), "the baseline is gcc's: debug information differs")
    @unittest.skipIf(os.environ.get("OUTFALL_SANITIZE"), "sanitizers add to the ABI")
    def test_the_abi_is_the_baselines(self):
        for baseline, binary in BASELINES.items():
            with self.subTest(baseline=baseline.name), tempfile.NamedTemporaryFile(suffix=".abi") as now:
                dump_abi(binary, now.name)
                found = differences(baseline, now.name)
                self.assertEqual(found, "", "where the change is meant: "
                                            "python3 tests/abi/test_abi.py --update")

    def test_the_baselines_name_every_function_and_the_driver_table(self):
        library, driver = (path.read_text(encoding="utf-8") for path in BASELINES)
        named = set(re.findall(r"<elf-symbol name='(\w+)'", library))
        self.assertEqual(named, declared(), "python3 tests/abi/test_abi.py --update")
        self.assertIn("class-decl name='outfall_stats' size-in-bits=", library)
        self.assertIn("class-decl name='outfall_driver' size-in-bits=", driver)
        self.assertIn("class-decl name='outfall_sink' is-struct='yes' visibility='default' "
                      "is-declaration-only='yes'", library)

    def test_abidiff_sees_a_changed_struct_and_a_lost_function(self):
        baseline = FOLDER / "outfall.abi"
        text = baseline.read_text(encoding="utf-8")
        for pattern, replacement in ((r"(name='outfall_progress' size-in-bits=)'\d+'", r"\1'8192'"),
                                     (r"'outfall_flush'", "'outfall_other'")):
            with self.subTest(pattern=pattern), tempfile.NamedTemporaryFile("w", suffix=".abi") as changed:
                changed.write(re.sub(pattern, replacement, text))
                changed.flush()
                self.assertNotEqual(differences(baseline, changed.name), "")


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        for path, binary_of_it in BASELINES.items():
            dump_abi(binary_of_it, path)
            # Where it was built is nobody's business.
            text = path.read_text(encoding="utf-8").replace(f"{SOURCE}/", "")
            path.write_text(text, encoding="utf-8")
    else:
        unittest.main()
