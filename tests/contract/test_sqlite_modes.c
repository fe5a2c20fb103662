/* SPDX-License-Identifier: Apache-2.0 */
/* Write modes where SQLite has ways of its own: collations, affinities, indexes, clauses. */
#include "sqlite_suite.h"

#include <stdio.h>
#include <string.h>

#define UPSERT .mode = OUTFALL_MODE_UPSERT
#define REPLACE .mode = OUTFALL_MODE_REPLACE
#define IGNORE .mode = OUTFALL_MODE_IGNORE
#define ROWS_MAX 6
#define FIELDS_MAX 4

/* ---- One batch and what is left of it --------------------------------------------- */

typedef struct mode_case {
    const char *why;
    const char *make; /* Makes table t, which is not there. */
    const char *fill; /* Run before the batch; starts by emptying the tables. */
    suite_wanted wanted;
    int deletion, bytewise;
    const char *rows[ROWS_MAX][FIELDS_MAX];
    const char *ask, *answer;
} mode_case;

#define KEYS "SELECT group_concat(k || '=' || v, ' ') FROM (SELECT * FROM t ORDER BY k, v)"
#define TYPES                                                                                      \
    "SELECT group_concat(typeof(k) || ' ' || k || '=' || v, ', ') FROM "                           \
    "(SELECT * FROM t ORDER BY k)"

