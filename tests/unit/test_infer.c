/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer.h"

static void add_text(of_infer *infer, const char *text, int type)
{
    outfall_value value = {.type = (uint32_t)type, .length = (uint32_t)strlen(text)};
    /* Not NUL-terminated, as in a line: what reads past the end meets a digit. */
    char buffer[128];
    memset(buffer, '7', sizeof buffer);
    memcpy(buffer, text, strlen(text));
    value.as.data = buffer;
    of_infer_add(infer, &value);
}

/* Samples parted by '|'; "~" is NULL. */
static int infer(const char *samples)
{
    of_infer column = {0};
    char sample[128];

    for (;;) {
        size_t length = strcspn(samples, "|");
        memcpy(sample, samples, length);
        sample[length] = '\0';
        if (strcmp(sample, "~") == 0)
            of_infer_add(&column, &(outfall_value){.type = OUTFALL_TYPE_NULL});
        else
            add_text(&column, sample, OUTFALL_TYPE_TEXT);
        if (samples[length] == '\0')
            return of_infer_type(&column);
        samples += length + 1;
    }
}

static void types_are_inferred_from_text(void **state)
{
    static const struct {
        const char *samples;
        int type;
    } cases[] = {
        /* Nothing to go by. */
        {"~", OUTFALL_TYPE_TEXT},
        {"", OUTFALL_TYPE_TEXT},
        {"1|", OUTFALL_TYPE_TEXT},
        /* Integers. */
        {"0", OUTFALL_TYPE_INT64},
        {"1|~|-2|30", OUTFALL_TYPE_INT64},
        {"9223372036854775807|-9223372036854775808", OUTFALL_TYPE_INT64},
        {"9223372036854775808", OUTFALL_TYPE_DECIMAL},
        {"-9223372036854775809", OUTFALL_TYPE_DECIMAL},
        {"99999999999999999999", OUTFALL_TYPE_DECIMAL},
        /* What would come back spelt otherwise stays text. */
        {"007", OUTFALL_TYPE_TEXT},
        {"1|07", OUTFALL_TYPE_TEXT},
        {"-01", OUTFALL_TYPE_TEXT},
        {"+5", OUTFALL_TYPE_TEXT},
        {" 5", OUTFALL_TYPE_TEXT},
        {"5 ", OUTFALL_TYPE_TEXT},
        {"1,000", OUTFALL_TYPE_TEXT},
        {"1_000", OUTFALL_TYPE_TEXT},
        {"0x10", OUTFALL_TYPE_TEXT},
        {"-", OUTFALL_TYPE_TEXT},
        {"1a", OUTFALL_TYPE_TEXT},
        {"NaN", OUTFALL_TYPE_TEXT},
        {"inf", OUTFALL_TYPE_TEXT},
        /* Decimals. */
        {"1.50", OUTFALL_TYPE_DECIMAL},
        {"1|2.5|~", OUTFALL_TYPE_DECIMAL},
        {"0.1|-12.340", OUTFALL_TYPE_DECIMAL},
        {"3.141592653589793238462643", OUTFALL_TYPE_DECIMAL},
        {".5", OUTFALL_TYPE_TEXT},
        {"5.", OUTFALL_TYPE_TEXT},
        {"00.5", OUTFALL_TYPE_TEXT},
        {"1.2.3", OUTFALL_TYPE_TEXT},
        {"-0", OUTFALL_TYPE_FLOAT64},
        {"-0.0|1.5", OUTFALL_TYPE_FLOAT64},
        /* Exponents, as long as a double holds all their digits. */
        {"1e5", OUTFALL_TYPE_FLOAT64},
        {"1.5E-3|2|0.25", OUTFALL_TYPE_FLOAT64},
        {"1e+05", OUTFALL_TYPE_FLOAT64},
        {"1.234567890123456e5", OUTFALL_TYPE_TEXT},
        {"1e5|1234567890123456", OUTFALL_TYPE_TEXT},
        {"1e400", OUTFALL_TYPE_TEXT},
        {"1e-400", OUTFALL_TYPE_TEXT},
        {"1e99999999999999999999", OUTFALL_TYPE_TEXT},
        {"1e", OUTFALL_TYPE_TEXT},
        {"1e+", OUTFALL_TYPE_TEXT},
        {"e5", OUTFALL_TYPE_TEXT},
        {"1.e5", OUTFALL_TYPE_TEXT},
        /* Booleans. */
        {"true|false|~", OUTFALL_TYPE_BOOL},
        {"TRUE|False", OUTFALL_TYPE_BOOL},
        {"true|1", OUTFALL_TYPE_TEXT},
        {"t", OUTFALL_TYPE_TEXT},
        {"yes", OUTFALL_TYPE_TEXT},
        /* Dates. */
        {"2024-01-31", OUTFALL_TYPE_DATE},
        {"2024-02-29|~|0001-01-01|9999-12-31", OUTFALL_TYPE_DATE},
        {"2000-02-29", OUTFALL_TYPE_DATE},
        {"2024-02-30", OUTFALL_TYPE_TEXT},
        {"2023-02-29", OUTFALL_TYPE_TEXT},
        {"1900-02-29", OUTFALL_TYPE_TEXT},
        {"2024-13-01", OUTFALL_TYPE_TEXT},
        {"2024-00-01", OUTFALL_TYPE_TEXT},
        {"2024-01-00", OUTFALL_TYPE_TEXT},
        {"0000-01-01", OUTFALL_TYPE_TEXT},
        {"2024-1-31", OUTFALL_TYPE_TEXT},
        {"24-01-31", OUTFALL_TYPE_TEXT},
        {"20240131", OUTFALL_TYPE_INT64},
        {"2024/01/31", OUTFALL_TYPE_TEXT},
        {"2024-01-311", OUTFALL_TYPE_TEXT},
        {"31.01.2024", OUTFALL_TYPE_TEXT},
        /* Timestamps. */
        {"2024-01-31T12:34:56", OUTFALL_TYPE_TIMESTAMP},
        {"2024-01-31 12:34:56.123456|2024-01-31T00:00:00", OUTFALL_TYPE_TIMESTAMP},
        {"2024-01-31 12:34:56.1234567", OUTFALL_TYPE_TEXT},
        {"2024-01-31 12:34:56.", OUTFALL_TYPE_TEXT},
        {"2024-01-31 24:00:00", OUTFALL_TYPE_TEXT},
        {"2024-01-31 23:60:00", OUTFALL_TYPE_TEXT},
        {"2024-01-31 23:59:60", OUTFALL_TYPE_TEXT},
        {"2024-01-31 12:34", OUTFALL_TYPE_TEXT},
        {"2024-01-31  12:34:56", OUTFALL_TYPE_TEXT},
        {"2024-01-31|2024-01-31T12:34:56", OUTFALL_TYPE_TEXT},
        /* With a zone. */
        {"2024-01-31T12:34:56Z", OUTFALL_TYPE_TIMESTAMPTZ},
        {"2024-01-31T12:34:56.5+02:00|2024-01-31 12:34:56-0330", OUTFALL_TYPE_TIMESTAMPTZ},
        {"2024-01-31 12:34:56+02", OUTFALL_TYPE_TIMESTAMPTZ},
        {"2024-01-31T12:34:56 Z", OUTFALL_TYPE_TEXT},
        {"2024-01-31T12:34:56+", OUTFALL_TYPE_TEXT},
        {"2024-01-31T12:34:56+2", OUTFALL_TYPE_TEXT},
        {"2024-01-31T12:34:56+02:0", OUTFALL_TYPE_TEXT},
        {"2024-01-31T12:34:56Z|2024-01-31T12:34:56", OUTFALL_TYPE_TEXT},
        /* Mixtures. */
        {"1|abc", OUTFALL_TYPE_TEXT},
        {"2024-01-31|1", OUTFALL_TYPE_TEXT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (infer(cases[i].samples) != cases[i].type)
            fail_msg("%s: %s, not %s", cases[i].samples, outfall_type_name(infer(cases[i].samples)),
                     outfall_type_name(cases[i].type));
    }
}

static void json_values_keep_their_type(void **state)
{
    static const outfall_value yes = {.type = OUTFALL_TYPE_BOOL, .as.integer = 1};
    static const outfall_value seven = {.type = OUTFALL_TYPE_INT64, .as.integer = 7};
    static const outfall_value large = {.type = OUTFALL_TYPE_INT64,
                                        .as.integer = INT64_C(1234567890123456)};
    static const outfall_value list = {.type = OUTFALL_TYPE_JSON, .length = 2, .as.data = "[]"};
    static const outfall_value point = {
        .type = OUTFALL_TYPE_DECIMAL, .length = 3, .as.data = "1.5"};
    static const outfall_value power = {
        .type = OUTFALL_TYPE_DECIMAL, .length = 3, .as.data = "1e5"};
    static const outfall_value word = {.type = OUTFALL_TYPE_TEXT, .length = 1, .as.data = "a"};
    static const outfall_value date = {
        .type = OUTFALL_TYPE_TEXT, .length = 10, .as.data = "2024-01-31"};
    static const struct {
        const outfall_value *first, *second;
        int type;
    } cases[] = {
        {&yes, &yes, OUTFALL_TYPE_BOOL},        {&seven, &seven, OUTFALL_TYPE_INT64},
        {&seven, &point, OUTFALL_TYPE_DECIMAL}, {&large, &point, OUTFALL_TYPE_DECIMAL},
        {&power, &seven, OUTFALL_TYPE_FLOAT64}, {&power, &large, OUTFALL_TYPE_TEXT},
        {&list, &list, OUTFALL_TYPE_JSON},      {&list, &seven, OUTFALL_TYPE_TEXT},
        {&word, &seven, OUTFALL_TYPE_TEXT},     {&date, &date, OUTFALL_TYPE_DATE},
        {&yes, &seven, OUTFALL_TYPE_TEXT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_infer column = {0};
        of_infer_add(&column, cases[i].first);
        of_infer_add(&column, cases[i].second);
        assert_int_equal(of_infer_type(&column), cases[i].type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_inferred_from_text),
        cmocka_unit_test(json_values_keep_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
