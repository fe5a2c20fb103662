/* SPDX-License-Identifier: Apache-2.0 */
/* Text into columns of every type: what it becomes, and what is refused and why. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "expect_convert.h"

/* The bytes are what PostgreSQL 15's send functions give for the same text. */
static const struct {
    const char *type, *text, *hex;
} from_text[] = {
    {"bool", "true", "01"},
    {"bool", "OFF", "00"},
    {"bool", "1", "01"},
    {"int16", "-32768", "8000"},
    {"int16", "32767", "7fff"},
    {"int32", "+42", "0000002a"},
    {"int32", "-2147483648", "80000000"},
    {"int32", "007", "00000007"},
    {"int64", "9223372036854775807", "7fffffffffffffff"},
    {"int64", "-9223372036854775808", "8000000000000000"},
    {"float32", "0.1", "3dcccccd"},
    {"float32", "3.4028235e38", "7f7fffff"},
    {"float32", "NaN", "7fc00000"},
    {"float64", "0.1", "3fb999999999999a"},
    {"float64", "-0", "8000000000000000"},
    {"float64", "1e308", "7fe1ccf385ebc8a0"},
    {"float64", "5e-324", "0000000000000001"},
    {"float64", "-Infinity", "fff0000000000000"},
    {"float64", "9007199254740993", "4340000000000000"},
    {"float64", ".5", "3fe0000000000000"},
    {"decimal", "0", "0000000000000000"},
    {"decimal", "0.00", "0000000000000002"},
    {"decimal", "-12.340", "0002000040000003000c0d48"},
    {"decimal", "1", "00010000000000000001"},
    {"decimal", "10000", "00010001000000000001"},
    {"decimal", "12345678.90", "000300010000000204d2162e2328"},
    {"decimal", "0.0001", "0001ffff000000040001"},
    {"decimal", "0.00012", "0002ffff00000005000107d0"},
    {"decimal", "1e5", "0001000100000000000a"},
    {"decimal", "1.5e-7", "0001fffe00000008000f"},
    {"decimal", "-1e131071", "00017fff4000000003e8"},
    {"decimal", "NaN", "00000000c0000000"},
    {"decimal", "99999999999999999999.9999", "0006000400000004270f270f270f270f270f270f"},
    {"decimal(10,2)", "1.5", "000200000000000200011388"},
    {"decimal(10,2)", "12345678.90", "000300010000000204d2162e2328"},
    {"decimal(3,5)", "0.00999", "0002ffff0000000500632328"},
    {"decimal(2,-3)", "99000", "000200010000000000092328"},
    {"decimal(4,4)", "0.1234", "0001ffff0000000404d2"},
    {"date", "2024-02-29", "00002279"},
    {"date", "2000-01-01", "00000000"},
    {"date", "1970-01-01", "ffffd533"},
    {"date", "0044-03-15 BC", "fff49d7b"},
    {"date", "4714-11-24 BC", "ffda97a7"},
    {"date", "5874897-12-31", "7fda970c"},
    {"date", "infinity", "7fffffff"},
    {"date", "-infinity", "80000000"},
    {"time", "00:00", "0000000000000000"},
    {"time", "12:34:56.5", "0000000a8be1bd20"},
    {"time", "23:59:59.999999", "000000141dd75fff"},
    {"time", "24:00:00", "000000141dd76000"},
    {"timestamp", "2024-01-31 12:34:56.789", "0002b33be00ca608"},
    {"timestamp", "2024-01-31T12:34", "0002b33bdcaa1e00"},
    {"timestamp", "2024-01-31", "0002b33154268000"},
    {"timestamp", "1999-12-31 23:59:59.999999", "ffffffffffffffff"},
    {"timestamp", "0044-03-15 12:00:00 BC", "ff1af9e8fb46d000"},
    {"timestamp", "294276-12-31 23:59:59.999999", "7fffff5bb3b29fff"},
    {"timestamp", "infinity", "7fffffffffffffff"},
    {"timestamptz", "2024-01-31 12:34:56+05:30", "0002b33743d49600"},
    {"timestamptz", "2024-01-31T12:34:56Z", "0002b33be0009c00"},
    {"timestamptz", "2024-01-31 12:34:56", "0002b33be0009c00"},
    {"timestamptz", "2024-01-31 12:34:56-0130", "0002b33d21de1200"},
    {"timestamptz", "2024-12-31 23:30:00-01", "0002cd98ea1e5200"},
    {"uuid", "01234567-89AB-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef"},
    {"uuid", "{0123456789abcdef0123456789abcdef}", "0123456789abcdef0123456789abcdef"},
    {"bytes", "\\x00ff10", "00ff10"},
    {"bytes", "\\x", ""},
    {"json", "{\"a\": [1, 2]}", "7b2261223a205b312c20325d7d"},
    {"jsonb", "[]", "015b5d"},
    {"text", "Grüße", "4772c3bcc39f65"},
    {"text", "", ""},
};