static const mode_case cases[] = {
    /* ---- Equal keys in one batch ---------------------------------------------------- */
    {"the last of equal keys stays",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('b', 0)",
     {UPSERT},
     0,
     1,
     {{"a", "1"}, {"b", "2"}, {"a", "3"}, {"b", "4"}},
     KEYS,
     "a=3 b=4"},
    {"the first of equal keys stays with ignore",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('b', 0)",
     {IGNORE},
     0,
     1,
     {{"a", "1"}, {"b", "2"}, {"a", "3"}},
     KEYS,
     "a=1 b=0"},
    {"an update of some columns keeps the first row's others",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v, w)",
     "DELETE FROM t; INSERT INTO t VALUES ('b', 0, 'old')",
     {UPSERT, .update = {"V"}},
     0,
     0,
     {{"a", "1", "x"}, {"a", "2", "y"}, {"b", "3", "z"}},
     "SELECT group_concat(k || v || w, ' ') FROM (SELECT * FROM t ORDER BY k)",
     "a2x b3old"},
    {"a table that is all key",
     "CREATE TABLE t (k TEXT, v TEXT, PRIMARY KEY (v, k))",
     "DELETE FROM t; INSERT INTO t VALUES ('a', '1')",
     {UPSERT},
     0,
     1,
     {{"a", "1"}, {"a", "2"}, {"a", "2"}},
     KEYS,
     "a=1 a=2"},
    /* ---- Collations ----------------------------------------------------------------- */
    {"NOCASE keeps the key's first spelling",
     "CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('Old', 0)",
     {UPSERT},
     0,
     0,
     {{"a", "1"}, {"OLD", "2"}, {"A", "3"}},
     "SELECT group_concat(k || '=' || v, ' ') FROM (SELECT * FROM t ORDER BY v)",
     "Old=2 a=3"},
    {"RTRIM in a table WITHOUT ROWID",
     "CREATE TABLE t (k TEXT COLLATE RTRIM PRIMARY KEY, v) WITHOUT ROWID",
     "DELETE FROM t",
     {REPLACE},
     0,
     0,
     {{"a", "1"}, {"a  ", "2"}, {" a", "3"}},
     KEYS,
     " a=3 a=2"},
    {"the index's collation counts, not the column's",
     "CREATE TABLE t (k TEXT, v); CREATE UNIQUE INDEX i ON t (k COLLATE NOCASE)",
     "DELETE FROM t; INSERT INTO t VALUES ('b', 0)",
     {UPSERT, .key = {"k"}},
     0,
     0,
     {{"a", "1"}, {"B", "2"}, {"A", "3"}},
     KEYS,
     "a=3 b=2"},
    {"and where it is the stricter one",
     "CREATE TABLE t (k TEXT COLLATE NOCASE, v); CREATE UNIQUE INDEX i ON t (k COLLATE BINARY)",
     "DELETE FROM t; INSERT INTO t VALUES ('b', 0)",
     {UPSERT, .key = {"k"}},
     0,
     1,
     {{"a", "1"}, {"B", "2"}, {"A", "3"}},
     "SELECT group_concat(k || '=' || v, ' ') FROM (SELECT * FROM t ORDER BY v)",
     "b=0 a=1 B=2 A=3"},
    {"a delete goes by the index's collation",
     "CREATE TABLE t (k TEXT, v); CREATE UNIQUE INDEX i ON t (k COLLATE NOCASE)",
     "DELETE FROM t; INSERT INTO t VALUES ('a', 0), ('b', 0), ('c', 0)",
     {UPSERT, .key = {"k"}},
     1,
     0,
     {{"A", NULL}, {"c", NULL}, {"x", NULL}},
     KEYS,
     "b=0"},
    {"and not by the column's",
     "CREATE TABLE t (k TEXT COLLATE NOCASE, v); CREATE UNIQUE INDEX i ON t (k COLLATE BINARY)",
     "DELETE FROM t; INSERT INTO t VALUES ('a', 0), ('A', 1)",
     {UPSERT, .key = {"k"}},
     1,
     1,
     {{"A", NULL}},
     KEYS,
     "a=0"},
    /* ---- Affinities ----------------------------------------------------------------- */
    {"a text column holds 1 as text",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0), (2, 0)",
     {UPSERT},
     0,
     1,
     {{"1", "1"}},
     TYPES,
     "text 1=1, text 2=0"},
    {"a column without a type holds both",
     "CREATE TABLE t (k PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0)",
     {UPSERT},
     0,
     1,
     {{"1", "1"}, {"1", "2"}},
     TYPES,
     "integer 1=0, text 1=2"},
    {"and deletes the one that is asked for",
     "CREATE TABLE t (k PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0), ('1', 0)",
     {UPSERT},
     1,
     1,
     {{"1", NULL}},
     TYPES,
     "integer 1=0"},
    {"ANY in a STRICT table likewise",
     "CREATE TABLE t (k ANY PRIMARY KEY, v ANY) STRICT",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0), ('1', 0)",
     {UPSERT},
     1,
     1,
     {{"1", NULL}},
     TYPES,
     "integer 1=0"},
    {"numeric affinity makes a number of the key",
     "CREATE TABLE t (k STRING PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('7', 0), ('x', 0)",
     {UPSERT},
     0,
     1,
     {{"7", "1"}, {"x", "2"}},
     TYPES,
     "integer 7=1, text x=2"},
    {"and finds it again to delete it",
     "CREATE TABLE t (k STRING PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('7', 0), ('x', 0), ('y', 0)",
     {UPSERT},
     1,
     1,
     {{"7", NULL}, {"x", NULL}},
     TYPES,
     "text y=0"},
    {"decimals are numbers",
     "CREATE TABLE t (k NUMERIC PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0), (0.5, 0), (2.25, 0)",
     {UPSERT},
     1,
     1,
     {{"1.0", NULL}, {"0.50", NULL}},
     TYPES,
     "real 2.25=0"},
    {"decimals of a fixed scale are one text",
     "CREATE TABLE t (k DECIMAL_TEXT(5,2) PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('1.50', 0)",
     {UPSERT},
     0,
     1,
     {{"1.50", "1"}},
     TYPES,
     "text 1.50=1"},
    {"of any scale they are different texts",
     "CREATE TABLE t (k DECIMAL_TEXT PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('1.5', 0)",
     {UPSERT},
     0,
     0,
     {{"1.50", "1"}},
     TYPES,
     "text 1.5=0, text 1.50=1"},
    {"a real key",
     "CREATE TABLE t (k REAL PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES (0.0, 0), (1, 0)",
     {UPSERT},
     0,
     1,
     {{"-0.0", "1"}, {"1", "2"}},
     TYPES,
     "real 0.0=1, real 1.0=2"},
    /* ---- Row keys and NULL ---------------------------------------------------------- */
    {"a NULL row key numbers itself",
     "CREATE TABLE t (k INTEGER PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES (5, 0)",
     {UPSERT},
     0,
     1,
     {{"5", "1"}, {NULL, "2"}, {NULL, "3"}, {"7", "4"}},
     KEYS,
     "5=1 6=2 7=4"},
    {"NULLs in a key are no equal keys",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES (NULL, 0)",
     {UPSERT},
     0,
     1,
     {{NULL, "1"}, {NULL, "2"}},
     "SELECT group_concat(v, ' ') FROM (SELECT v FROM t ORDER BY v)",
     "0 1 2"},
    {"and a NULL deletes nothing",
     "CREATE TABLE t (k INTEGER PRIMARY KEY, v)",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0), (2, 0)",
     {UPSERT},
     1,
     1,
     {{NULL, NULL}, {"2", NULL}},
     KEYS,
     "1=0"},
    {"INTEGER PRIMARY KEY DESC is no row key",
     "CREATE TABLE t (k INTEGER PRIMARY KEY DESC, v)",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0)",
     {UPSERT},
     0,
     1,
     {{"1", "1"}, {"2", "2"}},
     KEYS,
     "1=1 2=2"},
    {"the row key has an index besides",
     "CREATE TABLE t (k INTEGER PRIMARY KEY UNIQUE, v); CREATE UNIQUE INDEX i ON t (k)",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0)",
     {UPSERT},
     0,
     0,
     {{"1", "1"}, {"2", "2"}, {"2", "3"}},
     KEYS,
     "1=1 2=3"},
    /* ---- Other indexes -------------------------------------------------------------- */
    {"two unique indexes on one column",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v); CREATE UNIQUE INDEX i ON t (k COLLATE NOCASE)",
     "DELETE FROM t; INSERT INTO t VALUES ('a', 0)",
     {UPSERT},
     0,
     0,
     {{"a", "1"}, {"b", "2"}, {"b", "3"}},
     KEYS,
     "a=1 b=3"},
    {"a partial and an expression's index are others",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v); CREATE UNIQUE INDEX i ON t (v) WHERE v > 'x'; "
     "CREATE UNIQUE INDEX j ON t (lower(k))",
     "DELETE FROM t; INSERT INTO t VALUES ('a', 0)",
     {UPSERT},
     0,
     0,
     {{"a", "1"}, {"b", "1"}},
     KEYS,
     "a=1 b=1"},
    {"rows may take turns with another unique value",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v UNIQUE)",
     "DELETE FROM t; INSERT INTO t VALUES ('a', '1'), ('b', '2')",
     {UPSERT},
     0,
     0,
     {{"a", "3"}, {"b", "1"}, {"a", "2"}},
     KEYS,
     "a=2 b=1"},
    /* ---- Columns that the database fills -------------------------------------------- */
    {"replace sets what the rows do not have to its default",
     "CREATE TABLE t (k INTEGER PRIMARY KEY, v, a DEFAULT bare, b TEXT DEFAULT \"quoted\", "
     "c DEFAULT (1 + 2), d DEFAULT -5, e DEFAULT x'41', f, g REAL DEFAULT 3, h DEFAULT true, "
     "i NOT NULL DEFAULT 'n', j AS (k * 10), l AS (v || 'l') STORED)",
     "DELETE FROM t; INSERT INTO t (k, v, a, b, c, d, e, f, g, h, i) VALUES "
     "(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
     {REPLACE, .columns = {"k", "v"}},
     0,
     1,
     {{"1", "9"}},
     "SELECT v || a || b || c || d || hex(e) || coalesce(f, 'null') || g || h || i || j || l FROM "
     "t",
     "9barequoted3-541null3.01n109l"},
    {"upsert leaves it as it is",
     "CREATE TABLE t (k INTEGER PRIMARY KEY, v, a DEFAULT 'd')",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0, 'old')",
     {UPSERT, .columns = {"k", "v"}},
     0,
     1,
     {{"1", "9"}, {"2", "9"}},
     "SELECT group_concat(k || v || a, ' ') FROM (SELECT * FROM t ORDER BY k)",
     "19old 29d"},
    {"replace of the key alone",
     "CREATE TABLE t (k INTEGER PRIMARY KEY, v DEFAULT 'd')",
     "DELETE FROM t; INSERT INTO t VALUES (1, 'old')",
     {REPLACE, .columns = {"k"}},
     0,
     1,
     {{"1"}, {"2"}},
     KEYS,
     "1=d 2=d"},
    {"a row key that is not the key stays with its row",
     "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT UNIQUE, v, d DEFAULT 7); "
     "CREATE TABLE log (x REFERENCES t (id))",
     "DELETE FROM log; DELETE FROM t; INSERT INTO t VALUES (1, 'a', 0, 0), (5, 'b', 0, 0); "
     "INSERT INTO log VALUES (1)",
     {REPLACE, .columns = {"k", "v"}, .key = {"k"}},
     0,
     0,
     {{"a", "1"}, {"c", "2"}, {"c", "3"}},
     "SELECT group_concat(k || v || d, ' ') || (SELECT id FROM t WHERE k = 'a') FROM t",
     "a17 b00 c371"},
    {"so does a primary key of text",
     "CREATE TABLE t (id TEXT PRIMARY KEY DEFAULT 'x', k TEXT UNIQUE, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('one', 'a', 0)",
     {REPLACE, .columns = {"k", "v"}, .key = {"k"}},
     0,
     0,
     {{"a", "1"}, {"c", "2"}},
     "SELECT group_concat(id || k || v, ' ') FROM t",
     "onea1 xc2"},
    {"one that the rows have is a column like others",
     "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT UNIQUE)",
     "DELETE FROM t; INSERT INTO t VALUES (1, 'a'), (5, 'b')",
     {REPLACE, .key = {"k"}},
     0,
     0,
     {{"9", "a"}, {"2", "c"}},
     "SELECT group_concat(id || k, ' ') FROM (SELECT * FROM t ORDER BY id)",
     "2c 5b 9a"},
    {"a STRICT table's reals stay real",
     "CREATE TABLE t (k INT PRIMARY KEY, v REAL, w REAL DEFAULT 4) STRICT",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0, 0)",
     {REPLACE, .columns = {"k", "v"}},
     0,
     1,
     {{"1", "9"}},
     "SELECT v || typeof(v) || w || typeof(w) FROM t",
     "9.0real4.0real"},
    /* ---- Clauses, triggers, foreign keys -------------------------------------------- */
    {"the table's own ON CONFLICT REPLACE gives way",
     "CREATE TABLE t (k INTEGER PRIMARY KEY ON CONFLICT REPLACE, v, w DEFAULT 'd')",
     "DELETE FROM t; INSERT INTO t VALUES (1, 0, 'kept')",
     {UPSERT, .columns = {"k", "v"}},
     0,
     0,
     {{"1", "9"}},
     "SELECT k || v || w FROM t",
     "19kept"},
    {"its ON CONFLICT IGNORE too",
     "CREATE TABLE t (k TEXT UNIQUE ON CONFLICT IGNORE, v)",
     "DELETE FROM t; INSERT INTO t VALUES ('a', 0)",
     {UPSERT, .key = {"k"}},
     0,
     0,
     {{"a", "1"}, {"b", "2"}, {"b", "3"}},
     KEYS,
     "a=1 b=3"},
    {"triggers see inserts and updates",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v); CREATE TABLE log (x); "
     "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('i' || new.v); END; "
     "CREATE TRIGGER h AFTER UPDATE ON t BEGIN INSERT INTO log VALUES ('u' || old.v || new.v); "
     "END; CREATE TRIGGER j AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('d'); END",
     "DELETE FROM t; DELETE FROM log; INSERT INTO t VALUES ('a', 0); DELETE FROM log",
     {UPSERT},
     0,
     0,
     {{"a", "1"}, {"b", "2"}, {"a", "3"}},
     "SELECT group_concat(x, ' ') FROM log",
     "u01 i2 u13"},
    {"and deletes",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v); CREATE TABLE log (x); "
     "CREATE TRIGGER j AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.v); END",
     "DELETE FROM t; INSERT INTO t VALUES ('a', 0), ('b', 1); DELETE FROM log",
     {UPSERT},
     1,
     0,
     {{"a", NULL}, {"a", NULL}, {"x", NULL}},
     "SELECT group_concat(x, ' ') FROM log",
     "0"},
    {"a trigger drops a row by its values, not another of its key",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v); CREATE TRIGGER g BEFORE INSERT ON t WHEN new.v = "
     "'no' "
     "BEGIN SELECT raise(IGNORE); END",
     "DELETE FROM t; INSERT INTO t VALUES ('b', 0)",
     {IGNORE},
     0,
     0,
     {{"a", "no"}, {"a", "1"}, {"a", "2"}},
     KEYS,
     "a=1 b=0"},
    {"an upsert deletes no children",
     "CREATE TABLE t (k INTEGER PRIMARY KEY, v); "
     "CREATE TABLE log (x REFERENCES t (k) ON DELETE CASCADE ON UPDATE CASCADE)",
     "DELETE FROM log; DELETE FROM t; INSERT INTO t VALUES (1, 0), (2, 0); "
     "INSERT INTO log VALUES (1), (2)",
     {UPSERT},
     0,
     1,
     {{"1", "1"}, {"3", "3"}},
     "SELECT (SELECT count(*) FROM log) || ' ' || group_concat(v, '') FROM t",
     "2 103"},
    {"nor does a replace",
     "CREATE TABLE t (k INTEGER PRIMARY KEY, v, w); "
     "CREATE TABLE log (x REFERENCES t (k) ON DELETE CASCADE)",
     "DELETE FROM log; DELETE FROM t; INSERT INTO t VALUES (1, 0, 0); INSERT INTO log VALUES (1)",
     {REPLACE, .columns = {"k", "v"}},
     0,
     1,
     {{"1", "1"}},
     "SELECT (SELECT count(*) FROM log) || v || coalesce(w, '-') FROM t",
     "11-"},
    {"a delete does",
     "CREATE TABLE t (k INTEGER PRIMARY KEY, v); "
     "CREATE TABLE log (x REFERENCES t (k) ON DELETE CASCADE)",
     "DELETE FROM log; DELETE FROM t; INSERT INTO t VALUES (1, 0), (2, 0); "
     "INSERT INTO log VALUES (1), (1), (2)",
     {UPSERT},
     1,
     1,
     {{"1", NULL}},
     "SELECT (SELECT count(*) FROM log) || (SELECT count(*) FROM t)",
     "11"},
    /* ---- Names ---------------------------------------------------------------------- */
    {"columns that are named as SQL is",
     "CREATE TABLE t (k TEXT PRIMARY KEY, v, \"excluded\", \"a \"\"b\"\" = excluded.k; --\")",
     "DELETE FROM t; INSERT INTO t VALUES ('a', 0, 0, 0)",
     {REPLACE},
     0,
     1,
     {{"a", "1", "2", "3"}},
     "SELECT k || v || \"excluded\" || \"a \"\"b\"\" = excluded.k; --\" FROM t",
     "a123"},
};

