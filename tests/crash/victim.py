# SPDX-License-Identifier: Apache-2.0
"""A victim (victim.c) as its harness sees it: a process, and what it has reported."""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

from server_base import is_stopped

BUILD = pathlib.Path(os.environ.get("OUTFALL_BUILD", "build/crash")).resolve()
PROGRAM = BUILD / "tests" / "crash.victim"

ENDLESS = 1 << 40  # More rows than any victim lives to write.
DONE, FAILED, FENCED = 0, 2, 3
LOOK_SECONDS = 0.002


class Promises:
    """What victims were promised, over all of a generation: it outlives each of them."""

    def __init__(self):
        self.acknowledged = {}  # (sink, writer) → source offset
        self.refused = set()  # (sink, writer, source offset)
        self._lock = threading.Lock()

    def acknowledge(self, sink, writer, offset):
        with self._lock:
            self.acknowledged[sink, writer] = max(offset, self.acknowledged.get((sink, writer), 0))

    def refuse(self, sink, writer, offset):
        with self._lock:
            self.refused.add((sink, writer, offset))

    def of(self, sink, writer):
        with self._lock:
            return self.acknowledged.get((sink, writer), 0)


class Victim:
    def __init__(self, promises, writers, rows, options, targets, kill="", mutant=""):
        """`targets`: (URL, table) of each sink. `kill`: as OUTFALL_KILL has it."""
        self._promises = promises
        self._changed = threading.Condition()
        self.opened = self.done = False
        self._silent = False  # It has ended, and all that it said was read.
        self.news = 0  # Acknowledgements so far.
        self.resumed = {}  # (sink, writer) → source offset
        self.error = ""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OUTFALL_")}
        environment.update(OUTFALL_DRIVER_PATH=str(BUILD / "lib" / "outfall"), OUTFALL_KILL=kill,
                           OUTFALL_MUTANT=mutant)
        ours, theirs = os.pipe()
        self._said = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                [PROGRAM, str(theirs), str(writers), str(rows), *options, "--",
                 *(word for target in targets for word in target)],
                pass_fds=(theirs,), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=self._said, start_new_session=True)  # Ctrl-C is for the harness.
        finally:
            os.close(theirs)
        self._reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reader.start()

    def _read(self, descriptor):
        with os.fdopen(descriptor, "rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):  # Else it died within it.
                    with self._changed:
                        self._take(line.decode(errors="replace").rstrip("\n"))
                        self._changed.notify_all()
        with self._changed:
            self._silent = True
            self._changed.notify_all()

    def _take(self, line):
        kind, *words = line.split(" ")
        if kind == "A":
            self._promises.acknowledge(*map(int, words))
            self.news += 1
        elif kind == "R":
            self.resumed[int(words[0]), int(words[1])] = int(words[2])
        elif kind == "X":
            self._promises.refuse(*map(int, words))
        elif kind == "E":
            self.error = line[2:]
        self.opened |= kind == "O"
        self.done |= kind == "D"

    def wait_for(self, what, seconds):
        """Until what() is true. False: it was not in time, or the victim has ended."""
        with self._changed:
            self._changed.wait_for(lambda: what() or self._silent, seconds)
            return what()

    def wait_news(self, count, seconds):
        """Until there are so many more acknowledgements."""
        wanted = self.news + count
        return self.wait_for(lambda: self.news >= wanted, seconds)

    def wait_end(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait_stopped(self, seconds):
        """Until SIGSTOP has taken effect. False: not in time, or it has ended."""
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            if is_stopped(self.process.pid) and self.process.poll() is None:
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9. False: it had ended before."""
        self.signal(signal.SIGKILL)
        self.process.wait()
        return self.was_killed

    @property
    def was_killed(self):
        return self.process.returncode == -signal.SIGKILL

    def reap(self):
        """Waits for its end and for its last report; returns what it had to say against itself."""
        self.process.wait()
        self._reader.join()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace")
        self._said.close()
        return said
