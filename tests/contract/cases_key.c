/* SPDX-License-Identifier: Apache-2.0 */
/* What may be a key, and when two keys are the same. */
#include "suite.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TABLE "contract_k"
#define PARENT "contract_k_parent"
#define ON(kind) (1u << DATABASE_##kind)
#define ANYWHERE ~0u
#define RELATIONAL (ON(SQLITE) | ON(POSTGRESQL) | ON(MARIADB)) /* Which the stand-in is not. */

static int is_on(const contract_suite *suite, unsigned databases)
{
    return (databases & 1u << suite->quirks->database) != 0;
}

/* ---- Refused ---------------------------------------------------------------------- */

static const struct {
    const char *why;
    unsigned databases;
    const char *columns; /* Of CREATE TABLE. */
    const char *after;   /* Run after it; NULL: nothing. */
    suite_wanted wanted; /* But for the mode. */
    const char *told[2]; /* What the message holds. */
} refused[] = {
    {"no key at all", ANYWHERE, "a INTEGER, b INTEGER", NULL, {0}, {"key", NULL}},
    {"a key that is no index",
     ANYWHERE,
     "a INTEGER PRIMARY KEY, b INTEGER",
     NULL,
     {.key = {"b"}},
     {"UNIQUE", "b"}},
    {"an index that is not unique",
     ANYWHERE,
     "a INTEGER, b INTEGER",
     "CREATE INDEX contract_k_index ON " TABLE " (a)",
     {.key = {"a"}},
     {"UNIQUE", "a"}},
    {"half of a key",
     ANYWHERE,
     "a INTEGER, b INTEGER, PRIMARY KEY (a, b)",
     NULL,
     {.key = {"a"}},
     {"UNIQUE", "a"}},
    {"more than a key",
     ANYWHERE,
     "a INTEGER PRIMARY KEY, b INTEGER",
     NULL,
     {.key = {"a", "b"}},
     {"UNIQUE", "b"}},
    {"some of the rows only",
     ON(SQLITE) | ON(POSTGRESQL),
     "a INTEGER, b INTEGER",
     "CREATE UNIQUE INDEX contract_k_index ON " TABLE " (a) WHERE b > 0",
     {.key = {"a"}},
     {"UNIQUE", "a"}},
    {"an expression of the column",
     ON(SQLITE) | ON(POSTGRESQL),
     "a VARCHAR(40), b INTEGER",
     "CREATE UNIQUE INDEX contract_k_index ON " TABLE " (lower(a))",
     {.key = {"a"}},
     {"UNIQUE", "a"}},
    {"a constraint that may wait",
     ON(POSTGRESQL),
     "a INTEGER PRIMARY KEY DEFERRABLE, b INTEGER",
     NULL,
     {.key = {"a"}},
     {TABLE, NULL}},
    {"a constraint that may wait, beside the primary key",
     ON(POSTGRESQL),
     "a INTEGER PRIMARY KEY, b INTEGER, CONSTRAINT contract_k_twin UNIQUE (a) DEFERRABLE",
     NULL,
     {0},
     {"contract_k_twin", "DEFERRABLE"}},
    {"the first letters of the column",
     ON(MARIADB),
     "a VARCHAR(40), b INTEGER, UNIQUE KEY prefix (a(3))",
     NULL,
     {.key = {"a"}},
     {"UNIQUE", "a"}},
    {"a key that the rows do not have",
     ANYWHERE,
     "a INTEGER PRIMARY KEY, b INTEGER",
     NULL,
     {.columns = {"b"}},
     {"a", NULL}},
    {"a key that the table does not have",
     ANYWHERE,
     "a INTEGER PRIMARY KEY, b INTEGER",
     NULL,
     {.key = {"nosuch"}},
     {"nosuch", NULL}},
    {"a key named twice",
     ANYWHERE,
     "a INTEGER PRIMARY KEY, b INTEGER",
     NULL,
     {.key = {"a", "a"}},
     {"a", NULL}},
};

