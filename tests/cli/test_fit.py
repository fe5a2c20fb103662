# SPDX-License-Identifier: Apache-2.0
"""Values that a column does not hold as they are: refused with the column's name, or rounded on request."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from command import CommandTest, outfall  # noqa: E402
from targets import test_classes  # noqa: E402

COLUMNS = ("id bigint NOT NULL PRIMARY KEY, n numeric(8,2), v varchar(5), c char(5), s timestamp(0) NULL, "
           "t time(0), i smallint")

# Column, value, what convert.lossy=refuse says (None: it fits), what is there then or with round (None: it is
# refused there too).
VALUES = (
    ("n", "1234.50", None, "1234.50"),
    ("n", "1.234", "would be rounded", "1.23"),
    ("n", "1e-3", "would be rounded", "0.00"),
    ("n", "1234567.89", "out of range", None),
    ("v", "ääää ", None, "ääää "),
    ("v", "abcdef", "too long", "abcde"),
    ("v", "ääääää", "too long", "äääää"),
    ("v", "abcde ", "too long", "abcde"),
    ("c", "ab", None, "ab"),
    ("c", "abcdef", "too long", "abcde"),
    ("s", "2024-01-31 12:34:56.000", None, "2024-01-31 12:34:56"),
    ("s", "2024-01-31 23:59:59.5", "would be rounded", "2024-02-01 00:00:00"),
    ("t", "12:34:56.5", "would be rounded", "12:34:57"),
    ("i", "-32768", None, "-32768"),
    ("i", "32768", "out of range", None),
    ("i", "1.5", "not an integer", None),
)


class Fit(CommandTest):
    maxDiff = 2000

    def load_values(self, lossy):
        """The rejected rows' columns and reasons, and the values that are there, by their lines."""
        self.target.fresh()
        self.target.sql(f"CREATE TABLE t ({COLUMNS})")
        letters = self.directory / lossy
        lines = [json.dumps({"id": line, column: value}) + "\n"
                 for line, (column, value, _, _) in enumerate(VALUES, 1)]
        done = outfall("load", "--to", self.target.url, "--table", "t", "--format", "ndjson", "--dead-letter",
                       letters, "--set", f"convert.lossy={lossy}", "-", stdin="".join(lines).encode())
        self.assertEqual(done.returncode, 3, done.stderr)
        rejected = {letter["line"]: (letter["column"], letter["reason"]) for letter in self.letters(letters)}
        stored = {int(row[0]): next((value for value in row[1:] if value is not None), None)
                  for row in self.target.rows("SELECT id, n, v, rtrim(c), s, t, i FROM t")}
        self.assertEqual(len(rejected) + len(stored), len(VALUES))
        return rejected, stored

    def test_what_does_not_fit_is_refused_or_rounded(self):
        refused, kept = self.load_values("refuse")
        still_refused, rounded = self.load_values("round")
        for line, (column, value, reason, after) in enumerate(VALUES, 1):
            with self.subTest(column=column, value=value):
                if reason is None:
                    self.assertEqual(kept[line], after)
                else:
                    self.assertEqual(refused[line][0], column)
                    self.assertIn(reason, refused[line][1])
                    self.assertIn(value, refused[line][1])
                if after is None:
                    self.assertEqual(still_refused[line][0], column)
                else:
                    self.assertEqual(rounded[line], after)


# SQLite's types have no sizes to fit into.
test_classes(globals(), Fit, ("postgresql", "mysql", "odbc-postgresql", "odbc-mariadb"))
del Fit

if __name__ == "__main__":
    unittest.main()
