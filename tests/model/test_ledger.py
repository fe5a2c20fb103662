# SPDX-License-Identifier: Apache-2.0
"""The ledger protocol holds in every state that it can reach, and what it would be without a part does not."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from explorer import explore  # noqa: E402
from ledger import EARLY, NO_LEDGER, NO_READ_BACK, ONE_MESSAGE, OWN_TRANSACTION, SELECT, Ledger  # noqa: E402


class LedgerProtocol(unittest.TestCase):
    def assert_holds(self, states_min, **bounds):
        found = explore(Ledger(**bounds))
        self.assertIsNone(found.wrong, found)
        self.assertGreater(found.states, states_min)  # Else the model does less than it says.

    def test_each_checkpoint_lands_once_with_two_processes_a_kill_and_a_cut(self):
        self.assert_holds(2000, processes=2, checkpoints=2, kills=1, cuts=1)

    def test_each_checkpoint_lands_once_with_three_processes(self):
        self.assert_holds(2000, processes=3, checkpoints=2, kills=0, cuts=1)

    def test_each_checkpoint_lands_once_with_one_process_and_many_faults(self):
        self.assert_holds(1000, processes=1, checkpoints=3, kills=2, cuts=2)

    def test_every_mutant_is_caught(self):
        for mutant, bounds, want in (
                (NO_LEDGER, {}, "is there 2 times"),
                (OWN_TRANSACTION, {}, "is there 2 times"),
                (EARLY, {}, "was acknowledged and is not there"),
                (SELECT, {"kills": 0, "cuts": 0}, "is there 2 times"),
                (ONE_MESSAGE, {"cuts": 0}, "nothing that may follow ends well"),
                # The fence alone stops it, and so it never ends.
                (NO_READ_BACK, {"processes": 1}, "nothing that may follow ends well")):
            with self.subTest(mutant=mutant):
                found = explore(Ledger(**bounds, mutant=mutant))
                self.assertIsNotNone(found.wrong, "the model does not see it")
                self.assertIn(want, found.wrong, found)

    def test_a_mutant_goes_wrong_only_where_something_else_does(self):
        """Else it would be caught for what it has to be, and not for what it leaves out."""
        for mutant in (NO_LEDGER, OWN_TRANSACTION, SELECT, ONE_MESSAGE, NO_READ_BACK):
            with self.subTest(mutant=mutant):
                self.assertIsNone(explore(Ledger(processes=1, kills=0, cuts=0, mutant=mutant)).wrong)


if __name__ == "__main__":
    unittest.main()
