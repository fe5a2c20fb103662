/* SPDX-License-Identifier: Apache-2.0 */
/* The MySQL driver's types both ways, members of enums, names, and what a view selects from. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/row.h>

#include "mysql/members.h"
#include "mysql/sql.h"
#include "mysql/type.h"
#include "mysql/view.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY_US INT64_C(86400000000)

static const drv_my_dialect mariadb = {true, 101119};
static const drv_my_dialect mysql = {false, 80036};

static void a_type_is_read(void **state)
{
    static const struct {
        drv_my_type type;
        uint32_t want;
        int limited;
        int64_t least, most;
        uint32_t length, precision;
        int32_t fraction;
        bool rounds;
    } cases[] = {
        {{"tinyint", "tinyint(1)", -1, 3, 0, -1, false},
         OUTFALL_TYPE_BOOL,
         0,
         0,
         0,
         0,
         0,
         -1,
         false},
        {{"tinyint", "tinyint(4)", -1, 3, 0, -1, false},
         OUTFALL_TYPE_INT16,
         1,
         -128,
         127,
         0,
         0,
         -1,
         false},
        {{"tinyint", "tinyint", -1, 3, 0, -1, false},
         OUTFALL_TYPE_INT16,
         1,
         -128,
         127,
         0,
         0,
         -1,
         false},
        {{"tinyint", "tinyint(1) unsigned", -1, 3, 0, -1, false},
         OUTFALL_TYPE_INT16,
         1,
         0,
         255,
         0,
         0,
         -1,
         false},
        {{"smallint", "smallint(6)", -1, 5, 0, -1, false},
         OUTFALL_TYPE_INT16,
         0,
         0,
         0,
         0,
         0,
         -1,
         false},
        {{"smallint", "smallint(5) unsigned", -1, 5, 0, -1, false},
         OUTFALL_TYPE_INT32,
         1,
         0,
         65535,
         0,
         0,
         -1,
         false},
        {{"mediumint", "mediumint(9)", -1, 7, 0, -1, false},
         OUTFALL_TYPE_INT32,
         1,
         -8388608,
         8388607,
         0,
         0,
         -1,
         false},
        {{"int", "int(10) unsigned zerofill", -1, 10, 0, -1, false},
         OUTFALL_TYPE_INT64,
         1,
         0,
         4294967295,
         0,
         0,
         -1,
         false},
        {{"bigint", "bigint(20)", -1, 19, 0, -1, false},
         OUTFALL_TYPE_INT64,
         0,
         0,
         0,
         0,
         0,
         -1,
         false},
        {{"bigint", "bigint(20) unsigned", -1, 20, 0, -1, false},
         OUTFALL_TYPE_DECIMAL,
         0,
         0,
         0,
         0,
         20,
         -1,
         false},
        {{"bit", "bit(1)", -1, 1, -1, -1, false}, OUTFALL_TYPE_BOOL, 0, 0, 0, 0, 0, -1, false},
        {{"bit", "bit(8)", -1, 8, -1, -1, false}, OUTFALL_TYPE_INT64, 1, 0, 255, 0, 0, -1, false},
        {{"bit", "bit(63)", -1, 63, -1, -1, false},
         OUTFALL_TYPE_INT64,
         1,
         0,
         INT64_MAX,
         0,
         0,
         -1,
         false},
        {{"bit", "bit(64)", -1, 64, -1, -1, false},
         OUTFALL_TYPE_DECIMAL,
         0,
         0,
         0,
         0,
         20,
         -1,
         false},
        {{"year", "year(4)", -1, -1, -1, -1, false},
         OUTFALL_TYPE_INT16,
         1,
         1901,
         2155,
         0,
         0,
         -1,
         false},
        {{"float", "float", -1, 12, -1, -1, false}, OUTFALL_TYPE_FLOAT32, 0, 0, 0, 0, 0, -1, false},
        {{"float", "float(7,2)", -1, 7, 2, -1, false},
         OUTFALL_TYPE_FLOAT32,
         0,
         0,
         0,
         0,
         0,
         -1,
         true},
        {{"double", "double", -1, 22, -1, -1, false},
         OUTFALL_TYPE_FLOAT64,
         0,
         0,
         0,
         0,
         0,
         -1,
         false},
        {{"decimal", "decimal(10,2)", -1, 10, 2, -1, false},
         OUTFALL_TYPE_DECIMAL,
         0,
         0,
         0,
         0,
         10,
         -1,
         false},
        {{"date", "date", -1, -1, -1, -1, false},
         OUTFALL_TYPE_DATE,
         1,
         -719162,
         2932896,
         0,
         0,
         -1,
         false},
        {{"time", "time(3)", -1, -1, -1, 3, false}, OUTFALL_TYPE_TIME, 0, 0, 0, 0, 0, 3, false},
        {{"datetime", "datetime", -1, -1, -1, 0, false},
         OUTFALL_TYPE_TIMESTAMP,
         1,
         -719162 * DAY_US,
         2932897 * DAY_US - 1,
         0,
         0,
         0,
         false},
        {{"timestamp", "timestamp(6)", -1, -1, -1, 6, false},
         OUTFALL_TYPE_TIMESTAMPTZ,
         1,
         1000000,
         2147483647999999,
         0,
         0,
         6,
         false},
        {{"varchar", "varchar(30)", 30, -1, -1, -1, false},
         OUTFALL_TYPE_TEXT,
         0,
         0,
         0,
         30,
         0,
         -1,
         false},
        {{"text", "text", 65535, -1, -1, -1, false},
         OUTFALL_TYPE_TEXT,
         0,
         0,
         0,
         65535,
         0,
         -1,
         false},
        {{"longtext", "longtext", 4294967295, -1, -1, -1, false},
         OUTFALL_TYPE_TEXT,
         0,
         0,
         0,
         0,
         0,
         -1,
         false},
        {{"longtext", "longtext", 4294967295, -1, -1, -1, true},
         OUTFALL_TYPE_JSON,
         0,
         0,
         0,
         0,
         0,
         -1,
         false},
        {{"json", "json", -1, -1, -1, -1, false}, OUTFALL_TYPE_JSON, 0, 0, 0, 0, 0, -1, false},
        {{"varbinary", "varbinary(9)", 9, -1, -1, -1, false},
         OUTFALL_TYPE_BYTES,
         0,
         0,
         0,
         9,
         0,
         -1,
         false},
        {{"enum", "enum('a')", 1, -1, -1, -1, false}, OUTFALL_TYPE_OTHER, 0, 0, 0, 0, 0, -1, false},
        {{"uuid", "uuid", -1, -1, -1, -1, false}, OUTFALL_TYPE_UUID, 0, 0, 0, 0, 0, -1, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_column column = {.name = "c"};
        bool rounds = false;
        const char *why = drv_my_type_read(&cases[i].type, mariadb, &column, &rounds);
        int limited = (column.flags & OUTFALL_COLUMN_LIMITED) != 0;
        if (why != NULL || column.type != cases[i].want || limited != cases[i].limited ||
            column.least != cases[i].least || column.most != cases[i].most ||
            column.length_max != cases[i].length || column.precision != cases[i].precision ||
            column.fraction_digits != cases[i].fraction || rounds != cases[i].rounds)
            fail_msg("%s: type %u, %lld to %lld, length %u, precision %u, fraction %d",
                     cases[i].type.column_type, column.type, (long long)column.least,
                     (long long)column.most, column.length_max, column.precision,
                     column.fraction_digits);
    }
}

static void a_type_without_a_form_is_refused(void **state)
{
    static const char *const types[] = {"geometry", "point", "vector", "somethingnew"};
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        const drv_my_type type = {types[i], types[i], -1, -1, -1, -1, false};
        outfall_column column = {.name = "c"};
        bool rounds;
        assert_non_null(drv_my_type_read(&type, mariadb, &column, &rounds));
    }
}

static void a_timestamp_ends_where_the_server_s_does(void **state)
{
    const drv_my_type type = {"timestamp", "timestamp", -1, -1, -1, 0, false};
    outfall_column column = {.name = "c"};
    bool rounds;
    (void)state;
    assert_null(drv_my_type_read(&type, (drv_my_dialect){true, 110500}, &column, &rounds));
    assert_int_equal(column.most, 4294967295999999);
    column = (outfall_column){.name = "c"};
    assert_null(drv_my_type_read(&type, (drv_my_dialect){false, 110500}, &column, &rounds));
    assert_int_equal(column.most, 2147483647999999);
}

static void a_collation_by_bytes_pads_nothing(void **state)
{
    static const struct {
        const char *name;
        bool bytewise;
    } cases[] = {
        {"", true},
        {"binary", true},
        {"utf8mb4_nopad_bin", true},
        {"latin1_nopad_bin", true},
        {"utf8mb4_0900_bin", true},
        {"utf8mb4_bin", false}, /* Blanks at the end do not count. */
        {"utf8mb4_general_ci", false},
        {"utf8mb4_0900_ai_ci", false},
        {"utf8mb4_general_nopad_ci", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (drv_my_type_is_bytewise(cases[i].name) != cases[i].bytewise)
            fail_msg("%s", cases[i].name);
}

