/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "row/name.h"

static void a_table_name_has_one_part_or_two(void **state)
{
    static const struct {
        const char *text, *schema, *table;
    } cases[] = {
        {"t", NULL, "t"},
        {"s.t", "s", "t"},
        {"My Table", NULL, "My Table"},
        {"\"my.table\"", NULL, "my.table"},
        {"\"my.schema\".\"my.table\"", "my.schema", "my.table"},
        {"s.\"a\"\"b\"", "s", "a\"b"},
        {"caf\xc3\xa9.t", "caf\xc3\xa9", "t"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_table_name name;
        assert_int_equal(of_table_name_parse(cases[i].text, &name, NULL), OUTFALL_OK);
        assert_string_equal(name.table, cases[i].table);
        if (cases[i].schema == NULL)
            assert_null(name.schema);
        else
            assert_string_equal(name.schema, cases[i].schema);
        of_table_name_free(&name);
    }
}

static void a_bad_table_name_is_an_error(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "empty part"},       {".", "empty part"},
        {"a.", "empty part"},     {".a", "empty part"},
        {"\"\"", "empty part"},   {"a.b.c", "more than two parts"},
        {"\"a", "not closed"},    {"\"a\"b", "after a closing quote"},
        {"a\"b", "quote inside"}, {"\xff", "UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_table_name name;
        outfall_error error = {0};
        assert_int_equal(of_table_name_parse(cases[i].text, &name, &error), OUTFALL_ERR_INVALID);
        assert_non_null(strstr(error.message, cases[i].says));
        assert_null(name.schema);
        assert_null(name.table);
    }
}

static void names_are_parted_by_commas(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *names[3];
    } cases[] = {
        {"", 0, {NULL}},
        {"  ", 0, {NULL}},
        {"id", 1, {"id"}},
        {"a,b", 2, {"a", "b"}},
        {" a ,  b c , d", 3, {"a", "b c", "d"}},
        {"\"a,b\" , c", 2, {"a,b", "c"}},
        {"\" a \"", 1, {" a "}},
        {"\"a\"\"b\",c.d", 2, {"a\"b", "c.d"}},
        {"\xF0\x9F\x90\xA6", 1, {"\xF0\x9F\x90\xA6"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_names names;
        assert_int_equal(of_names_parse(cases[i].text, "key", &names, NULL), OUTFALL_OK);
        assert_int_equal(names.count, cases[i].count);
        for (size_t at = 0; at < names.count; at++)
            assert_string_equal(names.names[at], cases[i].names[at]);
        of_names_free(&names);
        assert_null(names.names);
    }
}

static void a_bad_list_of_names_is_an_error_that_names_the_option(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {",", "empty part"},
        {"a,", "empty part"},
        {"a,,b", "empty part"},
        {"\"a", "not closed"},
        {"a\"b", "quote"},
        {"\"a\" b", "after a closing quote"},
        {"a,b,a", "names \"a\" twice"},
        {"\xff", "UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_names names;
        outfall_error error = {0};
        assert_int_equal(of_names_parse(cases[i].text, "key", &names, &error), OUTFALL_ERR_CONFIG);
        assert_non_null(strstr(error.message, cases[i].says));
        assert_non_null(strstr(error.message, "option key"));
        assert_null(names.names);
        assert_int_equal(names.count, 0);
    }
}

static void out_of_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 6; nth++) {
        outfall_table_name name;
        of_names names;
        of_alloc_fail_from(nth);
        int status = of_table_name_parse("s.t", &name, NULL);
        assert_int_equal(status, nth <= 2 ? OUTFALL_ERR_NOMEM : OUTFALL_OK);
        of_alloc_fail_from(nth);
        status = of_names_parse("a,b", "key", &names, NULL);
        assert_int_equal(status, nth <= 4 ? OUTFALL_ERR_NOMEM : OUTFALL_OK);
        of_alloc_fail_from(0);
        of_table_name_free(&name);
        of_names_free(&names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_name_has_one_part_or_two),
        cmocka_unit_test(a_bad_table_name_is_an_error),
        cmocka_unit_test(names_are_parted_by_commas),
        cmocka_unit_test(a_bad_list_of_names_is_an_error_that_names_the_option),
        cmocka_unit_test(out_of_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
