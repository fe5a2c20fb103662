/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused under exactly-once, and what is asked to find out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/inspect.h"
#include "common/ledger.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Judging ---------------------------------------------------------------------------- */

/* One finding of a check; all others are unknown. */
typedef struct judged {
    const drv_checks *checks;
    const char *name, *value;
    uint32_t prepared;
    bool durable;      /* It is of those that can be allowed. */
    const char *fault; /* The message starts with it; NULL: it passes. */
    const char *remedy;
} judged;

static const judged cases[] = {
    {&drv_checks_postgresql, "fsync", "on", 0, true, NULL, NULL},
    {&drv_checks_postgresql, "fsync", "off", 0, true, "fsync is off",
     "ALTER SYSTEM SET fsync = on and SELECT pg_reload_conf()"},
    {&drv_checks_postgresql, "synchronous_commit", "off", 0, true, "synchronous_commit is off",
     "ALTER ROLE \"me\" SET synchronous_commit = on"},
    {&drv_checks_postgresql, "synchronous_commit", "on", 0, true, NULL, NULL},
    {&drv_checks_postgresql, "synchronous_commit", "local", 0, true, NULL, NULL},
    {&drv_checks_postgresql, "synchronous_commit", "remote_write", 0, true, NULL, NULL},
    {&drv_checks_postgresql, "synchronous_commit", "remote_apply", 0, true, NULL, NULL},
    {&drv_checks_postgresql, "synchronous_commit", "remote", 0, true, "synchronous_commit is",
     "on"},
    {&drv_checks_postgresql, "a standby", "a standby", 0, false, "the server is a standby",
     "name the primary"},
    {&drv_checks_postgresql, "transaction_read_only", "on", 0, false, "transaction_read_only is on",
     "ALTER ROLE \"me\" SET default_transaction_read_only = off"},
    {&drv_checks_postgresql, "an unlogged table", "s.t_1", 0, false, "s.t_1 is unlogged",
     "ALTER TABLE s.t_1 SET LOGGED"},
    {&drv_checks_postgresql, "a foreign table", "f", 0, false, "f is a foreign table",
     "the server that has it"},
    {&drv_checks_postgresql, "rights to outfall_fence", "UPDATE", 0, false, "the ledger cannot",
     "GRANT SELECT, INSERT, UPDATE ON outfall_fence TO \"me\""},
    {&drv_checks_postgresql, "rights to outfall_ledger", "DELETE", 0, false, NULL, NULL},
    {&drv_checks_postgresql, "rights to outfall_ledger", "DELETE", 1, false, "the ledger cannot",
     "GRANT SELECT, INSERT, DELETE ON outfall_ledger TO \"me\""},
    {&drv_checks_postgresql, "max_prepared_transactions", "0 (0 free)", 0, false, NULL, NULL},
    {&drv_checks_postgresql, "max_prepared_transactions", "8 (0 free)", 8, false, NULL, NULL},
    {&drv_checks_postgresql, "max_prepared_transactions", "8 (3 free)", 9, false,
     "max_prepared_transactions is 8 (3 free), and 9 transactions",
     "ALTER SYSTEM SET max_prepared_transactions = 9"},
    {&drv_checks_postgresql, "a pooler", "4711", 0, false, "the server's process changes",
     "pool_mode = session"},
    {&drv_checks_mysql, "innodb_flush_log_at_trx_commit", "1", 0, true, NULL, NULL},
    {&drv_checks_mysql, "innodb_flush_log_at_trx_commit", "3", 0, true, NULL, NULL},
    {&drv_checks_mysql, "innodb_flush_log_at_trx_commit", "2", 0, true,
     "innodb_flush_log_at_trx_commit is 2", "SET GLOBAL innodb_flush_log_at_trx_commit = 1"},
    {&drv_checks_mysql, "innodb_flush_log_at_trx_commit", "0", 0, true,
     "innodb_flush_log_at_trx_commit is 0", "SET GLOBAL innodb_flush_log_at_trx_commit = 1"},
    {&drv_checks_mysql, "sync_binlog", "1", 0, true, NULL, NULL},
    {&drv_checks_mysql, "sync_binlog", "1000", 0, true, "sync_binlog is 1000",
     "SET GLOBAL sync_binlog = 1"},
    {&drv_checks_mysql, "read_only", "read-only", 0, false, "the server takes no writes",
     "SET GLOBAL read_only = OFF"},
    {&drv_checks_mysql, "read_only", "denied", 0, false, NULL, NULL},
    {&drv_checks_mysql, "tx_read_only", "ON", 0, false, "transactions are read-only",
     "SET GLOBAL TRANSACTION READ WRITE"},
    {&drv_checks_mysql, "transaction_read_only", "OFF", 0, false, NULL, NULL},
    {&drv_checks_mysql, "rights to outfall_fence", "denied", 0, false, "the ledger cannot",
     "GRANT CREATE, SELECT, INSERT, UPDATE ON outfall_fence TO \"me\""},
    {&drv_checks_mysql, "rights to outfall_fence", "read-only", 0, false, NULL, NULL},
    {&drv_checks_mysql, "the target's engine", "innodb", 0, false, NULL, NULL},
    {&drv_checks_mysql, "the target's engine", "FEDERATED", 0, false, "the engine of `t` is FEDER",
     "ALTER TABLE `t` ENGINE = InnoDB"},
    {&drv_checks_mysql, "the ledger's engine", "Aria", 0, false, "the engine of outfall_fence",
     "ALTER TABLE outfall_fence ENGINE = InnoDB"},
    {&drv_checks_mysql, "wsrep_on", "ON", 0, false, NULL, NULL},
    {&drv_checks_mysql, "wsrep_on", "OFF", 1, false, NULL, NULL},
    {&drv_checks_mysql, "wsrep_on", "ON", 1, false, "wsrep_on is ON", "outside of the cluster"},
    {&drv_checks_mysql, "the right to XA RECOVER", "denied", 1, false, "prepared transactions",
     "GRANT XA_RECOVER_ADMIN ON *.* TO \"me\""},
    {&drv_checks_sqlite, "synchronous", "FULL", 0, true, NULL, NULL},
    {&drv_checks_sqlite, "synchronous", "NORMAL", 0, true, "synchronous is NORMAL",
     "sqlite.synchronous=full"},
    {&drv_checks_sqlite, "journal_mode", "memory", 0, false, "journal_mode is memory",
     "JournalMode=WAL"},
    {&drv_checks_sqlite, "journal_mode", "delete", 0, false, NULL, NULL},
    {&drv_checks_sqlite, "a database in memory", "in memory", 0, false, "the database is in memory",
     "name a file"},
};

