/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool that the tests in Python use by lines of text, while they do things to its server.
 *
 *   leases URL [KEY=VALUE]…
 *
 *   lease MS             gives the lease's number
 *   ping LEASE MS
 *   return LEASE BROKEN
 *   crowd THREADS MS     each leases, pings and returns; gives how many it went well for
 *   stats                gives NAME=VALUE …
 *   close MS             the last one; at the end of the input it is done too
 *
 * Each is answered by one line, with tabs: STATUS MS_TAKEN TEXT; the text of a failure is its
 * message.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <outfall/outfall.h>

enum { LINE_MAX_BYTES = 256, TEXT_BYTES = 1024, THREADS_MAX = 64 };

typedef struct answer {
    int status;
    int64_t took_ms; /* Of a crowd, the longest. */
    char text[TEXT_BYTES];
} answer;

static outfall_pool *pool;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell(answer *made, int status, const outfall_error *error)
{
    made->status = status;
    if (status != OUTFALL_OK)
        snprintf(made->text, sizeof made->text, "%s", error->message);
}

static void lease_one(answer *made, uint32_t timeout_ms)
{
    outfall_lease lease;
    outfall_error error;
    tell(made, outfall_pool_lease(pool, timeout_ms, &lease, &error), &error);
    if (made->status == OUTFALL_OK)
        snprintf(made->text, sizeof made->text, "%" PRIu64, lease);
}

typedef struct member {
    pthread_t thread;
    uint32_t timeout_ms;
    int64_t took_ms;
    int status;
} member;

static void *take_part(void *argument)
{
    member *self = argument;
    outfall_lease lease;
    int64_t from_ms = now_ms();
    self->status = outfall_pool_lease(pool, self->timeout_ms, &lease, NULL);
    self->took_ms = now_ms() - from_ms;
    if (self->status != OUTFALL_OK)
        return NULL;
    self->status = outfall_pool_ping(pool, lease, self->timeout_ms, NULL, 0, NULL);
    int returned = outfall_pool_return(pool, lease, self->status != OUTFALL_OK, NULL);
    if (self->status == OUTFALL_OK)
        self->status = returned;
    return NULL;
}

static void gather(answer *made, int threads, uint32_t timeout_ms)
{
    static member members[THREADS_MAX];
    int well = 0;
    made->took_ms = 0;
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    for (int i = 0; i < threads; i++) {
        members[i] = (member){.timeout_ms = timeout_ms};
        if (pthread_create(&members[i].thread, NULL, take_part, &members[i]) != 0)
            abort();
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(members[i].thread, NULL);
        well += members[i].status == OUTFALL_OK;
        if (members[i].took_ms > made->took_ms)
            made->took_ms = members[i].took_ms;
    }
    made->status = OUTFALL_OK;
    snprintf(made->text, sizeof made->text, "%d", well);
}

static void read_stats(answer *made)
{
    outfall_pool_stats stats = {.struct_size = sizeof stats};
    outfall_error error;
    tell(made, outfall_pool_stats_get(pool, &stats, &error), &error);
    if (made->status != OUTFALL_OK)
        return;
    snprintf(made->text, sizeof made->text,
             "active=%" PRIu64 " idle=%" PRIu64 " opening=%" PRIu64 " created=%" PRIu64
             " warmed=%" PRIu64 " checks=%" PRIu64 " connect_failures=%" PRIu64
             " quarantined=%" PRIu64 " quarantine_ms=%" PRIu64 " broken=%" PRIu64 " check=%" PRIu64
             " dropped=%" PRIu64 " gone=%" PRIu64,
             stats.active, stats.idle, stats.opening, stats.created, stats.warmed, stats.checks,
             stats.connect_failures, stats.quarantined, stats.quarantine_ms,
             stats.closed[OUTFALL_POOL_CLOSED_BROKEN], stats.closed[OUTFALL_POOL_CLOSED_CHECK],
             stats.closed[OUTFALL_POOL_CLOSED_DROPPED], stats.closed[OUTFALL_POOL_CLOSED_GONE]);
}

/* False: a line that it does not know. */
static bool answer_line(const char *line, answer *made)
{
    outfall_error error;
    char verb[16] = "";
    uint64_t first = 0, second = 0;
    int64_t from_ms = now_ms();
    int words = sscanf(line, "%15s %" SCNu64 " %" SCNu64, verb, &first, &second);
    made->took_ms = -1;
    made->text[0] = '\0';
    if (strcmp(verb, "lease") == 0 && words == 2)
        lease_one(made, (uint32_t)first);
    else if (strcmp(verb, "ping") == 0 && words == 3)
        tell(made, outfall_pool_ping(pool, first, (uint32_t)second, NULL, 0, &error), &error);
    else if (strcmp(verb, "return") == 0 && words == 3)
        tell(made, outfall_pool_return(pool, first, (uint32_t)second, &error), &error);
    else if (strcmp(verb, "crowd") == 0 && words == 3)
        gather(made, (int)first, (uint32_t)second);
    else if (strcmp(verb, "stats") == 0)
        read_stats(made);
    else if (strcmp(verb, "close") == 0 && words == 2)
        tell(made, outfall_pool_close(pool, (uint32_t)first, &error), &error);
    else
        return false;
    if (made->took_ms < 0)
        made->took_ms = now_ms() - from_ms;
    if (strcmp(verb, "close") == 0 && made->status == OUTFALL_OK)
        pool = NULL;
    return true;
}

static int open_pool(char **argv)
{
    outfall_error error;
    outfall_config *config;
    int status = outfall_config_new(&config, &error);
    for (char **pair = argv + 2; status == OUTFALL_OK && *pair != NULL; pair++) {
        char *value = strchr(*pair, '=');
        *value++ = '\0';
        status = outfall_config_set(config, *pair, value, &error);
    }
    if (status == OUTFALL_OK)
        status = outfall_pool_open(argv[1], config, &pool, &error);
    outfall_config_free(config);
    if (status != OUTFALL_OK)
        fprintf(stderr, "leases: %s\n", error.message);
    return status;
}

int main(int argc, char **argv)
{
    char line[LINE_MAX_BYTES];
    answer made;
    if (argc < 2 || open_pool(argv) != OUTFALL_OK)
        return 1;
    while (pool != NULL && fgets(line, sizeof line, stdin) != NULL) {
        if (!answer_line(line, &made)) {
            fprintf(stderr, "leases: what is this? %s", line);
            return 1;
        }
        printf("%s\t%" PRId64 "\t%s\n", outfall_status_name(made.status), made.took_ms, made.text);
        fflush(stdout);
    }
    return outfall_pool_close(pool, 1000, NULL) == OUTFALL_OK ? 0 : 1;
}
