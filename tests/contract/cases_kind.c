/* SPDX-License-Identifier: Apache-2.0 */
/* Row kinds: deletes, and change streams that are applied in their order. */
#include "suite.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

#define TABLE "contract_d"

static outfall_target *make_table(contract_suite *suite, size_t existing)
{
    suite_create_sql(suite, TABLE,
                     "id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(40) NOT NULL, "
                     "v INTEGER CHECK (v < 1000000)");
    suite_fill(suite, TABLE, "n * 2, 'old', n", 0, existing);
    return suite_describe_as(suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_UPSERT});
}

/* A row to delete: only its key counts. */
static void add_delete(test_rows *rows, int id)
{
    char text[24];
    snprintf(text, sizeof text, "%d", id);
    test_rows_add(rows, (const char *const[]){text, NULL, NULL});
}

static void deletes_remove_their_keys_at_every_size(contract_suite *suite)
{
    static const size_t sizes[] = {1, 2, 100, 1500, 10000};
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        for (uint32_t flags = 0; flags <= OUTFALL_BATCH_DISTINCT; flags++) {
            test_rows rows;
            outfall_write_result result;
            outfall_target *target = make_table(suite, sizes[s]);
            test_rows_init(&rows, target);
            for (size_t i = 0; i < sizes[s]; i++)
                add_delete(&rows, (int)i);
            suite_begin(suite);
            expect_ok(suite, suite_write_part(suite, target, &rows,
                                              &(suite_part){.deletion = 1, .flags = flags},
                                              suite_deadline(), &result));
            int64_t hit = (int64_t)(sizes[s] + 1) / 2;
            assert_int_equal(result.rows_written, hit);
            suite_commit(suite);
            assert_int_equal(suite_count(suite, TABLE), (int64_t)sizes[s] - hit);
            assert_int_equal(database_number(suite->database,
                                             "SELECT count(*) FROM " TABLE " WHERE id < %zu",
                                             sizes[s]),
                             0);
            test_rows_free(&rows);
            suite->driver.target_free(target);
        }
    }
}

static void a_key_may_be_deleted_twice(contract_suite *suite)
{
    test_rows rows;
    outfall_target *target = make_table(suite, 10);
    test_rows_init(&rows, target);
    for (int i = 0; i < 300; i++)
        add_delete(&rows, i % 6);
    suite_deliver_part(suite, target, &rows, &(suite_part){.deletion = 1});
    assert_int_equal(suite_count(suite, TABLE), 7);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_null_key_deletes_nothing(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    suite_create_sql(suite, TABLE, "k INTEGER, l INTEGER, v INTEGER, UNIQUE (k, l)");
    database_run(suite->database, "INSERT INTO " TABLE " VALUES (1, NULL, 1), (NULL, NULL, 1), "
                                  "(1, 1, 1), (2, 2, 1)");
    outfall_target *target = suite_describe_as(
        suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_REPLACE, .key = {"k", "l"}});
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        test_rows rows;
        test_rows_init(&rows, target);
        for (size_t i = 0; i < sizes[s]; i++)
            test_rows_add(&rows, i % 2 ? (const char *const[]){NULL, NULL, NULL}
                                       : (const char *const[]){"1", NULL, NULL});
        suite_deliver_part(suite, target, &rows, &(suite_part){.deletion = 1});
        assert_int_equal(suite_count(suite, TABLE), 4);
        test_rows_free(&rows);
    }
    test_rows rows;
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"1", "1", NULL});
    suite_deliver_part(suite, target, &rows, &(suite_part){.deletion = 1});
    assert_int_equal(suite_count(suite, TABLE), 3);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

static void a_key_of_each_type_is_found_again(contract_suite *suite)
{
    static const struct {
        uint32_t type;
        const char *keys[3];
    } keys[] = {
        {OUTFALL_TYPE_INT16, {"-5", "0", "7"}},
        {OUTFALL_TYPE_INT64, {"-9223372036854775808", "0", "9223372036854775807"}},
        {OUTFALL_TYPE_DECIMAL, {"-1.50", "0", "12345678901.25"}},
        {OUTFALL_TYPE_TEXT, {" ", "it's", "\xC3\xA9 \xF0\x9F\x90\xA6"}},
        {OUTFALL_TYPE_BYTES, {"00", "00ff27", "41"}},
        {OUTFALL_TYPE_DATE, {"1999-12-31", "1969-07-20", "2024-02-29"}},
        {OUTFALL_TYPE_TIMESTAMP,
         {"2024-01-31 12:34:56.789", "1999-12-31 23:59:59.999999", "2000-01-01 00:00:00"}},
        {OUTFALL_TYPE_UUID,
         {"00000000-0000-0000-0000-000000000000", "12345678-9abc-4ef0-9234-56789abcdef0",
          "ffffffff-ffff-ffff-ffff-ffffffffffff"}},
    };
    for (size_t i = 0; i < LENGTH(keys); i++) {
        test_rows rows;
        const outfall_column columns[] = {{.name = "k",
                                           .type = keys[i].type,
                                           .length_max = 20,
                                           .fraction_digits = -1,
                                           .precision = 20,
                                           .scale = 4,
                                           .flags = OUTFALL_COLUMN_KEY},
                                          {.name = "v", .type = OUTFALL_TYPE_INT64}};
        suite_create(suite, TABLE, columns, 2);
        outfall_target *target =
            suite_describe_as(suite, TABLE, &(suite_wanted){.mode = OUTFALL_MODE_UPSERT});
        for (int round = 0; round < 2; round++) { /* The second finds what the first wrote. */
            test_rows_init(&rows, target);
            for (size_t k = 0; k < LENGTH(keys[i].keys); k++) {
                char room[TEST_LITERAL_MAX];
                const char *key =
                    test_value_literal(&target->columns[0], keys[i].type, keys[i].keys[k], room);
                test_rows_add(&rows, (const char *const[]){key, round ? "2" : "1"});
            }
            suite_deliver_part(suite, target, &rows, &(suite_part){0});
            if (suite_count(suite, TABLE) != (int64_t)LENGTH(keys[i].keys))
                fail_msg("type %u: %lld rows", keys[i].type, (long long)suite_count(suite, TABLE));
            if (round == 0)
                test_rows_free(&rows);
        }
        assert_int_equal(database_number(suite->database, "SELECT sum(v) FROM " TABLE), 6);
        suite_deliver_part(suite, target, &rows, &(suite_part){.count = 2, .deletion = 1});
        if (suite_count(suite, TABLE) != 1)
            fail_msg("type %u: not deleted", keys[i].type);
        test_rows_free(&rows);
        suite->driver.target_free(target);
    }
}

