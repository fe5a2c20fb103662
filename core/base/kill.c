/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kill.h"

#ifdef OUTFALL_KILL_POINTS
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_OF(name, meaning) name,

static const char *const points[] = {OF_KILL_POINTS(NAME_OF)};
static const char *const mutants[] = {OF_MUTANTS(NAME_OF)};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *chosen_point; /* NULL: none. */
static const char *chosen_mutant;
static unsigned long chosen_passing;
static int chosen_signal = SIGKILL;
static atomic_ulong passed;

/* The list's entry that is the first `length` bytes of `name`. */
static const char *find(const char *const *list, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]) == length && memcmp(list[i], name, length) == 0)
            return list[i];
    fprintf(stderr, "outfall: core/base/kill.h has no \"%.*s\"\n", (int)length, name);
    abort();
}

static void read_environment(void)
{
    const char *kill = getenv("OUTFALL_KILL");
    const char *mutant = getenv("OUTFALL_MUTANT");
    if (mutant != NULL && *mutant != '\0')
        chosen_mutant = find(mutants, sizeof mutants / sizeof mutants[0], mutant, strlen(mutant));
    if (kill == NULL || *kill == '\0')
        return;
    size_t length = strcspn(kill, ":");
    char *end = NULL;
    chosen_point = find(points, sizeof points / sizeof points[0], kill, length);
    chosen_passing = kill[length] == ':' ? strtoul(kill + length + 1, &end, 10) : 1;
    if (end != NULL && strcmp(end, ":stop") == 0)
        chosen_signal = SIGSTOP;
}

void of_kill_point(const char *name)
{
    pthread_once(&once, read_environment);
    if (chosen_point == NULL || strcmp(chosen_point, name) != 0)
        return;
    if (atomic_fetch_add_explicit(&passed, 1, memory_order_relaxed) + 1 == chosen_passing)
        raise(chosen_signal);
}

bool of_mutant(const char *name)
{
    pthread_once(&once, read_environment);
    return chosen_mutant != NULL && strcmp(chosen_mutant, name) == 0;
}
#else
/* ISO C wants a declaration in every file. */
typedef int of_kill_nothing;
#endif