/* The first of that name. */
static size_t place_of(const drv_checks *checks, const char *name)
{
    size_t at = 0;
    while (at < checks->count && strcmp(checks->list[at].name, name) != 0)
        at++;
    assert_true(at < checks->count);
    return at;
}

static drv_findings found(const drv_checks *checks, const char *name, char *value)
{
    static char account[] = "\"me\"";
    drv_findings findings = {.target = "`t`", .account = account};
    findings.values[place_of(checks, name)] = value;
    return findings;
}

static void expect_refusal(const judged *one, const outfall_error *error)
{
    if (strstr(error->message, one->fault) != error->message ||
        strstr(error->message, one->remedy) == NULL)
        fail_msg("%s: %s", one->name, error->message);
    assert_int_equal(strstr(error->message, "durability=allow") != NULL, one->durable);
}

static void each_setting_is_judged_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const judged *one = &cases[i];
        char *value = strdup(one->value);
        outfall_error error = {0};
        const drv_findings findings = found(one->checks, one->name, value);
        const outfall_inspect_options options = {sizeof options, one->prepared, NULL};
        int status = drv_check_judge(one->checks, &findings, &options, &error);
        if (status != (one->fault != NULL ? OUTFALL_ERR_UNSUPPORTED : OUTFALL_OK))
            fail_msg("%s = %s: %d %s", one->name, one->value, status, error.message);
        if (one->fault != NULL) {
            assert_int_equal(error.action, OUTFALL_ACTION_STOP);
            expect_refusal(one, &error);
        }
        free(value);
    }
}

