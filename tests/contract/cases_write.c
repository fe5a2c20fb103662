/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"
#include "suite.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

/* What a row is to be read back as; NULL is NULL. */
typedef struct wanted_cell {
    const char *text;
    char room[TEST_LITERAL_MAX];
} wanted_cell;

/* Adds the value, where the column takes it, and a NULL behind it. */
static void add_value(const contract_suite *suite, const test_value *value,
                      const outfall_column *column, test_rows *rows, wanted_cell *want)
{
    char room[TEST_LITERAL_MAX], id[32];
    const char *literal = test_value_literal(column, value->type, value->literal, room);
    const char *stored = value->stored != NULL ? value->stored : value->literal;
    if (!test_value_fits(column, literal) || !test_value_taken(suite->quirks, column, literal))
        return;
    wanted_cell *cell = &want[rows->count];
    cell->text = test_value_literal(column, value->type, stored, cell->room);
    snprintf(id, sizeof id, "%zu", rows->count);
    test_rows_add(rows, (const char *const[]){id, literal});
    want[rows->count].text = NULL;
    snprintf(id, sizeof id, "%zu", rows->count);
    test_rows_add(rows, (const char *const[]){id, NULL});
}

/* Two columns: a row number and the value; a NULL row follows each value. */
static void round_trip(contract_suite *suite, uint32_t type)
{
    const outfall_column columns[] = {{.name = "id", .type = OUTFALL_TYPE_INT64},
                                      {.name = "v", .type = type, .fraction_digits = -1}};
    suite_create(suite, "contract_t", columns, 2);
    outfall_target *target = suite_describe(suite, "contract_t", NULL, 0);
    const outfall_column *column = &target->columns[1];
    wanted_cell *want = calloc(2 * test_value_count, sizeof *want);
    assert_non_null(want);
    test_rows rows;
    test_rows_init(&rows, target);
    for (size_t i = 0; i < test_value_count; i++)
        if (test_values[i].type == type)
            add_value(suite, &test_values[i], column, &rows, want);
    suite_deliver(suite, target, &rows, 3);
    database_answer answer;
    database_ask(suite->database, &answer, "SELECT v FROM contract_t ORDER BY id");
    assert_int_equal(answer.rows, rows.count);
    for (size_t i = 0; i < rows.count; i++)
        if (!test_value_same(suite->quirks, column, want[i].text, answer.cells[i]))
            fail_msg("type %u: \"%s\" came back as \"%s\"", type,
                     want[i].text ? want[i].text : "NULL",
                     answer.cells[i] ? answer.cells[i] : "NULL");
    database_answer_free(&answer);
    free(want);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void every_type_comes_back_as_it_went_in(contract_suite *suite)
{
    for (uint32_t type = OUTFALL_TYPE_BOOL; type <= OUTFALL_TYPE_JSON; type++)
        if (quirks_stored(suite->quirks, type) != 0)
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
        if (!test_value_same(suite->quirks, &target->columns[2], want, cells[2]))
            fail_msg("%s came back as %s", want, cells[2]);
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
    report_type("large", "1 MiB of text", "text");
    report_type("large", "1 MiB of bytes, NUL among them", "bytes");
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
