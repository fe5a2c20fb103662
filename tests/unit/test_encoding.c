/* SPDX-License-Identifier: Apache-2.0 */
/* What drivers read fields with: encoding.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include <outfall/encoding.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Reads pairs of hex digits; returns how many bytes. */
static int32_t from_hex(const char *hex, uint8_t *out)
{
    int32_t bytes = 0;
    for (; hex[0] != '\0'; hex += 2, bytes++) {
        const char pair[] = {hex[0], hex[1], '\0'};
        out[bytes] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return bytes;
}

static void numbers_are_read_big_endian(void **state)
{
    static const uint8_t bytes[] = {0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10};
    static const uint8_t one[] = {0x3F, 0x80, 0, 0}, two[] = {0x40, 0, 0, 0, 0, 0, 0, 0};
    (void)state;
    assert_int_equal(outfall_read_i16(bytes), -292);
    assert_int_equal(outfall_read_i32(bytes), -19088744);
    assert_true(outfall_read_i64(bytes) == INT64_C(-81985529216486896));
    assert_true(outfall_read_i64(bytes + 0) == (int64_t)UINT64_C(0xFEDCBA9876543210));
    assert_true(outfall_read_f32(one) == 1.0F);
    assert_true(outfall_read_f64(two) == 2.0);
}

static void utf8_is_told_from_other_bytes(void **state)
{
    static const struct {
        const char *why, *text;
        int valid;
    } cases[] = {
        {"nothing", "", 1},
        {"ASCII", "abc", 1},
        {"two bytes", "\xC2\x80", 1},
        {"three bytes", "\xE2\x82\xAC", 1},
        {"four bytes", "\xF0\x9F\x98\x80", 1},
        {"the last character", "\xF4\x8F\xBF\xBF", 1},
        {"beyond the last character", "\xF4\x90\x80\x80", 0},
        {"five bytes", "\xF8\x88\x80\x80\x80", 0},
        {"the last before surrogates", "\xED\x9F\xBF", 1},
        {"a surrogate", "\xED\xA0\x80", 0},
        {"the first after surrogates", "\xEE\x80\x80", 1},
        {"two bytes where one would do", "\xC0\xAF", 0},
        {"two bytes where one would do, the last", "\xC1\xBF", 0},
        {"three bytes where two would do", "\xE0\x9F\xBF", 0},
        {"three bytes, the first", "\xE0\xA0\x80", 1},
        {"four bytes where three would do", "\xF0\x8F\xBF\xBF", 0},
        {"four bytes, the first", "\xF0\x90\x80\x80", 1},
        {"a continuation alone", "\x80", 0},
        {"cut off after one", "\xE2", 0},
        {"cut off after two", "\xE2\x82", 0},
        {"cut off after three", "\xF0\x9F\x98", 0},
        {"a bad third byte", "\xE2\x82z", 0},
        {"a bad fourth byte", "\xF0\x9F\x98z", 0},
        {"0xFF", "\xFF", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].text);
        /* At every place within words, and before the end. */
        for (size_t before = 0; before < 20; before++) {
            for (size_t after = 0; after < 10; after++) {
                char text[40];
                memset(text, 'a', sizeof text);
                memcpy(text + before, cases[i].text, length);
                if (outfall_utf8_valid(text, before + length + after) != cases[i].valid)
                    fail_msg("%s, after %zu bytes", cases[i].why, before);
            }
        }
    }
    assert_int_equal(outfall_utf8_valid("\0", 1), 1);
    assert_int_equal(outfall_utf8_valid(NULL, 0), 1);
}

