# SPDX-License-Identifier: Apache-2.0
"""A source id stands for its files and its table: reused for others it is refused, and nothing is loaded."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from targets import COMMAND, LEDGER_TARGETS, test_classes

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from loading import wait_for  # noqa: E402

ROWS = 300
MANY = 20000  # More bytes than are hashed.
HEADER = "id,name\n"


def lines(first, last, name="row"):
    return "".join(f"{number},{name} {number}\n" for number in range(first, last + 1))


class Loads:
    def setUp(self):
        self.target.fresh()
        directory = tempfile.TemporaryDirectory(prefix="outfall-source-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.file = self.write("rows.csv", HEADER + lines(1, ROWS))

    # ---- Loading ---------------------------------------------------------------------

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def command(self, *files, source="monday", url=None, options=("--create",)):
        return [COMMAND, "load", "--to", url or self.target.url, "--table", "t", *options, "--delivery",
                "exactly-once", "--source-id", source, *map(str, files)]

    def load(self, *files, stdin=None, **keywords):
        return subprocess.run(self.command(*files or (self.file,), **keywords), input=stdin, capture_output=True,
                              text=True, timeout=120, check=False)

    def loaded(self):
        return tuple(map(int, self.target.rows("SELECT count(*), count(DISTINCT id) FROM t")[0]))

    def assertLoads(self, rows, *files, **keywords):
        """The load adds so many rows."""
        done = self.load(*files, **keywords)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"loaded {rows} rows into t", done.stdout)
        return done

    def assertNothingToDo(self, rows, *files, **keywords):
        done = self.assertLoads(0, *files, **keywords)
        self.assertIn(f'source "monday" was loaded before: {rows} rows, nothing to do\n', done.stdout)

    def assertRefused(self, code, pattern, *files, **keywords):
        """Nothing is loaded; returns the statement by which the ledger forgets the line."""
        before = self.target.one("SELECT count(*) FROM outfall_fence WHERE checkpoint > 0")
        refused = self.load(*files, **keywords)
        self.assertEqual(refused.returncode, code, refused.stdout + refused.stderr)
        self.assertRegex(refused.stderr, pattern)
        self.assertNotIn("loaded", refused.stdout)
        self.assertEqual(self.target.one("SELECT count(*) FROM outfall_fence WHERE checkpoint > 0"), before)
        advice = re.search(r"DELETE FROM outfall_fence WHERE [^;\n]*", refused.stderr)
        return advice and advice[0]


class SourceId(Loads):
    # ---- Files -----------------------------------------------------------------------

    def test_a_finished_load_says_so(self):
        self.assertLoads(ROWS)
        self.assertNothingToDo(ROWS)
        self.assertEqual(self.loaded(), (ROWS, ROWS))

    def test_another_file_is_refused_until_the_ledger_forgets_the_first(self):
        self.assertLoads(ROWS)
        other = self.write("other.csv", HEADER + lines(ROWS + 1, 2 * ROWS))
        advice = self.assertRefused(1, "other.csv does not begin as the one that was loaded\n.*another source", other)
        self.assertEqual(self.loaded(), (ROWS, ROWS))
        self.assertNothingToDo(ROWS)
        self.target.sql(advice)
        self.assertLoads(ROWS, other)
        self.assertEqual(self.loaded(), (2 * ROWS, 2 * ROWS))
        self.assertRefused(1, "does not begin as", self.file)

    def test_a_file_that_has_grown_goes_on(self):
        for rows in (ROWS, MANY):
            with self.subTest(rows=rows):
                self.target.fresh()
                self.file.write_text(HEADER + lines(1, rows), encoding="utf-8")
                self.assertLoads(rows)
                for _ in range(2):
                    with self.file.open("a", encoding="utf-8") as file:
                        file.write(lines(rows + 1, rows + 10))
                    rows += 10
                    self.assertLoads(10)
                self.assertNothingToDo(rows)
                self.assertEqual(self.loaded(), (rows, rows))

    def test_what_a_file_has_grown_by_tells_it_too(self):
        self.file.write_text(HEADER + lines(1, 1), encoding="utf-8")
        self.assertLoads(1)
        self.file.write_text(HEADER + lines(1, ROWS), encoding="utf-8")
        self.assertLoads(ROWS - 1)
        self.file.write_text(HEADER + lines(1, 1) + lines(2, ROWS, "other"), encoding="utf-8")
        self.assertRefused(1, "rows.csv does not begin as")

    def test_a_replaced_file_is_refused(self):
        for rows in (ROWS, MANY):
            self.file.write_text(HEADER + lines(1, rows), encoding="utf-8")
            self.target.fresh()
            self.assertLoads(rows)
            for why, text in (("longer", HEADER + lines(1, 2 * rows, "wor")),
                              ("shorter", HEADER + lines(1, rows // 4)),
                              ("empty but for its header", HEADER)):
                with self.subTest(why, rows=rows):
                    self.file.write_text(text, encoding="utf-8")
                    self.assertRefusedOrCut(rows)
            self.assertEqual(self.loaded(), (rows, rows))

    def assertRefusedOrCut(self, rows):
        refused = self.load()
        self.assertEqual(refused.returncode, 1, refused.stdout + refused.stderr)
        self.assertRegex(refused.stderr,
                         f"does not begin as|rows.csv ends before line {rows + 1}, up to which it was loaded")
        self.assertNotRegex(refused.stdout, "nothing to do|loaded [1-9]")

    def test_a_killed_load_goes_on_with_its_own_file_only(self):
        self.file.write_text(HEADER + lines(1, MANY), encoding="utf-8")
        other = self.write("other.csv", HEADER + lines(1, ROWS, "other"))
        options = ("--create", "--set", "batch.rows=50")
        with subprocess.Popen(self.command(self.file, options=options), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as load:
            wait_for(self.has_rows)
            load.kill()
        self.assertEqual(load.returncode, -signal.SIGKILL)
        self.assertLess(self.loaded()[0], MANY)
        self.assertRefused(1, "other.csv does not begin as", other)
        done = self.load()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'^\d+ rows of source "monday" were loaded or rejected before\nloaded [1-9]')
        self.assertEqual(self.loaded(), (MANY, MANY))

    def has_rows(self):
        try:
            return self.loaded()[0] > 0
        except Exception:  # pylint: disable=broad-except # There is no table yet; each client has its own error.
            return False

    def test_two_ids_have_two_files_in_one_table(self):
        other = self.write("other.csv", HEADER + lines(ROWS + 1, 2 * ROWS))
        self.assertLoads(ROWS)
        self.assertLoads(ROWS, other, source="tuesday")
        self.assertNothingToDo(ROWS)
        self.assertRefused(1, '"tuesday" has loaded rows of another source', source="tuesday")
        self.assertEqual(self.loaded(), (2 * ROWS, 2 * ROWS))

    def test_an_id_without_rows_takes_any_file(self):
        self.assertLoads(0, self.write("empty.csv", HEADER), options=("--create", "--schema", "id int64, name text"))
        self.assertLoads(ROWS)
        self.assertEqual(self.loaded(), (ROWS, ROWS))

    def test_several_files_in_their_order(self):
        first, second, third, fourth = (
            self.write(f"{number}.csv", HEADER + lines(number * 100 + 1, number * 100 + 100)) for number in range(4))
        self.assertLoads(300, first, second, third)
        self.assertNothingToDo(300, first, second, third)
        self.assertRefused(1, "2 files are fewer than the 3 that were loaded", first, second)
        self.assertRefused(1, "of the 2 files before .*3.csv one is not as it was", second, first, fourth)
        self.assertRefused(1, "3.csv does not begin as", first, second, fourth)
        with third.open("a", encoding="utf-8") as file:
            file.write(lines(1001, 1010))
        self.assertLoads(110, first, second, third, fourth)  # It has grown, and one follows it:
        self.assertNothingToDo(410, first, second, third, fourth)
        with third.open("a", encoding="utf-8") as file:  # what it grows by now would be left out.
            file.write(lines(2001, 2010))
        self.assertRefused(1, "of the 3 files before .*3.csv one is not as it was when they were loaded: only the last may have grown",
                           first, second, third, fourth)
        self.assertEqual(self.loaded(), (410, 410))

    # ---- Pipes -----------------------------------------------------------------------

    def test_standard_input_is_known_by_its_first_bytes(self):
        text = self.file.read_text(encoding="utf-8")
        self.assertLoads(ROWS, "-", stdin=text)
        self.assertNothingToDo(ROWS, "-", stdin=text)
        self.assertNothingToDo(ROWS)  # The file has the same bytes.
        self.assertRefused(1, "standard input does not begin as", "-", stdin=HEADER + lines(1, ROWS, "other"))
        self.assertRefused(1, "standard input does not begin as", "-", stdin=HEADER)
        self.assertLoads(10, "-", stdin=text + lines(ROWS + 1, ROWS + 10))
        self.assertEqual(self.loaded(), (ROWS + 10, ROWS + 10))

    def test_a_slow_pipe_is_known_by_more_than_its_header(self):
        with self.pipe() as load:
            self.feed(load, HEADER)
            self.feed(load, lines(1, 1))
            wait_for(self.has_rows)  # Its rows do not wait until enough is there to be hashed.
            self.feed(load, lines(2, ROWS))
            load.stdin.close()
            self.assertEqual(load.wait(60), 0)
        self.assertNothingToDo(ROWS)
        self.assertRefused(1, "standard input does not begin as", "-", stdin=HEADER + lines(1, ROWS, "other"))

    def test_a_signal_while_a_pipe_is_waited_for(self):
        self.assertLoads(ROWS)
        with self.pipe() as load:
            self.feed(load, HEADER + lines(1, 1))
            # It has opened the table, since its writer has the line, and waits for the rest of what was hashed.
            wait_for(lambda: int(self.target.one("SELECT epoch FROM outfall_fence")) > 2)
            load.terminate()
            self.assertEqual(load.wait(60), 128 + signal.SIGTERM)
        self.assertEqual(self.loaded(), (ROWS, ROWS))
        self.assertNothingToDo(ROWS)

    def pipe(self):
        return subprocess.Popen(self.command("-", options=("--create", "--schema", "id int64, name text")),
                                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def feed(self, load, text):
        load.stdin.write(text)
        load.stdin.flush()

    # ---- Tables ----------------------------------------------------------------------

    def test_a_table_made_again_is_refused_until_the_ledger_forgets(self):
        self.assertLoads(ROWS)
        self.target.sql("DROP TABLE t")
        self.assertRefused(2, 'the table was made again after [0-9]+ batches of "monday"')
        advice = self.assertRefused(2, "the table was made again")  # Though it is there by now.
        self.assertEqual(self.loaded(), (0, 0))
        self.assertLoads(ROWS, source="tuesday")
        self.target.sql(advice)
        self.assertLoads(ROWS)
        self.assertNothingToDo(ROWS)

    def test_a_table_made_again_by_hand_is_refused(self):
        self.assertLoads(ROWS)
        self.target.sql("DROP TABLE t")
        self.target.sql("CREATE TABLE t (id BIGINT, name VARCHAR(100))")
        self.assertRefused(2, "the table was made again", options=())
        self.assertEqual(self.loaded(), (0, 0))

    def test_a_table_by_hand_that_is_made_again_by_a_load_is_refused(self):
        self.target.sql("CREATE TABLE t (id BIGINT, name VARCHAR(100))")
        self.assertLoads(ROWS)
        self.assertNothingToDo(ROWS)
        self.target.sql("DROP TABLE t")
        self.assertRefused(2, "the table was made again")

    def test_a_table_that_was_altered_or_emptied_is_the_same(self):
        self.assertLoads(ROWS)
        self.target.sql("ALTER TABLE t ADD COLUMN more VARCHAR(10); DELETE FROM t")
        self.assertNothingToDo(ROWS)
        if self.target.engine != "sqlite":
            self.target.sql("TRUNCATE TABLE t")
            self.assertNothingToDo(ROWS)
        self.target.sql("ALTER TABLE t RENAME TO u")
        self.target.sql("ALTER TABLE u RENAME TO t")
        self.assertNothingToDo(ROWS)

    def test_a_table_that_has_its_rows_after_all_is_taken(self):
        self.assertLoads(ROWS)
        self.target.sql("CREATE TABLE restored AS SELECT * FROM t; DROP TABLE t")
        self.target.sql("ALTER TABLE restored RENAME TO t")
        where = self.assertRefused(2, "UPDATE outfall_fence SET target = ''").partition("WHERE")[2]
        self.target.sql(f"UPDATE outfall_fence SET target = '' WHERE{where}")
        self.assertNothingToDo(ROWS)
        self.assertEqual(self.loaded(), (ROWS, ROWS))

    def test_a_ledger_of_another_version_is_mended_by_the_statements_in_the_error(self):
        self.assertLoads(ROWS)
        self.target.sql("ALTER TABLE outfall_fence DROP COLUMN source; ALTER TABLE outfall_fence DROP COLUMN target")
        told = self.load()
        self.assertEqual(told.returncode, 2, told.stdout + told.stderr)
        self.assertIn("another version", told.stderr)
        self.target.sql(re.search(r"ALTER TABLE .*(?:NOT NULL|varchar\(200\))", told.stderr)[0])
        self.assertNothingToDo(ROWS)
        self.assertEqual(self.loaded(), (ROWS, ROWS))


class Ways(Loads):
    """By ODBC and by the database's own client it is the same table."""

    def test_the_table_is_the_same_by_both_drivers(self):
        native = f"sqlite:{self.target.path}" if self.target.engine == "sqlite" else self.target.server.url
        options = ("--create", "--set", "sink.id=t")
        for first, second in ((self.target.url, native), (native, self.target.url)):
            self.target.fresh()
            self.assertLoads(ROWS, url=first, options=options)
            self.assertNothingToDo(ROWS, url=second, options=options)
            self.target.sql("DROP TABLE t")
            self.assertRefused(2, "the table was made again", url=second, options=options)


test_classes(globals(), SourceId, LEDGER_TARGETS)
test_classes(globals(), Ways, ("odbc-postgresql", "odbc-mariadb", "odbc-sqlite"))