static void what_is_no_key_is_refused_with_the_fix(contract_suite *suite)
{
    for (size_t i = 0; i < LENGTH(refused); i++) {
        if (!is_on(suite, refused[i].databases))
            continue;
        suite_create_sql(suite, TABLE, refused[i].columns);
        if (refused[i].after != NULL)
            database_run(suite->database, "%s", refused[i].after);
        for (uint32_t mode = OUTFALL_MODE_UPSERT; mode <= OUTFALL_MODE_IGNORE; mode++) {
            outfall_target *target;
            suite_wanted wanted = refused[i].wanted;
            wanted.mode = mode;
            if (suite_try_describe_as(suite, TABLE, &wanted, &target) == OUTFALL_OK)
                fail_msg("%s: taken", refused[i].why);
            assert_null(target);
            if (suite->error.action != OUTFALL_ACTION_STOP)
                fail_msg("%s: action %d", refused[i].why, suite->error.action);
            for (size_t t = 0; t < LENGTH(refused[i].told) && refused[i].told[t] != NULL; t++)
                if (strstr(suite->error.message, refused[i].told[t]) == NULL)
                    fail_msg("%s: \"%s\" is not in: %s", refused[i].why, refused[i].told[t],
                             suite->error.message);
        }
        /* An insert asks for no key. */
        if (refused[i].wanted.columns[0] == NULL && refused[i].wanted.key[0] == NULL)
            suite->driver.target_free(suite_describe(suite, TABLE, NULL, 0));
    }
}

/* ---- Taken ------------------------------------------------------------------------ */

/* Two rows that are there, one of them written again and a third: three, the first as it was. */
static const struct {
    const char *why;
    const char *columns, *after;
    const char *key[4];
} taken[] = {
    {"the primary key, not named", "k INTEGER PRIMARY KEY, l INTEGER, v INTEGER", NULL, {NULL}},
    {"the primary key, named", "k INTEGER PRIMARY KEY, l INTEGER, v INTEGER", NULL, {"k"}},
    {"two columns", "k INTEGER, l INTEGER, v INTEGER, PRIMARY KEY (k, l)", NULL, {NULL}},
    {"two columns, turned round",
     "k INTEGER, l INTEGER, v INTEGER, PRIMARY KEY (k, l)",
     NULL,
     {"l", "k"}},
    {"a unique constraint", "k INTEGER NOT NULL UNIQUE, l INTEGER, v INTEGER", NULL, {"k"}},
    {"a unique index",
     "k INTEGER NOT NULL, l INTEGER, v INTEGER",
     "CREATE UNIQUE INDEX contract_k_index ON " TABLE " (k)",
     {"k"}},
    {"a unique index of columns that may be NULL",
     "k INTEGER, l INTEGER, v INTEGER",
     "CREATE UNIQUE INDEX contract_k_index ON " TABLE " (l, k)",
     {"k", "l"}},
};

