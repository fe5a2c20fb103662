# SPDX-License-Identifier: Apache-2.0
"""Help, version, lists, completion and progress."""

import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import BIRDSTRIKES, COMMAND, SECONDS, SOURCE, CommandTest, outfall  # noqa: E402

COMMANDS = ("load", "ping", "drivers", "options", "completion")


class Help(unittest.TestCase):
    def test_help_goes_to_standard_output_and_usage_errors_do_not(self):
        for arguments, code in ((("--help",), 0), (("-h",), 0), (("help",), 0), ((), 1)):
            with self.subTest(arguments=arguments):
                done = outfall(*arguments)
                self.assertEqual(done.returncode, code)
                text, other = (done.stdout, done.stderr) if code == 0 else (done.stderr, done.stdout)
                self.assertEqual(other, "")
                for command in COMMANDS:
                    self.assertRegex(text, rf"(?m)^  {command} ")

    def test_each_command_explains_itself(self):
        for command in COMMANDS:
            for flag in ("--help", "-h"):
                with self.subTest(command=command, flag=flag):
                    done = outfall(command, flag)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertTrue(done.stdout.startswith(f"usage: outfall {command}"))
                    self.assertFalse(re.search(r"(?m)[ \t]$", done.stdout))
                    self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)

    def test_the_manual_has_every_command_and_option(self):
        manual = (SOURCE / "docs" / "cli.md").read_text(encoding="utf-8")
        for command in COMMANDS:
            self.assertIn(f"`outfall {command}", manual)
            for option in re.findall(r"(?m)^  --([a-z-]+)", outfall(command, "--help").stdout):
                with self.subTest(command=command, option=option):
                    self.assertIn(f"`--{option}", manual)

    def test_mistakes_name_the_nearest(self):
        for arguments, message in ((("laod",), "unknown command laod; did you mean load?"),
                                   (("zzzzzz",), "unknown command zzzzzz; outfall --help lists them"),
                                   (("options", "--markdwon"), "unknown option --markdwon; did you mean --markdown?"),
                                   (("drivers", "x"), "too many arguments; usage: outfall drivers"),
                                   (("ping",), "an argument is missing; usage: outfall ping URL"),
                                   (("completion", "fish"), "completion is made for bash only: outfall completion bash")):
            with self.subTest(arguments=arguments):
                done = outfall(*arguments)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertEqual(done.stderr.rstrip(), f"outfall: {message}")

    def test_version(self):
        header = (SOURCE / "core/include/outfall/export.h").read_text(encoding="utf-8")
        version = re.search(r'OUTFALL_VERSION_STRING "(.+)"', header)[1]
        self.assertEqual(outfall("--version").stdout, f"outfall {version}\n")


class Manual(CommandTest):
    def run_examples(self, name, count):
        """All in one directory, one after the other, as a reader would; returns what each wrote, with what
        the document says of it."""
        manual = (SOURCE / "docs" / name).read_text(encoding="utf-8")
        examples = re.findall(r"(?ms)^```sh\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", manual)
        self.assertEqual(len(examples), count)
        (self.directory / "examples").symlink_to(SOURCE / "examples")
        (self.directory / "bin").mkdir()
        (self.directory / "bin" / "outfall").symlink_to(COMMAND)
        # In place of the sqlite3 shell, which a machine may lack.
        shell = self.directory / "bin" / "sqlite3"
        shell.write_text(f"#!{sys.executable}\nimport sqlite3, sys\n"
                         "for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): "
                         "print(*('' if value is None else value for value in row), sep='|')\n")
        shell.chmod(0o755)
        outputs = []
        for example, said in examples:
            done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", example], cwd=self.directory, check=False,
                                  capture_output=True, text=True, timeout=SECONDS,
                                  env={**os.environ, "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}"})
            self.assertEqual(done.returncode, 0, (example, done.stdout, done.stderr))
            outputs.append((done.stdout, said))
        return outputs

    def test_the_examples_of_the_manual_run(self):
        outputs = self.run_examples("cli.md", 3)
        self.assertIn("\n10000\n", outputs[0][0])
        self.database = self.directory / "places.db"
        self.assertEqual(self.query("SELECT id, zip FROM places ORDER BY id"),
                         [(1, "01234"), (2, None), (3, "99999"), (4, "1")])

    def test_the_example_of_the_ledger_runs(self):
        (output, _), = self.run_examples("exactly-once.md", 1)
        self.assertRegex(output, 'loaded 1000 .*\nsource "monday" was loaded before: 1000 rows, nothing to do\nloaded 0 rows')
        self.database = self.directory / "once.db"
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT id) FROM t"), [(1000, 1000)])

    def test_the_examples_of_dead_letters_run_and_print_what_is_said(self):
        (output, said), _ = self.run_examples("dead-letters.md", 2)
        self.assertEqual(output.splitlines(keepends=True)[1:], [said])
        self.database = self.directory / "places.db"
        self.assertEqual(self.query("SELECT id, zip FROM places ORDER BY id"), [(1, "01234"), (2, None), (3, "99999")])

    def test_the_examples_of_the_modes_run_and_print_what_is_said(self):
        for output, said in self.run_examples("modes.md", 2):
            shown = "".join(line for line in output.splitlines(keepends=True) if not line.startswith(("loaded ", "applied ")))
            self.assertEqual(shown, said)
            self.assertNotEqual(said, "")


