/* SPDX-License-Identifier: Apache-2.0 */
/* Targets that are no plain tables: each right, or refused by name; the same at every size. */
#include "special.h"

#include <stdio.h>
#include <string.h>

#if defined __SANITIZE_THREAD__
#define MANY 200 /* There is one thread here. */
#elif defined __SANITIZE_ADDRESS__
#define MANY 1000 /* Of more it is the server that has the work. */
#else
#define MANY 10000
#endif

static const size_t sizes[] = {1, 100, MANY};

/* ---- The schema ------------------------------------------------------------------- */

#define POSTGRESQL_OPEN                                                                            \
    "DROP SCHEMA IF EXISTS special CASCADE; CREATE SCHEMA special; SET search_path = special, "    \
    "public"

static const struct {
    const char *open, *close;
} schemas[DATABASE_KINDS] = {
    [DATABASE_SQLITE] = {"", ""},
    [DATABASE_POSTGRESQL] = {POSTGRESQL_OPEN, "RESET search_path"},
    [DATABASE_MARIADB] = {"DROP DATABASE IF EXISTS special; CREATE DATABASE special; USE special",
                          "USE test"},
    [DATABASE_ORACLE] = {POSTGRESQL_OPEN, "RESET search_path"},
};

/* SQLite cannot drop by kind a thing of another kind: it has to be asked. */
static void drop_all(contract_suite *suite)
{
    database_answer answer;
    if (suite->quirks->database != DATABASE_SQLITE) {
        database_run(suite->database, "%s", schemas[suite->quirks->database].open);
        return;
    }
    database_ask(suite->database, &answer,
                 "SELECT 'DROP ' || type || ' \"' || name || '\"' FROM sqlite_master WHERE type IN "
                 "('view', 'table') AND name IN ('t', 'log', 'base') ORDER BY name DESC");
    for (size_t i = 0; i < answer.rows; i++)
        database_run(suite->database, "%s", answer.cells[i]);
    database_answer_free(&answer);
}

static void close_schema(contract_suite *suite)
{
    database_run(suite->database, "%s", schemas[suite->quirks->database].close);
}

static suite_wanted wanted_of(const contract_suite *suite, const special_target *special)
{
    suite_wanted wanted = special->wanted;
    wanted.schema = suite->quirks->database == DATABASE_SQLITE ? "main" : SPECIAL_SCHEMA;
    if (wanted.mode == OUTFALL_MODE_INSERT)
        memset(wanted.key, 0, sizeof wanted.key);
    return wanted;
}

/* Has the driver's sessions be those of `limited`, whom row security holds; or no more. */
static void limit(contract_suite *suite, const special_target *special, int on)
{
    if (!special->limited)
        return;
    database_run(suite->database,
                 on ? "ALTER ROLE outfall SET role = limited" : "ALTER ROLE outfall RESET role");
    suite_reconnect(suite);
}

/* ---- Rows ------------------------------------------------------------------------- */

/* A text in which # stands for the row's number and ^ for the write's. */
static const char *fill(const char *text, size_t n, size_t write, char *out, size_t capacity)
{
    size_t used = 0;
    if (text == NULL)
        return NULL;
    for (; *text != '\0'; text++) {
        assert_true(used + 24 < capacity);
        if (*text == '#' || *text == '^')
            used += (size_t)snprintf(out + used, capacity - used, "%zu", *text == '#' ? n : write);
        else
            out[used++] = *text;
    }
    out[used] = '\0';
    return out;
}

static void make_rows(test_rows *rows, const special_target *special, const outfall_target *target,
                      size_t count, size_t write)
{
    char room[SPECIAL_FIELDS_MAX][128];
    const char *literals[SPECIAL_FIELDS_MAX];
    assert_true(target->column_count <= SPECIAL_FIELDS_MAX);
    test_rows_init(rows, target);
    for (size_t n = 0; n < count; n++) {
        for (uint32_t i = 0; i < target->column_count; i++)
            literals[i] = fill(special->fields[i], n, write, room[i], sizeof room[i]);
        test_rows_add(rows, literals);
    }
}

/* ---- One target ------------------------------------------------------------------- */

/* Tells what is wrong with a target and goes on: one run shows them all. Returns 1. */
static int complain(const contract_suite *suite, const special_target *special, size_t size,
                    const char *what)
{
    static const char *const modes[] = {"insert", "upsert", "replace", "ignore"};
    print_error("%s: %s, %s of %zu rows: %s: %s\n", suite->quirks->suite, special->why,
                modes[special->wanted.mode], size, what, suite->error.message);
    return 1;
}

static int check_refused(const contract_suite *suite, const special_target *special, size_t size,
                         int status, int action)
{
    if (status == OUTFALL_OK)
        return complain(suite, special, size, "taken");
    /* A driver may ask to have one row found: for that alone it has to do what is right. */
    int may_bisect = size > 1 && action == OUTFALL_ACTION_STOP;
    if (suite->error.action != action && !(may_bisect && suite->error.action == OUTFALL_ACTION_ROW))
        return complain(suite, special, size, "another action");
    if (strstr(suite->error.message, special->refused) == NULL)
        return complain(suite, special, size, "does not say why");
    return 0;
}

