/* SPDX-License-Identifier: Apache-2.0 */
/* The PostgreSQL driver's pure parts: SQLSTATE to action, types and modifiers, COPY's context. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/error.h>
#include <outfall/row.h>

#include "common/text.h"
#include "document.h"
#include "postgresql/action.h"
#include "postgresql/context.h"
#include "postgresql/fault.h"
#include "postgresql/type.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_sqlstate_decides_what_is_done(void **state)
{
    static const struct {
        const char *why, *sqlstate, *function;
        bool fatal;
        int status, action;
    } cases[] = {
        {"lost without a word", NULL, NULL, false, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"lost, an empty code", "", NULL, true, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"connection failure", "08006", NULL, false, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"our bytes did not parse", "08P01", "pq_getmsgbytes", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_STOP},
        {"a pooler hangs up", "08P01", NULL, true, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"a plan of an altered table", "0A000", "RevalidateCachedQuery", false, OUTFALL_ERR_CHANGED,
         OUTFALL_ACTION_RESTART},
        {"row security came", "0A000", "DoCopy", false, OUTFALL_ERR_CHANGED,
         OUTFALL_ACTION_RESTART},
        {"another missing feature", "0A000", "transformX", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_STOP},
        {"cardinality", "21000", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"too long", "22001", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"out of range", "22003", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"bad encoding", "22021", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"\\u0000 in jsonb", "22P05", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"not null", "23502", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"unique", "23505", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"check", "23514", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"read-only", "25006", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"idle in transaction", "25P03", NULL, true, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"a statement gone", "26000", NULL, false, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"wrong password", "28P01", NULL, true, OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP},
        {"no entry in pg_hba.conf", "28000", NULL, true, OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP},
        {"no database", "3D000", NULL, true, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP},
        {"serialization", "40001", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"deadlock", "40P01", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"no right", "42501", "aclcheck_error", false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"no right, no function", "42501", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"row security refuses a row", "42501", "ExecWithCheckOptions", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_ROW},
        {"no table", "42P01", NULL, false, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"no column", "42703", NULL, false, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"another type", "42804", NULL, false, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"no cast", "42846", NULL, false, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"generated now", "428C9", NULL, false, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"a rule came", "0A000", "RewriteQuery", false, OUTFALL_ERR_CHANGED,
         OUTFALL_ACTION_RESTART},
        {"the key's index is gone", "42P10", NULL, false, OUTFALL_ERR_CHANGED,
         OUTFALL_ACTION_RESTART},
        {"foreign key", "23503", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"exclusion", "23P01", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"bad SQL", "42601", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"a view's check option", "44000", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"disk full", "53100", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"memory", "53200", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"too many connections", "53300", NULL, true, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"an index entry too long", "54000", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"a stack too deep", "54001", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"lock timeout", "55P03", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"cancelled", "57014", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"terminated", "57P01", NULL, true, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"crashed", "57P02", NULL, true, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"starting up", "57P03", NULL, true, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"database dropped", "57P04", NULL, true, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP},
        {"a trigger's RAISE", "P0001", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"no row is at fault in a dead session", "22001", NULL, true, OUTFALL_ERR_IO,
         OUTFALL_ACTION_RETRY},
        {"no such prepared transaction", "42704", "LockGXact", false, OUTFALL_ERR_NOT_FOUND,
         OUTFALL_ACTION_RESOLVE},
        {"one of another user", "42501", "LockGXact", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_STOP},
        {"one of another database", "0A000", "LockGXact", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_STOP},
        {"one that another session ends", "55000", "LockGXact", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_RETRY},
        {"a name that is taken", "42710", "MarkAsPreparing", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_STOP},
        {"no slot is free", "53200", "MarkAsPreparing", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_RETRY},
        {"there are no slots", "55000", "MarkAsPreparing", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_STOP},
        {"temporary objects", "0A000", "PrepareTransaction", false, OUTFALL_ERR_DATABASE,
         OUTFALL_ACTION_STOP},
        {"corrupted", "XX001", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"never heard of", "ZZ999", NULL, false, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_pg_action got = drv_pg_action_of(cases[i].sqlstate, cases[i].function, cases[i].fatal);
        if (got.status != cases[i].status || got.action != cases[i].action)
            fail_msg("%s: status %d, action %d", cases[i].why, got.status, got.action);
    }
}

static void some_errors_say_what_to_do(void **state)
{
    static const struct {
        const char *sqlstate, *part, *function;
    } cases[] = {
        {"28P01", "password", NULL},
        {"25006", "read_only", NULL},
        {"53100", "free space", NULL},
        {"53300", "max_connections", NULL},
        {"42501", "GRANT", NULL},
        {"3D000", "database", NULL},
        {"53200", "max_prepared_transactions", "MarkAsPreparing"},
        {"55000", "max_prepared_transactions", "MarkAsPreparing"},
        {"42501", "pg_signal_backend", "pg_terminate_backend"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_pg_action got = drv_pg_action_of(cases[i].sqlstate, cases[i].function, false);
        assert_non_null(got.advice);
        assert_non_null(strstr(got.advice, cases[i].part));
    }
}

static void add_line(char *to, size_t room, const char *prefix, const char *function,
                     const char *meaning, int action)
{
    size_t used = strlen(to);
    char code[64];
    if (prefix == NULL)
        snprintf(code, sizeof code, "none");
    else if (prefix[0] == '\0')
        snprintf(code, sizeof code, "others");
    else
        snprintf(code, sizeof code, "`%s`%s%s%s%s", prefix, strlen(prefix) < 5 ? "…" : "",
                 function != NULL ? " in `" : "", function != NULL ? function : "",
                 function != NULL ? "`" : "");
    snprintf(to + used, room - used, "| %s | %s | %s |\n", code, meaning, document_actions[action]);
}

static void the_document_has_the_same_table(void **state)
{
    static char want[65536];
    (void)state;
    want[0] = '\0';
    add_line(want, sizeof want, NULL, NULL, "the connection broke",
             drv_pg_action_of(NULL, NULL, false).action);
    for (size_t i = 0; i < drv_pg_rule_count; i++)
        add_line(want, sizeof want, drv_pg_rules[i].prefix, drv_pg_rules[i].source_function,
                 drv_pg_rules[i].meaning, drv_pg_rules[i].action);
    document_expect_table("docs/drivers/postgresql.md",
                          "| SQLSTATE | meaning | action |\n|---|---|---|\n", want);
}

/* A rule that stands behind a wider one would never be taken. */
static void every_rule_can_be_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < drv_pg_rule_count; i++) {
        const drv_pg_rule *rule = &drv_pg_rules[i];
        for (size_t j = 0; j < i; j++)
            if (strncmp(rule->prefix, drv_pg_rules[j].prefix, strlen(drv_pg_rules[j].prefix)) ==
                    0 &&
                drv_pg_rules[j].source_function == NULL)
                fail_msg("%s (%s) is never reached", rule->prefix, rule->meaning);
    }
    assert_string_equal(drv_pg_rules[drv_pg_rule_count - 1].prefix, "");
}

