/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/count.h"

#define INSERT OUTFALL_MODE_INSERT
#define UPSERT OUTFALL_MODE_UPSERT
#define REPLACE OUTFALL_MODE_REPLACE
#define IGNORE OUTFALL_MODE_IGNORE
#define PLAIN DRV_COUNT_PLAIN
#define FOUND_ROWS DRV_COUNT_FOUND_ROWS

static const struct {
    const char *why;
    uint32_t mode, deletion;
    int style;
    uint64_t sent, least, most;
} cases[] = {
    {"an insert counts each row once", INSERT, 0, PLAIN, 10, 10, 10},
    {"an upsert too, inserted or updated", UPSERT, 0, PLAIN, 10, 10, 10},
    {"a replace too", REPLACE, 0, PLAIN, 10, 10, 10},
    {"an ignored row is not counted", IGNORE, 0, PLAIN, 10, 0, 10},
    {"a delete counts what was there", UPSERT, 1, PLAIN, 10, 0, 10},
    {"whatever the mode", REPLACE, 1, PLAIN, 10, 0, 10},
    {"MySQL counts an insert once", INSERT, 0, FOUND_ROWS, 10, 10, 10},
    {"and a row that an upsert changes twice, or thrice", UPSERT, 0, FOUND_ROWS, 10, 10, 30},
    {"or a replace", REPLACE, 0, FOUND_ROWS, 10, 10, 30},
    {"an ignore there sets a key to itself", IGNORE, 0, FOUND_ROWS, 10, 0, 30},
    {"a delete is counted once there too", UPSERT, 1, FOUND_ROWS, 10, 0, 10},
    {"no rows, no count", UPSERT, 0, FOUND_ROWS, 0, 0, 0},
    {"the most does not overflow", UPSERT, 0, FOUND_ROWS, UINT64_MAX, UINT64_MAX, UINT64_MAX},
    {"no mode is as strict as insert", 9, 0, PLAIN, 10, 10, 10},
    {"no style is plain", UPSERT, 0, 9, 10, 10, 10},
};

static void each_mode_has_its_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t least = 99, most = 99;
        drv_count_bounds(cases[i].mode, cases[i].deletion, cases[i].style, cases[i].sent, &least,
                         &most);
        if (least != cases[i].least || most != cases[i].most)
            fail_msg("%s: %llu to %llu", cases[i].why, (unsigned long long)least,
                     (unsigned long long)most);
    }
}

static int check(size_t i, uint64_t counted, outfall_error *error)
{
    return drv_count_check(cases[i].mode, cases[i].deletion, cases[i].style, cases[i].sent, counted,
                           "x: ", "\"t\"", "look", error);
}

static void a_count_outside_the_bounds_stops(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error;
        assert_int_equal(check(i, cases[i].least, &error), OUTFALL_OK);
        assert_int_equal(check(i, cases[i].most, &error), OUTFALL_OK);
        if (cases[i].least > 0)
            assert_int_equal(check(i, cases[i].least - 1, &error), OUTFALL_ERR_DATABASE);
        if (cases[i].most == UINT64_MAX)
            continue;
        assert_int_equal(check(i, cases[i].most + 1, &error), OUTFALL_ERR_DATABASE);
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
    }
}

static void the_message_names_table_counts_and_fix(void **state)
{
    outfall_error error;
    (void)state;
    assert_int_equal(drv_count_check(INSERT, 0, PLAIN, 3, 2, "x: ", "\"t\"", "look", &error),
                     OUTFALL_ERR_DATABASE);
    assert_string_equal(error.message,
                        "x: writing to \"t\": the database counted 2 for 3 rows: look");
    assert_int_equal(drv_count_check(UPSERT, 1, PLAIN, 3, 4, "", "\"t\"", "look", &error),
                     OUTFALL_ERR_DATABASE);
    assert_string_equal(error.message,
                        "deleting from \"t\": the database counted 4 for 3 rows: look");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_has_its_bounds),
        cmocka_unit_test(a_count_outside_the_bounds_stops),
        cmocka_unit_test(the_message_names_table_counts_and_fix),
    };
    return cmocka_run_group_tests_name("count", tests, NULL, NULL);
}
