/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Values ----------------------------------------------------------------------- */

#define DIGITS30 "123456789012345678901234567890"

static const struct {
    uint32_t type;
    const char *literal;
    const char *stored; /* As it is read back; NULL: as the literal. */
} values[] = {
    {OUTFALL_TYPE_BOOL, "true", NULL},
    {OUTFALL_TYPE_BOOL, "false", NULL},
    {OUTFALL_TYPE_INT16, "-32768", NULL},
    {OUTFALL_TYPE_INT16, "32767", NULL},
    {OUTFALL_TYPE_INT32, "-2147483648", NULL},
    {OUTFALL_TYPE_INT32, "2147483647", NULL},
    {OUTFALL_TYPE_INT64, "-9223372036854775808", NULL},
    {OUTFALL_TYPE_INT64, "9223372036854775807", NULL},
    {OUTFALL_TYPE_INT64, "0", NULL},
    {OUTFALL_TYPE_FLOAT32, "0.5", NULL},
    {OUTFALL_TYPE_FLOAT32, "-3.4028234663852886e38", NULL},
    {OUTFALL_TYPE_FLOAT32, "1.401298464324817e-45", NULL},
    {OUTFALL_TYPE_FLOAT64, "0.1", NULL},
    {OUTFALL_TYPE_FLOAT64, "1.7976931348623157e308", NULL},
    {OUTFALL_TYPE_FLOAT64, "4.9406564584124654e-324", NULL},
    {OUTFALL_TYPE_FLOAT64, "9007199254740993.0", "9007199254740992"},
    {OUTFALL_TYPE_FLOAT64, "inf", "inf"},
    {OUTFALL_TYPE_FLOAT64, "-inf", "-inf"},
    {OUTFALL_TYPE_FLOAT64, "nan", NULL},
    {OUTFALL_TYPE_DECIMAL, "0", NULL},
    {OUTFALL_TYPE_DECIMAL, "0.000", NULL},
    {OUTFALL_TYPE_DECIMAL, "-12.340", NULL},
    {OUTFALL_TYPE_DECIMAL, "0.00012", NULL},
    {OUTFALL_TYPE_DECIMAL, "10000", NULL},
    {OUTFALL_TYPE_DECIMAL, "100000000.0000001", NULL},
    {OUTFALL_TYPE_DECIMAL, DIGITS30 ".5", NULL},
    {OUTFALL_TYPE_DECIMAL, "-0." DIGITS30 DIGITS30, NULL},
    {OUTFALL_TYPE_DECIMAL, "NaN", NULL},
    {OUTFALL_TYPE_TEXT, "", NULL},
    {OUTFALL_TYPE_TEXT, "plain", NULL},
    {OUTFALL_TYPE_TEXT, "007", NULL},
    {OUTFALL_TYPE_TEXT, "1.0", NULL},
    {OUTFALL_TYPE_TEXT, "NULL", NULL},
    {OUTFALL_TYPE_TEXT, "\\N", NULL},
    {OUTFALL_TYPE_TEXT, "\\.", NULL},
    {OUTFALL_TYPE_TEXT, "{a,\"b\"}", NULL},
    {OUTFALL_TYPE_TEXT, "tab\t line\n return\r quote' \"double\" back\\slash", NULL},
    {OUTFALL_TYPE_TEXT, "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xA6", NULL},
    {OUTFALL_TYPE_TEXT, "   trailing   ", NULL},
    {OUTFALL_TYPE_BYTES, "", NULL},
    {OUTFALL_TYPE_BYTES, "00", NULL},
    {OUTFALL_TYPE_BYTES, "00ff5c272200", NULL},
    {OUTFALL_TYPE_DATE, "1970-01-01", NULL},
    {OUTFALL_TYPE_DATE, "1969-12-31", NULL},
    {OUTFALL_TYPE_DATE, "2000-02-29", NULL},
    {OUTFALL_TYPE_DATE, "0001-01-01", NULL},
    {OUTFALL_TYPE_DATE, "-0043-03-15", "0044-03-15 BC"},
    {OUTFALL_TYPE_DATE, "9999-12-31", NULL},
    {OUTFALL_TYPE_DATE, "12345-06-07", NULL},
    {OUTFALL_TYPE_DATE, "infinity", NULL},
    {OUTFALL_TYPE_DATE, "-infinity", NULL},
    {OUTFALL_TYPE_TIME, "00:00:00", NULL},
    {OUTFALL_TYPE_TIME, "23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIME, "12:34:56.5", NULL},
    {OUTFALL_TYPE_TIME, "24:00:00", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 12:34:56.789", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 00:00:00", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 00:00:00.000001", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 23:59:59.99999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-02-01 00:00:00", NULL}, /* The next day, and the one before. */
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "1969-12-31 23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "1999-12-31 23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "0001-01-01 00:00:00", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "-0043-03-15 01:02:03", "0044-03-15 01:02:03 BC"},
    {OUTFALL_TYPE_TIMESTAMP, "-0043-03-15 01:02:04", "0044-03-15 01:02:04 BC"},
    {OUTFALL_TYPE_TIMESTAMP, "294276-12-31 23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "294276-12-31 23:59:59.999998", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "infinity", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "-infinity", NULL},
    {OUTFALL_TYPE_TIMESTAMPTZ, "2024-01-31 12:34:56.789", "2024-01-31 12:34:56.789+00"},
    {OUTFALL_TYPE_TIMESTAMPTZ, "2024-01-31 12:34:57", "2024-01-31 12:34:57+00"},
    {OUTFALL_TYPE_TIMESTAMPTZ, "1969-07-20 20:17:40", "1969-07-20 20:17:40+00"},
    {OUTFALL_TYPE_TIMESTAMPTZ, "infinity", NULL},
    {OUTFALL_TYPE_UUID, "00000000-0000-0000-0000-000000000000", NULL},
    {OUTFALL_TYPE_UUID, "12345678-9abc-def0-1234-56789abcdef0", NULL},
    {OUTFALL_TYPE_JSON, "{\"a\": [1, 2.50, null], \"b\": \"\\u00e9\"}", NULL},
    {OUTFALL_TYPE_JSON, "1.0", NULL},
    {OUTFALL_TYPE_JSON, "null", NULL},
    {OUTFALL_TYPE_JSON, "\"\xF0\x9F\x90\xA6\"", NULL},
};

/* Databases spell a bool, a zone and bytes in ways of their own; the values are the same. */
static int same(uint32_t type, const char *want, const char *got)
{
    char plain[256];
    if (want == NULL || got == NULL)
        return want == got;
    switch (type) {
    case OUTFALL_TYPE_BOOL:
        return (strcmp(got, "t") == 0 || strcmp(got, "1") == 0) == (strcmp(want, "true") == 0) &&
               strlen(got) == 1;
    case OUTFALL_TYPE_FLOAT32:
        return strtof(got, NULL) == strtof(want, NULL);
    case OUTFALL_TYPE_FLOAT64: {
        double left = strtod(want, NULL), right = strtod(got, NULL);
        return isnan(left) ? isnan(right) : left == right;
    }
    case OUTFALL_TYPE_BYTES:
        return strncmp(got, "\\x", 2) == 0 && strcmp(got + 2, want) == 0;
    case OUTFALL_TYPE_TIMESTAMPTZ: {
        size_t length = strlen(got);
        snprintf(plain, sizeof plain, "%s", got);
        if (length > 3 && strcmp(plain + length - 3, ":00") == 0 &&
            strstr(plain, "+00:00") == plain + length - 6)
            plain[length - 3] = '\0';
        return strcmp(plain, want) == 0;
    }
    default:
        return strcmp(got, want) == 0;
    }
}

static int refused_by_column(const outfall_column *column, const char *literal)
{
    return strcmp(literal, "nan") == 0 && (column->flags & OUTFALL_COLUMN_NO_NAN) != 0;
}

/* Two columns: a row number and the value; a NULL row follows each value. */
static void round_trip(contract_suite *suite, uint32_t type)
{
    const outfall_column columns[] = {{.name = "id", .type = OUTFALL_TYPE_INT64},
                                      {.name = "v", .type = type, .fraction_digits = -1}};
    suite_create(suite, "contract_t", columns, 2);
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    const char *want[2 * LENGTH(values)];
    test_rows rows;
    test_rows_init(&rows, target);
    for (size_t i = 0; i < LENGTH(values); i++) {
        if (values[i].type != type || refused_by_column(&target->columns[1], values[i].literal))
            continue;
        for (int is_null = 0; is_null < 2; is_null++) {
            char id[32];
            snprintf(id, sizeof id, "%zu", rows.count);
            want[rows.count] = is_null                    ? NULL
                               : values[i].stored != NULL ? values[i].stored
                                                          : values[i].literal;
            test_rows_add(&rows, (const char *const[]){id, is_null ? NULL : values[i].literal});
        }
    }
    suite_deliver(suite, target, &rows, 3);
    database_answer answer;
    database_ask(suite->database, &answer, "SELECT v FROM contract_t ORDER BY id");
    assert_int_equal(answer.rows, rows.count);
    for (size_t i = 0; i < rows.count; i++)
        if (!same(type, want[i], answer.cells[i]))
            fail_msg("type %u: \"%s\" came back as \"%s\"", type, want[i] ? want[i] : "NULL",
                     answer.cells[i] ? answer.cells[i] : "NULL");
    database_answer_free(&answer);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void every_type_comes_back_as_it_went_in(contract_suite *suite)
{
    for (uint32_t type = OUTFALL_TYPE_BOOL; type <= OUTFALL_TYPE_JSON; type++)
        round_trip(suite, type);
}

/* The same by the way that large batches go, where a driver has another. */
static void many_rows_come_back_as_few_do(contract_suite *suite)
{
    enum { ROWS = 5000 };
    const outfall_column columns[] = {
        {.name = "id", .type = OUTFALL_TYPE_INT64},
        {.name = "ts", .type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = -1},
        {.name = "n", .type = OUTFALL_TYPE_DECIMAL},
        {.name = "b", .type = OUTFALL_TYPE_BYTES},
        {.name = "t", .type = OUTFALL_TYPE_TEXT}};
    char id[16], ts[64], n[32], b[16], t[32];
    suite_create(suite, "contract_t", columns, LENGTH(columns));
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    test_rows rows;
    test_rows_init(&rows, target);
    for (int i = 0; i < ROWS; i++) {
        snprintf(id, sizeof id, "%d", i);
        snprintf(ts, sizeof ts, "20%02d-%02d-%02d %02d:%02d:%02d.%06d", i % 40, i % 12 + 1,
                 i / 100 % 28 + 1, i % 24, i % 60, i % 59, i * 197 % 1000000);
        snprintf(n, sizeof n, "%s%d.%03d", i % 2 ? "-" : "", i * 9973, i % 1000);
        snprintf(b, sizeof b, "%08x", (unsigned)i * 2654435761u);
        snprintf(t, sizeof t, "text %d\n", i);
        test_rows_add(&rows, (const char *const[]){id, ts, n, b, i % 7 == 0 ? NULL : t});
    }
    suite_deliver(suite, target, &rows, 777);
    database_answer answer;
    database_ask(suite->database, &answer, "SELECT id, ts, n, b, t FROM contract_t ORDER BY id");
    assert_int_equal(answer.rows, ROWS);
    for (int i = 0; i < ROWS; i++) {
        char **cells = answer.cells + (size_t)i * 5;
        char want[64];
        snprintf(want, sizeof want, "20%02d-%02d-%02d %02d:%02d:%02d.%06d", i % 40, i % 12 + 1,
                 i / 100 % 28 + 1, i % 24, i % 60, i % 59, i * 197 % 1000000);
        size_t end = strlen(want);
        while (want[end - 1] == '0')
            want[--end] = '\0';
        if (want[end - 1] == '.')
            want[--end] = '\0';
        assert_string_equal(cells[1], want);
        snprintf(want, sizeof want, "%s%d.%03d", i % 2 ? "-" : "", i * 9973, i % 1000);
        assert_string_equal(cells[2], want);
        snprintf(want, sizeof want, "\\x%08x", (unsigned)i * 2654435761u);
        assert_string_equal(cells[3], want);
        snprintf(want, sizeof want, "text %d\n", i);
        assert_true(i % 7 == 0 ? cells[4] == NULL : strcmp(cells[4], want) == 0);
    }
    database_answer_free(&answer);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_megabyte_in_one_field(contract_suite *suite)
{
    enum { BYTES = 1 << 20 };
    const outfall_column columns[] = {{.name = "t", .type = OUTFALL_TYPE_TEXT},
                                      {.name = "b", .type = OUTFALL_TYPE_BYTES}};
    char *text = malloc(BYTES), *data = malloc(BYTES);
    assert_true(text != NULL && data != NULL);
    for (size_t i = 0; i < BYTES; i++) {
        text[i] = (char)('a' + i * 7 % 26);
        data[i] = (char)(i * 31);
    }
    suite_create(suite, "contract_t", columns, 2);
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    test_rows rows;
    test_rows_init(&rows, target);
    test_rows_put_bytes(&rows, text, BYTES);
    test_rows_put_bytes(&rows, data, BYTES);
    suite_deliver(suite, target, &rows, 0);
    database_answer answer;
    database_ask(suite->database, &answer, "SELECT t, b FROM contract_t");
    assert_int_equal(strlen(answer.cells[0]), BYTES);
    assert_memory_equal(answer.cells[0], text, BYTES);
    assert_int_equal(strlen(answer.cells[1]), 2 + 2 * BYTES);
    for (size_t i = 0; i < BYTES; i += 997) {
        char two[3];
        snprintf(two, sizeof two, "%02x", (unsigned char)data[i]);
        assert_memory_equal(answer.cells[1] + 2 + 2 * i, two, 2);
    }
    database_answer_free(&answer);
    test_rows_free(&rows);
    suite->driver.target_free(target);
    free(text);
    free(data);
}

/* ---- Batches ---------------------------------------------------------------------- */

static const outfall_column pair[] = {
    {.name = "id", .type = OUTFALL_TYPE_INT64, .flags = OUTFALL_COLUMN_KEY},
    {.name = "note", .type = OUTFALL_TYPE_TEXT}};

static outfall_target *make_pair(contract_suite *suite, const char *table, test_rows *rows,
                                 int64_t first, size_t count)
{
    suite_create(suite, table, pair, 2);
    outfall_table_name name = {NULL, table};
    outfall_describe_options options = {
        .struct_size = sizeof options, .columns = pair, .column_count = 2};
    outfall_target *target = NULL;
    expect_ok(suite, suite->driver.describe(suite->connection, &name, &options, suite_deadline(),
                                            &target, &suite->error));
    test_rows_init(rows, target);
    for (size_t i = 0; i < count; i++) {
        char id[24], note[32];
        snprintf(id, sizeof id, "%lld", (long long)first + (long long)i);
        snprintf(note, sizeof note, "note %s", id);
        test_rows_add(rows, (const char *const[]){id, note});
    }
    return target;
}

static void check_pair(contract_suite *suite, const char *table, size_t count)
{
    if (suite->database == NULL)
        return;
    assert_int_equal(suite_count(suite, table), count);
    assert_int_equal(database_number(suite->database,
                                     "SELECT count(*) FROM %s WHERE "
                                     "note = 'note ' || id",
                                     table),
                     count);
}

static void batches_of_every_size_arrive_whole(contract_suite *suite)
{
    static const size_t sizes[] = {1, 2, 99, 100, 101, 1000, 1499, 1500, 10000};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        test_rows rows;
        outfall_target *target = make_pair(suite, "contract_t", &rows, 0, sizes[i]);
        suite_deliver(suite, target, &rows, 0);
        check_pair(suite, "contract_t", sizes[i]);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

static void spans_are_written_whatever_their_size(contract_suite *suite)
{
    static const size_t sizes[] = {1, 3, 64, 999, 2500};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        test_rows rows;
        outfall_target *target = make_pair(suite, "contract_t", &rows, 0, 2500);
        suite_deliver(suite, target, &rows, sizes[i]);
        check_pair(suite, "contract_t", 2500);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

/* A batch may start in the middle of a chunk: `first` is then not 0. */
static void a_span_may_start_anywhere(contract_suite *suite)
{
    test_rows rows;
    test_batch batch;
    outfall_write_result result = {.struct_size = sizeof result};
    outfall_begin_options options = {.struct_size = sizeof options};
    outfall_target *target = make_pair(suite, "contract_t", &rows, 0, 300);
    test_batch_make(&batch, &rows, 0, 300, 0);
    outfall_span spans[] = {batch.spans[0], batch.spans[0]};
    spans[0].first = 250;
    spans[0].count = 50;
    spans[1].first = 10;
    spans[1].count = 1;
    outfall_batch part = batch.batch;
    part.spans = spans;
    part.span_count = 2;
    part.rows = 51;
    expect_ok(suite,
              suite->driver.begin(suite->connection, &options, suite_deadline(), &suite->error));
    expect_ok(suite, suite->driver.write(suite->connection, target, &part, suite_deadline(),
                                         &result, &suite->error));
    assert_int_equal(result.rows_written, 51);
    expect_ok(suite, suite->driver.commit(suite->connection, suite_deadline(), &suite->error));
    check_pair(suite, "contract_t", 51);
    if (suite->database != NULL)
        assert_int_equal(database_number(suite->database, "SELECT sum(id) FROM contract_t"),
                         (250 + 299) * 25 + 10);
    test_batch_free(&batch);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void two_targets_share_a_transaction(contract_suite *suite)
{
    test_rows left, right;
    outfall_write_result result;
    outfall_begin_options options = {.struct_size = sizeof options};
    outfall_target *one = make_pair(suite, "contract_one", &left, 0, 100);
    outfall_target *two = make_pair(suite, "contract_two", &right, 500, 2000);
    for (int commit = 0; commit < 2; commit++) {
        expect_ok(suite, suite->driver.begin(suite->connection, &options, suite_deadline(),
                                             &suite->error));
        expect_ok(suite, suite_write(suite, one, &left, 0, 50, &result));
        expect_ok(suite, suite_write(suite, two, &right, 0, 2000, &result));
        expect_ok(suite, suite_write(suite, one, &left, 50, 50, &result));
        if (commit)
            expect_ok(suite,
                      suite->driver.commit(suite->connection, suite_deadline(), &suite->error));
        else
            expect_ok(suite,
                      suite->driver.rollback(suite->connection, suite_deadline(), &suite->error));
        check_pair(suite, "contract_one", commit ? 100 : 0);
        check_pair(suite, "contract_two", commit ? 2000 : 0);
    }
    test_rows_free(&left);
    test_rows_free(&right);
    suite->driver.target_free(one);
    suite->driver.target_free(two);
}

static void a_target_serves_other_connections(contract_suite *suite)
{
    test_rows rows;
    outfall_target *target = make_pair(suite, "contract_t", &rows, 0, 200);
    suite->driver.disconnect(suite->connection);
    for (int i = 0; i < 2; i++) {
        suite->connection = suite_connect(suite);
        if (suite->database != NULL)
            database_run(suite->database, "DELETE FROM contract_t");
        suite_deliver(suite, target, &rows, 0);
        if (i == 0)
            suite->driver.disconnect(suite->connection);
    }
    check_pair(suite, "contract_t", 200);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_hundred_targets_take_turns(contract_suite *suite)
{
    enum { TARGETS = 150 }; /* More than a driver may keep prepared. */
    test_rows rows;
    outfall_target *targets[TARGETS];
    outfall_target *first = make_pair(suite, "contract_t", &rows, 0, 10);
    for (int i = 0; i < TARGETS; i++)
        targets[i] = suite->database != NULL
                         ? suite_describe(suite, "contract_t", NULL, 0)
                         : make_pair(suite, "contract_t", &(test_rows){0}, 0, 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < TARGETS; i++) {
            if (suite->database != NULL)
                database_run(suite->database, "DELETE FROM contract_t");
            suite_deliver(suite, targets[i], &rows, 0);
        }
    }
    check_pair(suite, "contract_t", 10);
    for (int i = 0; i < TARGETS; i++)
        suite->driver.target_free(targets[i]);
    test_rows_free(&rows);
    suite->driver.target_free(first);
}

const contract_case write_cases[] = {
    {"every type comes back as it went in", every_type_comes_back_as_it_went_in, NEEDS_TABLES},
    {"many rows come back as few do", many_rows_come_back_as_few_do, NEEDS_TABLES},
    {"a megabyte in one field", a_megabyte_in_one_field, NEEDS_TABLES},
    {"batches of every size arrive whole", batches_of_every_size_arrive_whole, NEEDS_NOTHING},
    {"spans are written whatever their size", spans_are_written_whatever_their_size, NEEDS_NOTHING},
    {"a span may start anywhere", a_span_may_start_anywhere, NEEDS_NOTHING},
    {"two targets share a transaction", two_targets_share_a_transaction, NEEDS_NOTHING},
    {"a target serves other connections", a_target_serves_other_connections, NEEDS_NOTHING},
    {"a hundred targets take turns", a_hundred_targets_take_turns, NEEDS_NOTHING},
    {NULL, NULL, 0},
};
