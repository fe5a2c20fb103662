/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <outfall/outfall.h>

#define OF_LOG_LINE_MAX 1024

/*
 * Held for reading during a call of the log function, so that once outfall_log_set has returned
 * the earlier function and its context are in no one's hands and may go.
 */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static outfall_log_function log_function;
static void *log_context;
static atomic_bool log_wanted;

/* A thread that held the lock when the process was forked is not there to let it go. */
static void renew_lock(void)
{
    pthread_rwlock_init(&lock, NULL);
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, renew_lock);
}

void outfall_log_set(outfall_log_function function, void *context)
{
    pthread_rwlock_wrlock(&lock);
    log_function = function;
    log_context = context;
    atomic_store_explicit(&log_wanted, function != NULL, memory_order_relaxed);
    pthread_rwlock_unlock(&lock);
}

static const char *level_name(int level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    if (level < OF_LOG_DEBUG || level > OF_LOG_ERROR)
        return names[OF_LOG_ERROR];
    return names[level];
}

void of_log(int level, const char *format, ...)
{
    /* Relaxed: the lock orders what is read after it; this load only spares the formatting. */
    if (!atomic_load_explicit(&log_wanted, memory_order_relaxed))
        return;
    char line[OF_LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    }
    pthread_rwlock_rdlock(&lock);
    if (log_function != NULL)
        log_function(log_context, level_name(level), line);
    pthread_rwlock_unlock(&lock);
}
