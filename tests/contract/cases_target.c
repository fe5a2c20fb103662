/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int describe(contract_suite *suite, const char *table, const char *const *columns,
                    size_t count, outfall_target **out)
{
    return suite_try_describe(suite, table, columns, count, out);
}

static void an_unknown_table_is_not_found(contract_suite *suite)
{
    outfall_target *target;
    suite_create_sql(suite, "birdstrikes", "id INTEGER");
    assert_int_equal(describe(suite, "birdstrike", NULL, 0, &target), OUTFALL_ERR_NOT_FOUND);
    assert_null(target);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
    assert_non_null(strstr(suite->error.message, "birdstrike"));
}

static void an_unknown_column_is_named_with_the_nearest(contract_suite *suite)
{
    static const char *const wanted[] = {"id", "operater"};
    outfall_target *target;
    suite_create_sql(suite, "contract_t", "id INTEGER, operator TEXT, airport TEXT");
    assert_int_equal(describe(suite, "contract_t", wanted, 2, &target), OUTFALL_ERR_NOT_FOUND);
    assert_null(target);
    assert_non_null(strstr(suite->error.message, "operater"));
    assert_non_null(strstr(suite->error.message, "operator"));
    assert_string_equal(suite->error.column, "operater");
}

static void columns_come_in_the_order_asked_for(contract_suite *suite)
{
    static const char *const wanted[] = {"c", "a"};
    suite_create_sql(suite, "contract_t", "a INTEGER, b INTEGER DEFAULT 7, c TEXT");
    outfall_target *target = suite_describe(suite, "contract_t", wanted, 2);
    assert_int_equal(target->column_count, 2);
    assert_string_equal(target->columns[0].name, "c");
    assert_string_equal(target->columns[1].name, "a");
    assert_non_null(strstr(target->display_name, "contract_t"));
    test_rows rows;
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"text", "1"});
    suite_deliver(suite, target, &rows, 0);
    assert_int_equal(database_number(suite->database, "SELECT count(*) FROM contract_t WHERE "
                                                      "a = 1 AND b = 7 AND c = 'text'"),
                     1);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_column_named_twice_is_refused(contract_suite *suite)
{
    static const char *const wanted[] = {"a", "a"};
    outfall_target *target;
    suite_create_sql(suite, "contract_t", "a INTEGER, b INTEGER");
    assert_int_not_equal(describe(suite, "contract_t", wanted, 2, &target), OUTFALL_OK);
    assert_null(target);
}

static void generated_columns_are_left_out(contract_suite *suite)
{
    static const char *const wanted[] = {"a", "b"};
    outfall_target *target;
    suite_create_sql(suite, "contract_t",
                     "a INTEGER, b INTEGER GENERATED ALWAYS AS (a + 1) STORED, c INTEGER");
    target = suite_describe(suite, "contract_t", NULL, 0);
    assert_int_equal(target->column_count, 2);
    assert_string_equal(target->columns[1].name, "c");
    suite->driver.target_free(target);
    assert_int_not_equal(describe(suite, "contract_t", wanted, 2, &target), OUTFALL_OK);
    assert_null(target);
    assert_non_null(strstr(suite->error.message, "b"));
}

static void flags_tell_what_a_column_takes(contract_suite *suite)
{
    suite_create_sql(suite, "contract_t",
                     "k VARCHAR(40) NOT NULL PRIMARY KEY, d INTEGER DEFAULT 3, n INTEGER NOT NULL, "
                     "o INTEGER");
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    static const uint32_t want[] = {OUTFALL_COLUMN_KEY | OUTFALL_COLUMN_NOT_NULL,
                                    OUTFALL_COLUMN_DEFAULT, OUTFALL_COLUMN_NOT_NULL, 0};
    uint32_t looked_at = OUTFALL_COLUMN_KEY | OUTFALL_COLUMN_NOT_NULL | OUTFALL_COLUMN_DEFAULT |
                         OUTFALL_COLUMN_GENERATED | OUTFALL_COLUMN_IDENTITY_ALWAYS;
    assert_int_equal(target->column_count, LENGTH(want));
    for (size_t i = 0; i < LENGTH(want); i++)
        assert_int_equal(target->columns[i].flags & looked_at, want[i]);
    suite->driver.target_free(target);
}

/* ---- Create ----------------------------------------------------------------------- */

