# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM: what was read is loaded, reported, and the command ends."""

import json
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import COMMAND, SECONDS, SUMMARY, CommandTest  # noqa: E402


class Signals(CommandTest):
    def start(self, *arguments, stdin=subprocess.PIPE):
        return subprocess.Popen([COMMAND, "load", "--to", self.url, "--table", "t", *arguments], stdin=stdin,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for_rows(self, rows):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            (count,), = self.query("SELECT count(*) FROM t")
            if count >= rows:
                return
            time.sleep(0.02)
        self.fail(f"{rows} rows did not come")

    def test_a_signal_during_a_load_from_a_slow_pipe_ends_it_in_order(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                self.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (a INTEGER)")
                with self.start("-") as process:
                    process.stdin.write("a\n1\n2\n3\n4")  # Line 5 is not whole: it may be 4, or 42.
                    process.stdin.flush()
                    self.wait_for_rows(3)
                    process.send_signal(number)
                    output, messages = process.communicate(timeout=SECONDS)
                self.assertEqual(process.returncode, code, messages)
                match = SUMMARY.fullmatch(output)
                self.assertIsNotNone(match, output)
                self.assertEqual((match[1], match[5]), ("3", "0"))
                self.assertIn("interrupted after the row at line 4 of standard input; all rows up to it are loaded "
                              "or rejected", messages)
                self.assertEqual(self.query("SELECT a FROM t"), [(1,), (2,), (3,)])

    def test_a_signal_in_the_middle_of_a_large_file_loads_what_it_says(self):
        self.execute("CREATE TABLE t (a INTEGER)")
        path = self.write("large.csv", "a\n" + "".join(f"{i}\n" for i in range(2, 3_000_000)))
        with self.start("--set=sqlite.synchronous=off", path, stdin=subprocess.DEVNULL) as process:
            self.wait_for_rows(1)
            process.send_signal(signal.SIGINT)
            output, messages = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 130, (output, messages))
        line = int(re.search(r"interrupted after the row at line (\d+) of", messages)[1])
        rows = int(SUMMARY.fullmatch(output)[1])
        self.assertEqual(rows, line - 1)
        self.assertLess(rows, 2_999_998)
        self.assertEqual(self.query("SELECT count(*), min(a), max(a) FROM t"), [(rows, 2, line)])

    def test_a_signal_while_the_types_are_sampled_loads_the_samples(self):
        with self.start("--create", "-") as process:
            process.stdin.write("a,b\n1,x\n2,y\n")
            process.stdin.flush()
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            output, messages = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 130, messages)
        self.assertIn("interrupted after the row at line 3 of standard input", messages)
        self.assertEqual(self.query("SELECT * FROM t"), [(1, "x"), (2, "y")])

    def test_a_signal_before_the_header_loads_nothing(self):
        with self.start("--create", "-") as process:
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            output, messages = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, output), (130, ""))
        self.assertEqual(messages, "outfall: interrupted before the first row\n")

    def test_rejected_rows_are_kept_when_a_signal_comes(self):
        self.execute("CREATE TABLE t (a INTEGER)")
        letters = self.directory / "letters"
        with self.start("--dead-letter", str(letters), "-") as process:
            process.stdin.write("a\n1\nx\n2\n")
            process.stdin.flush()
            self.wait_for_rows(2)
            process.send_signal(signal.SIGINT)
            output, messages = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 130, messages)
        self.assertEqual(SUMMARY.fullmatch(output)[5], "1")
        self.assertEqual([json.loads(line)["line"] for line in letters.read_text().splitlines()], [3])

    def test_the_end_is_bounded_and_the_second_signal_is_at_once(self):
        """The database is locked by another: nothing can be flushed."""
        self.execute("PRAGMA journal_mode=wal; CREATE TABLE t (a INTEGER)")
        for second in (False, True):
            with self.subTest(second=second):
                other = sqlite3.connect(self.database)
                process = self.start("-")
                try:
                    process.stdin.write("a\n1\n")
                    process.stdin.flush()
                    self.wait_for_rows(1)
                    other.execute("BEGIN IMMEDIATE")
                    process.stdin.write("2\n")
                    process.stdin.flush()
                    time.sleep(0.3)
                    sent = time.monotonic()
                    process.send_signal(signal.SIGINT)
                    if second:
                        time.sleep(0.5)
                        process.send_signal(signal.SIGINT)
                    output, messages = process.communicate(timeout=SECONDS)
                    took = time.monotonic() - sent
                finally:
                    other.rollback()
                    other.close()
                self.assertEqual(process.returncode, -signal.SIGINT if second else 2, (output, messages))
                self.assertLess(took, 5 if second else 20)
                if not second:
                    self.assertIn("loaded 1 rows into t", output)
                    self.assertIn("1 of the rows up to it are not known to be in the table", messages)
                self.execute("DELETE FROM t")


if __name__ == "__main__":
    unittest.main()
