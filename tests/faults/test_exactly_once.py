# SPDX-License-Identifier: Apache-2.0
"""delivery=exactly-once by the ledger: whatever is killed, cut or stopped, each line is loaded once."""

import glob
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

import mysql_wire
import postgresql_wire
from targets import COMMAND, LEDGER_TARGETS, test_classes
from wire import Closed

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from loading import Load, wait_for  # noqa: E402

ROWS = 6000
BATCH = 100
KILLS = 12
SEED = 20240131
OPTIONS = ("--create", "--delivery", "exactly-once", "--set", f"batch.rows={BATCH}", "--set", "retry.base.ms=5")
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0]
WHOLE = (str(ROWS), str(ROWS), str(ROWS * (ROWS + 1) // 2))


def lines():
    return [f"{number},row {number}" for number in range(1, ROWS + 1)]


class Loads:
    def setUp(self):
        self.target.fresh()
        directory = tempfile.TemporaryDirectory(prefix="outfall-once-")
        self.addCleanup(directory.cleanup)
        self.file = pathlib.Path(directory.name) / "rows.csv"
        self.file.write_text("id,name\n" + "\n".join(lines()) + "\n", encoding="utf-8")

    def command(self, source="file", url=None):
        # No key: a row that came twice would stay.
        return [COMMAND, "load", "--to", url or self.target.url, "--table", "t", *OPTIONS,
                "--source-id", source, str(self.file)]

    def load(self, **keywords):
        return subprocess.run(self.command(**keywords), capture_output=True, text=True, timeout=120, check=False)

    def loaded(self):
        return self.target.rows("SELECT count(*), count(DISTINCT id), sum(id) FROM t")[0]

    def assertWhole(self):
        self.assertEqual(self.loaded(), WHOLE)


class ExactlyOnce(Loads):
    def test_a_second_load_of_the_same_source_loads_nothing(self):
        self.assertEqual(self.load().returncode, 0)
        done = self.load()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f'source "file" was loaded before: {ROWS} rows, nothing to do', done.stdout)
        self.assertIn("loaded 0 rows", done.stdout)
        self.assertWhole()
        self.assertEqual(self.load(source="other").returncode, 0)
        self.assertEqual(self.loaded()[0], str(2 * ROWS))

    def test_a_load_that_is_killed_again_and_again(self):
        dice = random.Random(SEED)
        killed = attempts = 0
        while killed < KILLS:
            attempts += 1
            self.assertLess(attempts, 10 * KILLS, "loads end before they can be killed")
            with subprocess.Popen([*self.command(), "--set", "batch.rows=20"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE) as load:
                try:
                    load.wait(dice.uniform(0.01, 0.1))
                except subprocess.TimeoutExpired:
                    load.kill()
                    killed += 1
            self.assertIn(load.returncode, (0, -signal.SIGKILL))
            if load.returncode == 0:
                self.assertWhole()
                self.target.fresh()
        done = self.load()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertWhole()

    def test_a_load_that_was_stopped_is_fenced_off(self):
        zombie = Load(self.target.url, "t", "id,name", lines(), *OPTIONS, "--source-id", "file",
                      part=BATCH, pause=0.005)
        zombie.hold_at(ROWS // 2)
        zombie.wait_fed(ROWS // 2)
        wait_for(lambda: int(self.loaded()[0]) >= ROWS // 2)
        os.kill(zombie.process.pid, signal.SIGSTOP)
        try:
            done = self.load()
        finally:
            os.kill(zombie.process.pid, signal.SIGCONT)
        self.assertEqual(done.returncode, 0, done.stderr)
        code, _, errors = zombie.finish()
        self.assertEqual(code, 2, errors)
        self.assertIn("another process has opened writer \"file\"", errors)
        self.assertWhole()

    def test_a_ledger_that_is_dropped_stops_the_load(self):
        self.stop_by("DROP TABLE outfall_fence")

    def test_a_ledger_that_is_altered_stops_the_load(self):
        self.stop_by("ALTER TABLE outfall_fence RENAME COLUMN checkpoint TO mark")

    def stop_by(self, sql):
        load = Load(self.target.url, "t", "id,name", lines(), *OPTIONS, "--source-id", "file",
                    part=BATCH, pause=0.005)
        load.hold_at(ROWS // 2)
        load.wait_fed(ROWS // 2)
        wait_for(lambda: int(self.loaded()[0]) >= ROWS // 2)
        self.target.sql(sql)
        code, _, errors = load.finish()
        self.assertEqual(code, 2, errors)
        self.assertRegex(errors, "ledger.*outfall_fence")
        self.assertEqual(self.loaded()[:2], (str(ROWS // 2), str(ROWS // 2)))

    def test_loads_that_begin_at_once_make_the_ledger_once(self):
        self.file.write_text("id,name\n1,one\n", encoding="utf-8")
        for _ in range(5):
            self.target.fresh()
            loads = [subprocess.Popen(self.command(f"source {number}"), stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True) for number in range(6)]
            for load in loads:
                _, errors = load.communicate(timeout=60)
                self.assertEqual(load.returncode, 0, errors)
            self.assertEqual(self.loaded(), ("6", "1", "6"))

    def test_two_loads_by_different_names_do_not_fence_each_other(self):
        first = subprocess.Popen(self.command("one"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        second = self.load(source="two")
        _, errors = first.communicate(timeout=120)
        self.assertEqual((first.returncode, second.returncode), (0, 0), errors + second.stderr)
        self.assertEqual(self.loaded(), (str(2 * ROWS), str(ROWS), str(ROWS * (ROWS + 1))))


class Clocks(Loads):
    """Not by ODBC: connecting there waits on a condition by the monotonic clock, which libfaketime shifts all the same."""

    def test_a_clock_that_is_set_back(self):
        ahead = {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME": "+1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                 "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        now = subprocess.run(["date", "+%s"], env=ahead, capture_output=True, text=True, check=True).stdout
        self.assertGreater(int(now), time.time() + 3000, "the clock is not ahead")
        first = Load(self.target.url, "t", "id,name", lines(), *OPTIONS, "--source-id", "file",
                     part=BATCH, pause=0.005, environment=ahead)
        first.hold_at(ROWS // 2)
        first.wait_fed(ROWS // 2)
        wait_for(lambda: int(self.loaded()[0]) >= ROWS // 2)
        first.process.kill()
        self.assertEqual(first.finish()[0], -signal.SIGKILL)
        done = self.load()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertWhole()


class Sessions(Loads):
    """What a file has not: sessions of others, and a network to cut them off."""

    def test_a_writer_whose_line_is_held_is_told(self):
        sleep = "pg_sleep" if self.target.engine == "postgresql" else "sleep"
        self.assertEqual(self.load().returncode, 0)
        holder = threading.Thread(target=self.target.server.sql, args=(
            f"BEGIN; UPDATE outfall_fence SET epoch = epoch + 0; SELECT {sleep}(4); ROLLBACK",))
        holder.start()
        time.sleep(1)
        since = time.monotonic()
        done = subprocess.run([*self.command(), "--set", "request.timeout.ms=500"], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertLess(time.monotonic() - since, 3)
        holder.join()
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertRegex(done.stderr, 'writer "file" cannot be taken over: .*end that session')

    def test_a_commit_without_an_answer_is_resolved(self):
        for when in ("before", "after"):
            with self.subTest(when):
                self.target.fresh()
                with self.cutting(when) as proxy:
                    url = self.target.server.tcp_url.replace(f":{self.target.server.port}/", f":{proxy.port}/")
                    done = self.load(url=url)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertWhole()
                self.assertGreater(self.cuts, 5)

    def cutting(self, when):
        """A proxy that hangs up at every seventh COMMIT, before or after the server has heard of it."""
        self.cuts = commits = 0

        def is_cut(command):
            nonlocal commits
            if b"COMMIT" not in command[:16]:
                return False
            commits += 1
            self.cuts += commits % 7 == 0
            return commits % 7 == 0

        def before(command):
            if when == "before" and is_cut(command):
                raise Closed

        def change(command, data):
            return None if when == "after" and is_cut(command) else data

        wire = postgresql_wire if self.target.engine == "postgresql" else mysql_wire
        return wire.Proxy(("127.0.0.1", self.target.server.port), before=before, change=change)


test_classes(globals(), ExactlyOnce, LEDGER_TARGETS)
test_classes(globals(), Clocks, ("sqlite", "postgresql", "mysql"))
test_classes(globals(), Sessions, ("postgresql", "mysql"))
