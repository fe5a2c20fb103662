/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every case of the contract on the drivers named on the command line, or on all that can be
 * run here, and prints a table of what each did.
 *
 *   OUTFALL_TEST_DRIVERS_DIR (or OUTFALL_DRIVER_PATH)  the directory of the modules
 *   OUTFALL_TEST_POSTGRESQL_URL                        a server for `postgresql`
 *   OUTFALL_TEST_CASE                                  runs only cases whose name holds this
 */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define CASES_MAX 128
#define DRIVERS_MAX 8

static const contract_case *const groups[] = {connection_cases,  target_cases, write_cases,
                                              transaction_cases, fault_cases,  change_cases};

enum outcome { NOT_RUN, FAILED, PASSED, NOT_APPLICABLE };

/* One case on one driver. */
typedef struct run {
    contract_suite *suite;
    const contract_case *test;
    enum outcome outcome;
} run;

static int set_up(void **state)
{
    run *now = *state;
    now->outcome = FAILED;
    now->suite->connection = suite_connect(now->suite);
    return 0;
}

static int tear_down(void **state)
{
    run *now = *state;
    now->suite->driver.disconnect(now->suite->connection);
    now->suite->connection = NULL;
    if (now->suite->not_applicable)
        now->outcome = NOT_APPLICABLE;
    now->suite->not_applicable = 0;
    return 0;
}

static void run_case(void **state)
{
    run *now = *state;
    uint64_t capabilities = now->suite->driver.capabilities;
    unsigned needs = now->test->needs;
    now->outcome = NOT_APPLICABLE;
    if (((needs & NEEDS_TABLES) != 0 && (capabilities & OUTFALL_DRIVER_DISCARDS) != 0) ||
        ((needs & NEEDS_SAVEPOINTS) != 0 && (capabilities & OUTFALL_DRIVER_SAVEPOINTS) == 0) ||
        ((needs & NEEDS_DEADLINES) != 0 && (capabilities & OUTFALL_DRIVER_BLOCKS) != 0))
        skip();
    now->outcome = FAILED;
    now->test->run(now->suite);
    now->outcome = PASSED;
}

static size_t list_cases(const contract_case **out)
{
    const char *only = getenv("OUTFALL_TEST_CASE");
    size_t count = 0;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (const contract_case *at = groups[g]; at->name != NULL; at++)
            if (count < CASES_MAX && (only == NULL || strstr(at->name, only) != NULL))
                out[count++] = at;
    return count;
}

static int run_driver(contract_suite *suite, const contract_case *const *cases, size_t count,
                      run *runs)
{
    struct CMUnitTest tests[CASES_MAX];
    for (size_t i = 0; i < count; i++) {
        runs[i] = (run){suite, cases[i], NOT_RUN};
        tests[i] = (struct CMUnitTest){.name = cases[i]->name,
                                       .test_func = run_case,
                                       .setup_func = set_up,
                                       .teardown_func = tear_down,
                                       .initial_state = &runs[i]};
    }
    return _cmocka_run_group_tests(suite->quirks->driver, tests, count, NULL, NULL);
}

static void print_table(const contract_suite *suites, size_t drivers, run runs[][CASES_MAX],
                        const contract_case *const *cases, size_t count)
{
    static const char *const words[] = {"not run", "FAILED", "ok", "-"};
    printf("\n%-55s", "");
    for (size_t d = 0; d < drivers; d++)
        printf(" %-10s", suites[d].quirks->driver);
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        printf("%-55s", cases[i]->name);
        for (size_t d = 0; d < drivers; d++)
            printf(" %-10s", words[runs[d][i].outcome]);
        printf("\n");
    }
}

static int named(const char *driver, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], driver) == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    static contract_suite suites[DRIVERS_MAX];
    static run runs[DRIVERS_MAX][CASES_MAX];
    const contract_case *cases[CASES_MAX];
    size_t count = list_cases(cases), drivers = 0;
    int failures = 0, known = 0;
    for (size_t i = 0; i < all_quirks_count && drivers < DRIVERS_MAX; i++) {
        const contract_quirks *quirks = &all_quirks[i];
        known += named(quirks->driver, argc, argv);
        if (argc > 1 && !named(quirks->driver, argc, argv))
            continue;
        if (!suite_open(&suites[drivers], quirks)) {
            printf("%s: not run, %s is not set\n", quirks->driver, quirks->url_variable);
            failures += argc > 1; /* It was asked for by name. */
            continue;
        }
        failures += run_driver(&suites[drivers], cases, count, runs[drivers]);
        drivers++;
    }
    if (known != argc - 1) {
        fprintf(stderr, "an unknown driver is named on the command line\n");
        failures++;
    }
    print_table(suites, drivers, runs, cases, count);
    for (size_t d = 0; d < drivers; d++)
        suite_close(&suites[d]);
    return failures != 0 || drivers == 0;
}
