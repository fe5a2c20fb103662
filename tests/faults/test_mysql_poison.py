# SPDX-License-Identifier: Apache-2.0
"""A row at fault that the server does not name: a delete that a foreign key forbids."""

import math
import unittest

import servers
from stream import line_of, stream

ROWS = 10000
BAD = 6173


class UnnamedRows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = servers.MariaDB()
        cls.addClassCleanup(cls.server.close)

    def delete_all(self, method):
        lines = [line_of(0, "d", number) for number in range(1, ROWS + 1)]
        return stream(self.server.url, "t", lines, "mode=upsert", f"mysql.method={method}",
                      f"batch.rows={ROWS}", "linger.ms=60000", schema="id int64")

    def fill(self):
        self.server.sql(
            "DROP TABLE IF EXISTS children, t; CREATE TABLE t (id BIGINT PRIMARY KEY); "
            "CREATE TABLE children (parent BIGINT, FOREIGN KEY (parent) REFERENCES t (id)); "
            f"INSERT INTO t SELECT seq FROM seq_1_to_{ROWS}")

    def test_it_is_found_by_few_statements(self):
        for method in ("bulk", "rows"):
            with self.subTest(method):
                self.fill()
                clean = self.delete_all(method)
                self.assertEqual((clean.code, self.server.sql("SELECT count(*) FROM t").strip()),
                                 (0, "0"), clean.errors)
                self.fill()
                self.server.sql(f"INSERT INTO children VALUES ({BAD})")
                done = self.delete_all(method)
                self.assertEqual(done.code, 0, done.errors)
                self.assertEqual([letter["line"] for letter in done.rejected], [BAD])
                self.assertIn("foreign key", done.rejected[0]["reason"])
                self.assertEqual(self.server.sql("SELECT id FROM t").split(), [str(BAD)])
                extra = done.stats["writes"] - clean.stats["writes"]
                self.assertLessEqual(extra, 2 * math.log2(ROWS))


if __name__ == "__main__":
    unittest.main()
