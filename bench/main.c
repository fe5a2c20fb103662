/* SPDX-License-Identifier: Apache-2.0 */
/* outfall-bench: see usage below, and docs/benchmarks/README.md. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/outfall.h>

#include "json.h"
#include "memory.h"
#include "scenario.h"
#include "session.h"
#include "statistics.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_DATABASE = 2,
    EXIT_FAILED = 3,
    EXIT_INTERRUPTED = 130
};

#define SELECTORS_MAX 64

struct arguments {
    const char *scenarios[SELECTORS_MAX], *groups[SELECTORS_MAX], *drivers[SELECTORS_MAX];
    size_t scenario_count, group_count, driver_count;
    const char *json;
    int list;
};

static const char usage[] =
    "usage: outfall-bench [options]\n"
    "Runs every scenario, or those chosen, and prints what it measured.\n"
    "  --list             names the scenarios\n"
    "  --scenario NAME    runs NAME, or NAME@DRIVER; may be given again\n"
    "  --group GROUP      runs a group; may be given again\n"
    "  --driver DRIVER    runs only scenarios on DRIVER; may be given again\n"
    "  --url URL          measures this PostgreSQL (table outfall_bench_rows is dropped and "
    "made);\n"
    "                     without it a private server is started below $TMPDIR or /tmp\n"
    "  --runs N           repetitions or pairs of each scenario, 1 to 1000\n"
    "  --quick            fewer rows and repetitions\n"
    "  --json FILE        writes the results as JSON too; - is standard output\n"
    "  --version, --help\n"
    "exit: 0 done, 1 usage, 2 a database failed, 3 a scenario failed or a file could not be "
    "written,\n"
    "      130 interrupted (finished scenarios are reported)\n";

static int fail_usage(const char *what, const char *value)
{
    fprintf(stderr, "outfall-bench: %s%s; see outfall-bench --help\n", what, value);
    return EXIT_USAGE;
}

static int add(const char **list, size_t *count, const char *value)
{
    if (*count == SELECTORS_MAX)
        return fail_usage("too many selections, at ", value);
    list[(*count)++] = value;
    return EXIT_DONE;
}

static int parse_runs(struct session *session, const char *text)
{
    char *end;
    long runs = strtol(text, &end, 10);
    if (end == text || *end != '\0' || runs < 1 || runs > STATISTICS_SAMPLES_MAX)
        return fail_usage("--runs takes 1 to 1000, not ", text);
    session->runs = (int)runs;
    return EXIT_DONE;
}

static int parse_url(struct session *session, const char *url)
{
    if (strncmp(url, "postgresql://", 13) != 0 && strncmp(url, "postgres://", 11) != 0)
        return fail_usage("--url takes postgresql://…; SQLite's scenarios use a file of their own "
                          "in $TMPDIR",
                          "");
    session->url = url;
    return EXIT_DONE;
}

/* Returns an exit code, or -1 to go on. */
static int parse(int argc, char **argv, struct session *session, struct arguments *arguments)
{
    static const struct option options[] = {{"list", no_argument, NULL, 'l'},
                                            {"scenario", required_argument, NULL, 's'},
                                            {"group", required_argument, NULL, 'g'},
                                            {"driver", required_argument, NULL, 'd'},
                                            {"url", required_argument, NULL, 'u'},
                                            {"runs", required_argument, NULL, 'r'},
                                            {"quick", no_argument, NULL, 'q'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int code = EXIT_DONE;
    for (int c; code == EXIT_DONE && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'l':
            arguments->list = 1;
            break;
        case 's':
            code = add(arguments->scenarios, &arguments->scenario_count, optarg);
            break;
        case 'g':
            code = add(arguments->groups, &arguments->group_count, optarg);
            break;
        case 'd':
            code = add(arguments->drivers, &arguments->driver_count, optarg);
            break;
        case 'u':
            code = parse_url(session, optarg);
            break;
        case 'r':
            code = parse_runs(session, optarg);
            break;
        case 'q':
            session->quick = 1;
            break;
        case 'j':
            arguments->json = optarg;
            break;
        case 'v':
            printf("outfall-bench %s\n", outfall_version());
            return EXIT_DONE;
        case 'h':
            fputs(usage, stdout);
            return EXIT_DONE;
        default: /* getopt_long has named it. */
            return fail_usage("bad option", "");
        }
    }
    if (code == EXIT_DONE && optind < argc)
        code = fail_usage("unexpected argument ", argv[optind]);
    return code == EXIT_DONE ? -1 : code;
}

static int list_scenarios(void)
{
    for (size_t i = 0; i < scenario_count(); i++) {
        const struct scenario *scenario = scenario_at(i);
        char name[96];
        snprintf(name, sizeof name, "%s@%s", scenario->name, scenario->driver);
        printf("%-36s %-11s %s\n", name, scenario->group, scenario->doc);
    }
    if (scenario_left_out()[0] != '\0')
        printf("%s\n", scenario_left_out());
    return EXIT_DONE;
}

static int in_list(const char *const *list, size_t count, const char *value)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], value) == 0)
            return 1;
    }
    return 0;
}