static void a_type_is_made(void **state)
{
    static const struct {
        outfall_column column;
        bool key;
        const char *mariadb, *mysql; /* NULL: it is refused. */
    } cases[] = {
        {{.type = OUTFALL_TYPE_BOOL}, false, "TINYINT(1)", "TINYINT(1)"},
        {{.type = OUTFALL_TYPE_INT64}, false, "BIGINT", "BIGINT"},
        {{.type = OUTFALL_TYPE_DECIMAL}, false, "DECIMAL(65,30)", "DECIMAL(65,30)"},
        {{.type = OUTFALL_TYPE_DECIMAL, .precision = 10, .scale = 2},
         false,
         "DECIMAL(10,2)",
         "DECIMAL(10,2)"},
        {{.type = OUTFALL_TYPE_DECIMAL, .precision = 65, .scale = 38},
         false,
         "DECIMAL(65,38)",
         NULL},
        {{.type = OUTFALL_TYPE_DECIMAL, .precision = 66, .scale = 2}, false, NULL, NULL},
        {{.type = OUTFALL_TYPE_DECIMAL, .precision = 10, .scale = -2}, false, NULL, NULL},
        {{.type = OUTFALL_TYPE_DECIMAL, .precision = 2, .scale = 3}, false, NULL, NULL},
        {{.type = OUTFALL_TYPE_TEXT}, false, "LONGTEXT", "LONGTEXT"},
        {{.type = OUTFALL_TYPE_TEXT}, true, "VARCHAR(255)", "VARCHAR(255)"},
        {{.type = OUTFALL_TYPE_TEXT, .length_max = 64}, true, "VARCHAR(64)", "VARCHAR(64)"},
        {{.type = OUTFALL_TYPE_TEXT, .length_max = 8, .flags = OUTFALL_COLUMN_PADDED},
         false,
         "CHAR(8)",
         "CHAR(8)"},
        {{.type = OUTFALL_TYPE_TEXT, .length_max = 20000}, false, "LONGTEXT", "LONGTEXT"},
        {{.type = OUTFALL_TYPE_BYTES}, false, "LONGBLOB", "LONGBLOB"},
        {{.type = OUTFALL_TYPE_BYTES, .length_max = 16}, true, "VARBINARY(16)", "VARBINARY(16)"},
        {{.type = OUTFALL_TYPE_TIME, .fraction_digits = 0}, false, "TIME(0)", "TIME(0)"},
        {{.type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = -1},
         false,
         "DATETIME(6)",
         "DATETIME(6)"},
        {{.type = OUTFALL_TYPE_TIMESTAMPTZ, .fraction_digits = 3},
         false,
         "TIMESTAMP(3)",
         "TIMESTAMP(3)"},
        {{.type = OUTFALL_TYPE_UUID},
         false,
         "UUID",
         "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"},
        {{.type = OUTFALL_TYPE_JSON}, false, "JSON", "JSON"},
        {{.type = OUTFALL_TYPE_OTHER}, false, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int server = 0; server < 2; server++) {
            drv_text text = {0};
            const char *want = server == 0 ? cases[i].mariadb : cases[i].mysql;
            const char *why = drv_my_type_add(&text, &cases[i].column, cases[i].key,
                                              server == 0 ? mariadb : mysql);
            if ((why == NULL) != (want != NULL) || (want != NULL && strcmp(text.data, want) != 0))
                fail_msg("case %zu, server %d: %s", i, server, text.data);
            drv_text_free(&text);
        }
    }
}

