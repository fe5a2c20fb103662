# SPDX-License-Identifier: Apache-2.0
"""What a run does, decided by its seed alone: which fault, at which point, at which passing, when.

A plan is a list of generations for each database, or for several together ("postgresql+mysql"); a
generation begins with fresh databases, goes through rounds, each with a fault, and ends with a victim
that nobody disturbs.
"""

import pathlib
import random
import re
from dataclasses import dataclass

HEADER = pathlib.Path(__file__).parents[2] / "core" / "base" / "kill.h"


def listed(kind):
    """The names in core/base/kill.h: of a POINT, or of a MUTANT."""
    return re.findall(rf'^ +{kind}\("([\w-]+)", "', HEADER.read_text(encoding="utf-8"), re.M)


POINTS = listed("POINT")
MUTANTS = listed("MUTANT")

# Points that one road alone passes, those that need a cut COMMIT, and those that need rows that are refused.
LEDGER = {"fences-written", "resolve-begun", "resolve-answered"}
# Of a batch that has a transaction to itself.
EACH_BATCH = {"batch-taken", "begun", "before-commit", "after-commit", "before-acknowledge", "acknowledged"}
TWO_PHASE = {"branch-begun", "before-prepare", "prepared", "before-decision", "decided", "branch-committed", "checkpoint-ended",
             "recovery-begun", "recovery-swept", "recovery-raised"}
CUT = {"resolve-begun", "resolve-answered"}
POISON = {"row-refused"}
# Points that a victim does not pass as often as it likes: the highest passing that is asked for.
PASSINGS = {"ledger-created": 1, "takeover-written": 3, "takeover-committed": 3, "resolve-begun": 1,
            "resolve-answered": 1, "row-refused": 3}
PASSINGS.update({point: 1 if point.startswith("recovery") else 5 for point in TWO_PHASE})
PASSINGS_MAX = 15
# Of opening. Who is stopped here has not taken every writer over: once continued it displaces the other.
OPENING = {"ledger-created", "takeover-written", "takeover-committed"}
EARLY = OPENING | {"recovery-begun", "recovery-swept", "recovery-raised"}

WRITERS = 3
POISONED = 23  # Every so manieth row is refused, where some are.
ROUNDS = 12  # Of a generation.

SERVER_FAULTS = ("server stop immediate", "server kill -9", "server and client kill -9")
WIRE_FAULTS = ("cut before", "cut after", "cut half-way in", "cut half-way back", "hang before", "hang after")
KILL_AT_POINT, KILL_AT_TIME, ZOMBIE = "kill -9 at a point", "kill -9 at a time", "stopped, displaced, continued"
FAULTS = (KILL_AT_POINT, KILL_AT_TIME, ZOMBIE, *SERVER_FAULTS, *WIRE_FAULTS)

DATABASES = ("sqlite", "postgresql", "mysql")
TOGETHER = ("sqlite+postgresql", "postgresql+mysql", "mysql+postgresql")  # The first is the home.
ALL = (*DATABASES, *TOGETHER)


@dataclass(frozen=True)
class Round:
    fault: str
    point: str  # Where it is killed or stopped; empty: after `delay` seconds.
    passing: int
    delay: float
    wire: str  # One of WIRE_FAULTS, or empty.
    commit: int  # The COMMIT that it happens to.
    server: int  # Which of the generation's databases a server's or the wire's fault happens to.
    batch_rows: int
    linger_ms: int
    flushers: int


@dataclass(frozen=True)
class Generation:
    database: str  # "sqlite"; with + between them where a victim writes to several.
    road: str  # "ledger", "upsert" or "two-phase"; rounds.py has what they are.
    sinks: int  # In each database.
    poison: int  # Every so manieth row is refused; 0: none.
    copy: bool  # PostgreSQL: COPY for every batch.
    rounds: tuple


# What a generation is like, in turn: (road, sinks, poison).
KINDS = (("ledger", 1, 0), ("ledger", 1, POISONED), ("ledger", 2, 0), ("upsert", 1, 0))
KINDS_TOGETHER = (("two-phase", 1, 0), ("two-phase", 2, 0))