/* ---- The runner ------------------------------------------------------------------- */

static void drop_all(void)
{
    database_run(here.database, "DROP TABLE IF EXISTS log; DROP TABLE IF EXISTS t");
}

static void add_rows(test_rows *rows, const outfall_target *target, const mode_case *one,
                     size_t first, size_t count)
{
    test_rows_init(rows, target);
    for (size_t i = first; i < first + count; i++)
        test_rows_add(rows, one->rows[i]);
}

static size_t count_rows(const mode_case *one)
{
    size_t count = ROWS_MAX;
    const char *const none[FIELDS_MAX] = {NULL};
    while (count > 1 && memcmp(one->rows[count - 1], none, sizeof none) == 0)
        count--;
    return count;
}

/* Fills the table, writes the rows, `part` in a batch, and compares. */
static void check(const mode_case *one, outfall_target *target, const char *how, size_t part)
{
    const suite_part deletion = {.deletion = (uint32_t)one->deletion};
    database_run(here.database, "%s", one->fill);
    for (size_t i = 0, count = count_rows(one); i < count; i += part) {
        test_rows rows;
        add_rows(&rows, target, one, i, part < count - i ? part : count - i);
        suite_deliver_part(&here, target, &rows, &deletion);
        test_rows_free(&rows);
    }
    char *answer = database_text(here.database, "%s", one->ask);
    if (answer == NULL || strcmp(answer, one->answer) != 0)
        fail_msg("%s, %s: %s, not %s", one->why, how, answer != NULL ? answer : "NULL",
                 one->answer);
    free(answer);
}

