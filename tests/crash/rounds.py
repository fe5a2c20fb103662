# SPDX-License-Identifier: Apache-2.0
"""Rounds: a victim, a fault, and the question what is left. Nothing is restarted before it was asked."""

import signal
import time

from database import Cut, Database, Holding
from plan import CUT, EARLY, KILL_AT_POINT, KILL_AT_TIME, SERVER_FAULTS, WRITERS, ZOMBIE
from victim import DONE, ENDLESS, FAILED, FENCED, LOOK_SECONDS, Promises, Victim

NEWS = 3  # Acknowledgements that show that a victim goes on.
LOCKED_SECONDS = 1.0  # A stopped victim may hold the lines that the next one wants: until then.
# As the library's own. Opening gives up after one of these, and the disk of a loaded machine may stand still for seconds.
REQUEST_MS = 30000
ENDING_SECONDS = 15  # As long as its close may take, and some.
FINISH_ROWS = 40
FINISH = dict(batch_rows=20, linger_ms=1, flushers=1)


class Ledger:
    """delivery=exactly-once into one database: the ledger has an offset for each writer."""

    keyed = False  # A row that came twice has to show.
    survives = True  # A fault of the server, or on the way to it, does not end a victim.
    together = False

    def options(self, _promises, _sinks):
        return ["delivery=exactly-once"]

    def whole(self, holding, expected):
        """Whether no batch is there in part: what the ledger says is what the table has."""
        return holding.distinct == expected(holding.offset) and holding.last <= holding.offset


class Upsert:
    """delivery=at-least-once, mode=upsert: goes on behind what was acknowledged; the key swallows repetitions."""

    keyed = True
    survives = True
    together = False

    def options(self, promises, sinks):
        behind = [f"@{sink}.{writer}={promises.of(sink, writer)}" for sink in range(sinks) for writer in range(WRITERS)]
        return ["mode=upsert", "key=writer,seq", *behind]

    def whole(self, holding, expected):
        """A writer's batches land in their order, each whole: there is no hole."""
        return holding.distinct == expected(holding.last)


class TwoPhase(Ledger):
    """delivery=two-phase into several databases: each has its ledger, and they agree when a victim goes on."""

    survives = False  # It may be told that its checkpoint is rolled back, or in doubt, and has to begin again.
    together = True

    def options(self, _promises, _sinks):
        return ["delivery=two-phase"]


ROADS = {"ledger": Ledger(), "upsert": Upsert(), "two-phase": TwoPhase()}


class Broken(Exception):
    """Enough is broken: the rest of the plan has nothing to add."""


