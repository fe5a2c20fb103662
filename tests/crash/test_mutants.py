# SPDX-License-Identifier: Apache-2.0
"""The crash harness finds out libraries that are broken: else its silence would say nothing.

test_rounds.py is the control: the same faults break nothing in a library that is whole.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from database import stop_servers  # noqa: E402
from harness import run_plan  # noqa: E402
from plan import ALL, DATABASES, MUTANTS, TOGETHER, make_plan  # noqa: E402
from tally import Tally  # noqa: E402

SEED = 20240131
GENERATIONS = 12  # At most: a run ends once the mutant is found out.
PATIENCE_SECONDS = 3  # A broken library may hang.

# What each does to rows, and the databases where a fault brings it to light: without a network no
# commit is without an answer.
EXPECTED = {
    "no-ledger": ({"duplicates"}, DATABASES),
    "ledger-apart": ({"lost", "partial"}, DATABASES),
    "acknowledge-early": ({"lost"}, DATABASES),
    "unfenced": ({"duplicates"}, DATABASES),
    "resolve-blind": ({"lost"}, DATABASES[1:]),
    "undo-prepared": ({"partial", "lost"}, TOGETHER),
}


def plan_of(database):
    plan = make_plan(SEED, (database,), GENERATIONS)
    return {database: [generation for generation in plan[database] if generation.road != "upsert"]}


class Mutants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(stop_servers)

    def test_every_mutant_is_caught(self):
        self.assertEqual(set(EXPECTED), set(MUTANTS))
        for mutant, (broken, databases) in EXPECTED.items():
            for database in databases:
                with self.subTest(mutant=mutant, database=database):
                    tally = Tally()
                    run_plan(plan_of(database), tally, mutant=mutant, patience=PATIENCE_SECONDS, until=broken)
                    print(f"{mutant}, {database}: {dict(tally.broken)} after {sum(tally.faults.values())} rounds, "
                          f"{tally.seconds:.1f} s", flush=True)
                    self.assertTrue(broken & set(tally.broken), tally.report(ALL))


if __name__ == "__main__":
    unittest.main()