static void what_only_a_crash_undoes_can_be_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const judged *one = &cases[i];
        char *value = strdup(one->value);
        outfall_error error = {0}, allowed = {.status = -99};
        const drv_findings findings = found(one->checks, one->name, value);
        const outfall_inspect_options options = {sizeof options, one->prepared, &allowed};
        int status = drv_check_judge(one->checks, &findings, &options, &error);
        bool refused = one->fault != NULL && !one->durable;
        assert_int_equal(status, refused ? OUTFALL_ERR_UNSUPPORTED : OUTFALL_OK);
        assert_int_equal(allowed.status,
                         one->fault != NULL && one->durable ? OUTFALL_ERR_UNSUPPORTED : OUTFALL_OK);
        if (one->fault != NULL)
            expect_refusal(one, refused ? &error : &allowed);
        free(value);
    }
}

static void what_can_never_be_allowed_comes_first_and_the_others_are_named(void **state)
{
    char off[] = "off", on[] = "on";
    outfall_error error = {0};
    drv_findings findings = found(&drv_checks_postgresql, "fsync", off);
    const outfall_inspect_options options = {sizeof options, 0, NULL};
    (void)state;
    findings.values[place_of(&drv_checks_postgresql, "synchronous_commit")] = off;
    drv_check_judge(&drv_checks_postgresql, &findings, &options, &error);
    assert_non_null(strstr(error.message, "fsync is off"));
    assert_non_null(strstr(error.message, "(also to be seen to: synchronous_commit)"));
    findings.values[place_of(&drv_checks_postgresql, "transaction_read_only")] = on;
    drv_check_judge(&drv_checks_postgresql, &findings, &options, &error);
    assert_non_null(strstr(error.message, "transaction_read_only is on"));
}

/* A message that is cut would lose its remedy. */
static void no_message_is_cut_where_names_are_long(void **state)
{
    static const drv_checks *const all[] = {&drv_checks_postgresql, &drv_checks_mysql,
                                            &drv_checks_sqlite};
    char target[131], account[81], value[131];
    (void)state;
    memset(target, 't', sizeof target - 1);
    memset(account, 'u', sizeof account - 1);
    memset(value, 'v', sizeof value - 1);
    target[130] = account[80] = value[130] = '\0';
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_in_range(all[i]->count, 1, DRV_CHECKS_MAX);
        for (size_t j = 0; j < all[i]->count; j++) {
            const drv_check *check = &all[i]->list[j];
            bool names = strcmp(check->name, "the target's engine") == 0 ||
                         strstr(check->text, "ALTER TABLE $v") != NULL;
            drv_findings findings = {.target = target, .account = account};
            char small[] = "0";
            const outfall_inspect_options options = {sizeof options, UINT32_MAX, NULL};
            outfall_error error = {0};
            findings.values[j] = names && check->good == NULL ? value : small;
            assert_int_equal(drv_check_judge(all[i], &findings, &options, &error),
                             OUTFALL_ERR_UNSUPPORTED);
            const char *end = check->text + strlen(check->text) - 5;
            if (strchr(end, '$') == NULL)
                assert_non_null(strstr(error.message, end));
        }
    }
}

/* ---- Asking ----------------------------------------------------------------------------- */

/* A database that answers by a script and notes what it was asked. */
static struct {
    char asked[2048];
    int asks;
    const char *backends[2]; /* Of the first question, and the second. */
    int32_t code;            /* Of the error that statements which try something get; 0: none. */
} script;

static int answer(outfall_connection *connection, const char *sql, drv_inspect_cell cell, void *to,
                  int64_t deadline_us, outfall_error *error)
{
    (void)connection;
    (void)deadline_us;
    size_t length = strlen(script.asked);
    snprintf(script.asked + length, sizeof script.asked - length, "%s", sql);
    script.asks++;
    if (strncmp(sql, "SHOW", 4) == 0) {
        cell(to, 0, 0, "WSREP_ON"); /* By its name, in whatever case and order. */
        cell(to, 0, 1, "ON");
        cell(to, 1, 0, "nobody_asked");
        cell(to, 1, 1, "2");
    } else if (strncmp(sql, "SELECT me", 9) == 0) {
        cell(to, 0, 0, "\"me\"");
        cell(to, 0, 1, script.backends[script.asks > 1]);
        cell(to, 0, 2, NULL);
    } else if (strncmp(sql, "SELECT", 6) != 0 && script.code != 0) {
        outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW, "said no");
        error->native_code = script.code;
        return OUTFALL_ERR_DATABASE;
    }
    return OUTFALL_OK;
}

