/* SPDX-License-Identifier: Apache-2.0 */
/* Columns whose database takes less than their type does: OUTFALL_COLUMN_LIMITED. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <math.h>

#include "expect_convert.h"
#include "row/field.h"

#define DAY_US INT64_C(86400000000)
#define YEAR_1000 (-354285) /* 1000-01-01 in days. */
#define YEAR_9999 2932896   /* 9999-12-31 */
#define Y2038_US INT64_C(2147483647000000)

/* As the databases have them. */
static const struct limits {
    const char *type;
    int64_t least, most;
} tiny = {"int16", -128, 127}, tiny_unsigned = {"int16", 0, 255},
  medium = {"int32", -8388608, 8388607}, unsigned_int = {"int64", 0, UINT32_MAX},
  year = {"date", YEAR_1000, YEAR_9999}, smalldate = {"date", YEAR_1000, OUTFALL_TIME_INFINITY},
  office = {"time", INT64_C(28800000000), INT64_C(64800000000)},
  seconds = {"timestamptz(0)", 1000000, Y2038_US},
  plain = {"timestamp", YEAR_1000 *DAY_US, (YEAR_9999 + 1) * DAY_US - 1},
  endless = {"timestamp", 0, OUTFALL_TIME_INFINITY};

static outfall_value text_or(uint32_t type, const char *text, int64_t number)
{
    return text != NULL ? data_value(type, text) : integer_value(type, number);
}