static void only_fatal_and_panic_end_a_session(void **state)
{
    (void)state;
    assert_true(drv_pg_severity_is_fatal("FATAL"));
    assert_true(drv_pg_severity_is_fatal("PANIC"));
    assert_false(drv_pg_severity_is_fatal("ERROR"));
    assert_false(drv_pg_severity_is_fatal("WARNING"));
    assert_false(drv_pg_severity_is_fatal(NULL));
}

static void types_have_the_limits_of_their_modifiers(void **state)
{
    static const struct {
        const char *why;
        uint32_t oid;
        int32_t modifier;
        uint32_t type, length_max, precision;
        int32_t scale, fraction_digits;
        uint32_t flags;
    } cases[] = {
        {"bigint", 20, -1, OUTFALL_TYPE_INT64, 0, 0, 0, -1, 0},
        {"text", 25, -1, OUTFALL_TYPE_TEXT, 0, 0, 0, -1, 0},
        {"varchar", 1043, -1, OUTFALL_TYPE_TEXT, 0, 0, 0, -1, 0},
        {"varchar(64)", 1043, 68, OUTFALL_TYPE_TEXT, 64, 0, 0, -1, 0},
        {"char(3)", 1042, 7, OUTFALL_TYPE_TEXT, 3, 0, 0, -1, OUTFALL_COLUMN_PADDED},
        {"name", 19, -1, OUTFALL_TYPE_TEXT, 63, 0, 0, -1, 0},
        {"numeric", 1700, -1, OUTFALL_TYPE_DECIMAL, 0, 0, 0, -1, 0},
        {"numeric(10,2)", 1700, 655366, OUTFALL_TYPE_DECIMAL, 0, 10, 2, -1,
         OUTFALL_COLUMN_NO_INFINITY},
        {"numeric(3,-2)", 1700, 198658, OUTFALL_TYPE_DECIMAL, 0, 3, -2, -1,
         OUTFALL_COLUMN_NO_INFINITY},
        {"numeric(1000,1000)", 1700, 65537004, OUTFALL_TYPE_DECIMAL, 0, 1000, 1000, -1,
         OUTFALL_COLUMN_NO_INFINITY},
        {"numeric(1,-1000)", 1700, 66588, OUTFALL_TYPE_DECIMAL, 0, 1, -1000, -1,
         OUTFALL_COLUMN_NO_INFINITY},
        {"timestamp", 1114, -1, OUTFALL_TYPE_TIMESTAMP, 0, 0, 0, -1, 0},
        {"timestamp(0)", 1114, 0, OUTFALL_TYPE_TIMESTAMP, 0, 0, 0, 0, 0},
        {"timestamptz(3)", 1184, 3, OUTFALL_TYPE_TIMESTAMPTZ, 0, 0, 0, 3, 0},
        {"time(6)", 1083, 6, OUTFALL_TYPE_TIME, 0, 0, 0, 6, 0},
        {"jsonb", 3802, -1, OUTFALL_TYPE_JSON, 0, 0, 0, -1, OUTFALL_COLUMN_JSONB},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const drv_pg_type *type = drv_pg_type_of(cases[i].oid);
        assert_non_null(type);
        outfall_column column = {.type = type->type, .flags = type->flags};
        drv_pg_type_limits(type, cases[i].modifier, &column);
        if (column.type != cases[i].type || column.length_max != cases[i].length_max ||
            column.precision != cases[i].precision || column.scale != cases[i].scale ||
            column.fraction_digits != cases[i].fraction_digits || column.flags != cases[i].flags)
            fail_msg("%s: type %u, length %u, precision %u, scale %d, fraction %d, flags %u",
                     cases[i].why, column.type, column.length_max, column.precision, column.scale,
                     column.fraction_digits, column.flags);
    }
}