class Runner:
    """Runs the generations of one database, or of several together. A sink is a table in one of them."""

    def __init__(self, name, tally, mutant="", patience=60.0, until=()):
        """`patience`: seconds until something counts as hanging. `until`: stop once one of these is broken."""
        self._tally, self._mutant, self._patience, self._until = tally, mutant, patience, set(until)
        self._databases = [Database(part, name) for part in name.split("+")]
        self._name = name
        self._generation = self._promises = self._road = None
        self._sinks = []  # (database, table)
        self._may_fail = False  # A victim: by the fault of this round.
        self._where = ""

    def close(self):
        for database in self._databases:
            database.close()

    def run(self, generations, is_over=lambda: False):
        for number, generation in enumerate(generations, 1):
            if is_over():
                break
            self._begin(generation)
            try:
                for at, planned in enumerate(generation.rounds, 1):
                    self._where = f"{self._name}, generation {number}, round {at}: {planned}"
                    self._tally.add("faults", (planned.fault, self._name))
                    self._run_round(planned)
                    self._check()
                self._where, self._may_fail = f"{self._name}, generation {number}, its end", False
                self._finish()
            except Broken:
                return

    # ---- A generation --------------------------------------------------------------------

    def _begin(self, generation):
        self._generation = generation
        self._road = ROADS[generation.road]
        self._promises = Promises()
        tables = [f"t{number}" for number in range(generation.sinks)]
        self._sinks = [(database, table) for database in self._databases for table in tables]
        for database in self._databases:
            database.fresh(tables, self._road.keyed, generation.poison)
        self._tally.count("generations")

    def _finish(self):
        """A victim that nobody disturbs writes to its end: then all is there, once."""
        last = FINISH_ROWS + max(holding.last for held in self._check() for holding in held.values())
        victim = self._start(rows=last)
        if not victim.wait_end(self._patience):
            victim.kill()
        self._end(victim, DONE)
        for sink, held in enumerate(self._check()):
            for writer in range(WRITERS):
                acknowledged = self._promises.of(sink, writer)
                if victim.done and (acknowledged != last or held[writer].distinct != self._expected(last)):
                    self._breaks("lost", 1, f"writer {writer} of sink {sink} ended at {held[writer]}, "
                                            f"acknowledged {acknowledged}, of {last} rows")
                self._tally.count("rows", held[writer].rows)
                self._tally.count("acknowledged", self._expected(acknowledged))
                self._tally.count("refused", acknowledged - self._expected(acknowledged))
        for database in self._databases:
            prepared = database.prepared()
            if prepared:
                self._breaks("prepared", len(prepared), f"{database.name} is left with {prepared}")

    def _expected(self, offset):
        """How many rows up to that one are taken."""
        return offset - offset // self._generation.poison if self._generation.poison else offset

    def _start(self, planned=None, kill="", rows=ENDLESS, proxy=None, request_ms=REQUEST_MS):
        settings = planned.__dict__ if planned else FINISH
        options = [*self._road.options(self._promises, len(self._sinks)), f"batch.rows={settings['batch_rows']}",
                   f"linger.ms={settings['linger_ms']}", f"flushers={settings['flushers']}", "buffer.bytes=131072",
                   "buffer.chunk.bytes=4096", "row.bytes.max=4096", "retry.base.ms=5", "retry.max.ms=100",
                   f"request.timeout.ms={request_ms}"]
        if self._generation.copy:
            options.append("postgresql.copy.rows.min=1")
        targets = [(proxy.url if proxy and proxy.database is database else database.url, table)
                   for database, table in self._sinks]
        return Victim(self._promises, WRITERS, rows, options, targets, kill, self._mutant)

    # ---- Rounds --------------------------------------------------------------------------

    def _run_round(self, planned):
        self._may_fail = not self._road.survives and (planned.fault in SERVER_FAULTS or planned.wire != "")
        if planned.fault == ZOMBIE:
            self._zombie(planned)
        elif planned.fault in SERVER_FAULTS:
            self._server_fault(planned)
        elif planned.wire:
            self._wire_fault(planned)
        elif planned.fault == KILL_AT_POINT:
            self._await_point(planned, self._start(planned, f"{planned.point}:{planned.passing}"))
        elif planned.fault == KILL_AT_TIME:
            victim = self._start(planned)
            if not victim.wait_end(planned.delay):
                self._kill(victim)
            self._end(victim)

    def _await_point(self, planned, victim):
        if victim.wait_end(self._patience):
            if victim.was_killed:
                self._tally.add("hits", (planned.point, self._name))
                self._tally.add("kills", "client")
        else:
            self._tally.add("missed", planned.point)
            self._kill(victim)
        self._end(victim)

    def _server_fault(self, planned):
        victim = self._start(planned)
        victim.wait_for(lambda: victim.opened, self._patience)
        time.sleep(planned.delay)
        both = planned.fault == SERVER_FAULTS[2]
        database = self._databases[planned.server]
        database.crash(hard=planned.fault != SERVER_FAULTS[0])
        self._tally.add("kills", "server")
        if both:
            self._kill(victim)
        database.start()
        if not both:
            self._kill_once_it_goes_on(victim)
        self._end(victim)

    def _wire_fault(self, planned):
        at_point = planned.fault == KILL_AT_POINT
        kill = f"{planned.point}:{planned.passing}" if at_point else ""
        database = self._databases[planned.server]
        with Cut(database, planned.wire, planned.commit, again=planned.point in CUT) as proxy:
            victim = self._start(planned, kill, proxy=proxy,
                                 request_ms=500 if planned.wire.startswith("hang") else REQUEST_MS)
            if at_point:
                self._await_point(planned, victim)
                return
            if not victim.wait_for(lambda: victim.opened, self._patience):
                # Opening a writer gives up after request.timeout.ms, and says so.
                self._kill(victim)
                self._end(victim, FAILED)
                return
            if not proxy.happened.wait(self._patience):
                self._breaks("ended", 1, f"COMMIT number {planned.commit} did not come")
            self._kill_once_it_goes_on(victim)
            self._end(victim)

    def _zombie(self, planned):
        """Stopped somewhere; a second victim displaces it; continued, one of them is fenced off."""
        first = self._start(planned, f"{planned.point}:{planned.passing}:stop" if planned.point else "")
        if not planned.point:
            first.wait_news(1, self._patience)
            time.sleep(planned.delay)
        if not planned.point or not first.wait_stopped(self._patience):
            first.signal(signal.SIGSTOP)
            first.wait_stopped(self._patience)
        self._check()
        second = self._start()
        # Unless the first was stopped with locks on the lines, the second goes on without it.
        if second.wait_for(lambda: second.opened, LOCKED_SECONDS):
            second.wait_news(NEWS, self._patience)
        first.signal(signal.SIGCONT)
        if planned.point in EARLY:
            self._duel(first, second)
        else:
            self._fenced(first)
            second.wait_for(lambda: second.opened, self._patience)
            self._kill_once_it_goes_on(second)
            self._end(second)

    def _fenced(self, victim):
        if victim.wait_end(self._patience):
            self._end(victim, FENCED)
            self._tally.count("fenced", victim.process.returncode == FENCED)
        else:
            self._breaks("ended", 1, "a victim that was displaced goes on")
            self._kill(victim)
            self._end(victim)

    def _duel(self, *both):
        """Each takes writers from the other: one is fenced off, or both are."""
        until = time.monotonic() + self._patience
        while all(victim.process.poll() is None for victim in both) and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        loser, other = sorted(both, key=lambda victim: victim.process.poll() is None)
        self._fenced(loser)
        other.wait_news(NEWS, self._patience)
        if self._kill(other):
            self._end(other)
        else:
            self._fenced(other)

    # ---- Ends ----------------------------------------------------------------------------

    def _kill(self, victim):
        """False: it had ended by itself."""
        killed = victim.kill()
        if killed:
            self._tally.add("kills", "client")
        return killed

    def _kill_once_it_goes_on(self, victim):
        # Its last word comes a little before its end.
        if not victim.wait_news(NEWS, self._patience) and not victim.wait_end(ENDING_SECONDS):
            self._breaks("ended", 1, "a victim does not go on after the fault")
        self._kill(victim)

    def _end(self, victim, code=-signal.SIGKILL):
        said = victim.reap()
        if self._may_fail and code == -signal.SIGKILL and victim.process.returncode == FAILED:
            code = FAILED
        for (sink, writer), offset in victim.resumed.items() if self._road.together else ():
            # A checkpoint may begin between the rows that a writer puts into one sink and the next.
            if not 0 <= victim.resumed.get((0, writer), 0) - offset <= 1:
                self._breaks("partial", 1, f"writer {writer} goes on behind {offset} in sink {sink}, "
                                           f"{victim.resumed.get((0, writer))} in the first")
        if victim.process.returncode != code:
            self._breaks("ended", 1, f"exit status {victim.process.returncode}, not {code}: {victim.error} {said}")
        elif said:
            self._breaks("ended", 1, said)

    # ---- Checks --------------------------------------------------------------------------

    def _check(self):
        """Every invariant, now. Returns what each sink's table holds: a list of writer → Holding."""
        # Promises are read before the database is asked: later ones are not asked for.
        promised = [{writer: self._promises.of(sink, writer) for writer in range(WRITERS)}
                    for sink in range(len(self._sinks))]
        all_held = []
        for sink, (database, table) in enumerate(self._sinks):
            held = database.holdings(table, promised[sink])
            all_held.append(held)
            for writer in range(WRITERS):
                holding = held.setdefault(writer, Holding())
                self._check_writer(f"writer {writer} of {database.name}'s {table} has {holding}, acknowledged "
                                   f"{promised[sink][writer]}", holding, promised[sink][writer])
        for sink, writer, offset in self._promises.refused:
            if not self._generation.poison or offset % self._generation.poison:
                self._breaks("lost", 1, f"row {offset} of writer {writer}, sink {sink}, was refused")
        self._tally.count("checks")
        if self._until & set(self._tally.broken):
            raise Broken
        return all_held

    def _check_writer(self, what, holding, promised):
        for name, number in (("duplicates", holding.rows - holding.distinct),
                             ("lost", self._expected(promised) - holding.promised),
                             ("partial", int(not self._road.whole(holding, self._expected))),
                             ("altered", holding.altered)):
            if number > 0:
                self._breaks(name, number, what)

    def _breaks(self, name, number, what):
        self._tally.breaks(name, number, f"{what}; {self._where}")