static void decimals_are_spelled(void **state)
{
    static const struct {
        const char *hex, *text;
    } cases[] = {
        {"0000000000000000", "0"},
        {"0000000000000002", "0.00"},
        {"0002000040000003000c0d48", "-12.340"},
        {"00010001000000000001", "10000"},
        {"000300010000000204d2162e2328", "12345678.90"},
        {"0001ffff000000040001", "0.0001"},
        {"0002ffff00000005000107d0", "0.00012"},
        {"0001fffe00000008000f", "0.00000015"},
        {"0001fffe0000000a000f", "0.0000001500"},
        {"0001000400000000000c", "120000000000000000"},
        {"00000000c0000000", "NaN"},
        {"00000000d0000000", "Infinity"},
        {"00000000d0000020", "Infinity"}, /* As PostgreSQL sends it. */
        {"00000000f0000000", "-Infinity"},
        {"000200010000000000000007", "7"}, /* A leading digit of 0 is no part of the number. */
        {"000200000000000000070000", "7"}, /* Nor is one at its end. */
    };
    uint8_t field[64];
    char text[64];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int32_t length = from_hex(cases[i].hex, field);
        size_t room = outfall_decimal_text_max(field, length);
        assert_in_range(room, strlen(cases[i].text) + 1, sizeof text);
        assert_int_equal(outfall_decimal_text(field, length, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void the_widest_decimal_fits_its_room(void **state)
{
    uint8_t field[10];
    int32_t length = from_hex("00017fff40003fff270f", field);
    size_t room = outfall_decimal_text_max(field, length);
    char *text = malloc(room);
    (void)state;
    assert_non_null(text);
    assert_int_equal(room, 1 + 131072 + 1 + 16383 + 1);
    assert_int_equal(outfall_decimal_text(field, length, text), room - 1);
    assert_memory_equal(text, "-99990000", 9);
    free(text);
}

static void malformed_decimals_are_recognised(void **state)
{
    static const struct {
        const char *why, *hex;
    } cases[] = {
        {"no head", "00000000000000"},
        {"a digit too few", "0001000000000000"},
        {"a digit too many", "00000000000000000001"},
        {"a negative count", "ffff000000000000"},
        {"a sign that is none", "0000000000010000"},
        {"a special sign that is none", "00000000e0000000"},
        {"a special number with digits", "00010000c00000000001"},
        {"a scale beyond the last", "0000000000004000"},
        {"a negative scale", "000000000000ffff"},
        {"a digit of 10000", "00010000000000002710"},
        {"a negative digit", "0001000000000000ffff"},
        {"a fraction that the scale hides", "0001ffff000000030001"},
        {"half a digit that the scale hides", "0001ffff000000010ce4"},
    };
    uint8_t field[64];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (outfall_decimal_text_max(field, from_hex(cases[i].hex, field)) != 0)
            fail_msg("%s", cases[i].why);
    assert_int_equal(outfall_decimal_text_max(field, -1), 0);
}

static void dates_are_spelled(void **state)
{
    static const struct {
        int32_t days;
        const char *text;
    } cases[] = {
        {0, "2000-01-01"},
        {-1, "1999-12-31"},
        {59, "2000-02-29"},
        {8825, "2024-02-29"},
        {8826, "2024-03-01"},
        {-10957, "1970-01-01"},
        {-730119, "0001-01-01"},
        {-730120, "0001-12-31 BC"},
        {-746117, "0044-03-15 BC"},
        {-2451545, "4714-11-24 BC"},
        {2145031948, "5874897-12-31"},
        {INT32_MAX, "infinity"},
        {INT32_MIN, "-infinity"},
        {INT32_MAX - 1, "5881610-07-10"}, /* Out of range, yet harmless. */
        {INT32_MIN + 1, "5877612-06-23 BC"},
    };
    char text[OUTFALL_TEMPORAL_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(outfall_date_text(cases[i].days, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void days_and_dates_are_each_others_reverse(void **state)
{
    (void)state;
    int64_t year = 0, last_year = 0;
    int month = 0, day = 0, last_month = 12, last_day = 31;
    outfall_date_split(-2500000, &last_year, &last_month, &last_day);
    for (int64_t days = -2499999; days < 3000000; days++) {
        outfall_date_split(days, &year, &month, &day);
        assert_true(outfall_date_join(year, month, day) == days);
        /* Each day follows the one before. */
        if (day == 1)
            assert_true(month == last_month + 1 ? year == last_year && last_day >= 28
                                                : month == 1 && last_month == 12 &&
                                                      year == last_year + 1 && last_day == 31);
        else
            assert_true(day == last_day + 1 && month == last_month && year == last_year);
        last_year = year;
        last_month = month;
        last_day = day;
    }
}

static void times_are_spelled(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        {0, "00:00:00"},
        {45296500000, "12:34:56.5"},
        {86399999999, "23:59:59.999999"},
        {10, "00:00:00.00001"},
        {OUTFALL_DAY_US, "24:00:00"},
        {-1, "-00:00:00.000001"},
        {INT64_MIN, "-2562047788:00:54.775808"},
    };
    char text[OUTFALL_TEMPORAL_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(outfall_time_text(cases[i].us, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void timestamps_are_spelled(void **state)
{
    static const struct {
        int64_t us;
        int zone;
        const char *text;
    } cases[] = {
        {0, 0, "2000-01-01 00:00:00"},
        {0, 1, "2000-01-01 00:00:00+00:00"},
        {-1, 0, "1999-12-31 23:59:59.999999"},
        {760019696789000, 0, "2024-01-31 12:34:56.789"},
        {INT64_C(-64464465600000000), 1, "0044-03-15 12:00:00+00:00 BC"},
        {INT64_MAX, 1, "infinity"},
        {INT64_MIN, 0, "-infinity"},
        {INT64_C(9223371331199999999), 0, "294276-12-31 23:59:59.999999"},
        {INT64_MAX - 1, 1, "294277-01-09 04:00:54.775806+00:00"},
        {INT64_MIN + 1, 1, "290279-12-22 19:59:05.224193+00:00 BC"},
    };
    char text[OUTFALL_TEMPORAL_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(outfall_timestamp_text(cases[i].us, cases[i].zone, text),
                         strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void uuids_are_spelled(void **state)
{
    uint8_t field[16];
    char text[OUTFALL_UUID_TEXT_MAX];
    (void)state;
    from_hex("0123456789abcdeff0e1d2c3b4a59687", field);
    assert_int_equal(outfall_uuid_text(field, text), 36);
    assert_string_equal(text, "01234567-89ab-cdef-f0e1-d2c3b4a59687");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_big_endian),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(decimals_are_spelled),
        cmocka_unit_test(the_widest_decimal_fits_its_room),
        cmocka_unit_test(malformed_decimals_are_recognised),
        cmocka_unit_test(dates_are_spelled),
        cmocka_unit_test(days_and_dates_are_each_others_reverse),
        cmocka_unit_test(times_are_spelled),
        cmocka_unit_test(timestamps_are_spelled),
        cmocka_unit_test(uuids_are_spelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