/* The rows in a transaction of their own, or their deletes; the second write's are told distinct.
 */
static int write_once(contract_suite *suite, const special_target *special, outfall_target *target,
                      size_t size, size_t write, uint32_t deletion)
{
    test_rows rows;
    outfall_write_result result;
    suite_part part = {.flags = write > 1 ? OUTFALL_BATCH_DISTINCT : 0, .deletion = deletion};
    make_rows(&rows, special, target, size, write);
    suite_begin(suite);
    int status = suite_write_part(suite, target, &rows, &part, suite_deadline(), &result);
    test_rows_free(&rows);
    if (status != OUTFALL_OK || special->refused != NULL)
        suite_rollback(suite);
    if (special->refused != NULL)
        return check_refused(suite, special, size, status, special->refused_action);
    if (status != OUTFALL_OK)
        return complain(suite, special, size, deletion ? "not deleted" : "not written");
    suite_commit(suite);
    if (special->wanted.mode == OUTFALL_MODE_INSERT && result.rows_written != size)
        return complain(suite, special, size, "another count");
    return 0;
}

static int check_right(contract_suite *suite, const special_target *special, size_t size,
                       size_t write, size_t want)
{
    char right[1024];
    fill(special->right, size, write, right, sizeof right);
    if (database_number(suite->database, "%s", right) == (int64_t)want)
        return 0;
    return complain(suite, special, size,
                    want > 0 ? "the rows are not right" : "the rows are not deleted");
}

static int write_rows(contract_suite *suite, const special_target *special, outfall_target *target,
                      size_t size)
{
    uint32_t mode = special->wanted.mode;
    int updates = mode == OUTFALL_MODE_UPSERT || mode == OUTFALL_MODE_REPLACE;
    int wrong = write_once(suite, special, target, size, 1, 0);
    if (wrong == 0 && mode != OUTFALL_MODE_INSERT)
        wrong = write_once(suite, special, target, size, 2, 0);
    if (wrong != 0 || special->refused != NULL)
        return wrong;
    wrong = check_right(suite, special, size, updates ? 2 : 1, size);
    if (mode != OUTFALL_MODE_UPSERT) /* A delete is the same in replace. */
        return wrong;
    wrong += write_once(suite, special, target, size, 2, 1);
    return wrong + check_right(suite, special, size, 2, 0);
}

/* Of a target that describe has refused, or should have. */
static int check_undescribed(const contract_suite *suite, const special_target *special,
                             size_t size, int status)
{
    if (special->refused != NULL && special->refused_action == 0)
        return check_refused(suite, special, size, status, OUTFALL_ACTION_STOP);
    if (special->or_told != NULL && strstr(suite->error.message, special->or_told) != NULL)
        return 0;
    return complain(suite, special, size, "not described");
}

/* In one mode; returns how much went wrong. */
static int try_mode(contract_suite *suite, const special_target *special)
{
    int wrong = 0;
    suite_wanted wanted = wanted_of(suite, special);
    int is_refused = special->refused != NULL && special->refused_action == 0;
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        outfall_target *target;
        if (is_refused && s > 0)
            break; /* There is no size yet. */
        drop_all(suite);
        database_run(suite->database, "%s", special->setup);
        limit(suite, special, 1);
        int status = suite_try_describe_as(suite, "t", &wanted, &target);
        if (is_refused || status != OUTFALL_OK)
            wrong += check_undescribed(suite, special, sizes[s], status);
        else
            wrong += write_rows(suite, special, target, sizes[s]);
        suite->driver.target_free(target);
        limit(suite, special, 0);
    }
    return wrong;
}

static int try_target(contract_suite *suite, const special_target *special)
{
    int wrong = 0;
    special_target in_mode = *special;
    if (special->modes == 0)
        return try_mode(suite, special);
    for (uint32_t mode = OUTFALL_MODE_INSERT; mode <= OUTFALL_MODE_IGNORE; mode++) {
        in_mode.wanted.mode = mode;
        if ((special->modes & 1u << mode) != 0)
            wrong += try_mode(suite, &in_mode);
    }
    return wrong;
}

static void a_special_target_is_right_or_refused(contract_suite *suite)
{
    static const struct {
        const special_target *targets;
        const size_t *count;
    } lists[DATABASE_KINDS] = {
        [DATABASE_SQLITE] = {special_sqlite, &special_sqlite_count},
        [DATABASE_POSTGRESQL] = {special_postgresql, &special_postgresql_count},
        [DATABASE_MARIADB] = {special_mariadb, &special_mariadb_count},
    };
    const special_target *targets = lists[suite->quirks->database].targets;
    if (targets == NULL)
        suite_skip(suite, "the stand-in has no tables but plain ones");
    int wrong = 0;
    for (size_t i = 0; i < *lists[suite->quirks->database].count; i++)
        wrong += try_target(suite, &targets[i]);
    drop_all(suite);
    close_schema(suite);
    assert_int_equal(wrong, 0);
}

const contract_case special_cases[] = {
    {"a special target is right, or refused by name", a_special_target_is_right_or_refused,
     NEEDS_TABLES},
    {NULL, NULL, 0},
};
