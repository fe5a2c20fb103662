/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <outfall/outfall.h>

#include "procfs.h"
#include "scenario.h"

#define VERSION 1

static json_t *machine_of(const struct session *session)
{
    struct utsname system = {0};
    char processor[256], now[32];
    time_t clock = time(NULL);
    struct tm utc;
    uname(&system);
    gmtime_r(&clock, &utc);
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &utc);
    procfs_text("/proc/cpuinfo", "model name", processor, sizeof processor);
    json_t *machine = json_pack(
        "{s:s, s:s, s:i, s:s, s:s, s:f, s:s, s:s, s:s, s:s}", "time", now, "processor", processor,
        "processors", (int)sysconf(_SC_NPROCESSORS_ONLN), "system", system.sysname, "kernel",
        system.release, "memory_mib", procfs_number("/proc/meminfo", "MemTotal") / 1024, "compiler",
        __VERSION__, "build", BENCH_BUILD_TYPE, "outfall", outfall_version(), "server",
        session->url != NULL ? "the user's" : "started by this program");
    if (machine != NULL && session->database[0] != '\0')
        json_object_set_new(machine, "postgresql", json_string(session->database));
    if (machine != NULL && session->mysql[0] != '\0')
        json_object_set_new(machine, "mysql", json_string(session->mysql));
    return machine;
}

static json_t *series_of(const double *values, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_real(values[i]));
    return array;
}

static json_t *scenario_of(const struct result *result)
{
    const struct scenario *scenario = result->scenario;
    json_t *object = json_pack("{s:s, s:s, s:s}", "name", scenario->name, "group", scenario->group,
                               "driver", scenario->driver);
    if (object == NULL)
        return NULL;
    if (result->note[0] != '\0')
        json_object_set_new(object, "note", json_string(result->note));
    if (result->skipped) {
        json_object_set_new(object, "skipped", json_true());
        return object;
    }
    json_object_set_new(object, "unit", json_string(result->unit));
    json_object_set_new(object, "median", json_real(result->median));
    json_object_set_new(object, "min", json_real(result->least));
    json_object_set_new(object, "max", json_real(result->most));
    json_object_set_new(object, "runs", json_integer(result->runs));
    if (result->is_pair) {
        json_object_set_new(object, "ratio", json_real(result->ratio));
        json_object_set_new(object, "ratio_low", json_real(result->ratio_low));
        json_object_set_new(object, "ratio_high", json_real(result->ratio_high));
        json_object_set_new(object, "ratio_of",
                            json_sprintf("%s / %s", result->first, result->second));
    }
    for (size_t i = 0; i < result->metric_count; i++)
        json_object_set_new(object, result->metrics[i].name, json_real(result->metrics[i].value));
    if (result->seconds > 0) {
        json_object_set_new(object, "utilisation_percent",
                            series_of(result->utilisation_percent, result->seconds));
        json_object_set_new(object, "connections", series_of(result->connections, result->seconds));
    }
    return object;
}

#define STYLE (JSON_INDENT(2) | JSON_REAL_PRECISION(9))

/* Into an open file, which is closed. Returns 0 or -1 with errno set. */
static int dump_into(const json_t *root, FILE *file)
{
    int bad = file == NULL || json_dumpf(root, file, STYLE) != 0 || fputc('\n', file) == EOF;
    if (file != NULL && fflush(file) != 0)
        bad = 1;
    int code = errno;
    if (file != NULL && file != stdout && fclose(file) != 0 && !bad) {
        bad = 1;
        code = errno;
    }
    errno = code;
    return bad ? -1 : 0;
}

/* A file is replaced by a whole new one; a pipe or a device is written to as it is. */
static int dump(const json_t *root, const char *path)
{
    char part[4096];
    struct stat old;
    if (strcmp(path, "-") == 0)
        return dump_into(root, stdout);
    if (stat(path, &old) == 0 && !S_ISREG(old.st_mode))
        return dump_into(root, fopen(path, "we"));
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (dump_into(root, fopen(part, "we")) == 0 && rename(part, path) == 0)
        return 0;
    int code = errno;
    unlink(part);
    errno = code;
    return -1;
}

int json_write(const char *path, const struct session *session, const struct result *results,
               size_t count, int complete, outfall_error *error)
{
    json_t *scenarios = json_array();
    int status = OUTFALL_OK;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(scenarios, scenario_of(&results[i]));
    json_t *root = json_pack("{s:i, s:b, s:o, s:o}", "version", VERSION, "complete", complete,
                             "machine", machine_of(session), "scenarios", scenarios);
    errno = 0;
    if (root == NULL || dump(root, path) != 0)
        status = outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                   "cannot write %s: %s", path,
                                   errno == 0 ? "it failed" : strerror(errno));
    json_decref(root);
    return status;
}
