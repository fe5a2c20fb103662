# SPDX-License-Identifier: Apache-2.0
"""Two-phase commit with a home database: processes, databases that crash, messages that arrive late.

Database 0 is the home: its ledger row is the decision. Every process does the same: it recovers, writes the
checkpoints that are not decided yet, and is done. So each is the writer, the zombie and the recovery of another.

A process waits for the answer to one message at a time. The server carries a message out at any later time, also
after its sender is gone; then it notices, at any time, and rolls back what is not prepared. Whether an answer is
lost before or after the message was carried out is therefore not told apart: the sender is cut, the message stays.

Two processes that live may end each other's connections for ever, with higher epochs each time. Only the order of
epochs matters, so that they are numbered anew in each state, and the states are finite in number.
"""

import sys

from explorer import explore

# What a protocol may get wrong.
NO_LEDGER = "no ledger"
OWN_TRANSACTION = "ledger in its own transaction"
EARLY = "acknowledge before commit"
ROLL_BACK_ALL = "roll back all prepared"
SELECT = "fence by SELECT"
NO_STEP_6 = "recovery without step 6"
LIST_ONCE = "recovery that raises the epoch and does not list again"
STALE = "decisions read before the home epoch is raised, and not again"
HASTY = "undecided branches rolled back before the home epoch is raised"
UNGUARDED = "an epoch that recovery may lower"
NOTA_IS_DONE = "an unknown transaction counts as committed"

GONE = -1
NONE = ()
ENDS = ("done", "fenced", "stuck")
# Messages whose arrival after their sender's end changes something.
LATE = ("fence", "raise", "end", "commit prepared", "roll back")


class World:
    """A state, to be changed; `frozen` is what is compared."""

    def __init__(self, state):
        databases, own, late, processes, self.acknowledged, faults = state
        # Each: epoch, checkpoint, rows by checkpoint, the ledger by checkpoint, the prepared branch. The ledger
        # has 1 where the first epoch committed and 2 where a later one did.
        self.databases = [list(one) for one in databases]
        self.own = dict(own)  # (process, database): (message, transaction); one has a message, the others ().
        self.late = list(late)  # (database, message, transaction) of connections whose process is gone.
        self.processes = [list(one) for one in processes]  # at, database, epoch, checkpoint, decided
        self.faults = list(faults)  # Kills, cuts and crashes that may still come.

    def frozen(self):
        late = [one for one in self.late if one[2] or one[1] and one[1][0] in LATE]
        own, databases, processes = sorted(self.own.items()), self.databases, self.processes
        rank = self.ranks(late)

        def anew(values):  # The epoch stands first in branches and transactions.
            return (rank[values[0]], *values[1:]) if values else values

        def message(values):
            if len(values) < 2 or values[1] is None:
                return values
            return (values[0], rank[values[1]], *values[2:3], *map(anew, values[3:]))
        own = [(key, (message(sent), anew(open_one))) for key, (sent, open_one) in own]
        late = [(database, message(sent), anew(open_one)) for database, sent, open_one in late]
        databases = [(rank[one[0]], *one[1:4], anew(one[4])) for one in databases]
        processes = [(*one[0:2], rank[one[2]], *one[3:]) for one in processes]
        return (tuple(map(tuple, databases)), tuple(own), tuple(sorted(late)), tuple(map(tuple, processes)),
                self.acknowledged, tuple(self.faults))

    def ranks(self, late):
        """Each epoch that is somewhere, by its place among them; 0 and 1 stay what they are."""
        epochs = {0, 1}
        for sent, open_one in [*self.own.values(), *(one[1:] for one in late)]:
            if len(sent) > 1 and sent[1] is not None:
                epochs.add(sent[1])
                epochs.update(one[0] for one in sent[3:])
            if open_one:
                epochs.add(open_one[0])
        for one in self.databases:
            epochs.add(one[0])
            if one[4]:
                epochs.add(one[4][0])
        epochs.update(one[2] for one in self.processes)
        return {epoch: number for number, epoch in enumerate(sorted(epochs))}

    def transactions(self, database):
        """Those open in a database, each with the key of its connection."""
        for (process, where), (_, transaction) in self.own.items():
            if where == database and transaction:
                yield (process, where), transaction
        for number, (where, _, transaction) in enumerate(self.late):
            if where == database and transaction:
                yield number, transaction

    def locked(self, database, key):
        """Whether another transaction than the connection's own holds the fence row."""
        return self.databases[database][4] != NONE or any(
            other != key for other, _ in self.transactions(database))

    def drop(self, process, database=None):
        """The process's connections break; what is on its way may still arrive."""
        for key in [key for key in self.own if key[0] == process and database in (None, key[1])]:
            message, transaction = self.own.pop(key)
            self.late.append((key[1], message, transaction))

    def end(self, database, below):
        """Ends the connections whose transactions are of an epoch below; None: all. Their processes see it."""
        for key, transaction in sorted(self.transactions(database), key=str, reverse=True):
            if below is not None and transaction[0] >= below:
                continue
            if isinstance(key, int):
                self.late[key] = (database, NONE, NONE)
            else:
                message, _ = self.own.pop(key)
                if message:
                    self.own[key] = (("lost",), NONE)

    def commit(self, database, epoch, checkpoint, ledger=True):
        one = self.databases[database]
        one[0] = max(one[0], epoch)
        one[2] = put(one[2], checkpoint - 1, one[2][checkpoint - 1] + 1)
        if ledger:
            one[1] = checkpoint
            one[3] = put(one[3], checkpoint - 1, min(epoch, 2))