class Lists(CommandTest):
    def test_drivers(self):
        done = outfall("drivers")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^null  ")
        self.assertRegex(done.stdout, r"(?m)^sqlite  +SQLite")

    def test_options_in_both_forms(self):
        plain, markdown = outfall("options").stdout, outfall("options", "--markdown").stdout
        keys = re.findall(r"(?m)^([a-z.]+) = ", plain)
        self.assertIn("batch.rows", keys)
        self.assertEqual(keys, re.findall(r"(?m)^\| `([a-z.]+)` \|", markdown))
        for line in markdown.splitlines():
            if line.startswith("|"):
                self.assertEqual(line.count("|"), 6, line)

    def test_ping(self):
        done = outfall("ping", self.url)
        self.assertEqual(done.returncode, 2)
        self.assertFalse(self.database.exists())  # A mistyped path is not a new database.
        self.execute("CREATE TABLE t (id int)")
        done = outfall("ping", self.url)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^SQLite \d+\.\d+.* answered in \d+\.\d ms\n$")
        for url, code in (("nowhere", 1), ("sqlite:/nonexistent/x.db", 2),
                          ("postgresql://u:canary@127.0.0.1:1/d", 2)):
            with self.subTest(url=url):
                done = outfall("ping", url)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertTrue(done.stderr.startswith("outfall: "))
                self.assertNotIn("canary", done.stderr)


class Completion(unittest.TestCase):
    def complete(self, *words):
        script = outfall("completion", "bash").stdout + """
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
            _outfall; printf '%s\\n' "${COMPREPLY[@]}"
        """
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True,
                              timeout=SECONDS, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_commands_options_and_values_complete(self):
        self.assertEqual(self.complete("outfall", "lo"), ["load"])
        self.assertEqual(self.complete("outfall", "load", "--dead"), ["--dead-letter", "--dead-letter-table"])
        self.assertEqual(self.complete("outfall", "load", "--format", ""), ["csv", "ndjson"])
        self.assertEqual(self.complete("outfall", "load", "--mode", ""), ["insert", "upsert", "replace", "ignore"])
        self.assertEqual(self.complete("outfall", "load", "--k"), ["--key", "--kind-column"])
        self.assertEqual(self.complete("outfall", "load", "--set", "batch.r"), ["batch.rows="])
        self.assertEqual(self.complete("outfall", "ping", "--"), ["--help"])
        self.assertEqual(self.complete("outfall", "load", "some"), [])


class Progress(CommandTest):
    def test_json_progress_is_one_object_a_line(self):
        done = self.load("--create", "--progress=json", BIRDSTRIKES)
        self.assertLoaded(done, 10000)
        objects = [json.loads(line) for line in done.stderr.splitlines()]
        self.assertGreaterEqual(len(objects), 1)
        for figures in objects:
            self.assertEqual(set(figures), {"seconds", "rows", "rows_per_s", "bytes", "queue_fill", "rejected"})
            self.assertTrue(0 <= figures["queue_fill"] <= 1)
        self.assertEqual(objects[-1]["rows"], 10000)
        self.assertEqual(objects[-1]["bytes"], BIRDSTRIKES.stat().st_size)

    def test_json_progress_comes_every_second_while_input_is_slow(self):
        self.execute("CREATE TABLE t (a INTEGER)")
        with subprocess.Popen([COMMAND, "load", "--to", self.url, "--table", "t", "--progress=json", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            process.stdin.write("a\n1\n2\n")
            process.stdin.flush()
            first, second = (json.loads(process.stderr.readline()) for _ in range(2))
            self.assertEqual((first["rows"], second["rows"]), (2, 2))
            self.assertTrue(0.9 < second["seconds"] - first["seconds"] < 5, (first, second))
            process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 0)

    def on_terminal(self, *arguments, environment=None):
        """Standard error as a terminal shows it."""
        control, terminal = pty.openpty()
        process = subprocess.Popen([COMMAND, "load", "--to", self.url, "--table", "t", "--create", *arguments],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=terminal,
                                   env={**os.environ, "TERM": "xterm", **(environment or {})})
        os.close(terminal)
        process.stdin.write(b"a\n1\n2\nx\n")
        process.stdin.flush()
        self.addCleanup(os.close, control)
        seen = b""
        while True:
            try:
                chunk = os.read(control, 4096)
            except OSError:  # The other end is closed: EIO.
                break
            seen += chunk
            if b"rejected 1" in seen and not process.stdin.closed:
                process.stdin.close()
            if not chunk:
                break
        process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(SECONDS), 3)
        return seen

    def test_a_terminal_gets_a_line_that_is_redrawn_and_erased(self):
        seen = self.on_terminal("--sample-rows=2", "--linger-ms=0", "-")
        self.assertRegex(seen, rb"\r2 rows  \d+ rows/s  \d+\.\d MB  queue \d+%\x1b\[31m  rejected 1\x1b\[0m\x1b\[K")
        self.assertIn(b"\r\x1b[Koutfall: standard input line 4", b"\r\x1b[K" + seen)
        self.assertTrue(seen.endswith(b"\r\x1b[K"))

    def test_no_color_is_honoured(self):
        seen = self.on_terminal("--sample-rows=2", "--linger-ms=0", "-", environment={"NO_COLOR": "1"})
        self.assertRegex(seen, rb"queue \d+%  rejected 1\x1b\[K")
        self.assertNotIn(b"\x1b[31m", seen)

    def test_there_is_none_where_standard_error_is_no_terminal(self):
        for options in ((), ("--progress=auto",), ("--progress=never",)):
            done = outfall("load", "--to", "null:", "--table", "t", *options, BIRDSTRIKES)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
