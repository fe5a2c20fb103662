# SPDX-License-Identifier: Apache-2.0
"""An index that comes or goes in the middle of an upsert: ON DUPLICATE KEY would take another row."""

import pathlib
import sys
import unittest

import servers
from targets import drivers

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loading import Load, wait_for  # noqa: E402

HALF = 2000
HEADER = "id,a,b,note"
TABLE = "id BIGINT NOT NULL, a INT NOT NULL, b INT NOT NULL, note VARCHAR(40), "
# The rows of the second half differ from those of the first in the key only: any unique index on
# the other columns would take them for the same rows.
LINES = [f"{i},{i % HALF},{i % HALF},row {i % HALF}" for i in range(2 * HALF)]


class Indexes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = servers.MariaDB()
        cls.addClassCleanup(cls.server.close)

    def load(self, table, change, mode="upsert", method="mysql.method=bulk", url=None):
        """Loads one half, changes the table, loads the other half."""
        self.server.sql(f"DROP TABLE IF EXISTS t; CREATE TABLE t ({TABLE}{table})")
        load = Load(url or self.server.url, "t", HEADER, LINES, "--mode", mode, "--key", "id", "--set",
                    method, "--batch-rows", 500, "--set", "linger.ms=10",
                    "--set", "retry.base.ms=20")
        load.hold_at(HALF)
        wait_for(lambda: load.process.poll() is not None or
                 int(self.server.sql("SELECT count(*) FROM t")) == HALF)
        self.server.sql(change)
        return load.finish()

    def assertFirstHalf(self):
        """The rows from before the change, each as it was."""
        self.assertEqual(self.server.sql(
            "SELECT count(*), max(id), sum(id = a AND id = b AND note = concat('row ', id)) FROM t"
        ).split(), [str(HALF), str(HALF - 1), str(HALF)])

    def test_another_unique_index_stops_the_load_before_it_takes_a_row_for_another(self):
        cases = [
            ("of one column", "PRIMARY KEY (id)", "UNIQUE other (a)"),
            ("of two columns", "PRIMARY KEY (id)", "UNIQUE other (a, b)"),
            ("of a text", "PRIMARY KEY (id)", "UNIQUE other (note)"),
            ("of a text's beginning", "PRIMARY KEY (id)", "UNIQUE other (note(30))"),
            ("of columns that have indexes", "PRIMARY KEY (id), KEY (a), KEY (b)",
             "UNIQUE other (a, b)"),
            ("of columns of one index", "PRIMARY KEY (id), KEY (a, b)", "UNIQUE other (a, b)"),
            ("where the key is no primary one", "UNIQUE (id), KEY (a, b)", "UNIQUE other (a, b)"),
        ]
        for why, table, index in cases:
            for mode in ("upsert", "replace", "ignore"):
                with self.subTest(why, mode=mode):
                    code, _, errors = self.load(table, f"ALTER TABLE t ADD {index}", mode)
                    self.assertEqual(code, 2, errors)
                    self.assertIn("unique index `other`", errors)
                    self.assertIn("unique.other=allow", errors)
                    self.assertFirstHalf()

    def test_statements_of_many_rows_notice_it_too(self):
        code, _, errors = self.load("PRIMARY KEY (id), KEY (a, b)",
                                    "ALTER TABLE t ADD UNIQUE other (a, b)", method="mysql.method=rows")
        self.assertEqual(code, 2, errors)
        self.assertIn("unique index `other`", errors)
        self.assertFirstHalf()

    @unittest.skipUnless("odbc" in drivers(), "this build has no driver for odbc:")
    def test_a_load_by_odbc_notices_it_too(self):
        cases = [("UNIQUE other (a)", "upsert", "rows"), ("UNIQUE other (a, b)", "replace", "array"),
                 ("UNIQUE other (note(30))", "ignore", "rows")]
        for index, mode, method in cases:
            with self.subTest(index, mode=mode):
                code, _, errors = self.load("PRIMARY KEY (id), KEY (a, b)", f"ALTER TABLE t ADD {index}", mode,
                                            f"odbc.method={method}", self.server.odbc_url)
                self.assertEqual(code, 2, errors)
                self.assertIn('unique index, "other"', errors)
                self.assertIn("unique.other=allow", errors)
                self.assertFirstHalf()

    @unittest.skipUnless("odbc" in drivers(), "this build has no driver for odbc:")
    def test_a_load_by_odbc_misses_the_key_s_own_index(self):
        code, _, errors = self.load("UNIQUE k (id), KEY (id)", "ALTER TABLE t DROP KEY k",
                                    method="odbc.method=rows", url=self.server.odbc_url)
        self.assertEqual(code, 2, errors)
        self.assertIn("CREATE UNIQUE INDEX", errors)
        self.assertFirstHalf()

    def test_the_key_s_own_index_is_missed(self):
        for table, drop in (("PRIMARY KEY (id)", "DROP PRIMARY KEY"),
                            ("UNIQUE k (id), KEY (id)", "DROP KEY k")):
            with self.subTest(table):
                code, _, errors = self.load(table, f"ALTER TABLE t {drop}")
                self.assertEqual(code, 2, errors)
                self.assertRegex(errors, "ADD (UNIQUE|PRIMARY KEY)")
                self.assertFirstHalf()

    def test_an_index_that_is_not_unique_harms_nothing(self):
        for table in ("PRIMARY KEY (id)", "PRIMARY KEY (id), KEY (a)"):
            with self.subTest(table):
                code, _, errors = self.load(table, "ALTER TABLE t ADD KEY other (a, b)")
                self.assertEqual(code, 0, errors)
                self.assertEqual(self.server.sql("SELECT count(*) FROM t").strip(), str(2 * HALF))


if __name__ == "__main__":
    unittest.main()
