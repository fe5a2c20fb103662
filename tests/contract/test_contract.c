/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every case of the contract on the suites named on the command line, or on all that can be
 * run here, and prints a table of what each did.
 *
 *   OUTFALL_TEST_DRIVERS_DIR (or OUTFALL_DRIVER_PATH)  the directory of the modules
 *   OUTFALL_TEST_POSTGRESQL_URL, …                     servers: quirks.c names the variables
 *   OUTFALL_TEST_CASE                                  runs only cases whose name holds this
 *   OUTFALL_TEST_REPORTS                               a directory for SUITE.matrix, SUITE.types
 */
#include "report.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define CASES_MAX 224

static const contract_case *const groups[] = {
    connection_cases,  target_cases,   identifier_cases, write_cases, type_cases,
    transaction_cases, mode_cases,     key_cases,        order_cases, kind_cases,
    special_cases,     error_cases,    session_cases,    fault_cases, change_cases,
    ledger_cases,      prepared_cases, indoubt_cases,    gid_cases,   xa_cases};

/* One case on one suite. */
typedef struct run {
    contract_suite *suite;
    const contract_case *test;
    enum report_outcome outcome;
    const char *reason; /* Where it is not applicable. */
    int64_t started_us, took_us;
} run;

static int set_up(void **state)
{
    run *now = *state;
    now->outcome = REPORT_FAILED;
    now->started_us = suite_now_us();
    now->suite->reason = NULL;
    now->suite->connection = suite_connect(now->suite);
    return 0;
}

/* A case that failed may have left a transaction or a lock behind. */
static void let_go(test_database *database, const contract_quirks *quirks)
{
    if (database == NULL)
        return;
    database_try(database, "ROLLBACK");
    database_try(database, "%s", quirks->rules->unlock);
}

static int tear_down(void **state)
{
    run *now = *state;
    contract_suite *suite = now->suite;
    suite->driver.disconnect(suite->connection);
    suite->connection = NULL;
    let_go(suite->database, suite->quirks);
    let_go(suite->other, suite->quirks);
    now->reason = suite->reason;
    if (suite->reason != NULL)
        now->outcome = REPORT_NOT_APPLICABLE;
    now->took_us = suite_now_us() - now->started_us;
    return 0;
}

/* Why a case is not for this suite, or NULL. */
static const char *exception_of(const contract_suite *suite, const contract_case *test)
{
    uint64_t capabilities = suite->driver.capabilities;
    if ((test->needs & NEEDS_TABLES) != 0 && (capabilities & OUTFALL_DRIVER_DISCARDS) != 0)
        return "nothing is kept";
    if ((test->needs & NEEDS_SAVEPOINTS) != 0 && (capabilities & OUTFALL_DRIVER_SAVEPOINTS) == 0)
        return "there are no savepoints";
    if ((test->needs & NEEDS_DEADLINES) != 0 && (capabilities & OUTFALL_DRIVER_BLOCKS) != 0)
        return "a call can overrun its deadline: the library's watchdog severs it";
    for (const contract_exception *at = suite->quirks->exceptions; at->test != NULL; at++)
        if (strcmp(at->test, test->name) == 0)
            return at->reason;
    return NULL;
}

static void run_case(void **state)
{
    run *now = *state;
    const char *reason = exception_of(now->suite, now->test);
    if (reason != NULL)
        suite_skip(now->suite, reason);
    now->test->run(now->suite);
    now->outcome = REPORT_PASSED;
}

static size_t list_cases(const contract_case **out)
{
    const char *only = getenv("OUTFALL_TEST_CASE");
    size_t count = 0;
    for (size_t g = 0; g < LENGTH(groups); g++)
        for (const contract_case *at = groups[g]; at->name != NULL; at++)
            if (count < CASES_MAX && (only == NULL || strstr(at->name, only) != NULL))
                out[count++] = at;
    return count;
}

/* A misspelt exception would be one without effect. */
static int exceptions_name_cases(const contract_quirks *quirks)
{
    for (const contract_exception *at = quirks->exceptions; at->test != NULL; at++) {
        int found = 0;
        for (size_t g = 0; g < LENGTH(groups); g++)
            for (const contract_case *test = groups[g]; test->name != NULL; test++)
                found += strcmp(test->name, at->test) == 0;
        if (found != 1 || at->reason == NULL) {
            fprintf(stderr, "%s: no case is named \"%s\"\n", quirks->suite, at->test);
            return 0;
        }
    }
    return 1;
}

static int run_suite(contract_suite *suite, const contract_case *const *cases, size_t count,
                     run *runs)
{
    struct CMUnitTest tests[CASES_MAX];
    for (size_t i = 0; i < count; i++) {
        runs[i] = (run){.suite = suite, .test = cases[i]};
        tests[i] = (struct CMUnitTest){.name = cases[i]->name,
                                       .test_func = run_case,
                                       .setup_func = set_up,
                                       .teardown_func = tear_down,
                                       .initial_state = &runs[i]};
    }
    return _cmocka_run_group_tests(suite->quirks->suite, tests, count, NULL, NULL);
}

static int named(const char *suite, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], suite) == 0)
            return 1;
    return 0;
}

/* Opens, runs, reports and closes one suite; returns what failed. */
static int do_suite(const contract_quirks *quirks, int asked, const contract_case *const *cases,
                    size_t count)
{
    static run runs[CASES_MAX];
    contract_suite suite;
    if (!exceptions_name_cases(quirks))
        return 1;
    if (!suite_open(&suite, quirks)) {
        printf("%s: not run: its driver or the server of %s is not there\n", quirks->suite,
               quirks->url_variable != NULL ? quirks->url_variable : "none");
        return asked; /* It was asked for by name. */
    }
    report_open(quirks->suite);
    int failures = run_suite(&suite, cases, count, runs);
    for (size_t i = 0; i < count; i++)
        report_case(cases[i]->name, runs[i].outcome, runs[i].reason, runs[i].took_us);
    report_close();
    suite_close(&suite);
    return failures;
}

int main(int argc, char **argv)
{
    const contract_case *cases[CASES_MAX];
    size_t count = list_cases(cases);
    int failures = 0, known = 0;
    for (size_t i = 0; i < all_quirks_count; i++) {
        int asked = named(all_quirks[i].suite, argc, argv);
        known += asked;
        if (argc == 1 || asked)
            failures += do_suite(&all_quirks[i], asked, cases, count);
    }
    if (known != argc - 1) {
        fprintf(stderr, "an unknown suite is named on the command line\n");
        failures++;
    }
    report_print();
    return failures != 0 || count == 0;
}