static void check_described(const contract_suite *suite, const outfall_column *asked,
                            const outfall_column *got)
{
    uint32_t kept = quirks_stored(suite->quirks, asked->type);
    assert_string_equal(got->name, asked->name);
    if (got->type != kept)
        fail_msg("column %s is of type %u, not %u", got->name, got->type, kept);
    assert_int_equal(got->flags & OUTFALL_COLUMN_KEY, asked->flags & OUTFALL_COLUMN_KEY);
    assert_int_equal((got->flags & OUTFALL_COLUMN_NOT_NULL) != 0, asked->flags != 0);
    assert_int_equal(got->flags & OUTFALL_COLUMN_JSONB, 0);
    if (kept != OUTFALL_TYPE_DECIMAL ||
        (asked->precision == 0 && suite->quirks->rules->decimal_limited))
        return;
    assert_int_equal(got->flags & OUTFALL_COLUMN_APPROXIMATE, 0);
    assert_int_equal(got->precision, asked->precision);
    assert_int_equal(got->scale, asked->scale);
}

static void created_columns_are_described_as_given(contract_suite *suite)
{
    static const outfall_column columns[] = {
        {.name = "id", .type = OUTFALL_TYPE_INT64, .flags = OUTFALL_COLUMN_KEY},
        {.name = "b", .type = OUTFALL_TYPE_BOOL},
        {.name = "i2", .type = OUTFALL_TYPE_INT16, .flags = OUTFALL_COLUMN_NOT_NULL},
        {.name = "i4", .type = OUTFALL_TYPE_INT32},
        {.name = "f4", .type = OUTFALL_TYPE_FLOAT32},
        {.name = "f8", .type = OUTFALL_TYPE_FLOAT64},
        {.name = "n", .type = OUTFALL_TYPE_DECIMAL},
        {.name = "np", .type = OUTFALL_TYPE_DECIMAL, .precision = 30, .scale = 5},
        {.name = "t", .type = OUTFALL_TYPE_TEXT},
        {.name = "tn", .type = OUTFALL_TYPE_TEXT, .length_max = 64},
        {.name = "by", .type = OUTFALL_TYPE_BYTES},
        {.name = "d", .type = OUTFALL_TYPE_DATE},
        {.name = "ti", .type = OUTFALL_TYPE_TIME, .fraction_digits = -1},
        {.name = "ts", .type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = -1},
        {.name = "tz", .type = OUTFALL_TYPE_TIMESTAMPTZ, .fraction_digits = -1},
        {.name = "u", .type = OUTFALL_TYPE_UUID},
        {.name = "j", .type = OUTFALL_TYPE_JSON},
    };
    outfall_column asked[LENGTH(columns)];
    size_t count = 0;
    for (size_t i = 0; i < LENGTH(columns); i++)
        if (quirks_stored(suite->quirks, columns[i].type) != 0)
            asked[count++] = columns[i];
    suite_create(suite, "contract_all", asked, count);
    outfall_target *target = suite_describe(suite, "contract_all", NULL, 0);
    assert_int_equal(target->column_count, count);
    for (size_t i = 0; i < count; i++)
        check_described(suite, &asked[i], &target->columns[i]);
    suite->driver.target_free(target);
}

static void what_cannot_be_created_is_refused_by_name(contract_suite *suite)
{
    for (const contract_stored *at = suite->quirks->stored; at->asked != 0; at++) {
        if (at->kept != 0)
            continue;
        const outfall_column columns[] = {{.name = "good", .type = OUTFALL_TYPE_INT64},
                                          {.name = "bad", .type = at->asked}};
        outfall_table_name table = {NULL, "contract_t"};
        suite_drop(suite, "contract_t");
        assert_int_not_equal(suite_create_table(suite, &table, columns, 2), OUTFALL_OK);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
        assert_string_equal(suite->error.column, "bad");
        assert_non_null(strstr(suite->error.message, "bad"));
        return;
    }
    suite_skip(suite, "every type can be created");
}

static void a_table_that_exists_is_left_alone(contract_suite *suite)
{
    static const outfall_column other[] = {{.name = "x", .type = OUTFALL_TYPE_TEXT}};
    outfall_table_name name = {NULL, "contract_t"};
    suite_create_sql(suite, "contract_t", "a INTEGER");
    database_run(suite->database, "INSERT INTO contract_t VALUES (1)");
    expect_ok(suite, suite_create_table(suite, &name, other, 1));
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    assert_string_equal(target->columns[0].name, "a");
    assert_int_equal(suite_count(suite, "contract_t"), 1);
    suite->driver.target_free(target);
}

