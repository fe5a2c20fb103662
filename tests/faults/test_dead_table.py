# SPDX-License-Identifier: Apache-2.0
"""deadletter.table: every row that the database refuses is in it, in the transaction of its neighbours."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile

import mysql_wire
import postgresql_wire
from targets import COMMAND, test_classes
from wire import Closed

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_two_phase  # noqa: E402
from loading import Load, wait_for  # noqa: E402

ROWS = 6000
BATCH = 100
EVERY = 50  # Each such row is refused.
KILLS = 12
SEED = 20240131
GOOD = [number for number in range(1, ROWS + 1) if number % EVERY]
BAD = [number for number in range(1, ROWS + 1) if not number % EVERY]
ONCE = ("--delivery", "exactly-once", "--source-id", "file", "--set", f"batch.rows={BATCH}", "--set",
        "retry.base.ms=5")
TABLE = f"CREATE TABLE t (id bigint, name varchar(40), CHECK (id % {EVERY} <> 0))"

# As anybody would make it by hand.
BY_HAND = """CREATE TABLE dead (sink varchar(255), writer varchar(63), position bigint, source_offset bigint,
    kind varchar(6), row_json {text}, status varchar(32), sql_state varchar(5), native_code integer,
    column_name varchar(255), message varchar(511), refused_at {time}{more})"""
TEXT = {"sqlite": "text", "postgresql": "jsonb", "mysql": "longtext"}
TIME = {"sqlite": "TIMESTAMPTZ", "postgresql": "timestamptz", "mysql": "timestamp(6) NULL"}
NUMBER = {"sqlite": "number integer PRIMARY KEY", "postgresql": "number serial PRIMARY KEY",
          "mysql": "number bigint AUTO_INCREMENT PRIMARY KEY"}


def line_of(offset):
    return offset % 2 ** 48 // 4


class Loads:
    def setUp(self):
        self.target.fresh()
        self.directory = tempfile.TemporaryDirectory(prefix="outfall-dead-")
        self.addCleanup(self.directory.cleanup)
        self.file = self.write("rows.csv", "id,name\n" + "".join(f"{number},row {number}\n"
                                                                 for number in range(1, ROWS + 1)))

    def write(self, name, text):
        file = pathlib.Path(self.directory.name) / name
        file.write_text(text, encoding="utf-8")
        return str(file)

    def command(self, *options, file=None, table="t", url=None):
        return [COMMAND, "load", "--to", url or self.target.url, "--table", table, "--dead-letter-table", "dead",
                *options, file or self.file]

    def load(self, *options, **keywords):
        return subprocess.run(self.command(*options, **keywords), capture_output=True, text=True, timeout=120,
                              check=False)

    def by_hand(self, more=""):
        engine = self.target.engine
        self.target.sql(BY_HAND.format(text=TEXT[engine], time=TIME[engine], more=more))

    def dead(self, columns):
        return self.target.rows(f"SELECT {columns} FROM dead ORDER BY position")

    def assertWhole(self):
        """Every good row is in the table once, every bad one in the other."""
        loaded = sorted(int(number) for (number,) in self.target.rows("SELECT id FROM t"))
        self.assertEqual(loaded, GOOD)
        recorded = [json.loads(row)["id"] for (row,) in self.target.rows("SELECT row_json FROM dead")]
        self.assertEqual(sorted(recorded), BAD)


class DeadTable(Loads):
    def test_one_bad_row_in_many(self):
        self.target.sql("CREATE TABLE t (id bigint, name varchar(40), CHECK (id <> 4711))")
        done = self.load()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(f"loaded {ROWS - 1} rows into t", done.stdout)
        self.assertIn("rejected 1\n", done.stdout)
        self.assertEqual(done.stderr, "outfall: rows that the database refused are in table dead\n")
        self.assertEqual(self.target.one("SELECT count(*) FROM t"), str(ROWS - 1))
        ((offset, row, status, kind, message, since),) = self.dead(
            "source_offset, row_json, status, kind, message, refused_at")
        self.assertEqual(line_of(int(offset)), 4712)
        self.assertEqual(json.loads(row), {"id": 4711, "name": "row 4711"})
        self.assertEqual((status, kind), ("database", "insert"))
        self.assertRegex(message, "(?i)check|constraint")
        self.assertIsNotNone(since)

    def test_several_and_others_that_the_command_refuses_itself(self):
        self.target.sql(TABLE)
        letters = self.write("letters", "")
        file = self.write("mixed.csv", "id,name\n1,a\n50,b\nx,c\n2,d\n100,e\n3,f,g\n")
        for count in (2, 4):
            done = self.load("--dead-letter", letters, file=file)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("rejected 4\n", done.stdout)
            self.assertIn("loaded 2 rows", done.stdout)
            self.assertEqual(len(self.dead("position")), count)  # It is appended to.
        with open(letters, encoding="utf-8") as lines:
            self.assertEqual([json.loads(line)["line"] for line in lines], [4, 7, 4, 7])
        self.assertEqual({line_of(int(offset)) for (offset,) in self.dead("source_offset")}, {3, 6})

    def test_what_kind_of_row_it_was(self):
        self.target.sql("CREATE TABLE t (id bigint PRIMARY KEY, name varchar(40), CHECK (name <> 'bad'));"
                        "CREATE TABLE child (id bigint, FOREIGN KEY (id) REFERENCES t (id));"
                        "INSERT INTO t VALUES (1, 'a'), (2, 'b'); INSERT INTO child VALUES (2)")
        file = self.write("kinds.csv", "op,id,name\nupdate,1,bad\ndelete,2,\ninsert,3,bad\ninsert,4,good\n")
        done = self.load("--mode", "upsert", "--kind-column", "op", file=file)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.dead("kind"), [("update",), ("delete",), ("insert",)])
        self.assertEqual(self.target.rows("SELECT id, name FROM t ORDER BY id"),
                         [("1", "a"), ("2", "b"), ("4", "good")])

    def test_whatever_was_in_the_row(self):
        self.target.sql("CREATE TABLE t (id bigint PRIMARY KEY, name {})".format(
            "longtext CHARACTER SET utf8mb4" if self.target.engine == "mysql" else "text"))
        texts = ["\\N", "'; DROP TABLE dead; --", 'q"uo`te\\', "🐦 é\u2028", "tab\tline\n", "\"" * 1000000]
        file = self.write("odd.ndjson", "".join(json.dumps({"id": 1, "name": text}) + "\n"
                                                for text in ["first", *texts]))
        done = self.load(file=file)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual([json.loads(row)["name"] for (row,) in self.dead("row_json")], texts)

    def test_a_table_that_was_made_by_hand(self):
        self.target.sql(TABLE)
        self.by_hand(f", note varchar(40) DEFAULT 'new', {NUMBER[self.target.engine]}")
        done = self.load()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertWhole()
        self.assertEqual(self.target.one("SELECT count(DISTINCT number) FROM dead WHERE note = 'new'"),
                         str(len(BAD)))

    def test_a_table_of_other_columns_is_refused(self):
        self.target.sql(f"{TABLE}; CREATE TABLE dead (id bigint)")
        done = self.load()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stderr, 'deadletter.table: "dead" cannot take dead letters: .*sink')
        self.target.sql("DROP TABLE dead")
        self.by_hand(", ours bigint NOT NULL")
        done = self.load()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('column "ours" is NOT NULL and has no default', done.stderr)
        self.assertEqual(self.target.one("SELECT count(*) FROM t"), "0")

    def test_a_table_that_takes_no_letter_keeps_the_batch_from_landing(self):
        self.target.sql(TABLE)
        self.by_hand(", CHECK (position < 0)")
        for options in ((), ONCE):
            done = self.load(*options)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("the dead-letter table ", done.stderr)
            self.assertIn("rejected 0\n", done.stdout)
            self.assertEqual(self.target.one("SELECT count(*) FROM t"), "0")
            self.assertEqual(self.dead("position"), [])

    def test_a_table_that_is_dropped_is_made_anew(self):
        self.target.sql(TABLE)
        lines = [f"{number},row {number}" for number in range(1, ROWS + 1)]
        load = Load(self.target.url, "t", "id,name", lines, "--dead-letter-table", "dead", *ONCE, part=BATCH,
                    pause=0.005)
        load.hold_at(ROWS // 2)
        load.wait_fed(ROWS // 2)
        wait_for(lambda: int(self.target.one("SELECT count(*) FROM t")) >= len(GOOD) // 2)
        self.assertEqual(len(self.dead("position")), len(BAD) // 2)
        self.target.sql("DROP TABLE dead")
        code, output, errors = load.finish()
        self.assertEqual(code, 3, errors)
        self.assertIn(f"rejected {len(BAD)}\n", output)
        self.assertEqual(len(self.dead("position")), len(BAD) // 2)

    def test_loads_that_begin_at_once_make_the_table_once(self):
        file = self.write("few.csv", "id,name\n1,a\n50,b\n")
        for _ in range(3):
            self.target.fresh()
            self.target.sql(TABLE)
            loads = [subprocess.Popen(self.command(file=file), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      text=True) for _ in range(6)]
            for load in loads:
                _, errors = load.communicate(timeout=60)
                self.assertEqual(load.returncode, 3, errors)
            self.assertEqual(self.target.one("SELECT count(*) FROM t"), "6")
            self.assertEqual(self.dead("kind"), [("insert",)] * 6)

    def test_loads_that_are_killed_again_and_again(self):
        self.target.sql(TABLE)
        dice = random.Random(SEED)
        killed = attempts = 0
        while killed < KILLS:
            attempts += 1
            self.assertLess(attempts, 10 * KILLS, "loads end before they can be killed")
            with subprocess.Popen([*self.command(*ONCE), "--set", "batch.rows=20"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE) as load:
                try:
                    load.wait(dice.uniform(0.01, 0.1))
                except subprocess.TimeoutExpired:
                    load.kill()
                    killed += 1
            self.assertIn(load.returncode, (0, 3, -signal.SIGKILL))
            if load.returncode != -signal.SIGKILL:
                self.assertWhole()
                self.target.fresh()
                self.target.sql(TABLE)
        done = self.load(*ONCE)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertWhole()
        self.assertEqual(self.load(*ONCE).returncode, 0)  # They were seen to before.
        self.assertWhole()


class Commits(Loads):
    def test_a_commit_without_an_answer_is_resolved(self):
        for when in ("before", "after"):
            with self.subTest(when):
                self.target.fresh()
                self.target.sql(TABLE)
                with self.cutting(when) as proxy:
                    url = self.target.server.tcp_url.replace(f":{self.target.server.port}/", f":{proxy.port}/")
                    done = self.load(*ONCE, url=url)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn(f"rejected {len(BAD)}\n", done.stdout)
                self.assertWhole()
                self.assertGreater(self.cuts, 5)

    def cutting(self, when):
        """A proxy that hangs up at every seventh COMMIT, before or after the server has heard of it."""
        self.cuts = commits = 0

        def is_cut(command):
            nonlocal commits
            if b"COMMIT" not in command[:16]:
                return False
            commits += 1
            self.cuts += commits % 7 == 0
            return commits % 7 == 0

        def before(command):
            if when == "before" and is_cut(command):
                raise Closed

        def change(command, data):
            return None if when == "after" and is_cut(command) else data

        wire = postgresql_wire if self.target.engine == "postgresql" else mysql_wire
        return wire.Proxy(("127.0.0.1", self.target.server.port), before=before, change=change)


class Deferred(Loads):
    def test_what_only_the_commit_refuses_is_recorded_too(self):
        self.target.sql("CREATE TABLE parents (id bigint PRIMARY KEY); INSERT INTO parents VALUES (1);"
                        "CREATE TABLE t (id bigint, name varchar(40), "
                        "FOREIGN KEY (id) REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
        file = self.write("some.csv", "id,name\n1,a\n2,b\n1,c\n")
        done = self.load(file=file)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.target.rows("SELECT name FROM t ORDER BY name"), [("a",), ("c",)])
        self.assertEqual([json.loads(row) for (row,) in self.dead("row_json")], [{"id": 2, "name": "b"}])


class TwoPhase(test_two_phase.Databases):
    """Letters are in the transaction of a checkpoint, over many batches, prepared or not."""

    DIVISORS = {None: 7, "two": 5}

    def start(self, options):
        for database, divisor in self.DIVISORS.items():
            self.server.psql(f"CREATE TABLE t (n bigint, note text, CHECK (n % {divisor} <> 0))", database)
        return test_two_phase.Transfer(self, "home", 0, [(self.one, "t"), (self.two, "t")],
                                       f"flushers=1,retry.base.ms=5,deadletter.table=dead,{options}")

    def assertRecorded(self, transfer):
        for database, divisor in self.DIVISORS.items():
            numbers = range(1, transfer.promised + 1)
            self.assertEqual(
                self.server.psql_rows("SELECT n FROM t ORDER BY n", database),
                [(str(number),) for number in numbers if number % divisor])
            self.assertEqual(
                self.server.psql_rows("SELECT source_offset, row_json::json ->> 'n' FROM dead ORDER BY 1", database),
                [(str(number), str(number)) for number in numbers if not number % divisor])
        self.assertEqual(self.prepared(), [])

    def test_it_is_killed_again_and_again(self):
        dice = random.Random(SEED)
        transfer = self.start("batch.rows=20")  # Some batches have savepoints, some are the first.
        while transfer.killed < KILLS:
            transfer.run(1000, dice.uniform(0.02, 0.3))
        self.assertEqual(transfer.run(2), 0)
        self.assertRecorded(transfer)

    def test_a_table_that_takes_no_letter_ends_the_checkpoint(self):
        transfer = self.start("batch.rows=20")
        self.assertEqual(transfer.run(1), 0)
        self.server.psql("ALTER TABLE dead ADD CHECK (source_offset < 80)", "two")
        done = subprocess.run(transfer.command(1), capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("the dead-letter table", done.stderr)
        self.server.psql("ALTER TABLE dead DROP CONSTRAINT dead_source_offset_check", "two")
        self.assertEqual(transfer.run(2), 0)
        self.assertRecorded(transfer)


test_classes(globals(), DeadTable)
test_classes(globals(), Commits, ("postgresql", "mysql"))
test_classes(globals(), Deferred, ("sqlite", "postgresql", "odbc-postgresql"))