static void text_becomes_what_postgresql_makes_of_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(from_text); i++) {
        outfall_value value = text_value(from_text[i].text);
        expect(from_text[i].type, 0, &value, false, from_text[i].hex, NULL);
        expect(from_text[i].type, 0, &value, true, from_text[i].hex, NULL);
    }
}

static const struct {
    const char *type, *text, *message;
} refused_text[] = {
    {"bool", "maybe", "value \"maybe\" is not a boolean (column \"c\", bool)"},
    {"bool", "", "is not a boolean"},
    {"int16", "32768",
     "value \"32768\" is out of range (column \"c\", int16): the column takes "
     "-32768 to 32767"},
    {"int32", "abc", "value \"abc\" is not an integer (column \"c\", int32)"},
    {"int32", "", "is not an integer"},
    {"int32", "+", "is not an integer"},
    {"int32", " 1", "is not an integer"},
    {"int32", "1 ", "is not an integer"},
    {"int32", "1.0", "is not an integer"},
    {"int32", "0x10", "is not an integer"},
    {"int32", "-2147483649", "is out of range"},
    {"int64", "9223372036854775808", "takes -9223372036854775808 to 9223372036854775807"},
    {"int64", "-9223372036854775809", "is out of range"},
    {"int64", "99999999999999999999999999", "is out of range"},
    {"float32", "1e39", "is out of range"},
    {"float32", "1e-46", "is out of range"},
    {"float64", "1e309", "is out of range"},
    {"float64", "1e-400", "is out of range"},
    {"float64", "1,5", "is not a number"},
    {"float64", "1e", "is not a number"},
    {"float64", ".", "is not a number"},
    {"float64", "0x1p3", "is not a number"},
    {"float64", "1e5x", "is not a number"},
    {"decimal", "12a", "is not a number"},
    {"decimal", "-", "is not a number"},
    {"decimal", "-NaN", "is not a number"},
    {"decimal", "1e131072", "holds 131072 digits before the point"},
    {"decimal", "1e99999999999999999999", "is out of range"},
    {"decimal", "1e-16384", "keeps 16383 digits after the point"},
    {"decimal(5,2)", "1000", "holds 3 digits before the point"},
    {"decimal(5,2)", "1.005",
     "value \"1.005\" would be rounded (column \"c\", decimal(5,2)): the "
     "column keeps 2 digits after the point"},
    {"decimal(5,2)", "Infinity", "cannot hold infinities"},
    {"decimal(2,-3)", "1500", "would be rounded"},
    {"decimal(3,5)", "0.01", "is out of range"},
    {"date", "2024-02-30", "value \"2024-02-30\" is no date or time that exists"},
    {"date", "2023-02-29", "is no date"},
    {"date", "1900-02-29", "is no date"},
    {"date", "2024-13-01", "is no date"},
    {"date", "2024-00-01", "is no date"},
    {"date", "2024-01-00", "is no date"},
    {"date", "0000-01-01", "is no date"},
    {"date", "31.01.2024", "is not a date"},
    {"date", "24-01-31", "is not a date"},
    {"date", "2024-1-31", "is not a date"},
    {"date", "2024-01-31 ", "is not a date"},
    {"date", "4714-11-23 BC", "4714-11-24 BC to 5874897-12-31"},
    {"date", "5874898-01-01", "is out of range"},
    {"date", "2024-01-31 12:00", "is not midnight"},
    {"date", "2024-01-31 00:00Z", "has a time zone"},
    {"time", "25:00:00", "is no date or time"},
    {"time", "24:00:00.000001", "is no date or time"},
    {"time", "12:60", "is no date or time"},
    {"time", "12:00:60", "is no date or time"},
    {"time", "12", "is not a time"},
    {"time", "12:00:00.", "is not a time"},
    {"time", "12:00:00.1234567", "keeps 6 digits of seconds"},
    {"time(3)", "12:00:00.1234", "keeps 3 digits of seconds"},
    {"timestamp", "2024-01-31 12:34:56Z", "leave the zone out, or use a timestamptz column"},
    {"timestamp", "2024-02-30 12:34:56", "is no date"},
    {"timestamp", "2024-01-31_12:34", "is not a timestamp"},
    {"timestamp", "294277-01-01", "is out of range"},
    {"timestamp", "5000000-01-01 00:00", "is out of range"},
    {"timestamp", "9999999-01-01 00:00", "is out of range"},
    {"timestamp(0)", "2024-01-31 12:34:56.5", "keeps 0 digits of seconds"},
    {"timestamptz", "2024-01-31 12:34:56+16:00", "is no date or time"},
    {"timestamptz", "2024-01-31 12:34:56+1", "is not a timestamp"},
    {"timestamptz", "2024-01-31 12:34:56 Europe/Berlin", "is not a timestamp"},
    {"timestamptz", "294276-12-31 23:59:59-01", "is out of range"},
    {"uuid", "01234567-89ab-cdef-0123-456789abcde", "is not a UUID"},
    {"uuid", "0123456789ab-cdef-0123-456789abcdef-", "is not a UUID"},
    {"uuid", "g1234567-89ab-cdef-0123-456789abcdef", "is not a UUID"},
    {"bytes", "abc", "write it as \\x and hex digits"},
    {"bytes", "\\x123", "is not bytes"},
    {"bytes(2)", "\\x010203", "it has 3 bytes, the column takes 2"},
    {"text(3)", "abcd", "it has 4 characters, the column takes 3"},
    {"char(3)", "abcd", "it has 4 characters, the column takes 3"},
    {"text", "ab\xFF", "value \"ab\\xff\" is not UTF-8 (column \"c\", text): byte 2 (0xff)"},
    {"text", "\xED\xA0\x80", "is not UTF-8"},
    {"json", "{\"a\": }", "at byte 6: a value is missing"},
    {"json", "", "at byte 0: a value is missing"},
    {"json", "\"\xC3\"", "is not UTF-8"},
    {"jsonb", "\"\\u0000\"", "jsonb cannot hold \\u0000"},
};

