/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of different keys that depend on each other: they act in the order they were written. */
#include "suite.h"

#define TABLE "contract_o"
#define OTHER "contract_o_other"
#define ON(kind) (1u << DATABASE_##kind)
#define RELATIONAL (ON(SQLITE) | ON(POSTGRESQL) | ON(MARIADB)) /* Which the stand-in is not. */
#define CHANGES_MAX 8

#define NODES                                                                                      \
    "k INTEGER NOT NULL PRIMARY KEY, v INTEGER, note VARCHAR(40) DEFAULT 'mine', FOREIGN KEY (v) " \
    "REFERENCES " TABLE " (k)"
#define FILL_NODES                                                                                 \
    "INSERT INTO " TABLE " VALUES (1, NULL, 'root'), (2, NULL, 'other'), (3, 1, 'kept'), "         \
    "(4, 3, 'grand')"
#define FILL_ROUND                                                                                 \
    "INSERT INTO " TABLE " VALUES (1, NULL); INSERT INTO " OTHER " VALUES (10, 1), (11, NULL); "   \
    "INSERT INTO " TABLE " VALUES (2, 10)"
#define PLAIN "k INTEGER NOT NULL PRIMARY KEY, v INTEGER"
#define PG_TRIGGER(body)                                                                           \
    "CREATE OR REPLACE FUNCTION contract_o() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN " body     \
    " END'; "

typedef struct change {
    char kind; /* u, or d for a delete; 0 ends the list. */
    const char *k, *v;
} change;