static int inspect(const drv_checks *checks, uint32_t prepared, outfall_error *error)
{
    const drv_inspect it = {.checks = checks,
                            .display = "\"s\".\"it's\"",
                            .schema = "s",
                            .table = "it's",
                            .number = 7,
                            .add_literal = drv_ledger_add_quoted,
                            .ask = answer};
    const outfall_inspect_options options = {sizeof options, prepared, NULL};
    script.asked[0] = '\0';
    script.asks = 0;
    memset(error, 0, sizeof *error);
    return drv_inspect_run(&it, NULL, &options, INT64_MAX, error);
}

static void what_is_found_is_asked_for_again_before_it_counts(void **state)
{
    static const drv_check list[] = {
        {.name = "pid", .flags = DRV_CHECK_AGAIN, .sql = "backend($b)", .text = "it changes"},
        {.name = "d", .sql = "of($d, $s, $t)", .text = "no"},
        {.name = "p", .flags = DRV_CHECK_PREPARED, .sql = "slots", .text = "no"},
    };
    static const drv_checks checks = {.account = "me", .count = COUNT(list), .list = list};
    outfall_error error;
    (void)state;
    script.backends[0] = NULL;
    assert_int_equal(inspect(&checks, 0, &error), OUTFALL_OK);
    assert_string_equal(script.asked, "SELECT me, backend(7), of('\"s\".\"it''s\"', 's', 'it''s')");
    script.backends[0] = "41";
    script.backends[1] = NULL; /* Another process, but the same each time. */
    assert_int_equal(inspect(&checks, 0, &error), OUTFALL_OK);
    assert_int_equal(script.asks, 2);
    assert_non_null(strstr(script.asked, "backend(41)"));
    script.backends[1] = "42";
    assert_int_equal(inspect(&checks, 1, &error), OUTFALL_ERR_UNSUPPORTED);
    assert_string_equal(error.message, "it changes");
    assert_non_null(strstr(script.asked, ", slots"));
}

static void variables_are_read_by_name(void **state)
{
    outfall_error error;
    (void)state;
    script.code = 0;
    assert_int_equal(inspect(&drv_checks_mysql, 0, &error), OUTFALL_OK);
    assert_null(strstr(script.asked, "wsrep_on"));
    assert_null(strstr(script.asked, "XA RECOVER"));
    assert_int_equal(inspect(&drv_checks_mysql, 1, &error), OUTFALL_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "wsrep_on is ON"));
    assert_non_null(strstr(script.asked, "XA RECOVER"));
}

static void an_error_of_a_trial_says_what_is_missing(void **state)
{
    static const struct {
        int32_t code;
        const char *message; /* NULL: it passes. */
        int status;
    } trials[] = {
        {0, NULL, OUTFALL_OK},
        {1044, "GRANT", OUTFALL_ERR_UNSUPPORTED},
        {1142, "GRANT", OUTFALL_ERR_UNSUPPORTED},
        {1143, "GRANT", OUTFALL_ERR_UNSUPPORTED},
        {1227, "GRANT", OUTFALL_ERR_UNSUPPORTED},
        {1065, NULL, OUTFALL_OK}, /* A trial that is none for this server. */
        {1146, NULL, OUTFALL_OK}, /* Who had to make the table has said so. */
        {1290, "read_only", OUTFALL_ERR_UNSUPPORTED},
        {1836, "read_only", OUTFALL_ERR_UNSUPPORTED},
        {1054, "lacks a column",
         OUTFALL_ERR_DATABASE}, /* A table of other columns: never a row's fault. */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(trials); i++) {
        outfall_error error;
        script.code = trials[i].code;
        assert_int_equal(inspect(&drv_checks_mysql, 0, &error), trials[i].status);
        if (trials[i].message != NULL)
            assert_non_null(strstr(error.message, trials[i].message));
        if (trials[i].status != OUTFALL_OK)
            assert_int_equal(error.action, OUTFALL_ACTION_STOP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_is_judged_by_its_name),
        cmocka_unit_test(what_only_a_crash_undoes_can_be_allowed),
        cmocka_unit_test(what_can_never_be_allowed_comes_first_and_the_others_are_named),
        cmocka_unit_test(no_message_is_cut_where_names_are_long),
        cmocka_unit_test(what_is_found_is_asked_for_again_before_it_counts),
        cmocka_unit_test(variables_are_read_by_name),
        cmocka_unit_test(an_error_of_a_trial_says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