static void a_unique_index_will_do_as_key(contract_suite *suite)
{
    for (size_t i = 0; i < LENGTH(taken); i++) {
        test_rows rows;
        suite_wanted wanted = {.mode = OUTFALL_MODE_UPSERT};
        memcpy(wanted.key, taken[i].key, sizeof wanted.key);
        suite_create_sql(suite, TABLE, taken[i].columns);
        if (taken[i].after != NULL)
            database_run(suite->database, "%s", taken[i].after);
        database_run(suite->database, "INSERT INTO " TABLE " VALUES (1, 10, 1), (2, 20, 1)");
        outfall_target *target = suite_describe_as(suite, TABLE, &wanted);
        test_rows_init(&rows, target);
        test_rows_add(&rows, (const char *const[]){"2", "20", "2"});
        test_rows_add(&rows, (const char *const[]){"3", "30", "2"});
        for (uint32_t flags = 0; flags <= OUTFALL_BATCH_DISTINCT; flags++)
            suite_deliver_part(suite, target, &rows, &(suite_part){.flags = flags});
        int64_t sum =
            database_number(suite->database, "SELECT sum(k * 100 + l * 10 + v) FROM " TABLE);
        if (suite_count(suite, TABLE) != 3 || sum != 100 + 101 + 200 + 202 + 300 + 302)
            fail_msg("%s: %lld", taken[i].why, (long long)sum);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

static void null_keys_conflict_with_nothing(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    for (uint32_t mode = OUTFALL_MODE_UPSERT; mode <= OUTFALL_MODE_IGNORE; mode++) {
        for (size_t s = 0; s < LENGTH(sizes); s++) {
            test_rows rows;
            suite_create_sql(suite, TABLE, "k INTEGER, l INTEGER, v INTEGER, UNIQUE (k, l)");
            outfall_target *target =
                suite_describe_as(suite, TABLE, &(suite_wanted){.mode = mode, .key = {"k", "l"}});
            test_rows_init(&rows, target);
            for (size_t i = 0; i < sizes[s]; i++)
                test_rows_add(&rows, i % 2 ? (const char *const[]){"1", NULL, "1"}
                                           : (const char *const[]){NULL, NULL, "1"});
            suite_deliver_part(suite, target, &rows, &(suite_part){0});
            suite_deliver_part(suite, target, &rows, &(suite_part){0});
            assert_int_equal(suite_count(suite, TABLE), 2 * sizes[s]);
            test_rows_free(&rows);
            suite->driver.target_free(target);
        }
    }
}

static void a_created_key_is_the_primary_key(contract_suite *suite)
{
    static const outfall_column tables[][3] = {
        {{.name = "a", .type = OUTFALL_TYPE_INT32, .flags = OUTFALL_COLUMN_KEY},
         {.name = "b", .type = OUTFALL_TYPE_TEXT},
         {.name = "c", .type = OUTFALL_TYPE_TEXT}},
        {{.name = "a", .type = OUTFALL_TYPE_TEXT},
         {.name = "b", .type = OUTFALL_TYPE_TEXT, .length_max = 50, .flags = OUTFALL_COLUMN_KEY},
         {.name = "c", .type = OUTFALL_TYPE_TEXT}},
        {{.name = "a", .type = OUTFALL_TYPE_TEXT, .length_max = 9, .flags = OUTFALL_COLUMN_KEY},
         {.name = "b",
          .type = OUTFALL_TYPE_TIMESTAMP,
          .fraction_digits = -1,
          .flags = OUTFALL_COLUMN_KEY},
         {.name = "c", .type = OUTFALL_TYPE_TEXT}},
    };
    static const char *const rows_of[][3] = {
        {"1", "x", "y"}, {"x", "key", "y"}, {"key", "2024-01-31 12:34:56", "y"}};
    for (size_t i = 0; i < LENGTH(tables); i++) {
        test_rows rows;
        suite_create(suite, TABLE, tables[i], 3);
        outfall_target *target =
            suite_describe_as(suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_UPSERT});
        for (uint32_t c = 0, k = 0; c < 3; c++)
            if ((tables[i][c].flags & OUTFALL_COLUMN_KEY) != 0)
                assert_true(k < target->key_count && target->key[k++] == c);
        test_rows_init(&rows, target);
        test_rows_add(&rows, rows_of[i]);
        test_rows_add(&rows, rows_of[i]);
        suite_deliver_part(suite, target, &rows, &(suite_part){0});
        assert_int_equal(suite_count(suite, TABLE), 1);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

/* A key column of unlimited text: some databases cannot index that, and it is said. */
static void a_text_key_is_made_or_refused_by_name(contract_suite *suite)
{
    static const outfall_column columns[] = {
        {.name = "name", .type = OUTFALL_TYPE_TEXT, .flags = OUTFALL_COLUMN_KEY},
        {.name = "v", .type = OUTFALL_TYPE_INT32}};
    outfall_table_name table = {NULL, TABLE};
    suite_drop(suite, TABLE);
    if (suite_create_table(suite, &table, columns, 2) != OUTFALL_OK) {
        assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
        assert_non_null(strstr(suite->error.message, "name"));
        return;
    }
    test_rows rows;
    outfall_target *target =
        suite_describe_as(suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_UPSERT});
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"one", "1"});
    test_rows_add(&rows, (const char *const[]){"two", "1"});
    test_rows_add(&rows, (const char *const[]){"one", "2"});
    suite_deliver_part(suite, target, &rows, &(suite_part){0});
    assert_int_equal(database_number(suite->database, "SELECT sum(v) FROM " TABLE), 3);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

/* What identifies a row for others is no column to reset, where it is not what the rows know. */
static void a_replaced_row_keeps_its_primary_key(contract_suite *suite)
{
    test_rows rows;
    suite_wanted wanted = {
        .mode = OUTFALL_MODE_REPLACE, .other_unique = 1, .columns = {"k", "v"}, .key = {"k"}};
    suite_create_sql(suite, TABLE,
                     "id VARCHAR(36) DEFAULT 'default' NOT NULL PRIMARY KEY, k INTEGER NOT NULL "
                     "UNIQUE, v INTEGER, note VARCHAR(9) DEFAULT 'default'");
    database_run(suite->database, "INSERT INTO " TABLE " VALUES ('mine', 1, 1, 'mine')");
    outfall_target *target = suite_describe_as(suite, TABLE, &wanted);
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"1", "2"});
    suite_deliver_part(suite, target, &rows, &(suite_part){0});
    assert_int_equal(database_number(suite->database,
                                     "SELECT count(*) FROM " TABLE " WHERE id = 'mine' AND k = 1 "
                                     "AND v = 2 AND note = 'default'"),
                     1);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

