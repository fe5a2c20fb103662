# SPDX-License-Identifier: Apache-2.0
"""Two-phase commit holds in every state that it can reach, by the crash matrix too; its mutants do not."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from explorer import explore  # noqa: E402
from twophase import (EARLY, ENDS, HASTY, LIST_ONCE, NO_LEDGER, NO_STEP_6, NONE, NOTA_IS_DONE,  # noqa: E402
                      OWN_TRANSACTION, ROLL_BACK_ALL, SELECT, STALE, UNGUARDED, TwoPhase, World)

# Where process 0 stands at each kill point: the message that it has not sent yet, and to which database.
POINTS = (
    ("begun", ("rows", 0)),
    ("rows written", ("prepare", 1)),
    ("first branch prepared", ("prepare", 2)),
    ("all others prepared", ("commit", 0)),
    ("decision durable", ("decided branch", 1)),
    ("first branch committed", ("decided branch", 2)),
    ("all committed", ("done", 0)),
)
# What becomes of the first attempt, by kill point: a(bort) or c(ommit).
MATRIX = (
    ("the client is killed", "aaaaccc"),
    ("the client is killed, and the next one at any step", "aaaaccc"),
    ("the client is killed, and two others recover at once", "aaaaccc"),
    ("a zombie is stopped, and goes on after the recovery", "aaaaccc"),
    ("the home database stops", "aaaaccc"),
    ("the others' server is killed", "aaacccc"),
)


class From:
    """A model from a state on; the zombie does nothing before process 1 has come to its end."""

    def __init__(self, model, state, zombie=False):
        self.model, self.state, self.zombie = model, state, zombie
        self.wrong, self.good = model.wrong, model.good
        self.outcomes = set()

    def start(self):
        return self.state

    def steps(self, state):
        if self.good(state):
            self.outcomes |= {"c" if one[3][0] == 1 else "a" for one in state[0]}
        waits = self.zombie and state[3][1][0] not in ENDS
        return [(label, after) for label, after in self.model.steps(state) if not (waits and label.startswith("0:"))]


def drive(model, point):
    """Process 0 alone, until it stands there; what it has not sent is not on its way."""
    state = model.start()
    while state[3][0][0:2] != point:
        (_, state), = model.carried_out(state, 0, state[3][0][1])
    return state


def unsent(state):
    world = World(state)
    for key, (_, transaction) in list(world.own.items()):
        if key[0] == 0:
            world.own[key] = (NONE, transaction)
    return world.frozen()


def outcome(victim, point, attached):
    """What becomes of the first attempt, and what is wrong."""
    kills = 1 + victim.endswith("at any step")
    others = victim.endswith("at once") or victim.startswith("a zombie")
    model = TwoPhase(processes=1 + others, databases=3, kills=kills, crashes=1, attached=attached,
                     split_rows=True)
    state = drive(model, point)
    if victim.startswith("the client"):
        state = model.killed(unsent(state), 0)
    elif victim.startswith("the home"):
        state = model.crashed(state, [0])
    elif victim.startswith("the others"):
        state = model.crashed(state, [1, 2])
    run = From(model, (*state[:5], (kills - 1, 0, 0)), zombie=victim.startswith("a zombie"))
    found = explore(run)
    return "".join(sorted(run.outcomes)), found


class CrashMatrix(unittest.TestCase):
    def test_each_kill_point_and_victim_has_its_one_outcome(self):
        for victim, wanted in MATRIX:
            for (name, point), want in zip(POINTS, wanted):
                for attached in (False, True):
                    with self.subTest(victim=victim, point=name, attached=attached):
                        got, found = outcome(victim, point, attached)
                        self.assertIsNone(found.wrong, found)
                        self.assertEqual(got, want)


class TwoPhaseCommit(unittest.TestCase):
    def test_each_checkpoint_lands_once_in_every_database(self):
        for states_min, bounds in (
                (10000, {"processes": 2, "kills": 1, "attached": True}),
                (10000, {"processes": 2, "cuts": 1}),
                (5000, {"processes": 2, "crashes": 1, "attached": True}),
                (500, {"processes": 1, "kills": 2, "attached": True}),
                (5000, {"processes": 1, "kills": 1, "cuts": 1, "crashes": 1, "attached": True}),
                (3000, {"processes": 1, "databases": 3, "kills": 1, "cuts": 1}),
                (1000, {"processes": 2, "databases": 3, "split_rows": True}),
                (3000, {"processes": 2, "checkpoints": 2}),
                (2000, {"processes": 1, "checkpoints": 2, "kills": 1, "cuts": 1})):
            with self.subTest(**bounds):
                found = explore(TwoPhase(**bounds))
                self.assertIsNone(found.wrong, found)
                self.assertGreater(found.states, states_min)  # Else the model does less than it says.

    def test_every_mutant_is_caught(self):
        zombie, killed = {"processes": 2}, {"processes": 1, "kills": 1, "attached": True}
        for mutant, bounds, want, step in (
                (NO_LEDGER, killed, "2 times", None),
                (OWN_TRANSACTION, killed, "2 times", "late: commit in 0"),
                (EARLY, killed, "was acknowledged and is not", None),
                (ROLL_BACK_ALL, killed, "a branch is lost", "0: roll back in 1 -> ok"),
                (SELECT, zombie, "2 times", None),
                (NO_STEP_6, killed, "nothing that may follow ends well", "late: prepare in 1"),
                (LIST_ONCE, killed, "nothing that may follow ends well", "late: prepare in 1"),
                (STALE, zombie, "nothing that may follow ends well", None),
                (HASTY, killed, "a branch is lost", "late: commit in 0"),
                (UNGUARDED, killed, "nothing that may follow ends well", "late: raise in 1"),
                (NOTA_IS_DONE, killed, "rows are missing", "0: commit prepared in 1 -> unknown")):
            with self.subTest(mutant=mutant):
                found = explore(TwoPhase(**bounds, mutant=mutant))
                self.assertIsNotNone(found.wrong, "the model does not see it")
                self.assertIn(want, found.wrong, found)
                if step:
                    self.assertIn(step, found.trace)

    def test_a_mutant_goes_wrong_only_where_something_else_does(self):
        """Else it would be caught for what it has to be, and not for what it leaves out."""
        for mutant in (NO_LEDGER, OWN_TRANSACTION, ROLL_BACK_ALL, SELECT, NO_STEP_6, LIST_ONCE, STALE, HASTY,
                       UNGUARDED, NOTA_IS_DONE):
            with self.subTest(mutant=mutant):
                self.assertIsNone(explore(TwoPhase(processes=1, mutant=mutant)).wrong)


if __name__ == "__main__":
    unittest.main()
