/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <outfall/outfall.h>

#include "base/log.h"

typedef struct seen {
    atomic_int calls;
    char level[16];
    char message[2048];
} seen;

static void keep(void *context, const char *level, const char *message)
{
    seen *kept = context;
    snprintf(kept->level, sizeof kept->level, "%s", level);
    snprintf(kept->message, sizeof kept->message, "%s", message);
    kept->calls++;
}

static void the_log_is_silent_until_a_function_is_set(void **state)
{
    seen kept = {0};
    (void)state;
    of_log(OF_LOG_ERROR, "nobody hears %d", 1);
    outfall_log_set(keep, &kept);
    of_log(OF_LOG_WARNING, "heard %d", 2);
    outfall_log_set(NULL, NULL);
    of_log(OF_LOG_ERROR, "nobody hears %d", 3);
    assert_int_equal(kept.calls, 1);
    assert_string_equal(kept.level, "warning");
    assert_string_equal(kept.message, "heard 2");
}

static void a_level_has_its_name(void **state)
{
    static const struct {
        int level;
        const char *name;
    } cases[] = {
        {OF_LOG_DEBUG, "debug"}, {OF_LOG_INFO, "info"}, {OF_LOG_WARNING, "warning"},
        {OF_LOG_ERROR, "error"}, {-1, "error"},         {99, "error"},
    };
    seen kept = {0};
    (void)state;
    outfall_log_set(keep, &kept);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_log(cases[i].level, "x");
        assert_string_equal(kept.level, cases[i].name);
    }
    outfall_log_set(NULL, NULL);
}

static void a_message_is_one_line_however_long(void **state)
{
    static char longest[4000];
    seen kept = {0};
    (void)state;
    outfall_log_set(keep, &kept);
    of_log(OF_LOG_INFO, "a%sb\x7f", "\r\n\t");
    assert_string_equal(kept.message, "a   b ");
    memset(longest, 'x', sizeof longest - 1);
    of_log(OF_LOG_INFO, "%s", longest);
    assert_in_range(strlen(kept.message), 100, sizeof longest - 1);
    outfall_log_set(NULL, NULL);
}

/* A context that is used after outfall_log_set has taken it away shows up as a wrong magic. */
typedef struct owned {
    atomic_int magic;
} owned;

static void check(void *context, const char *level, const char *message)
{
    owned *mine = context;
    (void)level;
    (void)message;
    assert_int_equal(mine->magic, 42);
}

static atomic_bool stop;

static void *log_until_told(void *argument)
{
    while (!stop)
        of_log(OF_LOG_INFO, "busy");
    return argument;
}

static void a_context_is_free_once_it_is_replaced(void **state)
{
    owned contexts[2] = {{42}, {42}};
    pthread_t thread;
    (void)state;
    stop = false;
    outfall_log_set(check, &contexts[0]);
    assert_int_equal(pthread_create(&thread, NULL, log_until_told, NULL), 0);
    for (size_t i = 1; i < 200; i++) {
        contexts[i % 2].magic = 42;
        outfall_log_set(check, &contexts[i % 2]);
        contexts[(i + 1) % 2].magic = 0;
    }
    outfall_log_set(NULL, NULL);
    stop = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_silent_until_a_function_is_set),
        cmocka_unit_test(a_level_has_its_name),
        cmocka_unit_test(a_message_is_one_line_however_long),
        cmocka_unit_test(a_context_is_free_once_it_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
