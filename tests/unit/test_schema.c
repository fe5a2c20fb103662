/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas: added to, parsed, copied, compared. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "row/schema.h"
#include "row/type.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static outfall_schema *empty_schema(void)
{
    outfall_schema *schema;
    assert_int_equal(outfall_schema_new(&schema, NULL), OUTFALL_OK);
    return schema;
}

/* "name type flags length precision scale fraction", one column a line. */
static void describe(const outfall_schema *schema, char *out, size_t capacity)
{
    size_t size = 0;
    out[0] = '\0';
    for (size_t i = 0; i < outfall_schema_count(schema); i++) {
        const outfall_column *column = outfall_schema_column(schema, i);
        size += (size_t)snprintf(
            out + size, capacity - size, "%s%s %s %u %u %u %d %d", i == 0 ? "" : "\n", column->name,
            outfall_type_name((int)column->type), column->flags, column->length_max,
            column->precision, column->scale, column->fraction_digits);
    }
}

static void text_becomes_columns(void **state)
{
    static const struct {
        const char *text, *columns;
    } cases[] = {
        {"a int64", "a int64 0 0 0 0 -1"},
        {"a int64,b text", "a int64 0 0 0 0 -1\nb text 0 0 0 0 -1"},
        {" a\tBIGINT NOT NULL ,\n b Text(64) ", "a int64 1 0 0 0 -1\nb text 0 64 0 0 -1"},
        {"id int primary key, v real null", "id int32 33 0 0 0 -1\nv float32 0 0 0 0 -1"},
        {"id int not null primary key", "id int32 33 0 0 0 -1"},
        {"d decimal(10,2), e numeric ( 5 , -3 ), f number(7), g decimal",
         "d decimal 0 0 10 2 -1\ne decimal 0 0 5 -3 -1\nf decimal 0 0 7 0 -1\n"
         "g decimal 0 0 0 0 -1"},
        {"x double  precision not null", "x float64 1 0 0 0 -1"},
        {"x character varying(20), y char(3)", "x text 0 20 0 0 -1\ny text 128 3 0 0 -1"},
        {"a timestamp, b timestamp(3), c timestamp with time zone, d timestamp(0) with time zone, "
         "e timestamp without time zone, f timestamptz(6)",
         "a timestamp 0 0 0 0 -1\nb timestamp 0 0 0 0 3\nc timestamptz 0 0 0 0 -1\n"
         "d timestamptz 0 0 0 0 0\ne timestamp 0 0 0 0 -1\nf timestamptz 0 0 0 0 6"},
        {"t time(2), u time without time zone", "t time 0 0 0 0 2\nu time 0 0 0 0 -1"},
        {"\"a \"\"b\"\", c\" uuid, d jsonb, e json, f bytea, g blob(9)",
         "a \"b\", c uuid 0 0 0 0 -1\nd json 64 0 0 0 -1\ne json 0 0 0 0 -1\nf bytes 0 0 0 0 -1\n"
         "g bytes 0 9 0 0 -1"},
        {"\"int\"int,not text", "int int32 0 0 0 0 -1\nnot text 0 0 0 0 -1"},
        {"gr\xC3\xBC\xC3\x9F"
         "e date",
         "gr\xC3\xBC\xC3\x9F"
         "e date 0 0 0 0 -1"},
    };
    char columns[1024];
    outfall_error error;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_schema *schema = empty_schema();
        if (outfall_schema_parse(schema, cases[i].text, &error) != OUTFALL_OK)
            fail_msg("%s", error.message);
        describe(schema, columns, sizeof columns);
        assert_string_equal(columns, cases[i].columns);
        outfall_schema_free(schema);
    }
}

static void bad_text_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "schema: at its end: a column's name is missing"},
        {"a", "at its end: a type is missing"},
        {"a int,", "at its end: a column's name is missing"},
        {",a int", "at byte 1, \",a int\": a column's name is missing"},
        {"a int b text", "there is no such type"},
        {"a strnig", "at byte 3, \"strnig\": there is no such type: use bool, int16"},
        {"a int not", "at its end: 'null' is missing here, after 'not'"},
        {"a int not nul", "at byte 11, \"nul\": 'null' is missing"},
        {"a int primary", "'key' is missing"},
        {"a int not null unique", "at byte 16, \"unique\": only 'not null'"},
        {"a int(4)", "takes no arguments"},
        {"a text()", "a whole number of at most nine digits is missing"},
        {"a text(0)", "one length of 1 or more"},
        {"a text(-1)", "one length of 1 or more"},
        {"a text(1,2)", "one length of 1 or more"},
        {"a text(9999999999)", "at most nine digits"},
        {"a text(5", "at its end: a ')' is missing"},
        {"a decimal(1,2,3)", "at most two arguments"},
        {"a decimal(0)", "precision is 1 to 1000"},
        {"a decimal(1001)", "precision is 1 to 1000"},
        {"a decimal(5,1001)", "scale is -1000 to 1000"},
        {"a timestamp(7)", "0 to 6 digits"},
        {"\"a int", "no closing quote"},
        {"\"\" int", "this name is empty"},
        {"a int, b text, a date", "column \"a\" is given twice"},
        {"a \xFF", "there is no such type"},
        {"\xFF int", "is not UTF-8"},
    };
    outfall_error error;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_schema *schema = empty_schema();
        assert_int_equal(outfall_schema_parse(schema, "kept int", &error), OUTFALL_OK);
        assert_int_equal(outfall_schema_parse(schema, cases[i].text, &error), OUTFALL_ERR_INVALID);
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", cases[i].text, error.message,
                     cases[i].message);
        assert_int_equal(outfall_schema_count(schema), 1); /* Nothing of a bad text is kept. */
        outfall_schema_free(schema);
    }
}

