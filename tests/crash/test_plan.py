# SPDX-License-Identifier: Apache-2.0
"""A plan of the crash harness: the seed decides it, and nothing is left out."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plan import DATABASES, FAULTS, KILL_AT_POINT, POINTS, TOGETHER, WIRE_FAULTS, make_plan, reachable, short_plan  # noqa: E402
from tally import HITS_MIN  # noqa: E402


def rounds(plan):
    return [(generation, planned) for generations in plan.values() for generation in generations
            for planned in generation.rounds]


class Plan(unittest.TestCase):
    def test_the_seed_decides_it(self):
        self.assertEqual(make_plan(7), make_plan(7))
        self.assertNotEqual(make_plan(7), make_plan(8))
        # A database's plan is the same with or without the others.
        self.assertEqual(make_plan(7, ("mysql",))["mysql"], make_plan(7)["mysql"])

    def test_two_short_plans_have_every_point_often_enough_and_every_fault(self):
        for seed in range(50):
            planned = [one for offset in range(2) for _, one in rounds(short_plan(seed + offset))]
            with self.subTest(seed):
                for point in POINTS:
                    kills = sum(one.fault == KILL_AT_POINT and one.point == point for one in planned)
                    self.assertGreaterEqual(kills, HITS_MIN, point)
                self.assertLessEqual({one.fault for one in planned}, set(FAULTS))
                self.assertEqual(len({one.fault for one in planned}), len(FAULTS))

    def test_points_are_planned_where_they_are_passed(self):
        for seed in range(50):
            for generation, planned in rounds(make_plan(seed)):
                if planned.fault == KILL_AT_POINT:
                    self.assertTrue(reachable(planned.point, generation.database, generation.road, generation.poison))

    def test_files_have_no_servers_and_no_network(self):
        for seed in range(50):
            for _, planned in rounds(make_plan(seed, ("sqlite",))):
                self.assertNotIn("server", planned.fault)
                self.assertNotIn(planned.wire, WIRE_FAULTS)

    def test_a_plan_for_databases_together_reaches_each_of_them(self):
        for name in TOGETHER[1:]:
            planned = [one for _, one in rounds(make_plan(7, (name,)))]
            self.assertEqual({one.server for one in planned}, {0, 1})
        self.assertEqual({one.server for _, one in rounds(make_plan(7, DATABASES))}, {0})


if __name__ == "__main__":
    unittest.main()
