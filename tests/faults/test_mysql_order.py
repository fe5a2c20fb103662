# SPDX-License-Identifier: Apache-2.0
"""Changes of rows that depend on each other, by each way of writing."""

import unittest

import servers
from stream import line_of, stream

NODES = ("CREATE TABLE t (id INT PRIMARY KEY, v INT, note VARCHAR(9) DEFAULT 'mine', "
         "FOREIGN KEY (v) REFERENCES t (id){})")
FILL = "INSERT INTO t VALUES (1, NULL, 'root'), (2, NULL, 'other'), (3, 1, 'kept'), (4, 3, 'grand')"
GUARDED = ("CREATE TABLE t (id INT PRIMARY KEY, v INT); CREATE TRIGGER guard BEFORE UPDATE ON t "
           "FOR EACH ROW SET NEW.v = GREATEST(NEW.v, OLD.v)")
PASSWORD = "none-the-wiser"
METHODS = ("bulk", "rows")


class Order(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = servers.MariaDB()
        cls.addClassCleanup(cls.server.close)

    def change(self, method, *changes, url=None):
        lines = [line_of(0, kind, *values) for kind, *values in changes]
        done = stream(url or self.server.url, "t", lines, "mode=upsert", f"mysql.method={method}",
                      "linger.ms=60000", schema="id int32, v int32")
        self.assertEqual((done.code, done.rejected), (0, []), done.errors)

    def test_a_row_that_found_another_parent_stays(self):
        for method in METHODS:
            with self.subTest(method):
                self.server.sql("DROP TABLE IF EXISTS t; " + NODES.format(" ON DELETE CASCADE"))
                self.server.sql(FILL)
                self.change(method, ("u", 3, 2), ("d", 1, None))
                self.assertEqual(self.server.sql("SELECT id, note FROM t ORDER BY id").split(),
                                 ["2", "other", "3", "kept", "4", "grand"])

    def test_children_are_deleted_before_their_parents(self):
        for method in METHODS:
            with self.subTest(method):
                self.server.sql("DROP TABLE IF EXISTS t; " + NODES.format(""))
                self.server.sql(FILL)
                self.change(method, ("d", 4, None), ("d", 3, None), ("d", 1, None))
                self.assertEqual(self.server.sql("SELECT id FROM t").split(), ["2"])

    def test_triggers_that_the_account_may_not_see_are_reckoned_with(self):
        self.server.sql("DROP TABLE IF EXISTS t; " + GUARDED)
        self.server.sql(f"CREATE OR REPLACE USER blind@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; "
                        "GRANT SELECT, INSERT, UPDATE, DELETE ON t TO blind@'127.0.0.1'")
        at = self.server.tcp_url_with(PASSWORD)
        scheme, rest = at.split("://", 1)
        url = f"{scheme}://blind{rest[rest.index(':'):]}"
        for method in METHODS:
            with self.subTest(method):
                self.server.sql("TRUNCATE t")
                self.change(method, ("u", 1, 5), ("u", 1, 3), ("u", 2, 1), url=url)
                self.assertEqual(self.server.sql("SELECT id, v FROM t ORDER BY id").split(),
                                 ["1", "5", "2", "1"])


if __name__ == "__main__":
    unittest.main()
