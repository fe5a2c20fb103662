/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters to a table: in the batch's transaction, or the batch is not durable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/flusher.h"
#include "flow/lettertable.h"
#include "row/encode.h"
#include "row/text.h"
#include "scripted.h"

#define ROWS 1000
#define BAD 617

static const outfall_table_name name = {NULL, SCRIPTED_LETTERS};

/* ---- A feed whose letters go to a table --------------------------------------------- */

typedef struct fixture {
    outfall_driver driver;
    of_pool *pool;
    of_feed *feed;
    of_flusher *flusher;
    of_lane *lane;
    pthread_t thread;
    atomic_bool ended;
} fixture;

static fixture one;

static void flusher_ended(void *context)
{
    (void)context;
    atomic_store(&one.ended, true);
}

static int take_lease(of_lease *lease)
{
    static const atomic_int_fast64_t never = INT64_MAX;
    const of_limits limits = {1000, &never};
    return of_lease_take(one.pool, &limits, lease, NULL);
}

static int start(void **state)
{
    static const outfall_connect_options connect = {.struct_size = sizeof connect};
    const of_pool_options pool = {
        .connections_max = 2, .connect_timeout_ms = 1000, .connect = &connect};
    of_feed_options options = {
        .batch_rows = ROWS,
        .batch_bytes = 1 << 20,
        .linger_us = 3600000000,
        .request_timeout_ms = 200,
        .retry_base_ms = 1,
        .retry_max_ms = 5,
        .retry_timeout_ms = 3000,
        .sink_id = "sink",
        .name = {NULL, "t"},
    };
    of_lease lease;
    outfall_target *target;
    scripted_reset();
    memset(&one, 0, sizeof one);
    one.driver = scripted_driver;
    if (*state != NULL) /* A driver without savepoints. */
        one.driver.capabilities = 0;
    atomic_store(&script.no_letters, true);
    if (of_pool_new(&one.driver, &pool, &one.pool, NULL) != OUTFALL_OK ||
        take_lease(&lease) != OUTFALL_OK ||
        of_feed_describe(&options, &lease, &target, NULL) != OUTFALL_OK ||
        of_lettertable_open(&name, &lease, &options.letters, NULL) != OUTFALL_OK)
        return -1;
    of_lease_return(&lease);
    if (of_feed_new(&options, one.pool, 1 << 20, 4096, 4096, 1 << 20, target, 1, &one.feed, NULL) !=
            OUTFALL_OK ||
        of_flusher_new(flusher_ended, NULL, &one.flusher, &one.thread, NULL) != OUTFALL_OK)
        return -1;
    of_flusher_attach(one.flusher, &one.feed->shares[0]);
    if (of_lane_new(&one.feed->chunks, one.feed->shares[0].wake, &one.feed->stopped, 0, "w",
                    &one.lane, NULL) != OUTFALL_OK ||
        of_share_add(&one.feed->shares[0], one.lane, NULL) != OUTFALL_OK)
        return -1;
    memset(script.calls, 0, sizeof script.calls);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int64_t now_us = of_clock_us();
    of_flusher_detach(one.flusher, &one.feed->shares[0], now_us + 1000000, now_us + 5000000);
    of_feed_release(one.feed);
    of_flusher_stop(one.flusher);
    pthread_join(one.thread, NULL);
    of_pool_free(one.pool);
    return atomic_load(&script.open) == 0 && atomic_load(&script.targets) == 0 ? 0 : -1;
}

static void write_rows(void)
{
    for (int64_t id = 0; id < ROWS; id++) {
        of_lane_call(one.lane);
        assert_int_equal(of_lane_begin(one.lane, 14, NULL), OUTFALL_OK);
        of_store_i16(of_lane_at(one.lane), 1);
        of_encode_i64(of_lane_at(one.lane) + 2, id);
        one.lane->at += 14;
        of_lane_done(one.lane, (uint64_t)id, 0, 0);
        of_lane_leave(one.lane);
    }
}