/* ---- Other unique indexes --------------------------------------------------------- */

static void another_unique_index_is_refused_or_kept(contract_suite *suite)
{
    outfall_target *target;
    test_rows rows;
    suite_create_sql(suite, TABLE,
                     "k INTEGER NOT NULL PRIMARY KEY, u INTEGER, v INTEGER, "
                     "CONSTRAINT contract_k_other UNIQUE (u)");
    database_run(suite->database, "INSERT INTO " TABLE " VALUES (1, 10, 1), (2, 20, 1)");
    for (uint32_t mode = OUTFALL_MODE_UPSERT; mode <= OUTFALL_MODE_IGNORE; mode++) {
        int status = suite_try_describe_as(suite, TABLE, &(suite_wanted){.mode = mode}, &target);
        if (suite->quirks->rules->conflict_unnamed) {
            assert_int_equal(status, OUTFALL_ERR_UNSUPPORTED);
            assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
            assert_non_null(strstr(suite->error.message, "contract_k_other"));
            assert_non_null(strstr(suite->error.message, "unique.other"));
            target =
                suite_describe_as(suite, TABLE, &(suite_wanted){.mode = mode, .other_unique = 1});
        } else if (status != OUTFALL_OK) {
            fail_msg("%s", suite->error.message);
        }
        assert_int_equal(target->flags & OUTFALL_TARGET_BYTEWISE, 0);
        test_rows_init(&rows, target);
        test_rows_add(&rows, (const char *const[]){"1", "11", "2"});
        suite_deliver_part(suite, target, &rows, &(suite_part){0});
        test_rows_free(&rows);
        if (!suite->quirks->rules->conflict_unnamed) {
            /* It is the other index that is hit: an error of the row, in every mode. */
            test_rows_init(&rows, target);
            test_rows_add(&rows, (const char *const[]){"3", "20", "2"});
            assert_int_not_equal(suite_try(suite, target, &rows, suite_deadline()), OUTFALL_OK);
            assert_int_equal(suite->error.action, OUTFALL_ACTION_ROW);
            test_rows_free(&rows);
        }
        suite->driver.target_free(target);
    }
    assert_int_equal(database_number(suite->database, "SELECT sum(u + v) FROM " TABLE), 34);
}

/* ---- Which keys are equal --------------------------------------------------------- */

enum equality { EQUAL_CASE = 1, EQUAL_BLANKS = 2 }; /* Case or blanks at the end do not matter. */

