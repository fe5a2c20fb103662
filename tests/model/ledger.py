# SPDX-License-Identifier: Apache-2.0
"""The ledger protocol: one database, processes that displace each other, connections that break.

A state is (database, connections, processes, acknowledged, faults), tuples all through:

  database      epoch and checkpoint of the fence row, how often each checkpoint's rows are there, and the
                owner: which start of which process took over last
  connections   (owner, message, transaction), sorted; the owner is a process, or -1 once it is gone: the
                server may still carry out the message that was on its way, and rolls back when it notices
  processes     (where it stands, epoch, checkpoint, snapshot, owner)
  acknowledged  the checkpoint up to which the source was told that its rows are durable
  faults        how many kills and cuts may still come

A process waits for the answer to one message at a time; a cut loses the answer, the message, or both. A
process that is stopped and goes on later, the zombie, is one that takes no step for a while.
"""

# What a protocol may get wrong.
NO_LEDGER = "no ledger"
OWN_TRANSACTION = "ledger in its own transaction"
EARLY = "acknowledge before commit"
SELECT = "fence by SELECT"
ONE_MESSAGE = "takeover by one statement, which may arrive late"
NO_READ_BACK = "resume where the source was told, not where the database is"

GONE = -1
NONE = ()
ENDS = ("done", "fenced")


