# SPDX-License-Identifier: Apache-2.0
"""The table changes in the middle of a load: every row lands right, or is a named error."""

import pathlib
import sqlite3
import sys
import tempfile
import unittest

import servers

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loading import Load, wait_for  # noqa: E402

ROWS = 40000
HEADER = "id,value,name"
LINES = [f"{i},{i * 3},row {i}" for i in range(ROWS)]
CREATE = "CREATE TABLE t (id bigint PRIMARY KEY, value integer, name text)"


class ChangeCases:
    """What happens to a table, whichever database it is in. Subclasses have a database."""

    # Linger so long that batches are full: the two ways that PostgreSQL is written to.
    batches = (500, 5000)

    def run_change(self, batch_rows, change, lines=None):
        """Loads, with `change` run after a third of the rows have arrived, while another third comes."""
        lines = lines or LINES
        self.execute("DROP TABLE IF EXISTS t")
        self.execute(CREATE)
        load = Load(self.url, "t", HEADER, lines, "--batch-rows", batch_rows, "--set",
                    "retry.base.ms=20", part=250, pause=0.002)
        load.hold_at(ROWS // 3)
        load.wait_fed(ROWS // 3)
        wait_for(lambda: self.count() > 0)
        load.hold_at(2 * ROWS // 3)
        for statement in change:
            self.execute(statement)
        return load.finish()

    def assertRight(self, expected=ROWS, value="value"):
        self.assertEqual(self.count(), expected)
        self.assertEqual(self.one(f"SELECT count(*) FROM t WHERE {value} <> id * 3"), 0)
        self.assertEqual(self.one("SELECT count(*) FROM t WHERE name <> 'row ' || id"), 0)

    def count(self):
        return self.one("SELECT count(*) FROM t")

    def test_a_column_is_added(self):
        for batch_rows in self.batches:
            with self.subTest(batch_rows=batch_rows):
                code, _, errors = self.run_change(batch_rows, ["ALTER TABLE t ADD COLUMN extra text"])
                self.assertEqual(code, 0, errors)
                self.assertRight()

    def test_a_column_that_is_not_written_is_dropped(self):
        for batch_rows in self.batches:
            with self.subTest(batch_rows=batch_rows):
                code, _, errors = self.run_change(
                    batch_rows,
                    ["ALTER TABLE t ADD COLUMN extra text", "ALTER TABLE t DROP COLUMN extra"])
                self.assertEqual(code, 0, errors)
                self.assertRight()

    def test_a_column_that_is_written_is_dropped(self):
        for batch_rows in self.batches:
            with self.subTest(batch_rows=batch_rows):
                code, _, errors = self.run_change(batch_rows, ["ALTER TABLE t DROP COLUMN value"])
                self.assertEqual(code, 2, errors)
                self.assertIn("value", errors)
                self.assertEqual(self.one("SELECT count(*) FROM t WHERE name <> 'row ' || id"), 0)

    def test_the_table_is_dropped_and_made_again(self):
        for batch_rows in self.batches:
            with self.subTest(batch_rows=batch_rows):
                code, _, errors = self.run_change(
                    batch_rows,
                    ["DROP TABLE t", "CREATE TABLE t (value bigint, name text, id bigint PRIMARY KEY)"])
                self.assertEqual(code, 0, errors)
                # Rows that were there went with the old table; the last third came after it.
                self.assertRight(expected=self.count())
                self.assertEqual(self.one("SELECT max(id) FROM t"), ROWS - 1)
                first = self.one("SELECT min(id) FROM t")
                self.assertEqual(self.count(), ROWS - first)


class PostgreSQLChanges(ChangeCases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = servers.PostgreSQL()
        cls.addClassCleanup(cls.server.close)
        cls.url = cls.server.url

    def execute(self, sql):
        self.server.psql(sql)

    def one(self, sql):
        return int(self.server.psql(sql))

    def test_the_type_of_a_column_is_changed(self):
        changes = [
            ("bigint", "value"), ("double precision", "value"), ("numeric(12,2)", "value"),
            ("text", "value::bigint"),
        ]
        for batch_rows in self.batches:
            for kind, value in changes:
                with self.subTest(batch_rows=batch_rows, kind=kind):
                    code, _, errors = self.run_change(
                        batch_rows, [f"ALTER TABLE t ALTER COLUMN value TYPE {kind}"])
                    self.assertEqual(code, 0, errors)
                    self.assertRight(value=value)

    def test_rows_that_no_longer_fit_are_rejected_by_name(self):
        for batch_rows in self.batches:
            with self.subTest(batch_rows=batch_rows):
                code, output, errors = self.run_change(
                    batch_rows, ["BEGIN; LOCK TABLE t; DELETE FROM t WHERE value > 32767; "
                                 "ALTER TABLE t ALTER COLUMN value TYPE smallint; COMMIT"])
                self.assertEqual(code, 3, errors)
                self.assertIn("value", errors)
                self.assertNotIn("rejected 0", output)
                self.assertEqual(self.one("SELECT count(*) FROM t WHERE value <> id * 3"), 0)
                self.assertEqual(self.one("SELECT count(*) FROM t WHERE id * 3 <= 32767"), 32767 // 3 + 1)

    def test_a_column_is_dropped_and_made_again_with_another_type(self):
        for batch_rows in self.batches:
            with self.subTest(batch_rows=batch_rows):
                code, _, errors = self.run_change(
                    batch_rows, ["BEGIN; ALTER TABLE t DROP COLUMN value; "
                                 "ALTER TABLE t ADD COLUMN value double precision; COMMIT"])
                self.assertEqual(code, 0, errors)
                self.assertEqual(self.count(), ROWS)
                self.assertEqual(self.one("SELECT count(*) FROM t WHERE value <> id * 3"), 0)
                self.assertEqual(self.one("SELECT count(*) FROM t WHERE id >= 39000 AND value IS NULL"), 0)


class SQLiteChanges(ChangeCases, unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="outfall-faults-")
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name) / "t.db"
        self.url = f"sqlite:{self.path}"

    def execute(self, sql):
        connection = sqlite3.connect(self.path, timeout=30)
        connection.execute(sql)
        connection.commit()
        connection.close()

    def one(self, sql):
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            return connection.execute(sql).fetchone()[0]
        finally:
            connection.close()

    def test_the_table_is_made_again_with_other_types(self):
        for batch_rows in self.batches:
            with self.subTest(batch_rows=batch_rows):
                code, _, errors = self.run_change(
                    batch_rows,
                    ["DROP TABLE t", "CREATE TABLE t (value text, name text, id bigint PRIMARY KEY)"])
                self.assertEqual(code, 0, errors)
                self.assertEqual(self.one("SELECT count(*) FROM t WHERE typeof(value) <> 'text'"), 0)
                self.assertEqual(self.one("SELECT count(*) FROM t WHERE CAST(value AS int) <> id * 3"), 0)
                self.assertEqual(self.one("SELECT max(id) FROM t"), ROWS - 1)


if __name__ == "__main__":
    unittest.main()
