# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL dies, hangs and comes back in the middle of a load."""

import os
import pathlib
import signal
import sys
import time
import unittest

import servers

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loading import Load  # noqa: E402

ROWS = 60000
HEADER = "id,name"
LINES = [f"{i},row {i}" for i in range(ROWS)]


class ServerFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = servers.PostgreSQL()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.server.psql("DROP TABLE IF EXISTS t; CREATE TABLE t (id bigint PRIMARY KEY, name text)")

    def count(self):
        return int(self.server.psql("SELECT count(*) FROM t"))

    def assertAllThere(self):
        """Every row once and as it was: with a primary key there is no room for another."""
        self.assertEqual(self.count(), ROWS)
        self.assertEqual(int(self.server.psql("SELECT count(*) FROM t WHERE name <> 'row ' || id")), 0)

    def start(self, *options, **feed):
        return Load(self.server.url, "t", HEADER, LINES, "--set", "retry.base.ms=20", *options, **feed)

    def test_a_load_survives_three_immediate_stops_of_the_server(self):
        for batch_rows in (500, 5000):
            with self.subTest(batch_rows=batch_rows):
                self.setUp()
                load = self.start("--batch-rows", batch_rows)
                for fed in (ROWS // 5, ROWS // 2, ROWS * 4 // 5):
                    load.wait_fed(fed)
                    self.server.kill_immediate()
                    time.sleep(0.3)
                    self.server.start()
                code, output, errors = load.finish()
                # A batch whose COMMIT was cut off may be written twice: the key then rejects it.
                self.assertIn(code, (0, 3), errors)
                self.assertIn("loaded", output)
                self.assertAllThere()

    def test_a_server_that_hangs_is_noticed_within_the_deadline(self):
        worst = 0
        for batch_rows in (500, 5000):
            load = self.start("--batch-rows", batch_rows, "--set", "request.timeout.ms=1500",
                              "--set", "connect.timeout.ms=1500", "--set", "retry.timeout.ms=0")
            load.wait_fed(ROWS // 3)
            self.server.pause()
            try:
                paused = time.monotonic()
                code, _, errors = load.finish()
                worst = max(worst, time.monotonic() - paused)
            finally:
                self.server.resume()
            self.assertEqual(code, 2, errors)
            self.assertRegex(errors, "deadline|request.timeout.ms")
            self.server.psql("TRUNCATE t")
        self.assertLess(worst, 1.5 + 1.0)

    def test_a_load_survives_a_hang_longer_than_its_deadline(self):
        load = self.start("--set", "request.timeout.ms=500", "--set", "connect.timeout.ms=500")
        load.wait_fed(ROWS // 3)
        self.server.pause()
        time.sleep(2)
        self.server.resume()
        code, _, errors = load.finish()
        self.assertIn(code, (0, 3), errors)
        self.assertAllThere()

    def test_an_interrupt_while_the_server_hangs_ends_in_time(self):
        load = self.start("--set", "request.timeout.ms=60000")
        load.wait_fed(ROWS // 3)
        self.server.pause()
        try:
            time.sleep(0.5)
            interrupted = time.monotonic()
            load.process.send_signal(signal.SIGINT)
            code, _, errors = load.finish()
            self.assertLess(time.monotonic() - interrupted, 15)
        finally:
            self.server.resume()
        self.assertEqual(code, 2, errors)  # Rows that had been read could not be loaded.
        self.assertIn("interrupted", errors)

    def test_memory_stays_bounded_while_the_server_hangs(self):
        load = self.start("--set", "buffer.bytes=2097152", pause=0)
        load.wait_fed(ROWS // 10)
        self.server.pause()
        try:
            time.sleep(1.5)
            status = pathlib.Path(f"/proc/{load.process.pid}/status").read_text(encoding="ascii")
            resident = int(status.split("VmRSS:")[1].split()[0])
        finally:
            self.server.resume()
        code, _, errors = load.finish()
        self.assertEqual(code, 0, errors)
        self.assertAllThere()
        if not os.environ.get("OUTFALL_SANITIZE"):  # Sanitizers take memory of their own.
            self.assertLess(resident, 32 * 1024)


if __name__ == "__main__":
    unittest.main()