static const struct {
    unsigned databases;
    const char *before; /* Run first; NULL: nothing. */
    const char *type;   /* Of the key. */
    unsigned equality;
} equalities[] = {
    {ON(SQLITE), NULL, "TEXT COLLATE NOCASE", EQUAL_CASE},
    {ON(SQLITE), NULL, "TEXT COLLATE RTRIM", EQUAL_BLANKS},
    {ON(POSTGRESQL), "CREATE EXTENSION IF NOT EXISTS citext", "CITEXT", EQUAL_CASE},
    {ON(POSTGRESQL), NULL, "CHAR(40)", EQUAL_BLANKS},
    {ON(MARIADB), NULL, "VARCHAR(40)", EQUAL_CASE | EQUAL_BLANKS},
    {ON(MARIADB), NULL, "VARCHAR(40) COLLATE utf8mb4_bin", EQUAL_BLANKS},
    {ON(MARIADB), NULL, "VARCHAR(40) COLLATE utf8mb4_nopad_bin", 0},
    {ON(MARIADB), NULL, "CHAR(40)", EQUAL_CASE | EQUAL_BLANKS},
    {ON(SQLITE) | ON(POSTGRESQL) | ON(ORACLE), NULL, "VARCHAR(40)", 0},
};

#define WORDS 40

typedef struct model_key {
    char key[24]; /* As the first of the equal keys: normalised. */
    int value;
} model_key;

static void normalise(char *key, unsigned equality)
{
    size_t length = strlen(key);
    for (size_t i = 0; (equality & EQUAL_CASE) != 0 && i < length; i++)
        key[i] = (char)tolower((unsigned char)key[i]);
    while ((equality & EQUAL_BLANKS) != 0 && length > 0 && key[length - 1] == ' ')
        key[--length] = '\0';
}

/* A word of few, in some case and with some blanks at its end. */
static void random_key(unsigned *random, char *out, size_t capacity)
{
    static const char *const blanks[] = {"", "", " ", "  "};
    *random = *random * 1103515245u + 12345u;
    unsigned bits = *random >> 8;
    snprintf(out, capacity, "w%uxyz%s", bits % WORDS, blanks[bits / WORDS % 4]);
    for (size_t i = 0; out[i] != '\0'; i++)
        if ((bits >> (10 + i)) % 2)
            out[i] = (char)toupper((unsigned char)out[i]);
}

static size_t find_key(model_key *model, size_t count, const char *key)
{
    size_t at = 0;
    while (at < count && strcmp(model[at].key, key) != 0)
        at++;
    return at;
}

static void check_keys(contract_suite *suite, const model_key *model, size_t count,
                       unsigned equality)
{
    database_answer answer;
    database_ask(suite->database, &answer, "SELECT k, v FROM " TABLE);
    assert_int_equal(answer.rows, count);
    for (size_t i = 0; i < answer.rows; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s", answer.cells[2 * i]);
        normalise(key, equality);
        size_t at = find_key((model_key *)model, count, key);
        if (at == count)
            fail_msg("key \"%s\" should not be there", answer.cells[2 * i]);
        if (strtol(answer.cells[2 * i + 1], NULL, 10) != model[at].value)
            fail_msg("key \"%s\" has write %s, not %d", key, answer.cells[2 * i + 1],
                     model[at].value);
    }
    database_answer_free(&answer);
}

