# SPDX-License-Identifier: Apache-2.0
"""A load that runs while the test does something to the database."""

import os
import pathlib
import subprocess
import threading
import time

SOURCE = pathlib.Path(os.environ.get("OUTFALL_SOURCE", pathlib.Path(__file__).parents[2]))
COMMAND = os.environ.get("OUTFALL_COMMAND", "outfall")
SECONDS = 120


class Load:
    """`outfall load … -`, fed line by line by a thread.

    rows is a list of lines; between two parts of `part` rows the feeder pauses for `pause` seconds.
    """

    def __init__(self, url, table, header, rows, *options, part=500, pause=0.01, environment=None):
        self.process = subprocess.Popen(
            [COMMAND, "load", "--to", url, "--table", table, *map(str, options), "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment)
        self._input, self.process.stdin = self.process.stdin, None  # communicate() leaves it alone.
        self.fed = 0
        self._may_feed = len(rows)
        self._gate = threading.Condition()
        self._thread = threading.Thread(target=self._feed, args=(header, rows, part, pause))
        self._thread.start()

    def _feed(self, header, rows, part, pause):
        try:
            self._input.write(header + "\n")
            while self.fed < len(rows):
                with self._gate:
                    while self.fed >= self._may_feed:
                        self._input.flush()
                        self._gate.wait()
                    end = min(self.fed + part, self._may_feed)
                self._input.write("\n".join(rows[self.fed:end]) + "\n")
                self._input.flush()
                self.fed = end
                time.sleep(pause)
        except BrokenPipeError:
            pass  # The command has ended; finish() tells how.
        finally:
            try:
                self._input.close()
            except BrokenPipeError:
                pass

    def hold_at(self, rows):
        """Stops feeding after that many rows, until release(), or until it is to be held at more."""
        with self._gate:
            self._may_feed = rows
            self._gate.notify()

    def release(self):
        with self._gate:
            self._may_feed = 1 << 62
            self._gate.notify()

    def wait_fed(self, rows):
        wait_for(lambda: self.fed >= rows or self.process.poll() is not None)

    def finish(self):
        """Feeds the rest; returns the exit code, standard output and standard error."""
        self.release()
        self._thread.join(SECONDS)
        output, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, output, errors


def wait_for(condition, seconds=SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing came of it in {seconds} s")
        time.sleep(0.02)
