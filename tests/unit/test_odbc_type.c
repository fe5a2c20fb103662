/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver's types: read from the catalog by each dialect, and declared. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sql.h>
#include <sqlext.h>

#include <outfall/row.h>

#include "odbc/type.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NONE DRV_ODBC_NO_DIGITS

static void a_type_is_read(void **state)
{
    static const struct {
        const drv_odbc_dialect *dialect;
        const char *name;
        int64_t size;
        int digits;
        uint32_t want;
        enum drv_odbc_bind bind;
        uint32_t length, precision;
        int32_t scale, fraction;
    } cases[] = {
        {&drv_odbc_postgresql, "int4", 10, 0, OUTFALL_TYPE_INT32, DRV_ODBC_BIND_INT32, 0, 0, 0, -1},
        {&drv_odbc_postgresql, "VARCHAR", 20, NONE, OUTFALL_TYPE_TEXT, DRV_ODBC_BIND_TEXT, 20, 0, 0,
         -1},
        {&drv_odbc_postgresql, "numeric", 0, 0, OUTFALL_TYPE_DECIMAL, DRV_ODBC_BIND_DECIMAL_TEXT, 0,
         0, 0, -1},
        {&drv_odbc_postgresql, "numeric", 8, -2, OUTFALL_TYPE_DECIMAL, DRV_ODBC_BIND_DECIMAL_TEXT,
         0, 8, -2, -1},
        {&drv_odbc_postgresql, "timestamptz", 0, 3, OUTFALL_TYPE_TIMESTAMPTZ,
         DRV_ODBC_BIND_ZONED_TEXT, 0, 0, 0, 3},
        {&drv_odbc_postgresql, "timestamp", 0, 6, OUTFALL_TYPE_TIMESTAMP,
         DRV_ODBC_BIND_TIMESTAMP_TEXT, 0, 0, 0, -1},
        {&drv_odbc_mysql, "bool", 1, 0, OUTFALL_TYPE_BOOL, DRV_ODBC_BIND_INT16, 0, 0, 0, -1},
        {&drv_odbc_mysql, "bigint unsigned", 20, 0, OUTFALL_TYPE_DECIMAL,
         DRV_ODBC_BIND_DECIMAL_TEXT, 0, 20, 0, -1},
        {&drv_odbc_mysql, "int unsigned", 10, 0, OUTFALL_TYPE_INT64, DRV_ODBC_BIND_INT64, 0, 0, 0,
         -1},
        {&drv_odbc_mysql, "datetime", 0, 0, OUTFALL_TYPE_TIMESTAMP, DRV_ODBC_BIND_TIMESTAMP_TEXT, 0,
         0, 0, 0},
        {&drv_odbc_sqlite, "UNSIGNED BIG INT", 0, NONE, OUTFALL_TYPE_INT64, DRV_ODBC_BIND_INT64, 0,
         0, 0, -1},
        {&drv_odbc_sqlite, "NVARCHAR(8)", 8, 0, OUTFALL_TYPE_TEXT, DRV_ODBC_BIND_TEXT, 0, 0, 0, -1},
        {&drv_odbc_sqlite, "DECIMAL_TEXT(30,5)", 30, 5, OUTFALL_TYPE_DECIMAL,
         DRV_ODBC_BIND_DECIMAL_TEXT, 0, 30, 5, -1},
        {&drv_odbc_sqlite, "DECIMAL(8,2)", 8, 2, OUTFALL_TYPE_DECIMAL, DRV_ODBC_BIND_DECIMAL_TEXT,
         0, 15, 0, -1},
        {&drv_odbc_sqlite, "timestamp  with time zone", 0, NONE, OUTFALL_TYPE_TIMESTAMPTZ,
         DRV_ODBC_BIND_ZONED_TEXT, 0, 0, 0, -1},
        {&drv_odbc_oracle, "NUMBER", 10, 0, OUTFALL_TYPE_INT64, DRV_ODBC_BIND_INT64_TEXT, 0, 0, 0,
         -1},
        {&drv_odbc_oracle, "NUMBER", 18, 0, OUTFALL_TYPE_INT64, DRV_ODBC_BIND_INT64_TEXT, 0, 0, 0,
         -1},
        {&drv_odbc_oracle, "NUMBER", 19, 0, OUTFALL_TYPE_DECIMAL, DRV_ODBC_BIND_DECIMAL, 0, 19, 0,
         -1},
        {&drv_odbc_oracle, "NUMBER", 12, 2, OUTFALL_TYPE_DECIMAL, DRV_ODBC_BIND_DECIMAL, 0, 12, 2,
         -1},
        {&drv_odbc_oracle, "NUMBER", 38, NONE, OUTFALL_TYPE_DECIMAL, DRV_ODBC_BIND_DECIMAL, 0, 38,
         0, -1},
        {&drv_odbc_oracle, "RAW", 16, NONE, OUTFALL_TYPE_UUID, DRV_ODBC_BIND_UUID_BYTES, 0, 0, 0,
         -1},
        {&drv_odbc_oracle, "RAW", 17, NONE, OUTFALL_TYPE_BYTES, DRV_ODBC_BIND_BYTES, 17, 0, 0, -1},
        {&drv_odbc_oracle, "DATE", 19, 0, OUTFALL_TYPE_TIMESTAMP, DRV_ODBC_BIND_TIMESTAMP, 0, 0, 0,
         0},
        {&drv_odbc_oracle, "TIMESTAMP(6) WITH TIME ZONE", 26, 6, OUTFALL_TYPE_TIMESTAMPTZ,
         DRV_ODBC_BIND_TIMESTAMP, 0, 0, 0, -1},
        {&drv_odbc_mssql, "nvarchar", 40, NONE, OUTFALL_TYPE_TEXT, DRV_ODBC_BIND_TEXT, 40, 0, 0,
         -1},
        {&drv_odbc_mssql, "uniqueidentifier", 36, NONE, OUTFALL_TYPE_UUID, DRV_ODBC_BIND_UUID_TEXT,
         0, 0, 0, -1},
        {&drv_odbc_ansi, "DOUBLE PRECISION", 15, NONE, OUTFALL_TYPE_FLOAT64, DRV_ODBC_BIND_FLOAT64,
         0, 0, 0, -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const drv_odbc_type *type =
            drv_odbc_type_named(cases[i].dialect, cases[i].name, cases[i].size);
        outfall_column column = {.name = "c"};
        if (type == NULL)
            fail_msg("%s has no %s", cases[i].dialect->name, cases[i].name);
        enum drv_odbc_bind bind = drv_odbc_type_read(type, cases[i].size, cases[i].digits, &column);
        if (column.type != cases[i].want || bind != cases[i].bind ||
            column.length_max != cases[i].length || column.precision != cases[i].precision ||
            column.scale != cases[i].scale || column.fraction_digits != cases[i].fraction)
            fail_msg("%s %s: type %u, bind %d, length %u, (%u, %d), fraction %d",
                     cases[i].dialect->name, cases[i].name, column.type, (int)bind,
                     column.length_max, column.precision, (int)column.scale,
                     (int)column.fraction_digits);
    }
}

static void a_range_is_read(void **state)
{
    static const struct {
        const drv_odbc_dialect *dialect;
        const char *name;
        int64_t size;
        int64_t least, most;
    } cases[] = {
        {&drv_odbc_mysql, "tinyint", 3, -128, 127},
        {&drv_odbc_mysql, "mediumint unsigned", 7, 0, 16777215},
        {&drv_odbc_mysql, "bit", 2, 0, 3},
        {&drv_odbc_mysql, "bit", 64, 0, INT64_MAX},
        {&drv_odbc_mysql, "year", 4, 1901, 2155},
        {&drv_odbc_mssql, "tinyint", 3, 0, 255},
        {&drv_odbc_oracle, "NUMBER", 1, -9, 9},
        {&drv_odbc_oracle, "NUMBER", 18, INT64_C(-999999999999999999), INT64_C(999999999999999999)},
        {&drv_odbc_mysql, "timestamp", 0, 1000000, INT64_C(2147483647999999)},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_column column = {.name = "c"};
        (void)drv_odbc_type_read(
            drv_odbc_type_named(cases[i].dialect, cases[i].name, cases[i].size), cases[i].size, 0,
            &column);
        if ((column.flags & OUTFALL_COLUMN_LIMITED) == 0 || column.least != cases[i].least ||
            column.most != cases[i].most)
            fail_msg("%s %s(%d)", cases[i].dialect->name, cases[i].name, (int)cases[i].size);
    }
}

static void what_no_dialect_knows_is_text_or_goes_by_its_number(void **state)
{
    static const struct {
        int number;
        uint32_t want;
    } cases[] = {
        {SQL_INTEGER, OUTFALL_TYPE_INT32},   {SQL_TINYINT, OUTFALL_TYPE_INT16},
        {SQL_WVARCHAR, OUTFALL_TYPE_TEXT},   {SQL_LONGVARBINARY, OUTFALL_TYPE_BYTES},
        {SQL_TYPE_DATE, OUTFALL_TYPE_DATE},  {SQL_TYPE_TIMESTAMP, OUTFALL_TYPE_TIMESTAMP},
        {SQL_NUMERIC, OUTFALL_TYPE_DECIMAL}, {SQL_BIT, OUTFALL_TYPE_BOOL},
    };
    (void)state;
    assert_null(drv_odbc_type_named(&drv_odbc_postgresql, "inet", 0));
    assert_null(drv_odbc_type_named(&drv_odbc_postgresql, "_int4", 0));
    assert_null(drv_odbc_type_named(&drv_odbc_mysql, "enum", 0));
    assert_null(drv_odbc_type_named(&drv_odbc_ansi, "XML", 0));
    assert_non_null(drv_odbc_type_named(&drv_odbc_sqlite, "anything", 0)); /* SQLite takes all. */
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(drv_odbc_type_numbered(cases[i].number)->type, cases[i].want);
    assert_null(drv_odbc_type_numbered(SQL_GUID));
    assert_null(drv_odbc_type_numbered(0));
}

static void arguments_are_read_from_a_name(void **state)
{
    static const struct {
        const char *name;
        int64_t size;
        int digits;
    } cases[] = {
        {"DECIMAL_TEXT(30, 5)", 30, 5},
        {"DECIMAL_TEXT(30,5)", 30, 5},
        {"VARCHAR(8)", 8, 0},
        {"VARCHAR( 8 )", 8, 0},
        {"TEXT", 0, NONE},
        {"X(", 0, NONE},
        {"X()", 0, NONE},
        {"X(-3)", 0, NONE},
        {"X(3,4)", 0, NONE},
        {"X(99999999999)", 0, NONE},
        {"X(a)", 0, NONE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t size = -1;
        int digits = -1;
        drv_odbc_type_arguments(cases[i].name, &size, &digits);
        if (size != cases[i].size || digits != cases[i].digits)
            fail_msg("%s: %d, %d", cases[i].name, (int)size, digits);
    }
}

static void a_type_is_declared(void **state)
{
    static const struct {
        const drv_odbc_dialect *dialect;
        outfall_column column;
        const char *want; /* NULL: there is none. */
    } cases[] = {
        {&drv_odbc_postgresql, {.type = OUTFALL_TYPE_TEXT}, "text"},
        {&drv_odbc_postgresql, {.type = OUTFALL_TYPE_TEXT, .length_max = 64}, "varchar(64)"},
        {&drv_odbc_postgresql,
         {.type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = 3},
         "timestamp(3)"},
        {&drv_odbc_postgresql,
         {.type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = -1},
         "timestamp"},
        {&drv_odbc_postgresql, {.type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = 6}, "timestamp"},
        {&drv_odbc_mysql, {.type = OUTFALL_TYPE_TEXT, .length_max = 4000}, "VARCHAR(4000)"},
        {&drv_odbc_mysql, {.type = OUTFALL_TYPE_TEXT, .length_max = 4001}, "LONGTEXT"},
        {&drv_odbc_mysql, {.type = OUTFALL_TYPE_TEXT, .flags = OUTFALL_COLUMN_KEY}, "VARCHAR(255)"},
        {&drv_odbc_mysql,
         {.type = OUTFALL_TYPE_TEXT, .flags = OUTFALL_COLUMN_KEY, .length_max = 9},
         "VARCHAR(9)"},
        {&drv_odbc_mysql,
         {.type = OUTFALL_TYPE_DECIMAL, .precision = 66, .scale = 1},
         "DECIMAL(65, 30)"},
        {&drv_odbc_oracle,
         {.type = OUTFALL_TYPE_TIMESTAMPTZ, .fraction_digits = 3},
         "TIMESTAMP(3) WITH TIME ZONE"},
        {&drv_odbc_oracle, {.type = OUTFALL_TYPE_TEXT, .length_max = 64}, "VARCHAR2(64 CHAR)"},
        {&drv_odbc_oracle, {.type = OUTFALL_TYPE_TIME, .fraction_digits = -1}, NULL},
        {&drv_odbc_sqlite, {.type = OUTFALL_TYPE_INT16, .flags = OUTFALL_COLUMN_KEY}, "INTEGER"},
        {&drv_odbc_mssql, {.type = OUTFALL_TYPE_BYTES}, "varbinary(max)"},
        {&drv_odbc_ansi, {.type = OUTFALL_TYPE_OTHER}, NULL},
        {&drv_odbc_ansi, {.type = OUTFALL_TYPE_OTHER + 1}, NULL},
        {&drv_odbc_ansi, {.type = OUTFALL_TYPE_NULL}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_text text = {0};
        int made = drv_odbc_type_declare(&text, cases[i].dialect, &cases[i].column);
        if (made != (cases[i].want != NULL) || (made && strcmp(text.data, cases[i].want) != 0))
            fail_msg("%s, type %u: %s", cases[i].dialect->name, cases[i].column.type,
                     made ? text.data : "none");
        drv_text_free(&text);
    }
}

/* A type that is declared is read as itself, or as one that holds all its values. */
static void each_type_that_is_declared_is_known(void **state)
{
    static const drv_odbc_dialect *const all[] = {&drv_odbc_ansi, &drv_odbc_mssql, &drv_odbc_oracle,
                                                  &drv_odbc_sqlite};
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (uint32_t type = OUTFALL_TYPE_NULL + 1; type < OUTFALL_TYPE_OTHER; type++) {
            const outfall_column column = {.type = type, .fraction_digits = -1};
            drv_text text = {0};
            if (drv_odbc_type_declare(&text, all[i], &column) &&
                drv_odbc_type_named(all[i], text.data, 0) == NULL)
                fail_msg("%s: %s", all[i]->name, text.data);
            drv_text_free(&text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_is_read),
        cmocka_unit_test(a_range_is_read),
        cmocka_unit_test(what_no_dialect_knows_is_text_or_goes_by_its_number),
        cmocka_unit_test(arguments_are_read_from_a_name),
        cmocka_unit_test(a_type_is_declared),
        cmocka_unit_test(each_type_that_is_declared_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