/* A constraint, it seems: of a table without any no rows are written one by one. */
static void make_table(const char *sql)
{
    const char *columns = strchr(sql, '(') + 1;
    database_run(here.database, "%.*s/* CHECK */ %s", (int)(columns - sql), sql, columns);
}

static void rows_have_their_effect_one_at_a_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        drop_all();
        make_table(cases[i].make);
        outfall_target *target = NULL;
        if (suite_try_describe_as(&here, "t", &cases[i].wanted, &target) != OUTFALL_OK)
            fail_msg("%s: %s", cases[i].why, here.error.message);
        int bytewise = (target->flags & OUTFALL_TARGET_BYTEWISE) != 0;
        if (bytewise != cases[i].bytewise)
            fail_msg("%s: bytewise %d", cases[i].why, bytewise);
        check(&cases[i], target, "as one statement", ROWS_MAX);
        check(&cases[i], target, "in batches of one", 1);
        /* A batch of one row went to a page of its own: what follows is written row by row. */
        check(&cases[i], target, "row by row", ROWS_MAX);
        here.driver.target_free(target);
    }
    drop_all();
}

/* A table that is itself named as SQLite names the row that is not inserted. */
static void a_table_may_be_named_excluded(void **state)
{
    static const uint32_t modes[] = {OUTFALL_MODE_UPSERT, OUTFALL_MODE_REPLACE};
    (void)state;
    for (size_t i = 0; i < LENGTH(modes); i++) {
        test_rows rows;
        database_run(here.database, "DROP TABLE IF EXISTS \"excluded\"; CREATE TABLE \"excluded\" "
                                    "(k TEXT PRIMARY KEY, v); INSERT INTO \"excluded\" VALUES "
                                    "('a', 'old')");
        outfall_target *target =
            suite_describe_as(&here, "excluded", &(suite_wanted){.mode = modes[i]});
        test_rows_init(&rows, target);
        test_rows_add(&rows, (const char *const[]){"a", "new"});
        suite_deliver(&here, target, &rows, 0);
        assert_int_equal(
            database_number(here.database, "SELECT count(*) FROM \"excluded\" WHERE v = 'new'"), 1);
        test_rows_free(&rows);
        here.driver.target_free(target);
    }
    database_run(here.database, "DROP TABLE \"excluded\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_their_effect_one_at_a_time),
        cmocka_unit_test(a_table_may_be_named_excluded),
    };
    return cmocka_run_group_tests_name("sqlite modes", tests, sqlite_set_up, sqlite_tear_down);
}
