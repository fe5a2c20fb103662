/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver's values: fields of rows as ODBC's C types, and text as UTF-16. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "odbc/bind.h"
#include "odbc/utf16.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(text) (const uint8_t *)(text), (int32_t)(sizeof(text) - 1)

/* ---- Text --------------------------------------------------------------------------- */

static void text_becomes_utf16_and_comes_back(void **state)
{
    static const struct {
        const char *text;
        size_t units;
        uint16_t want[4];
    } cases[] = {
        {"", 0, {0}},
        {"a", 1, {'a'}},
        {"\xC3\xA9\xE2\x82\xAC", 2, {0xE9, 0x20AC}},
        {"\xF0\x9F\x90\xA6", 2, {0xD83D, 0xDC26}},
        {"x\xF4\x8F\xBF\xBFy", 4, {'x', 0xDBFF, 0xDFFF, 'y'}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint16_t units[DRV_ODBC_UTF16_MAX(8)];
        char text[DRV_ODBC_UTF8_MAX(8) + 1];
        size_t length = strlen(cases[i].text);
        assert_int_equal(drv_odbc_to_utf16(cases[i].text, length, units), cases[i].units);
        assert_memory_equal(units, cases[i].want, cases[i].units * sizeof units[0]);
        text[drv_odbc_to_utf8(units, cases[i].units, text)] = '\0';
        assert_string_equal(text, cases[i].text);
    }
}

static void what_is_no_text_is_replaced(void **state)
{
    static const uint16_t lonely[] = {0xDC26, 'a', 0xD83D};
    static const uint16_t want[] = {'a', 0xFFFD, 'b'};
    uint16_t units[8];
    char text[DRV_ODBC_UTF8_MAX(3)];
    (void)state;
    assert_int_equal(drv_odbc_to_utf16("a\xFF"
                                       "b",
                                       3, units),
                     3);
    assert_memory_equal(units, want, sizeof want);
    assert_int_equal(drv_odbc_to_utf8(lonely, COUNT(lonely), text), 7);
    assert_memory_equal(text,
                        "\xEF\xBF\xBD"
                        "a"
                        "\xEF\xBF\xBD",
                        7);
}

/* As a column's first row. */
static SQLLEN put(enum drv_odbc_bind bind, bool wide, const uint8_t *field, int32_t length,
                  uint8_t *out)
{
    drv_day day = drv_day_none();
    return drv_odbc_bind_put(bind, wide, field, length, &day, out);
}

/* ---- Values ------------------------------------------------------------------------- */

static void a_field_becomes_text(void **state)
{
    static const struct {
        enum drv_odbc_bind bind;
        const uint8_t *field;
        int32_t length;
        const char *want;
    } cases[] = {
        {DRV_ODBC_BIND_INT64_TEXT, BYTES("\x80\0\0\0\0\0\0\0"), "-9223372036854775808"},
        {DRV_ODBC_BIND_INT64_TEXT, BYTES("\xFF\xFE"), "-2"},
        {DRV_ODBC_BIND_INT64_TEXT, BYTES("\1"), "1"},
        {DRV_ODBC_BIND_DECIMAL, BYTES("\0\2\0\0\x40\0\0\3\0\x0C\x0D\x48"), "-12.340"},
        {DRV_ODBC_BIND_DECIMAL_TEXT, BYTES("\0\0\0\0\xC0\0\0\0"), "NaN"},
        {DRV_ODBC_BIND_TEXT, BYTES("a\xC3\xA9"), "a\xC3\xA9"},
        {DRV_ODBC_BIND_TEXT, BYTES(""), ""},
        {DRV_ODBC_BIND_DATE_TEXT, BYTES("\0\0\0\1"), "2000-01-02"},
        {DRV_ODBC_BIND_DATE_TEXT, BYTES("\x7F\xFF\xFF\xFF"), "infinity"},
        {DRV_ODBC_BIND_TIME_TEXT, BYTES("\0\0\0\0\0\x16\xE3\x60"), "00:00:01.5"},
        {DRV_ODBC_BIND_TIMESTAMP_TEXT, BYTES("\0\0\0\0\0\0\0\1"), "2000-01-01 00:00:00.000001"},
        {DRV_ODBC_BIND_ZONED_TEXT, BYTES("\0\0\0\0\0\0\0\0"), "2000-01-01 00:00:00+00:00"},
        {DRV_ODBC_BIND_UUID_TEXT,
         BYTES("\x12\x34\x56\x78\x9a\xbc\x4e\xf0\x92\x34\x56\x78\x9a\xbc\xde\xf0"),
         "12345678-9abc-4ef0-9234-56789abcdef0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const outfall_column column = {.type = OUTFALL_TYPE_OTHER};
        uint8_t out[64];
        size_t room =
            drv_odbc_bind_parameter(cases[i].bind, &column, SQL_VARCHAR, false).width > 0
                ? sizeof out
                : drv_odbc_bind_bytes(cases[i].bind, false, cases[i].field, cases[i].length);
        SQLLEN length = put(cases[i].bind, false, cases[i].field, cases[i].length, out);
        if (length != (SQLLEN)strlen(cases[i].want) ||
            memcmp(out, cases[i].want, (size_t)length) != 0)
            fail_msg("%s: %.*s", cases[i].want, (int)length, (const char *)out);
        assert_true(room >= (size_t)length);
    }
}

static void a_field_becomes_a_number(void **state)
{
    uint8_t out[16] = {0};
    int16_t small;
    int32_t middle;
    int64_t large;
    float single;
    double real;
    (void)state;
    assert_int_equal(put(DRV_ODBC_BIND_INT16, false, BYTES("\x80\0"), out), 2);
    memcpy(&small, out, sizeof small);
    assert_int_equal(small, INT16_MIN);
    assert_int_equal(put(DRV_ODBC_BIND_INT16, false, BYTES("\1"), out), 2);
    memcpy(&small, out, sizeof small); /* A bool in MySQL's tinyint(1). */
    assert_int_equal(small, 1);
    assert_int_equal(put(DRV_ODBC_BIND_INT32, false, BYTES("\xFF\xFF"), out), 4);
    memcpy(&middle, out, sizeof middle);
    assert_int_equal(middle, -1);
    assert_int_equal(put(DRV_ODBC_BIND_INT64, false, BYTES("\0\1\0\0"), out), 8);
    memcpy(&large, out, sizeof large);
    assert_int_equal(large, 65536);
    assert_int_equal(put(DRV_ODBC_BIND_FLOAT32, false, BYTES("\x3F\0\0\0"), out), 4);
    memcpy(&single, out, sizeof single);
    assert_float_equal(single, 0.5F, 0.0F);
    assert_int_equal(put(DRV_ODBC_BIND_FLOAT64, false, BYTES("\xBF\xE0\0\0\0\0\0\0"), out), 8);
    memcpy(&real, out, sizeof real);
    assert_float_equal(real, -0.5, 0.0);
    assert_int_equal(put(DRV_ODBC_BIND_BOOL, false, BYTES("\1"), out), 1);
    assert_int_equal(out[0], 1);
}

static void a_moment_before_2000_keeps_its_date(void **state)
{
    static const struct {
        int64_t us;
        SQL_TIMESTAMP_STRUCT want;
    } cases[] = {
        {0, {2000, 1, 1, 0, 0, 0, 0}},
        {-1, {1999, 12, 31, 23, 59, 59, 999999000}},
        {INT64_C(-730119) * 86400000000, {1, 1, 1, 0, 0, 0, 0}},
        {INT64_C(86400000000) + 3723000001, {2000, 1, 2, 1, 2, 3, 1000}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        SQL_TIMESTAMP_STRUCT got;
        uint8_t field[8], out[sizeof got];
        for (int byte = 0; byte < 8; byte++)
            field[byte] = (uint8_t)((uint64_t)cases[i].us >> (56 - 8 * byte));
        assert_int_equal(put(DRV_ODBC_BIND_TIMESTAMP, false, field, 8, out), sizeof got);
        memcpy(&got, out, sizeof got);
        if (got.year != cases[i].want.year || got.month != cases[i].want.month ||
            got.day != cases[i].want.day || got.hour != cases[i].want.hour ||
            got.minute != cases[i].want.minute || got.second != cases[i].want.second ||
            got.fraction != cases[i].want.fraction)
            fail_msg("%lld: %d-%d-%d %d:%d:%d.%u", (long long)cases[i].us, got.year, got.month,
                     got.day, got.hour, got.minute, got.second, (unsigned)got.fraction);
    }
}

static void wide_text_is_measured_in_units(void **state)
{
    static const uint16_t want[] = {'a', 0xD83D, 0xDC26};
    _Alignas(uint16_t) uint8_t out[64];
    (void)state;
    assert_int_equal(put(DRV_ODBC_BIND_TEXT, true, BYTES("a\xF0\x9F\x90\xA6"), out), sizeof want);
    assert_memory_equal(out, want, sizeof want);
    assert_true(drv_odbc_bind_bytes(DRV_ODBC_BIND_TEXT, true, BYTES("a\xF0\x9F\x90\xA6")) >=
                sizeof want);
    assert_true(drv_odbc_bind_bytes(DRV_ODBC_BIND_BYTES, false, BYTES("")) > 0);
}

/* ---- Parameters --------------------------------------------------------------------- */

static void a_parameter_is_described_as_its_column_is(void **state)
{
    static const struct {
        const char *why;
        enum drv_odbc_bind bind;
        outfall_column column;
        int sql_type;
        bool wide;
        SQLSMALLINT c_type, want;
        SQLULEN size;
        SQLSMALLINT digits;
    } cases[] = {
        {"text",
         DRV_ODBC_BIND_TEXT,
         {.length_max = 9},
         SQL_WLONGVARCHAR,
         false,
         SQL_C_CHAR,
         SQL_VARCHAR,
         0,
         0},
        {"wide text, of the column's kind",
         DRV_ODBC_BIND_TEXT,
         {.length_max = 9},
         SQL_VARCHAR,
         true,
         SQL_C_WCHAR,
         SQL_VARCHAR,
         9,
         0},
        {"wide text of a LOB",
         DRV_ODBC_BIND_TEXT,
         {.name = "c"},
         SQL_WLONGVARCHAR,
         true,
         SQL_C_WCHAR,
         SQL_WLONGVARCHAR,
         0,
         0},
        {"wide text of another type",
         DRV_ODBC_BIND_TEXT,
         {.name = "c"},
         SQL_GUID,
         true,
         SQL_C_WCHAR,
         SQL_WVARCHAR,
         0,
         0},
        {"bytes of a LOB",
         DRV_ODBC_BIND_BYTES,
         {.name = "c"},
         SQL_LONGVARBINARY,
         true,
         SQL_C_BINARY,
         SQL_LONGVARBINARY,
         0,
         0},
        {"a decimal",
         DRV_ODBC_BIND_DECIMAL,
         {.precision = 12, .scale = 2},
         SQL_DECIMAL,
         true,
         SQL_C_CHAR,
         SQL_DECIMAL,
         12,
         2},
        {"a scale below 0",
         DRV_ODBC_BIND_DECIMAL,
         {.precision = 12, .scale = -3},
         SQL_DECIMAL,
         true,
         SQL_C_CHAR,
         SQL_DECIMAL,
         12,
         0},
        {"a decimal of no scale",
         DRV_ODBC_BIND_DECIMAL,
         {.name = "c"},
         SQL_DECIMAL,
         true,
         SQL_C_CHAR,
         SQL_VARCHAR,
         0,
         0},
        {"milliseconds",
         DRV_ODBC_BIND_TIMESTAMP,
         {.fraction_digits = 3},
         SQL_TYPE_TIMESTAMP,
         true,
         SQL_C_TYPE_TIMESTAMP,
         SQL_TYPE_TIMESTAMP,
         23,
         3},
        {"seconds",
         DRV_ODBC_BIND_TIMESTAMP,
         {.fraction_digits = 0},
         SQL_TYPE_TIMESTAMP,
         true,
         SQL_C_TYPE_TIMESTAMP,
         SQL_TYPE_TIMESTAMP,
         19,
         0},
        {"microseconds",
         DRV_ODBC_BIND_TIMESTAMP,
         {.fraction_digits = -1},
         SQL_TYPE_TIMESTAMP,
         true,
         SQL_C_TYPE_TIMESTAMP,
         SQL_TYPE_TIMESTAMP,
         26,
         6},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_odbc_parameter got = drv_odbc_bind_parameter(cases[i].bind, &cases[i].column,
                                                         cases[i].sql_type, cases[i].wide);
        if (got.c_type != cases[i].c_type || got.sql_type != cases[i].want ||
            got.size != cases[i].size || got.digits != cases[i].digits)
            fail_msg("%s: %d as %d (%u, %d)", cases[i].why, got.c_type, got.sql_type,
                     (unsigned)got.size, got.digits);
    }
}

static void a_length_that_its_type_has_not_is_refused(void **state)
{
    (void)state;
    assert_true(drv_odbc_bind_fits(OUTFALL_TYPE_INT32, 4));
    assert_true(drv_odbc_bind_fits(OUTFALL_TYPE_INT32, -1));
    assert_false(drv_odbc_bind_fits(OUTFALL_TYPE_INT32, 8));
    assert_false(drv_odbc_bind_fits(OUTFALL_TYPE_INT32, 0));
    assert_true(drv_odbc_bind_fits(OUTFALL_TYPE_TEXT, 0));
    assert_false(drv_odbc_bind_fits(OUTFALL_TYPE_TEXT, -2));
    assert_int_equal(drv_odbc_bind_bytes(DRV_ODBC_BIND_DECIMAL, false, BYTES("\0\1")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_utf16_and_comes_back),
        cmocka_unit_test(what_is_no_text_is_replaced),
        cmocka_unit_test(a_field_becomes_text),
        cmocka_unit_test(a_field_becomes_a_number),
        cmocka_unit_test(a_moment_before_2000_keeps_its_date),
        cmocka_unit_test(wide_text_is_measured_in_units),
        cmocka_unit_test(a_parameter_is_described_as_its_column_is),
        cmocka_unit_test(a_length_that_its_type_has_not_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
