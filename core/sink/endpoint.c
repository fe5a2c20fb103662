/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/endpoint.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/fail.h"
#include "base/fork.h"
#include "driver/registry.h"
#include "sink/pool_handle.h"

#define FLUSHERS_MAX 64

struct of_endpoint {
    struct of_endpoint *next; /* In the list of open endpoints. */
    uint32_t sinks;           /* That use it; under the list's mutex. */
    uint32_t fork_generation;
    char *url;
    outfall_config *config;
    of_pool *pool;
    of_flusher *flushers[FLUSHERS_MAX];
    pthread_t threads[FLUSHERS_MAX]; /* Theirs. */
    uint32_t flusher_count;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint32_t running;    /* Flushers that have not ended. */
    uint32_t references; /* Running flushers, and one for the sinks. */
};

static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static of_endpoint *list;

__attribute__((constructor)) static void protect_list(void)
{
    of_fork_protect(&list_mutex);
}

static void destroy(of_endpoint *endpoint)
{
    of_pool_free(endpoint->pool);
    outfall_config_free(endpoint->config);
    of_free(endpoint->url);
    pthread_cond_destroy(&endpoint->changed);
    pthread_mutex_destroy(&endpoint->mutex);
    of_free(endpoint);
}

static void release(of_endpoint *endpoint)
{
    pthread_mutex_lock(&endpoint->mutex);
    bool last = --endpoint->references == 0;
    pthread_mutex_unlock(&endpoint->mutex);
    if (last)
        destroy(endpoint);
}

/*
 * On the flusher's thread, as its last act. In one step, so that a close that has seen the last
 * flusher end is the one to close the connections: they are closed when it returns.
 */
static void flusher_ended(void *context)
{
    of_endpoint *endpoint = context;
    pthread_mutex_lock(&endpoint->mutex);
    endpoint->running--;
    bool last = --endpoint->references == 0;
    pthread_cond_broadcast(&endpoint->changed);
    pthread_mutex_unlock(&endpoint->mutex);
    if (last)
        destroy(endpoint);
}

/* Ends the flushers and waits for them, for as long as there is time. */
static void end(of_endpoint *endpoint, int64_t deadline_us)
{
    for (uint32_t i = 0; i < endpoint->flusher_count; i++)
        of_flusher_stop(endpoint->flushers[i]);
    pthread_mutex_lock(&endpoint->mutex);
    while (endpoint->running > 0 && of_cond_wait(&endpoint->changed, &endpoint->mutex, deadline_us))
        ;
    bool ended = endpoint->running == 0;
    pthread_mutex_unlock(&endpoint->mutex);
    /* Once it has ended a thread is only a moment from being gone; whoever unloads us needs it
     * gone. */
    for (uint32_t i = 0; i < endpoint->flusher_count; i++)
        (void)(ended ? pthread_join(endpoint->threads[i], NULL)
                     : pthread_detach(endpoint->threads[i]));
    release(endpoint);
}

static int start_flushers(of_endpoint *endpoint, outfall_error *error)
{
    uint32_t want = (uint32_t)endpoint->config->values.flushers;
    for (uint32_t i = 0; i < want; i++) {
        /* Counted first: it may end at any time. */
        pthread_mutex_lock(&endpoint->mutex);
        endpoint->running++;
        endpoint->references++;
        pthread_mutex_unlock(&endpoint->mutex);
        int status = of_flusher_new(flusher_ended, endpoint, &endpoint->flushers[i],
                                    &endpoint->threads[i], error);
        if (status != OUTFALL_OK) {
            pthread_mutex_lock(&endpoint->mutex);
            endpoint->running--;
            endpoint->references--;
            pthread_mutex_unlock(&endpoint->mutex);
            return status;
        }
        endpoint->flusher_count++;
    }
    return OUTFALL_OK;
}

static int create(const of_url *url, const outfall_config *config, const outfall_driver *driver,
                  of_endpoint **out, outfall_error *error)
{
    int status;
    of_endpoint *endpoint = of_calloc(1, sizeof *endpoint);
    if (endpoint == NULL)
        return of_fail_nomem(error);
    pthread_mutex_init(&endpoint->mutex, NULL);
    of_cond_init(&endpoint->changed);
    endpoint->references = 1;
    endpoint->fork_generation = of_fork_generation;
    endpoint->url = of_strdup(url->rest);
    status = endpoint->url == NULL ? of_fail_nomem(error)
                                   : of_config_copy(config, &endpoint->config, error);
    if (status == OUTFALL_OK)
        status = of_pool_open(endpoint->url, endpoint->config, driver, &endpoint->pool, error);
    if (status == OUTFALL_OK)
        status = start_flushers(endpoint, error);
    if (status != OUTFALL_OK) {
        end(endpoint, of_deadline_us(1000));
        return status;
    }
    *out = endpoint;
    return OUTFALL_OK;
}

/* Options that belong to the connections and flushers, not to one sink. */
static bool same_options(const outfall_config *left, const outfall_config *right)
{
    for (size_t i = 0; i < OF_OPTION_COUNT; i++) {
        if (!of_config_is_shared(i))
            continue;
        if (strcmp(of_config_text(left, i), of_config_text(right, i)) != 0)
            return false;
    }
    return true;
}

int of_endpoint_get(const of_url *url, const outfall_config *config, of_endpoint **out,
                    outfall_error *error)
{
    const outfall_driver *driver;
    *out = NULL;
    /* Before the lock: no two of the process's locks are ever held at once. */
    int status = of_driver_find(url->scheme, config->values.driver_path, &driver, error);
    if (status != OUTFALL_OK)
        return status;
    pthread_mutex_lock(&list_mutex);
    for (of_endpoint *one = list; one != NULL && *out == NULL; one = one->next)
        if (one->fork_generation == of_fork_generation && strcmp(one->url, url->rest) == 0 &&
            same_options(one->config, config))
            *out = one;
    if (*out == NULL) {
        status = create(url, config, driver, out, error);
        if (status == OUTFALL_OK) {
            (*out)->next = list;
            list = *out;
        }
    }
    if (status == OUTFALL_OK)
        (*out)->sinks++;
    pthread_mutex_unlock(&list_mutex);
    return status;
}

void of_endpoint_put(of_endpoint *endpoint, int64_t deadline_us)
{
    if (endpoint == NULL)
        return;
    pthread_mutex_lock(&list_mutex);
    bool last = --endpoint->sinks == 0;
    if (last) {
        of_endpoint **at = &list;
        while (*at != endpoint)
            at = &(*at)->next;
        *at = endpoint->next;
    }
    pthread_mutex_unlock(&list_mutex);
    if (last)
        end(endpoint, deadline_us);
}

of_pool *of_endpoint_pool(const of_endpoint *endpoint)
{
    return endpoint->pool;
}

uint32_t of_endpoint_flusher_count(const of_endpoint *endpoint)
{
    return endpoint->flusher_count;
}

of_flusher *of_endpoint_flusher(const of_endpoint *endpoint, uint32_t index)
{
    return endpoint->flushers[index];
}