def put(values, at, value):
    return values[:at] + (value,) + values[at + 1:]


class TwoPhase:
    def __init__(self, processes=2, databases=2, checkpoints=1, kills=0, cuts=0, crashes=0, attached=False,
                 split_rows=False, mutant=None):
        self.processes, self.databases, self.checkpoints = processes, databases, checkpoints
        self.faults = (kills, cuts, crashes)
        self.attached = attached  # As in MariaDB: a prepared branch is its connection's until that ends.
        self.split_rows = split_rows  # Fence and rows are two messages. Nothing but the lock is seen in between.
        self.mutant = mutant

    def start(self):
        nothing = (0,) * self.checkpoints
        own = tuple(((process, 0), (("lock",), NONE)) for process in range(self.processes))
        return (((0, 0, nothing, nothing, NONE),) * self.databases, own, (),
                (("lock", 0, 0, 0, NONE),) * self.processes, 0, self.faults)

    # ---- What must hold --------------------------------------------------------------------

    def wrong(self, state):
        databases, _, _, processes, acknowledged, _ = state
        for number, (_, _, rows, _, _) in enumerate(databases):
            if max(rows) > 1:
                return f"a checkpoint is {max(rows)} times in database {number}"
        if 0 in databases[0][2][:acknowledged]:
            return "a checkpoint was acknowledged and is not in the home database"
        if any(process[0] == "stuck" for process in processes):
            return "a branch is lost"
        if any(process[0] == "done" for process in processes) and \
                any(set(rows) != {1} for _, _, rows, _, _ in databases):
            return "a process is done and rows are missing"
        return None

    def good(self, state):
        databases, own, late, processes, acknowledged, _ = state
        return not own and not late and acknowledged == self.checkpoints and \
            any(process[0] == "done" for process in processes) and \
            all(set(rows) == {1} and prepared == NONE for _, _, rows, _, prepared in databases)

    # ---- What may happen -------------------------------------------------------------------

    def steps(self, state):
        _, own, late, _, _, (kills, cuts, crashes) = state
        for (process, database), (message, _) in own:
            if message:
                yield from self.carried_out(state, process, database)
                if kills:
                    yield f"kill {process} at {message[0]}", self.killed(state, process)
                if cuts:
                    yield f"cut {process} at {message[0]}", self.cut(state, process, database)
        for number, (database, message, _) in enumerate(late):
            if message:
                world = World(state)
                world.late[number] = (database, NONE, world.late[number][2])
                if self.serve(world, number, database, message) is not None:
                    yield f"late: {message[0]} in {database}", world.frozen()
            world = World(state)
            del world.late[number]
            yield f"database {database} notices", world.frozen()
        if crashes:
            for database in range(self.databases):
                yield f"crash of {database}", self.crashed(state, [database], budget=True)

    def carried_out(self, state, process, database):
        world = World(state)
        message, transaction = world.own[process, database]
        world.own[process, database] = (NONE, transaction)
        answer = self.serve(world, (process, database), database, message)
        if answer is not None:
            self.take(world, process, database, message[0], answer)
            yield f"{process}: {message[0]} in {database} -> {answer}", world.frozen()

    def killed(self, state, process):
        """It starts again, at any later time, and knows nothing."""
        world = World(state)
        world.faults[0] -= 1
        world.drop(process)
        world.processes[process] = ["lock", 0, 0, 0, NONE]
        world.own[process, 0] = (("lock",), NONE)
        return world.frozen()

    def cut(self, state, process, database):
        world = World(state)
        world.faults[1] -= 1
        if world.processes[process][0] == "raise home":
            world.processes[process][2] = 0  # Whose epoch it is cannot be known any more.
        world.drop(process, database)
        self.recover(world, process)
        return world.frozen()

    def crashed(self, state, databases, budget=False):
        """Transactions and messages are gone, what is prepared or committed stays."""
        world = World(state)
        world.faults[2] -= budget
        for database in databases:
            world.late = [one for one in world.late if one[0] != database]
            for key in [key for key in world.own if key[1] == database]:
                message, _ = world.own.pop(key)
                if message:
                    world.own[key] = (("lost",), NONE)
        return world.frozen()

    # ---- The databases ---------------------------------------------------------------------

    def serve(self, world, key, database, message):
        """Carries a message out and returns its answer; None: it waits for a lock.

        `key` is that of the connection. A transaction is (epoch, checkpoint, prepared and attached).
        """
        one = world.databases[database]
        name, *arguments = message
        transaction = world.late[key][2] if isinstance(key, int) else world.own[key][1]

        def leave(after):
            if isinstance(key, int):
                world.late[key] = (database, NONE, after)
            else:
                world.own[key] = (NONE, after)

        if name == "lost":
            return "lost"
        if name == "lock":
            if world.locked(database, key):
                return "busy"
            leave((one[0] + 1, 0, False))
            return one[0]
        if name == "raise home":
            if not transaction:
                return "lost"
            one[0] = transaction[0]
            leave(NONE)
            return one[0]
        if name == "raise":
            return self.serve_raise(world, key, database, arguments[0])
        if name == "end":
            world.end(database, arguments[0])
            return "ok"
        if name == "read":
            return one[3]
        if name == "list":
            return one[4]
        if name in ("commit prepared", "roll back"):
            return self.serve_end_of_branch(world, key, database, name, tuple(arguments))
        if name == "fence":
            return self.serve_fence(world, key, database, arguments, leave)
        if not transaction or transaction[2]:
            return "lost"
        if name == "rows":
            return "ok"
        leave(NONE)
        if name == "prepare":
            one[4] = transaction[:2]
            leave((*transaction[:2], True) if self.attached else NONE)
        elif name == "commit":
            world.commit(database, *transaction[:2], ledger=self.mutant not in (NO_LEDGER, OWN_TRANSACTION))
        elif name == "record":
            one[1], one[3] = transaction[1], put(one[3], transaction[1] - 1, min(transaction[0], 2))
        return "ok"

    def serve_raise(self, world, key, database, epoch):
        one = world.databases[database]
        if one[0] > epoch and self.mutant != UNGUARDED:
            return "fenced"
        if world.locked(database, key):
            return "busy"
        one[0] = epoch
        return "ok"

    def serve_fence(self, world, key, database, arguments, leave):
        one = world.databases[database]
        epoch, checkpoint, *seen = arguments
        if self.mutant == SELECT:
            if not seen:  # The snapshot.
                return (one[0], one[1])
        elif not seen:
            seen = [(one[0], one[1])]
        if world.locked(database, key):
            return None
        own = seen[0][0] == epoch or self.mutant == NO_STEP_6 and 0 < database and seen[0][0] < epoch
        if not own or seen[0][1] >= checkpoint:
            return "fenced"
        leave((epoch, checkpoint, False))
        return "ok"

    def serve_end_of_branch(self, world, key, database, name, branch):
        one = world.databases[database]
        holder = [other for other, transaction in world.transactions(database) if transaction[2]]
        if one[4] != branch or holder and holder[0] != key:
            return "unknown"
        if holder and isinstance(key, tuple):
            world.own[key] = (NONE, NONE)
        elif holder:
            world.late[key] = (database, NONE, NONE)
        one[4] = NONE
        if name == "commit prepared":
            world.commit(database, *branch)
        return "ok"

    # ---- A process -------------------------------------------------------------------------

    def send(self, world, process, at, database, *arguments):
        world.processes[process][0:2] = [at, database]
        name = {"list again": "list", "look": "read", "read early": "read", "snapshot": "fence",
                "hasty": "roll back", "decided branch": "commit prepared"}.get(at, at)
        _, transaction = world.own.get((process, database), (NONE, NONE))
        world.own[process, database] = ((name, *arguments), transaction)

    def recover(self, world, process):
        """From its beginning, with new connections."""
        world.drop(process)
        if self.mutant == STALE:
            self.send(world, process, "read early", 0)
        else:
            self.send(world, process, "lock", 0)

    def finish(self, world, process, how):
        world.drop(process)
        world.processes[process][0:2] = [how, 0]

    def take(self, world, process, database, name, answer):
        """Takes an answer and sends the next message, or ends."""
        it = world.processes[process]
        at, _, epoch, checkpoint, decided = it
        if answer == "lost":
            self.recover(world, process)
        elif answer == "fenced":
            self.finish(world, process, "fenced")
        elif at in ("fence", "snapshot", "rows", "prepare", "commit", "record", "decided branch"):
            self.take_writing(world, process, database, at, answer)
        elif at == "lock":
            if answer == "busy":
                if self.mutant == HASTY:
                    self.roll_back_hastily(world, process)
                else:
                    self.send(world, process, "end", 0, None)
            elif epoch and answer != epoch:
                self.finish(world, process, "fenced")  # Another took over meanwhile.
            else:
                self.send(world, process, "raise home", 0)
        elif at == "raise home":
            it[2] = answer
            if self.mutant == STALE and decided:
                self.send(world, process, "list", 1)
            else:
                self.send(world, process, "read", 0)
        elif at == "end" and database == 0:
            self.send(world, process, "lock", 0)
        elif at == "read":
            it[4] = answer
            self.send(world, process, "list", 1)
        elif at == "read early":
            it[4] = answer
            self.send(world, process, "lock", 0)
        else:
            self.take_branches(world, process, database, at, answer)

    def roll_back_hastily(self, world, process):
        """What is not decided yet, while the home transaction may still commit."""
        branch = world.databases[1][4]
        if branch and not world.databases[0][3][branch[1] - 1]:
            self.send(world, process, "hasty", 1, *branch)
        else:
            self.send(world, process, "end", 0, None)

    def take_branches(self, world, process, database, at, answer):
        """Recovery in one database but the home: list, end what is there, raise the epoch, list again."""
        epoch, decided = world.processes[process][2], world.processes[process][4]
        if at == "hasty":
            self.send(world, process, "end", 0, None)
        elif at in ("list", "list again") and answer:
            commit = decided[answer[1] - 1] and self.mutant != ROLL_BACK_ALL
            if answer[0] > epoch:
                self.finish(world, process, "fenced")
            else:
                self.send(world, process, "commit prepared" if commit else "roll back", database, *answer)
        elif at == "list" and self.mutant != NO_STEP_6:
            self.send(world, process, "raise", database, epoch)
        elif at == "raise" and answer == "ok":
            self.send(world, process, "look" if self.mutant == LIST_ONCE else "list again", database)
        elif at in ("list", "list again"):
            self.send(world, process, "look", database)
        elif at == "look" and any(home and not there for home, there in zip(decided, answer)):
            self.finish(world, process, "stuck")
        elif at == "look" or at == "commit prepared" and answer == "unknown" and self.mutant == NOTA_IS_DONE:
            if database + 1 < self.databases:
                self.send(world, process, "list", database + 1)
            else:
                self.write(world, process, max((c for c, there in enumerate(decided, 1) if there), default=0))
        elif at == "raise" or answer == "unknown":
            self.send(world, process, "end", database, epoch)  # Busy, or another's: end the holder.
        elif at == "end" and self.mutant == LIST_ONCE:
            self.send(world, process, "raise", database, epoch)
        else:
            self.send(world, process, "list", database)

    def write(self, world, process, last):
        """Begins the checkpoint after `last`, in the home database first."""
        it = world.processes[process]
        world.acknowledged = max(world.acknowledged, last)
        if last == self.checkpoints:
            self.finish(world, process, "done")
        else:
            it[3] = last + 1
            self.send(world, process, "snapshot" if self.mutant == SELECT else "fence", 0, it[2], it[3])

    def take_writing(self, world, process, database, at, answer):
        it = world.processes[process]
        epoch, checkpoint = it[2:4]
        more = database + 1 < self.databases
        if at == "snapshot":
            self.send(world, process, "fence", database, epoch, checkpoint, answer)
        elif at == "fence" and more:
            self.send(world, process, "snapshot" if self.mutant == SELECT else "fence", database + 1, epoch, checkpoint)
        elif at == "fence" and self.split_rows:
            self.send(world, process, "rows", 0)
        elif at == "rows" and more:
            self.send(world, process, "rows", database + 1)
        elif at in ("fence", "rows"):
            self.send(world, process, "prepare", 1)
        elif at == "prepare" and more:
            self.send(world, process, "prepare", database + 1)
        elif at == "prepare":
            if self.mutant == EARLY:
                world.acknowledged = checkpoint
            self.send(world, process, "commit", 0)
        elif at == "commit" and self.mutant == OWN_TRANSACTION:
            world.own[process, 0] = (NONE, (epoch, checkpoint, False))
            self.send(world, process, "record", 0)
        elif at in ("commit", "record"):
            world.acknowledged = max(world.acknowledged, checkpoint)
            self.send(world, process, "decided branch", 1, epoch, checkpoint)
        elif answer == "unknown" and self.mutant != NOTA_IS_DONE:
            self.recover(world, process)  # Recovery tells by the ledger what became of it.
        elif more:
            self.send(world, process, "decided branch", database + 1, epoch, checkpoint)
        else:
            self.write(world, process, checkpoint)


def main():
    """Larger bounds by hand: `python3 tests/model/twophase.py processes=3`."""
    bounds = {name: int(number) for name, _, number in (argument.partition("=") for argument in sys.argv[1:])}
    found = explore(TwoPhase(**bounds), states_max=10_000_000)
    print(f"{found.states} states: {found.wrong or 'none is wrong, and each may end well'}")
    for step in found.trace:
        print(f"  {step}")
    sys.exit(found.wrong is not None)


if __name__ == "__main__":
    main()