static void values_outside_a_columns_limits_are_refused(void **state)
{
    static const struct {
        const struct limits *limits;
        uint32_t type;
        int64_t number;
        const char *text; /* Of a value that is text; else the number counts. */
        bool lossy;
        const char *message; /* NULL: taken. */
    } cases[] = {
        {&tiny, OUTFALL_TYPE_INT64, 127, NULL, false, NULL},
        {&tiny, OUTFALL_TYPE_INT64, -128, NULL, false, NULL},
        {&tiny, OUTFALL_TYPE_INT64, 128, NULL, false,
         "value 128 is out of range (column \"c\", int16): the column takes -128 to 127; correct "
         "it, or use a column of a wider type"},
        {&tiny, OUTFALL_TYPE_INT16, -129, NULL, false, "-128 to 127"},
        {&tiny, OUTFALL_TYPE_INT32, 1000, NULL, false, "-128 to 127"},
        {&tiny, OUTFALL_TYPE_INT64, 40000, NULL, false, "-128 to 127"},
        {&tiny, OUTFALL_TYPE_TEXT, 0, "128", false, "value \"128\" is out of range"},
        {&tiny, OUTFALL_TYPE_TEXT, 0, "99999999999999999999", false, "-128 to 127"},
        {&tiny, OUTFALL_TYPE_TEXT, 0, "-128", false, NULL},
        {&tiny, OUTFALL_TYPE_DECIMAL, 0, "128.0", false, "-128 to 127"},
        {&tiny, OUTFALL_TYPE_DECIMAL, 0, "127.5", true, "-128 to 127"},
        {&tiny, OUTFALL_TYPE_DECIMAL, 0, "127.4", true, NULL},
        {&tiny, OUTFALL_TYPE_DECIMAL, 0, "Infinity", true, "-128 to 127"},
        {&tiny_unsigned, OUTFALL_TYPE_BOOL, 1, NULL, false, NULL},
        {&tiny_unsigned, OUTFALL_TYPE_INT16, -1, NULL, false, "0 to 255"},
        {&medium, OUTFALL_TYPE_INT32, 8388608, NULL, false, "-8388608 to 8388607"},
        {&medium, OUTFALL_TYPE_INT32, 8388607, NULL, false, NULL},
        {&unsigned_int, OUTFALL_TYPE_INT64, UINT32_MAX, NULL, false, NULL},
        {&unsigned_int, OUTFALL_TYPE_INT64, INT64_C(4294967296), NULL, false, "0 to 4294967295"},
        {&unsigned_int, OUTFALL_TYPE_INT64, -1, NULL, false, "0 to 4294967295"},

        {&year, OUTFALL_TYPE_DATE, YEAR_1000, NULL, false, NULL},
        {&year, OUTFALL_TYPE_DATE, YEAR_9999, NULL, false, NULL},
        {&year, OUTFALL_TYPE_DATE, YEAR_9999 + 1, NULL, false,
         "value 10000-01-01 is out of range (column \"c\", date): the column takes 1000-01-01 to "
         "9999-12-31; correct it"},
        {&year, OUTFALL_TYPE_TEXT, 0, "0999-12-31", false, "1000-01-01 to 9999-12-31"},
        {&year, OUTFALL_TYPE_TEXT, 0, "0044-03-15 BC", false, "1000-01-01 to 9999-12-31"},
        {&year, OUTFALL_TYPE_DATE, INT64_MAX - 1, NULL, false, "1000-01-01 to 9999-12-31"},
        {&year, OUTFALL_TYPE_TIMESTAMP, (YEAR_1000 - 1) * DAY_US, NULL, false, "1000-01-01"},
        {&year, OUTFALL_TYPE_TIMESTAMP, YEAR_1000 * DAY_US, NULL, false, NULL},
        {&year, OUTFALL_TYPE_DATE, OUTFALL_TIME_INFINITY, NULL, false, "value infinity is out of"},
        {&year, OUTFALL_TYPE_TEXT, 0, "-infinity", false, "1000-01-01 to 9999-12-31"},
        {&smalldate, OUTFALL_TYPE_DATE, OUTFALL_TIME_INFINITY, NULL, false, NULL},
        {&smalldate, OUTFALL_TYPE_TEXT, 0, "5874897-12-31", false, NULL},
        {&smalldate, OUTFALL_TYPE_DATE, OUTFALL_TIME_MINUS_INFINITY, NULL, false,
         "1000-01-01 to infinity"},

        {&office, OUTFALL_TYPE_TIME, INT64_C(28800000000), NULL, false, NULL},
        {&office, OUTFALL_TYPE_TIME, INT64_C(28799999999), NULL, false,
         "value 07:59:59.999999 is out of range (column \"c\", time): the column takes 08:00:00 to "
         "18:00:00"},
        {&office, OUTFALL_TYPE_TIME, -1, NULL, false, "08:00:00 to 18:00:00"},
        {&office, OUTFALL_TYPE_TEXT, 0, "18:00:00.000001", false, "08:00:00 to 18:00:00"},
        {&office, OUTFALL_TYPE_TEXT, 0, "18:00", false, NULL},

        {&seconds, OUTFALL_TYPE_TIMESTAMPTZ, Y2038_US, NULL, false, NULL},
        {&seconds, OUTFALL_TYPE_TIMESTAMPTZ, Y2038_US + 1000000, NULL, false,
         "the column takes 1970-01-01 00:00:01+00:00 to 2038-01-19 03:14:07+00:00"},
        {&seconds, OUTFALL_TYPE_TIMESTAMP, 0, NULL, false, "1970-01-01 00:00:01+00:00"},
        {&seconds, OUTFALL_TYPE_TEXT, 0, "2038-01-19 03:14:07.4", true, NULL},
        {&seconds, OUTFALL_TYPE_TEXT, 0, "2038-01-19 03:14:07.5", true, "2038-01-19 03:14:07"},
        {&seconds, OUTFALL_TYPE_DATE, 0, NULL, false, "1970-01-01 00:00:01+00:00"},
        {&seconds, OUTFALL_TYPE_DATE, 1, NULL, false, NULL},
        {&seconds, OUTFALL_TYPE_TIMESTAMPTZ, OUTFALL_TIME_INFINITY, NULL, false, "is out of range"},
        {&plain, OUTFALL_TYPE_TIMESTAMP, (YEAR_9999 + 1) * DAY_US, NULL, false,
         "value 10000-01-01 00:00:00 is out of range (column \"c\", timestamp): the column takes "
         "1000-01-01 00:00:00 to 9999-12-31 23:59:59.999999; correct it, or use a column of a "
         "wider type"},
        {&plain, OUTFALL_TYPE_TIMESTAMP, (YEAR_9999 + 1) * DAY_US - 1, NULL, false, NULL},
        {&plain, OUTFALL_TYPE_TEXT, 0, "294276-12-31 23:59:59", false, "1000-01-01 00:00:00 to"},
        {&plain, OUTFALL_TYPE_TIMESTAMP, INT64_MIN + 1, NULL, false, "1000-01-01 00:00:00 to"},
        {&endless, OUTFALL_TYPE_TEXT, 0, "294276-12-31 23:59:59", false, NULL},
        {&endless, OUTFALL_TYPE_TIMESTAMP, OUTFALL_TIME_INFINITY, NULL, false, NULL},
        {&endless, OUTFALL_TYPE_TIMESTAMP, -1, NULL, false, "1970-01-01 00:00:00 to infinity"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct limits *limits = cases[i].limits;
        outfall_schema *schema = schema_of(limits->type);
        outfall_column column = *outfall_schema_column(schema, 0), open = column;
        outfall_value value = text_or(cases[i].type, cases[i].text, cases[i].number);
        outfall_error error;
        char hex[64], wide_hex[64];
        column.flags |= OUTFALL_COLUMN_LIMITED;
        column.least = limits->least;
        column.most = limits->most;
        int status = convert(&column, &value, cases[i].lossy, hex, sizeof hex, &error);
        if (cases[i].message == NULL) {
            if (status != OUTFALL_OK)
                fail_msg("%zu: %s", i, error.message);
            /* As without limits. */
            assert_int_equal(
                convert(&open, &value, cases[i].lossy, wide_hex, sizeof wide_hex, &error),
                OUTFALL_OK);
            assert_string_equal(hex, wide_hex);
        } else if (status != OUTFALL_ERR_REFUSED ||
                   strstr(error.message, cases[i].message) == NULL) {
            fail_msg("%zu: %d, %s", i, status, status == OUTFALL_OK ? "" : error.message);
        } else {
            assert_int_equal(error.action, OUTFALL_ACTION_ROW);
            assert_string_equal(error.column, "c");
        }
        outfall_schema_free(schema);
    }
}

/* The fast path and the slow one are asked alike, value by value around the limits. */
static void floats_and_nulls_meet_the_limits_too(void **state)
{
    outfall_schema *schema = schema_of("int32");
    outfall_column column = *outfall_schema_column(schema, 0);
    outfall_value value = {0};
    outfall_error error;
    char hex[64];
    (void)state;
    column.flags |= OUTFALL_COLUMN_LIMITED;
    column.least = 1;
    column.most = 99;
    assert_int_equal(convert(&column, &value, false, hex, sizeof hex, &error), OUTFALL_OK);
    assert_string_equal(hex, "NULL");
    for (int number = -2; number < 103; number++) {
        int want = number >= 1 && number <= 99 ? OUTFALL_OK : OUTFALL_ERR_REFUSED;
        value = real_value(number);
        assert_int_equal(convert(&column, &value, false, hex, sizeof hex, &error), want);
        value = integer_value(OUTFALL_TYPE_INT32, number);
        assert_int_equal(convert(&column, &value, false, hex, sizeof hex, &error), want);
    }
    value = real_value(99.5);
    assert_int_equal(convert(&column, &value, true, hex, sizeof hex, &error), OUTFALL_ERR_REFUSED);
    value = real_value(NAN);
    assert_int_equal(convert(&column, &value, true, hex, sizeof hex, &error), OUTFALL_ERR_REFUSED);
    outfall_schema_free(schema);
}

/* Limits say nothing of a column that has none, whatever stands in `least` and `most`. */
static void limits_without_the_flag_do_not_count(void **state)
{
    outfall_schema *schema = schema_of("timestamp");
    outfall_column column = *outfall_schema_column(schema, 0);
    outfall_value value = integer_value(OUTFALL_TYPE_TIMESTAMP, 5);
    outfall_error error;
    char hex[64];
    (void)state;
    column.least = 10;
    column.most = 20;
    assert_int_equal(convert(&column, &value, false, hex, sizeof hex, &error), OUTFALL_OK);
    column.flags |= OUTFALL_COLUMN_LIMITED;
    assert_int_equal(convert(&column, &value, false, hex, sizeof hex, &error), OUTFALL_ERR_REFUSED);
    outfall_schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_outside_a_columns_limits_are_refused),
        cmocka_unit_test(floats_and_nulls_meet_the_limits_too),
        cmocka_unit_test(limits_without_the_flag_do_not_count),
    };
    return cmocka_run_group_tests_name("convert_limits", tests, NULL, NULL);
}
