# SPDX-License-Identifier: Apache-2.0
"""The crash harness, in short: a known seed and a new one. `make crash` does more of it."""

import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from database import stop_servers  # noqa: E402
from harness import run_plan  # noqa: E402
from plan import ALL, make_plan, short_plan  # noqa: E402
from tally import Tally  # noqa: E402

SEED = 20240131
KILLS_MIN = 350


class Rounds(unittest.TestCase):
    def test_no_promise_is_broken(self):
        tally = Tally()
        self.addCleanup(stop_servers)
        for seed in (SEED, random.SystemRandom().randrange(1 << 32)):
            print(f"seed {seed}", flush=True)
            run_plan(short_plan(seed), tally)
        report = tally.report(ALL)
        print(report)
        self.assertEqual(dict(tally.broken), {}, report)
        self.assertEqual(tally.rare_points(), [], report)
        self.assertGreaterEqual(tally.total_kills, KILLS_MIN)
        self.assertGreater(tally.fenced, 0)

    def test_a_seed_does_the_same_again(self):
        runs = []
        for _ in range(2):
            tally = Tally()
            run_plan(make_plan(SEED, ("sqlite",), 1), tally)
            self.assertEqual(dict(tally.broken), {}, tally.reasons)
            runs.append((tally.hits, tally.faults, tally.kills))
        self.assertEqual(*runs)


if __name__ == "__main__":
    unittest.main()
