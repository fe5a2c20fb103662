# SPDX-License-Identifier: Apache-2.0
"""What a run has counted, and its report."""

import threading
from collections import Counter

from plan import FAULTS, POINTS

HITS_MIN = 5
TITLES = {"mysql": "mariadb", "sqlite+postgresql": "sqlite+pg", "postgresql+mysql": "pg+mariadb",
          "mysql+postgresql": "mariadb+pg"}  # The server that is run; short.


class Tally:
    def __init__(self):
        self.hits = Counter()  # (point, database)
        self.faults = Counter()  # (fault, database)
        self.kills = Counter()  # "client" or "server"
        self.missed = Counter()  # Points that were not passed in time.
        self.broken = Counter()  # What was broken, how often: rows, or cases.
        self.reasons = []  # The first of them, in words.
        self.checks = self.acknowledged = self.rows = self.refused = self.fenced = self.generations = 0
        self.seconds = 0.0
        self._lock = threading.Lock()

    def add(self, counter, key, count=1):
        with self._lock:
            getattr(self, counter)[key] += count

    def count(self, name, number=1):
        with self._lock:
            setattr(self, name, getattr(self, name) + number)

    def breaks(self, what, number, why):
        """An invariant did not hold."""
        with self._lock:
            self.broken[what] += number
            if len(self.reasons) < 20:
                self.reasons.append(f"{what}: {number}: {why}")

    def hits_of(self, point):
        return sum(count for (name, _), count in self.hits.items() if name == point)

    def rare_points(self, points=POINTS):
        return [point for point in points if self.hits_of(point) < HITS_MIN]

    @property
    def total_kills(self):
        return sum(self.kills.values())

    # ---- Report --------------------------------------------------------------------------

    def _table(self, title, names, counter, databases):
        lines = [f"{title:32}" + "".join(f"{TITLES.get(name, name):>12}" for name in databases) + f"{'all':>12}"]
        for name in names:
            counts = [counter[name, database] for database in databases]
            lines.append(f"  {name:30}" + "".join(f"{count or '.':>12}" for count in counts) + f"{sum(counts):>12}")
        return lines

    def report(self, databases):
        lines = self._table("kill point", POINTS, self.hits, databases) + [""]
        lines += self._table("fault", FAULTS, self.faults, databases) + [""]
        figures = (
            ("kills", f"{self.total_kills} ({self.kills['client']} of the client, {self.kills['server']} of the server)"),
            ("checks", f"{self.checks}, in {self.generations} databases"),
            ("rows", f"{self.rows} written, {self.acknowledged} of them acknowledged, {self.refused} more refused"),
            ("acknowledged rows lost", self.broken["lost"]),
            ("duplicates", self.broken["duplicates"]),
            ("partial batches", self.broken["partial"]),
            ("left prepared", self.broken["prepared"]),
            ("rows altered", self.broken["altered"]),
            ("unexpected ends", self.broken["ended"]),
            ("zombies fenced off", self.fenced),
            ("points not passed in time", " ".join([str(sum(self.missed.values())), *self.missed])),
            ("seconds", f"{self.seconds:.0f}"),
        )
        lines += [f"{name:32}{value}" for name, value in figures]
        return "\n".join(lines + self.reasons)