static void types_without_an_encoding_are_not_known(void **state)
{
    static const uint32_t oids[] = {18 /* "char" */,
                                    869 /* inet */,
                                    1186 /* interval */,
                                    1266 /* timetz */,
                                    790 /* money */,
                                    1007 /* int4[] */,
                                    0};
    (void)state;
    for (size_t i = 0; i < COUNT(oids); i++)
        assert_null(drv_pg_type_of(oids[i]));
}

static void copy_names_the_row(void **state)
{
    static const struct {
        const char *why, *context, *relation;
        uint64_t rows;
        int64_t want;
    } cases[] = {
        {"none", NULL, "t", 10, -1},
        {"a constraint", "COPY t, line 3", "t", 10, 2},
        {"a value", "COPY t, line 3, column note", "t", 10, 2},
        {"a value that is shown", "COPY t, line 10, column a: \"x, line 4\"", "t", 10, 9},
        {"another language", "COPY t, Zeile 7, Spalte note", "t", 10, 6},
        {"a trigger first", "PL/pgSQL function f() line 3 at RAISE\nCOPY t, line 5", "t", 10, 4},
        {"a trigger's own COPY", "COPY t, line 1\nSQL statement\nCOPY t, line 6", "t", 10, 5},
        {"a name like a context", "COPY a, line 9, line 2", "a, line 9", 10, 1},
        {"another table", "COPY tt, line 3", "t", 10, -1},
        {"the trailer", "COPY t, line 11", "t", 10, -1},
        {"no number", "COPY t, line", "t", 10, -1},
        {"line 0", "COPY t, line 0", "t", 10, -1},
        {"the number is on another line", "COPY t, line\n7", "t", 10, -1},
        {"beyond all numbers", "COPY t, line 99999999999999999999999", "t", 10, -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = drv_pg_context_row(cases[i].context, cases[i].relation, cases[i].rows);
        if (got != cases[i].want)
            fail_msg("%s: %lld", cases[i].why, (long long)got);
    }
}

static void copy_names_the_column(void **state)
{
    static const outfall_column columns[] = {{.name = "note"}, {.name = "note: 2"}, {.name = "no"}};
    static const struct {
        const char *context, *want;
    } cases[] = {
        {NULL, NULL},
        {"COPY t, line 3", NULL},
        {"COPY t, line 3, column note", "note"},
        {"COPY t, line 3, column no", "no"},
        {"COPY t, line 3, column no: \"7\"", "no"},
        {"COPY t, line 3, column not", NULL},
        {"f()\nCOPY t, line 3, column no\nmore", "no"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = drv_pg_context_column(cases[i].context, columns, COUNT(columns));
        if (cases[i].want == NULL)
            assert_null(got);
        else
            assert_string_equal(got, cases[i].want);
    }
}

static void a_servers_text_becomes_one_line(void **state)
{
    static const struct {
        const char *from, *want;
        size_t capacity;
    } cases[] = {
        {"", "", 8},
        {"short", "short", 8},
        {"one\n\ttwo\n", "one two", 16},
        {"  lead", "lead", 16},
        {"exactly", "exactly", 8},
        {"one more", "one mor", 8},
        {"Gr\xc3\xbc\xc3\x9f"
         "e",
         "Gr\xc3\xbc\xc3\x9f"
         "e",
         8},
        {"Gr\xc3\xbc\xc3\x9f"
         "e",
         "Gr\xc3\xbc\xc3\x9f", 7},
        {"Gr\xc3\xbc\xc3\x9f"
         "e",
         "Gr\xc3\xbc", 6},
        {"\xf0\x9f\x98\x80", "", 4},
        {"x", "", 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char to[32];
        drv_text_line(cases[i].from, to, cases[i].capacity);
        assert_string_equal(to, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sqlstate_decides_what_is_done),
        cmocka_unit_test(some_errors_say_what_to_do),
        cmocka_unit_test(the_document_has_the_same_table),
        cmocka_unit_test(every_rule_can_be_taken),
        cmocka_unit_test(only_fatal_and_panic_end_a_session),
        cmocka_unit_test(types_have_the_limits_of_their_modifiers),
        cmocka_unit_test(types_without_an_encoding_are_not_known),
        cmocka_unit_test(copy_names_the_row),
        cmocka_unit_test(copy_names_the_column),
        cmocka_unit_test(a_servers_text_becomes_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