/* --scenario and --group add up, --driver narrows; without the former two all are meant. */
static int is_chosen(const struct arguments *arguments, const struct scenario *scenario)
{
    int chosen = arguments->scenario_count + arguments->group_count == 0 ||
                 in_list(arguments->groups, arguments->group_count, scenario->group);
    for (size_t i = 0; i < arguments->scenario_count; i++)
        chosen |= scenario_matches(scenario, arguments->scenarios[i]);
    return chosen && (arguments->driver_count == 0 ||
                      in_list(arguments->drivers, arguments->driver_count, scenario->driver));
}

/* Every selection has to mean something. */
static int check_selections(const struct arguments *arguments)
{
    size_t chosen = 0;
    for (size_t k = 0; k < arguments->scenario_count; k++) {
        size_t matches = 0;
        for (size_t i = 0; i < scenario_count(); i++)
            matches += scenario_matches(scenario_at(i), arguments->scenarios[k]) != 0;
        if (matches == 0) {
            fprintf(stderr,
                    "outfall-bench: no scenario %s; the nearest is %s; --list names them all\n",
                    arguments->scenarios[k], scenario_nearest(arguments->scenarios[k])->name);
            if (scenario_left_out()[0] != '\0')
                fprintf(stderr, "%s\n", scenario_left_out());
            return EXIT_USAGE;
        }
    }
    for (size_t k = 0; k < arguments->group_count; k++) {
        size_t matches = 0;
        for (size_t i = 0; i < scenario_count(); i++)
            matches += strcmp(scenario_at(i)->group, arguments->groups[k]) == 0;
        if (matches == 0)
            return fail_usage("no group ", arguments->groups[k]);
    }
    for (size_t i = 0; i < scenario_count(); i++)
        chosen += is_chosen(arguments, scenario_at(i)) != 0;
    return chosen > 0 ? EXIT_DONE : fail_usage("nothing is chosen: no such driver", "");
}

static int exit_code_of(int status)
{
    switch (status) {
    case OUTFALL_OK:
        return EXIT_DONE;
    case OUTFALL_ERR_CLOSED:
        return EXIT_INTERRUPTED;
    case OUTFALL_ERR_IO:
    case OUTFALL_ERR_AUTH:
    case OUTFALL_ERR_TIMEOUT:
    case OUTFALL_ERR_DATABASE:
    case OUTFALL_ERR_UNKNOWN:
        return EXIT_DATABASE;
    default:
        return EXIT_FAILED;
    }
}

/* Runs what is chosen; a failed scenario stops the run only where the database is not there. */
static int run_chosen(struct session *session, const struct arguments *arguments,
                      struct result *results, size_t *count)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < scenario_count(); i++) {
        const struct scenario *scenario = scenario_at(i);
        struct result *result = &results[*count];
        outfall_error error = {0};
        if (!is_chosen(arguments, scenario))
            continue;
        *result = (struct result){.scenario = scenario};
        session->driver = scenario->driver;
        int status = scenario->run(session, scenario, result, &error);
        if (status == OUTFALL_OK) {
            result_print(session->out, result);
            fflush(session->out);
            (*count)++;
            continue;
        }
        fprintf(stderr, "outfall-bench: %s@%s: %s\n", scenario->name, scenario->driver,
                error.message);
        code = exit_code_of(status);
        if (code == EXIT_INTERRUPTED || status == OUTFALL_ERR_IO || status == OUTFALL_ERR_AUTH)
            break;
    }
    return code;
}

static int run(struct session *session, const struct arguments *arguments)
{
    static struct result results[128];
    size_t count = 0;
    outfall_error error = {0};
    int code = EXIT_DATABASE;
    if (session_open(session, &error) == OUTFALL_OK)
        code = run_chosen(session, arguments, results, &count);
    else
        fprintf(stderr, "outfall-bench: %s\n", error.message);
    if (count > 1)
        result_table(session->out, results, count);
    if (arguments->json != NULL && (count > 0 || code == EXIT_DONE) &&
        json_write(arguments->json, session, results, count, code == EXIT_DONE, &error) !=
            OUTFALL_OK) {
        fprintf(stderr, "outfall-bench: %s\n", error.message);
        code = code == EXIT_DONE ? EXIT_FAILED : code;
    }
    session_close(session);
    return code;
}

int main(int argc, char **argv)
{
    struct session session = {0};
    struct arguments arguments = {0};
    if (argc == 3 && strcmp(argv[1], MEMORY_CHILD) == 0)
        return memory_child(getenv(MEMORY_URL), argv[2]);
    int code = parse(argc, argv, &session, &arguments);
    if (code >= 0)
        return code;
    if (arguments.list)
        return list_scenarios();
    code = check_selections(&arguments);
    if (code != EXIT_DONE)
        return code;
    session.out = arguments.json != NULL && strcmp(arguments.json, "-") == 0 ? stderr : stdout;
    session_catch_signals();
    return run(&session, &arguments);
}