static const struct {
    const char *why;
    unsigned databases;
    const char *other; /* The columns of a second table, made first; NULL: there is none. */
    const char *columns;
    const char *after; /* Run after the tables were made; NULL: nothing. */
    int independent;
    change changes[CHANGES_MAX];
    const char *right; /* What is true of the table then, or of the other where that is the log. */
    int logged;
} cases[] = {
    {.why = "a foreign key to its own table that cascades",
     .databases = RELATIONAL,
     .columns = NODES " ON DELETE CASCADE",
     .after = FILL_NODES,
     .changes = {{'u', "3", "2"}, {'d', "1", NULL}},
     .right = "count(*) = 3 AND sum(CASE WHEN k = 3 AND v = 2 AND note = 'kept' OR k = 2 "
              "OR k = 4 AND v = 3 THEN 1 ELSE 0 END) = 3"},
    {.why = "a foreign key to its own table that sets NULL",
     .databases = RELATIONAL,
     .columns = NODES " ON DELETE SET NULL",
     .after = FILL_NODES,
     .changes =
         {{'d', "1", NULL}, {'u', "3", "2"}, {'u', "1", NULL}, {'u', "3", "1"}, {'d', "2", NULL}},
     .right = "count(*) = 3 AND sum(v) = 4"},
    {.why = "a foreign key to its own table that refuses",
     .databases = RELATIONAL,
     .columns = NODES,
     .after = FILL_NODES,
     .changes = {{'u', "3", "2"},
                 {'d', "1", NULL},
                 {'u', "0", "3"},
                 {'d', "0", NULL},
                 {'d', "4", NULL},
                 {'d', "3", NULL}},
     .right = "count(*) = 1 AND sum(k) = 2"},
    {.why = "a foreign key that leads back by way of another table",
     .databases = ON(POSTGRESQL) | ON(MARIADB),
     .other = PLAIN,
     .columns = PLAIN ", FOREIGN KEY (v) REFERENCES " OTHER " (k)",
     .after = "ALTER TABLE " OTHER " ADD FOREIGN KEY (v) REFERENCES " TABLE " (k) ON DELETE "
              "CASCADE; " FILL_ROUND,
     .changes = {{'u', "2", "11"}, {'d', "1", NULL}},
     .right = "count(*) = 1 AND sum(v) = 11"},
    {.why = "a foreign key that leads back by way of another table",
     .databases = ON(SQLITE),
     .other = PLAIN " REFERENCES " TABLE " (k) ON DELETE CASCADE",
     .columns = PLAIN " REFERENCES " OTHER " (k)",
     .after = FILL_ROUND,
     .changes = {{'u', "2", "11"}, {'d', "1", NULL}},
     .right = "count(*) = 1 AND sum(v) = 11"},
    {.why = "a foreign key to another table, and one from there that refuses",
     .databases = ON(POSTGRESQL) | ON(MARIADB),
     .other = PLAIN,
     .columns = PLAIN ", FOREIGN KEY (v) REFERENCES " OTHER " (k) ON DELETE CASCADE",
     .after = "ALTER TABLE " OTHER " ADD FOREIGN KEY (v) REFERENCES " TABLE " (k)",
     .independent = 1},
    {.why = "a table that goes with its rows",
     .databases = RELATIONAL,
     .columns = PLAIN,
     .after = "CREATE TABLE " OTHER " (k INTEGER, FOREIGN KEY (k) REFERENCES " TABLE
              " (k) ON DELETE CASCADE)",
     .independent = 1},
    {.why = "a table with triggers that goes with its rows",
     .databases = ON(POSTGRESQL),
     .columns = PLAIN,
     .after =
         "CREATE TABLE " OTHER " (k INTEGER, FOREIGN KEY (k) REFERENCES " TABLE
         " (k) ON DELETE CASCADE); " PG_TRIGGER(
             "UPDATE " TABLE " SET v = 0; RETURN OLD;") "CREATE TRIGGER t AFTER DELETE ON " OTHER
                                                        " FOR EACH ROW EXECUTE FUNCTION "
                                                        "contract_o()"},
    {.why = "a trigger that keeps back what is stale",
     .databases = ON(POSTGRESQL),
     .columns = PLAIN,
     .after = PG_TRIGGER(
         "IF NEW.v < OLD.v THEN RETURN OLD; END IF; RETURN NEW;") "CREATE TRIGGER t BEFORE UPDATE "
                                                                  "ON " TABLE
                                                                  " FOR EACH ROW EXECUTE FUNCTION "
                                                                  "contract_o()",
     .changes = {{'u', "1", "5"}, {'u', "1", "3"}, {'u', "2", "1"}},
     .right = "count(*) = 2 AND sum(v) = 6"},
    {.why = "a trigger that keeps back what is stale",
     .databases = ON(MARIADB),
     .columns = PLAIN,
     .after = "CREATE TRIGGER t BEFORE UPDATE ON " TABLE
              " FOR EACH ROW SET NEW.v = GREATEST(NEW.v, OLD.v)",
     .changes = {{'u', "1", "5"}, {'u', "1", "3"}, {'u', "2", "1"}},
     .right = "count(*) = 2 AND sum(v) = 6"},
    {.why = "a trigger that keeps back what is stale",
     .databases = ON(SQLITE),
     .columns = PLAIN,
     .after = "CREATE TRIGGER t AFTER UPDATE ON " TABLE " WHEN NEW.v < OLD.v BEGIN UPDATE " TABLE
              " SET v = OLD.v WHERE k = OLD.k; END",
     .changes = {{'u', "1", "5"}, {'u', "1", "3"}, {'u', "2", "1"}},
     .right = "count(*) = 2 AND sum(v) = 6"},
    {.why = "a trigger that spells the key",
     .databases = ON(POSTGRESQL),
     .columns = "k VARCHAR(10) NOT NULL PRIMARY KEY, v INTEGER",
     .after = PG_TRIGGER(
         "NEW.k = lower(NEW.k); RETURN NEW;") "CREATE TRIGGER t BEFORE INSERT ON " TABLE
                                              " FOR EACH ROW EXECUTE FUNCTION contract_o()",
     .changes = {{'u', "B", "10"}, {'u', "a", "20"}, {'u', "b", "30"}, {'u', "A", "40"}},
     .right = "count(*) = 2 AND sum(CASE WHEN k = 'a' AND v = 40 OR k = 'b' AND v = 30 THEN "
              "1 ELSE 0 END) = 2"},
    {.why = "a trigger that spells the key",
     .databases = ON(MARIADB),
     .columns = "k VARCHAR(10) COLLATE utf8mb4_nopad_bin NOT NULL PRIMARY KEY, v INTEGER",
     .after = "CREATE TRIGGER t BEFORE INSERT ON " TABLE " FOR EACH ROW SET NEW.k = LOWER(NEW.k)",
     .changes = {{'u', "B", "10"}, {'u', "a", "20"}, {'u', "b", "30"}, {'u', "A", "40"}},
     .right = "count(*) = 2 AND sum(CASE WHEN k = 'a' AND v = 40 OR k = 'b' AND v = 30 THEN "
              "1 ELSE 0 END) = 2"},
    {.why = "a trigger that keeps a log",
     .databases = ON(POSTGRESQL),
     .other = PLAIN,
     .columns = PLAIN,
     .after = PG_TRIGGER("INSERT INTO " OTHER " SELECT count(*) + 1, NEW.v FROM " OTHER
                         "; RETURN NULL;") "CREATE TRIGGER t AFTER INSERT OR UPDATE ON " TABLE
                                           " FOR EACH ROW EXECUTE FUNCTION contract_o()",
     .changes = {{'u', "2", "1"}, {'u', "1", "2"}, {'u', "2", "3"}},
     .right = "count(*) = 3 AND sum(CASE WHEN k = v THEN 1 ELSE 0 END) = 3",
     .logged = 1},
    {.why = "keys that the server rounds",
     .databases = ON(MARIADB),
     .columns = "k FLOAT(7,2) NOT NULL PRIMARY KEY, v INTEGER",
     .changes = {{'u', "1.001", "1"}, {'u', "1.002", "2"}, {'u', "1.001", "3"}},
     .right = "count(*) = 1 AND sum(v) = 3"},
};