class Ledger:
    def __init__(self, processes=2, checkpoints=2, kills=1, cuts=1, mutant=None):
        self.processes, self.checkpoints, self.kills, self.cuts = processes, checkpoints, kills, cuts
        self.mutant = mutant

    def start(self):
        database = (0, 0, (0,) * self.checkpoints, GONE)
        connections = tuple((owner, f"takeover {owner}", NONE) for owner in range(self.processes))
        processes = tuple(("takeover", 0, 0, NONE, owner) for owner in range(self.processes))
        return database, connections, processes, 0, (self.kills, self.cuts)

    # ---- What must hold --------------------------------------------------------------------

    def wrong(self, state):
        (_, _, rows, _), _, processes, acknowledged, _ = state
        for checkpoint, count in enumerate(rows, 1):
            if count > 1:
                return f"checkpoint {checkpoint} is there {count} times"
            if count == 0 and checkpoint <= acknowledged:
                return f"checkpoint {checkpoint} was acknowledged and is not there"
        if any(process[0] == "done" for process in processes) and set(rows) != {1}:
            return "a process is done and rows are missing"
        return None

    def good(self, state):
        (_, _, rows, _), connections, processes, acknowledged, _ = state
        return set(rows) == {1} and acknowledged == self.checkpoints and not connections and \
            any(process[0] == "done" for process in processes)

    # ---- What may happen -------------------------------------------------------------------

    def steps(self, state):
        database, connections, processes, acknowledged, (kills, cuts) = state
        for connection in set(connections):
            owner, message, transaction = connection
            rest = list(connections)
            rest.remove(connection)
            if message:
                served = self.serve(database, rest, connection)
                if served is not None:
                    after, answer, transaction_after = served
                    if owner == GONE:
                        yield f"late {message}", (after, self.tidy(rest, (GONE, "", transaction_after)), processes,
                                                  acknowledged, (kills, cuts))
                    else:
                        yield self.answered(state, after, rest, owner, message, answer, transaction_after)
            if owner == GONE:
                yield "the server notices", (database, tuple(rest), processes, acknowledged, (kills, cuts))
                continue
            if kills:  # It starts again, at any later time, and is another owner.
                number = owner + self.processes * kills
                yield f"kill {owner} at {message}", (
                    database, self.tidy(rest, (GONE, message, transaction), (owner, f"takeover {number}", NONE)),
                    put(processes, owner, ("takeover", 0, 0, NONE, number)), acknowledged, (kills - 1, cuts))
            if cuts:  # Once it was open it takes over only what is its own still.
                _, epoch, checkpoint, _, number = processes[owner]
                again = f"takeover {number}" + " mine" * (epoch > 0)
                yield f"cut {owner} at {message}", (
                    database, self.tidy(rest, (GONE, message, transaction), (owner, again, NONE)),
                    put(processes, owner, ("takeover", epoch, checkpoint, NONE, number)), acknowledged,
                    (kills, cuts - 1))

    def serve(self, database, others, connection):
        """The database carries a message out: (database, answer, transaction), or None while it waits for a lock.

        A transaction is (epoch, checkpoint, has rows): whoever has one holds the fence row's lock.
        """
        epoch, checkpoint, rows, holder = database
        _, message, transaction = connection
        locked = any(other[2] for other in others)
        name, *arguments = message.split()
        if name == "takeover":
            if locked:
                return None
            if self.mutant == ONE_MESSAGE:
                return (epoch + 1, checkpoint, rows, int(arguments[0])), epoch + 1, NONE
            if "mine" in arguments and holder != int(arguments[0]):
                return database, "fenced", NONE
            return database, epoch + 1, (epoch + 1, checkpoint, False)  # It locks the row; COMMIT is a message more.
        if name == "raise":
            return (transaction[0], checkpoint, rows, int(arguments[0])), transaction[0], NONE
        if name == "read":
            return database, checkpoint, NONE
        if name == "begin":
            return database, (epoch, checkpoint), NONE
        if name == "commit":
            if not transaction:
                return database, "lost", NONE
            mine, to, has_rows = transaction
            if has_rows:
                rows = put(rows, to - 1, rows[to - 1] + 1)
            return (epoch, checkpoint if self.mutant == OWN_TRANSACTION and has_rows else to, rows, holder), "ok", NONE
        mine, to = int(arguments[0]), int(arguments[1])
        if name in ("fence", "record"):
            if locked:
                return None
            seen = (int(arguments[2]), int(arguments[3])) if self.mutant == SELECT else (epoch, checkpoint)
            fits = seen[0] == mine and (seen[1] < to or self.mutant == NO_LEDGER)
            return (database, "ok", (mine, to, False)) if fits else (database, "fenced", NONE)
        if name == "rows":
            return database, "ok", (mine, to, True)
        raise ValueError(message)

    def answered(self, state, database, rest, owner, message, answer, transaction):
        """A process takes an answer and sends its next message, or ends."""
        _, _, processes, acknowledged, faults = state
        _, epoch, checkpoint, snapshot, number = processes[owner]
        name = message.split()[0]
        following = {"takeover": "raise", "raise": "read", "read": "next", "begin": "fence", "fence": "rows",
                     "rows": "commit", "commit": "next", "record": "commit record"}.get(name)
        if answer in ("fenced", "lost"):
            following = "fenced"
        elif name == "raise" or name == "takeover" and self.mutant == ONE_MESSAGE:
            epoch, following = answer, "read"
        elif name == "read":
            checkpoint = answer
            if self.mutant in (NO_LEDGER, NO_READ_BACK):
                checkpoint = acknowledged
            acknowledged = max(acknowledged, checkpoint)
        elif name == "begin":
            snapshot = answer
        elif name == "rows" and self.mutant == EARLY or name == "commit":
            if self.mutant == OWN_TRANSACTION and message == "commit":
                following = "record"
            else:
                acknowledged = max(acknowledged, checkpoint)
        if following == "next":
            following = "done" if checkpoint == self.checkpoints else "begin" if self.mutant == SELECT else "fence"
            checkpoint += following != "done"
        text = following
        if following == "raise":
            text = f"raise {number}"
        if following in ("fence", "rows", "record"):
            text = f"{following} {epoch} {checkpoint}"
        if following == "fence" and self.mutant == SELECT:
            text += f" {snapshot[0]} {snapshot[1]}"
        after = put(processes, owner, (following, epoch, checkpoint, snapshot, number))
        left = self.tidy(rest) if following in ENDS else self.tidy(rest, (owner, text, transaction))
        return f"{owner}: {message} -> {answer}", (database, left, after, acknowledged, faults)

    @staticmethod
    def tidy(connections, *more):
        """Connections in order, without those that can do nothing any more."""
        return tuple(sorted(one for one in [*connections, *more] if one[0] != GONE or one[2] or
                            one[1].startswith(("takeover", "fence", "record"))))


def put(values, at, value):
    return values[:at] + (value,) + values[at + 1:]