static void write_equal_keys(contract_suite *suite, uint32_t mode, const char *type,
                             unsigned equality)
{
    enum { ROWS = 1200, BATCHES = 3 };
    static model_key model[WORDS * 64];
    char columns[128];
    size_t count = 0;
    unsigned random = 99 + mode;
    snprintf(columns, sizeof columns, "k %s NOT NULL PRIMARY KEY, v INTEGER", type);
    suite_create_sql(suite, TABLE, columns);
    outfall_target *target = suite_describe_as(suite, TABLE, &(suite_wanted){.mode = mode});
    if ((target->flags & OUTFALL_TARGET_BYTEWISE) != 0 && equality != 0)
        fail_msg("%s: not its bytes decide", type);
    for (int batch = 0; batch < BATCHES; batch++) {
        test_rows rows;
        test_rows_init(&rows, target);
        for (int i = 0; i < ROWS; i++) {
            char key[24], value[24];
            random_key(&random, key, sizeof key);
            snprintf(value, sizeof value, "%d", batch * ROWS + i);
            test_rows_add(&rows, (const char *const[]){key, value});
            normalise(key, equality);
            size_t at = find_key(model, count, key);
            if (at == count)
                snprintf(model[count++].key, sizeof model->key, "%s", key);
            else if (mode == OUTFALL_MODE_IGNORE)
                continue;
            model[at].value = batch * ROWS + i;
        }
        suite_deliver_part(suite, target, &rows, &(suite_part){.span_rows = 100});
        test_rows_free(&rows);
    }
    check_keys(suite, model, count, equality);
    suite->driver.target_free(target);
}

static void which_keys_are_equal_is_the_databases_to_say(contract_suite *suite)
{
    for (size_t i = 0; i < LENGTH(equalities); i++) {
        if (!is_on(suite, equalities[i].databases))
            continue;
        if (equalities[i].before != NULL) {
            database_run(suite->database, "%s", equalities[i].before);
            suite_reconnect(suite);
        }
        for (uint32_t mode = OUTFALL_MODE_UPSERT; mode <= OUTFALL_MODE_IGNORE; mode++)
            write_equal_keys(suite, mode, equalities[i].type, equalities[i].equality);
    }
}

/* ---- Which types' bytes decide ---------------------------------------------------- */

static const struct {
    unsigned databases;
    const char *type;
    int bytewise; /* 1: it has to be; 0: it may not be. */
} claims[] = {
    {ANYWHERE, "INTEGER", 1},
    {ANYWHERE, "BIGINT", 1},
    {ON(POSTGRESQL), "NUMERIC", 1},
    {ON(POSTGRESQL), "TEXT", 1},
    {ON(POSTGRESQL), "VARCHAR(10)", 1},
    {ON(POSTGRESQL), "UUID", 1},
    {ON(POSTGRESQL), "DATE", 1},
    {ON(POSTGRESQL), "CHAR(10)", 0},
    {ON(POSTGRESQL), "JSONB", 0},
    {ON(POSTGRESQL), "INET", 0},
    {ON(POSTGRESQL), "INTERVAL", 0},
    {ON(SQLITE), "TEXT", 1},
    {ON(SQLITE), "TEXT COLLATE NOCASE", 0},
    {ON(SQLITE), "TEXT COLLATE RTRIM", 0},
    {ON(MARIADB), "DATE", 1},
    {ON(MARIADB), "DATETIME(6)", 1},
    {ON(MARIADB), "VARBINARY(20)", 1},
    {ON(MARIADB), "VARCHAR(20) COLLATE utf8mb4_nopad_bin", 1},
    {ON(MARIADB), "VARCHAR(20) COLLATE utf8mb4_bin", 0},
    {ON(MARIADB), "VARCHAR(20)", 0},
    {ON(MARIADB), "CHAR(20) COLLATE utf8mb4_nopad_bin", 0},
    {ON(MARIADB), "ENUM('a','b')", 0},
};

static void bytes_decide_only_where_that_is_true(contract_suite *suite)
{
    for (size_t i = 0; i < LENGTH(claims); i++) {
        char columns[128];
        if (!is_on(suite, claims[i].databases))
            continue;
        snprintf(columns, sizeof columns, "k %s NOT NULL PRIMARY KEY, v INTEGER", claims[i].type);
        suite_create_sql(suite, TABLE, columns);
        for (uint32_t mode = OUTFALL_MODE_UPSERT; mode <= OUTFALL_MODE_IGNORE; mode++) {
            outfall_target *target = suite_describe_as(suite, TABLE, &(suite_wanted){.mode = mode});
            int bytewise = (target->flags & OUTFALL_TARGET_BYTEWISE) != 0;
            if (bytewise != claims[i].bytewise)
                fail_msg("%s: bytewise %d in mode %u", claims[i].type, bytewise, mode);
            suite->driver.target_free(target);
        }
    }
}

