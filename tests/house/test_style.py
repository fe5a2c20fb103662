# SPDX-License-Identifier: Apache-2.0
"""The rules of CONTRIBUTING.md that a regular expression can check."""

import re
import subprocess
import unittest

from tree import CODE, PUBLIC, SOURCE, files, relative, without_comments

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70

# Calls that write without a bound, keep hidden state, report no error or run a shell.
BANNED = re.compile(r"\b(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|"
                    r"atof|alloca|system|popen|rand|tmpnam|mktemp|asctime|ctime|gmtime|localtime)\s*\(")
CORE_ALLOCATION = re.compile(r"\b(malloc|calloc|realloc|free|strdup|strndup|aligned_alloc|mmap)\s*\(")
DRIVER_BANNED = re.compile(r"\b(sleep|usleep|nanosleep|getenv|secure_getenv|fork|pthread_create|printf|"
                           r"puts|fputs|perror|syslog)\s*\(|\bstderr\b|\bstdout\b")
# SQLite has no descriptor to wait on: its busy handler pauses until the deadline.
# SQLDriverConnect cannot be ended by a deadline: it runs on a thread that can be left behind.
DRIVER_ALLOWED = {"drivers/sqlite/connection.c": ["nanosleep"],
                  "drivers/odbc/connect.c": ["pthread_create"]}
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def functions(path):
    """Yields (first line, lines) of each function, without the tables that it is driven by."""
    start, lines, table = None, 0, False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line == "{":
            start, lines = number, 0
        elif line == "}" and start is not None:
            yield start, lines
            start = None
        else:
            lines += not table
            table = line.endswith("= {") or (table and line != "    };")


def calls(pattern, path):
    for match in pattern.finditer(without_comments(path.read_text(encoding="utf-8"))):
        yield match.group(1) or match.group(0)


class Style(unittest.TestCase):
    def test_every_file_names_its_licence(self):
        paths = files(".c", ".h", ".py", ".map", ".in", ".i", ".java")
        paths += [path for name in ("tools", "cmake", ".ci") for path in (SOURCE / name).iterdir()]
        paths += [SOURCE / "Makefile"] + list(SOURCE.rglob("CMakeLists.txt"))
        for path in paths:
            if "build" in path.relative_to(SOURCE).parts:
                continue
            head = path.read_text(encoding="utf-8").split("\n", 3)[:2]
            with self.subTest(file=relative(path)):
                self.assertTrue(any("SPDX-License-Identifier: Apache-2.0" in line for line in head))

    def test_files_are_short(self):
        for path in files(".c", ".h", ".py"):
            lines = path.read_text(encoding="utf-8").count("\n")
            with self.subTest(file=relative(path)):
                self.assertLessEqual(lines, FILE_LINES_MAX)

    def test_functions_are_short(self):
        for path in files(".c", ".h"):
            for start, lines in functions(path):
                with self.subTest(function=f"{relative(path)}:{start}"):
                    self.assertLessEqual(lines, FUNCTION_LINES_MAX)

    def test_lines_have_no_tabs_and_no_blanks_at_their_ends(self):
        for path in files(".c", ".h", ".py", ".map"):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if "\t" in line or line != line.rstrip():
                    self.fail(f"{relative(path)}:{number}")

    def test_nothing_is_left_to_do(self):
        for path in files(".c", ".h", ".py"):
            if path.name != "test_style.py":
                with self.subTest(file=relative(path)):
                    self.assertIsNone(LEFTOVER.search(path.read_text(encoding="utf-8")))

    def test_no_banned_call(self):
        for path in files(".c", ".h"):
            for name in calls(BANNED, path):
                with self.subTest(file=relative(path)):
                    self.fail(name)

    def test_core_allocates_through_base_alloc_only(self):
        for path in files(".c", ".h", folders=("core",)):
            if path.name != "alloc.c":
                with self.subTest(file=relative(path)):
                    self.assertEqual(list(calls(CORE_ALLOCATION, path)), [])

    def test_core_reads_the_environment_in_one_place(self):
        readers = [relative(path) for path in files(".c", ".h", folders=("core",))
                   if re.search(r"\b(secure_)?getenv\s*\(",
                                without_comments(path.read_text(encoding="utf-8")))]
        # Kill points are no part of a build that is used.
        self.assertEqual(readers, ["core/base/kill.c", "core/config/config.c"])

    def test_drivers_do_not_sleep_print_start_threads_or_read_the_environment(self):
        for path in files(".c", ".h", folders=("drivers",)):
            with self.subTest(file=relative(path)):
                self.assertEqual(list(calls(DRIVER_BANNED, path)),
                                 DRIVER_ALLOWED.get(relative(path), []))

    def test_every_public_function_has_a_comment(self):
        declaration = re.compile(r"^(OUTFALL_EXPORT\b|static inline\b)")
        for path in sorted(PUBLIC.glob("*.h")):
            lines = path.read_text(encoding="utf-8").splitlines()
            for index, line in enumerate(lines):
                if not declaration.match(line):
                    continue
                above = index - 1
                while lines[above].startswith("OUTFALL_PRINTF") or lines[above] == "}" or \
                        (line.startswith("static inline") and lines[above].startswith(("static inline", " ", "{"))
                         and not lines[above].lstrip().startswith("*")):
                    above -= 1  # A group of inline functions may share one comment.
                with self.subTest(at=f"{path.name}:{index + 1}"):
                    self.assertTrue(lines[above].rstrip().endswith("*/"))

    def test_public_names_have_their_prefix(self):
        name = re.compile(r"^OUTFALL_EXPORT[^(]*?\b(\w+)\(", re.M)
        for path in sorted(PUBLIC.glob("*.h")):
            for found in name.findall(re.sub(r"\n\s*", " ", without_comments(
                    path.read_text(encoding="utf-8"))).replace("; ", ";\n")):
                with self.subTest(file=path.name, function=found):
                    self.assertTrue(found.startswith("outfall_"))

    def test_scripts_can_be_run(self):
        for path in list((SOURCE / "tools").iterdir()) + [SOURCE / ".ci" / "run"]:
            if path.read_text(encoding="utf-8").startswith("#!"):
                with self.subTest(file=relative(path)):
                    self.assertTrue(path.stat().st_mode & 0o100)
                    if "bash" in path.read_text(encoding="utf-8").split("\n", 1)[0]:
                        subprocess.run(["bash", "-n", path], check=True)

    def test_the_checks_have_something_to_check(self):
        self.assertGreater(len(files(".c", folders=("core",))), 20)
        self.assertTrue(all((SOURCE / folder).is_dir() for folder in CODE if folder != "bindings"))


if __name__ == "__main__":
    unittest.main()