def reachable(point, database, road, poison):
    """Whether a generation of this kind passes the point."""
    if road == "two-phase":
        return point not in LEDGER | EACH_BATCH | POISON
    return (not (point in LEDGER | OPENING and road != "ledger") and point not in TWO_PHASE and not (point in CUT and database == "sqlite") and
            not (point in POISON and not poison))


class _Deck:
    """Items by chance, but each as often as the others."""

    def __init__(self, dice, items):
        self._dice, self._items, self._left = dice, items, []

    def draw(self):
        if not self._left:
            self._left = list(self._items)
            self._dice.shuffle(self._left)
        return self._left.pop()


class _Planner:
    """Of one database."""

    def __init__(self, dice, database, generations):
        self._dice, self._database = dice, database
        self._planned = {point: 0 for point in POINTS}
        # Points that only some generations pass come first there, until they have had their share.
        self._share = max(5 if "+" in database else 3, -(-generations * ROUNDS // (2 * len(POINTS))))
        self._wire, self._server = _Deck(dice, WIRE_FAULTS), _Deck(dice, SERVER_FAULTS)
        kinds = _Deck(dice, KINDS_TOGETHER if "+" in database else KINDS)
        self.generations = [self._generation(*kinds.draw()) for _ in range(generations)]

    def _generation(self, road, sinks, poison):
        has_server = self._database != "sqlite"
        faults = [KILL_AT_TIME, KILL_AT_TIME if road == "upsert" else ZOMBIE]
        if has_server:
            faults += [self._server.draw(), self._wire.draw()]
            faults += [self._wire.draw()] if road != "two-phase" else []  # It has more points.
        faults += [KILL_AT_POINT] * (ROUNDS - len(faults))
        self._dice.shuffle(faults)
        rounds = tuple(self._round(fault, road, sinks, poison) for fault in faults)
        return Generation(self._database, road, sinks, poison, self._dice.random() < 0.5, rounds)

    def _round(self, fault, road, sinks, poison):
        dice = self._dice
        servers = [at for at, name in enumerate(self._database.split("+")) if name != "sqlite"] or [0]
        # Where a checkpoint has to wait for all that is buffered, a statement for each row would take seconds.
        batches = (3, 7, 20) if road == "two-phase" else (1, 3, 7, 20)
        point, wire = "", fault if fault in WIRE_FAULTS else ""
        if fault == KILL_AT_POINT:
            point = self._point(road, poison)
            self._planned[point] += 1
        elif fault == ZOMBIE and dice.random() < 0.8:
            point = dice.choice([name for name in POINTS if reachable(name, self._database, road, 0) and name not in CUT])
        commit = dice.randint(1, 12)
        if point in CUT:
            wire = dice.choice(WIRE_FAULTS[:4])
            commit += WRITERS * sinks  # A commit of rows, not of a takeover.
        return Round(fault, point, dice.randint(1, PASSINGS.get(point, PASSINGS_MAX)), round(dice.uniform(0, 0.4), 3),
                     wire, commit, dice.choice(servers), dice.choice(batches), dice.choice((0, 1, 5)),
                     1 if road == "two-phase" else dice.choice((1, 2)))

    def _point(self, road, poison):
        names = [name for name in POINTS if reachable(name, self._database, road, poison)]
        self._dice.shuffle(names)

        def order(name):
            comes_first = name in CUT | POISON | TWO_PHASE and self._planned[name] < self._share
            # The others of the ledger are one ahead, since some generations do without it.
            return not comes_first, self._planned[name] - (name in LEDGER | OPENING)
        return min(names, key=order)


def make_plan(seed, databases=ALL, generations=2):
    """Generations by database. The same arguments make the same plan."""
    return {name: _Planner(random.Random(f"{seed} {name}"), name, generations).generations for name in databases}


def short_plan(seed):
    """As much as a test has time for. Two of them pass every point often enough."""
    return make_plan(seed, DATABASES, 4) | make_plan(seed, TOGETHER, 2)