static void expect_identity(contract_suite *suite, char out[OUTFALL_IDENTITY_BYTES_MAX + 1])
{
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    assert_non_null(target->identity);
    assert_in_range(strlen(target->identity), 1, OUTFALL_IDENTITY_BYTES_MAX);
    snprintf(out, OUTFALL_IDENTITY_BYTES_MAX + 1, "%s", target->identity);
    suite->driver.target_free(target);
}

static void an_identity_tells_a_table_made_again(contract_suite *suite)
{
    static const outfall_column columns[] = {
        {.name = "id", .type = OUTFALL_TYPE_INT64, .flags = OUTFALL_COLUMN_KEY},
        {.name = "n", .type = OUTFALL_TYPE_INT64}};
    static const char *const marks[] = {"outfall:0123456789abcdef", "outfall:fedcba9876543210"};
    const outfall_table_name name = {NULL, "contract_t"};
    char first[OUTFALL_IDENTITY_BYTES_MAX + 1], again[OUTFALL_IDENTITY_BYTES_MAX + 1];
    bool marked = suite->driver.create_marked != NULL;
    if ((suite->driver.capabilities & OUTFALL_DRIVER_LEDGER) == 0)
        suite_skip(suite, "the driver keeps no ledger");
    for (int round = 0; round < 2; round++) {
        suite_drop(suite, "contract_t");
        expect_ok(suite, marked ? suite->driver.create_marked(suite->connection, &name, columns, 2,
                                                              marks[round], suite_deadline(),
                                                              &suite->error)
                                : suite_create_table(suite, &name, columns, 2));
        if (round == 1)
            break;
        expect_identity(suite, first);
        /* Whoever was second has not made it. */
        if (marked)
            expect_ok(suite,
                      suite->driver.create_marked(suite->connection, &name, columns, 2, marks[1],
                                                  suite_deadline(), &suite->error));
        suite_sql(suite, "ALTER TABLE contract_t ADD COLUMN more INTEGER");
        suite_sql(suite, "ALTER TABLE contract_t DROP COLUMN n");
        suite_sql(suite, "CREATE UNIQUE INDEX contract_t_more ON contract_t (more)");
        suite_sql(suite, "DELETE FROM contract_t");
        expect_identity(suite, again);
        assert_string_equal(again, first);
    }
    expect_identity(suite, again);
    assert_string_not_equal(again, first);
}

static void a_table_without_a_mark_has_no_identity(contract_suite *suite)
{
    suite_create_sql(suite, "contract_t", "id INTEGER PRIMARY KEY");
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    /* But for the databases that have one of their own. */
    if ((suite->quirks->database == DATABASE_POSTGRESQL ||
         suite->quirks->database == DATABASE_ORACLE) &&
        (suite->driver.capabilities & OUTFALL_DRIVER_LEDGER) != 0)
        assert_int_equal(strncmp(target->identity, "oid:", 4), 0);
    else
        assert_null(target->identity);
    suite->driver.target_free(target);
}

const contract_case target_cases[] = {
    {"an unknown table is not found", an_unknown_table_is_not_found, NEEDS_TABLES},
    {"an unknown column is named with the nearest", an_unknown_column_is_named_with_the_nearest,
     NEEDS_TABLES},
    {"columns come in the order asked for", columns_come_in_the_order_asked_for, NEEDS_TABLES},
    {"a column named twice is refused", a_column_named_twice_is_refused, NEEDS_TABLES},
    {"generated columns are left out", generated_columns_are_left_out, NEEDS_TABLES},
    {"flags tell what a column takes", flags_tell_what_a_column_takes, NEEDS_TABLES},
    {"created columns are described as given", created_columns_are_described_as_given,
     NEEDS_TABLES},
    {"an identity tells a table that was made again", an_identity_tells_a_table_made_again,
     NEEDS_TABLES},
    {"a table without a mark has no identity", a_table_without_a_mark_has_no_identity,
     NEEDS_TABLES},
    {"what cannot be created is refused by name", what_cannot_be_created_is_refused_by_name,
     NEEDS_TABLES},
    {"a table that exists is left alone", a_table_that_exists_is_left_alone, NEEDS_TABLES},
    {NULL, NULL, 0},
};