/* Waits until the rows are acknowledged or the feed has stopped; returns its status. */
static int settle(outfall_error *error)
{
    int64_t deadline_us = of_deadline_us(10000);
    while (atomic_load(&one.lane->acknowledged) < ROWS && atomic_load(&one.feed->stopped) == 0)
        assert_true(of_clock_us() < deadline_us);
    return of_feed_check(one.feed, error);
}

static void check_one_letter(void)
{
    outfall_event event = {.struct_size = sizeof event};
    assert_int_equal(atomic_load(&script.rows), ROWS - 1);
    for (int64_t i = 0; i < ROWS - 1; i++)
        assert_int_equal(script.ids[i], i < BAD ? i : i + 1);
    assert_int_equal(atomic_load(&script.letters), 1);
    assert_int_equal(script.positions[0], BAD);
    assert_false(of_events_take(&one.feed->events, &event));
    assert_int_equal(atomic_load(&one.feed->shares[0].counters.rows_rejected), 1);
    assert_int_equal(atomic_load(&one.feed->rejected), 1);
}

/* ---- Delivery ----------------------------------------------------------------------- */

static void a_letter_is_committed_with_its_neighbours(void **state)
{
    static const struct {
        const char *why;
        bool names_rows, at_commit;
        unsigned commits; /* 0: any number. */
    } cases[] = {
        {"found by bisecting", false, false, 1},
        {"named by the server", true, false, 1},
        {"refused by the commit: pieces, and the letters in a transaction of their own", false,
         true, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i > 0) {
            assert_int_equal(stop(state), 0);
            assert_int_equal(start(state), 0);
        }
        script.bad_id = BAD;
        script.names_rows = cases[i].names_rows;
        script.bad_at_commit = cases[i].at_commit;
        write_rows();
        assert_int_equal(settle(NULL), OUTFALL_OK);
        check_one_letter();
        assert_int_equal(atomic_load(&script.calls[SCRIPTED_WRITE_LETTERS]), 1);
        if (cases[i].commits > 0)
            assert_int_equal(atomic_load(&script.calls[SCRIPTED_COMMIT]), cases[i].commits);
    }
}

static void without_savepoints_letters_have_their_own_transaction(void **state)
{
    (void)state;
    script.bad_id = BAD;
    write_rows();
    assert_int_equal(settle(NULL), OUTFALL_OK);
    check_one_letter();
}

static void what_passes_is_tried_again_with_its_rows(void **state)
{
    static const struct {
        const char *why;
        int status, action;
        bool gone;
    } cases[] = {
        {"a deadlock", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY, false},
        {"a lost connection", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, false},
        {"a changed table", OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART, false},
        {"a dropped table, which is made anew", OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i > 0) {
            assert_int_equal(stop(state), 0);
            assert_int_equal(start(state), 0);
        }
        script.bad_id = BAD;
        script.at[SCRIPTED_WRITE_LETTERS].status = cases[i].status;
        script.at[SCRIPTED_WRITE_LETTERS].action = cases[i].action;
        atomic_store(&script.at[SCRIPTED_WRITE_LETTERS].failures, 2);
        atomic_store(&script.no_letters, cases[i].gone);
        write_rows();
        assert_int_equal(settle(NULL), OUTFALL_OK);
        check_one_letter();
        assert_int_equal(atomic_load(&script.calls[SCRIPTED_WRITE_LETTERS]), 3);
        assert_int_equal(atomic_load(&script.calls[SCRIPTED_CREATE_TABLE]), cases[i].gone);
        assert_int_equal(atomic_load(&script.calls[SCRIPTED_DESCRIBE]),
                         0); /* Not the rows' table. */
    }
}

