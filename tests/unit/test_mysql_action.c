/* SPDX-License-Identifier: Apache-2.0 */
/* The MySQL driver's errors: number and SQLSTATE to action; row and column from a message. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/error.h>

#include "document.h"
#include "mysql/action.h"
#include "mysql/message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_number_decides_what_is_done(void **state)
{
    static const struct {
        const char *why;
        unsigned code;
        const char *sqlstate;
        int status, action;
    } cases[] = {
        {"unique", 1062, "23000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"unique, by name", 1586, "23000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"not null", 1048, "23000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"no default", 1364, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"check, MariaDB", 4025, "23000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"check, MySQL", 3819, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"no parent row", 1452, "23000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"a child row", 1451, "23000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"too long", 1406, "22001", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"out of range", 1264, "22003", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"bad value", 1366, "22007", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"data truncated", 1265, "01000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"bad time", 1292, "22007", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"no partition", 1526, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"a view's check option", 1369, "44000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"a trigger's signal", 1644, "45000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"a signal of its own number", 30001, "45000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"deadlock", 1213, "40001", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"lock timeout", 1205, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"too many connections", 1040, "08004", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"too many of the user", 1203, "42000", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"read-only server", 1290, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"read-only transaction", 1792, "25006", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"read-only mode", 1836, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"shutdown", 1053, "08S01", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"gone", 2006, "HY000", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"lost", 2013, "HY000", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"lost, with a reason", 2055, "HY000", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"no server there", 2003, "HY000", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"disk full", 1021, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"table full", 1114, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"write failed", 3, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"no right to the table", 1142, "42000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"no right to the column", 1143, "42000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"no right to the database", 1044, "42000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"wrong password", 1045, "28000", OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP},
        {"no database", 1049, "42000", OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP},
        {"killed query", 1317, "70100", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"killed connection", 1927, "70100", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"table changed", 1412, "HY000", OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"no column", 1054, "42S22", OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"no table", 1146, "42S02", OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"generated now", 1906, "HY000", OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART},
        {"TLS", 2026, "HY000", OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP},
        {"a plugin that tells passwords", 5010, "HY000", OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP},
        {"a server that asks for a file", 2068, "HY000", OUTFALL_ERR_IO, OUTFALL_ACTION_STOP},
        {"client out of memory", 2008, "HY000", OUTFALL_ERR_NOMEM, OUTFALL_ACTION_RETRY},
        {"an unknown data exception", 9999, "22999", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW},
        {"an unknown rollback", 9999, "40999", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY},
        {"an unknown loss", 9999, "08999", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY},
        {"unknown altogether", 9999, "HY000", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
        {"without a SQLSTATE", 9999, NULL, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_my_action found = drv_my_action_of(cases[i].code, cases[i].sqlstate);
        if (found.status != cases[i].status || found.action != cases[i].action)
            fail_msg("%s: status %d, action %d", cases[i].why, found.status, found.action);
    }
}

static void a_deadlock_takes_the_transaction_with_it(void **state)
{
    (void)state;
    assert_true(drv_my_action_ends_transaction(1213));
    assert_false(drv_my_action_ends_transaction(1062));
    assert_false(drv_my_action_ends_transaction(1406));
}

static void a_lost_commit_is_unknown_and_a_refused_one_is_not(void **state)
{
    static const struct {
        const char *why;
        unsigned code;
        bool unknown;
    } cases[] = {
        {"lost", 2013, true},       {"gone", 2006, true},        {"killed", 1927, true},
        {"shutdown", 1053, true},   {"interrupted", 1317, true}, {"deadlock", 1213, false},
        {"disk full", 1021, false}, {"read-only", 1290, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (drv_my_action_is_unknown_commit(cases[i].code) != cases[i].unknown)
            fail_msg("%s", cases[i].why);
}

static void every_rule_can_be_taken(void **state)
{
    (void)state;
    for (size_t i = 1; i < drv_my_rule_count; i++)
        if (drv_my_rules[i].code <= drv_my_rules[i - 1].code)
            fail_msg("%u is there twice, or out of order", drv_my_rules[i].code);
    for (size_t i = 0; i < drv_my_class_rule_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strncmp(drv_my_class_rules[i].prefix, drv_my_class_rules[j].prefix,
                        strlen(drv_my_class_rules[j].prefix)) == 0)
                fail_msg("%s is never reached", drv_my_class_rules[i].prefix);
    assert_string_equal(drv_my_class_rules[drv_my_class_rule_count - 1].prefix, "");
}

/* ---- The document ----------------------------------------------------------------------- */