static void rows_that_depend_on_each_other_are_not_judged_by_keys(contract_suite *suite)
{
    static const struct {
        unsigned databases;
        const char *columns, *more; /* SQL */
        int bytewise;
    } cases[] = {
        {ANYWHERE, "", NULL, 1},
        {RELATIONAL, ", FOREIGN KEY (v) REFERENCES " TABLE " (k)", NULL, 0},
        {RELATIONAL, ", FOREIGN KEY (v) REFERENCES " PARENT " (k) ON DELETE CASCADE", NULL, 1},
        {ON(SQLITE), ", n INTEGER NOT NULL ON CONFLICT IGNORE", NULL, 0},
        {ON(SQLITE), "",
         "CREATE TRIGGER contract_k_note AFTER INSERT ON " TABLE " BEGIN SELECT 1; END", 0},
        {ON(MARIADB), "",
         "CREATE TRIGGER contract_k_note BEFORE UPDATE ON " TABLE " FOR EACH ROW SET NEW.v = 1", 0},
        {ON(POSTGRESQL), "",
         "CREATE OR REPLACE FUNCTION contract_k_note() RETURNS trigger LANGUAGE plpgsql AS "
         "'BEGIN RETURN NEW; END'; CREATE TRIGGER contract_k_note BEFORE UPDATE ON " TABLE
         " FOR EACH ROW EXECUTE FUNCTION contract_k_note()",
         0},
    };
    suite_create_sql(suite, PARENT, "k INTEGER NOT NULL PRIMARY KEY");
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char columns[160];
        if (!is_on(suite, cases[i].databases))
            continue;
        snprintf(columns, sizeof columns, "k INTEGER NOT NULL PRIMARY KEY, v INTEGER%s",
                 cases[i].columns);
        suite_create_sql(suite, TABLE, columns);
        if (cases[i].more != NULL)
            database_run(suite->database, "%s", cases[i].more);
        for (uint32_t mode = OUTFALL_MODE_UPSERT; mode <= OUTFALL_MODE_IGNORE; mode++) {
            outfall_target *target = suite_describe_as(suite, TABLE, &(suite_wanted){.mode = mode});
            int bytewise = (target->flags & OUTFALL_TARGET_BYTEWISE) != 0;
            if (bytewise != cases[i].bytewise)
                fail_msg("case %zu: bytewise %d in mode %u", i, bytewise, mode);
            suite->driver.target_free(target);
        }
    }
    database_run(suite->database, "DROP TABLE " TABLE);
    database_run(suite->database, "DROP TABLE " PARENT);
}

const contract_case key_cases[] = {
    {"what is no key is refused with the fix", what_is_no_key_is_refused_with_the_fix,
     NEEDS_TABLES},
    {"a unique index will do as key", a_unique_index_will_do_as_key, NEEDS_TABLES},
    {"NULL keys conflict with nothing", null_keys_conflict_with_nothing, NEEDS_TABLES},
    {"a created key is the primary key", a_created_key_is_the_primary_key, NEEDS_TABLES},
    {"a text key is made, or refused by name", a_text_key_is_made_or_refused_by_name, NEEDS_TABLES},
    {"a replaced row keeps its primary key", a_replaced_row_keeps_its_primary_key, NEEDS_TABLES},
    {"another unique index is refused or kept", another_unique_index_is_refused_or_kept,
     NEEDS_TABLES},
    {"which keys are equal is the database's to say", which_keys_are_equal_is_the_databases_to_say,
     NEEDS_TABLES},
    {"bytes decide only where that is true", bytes_decide_only_where_that_is_true, NEEDS_TABLES},
    {"rows that depend on each other are not judged by keys",
     rows_that_depend_on_each_other_are_not_judged_by_keys, NEEDS_TABLES},
    {NULL, NULL, 0},
};