/* Nothing is acknowledged, and nothing durable: no letter is lost. */
static void a_table_that_takes_no_letters_stops_the_feed(void **state)
{
    static const struct {
        const char *why;
        int action;
    } cases[] = {
        {"read-only", OUTFALL_ACTION_STOP},
        {"it calls it a row's fault", OUTFALL_ACTION_ROW},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error;
        if (i > 0) {
            assert_int_equal(stop(state), 0);
            assert_int_equal(start(state), 0);
        }
        script.bad_id = BAD;
        script.at[SCRIPTED_WRITE_LETTERS].status = OUTFALL_ERR_DATABASE;
        script.at[SCRIPTED_WRITE_LETTERS].action = cases[i].action;
        atomic_store(&script.at[SCRIPTED_WRITE_LETTERS].failures, INT32_MAX);
        write_rows();
        assert_int_equal(settle(&error), OUTFALL_ERR_DATABASE);
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
        assert_non_null(strstr(error.message, "the dead-letter table " SCRIPTED_LETTERS));
        assert_int_equal(atomic_load(&script.calls[SCRIPTED_WRITE_LETTERS]), 1);
        assert_int_equal(atomic_load(&script.rows), 0);
        assert_int_equal(atomic_load(&script.letters), 0);
        assert_int_equal(atomic_load(&one.lane->acknowledged), 0);
        assert_int_equal(atomic_load(&one.feed->shares[0].counters.rows_rejected), 0);
    }
}

static void a_table_that_cannot_be_made_again_stops_the_feed(void **state)
{
    outfall_error error;
    (void)state;
    script.bad_id = BAD;
    script.at[SCRIPTED_WRITE_LETTERS].status = OUTFALL_ERR_CHANGED;
    script.at[SCRIPTED_WRITE_LETTERS].action = OUTFALL_ACTION_RESTART;
    atomic_store(&script.at[SCRIPTED_WRITE_LETTERS].failures, INT32_MAX);
    script.at[SCRIPTED_CREATE_TABLE].status = OUTFALL_ERR_DATABASE;
    script.at[SCRIPTED_CREATE_TABLE].action = OUTFALL_ACTION_STOP;
    atomic_store(&script.at[SCRIPTED_CREATE_TABLE].failures, INT32_MAX);
    atomic_store(&script.no_letters, true);
    write_rows();
    assert_int_equal(settle(&error), OUTFALL_ERR_DATABASE);
    assert_non_null(strstr(error.message, "deadletter.table"));
    assert_int_equal(atomic_load(&script.rows), 0);
}

static void rejected_max_holds_with_a_table(void **state)
{
    outfall_error error;
    (void)state;
    script.bad_id = BAD;
    one.feed->options.rejected_max = 1;
    atomic_store(&one.feed->rejected, 1);
    write_rows();
    assert_int_equal(settle(&error), OUTFALL_ERR_DATABASE);
    assert_non_null(strstr(error.message, "rejected.max"));
    assert_int_equal(atomic_load(&script.letters), 0);
}

/* ---- A letter as a row --------------------------------------------------------------- */

/* Field `index` of an encoded row, as text; "NULL" where it is one. */
static const char *field(const outfall_target *target, const uint8_t *row, uint32_t index)
{
    static of_scratch scratch;
    static char text[1024];
    const uint8_t *at = row + 2, *data = NULL;
    const char *found;
    size_t length;
    int32_t bytes = 0;
    for (uint32_t i = 0; i <= index; i++)
        bytes = outfall_field_next(&at, &data);
    assert_int_equal(
        of_field_text(&target->columns[index], data, bytes, &scratch, &found, &length, NULL),
        OUTFALL_OK);
    if (found == NULL)
        return "NULL";
    assert_true(length < sizeof text);
    memcpy(text, found, length);
    text[length] = '\0';
    of_scratch_free(&scratch);
    return text;
}

