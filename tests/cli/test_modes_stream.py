# SPDX-License-Identifier: Apache-2.0
"""Change streams from four writers: the table is in the end what a plain model says, in every database.

Each key belongs to one writer, as order is promised within a writer and not between them.
"""

import random
import unittest

from stream import line_of, stream
from targets import test_classes

WRITERS = 4
REPEATED = 0.3
BATCH_ROWS = 250

# For each engine a key column for which other bytes may be the same key, and what is the same.
COLLATED = {
    "sqlite": ("varchar(40) COLLATE NOCASE", str.lower),
    "postgresql": ("citext", str.lower),
    "mysql": ("varchar(40)", lambda key: key.rstrip(" ").lower()),  # utf8mb4_general_ci
}


def changes(count, seed, deletes=0.0, spell=str):
    """(writer, kind, key, value) with REPEATED of the keys met before: half of those a moment ago, so
    mostly within a batch. `spell` writes a key in one of its spellings."""
    source = random.Random(seed)
    met = [[] for _ in range(WRITERS)]
    key = 0
    for number in range(count):
        writer = source.randrange(WRITERS)
        if met[writer] and source.random() < REPEATED:
            recent = met[writer][-20:] if source.random() < 0.5 else met[writer]
            chosen = source.choice(recent)
        else:
            key += 1
            chosen = key
            met[writer].append(key)
        kind = "d" if source.random() < deletes else source.choice("iu")
        yield writer, kind, spell(chosen), f"v{number}" if kind != "d" else None


def model(changes_made, same=lambda key: key, mode="upsert"):
    """What the table holds in the end: the key as it was first written, and the last value."""
    rows = {}
    for _, kind, key, value in changes_made:
        if kind == "d":
            rows.pop(same(key), None)
        elif same(key) not in rows:
            rows[same(key)] = (key, value)
        elif mode != "ignore":
            rows[same(key)] = (rows[same(key)][0], value)
    return sorted(rows.values())


class Streams:
    maxDiff = 2000

    def setUp(self):
        self.target.fresh()

    def write(self, rows, mode, *options):
        done = stream(self.target.url, "t", [line_of(*row) for row in rows], f"mode={mode}",
                      f"batch.rows={BATCH_ROWS}", "flushers=4", *options)
        self.assertEqual((done.code, done.errors, done.rejected), (0, "", []))
        self.assertEqual(done.stats["rows_delivered"], len(rows))
        self.assertGreaterEqual(done.stats["batches_delivered"], len(rows) // BATCH_ROWS)

    def assertModel(self, rows, key, **rules):
        # Sorted here, not by the database's collation.
        got = sorted(self.target.rows(f"SELECT {key}, v FROM t"))
        want = model(rows, **rules)
        self.assertEqual(len(got), len(want))
        self.assertEqual(got, want)

    def test_the_last_row_of_a_key_counts(self):
        rows = list(changes(8000, seed=1))
        keys = [key for _, _, key, _ in rows]
        self.assertTrue(0.28 < 1 - len(set(keys)) / len(keys) < 0.32)
        for mode in ("upsert", "replace", "ignore"):
            with self.subTest(mode=mode):
                self.target.fresh()
                self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, v varchar(20) NOT NULL)")
                written = rows if mode != "ignore" else [(w, "i", k, v) for w, _, k, v in rows]
                self.write(written, mode)
                self.assertModel(written, "id", mode=mode)

    def test_deletes_among_them(self):
        rows = list(changes(8000, seed=2, deletes=0.2))
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, v varchar(20) NOT NULL)")
        self.write(rows, "upsert")
        self.assertModel(rows, "id")

    def test_keys_that_are_equal_in_other_bytes(self):
        kind, same = COLLATED[self.target.engine]
        if kind == "citext":
            self.target.sql("CREATE EXTENSION citext")
        source = random.Random(3)

        def spell(key):
            text = "".join(source.choice((str.upper, str.lower))(letter) for letter in f"key-{key:x}")
            return text + source.choice(("", "", " ", "  "))
        for deletes in (0.0, 0.2):
            with self.subTest(deletes=deletes):
                self.target.sql(f"DROP TABLE IF EXISTS t; CREATE TABLE t (k {kind} NOT NULL PRIMARY KEY, "
                                "v varchar(20) NOT NULL)")
                rows = list(changes(2000, seed=4, deletes=deletes, spell=spell))
                self.assertLess(len({same(key) for _, _, key, _ in rows}), len({key for _, _, key, _ in rows}))
                self.write(rows, "upsert")
                self.assertModel(rows, "k", same=same)

    def test_another_unique_index_sees_the_rows_in_their_order(self):
        """Each row takes the place that the one before it has left."""
        self.target.sql("CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, v varchar(20) NOT NULL UNIQUE)")
        rows = []
        for number in range(0, 400, 2):
            one, other = str(number), str(number + 1)
            rows += [(0, "i", one, "hot"), (0, "u", one, f"cold{one}"), (0, "i", other, f"n{one}"),
                     (0, "d", other, None)]
        self.write(rows, "upsert", "unique.other=allow")
        self.assertModel(rows, "id")


test_classes(globals(), Streams)
del Streams

if __name__ == "__main__":
    unittest.main()