static void text_that_does_not_fit_is_refused_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused_text); i++) {
        outfall_value value = text_value(refused_text[i].text);
        expect(refused_text[i].type, 0, &value, false, NULL, refused_text[i].message);
    }
}

static const struct {
    const char *type, *text, *hex;
} rounded_text[] = {
    {"decimal(5,2)", "1.005", "000200000000000200010064"},
    {"decimal(5,2)", "-1.005", "000200004000000200010064"},
    {"decimal(5,2)", "0.004", "0000000000000002"},
    {"decimal(5,2)", "0.0009", "0000000000000002"},
    {"decimal(5,2)", "-0.004", "0000000000000002"},
    {"decimal(6,2)", "99.995", "00010000000000020064"},
    {"decimal(6,2)", "9999.994", "0002000000000002270f26ac"},
    {"decimal(5,0)", "9999.5", "00010001000000000001"},
    {"decimal(2,-3)", "500",
     "00010000000000000"
     "3e8"},
    {"decimal(2,-3)", "499", "0000000000000000"},
    {"decimal(2,2)", "0.005", "0001ffff000000020064"},
    {"date", "2024-02-29 23:59", "00002279"},
    {"date", "1999-12-31 23:59", "ffffffff"},
    {"time", "12:34:56.4999995", "0000000a8be1bd20"},
    {"time", "12:34:56.4999994", "0000000a8be1bd1f"},
    {"time", "12:34:56.4999996", "0000000a8be1bd20"},
    {"time(0)", "23:59:59.5", "000000141dd76000"},
    {"timestamp(0)", "2024-01-31 12:33:59.5", "0002b33bdcaa1e00"},
    {"timestamp(0)", "1999-12-31 23:59:59.4", "fffffffffff0bdc0"},
    {"text(3)", "abcd", "616263"},
    {"text(2)",
     "Gr\xC3\xBC\xC3\x9F"
     "e",
     "4772"},
    {"text(3)",
     "Gr\xC3\xBC\xC3\x9F"
     "e",
     "4772c3bc"},
    {"bytes(2)", "\\x010203", "0102"},
};