static void members_are_compared_letter_by_letter(void **state)
{
    static const struct {
        const char *type, *value;
        bool member;
    } cases[] = {
        {"enum('a','b')", "a", true},
        {"enum('a','b')", "A", false},
        {"enum('a','b')", "a ", false},
        {"enum('a','b')", "2", false}, /* The server would take it for 'b'. */
        {"enum('a','2')", "2", true},
        {"enum('a','b')", "", false},
        {"enum('','b')", "", true},
        {"enum('a','b')", "a,b", false},
        {"enum('it''s','a,b')", "it's", true},
        {"enum('it''s','a,b')", "a,b", true},
        {"enum('é')", "é", true},
        {"set('x','y')", "x", true},
        {"set('x','y')", "y,x", true},
        {"set('x','y')", "", true},
        {"set('x','y')", "3", false}, /* The server would take it for both. */
        {"set('x','y')", "x,", false},
        {"set('x','y')", ",x", false},
        {"set('x','y')", "x, y", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_my_members members;
        assert_true(drv_my_members_read(cases[i].type, &members));
        if (drv_my_members_have(&members, cases[i].value, strlen(cases[i].value)) !=
            cases[i].member)
            fail_msg("%s: \"%s\"", cases[i].type, cases[i].value);
        drv_my_members_free(&members);
    }
}

static void a_name_is_checked(void **state)
{
    static const struct {
        const char *why, *name;
        bool good;
    } cases[] = {
        {"plain", "a", true},
        {"backtick, quote, semicolon", "a`\";", true},
        {"64 characters of three bytes",
         "€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€", true},
        {"65 characters", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         false},
        {"beyond the BMP", "a\xF0\x9F\x98\x80", false},
        {"a blank at the end", "a ", false},
        {"a blank inside", "a b", true},
        {"empty", "", false},
        {"not UTF-8", "a\xFF", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_error error;
        if ((drv_my_check_name(cases[i].name, "column", &error) == OUTFALL_OK) != cases[i].good)
            fail_msg("%s", cases[i].why);
    }
}

static void text_becomes_a_literal(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"a", "'a'"},
        {"it's", "'it''s'"},
        {"a\\'b", "'a\\\\''b'"},
        {"", "''"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_text out = {0};
        drv_my_add_literal(&out, cases[i].text);
        assert_string_equal(out.data, cases[i].want);
        drv_text_free(&out);
    }
}

static void a_view_of_one_table_tells_which(void **state)
{
    static const struct {
        const char *definition, *schema, *table; /* NULL: it does not tell. */
    } cases[] = {
        {"select `d`.`b`.`a` AS `a` from `d`.`b`", "d", "b"},
        {"select `d`.`b`.`a` AS `a` from `d`.`b` where `d`.`b`.`a` >= 0", "d", "b"},
        {"select `d`.`b`.` from ` AS `a` from `d`.`b`", "d", "b"},
        {"select ' from `x`.`y`' AS `a` from `d`.`b`", "d", "b"},
        {"select (select 1 from `x`.`y`) AS `a` from `d`.`b`", "d", "b"},
        {"select 1 AS `a` from `d`.`with``tick`", "d", "with`tick"},
        {"select 1 AS `a` from (`d`.`b` join `d`.`c`)", NULL, NULL},
        {"select 1 AS `a` from `d`.`b` join `d`.`c`", NULL, NULL},
        {"select 1 AS `a` from `d`.`b` group by 1", NULL, NULL},
        {"select 1 AS `a`", NULL, NULL},
        {"", NULL, NULL},
        {"select `never ends", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_text schema = {0};
        drv_text table = {0};
        bool found = drv_my_view_base(cases[i].definition, &schema, &table);
        if (found != (cases[i].table != NULL) ||
            (found && (strcmp(schema.data, cases[i].schema) != 0 ||
                       strcmp(table.data, cases[i].table) != 0)))
            fail_msg("%s", cases[i].definition);
        drv_text_free(&schema);
        drv_text_free(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_is_read),
        cmocka_unit_test(a_type_without_a_form_is_refused),
        cmocka_unit_test(a_timestamp_ends_where_the_server_s_does),
        cmocka_unit_test(a_collation_by_bytes_pads_nothing),
        cmocka_unit_test(a_type_is_made),
        cmocka_unit_test(members_are_compared_letter_by_letter),
        cmocka_unit_test(a_name_is_checked),
        cmocka_unit_test(text_becomes_a_literal),
        cmocka_unit_test(a_view_of_one_table_tells_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
