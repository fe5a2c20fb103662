/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/watchdog.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/fail.h"

/* What a driver that keeps its own deadline gets on top, so that it is the one to report. */
#define GRACE_US 250000
#define NEVER_US INT64_MAX

struct of_watchdog {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    of_watch *watches;
    int64_t wakes_us; /* When the thread looks next. */
    bool stopping;
};

/* Severing never blocks (driver.h), so it is done under the lock: the guard cannot end meanwhile.
 */
static void sever(of_watch *watch)
{
    if (!watch->severed)
        watch->driver->sever(watch->connection);
    watch->severed = true;
}

static void sleep_until(of_watchdog *watchdog, int64_t until_us)
{
    watchdog->wakes_us = until_us;
    if (until_us == NEVER_US)
        pthread_cond_wait(&watchdog->changed, &watchdog->mutex);
    else
        of_cond_wait(&watchdog->changed, &watchdog->mutex, until_us);
}

static void *run(void *argument)
{
    of_watchdog *watchdog = argument;
    pthread_mutex_lock(&watchdog->mutex);
    while (!watchdog->stopping) {
        int64_t now = of_clock_us();
        int64_t next = NEVER_US;
        for (of_watch *watch = watchdog->watches; watch != NULL; watch = watch->next) {
            int64_t due = watch->deadline_us + GRACE_US;
            if (watch->severed)
                continue;
            if (due <= now)
                sever(watch);
            else if (due < next)
                next = due;
        }
        sleep_until(watchdog, next);
    }
    pthread_mutex_unlock(&watchdog->mutex);
    return NULL;
}

int of_watchdog_new(of_watchdog **out, outfall_error *error)
{
    *out = NULL;
    of_watchdog *watchdog = of_calloc(1, sizeof *watchdog);
    if (watchdog == NULL)
        return of_fail_nomem(error);
    pthread_mutex_init(&watchdog->mutex, NULL);
    of_cond_init(&watchdog->changed);
    if (pthread_create(&watchdog->thread, NULL, run, watchdog) != 0) {
        pthread_cond_destroy(&watchdog->changed);
        pthread_mutex_destroy(&watchdog->mutex);
        of_free(watchdog);
        return of_fail(error, OUTFALL_ERR_NOMEM, "no thread could be started");
    }
    *out = watchdog;
    return OUTFALL_OK;
}

void of_watchdog_free(of_watchdog *watchdog)
{
    if (watchdog == NULL)
        return;
    pthread_mutex_lock(&watchdog->mutex);
    watchdog->stopping = true;
    pthread_cond_signal(&watchdog->changed);
    pthread_mutex_unlock(&watchdog->mutex);
    pthread_join(watchdog->thread, NULL);
    pthread_cond_destroy(&watchdog->changed);
    pthread_mutex_destroy(&watchdog->mutex);
    of_free(watchdog);
}

void of_watchdog_guard(of_watchdog *watchdog, of_watch *watch, const outfall_driver *driver,
                       outfall_connection *connection, int64_t deadline_us)
{
    *watch = (of_watch){NULL, driver, connection, deadline_us, false};
    pthread_mutex_lock(&watchdog->mutex);
    watch->next = watchdog->watches;
    watchdog->watches = watch;
    /* Deadlines mostly grow, so the thread is rarely woken for a new one. */
    if (deadline_us + GRACE_US < watchdog->wakes_us)
        pthread_cond_signal(&watchdog->changed);
    pthread_mutex_unlock(&watchdog->mutex);
}

bool of_watchdog_release(of_watchdog *watchdog, of_watch *watch)
{
    pthread_mutex_lock(&watchdog->mutex);
    for (of_watch **at = &watchdog->watches; *at != NULL; at = &(*at)->next) {
        if (*at == watch) {
            *at = watch->next;
            break;
        }
    }
    bool severed = watch->severed;
    pthread_mutex_unlock(&watchdog->mutex);
    return severed;
}

void of_watchdog_sever(of_watchdog *watchdog, of_watch *watch)
{
    pthread_mutex_lock(&watchdog->mutex);
    for (of_watch *one = watchdog->watches; one != NULL; one = one->next)
        if (one == watch)
            sever(one);
    pthread_mutex_unlock(&watchdog->mutex);
}