static void lossy_conversion_rounds_and_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rounded_text); i++) {
        outfall_value value = text_value(rounded_text[i].text);
        expect(rounded_text[i].type, 0, &value, false, NULL, "convert.lossy=round");
        expect(rounded_text[i].type, 0, &value, true, rounded_text[i].hex, NULL);
    }
}

static void lossy_conversion_still_refuses_what_is_out_of_range(void **state)
{
    static const struct {
        const char *type, *text;
    } cases[] = {
        {"int16", "32768"},         {"int32", "abc"},       {"decimal(5,2)", "999.995"},
        {"decimal(2,-3)", "99500"}, {"float32", "1e39"},    {"date", "2024-02-30"},
        {"text", "ab\xFF"},         {"json", "{"},          {"timestamp", "2024-01-31 00:00Z"},
        {"float64", "1e-400"},      {"time", "24:00:00.1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_value value = text_value(cases[i].text);
        expect(cases[i].type, 0, &value, true, NULL, "c");
    }
}

static void a_nul_byte_in_text_is_refused_with_its_place(void **state)
{
    outfall_value value = {OUTFALL_TYPE_TEXT, 5, {.data = "ab\0cd"}};
    (void)state;
    expect("text", 0, &value, true, NULL,
           "value \"ab\\x00cd\" contains a NUL byte (column \"c\", text): text cannot hold the one "
           "at byte 2");
    value.length = 3; /* Also where it is the last. */
    expect("text", 0, &value, true, NULL, "at byte 2");
}

static void the_thousandth_digit_of_a_float_still_counts(void **state)
{
    char digits[1000] = "9007199254740993."; /* Half-way between two doubles. */
    outfall_value value = {OUTFALL_TYPE_TEXT, sizeof digits, {.data = digits}};
    size_t start = strlen(digits);
    (void)state;
    memset(digits + start, '0', sizeof digits - start);
    expect("float64", 0, &value, false, "4340000000000000", NULL);
    digits[sizeof digits - 1] = '1';
    expect("float64", 0, &value, false, "4340000000000001", NULL);
}

static void every_byte_of_a_long_text_is_looked_at(void **state)
{
    char text[70], want[2 * sizeof text + 1];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        memcpy(want + 2 * i, "78", 3);
    for (uint32_t length = 0; length <= sizeof text; length++) {
        outfall_value value = {OUTFALL_TYPE_TEXT, length, {.data = text}};
        memset(text, 'x', sizeof text);
        expect("text(70)", 0, &value, false, &want[2 * sizeof text - 2 * length], NULL);
        for (uint32_t at = 0; at < length; at++) {
            text[at] = '\0';
            expect("text(70)", 0, &value, false, NULL, "contains a NUL byte");
            text[at] = '\x80';
            expect("text(70)", 0, &value, false, NULL, "is not UTF-8");
            text[at] = 'x';
        }
    }
}

static void long_values_are_cut_in_messages(void **state)
{
    outfall_value value = text_value("\x1b[31m\xC2\x9Bx0123456789012345678901234567890123456789");
    (void)state;
    expect("int32", 0, &value, false, NULL,
           "value \"\\x1b[31m\\xc2\\x9bx01234567890123456789012345678901\"... is not an integer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_what_postgresql_makes_of_it),
        cmocka_unit_test(text_that_does_not_fit_is_refused_with_its_reason),
        cmocka_unit_test(lossy_conversion_rounds_and_cuts),
        cmocka_unit_test(lossy_conversion_still_refuses_what_is_out_of_range),
        cmocka_unit_test(a_nul_byte_in_text_is_refused_with_its_place),
        cmocka_unit_test(the_thousandth_digit_of_a_float_still_counts),
        cmocka_unit_test(every_byte_of_a_long_text_is_looked_at),
        cmocka_unit_test(long_values_are_cut_in_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