static void a_letter_says_all_that_is_known(void **state)
{
    static const struct {
        const char *column, *full, *empty;
    } wanted[] = {
        {"sink", "\"a\".\"t\"", "s"},
        {"writer", "w", "#1"},
        {"position", "7", "0"},
        {"source_offset", "9223372036854775807", "0"},
        {"kind", "delete", "insert"},
        {"row_json", "{\"id\":1}", "{}"},
        {"status", "database", "refused"},
        {"sql_state", "23505", "NULL"},
        {"native_code", "-7", "NULL"},
        {"column_name", "id", "NULL"},
        {"message", "taken: caf?", "NULL"}, /* What is not UTF-8 is a question mark. */
        {"refused_at", "2024-01-31 12:34:56.789+00:00", "1970-01-01 00:00:00+00:00"},
    };
    const of_letter full = {
        .writer = "w",
        .position = 7,
        .source_offset = INT64_MAX,
        .row = (char *)"{\"id\":1}",
        .row_bytes = 8,
        .error = {.status = OUTFALL_ERR_DATABASE,
                  .native_code = -7,
                  .sqlstate = "23505",
                  .column = "id",
                  .message = "taken: caf\xc3"},
    };
    const of_letter empty = {.writer = "#1",
                             .row = (char *)"{}",
                             .row_bytes = 2,
                             .error = {.status = OUTFALL_ERR_REFUSED}};
    const of_letter_place full_place = {"\"a\".\"t\"", OUTFALL_ROW_DELETE,
                                        INT64_C(1706704496789000)};
    const of_letter_place empty_place = {"s", OUTFALL_ROW_INSERT, 0};
    const outfall_target *target = of_lettertable_target(one.feed->options.letters);
    of_scratch first = {NULL, 0}, second = {NULL, 0};
    outfall_error error;
    size_t bytes;
    (void)state;
    assert_int_equal(of_letter_encode(target, &full, &full_place, &first, &bytes, &error),
                     OUTFALL_OK);
    assert_int_equal(of_letter_encode(target, &empty, &empty_place, &second, &bytes, &error),
                     OUTFALL_OK);
    assert_int_equal(target->column_count, sizeof wanted / sizeof wanted[0]);
    for (uint32_t i = 0; i < target->column_count; i++) {
        assert_string_equal(target->columns[i].name, wanted[i].column);
        assert_string_equal(field(target, (uint8_t *)first.data, i), wanted[i].full);
        assert_string_equal(field(target, (uint8_t *)second.data, i), wanted[i].empty);
    }
    of_scratch_free(&first);
    of_scratch_free(&second);
}

/* MariaDB's timestamps end in 2038: the letter goes without its time. */
static void a_time_that_the_table_cannot_hold_is_left_out(void **state)
{
    outfall_target target = *of_lettertable_target(one.feed->options.letters);
    outfall_column narrow[16];
    const of_letter letter = {.writer = "w", .row = (char *)"{}", .row_bytes = 2};
    const of_letter_place place = {"s", OUTFALL_ROW_INSERT, INT64_C(4102444800000000)};
    of_scratch row = {NULL, 0};
    outfall_error error;
    size_t bytes;
    (void)state;
    uint32_t last = target.column_count - 1;
    assert_true(target.column_count <= 16);
    memcpy(narrow, target.columns, target.column_count * sizeof narrow[0]);
    narrow[last].flags |= OUTFALL_COLUMN_LIMITED;
    narrow[last].least = 1000000;
    narrow[last].most = INT64_C(2147483647999999);
    target.columns = narrow;
    assert_int_equal(of_letter_encode(&target, &letter, &place, &row, &bytes, &error), OUTFALL_OK);
    assert_string_equal(field(&target, (uint8_t *)row.data, last), "NULL");
    of_scratch_free(&row);
}

#define LETTERS_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    static bool no_savepoints = true;
    const struct CMUnitTest tests[] = {
        LETTERS_TEST(a_letter_is_committed_with_its_neighbours),
        cmocka_unit_test_prestate_setup_teardown(
            without_savepoints_letters_have_their_own_transaction, start, stop, &no_savepoints),
        LETTERS_TEST(what_passes_is_tried_again_with_its_rows),
        LETTERS_TEST(a_table_that_takes_no_letters_stops_the_feed),
        LETTERS_TEST(a_table_that_cannot_be_made_again_stops_the_feed),
        LETTERS_TEST(rejected_max_holds_with_a_table),
        LETTERS_TEST(a_letter_says_all_that_is_known),
        LETTERS_TEST(a_time_that_the_table_cannot_hold_is_left_out),
    };
    return cmocka_run_group_tests_name("lettertable", tests, NULL, NULL);
}