/* ---- A change stream -------------------------------------------------------------- */

#define KEYS 200

/* Some rows of one kind; the model has their effect. -1 is no row. */
static size_t add_changes(test_rows *rows, int *model, unsigned *random, uint32_t deletion,
                          int *value)
{
    size_t count = 0;
    *random = *random * 1103515245u + 12345u;
    for (size_t most = (*random >> 16) % 90 + 1; count < most; count++) {
        char id[24], text[24];
        *random = *random * 1103515245u + 12345u;
        int key = (int)((*random >> 16) % KEYS);
        snprintf(id, sizeof id, "%d", key);
        snprintf(text, sizeof text, "%d", *value);
        if (deletion)
            add_delete(rows, key);
        else
            test_rows_add(rows, (const char *const[]){id, "new", text});
        model[key] = deletion ? -1 : *value;
        *value += 1;
    }
    return count;
}

static void check_model(contract_suite *suite, const int *model)
{
    database_answer answer;
    database_ask(suite->database, &answer, "SELECT id, v FROM " TABLE " ORDER BY id");
    size_t at = 0;
    for (int key = 0; key < KEYS; key++) {
        if (model[key] < 0)
            continue;
        assert_true(at < answer.rows);
        assert_int_equal(strtol(answer.cells[2 * at], NULL, 10), key);
        assert_int_equal(strtol(answer.cells[2 * at + 1], NULL, 10), model[key]);
        at++;
    }
    assert_int_equal(answer.rows, at);
    database_answer_free(&answer);
}

static void a_change_stream_is_applied_in_its_order(contract_suite *suite)
{
    enum { TRANSACTIONS = 6, BATCHES = 8 };
    int model[KEYS], value = 0;
    unsigned random = 4242;
    outfall_target *target = make_table(suite, 0);
    for (int i = 0; i < KEYS; i++)
        model[i] = -1;
    for (int t = 0; t < TRANSACTIONS; t++) {
        suite_begin(suite);
        for (int b = 0; b < BATCHES; b++) {
            test_rows rows;
            outfall_write_result result;
            suite_part part = {.deletion = b % 2, .span_rows = 11};
            test_rows_init(&rows, target);
            add_changes(&rows, model, &random, part.deletion, &value);
            expect_ok(suite,
                      suite_write_part(suite, target, &rows, &part, suite_deadline(), &result));
            test_rows_free(&rows);
        }
        suite_commit(suite);
        check_model(suite, model);
    }
    suite->driver.target_free(target);
}

static void a_delete_that_is_refused_is_a_row_at_fault(contract_suite *suite)
{
    static const size_t sizes[] = {1, 100, 2000};
    suite_drop(suite, "contract_child");
    outfall_target *target = make_table(suite, 3000);
    suite_create_sql(suite, "contract_child",
                     "parent INTEGER NOT NULL, FOREIGN KEY (parent) REFERENCES " TABLE " (id)");
    database_run(suite->database, "INSERT INTO contract_child VALUES (0)");
    for (size_t s = 0; s < LENGTH(sizes); s++) {
        test_rows rows;
        outfall_write_result result;
        test_rows_init(&rows, target);
        for (size_t i = 0; i < sizes[s]; i++)
            add_delete(&rows, (int)(sizes[s] - 1 - i) * 2);
        suite_begin(suite);
        assert_int_not_equal(suite_write_part(suite, target, &rows, &(suite_part){.deletion = 1},
                                              suite_deadline(), &result),
                             OUTFALL_OK);
        if (suite->error.action != OUTFALL_ACTION_ROW)
            fail_msg("action %d: %s", suite->error.action, suite->error.message);
        assert_true(result.bad_row == -1 || result.bad_row == (int64_t)sizes[s] - 1);
        suite_rollback(suite);
        assert_int_equal(suite_count(suite, TABLE), 3000);
        test_rows_free(&rows);
    }
    suite_drop(suite, "contract_child");
    suite->driver.target_free(target);
}

const contract_case kind_cases[] = {
    {"deletes remove their keys at every size", deletes_remove_their_keys_at_every_size,
     NEEDS_TABLES},
    {"a key may be deleted twice", a_key_may_be_deleted_twice, NEEDS_TABLES},
    {"a NULL key deletes nothing", a_null_key_deletes_nothing, NEEDS_TABLES},
    {"a key of each type is found again", a_key_of_each_type_is_found_again, NEEDS_TABLES},
    {"a change stream is applied in its order", a_change_stream_is_applied_in_its_order,
     NEEDS_TABLES},
    {"a delete that is refused is a row at fault", a_delete_that_is_refused_is_a_row_at_fault,
     NEEDS_TABLES},
    {NULL, NULL, 0},
};