/* ----------------------------------------------------------------------------------- */

/* In one transaction, changes of one kind that follow each other as one write. */
static void deliver(contract_suite *suite, outfall_target *target, const change *changes)
{
    suite_begin(suite);
    for (size_t i = 0, next; i < CHANGES_MAX && changes[i].kind != 0; i = next) {
        test_rows rows;
        outfall_write_result result;
        suite_part part = {.deletion = changes[i].kind == 'd'};
        test_rows_init(&rows, target);
        for (next = i; next < CHANGES_MAX && changes[next].kind == changes[i].kind; next++)
            test_rows_add(&rows, (const char *const[]){changes[next].k, changes[next].v});
        expect_ok(suite, suite_write_part(suite, target, &rows, &part, suite_deadline(), &result));
        test_rows_free(&rows);
    }
    suite_commit(suite);
}

static void try_case(contract_suite *suite, size_t i, uint32_t mode)
{
    suite_wanted wanted = {.mode = mode, .lossy = 1, .columns = {"k", "v"}};
    suite_drop(suite, OTHER);
    suite_drop(suite, TABLE);
    if (cases[i].other != NULL)
        suite_create_sql(suite, OTHER, cases[i].other);
    suite_create_sql(suite, TABLE, cases[i].columns);
    if (cases[i].after != NULL)
        suite_sql(suite, cases[i].after);
    outfall_target *target = suite_describe_as(suite, TABLE, &wanted);
    if (((target->flags & OUTFALL_TARGET_BYTEWISE) != 0) != cases[i].independent)
        fail_msg("%s: flags %u in mode %u", cases[i].why, target->flags, mode);
    if (cases[i].right != NULL && mode == OUTFALL_MODE_UPSERT) {
        deliver(suite, target, cases[i].changes);
        if (database_number(suite->database, "SELECT CASE WHEN %s THEN 1 ELSE 0 END FROM %s",
                            cases[i].right, cases[i].logged ? OTHER : TABLE) != 1)
            fail_msg("%s: not as in the order of arrival", cases[i].why);
    }
    suite->driver.target_free(target);
    suite_drop(suite, OTHER);
    suite_drop(suite, TABLE);
}

static void rows_that_depend_on_each_other_keep_their_order(contract_suite *suite)
{
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (uint32_t mode = OUTFALL_MODE_UPSERT; mode <= OUTFALL_MODE_IGNORE; mode++)
            if ((cases[i].databases & 1u << suite->quirks->database) != 0)
                try_case(suite, i, mode);
}

const contract_case order_cases[] = {
    {"rows that depend on each other keep their order",
     rows_that_depend_on_each_other_keep_their_order, NEEDS_TABLES},
    {NULL, NULL, 0},
};
