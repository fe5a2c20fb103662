/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of JSON, and strings written as JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "row/json.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Checks a copy without a NUL at its end, so that a sanitizer sees a byte read too many. */
static const char *check(const char *text, size_t length, bool strict, size_t *offset)
{
    char *copy = malloc(length == 0 ? 1 : length);
    assert_non_null(copy);
    memcpy(copy, text, length);
    const char *wrong = of_json_check(copy, length, strict, offset);
    free(copy);
    return wrong;
}

static void documents_are_taken(void **state)
{
    static const char *const cases[] = {
        "{}",
        "[]",
        " [ ] ",
        "\t\r\n{ \"a\" : 1 , \"b\" : [ true , false , null ] }\n",
        "0",
        "-0",
        "10",
        "1.5e10",
        "-1.25E-3",
        "1e+5",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aB\"",
        "\"\xC3\xBC\xE2\x82\xAC\"",
        "\"\x7F\"",
        "[[[[]],{}],{\"a\":{}}]",
        "{\"\":[]}",
        "true",
        "null",
        "\"\\ud83d\\ude00\"",
    };
    size_t offset;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *wrong = check(cases[i], strlen(cases[i]), true, &offset);
        if (wrong != NULL)
            fail_msg("%s: at byte %zu: %s", cases[i], offset, wrong);
    }
}

static void malformed_documents_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *wrong;
    } cases[] = {
        {"", 0, "a value is missing"},
        {"  ", 2, "a value is missing"},
        {"{", 1, "a key in double quotes is missing"},
        {"[", 1, "a value is missing"},
        {"[1", 2, "a ',' or ']' is missing"},
        {"[1,]", 3, "a value is missing"},
        {"[1 2]", 3, "a ',' or ']' is missing"},
        {"[1}", 2, "a ',' or ']' is missing"},
        {"{\"a\":1]", 6, "a ',' or '}' is missing"},
        {"{\"a\"}", 4, "a ':' is missing"},
        {"{\"a\":}", 5, "a value is missing"},
        {"{\"a\":1,}", 7, "a key in double quotes is missing"},
        {"{a:1}", 1, "a key in double quotes is missing"},
        {"{'a':1}", 1, "a key in double quotes is missing"},
        {"{} {}", 3, "the document has ended before this"},
        {"1,", 1, "the document has ended before this"},
        {"]", 0, "a value is missing"},
        {"tru", 0, "a value is missing"},
        {"True", 0, "a value is missing"},
        {"nulL", 0, "a value is missing"},
        {"01", 0, "a number starts with 0"},
        {"-01", 1, "a number starts with 0"},
        {"-", 1, "a number has no digits"},
        {"+1", 0, "a value is missing"},
        {".5", 0, "a value is missing"},
        {"1.", 2, "a number has no digits after its point"},
        {"1e", 2, "a number has no digits in its exponent"},
        {"1e+", 3, "a number has no digits in its exponent"},
        {"1e+-5", 3, "a number has no digits in its exponent"},
        {"0x10", 1, "the document has ended before this"},
        {"NaN", 0, "a value is missing"},
        {"Infinity", 0, "a value is missing"},
        {"\"", 1, "a string is not closed"},
        {"\"a", 2, "a string is not closed"},
        {"\"\\", 2, "there is no such escape"},
        {"\"\\x\"", 2, "there is no such escape"},
        {"\"\\u12\"", 3, "\\u needs four hex digits"},
        {"\"\\u12g4\"", 3, "\\u needs four hex digits"},
        {"\"a\nb\"", 2, "a control character in a string must be escaped"},
        {"\"a\tb\"", 2, "a control character in a string must be escaped"},
        {"\xEF\xBB\xBF{}", 0, "a value is missing"},
        {"/* */ 1", 0, "a value is missing"},
    };
    size_t offset;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *wrong = check(cases[i].text, strlen(cases[i].text), false, &offset);
        if (wrong == NULL)
            fail_msg("%s was taken", cases[i].text);
        assert_string_equal(wrong, cases[i].wrong);
        if (offset != cases[i].offset)
            fail_msg("%s: at byte %zu", cases[i].text, offset);
    }
    assert_non_null(check("1\0", 2, false, &offset));
    assert_int_equal(offset, 1);
    assert_non_null(check("\"\\\0\"", 4, false, &offset));
}

static void jsonb_also_refuses_what_is_no_character(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
    } cases[] = {
        {"\"\\u0000\"", 3},        {"\"\\ud800\"", 7},        {"\"\\udc00\"", 7},
        {"\"\\ud83d\\ud83d\"", 9}, {"\"\\ud83dx\"", 7},       {"\"\\ud83d\\n\"", 8},
        {"{\"\\u0000\": 1}", 4},   {"\"\\ude00\\ud83d\"", 7}, {"\"\\ud83d\\u\"", 9},
    };
    size_t offset;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_non_null(check(cases[i].text, strlen(cases[i].text), true, &offset));
        assert_int_equal(offset, cases[i].offset);
    }
    for (size_t i = 0; i < COUNT(cases) - 1; i++)
        assert_null(check(cases[i].text, strlen(cases[i].text), false, &offset));
}

static void nesting_has_a_limit(void **state)
{
    char text[2 * OF_JSON_DEPTH_MAX + 2];
    size_t offset;
    (void)state;
    memset(text, '[', OF_JSON_DEPTH_MAX);
    memset(text + OF_JSON_DEPTH_MAX, ']', OF_JSON_DEPTH_MAX);
    assert_null(check(text, 2 * (size_t)OF_JSON_DEPTH_MAX, true, &offset));
    memset(text, '[', OF_JSON_DEPTH_MAX + 1);
    assert_string_equal(check(text, sizeof text, true, &offset),
                        "it is nested more than 1000 deep");
    assert_int_equal(offset, OF_JSON_DEPTH_MAX);
}

static void objects_and_arrays_may_take_turns_at_any_depth(void **state)
{
    char text[6000];
    size_t size = 0, offset;
    (void)state;
    for (int i = 0; i < 400; i++) {
        memcpy(text + size, i % 3 == 0 ? "[" : "{\"k\":", i % 3 == 0 ? 1 : 5);
        size += i % 3 == 0 ? 1 : 5;
    }
    text[size++] = '1';
    for (int i = 399; i >= 0; i--)
        text[size++] = i % 3 == 0 ? ']' : '}';
    assert_null(check(text, size, true, &offset));
    text[size - 200] = text[size - 200] == ']' ? '}' : ']';
    assert_non_null(check(text, size, true, &offset));
    assert_int_equal(offset, size - 200);
}

static void strings_are_escaped(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *json;
    } cases[] = {
        {"", 0, "\"\""},
        {"abc", 3, "\"abc\""},
        {"\"\\/", 3, "\"\\\"\\\\/\""},
        {"\n\x1F\x7F", 3, "\"\\u000a\\u001f\x7F\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\xE2\x82\xAC", 3, "\"\xE2\x82\xAC\""},
    };
    char json[64];
    size_t offset;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = of_json_string(cases[i].text, cases[i].length, json);
        assert_int_equal(length, strlen(cases[i].json));
        assert_memory_equal(json, cases[i].json, length);
        assert_true(length <= of_json_string_max(cases[i].length));
        assert_null(check(json, length, false, &offset));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_taken),
        cmocka_unit_test(malformed_documents_are_refused_with_their_place),
        cmocka_unit_test(jsonb_also_refuses_what_is_no_character),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(objects_and_arrays_may_take_turns_at_any_depth),
        cmocka_unit_test(strings_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