static void add_line(char *to, size_t room, const char *code, const char *meaning, int action)
{
    size_t used = strlen(to);
    snprintf(to + used, room - used, "| %s | %s | %s |\n", code, meaning, document_actions[action]);
}

static void the_document_has_the_same_table(void **state)
{
    static char want[65536];
    char code[64];
    (void)state;
    want[0] = '\0';
    for (size_t i = 0; i < drv_my_rule_count; i++) {
        snprintf(code, sizeof code, "%u", drv_my_rules[i].code);
        add_line(want, sizeof want, code, drv_my_rules[i].meaning, drv_my_rules[i].action);
    }
    for (size_t i = 0; i < drv_my_class_rule_count; i++) {
        const drv_my_class_rule *rule = &drv_my_class_rules[i];
        snprintf(code, sizeof code, "others of SQLSTATE `%s`%s", rule->prefix,
                 strlen(rule->prefix) < 5 ? "…" : "");
        add_line(want, sizeof want, rule->prefix[0] != '\0' ? code : "others", rule->meaning,
                 rule->action);
    }
    document_expect_table("docs/drivers/mysql.md", "| errno | meaning | action |\n|---|---|---|\n",
                          want);
}

/* ---- Messages --------------------------------------------------------------------------- */

static void a_message_names_its_row(void **state)
{
    static const struct {
        const char *why, *message;
        uint64_t rows;
        int64_t want;
    } cases[] = {
        {"at its end", "Data too long for column 'a' at row 8", 10, 7},
        {"with our words behind", "writing to `t`: Data too long at row 8 (error 1406)", 10, 7},
        {"the first", "Out of range value for column 'a' at row 1", 1, 0},
        {"beyond the batch", "Out of range value for column 'a' at row 9", 8, -1},
        {"none", "Duplicate entry '3' for key 'PRIMARY'", 8, -1},
        {"zero", "Data truncated at row 0", 8, -1},
        {"the words in a value", "Incorrect integer value: ' at row 3' for column 'a' at row 2", 8,
         1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (drv_my_message_row(cases[i].message, cases[i].rows) != cases[i].want)
            fail_msg("%s: %lld", cases[i].why,
                     (long long)drv_my_message_row(cases[i].message, cases[i].rows));
}

static void a_message_names_its_column(void **state)
{
    static const outfall_column columns[] = {{.name = "id"}, {.name = "a b"}, {.name = "t"}};
    static const struct {
        const char *why, *message, *want;
    } cases[] = {
        {"a bare name", "Column 'id' cannot be null", "id"},
        {"a name with a blank", "Data too long for column 'a b' at row 1", "a b"},
        {"with table and database", "Incorrect string value: 'x' for column `d`.`t`.`id` at row 1",
         "id"},
        {"a field", "Field 'id' doesn't have a default value", "id"},
        {"in other letters", "Column 'ID' cannot be null", "id"},
        {"a foreign key",
         "Cannot add or update a child row: a foreign key constraint fails (`d`.`t`, CONSTRAINT "
         "`c` FOREIGN KEY (`id`) REFERENCES `p` (`t`))",
         "id"},
        {"a check, whose table is called like a column", "CONSTRAINT `c` failed for `d`.`t`", NULL},
        {"a column of no target", "Column 'other' cannot be null", NULL},
        {"a key", "Duplicate entry 'id' for key 'PRIMARY'", NULL},
        {"the words in a value",
         "Incorrect integer value: 'column 't'' for column `d`.`t`.`id` at row 1", "id"},
        {"a quote that does not end", "Unknown column 'id", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = drv_my_message_column(cases[i].message, columns, COUNT(columns));
        bool right = found == NULL || cases[i].want == NULL ? found == cases[i].want
                                                            : strcmp(found, cases[i].want) == 0;
        if (!right)
            fail_msg("%s: %s", cases[i].why, found != NULL ? found : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_decides_what_is_done),
        cmocka_unit_test(a_deadlock_takes_the_transaction_with_it),
        cmocka_unit_test(a_lost_commit_is_unknown_and_a_refused_one_is_not),
        cmocka_unit_test(every_rule_can_be_taken),
        cmocka_unit_test(the_document_has_the_same_table),
        cmocka_unit_test(a_message_names_its_row),
        cmocka_unit_test(a_message_names_its_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