static void names_have_at_most_255_bytes(void **state)
{
    char text[300];
    outfall_error error;
    outfall_schema *schema = empty_schema();
    (void)state;
    memset(text, 'n', sizeof text);
    memcpy(text + 255, " int", 5);
    assert_int_equal(outfall_schema_parse(schema, text, &error), OUTFALL_OK);
    memset(text, 'n', sizeof text);
    memcpy(text + 256, " int", 5);
    assert_int_equal(outfall_schema_parse(schema, text, &error), OUTFALL_ERR_INVALID);
    text[0] = '"';
    memcpy(text + 257, "\" int", 6);
    assert_int_equal(outfall_schema_parse(schema, text, &error), OUTFALL_ERR_INVALID);
    outfall_column column = {.name = text, .type = OUTFALL_TYPE_INT32};
    assert_int_equal(outfall_schema_add(schema, &column, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_schema_count(schema), 1);
    outfall_schema_free(schema);
}

static void bad_columns_are_refused(void **state)
{
    static const struct {
        outfall_column column;
        const char *message;
    } cases[] = {
        {{.type = OUTFALL_TYPE_INT32}, "column 1 has no name"},
        {{.name = "", .type = OUTFALL_TYPE_INT32}, "column 1 has no name"},
        {{.name = "\xC0", .type = OUTFALL_TYPE_INT32}, "not UTF-8"},
        {{.name = "a", .type = OUTFALL_TYPE_NULL}, "0 is not a column's type"},
        {{.name = "a", .type = 17}, "17 is not a column's type"},
    };
    outfall_error error;
    outfall_schema *schema = empty_schema();
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(outfall_schema_add(schema, &cases[i].column, &error), OUTFALL_ERR_INVALID);
        assert_non_null(strstr(error.message, cases[i].message));
    }
    assert_int_equal(outfall_schema_count(schema), 0);
    assert_int_equal(outfall_schema_new(NULL, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_schema_add(NULL, &cases[0].column, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_schema_add(schema, NULL, &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_schema_parse(NULL, "a int", &error), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_schema_parse(schema, NULL, &error), OUTFALL_ERR_INVALID);
    outfall_schema_free(schema);
    outfall_schema_free(NULL);
    assert_int_equal(outfall_schema_count(NULL), 0);
    assert_null(outfall_schema_column(NULL, 0));
}

static void a_schema_takes_1600_columns(void **state)
{
    outfall_error error;
    outfall_schema *schema = empty_schema();
    char name[16];
    outfall_column column = {.name = name, .type = OUTFALL_TYPE_TEXT};
    (void)state;
    for (int i = 0; i < OF_SCHEMA_COLUMNS_MAX; i++) {
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(outfall_schema_add(schema, &column, &error), OUTFALL_OK);
    }
    snprintf(name, sizeof name, "last");
    assert_int_equal(outfall_schema_add(schema, &column, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "at most 1600"));
    assert_int_equal(of_schema_find(schema, "c1599"), 1599);
    assert_int_equal(of_schema_find(schema, "last"), -1);
    assert_null(outfall_schema_column(schema, OF_SCHEMA_COLUMNS_MAX));
    outfall_schema_free(schema);
}

static void a_copy_is_equal_and_its_own(void **state)
{
    static const char *const changes[] = {
        "a int, b decimal(10,3), c text(5)",
        "a int, b decimal(9,2), c text(5)",
        "a int, b decimal(10,2), c text(6)",
        "a int, x decimal(10,2), c text(5)",
        "a int64, b decimal(10,2), c text(5)",
        "a int not null, b decimal(10,2), c text(5)",
        "a int, b decimal(10,2)",
    };
    outfall_error error;
    outfall_schema *copy, *other, *schema = empty_schema();
    (void)state;
    assert_int_equal(outfall_schema_parse(schema, "a int, b decimal(10,2), c text(5)", &error),
                     OUTFALL_OK);
    assert_int_equal(of_schema_copy(schema->columns, schema->count, &copy, &error), OUTFALL_OK);
    assert_true(of_schema_equal(schema, copy));
    outfall_schema_free(schema);
    assert_string_equal(copy->columns[2].name, "c");
    for (size_t i = 0; i < COUNT(changes); i++) {
        other = empty_schema();
        assert_int_equal(outfall_schema_parse(other, changes[i], &error), OUTFALL_OK);
        assert_false(of_schema_equal(copy, other));
        outfall_schema_free(other);
    }
    outfall_schema_free(copy);
}

static void types_of_the_database_are_told_apart_by_name(void **state)
{
    outfall_column column = {.name = "a", .type = OUTFALL_TYPE_OTHER, .type_name = "mood"};
    outfall_schema *one, *two;
    (void)state;
    assert_int_equal(of_schema_copy(&column, 1, &one, NULL), OUTFALL_OK);
    column.type_name = "inet";
    assert_int_equal(of_schema_copy(&column, 1, &two, NULL), OUTFALL_OK);
    assert_false(of_schema_equal(one, two));
    assert_string_equal(one->columns[0].type_name, "mood");
    outfall_schema_free(one);
    outfall_schema_free(two);
}

static void type_names_are_known_in_any_case(void **state)
{
    static const struct {
        const char *name;
        int type;
    } cases[] = {
        {"int64", OUTFALL_TYPE_INT64},
        {"Double   Precision", OUTFALL_TYPE_FLOAT64},
        {"TIMESTAMP WITH TIME ZONE", OUTFALL_TYPE_TIMESTAMPTZ},
        {"jsonb", OUTFALL_TYPE_JSON},
        {"", -1},
        {"int6", -1},
        {"int644", -1},
        {"double", OUTFALL_TYPE_FLOAT64},
        {"double ", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(outfall_type_from_name(cases[i].name, strlen(cases[i].name)),
                         cases[i].type);
    assert_int_equal(outfall_type_from_name("text(5)", 4), OUTFALL_TYPE_TEXT);
    assert_int_equal(outfall_type_from_name(NULL, 0), -1);
    for (int type = OUTFALL_TYPE_BOOL; type <= OUTFALL_TYPE_OTHER; type++) {
        const char *name = outfall_type_name(type);
        assert_int_equal(outfall_type_from_name(name, strlen(name)), type);
    }
    assert_string_equal(outfall_type_name(OUTFALL_TYPE_NULL), "null");
    assert_string_equal(outfall_type_name(17), "?");
    assert_string_equal(outfall_type_name(-1), "?");
}

static void a_columns_type_reads_as_it_was_written(void **state)
{
    static const char *const types[] = {"decimal(10,2)", "decimal",       "text(5)", "text",
                                        "bytes(7)",      "timestamp(3)",  "time",    "jsonb",
                                        "int16",         "timestamptz(0)"};
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        char text[40], small[5];
        outfall_schema *schema = empty_schema();
        snprintf(text, sizeof text, "a %s", types[i]);
        assert_int_equal(outfall_schema_parse(schema, text, NULL), OUTFALL_OK);
        of_type_text(outfall_schema_column(schema, 0), text, sizeof text);
        assert_string_equal(text, types[i]);
        of_type_text(outfall_schema_column(schema, 0), small, sizeof small);
        assert_int_equal(strlen(small), 4);
        outfall_schema_free(schema);
    }
}

static void no_failing_allocation_leaks_or_crashes(void **state)
{
    static const char text[] =
        "a int, b text, c text, d text, e text, f text, g text, h text, i "
        "text, j text, k text, l text, m text, n text, o text, p text, q int";
    int status = OUTFALL_ERR_NOMEM;
    (void)state;
    for (uint64_t nth = 1; status != OUTFALL_OK && nth < 100; nth++) {
        outfall_schema *schema = NULL, *copy = NULL;
        outfall_error error;
        of_alloc_fail_from(nth);
        status = outfall_schema_new(&schema, &error);
        if (status == OUTFALL_OK)
            status = outfall_schema_parse(schema, text, &error);
        if (status == OUTFALL_OK)
            status = of_schema_copy(schema->columns, schema->count, &copy, &error);
        of_alloc_fail_from(0);
        if (status != OUTFALL_OK) {
            assert_int_equal(status, OUTFALL_ERR_NOMEM);
            assert_int_equal(error.status, OUTFALL_ERR_NOMEM);
            assert_null(copy);
        }
        outfall_schema_free(copy);
        outfall_schema_free(schema);
    }
    assert_int_equal(status, OUTFALL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_columns),
        cmocka_unit_test(bad_text_is_refused_with_its_place),
        cmocka_unit_test(names_have_at_most_255_bytes),
        cmocka_unit_test(bad_columns_are_refused),
        cmocka_unit_test(a_schema_takes_1600_columns),
        cmocka_unit_test(a_copy_is_equal_and_its_own),
        cmocka_unit_test(types_of_the_database_are_told_apart_by_name),
        cmocka_unit_test(type_names_are_known_in_any_case),
        cmocka_unit_test(a_columns_type_reads_as_it_was_written),
        cmocka_unit_test(no_failing_allocation_leaks_or_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
