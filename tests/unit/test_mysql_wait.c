/* SPDX-License-Identifier: Apache-2.0 */
/* The MySQL driver's waits: they end at the thread's deadline, and SIGPIPE ends no program. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "mysql/wait.h"

#define MS INT64_C(1000)

static void make_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void close_pair(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

static void a_wait_ends_at_the_deadline(void **state)
{
    drv_my_wait wait;
    int pair[2];
    (void)state;
    make_pair(pair);
    int64_t started = drv_now_us();
    drv_my_wait_begin(&wait, started + 50 * MS, false);
    /* The library's own limit, longer or none, is not looked at. */
    assert_int_equal(drv_my_wait_for_io(pair[0], 1, 60000), 0);
    assert_int_equal(drv_my_wait_for_io(pair[0], 1, -1), 0);
    assert_true(drv_my_wait_end(&wait));
    int64_t took = drv_now_us() - started;
    assert_true(took >= 50 * MS);
    assert_true(took < 1000 * MS);
    close_pair(pair);
}

static void what_is_ready_is_not_waited_for(void **state)
{
    drv_my_wait wait;
    int pair[2];
    (void)state;
    make_pair(pair);
    drv_my_wait_begin(&wait, drv_now_us() + 10000 * MS, false);
    assert_true(drv_my_wait_for_io(pair[0], 0, -1) > 0); /* Room to write. */
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_true(drv_my_wait_for_io(pair[0], 1, -1) > 0);
    assert_int_equal(shutdown(pair[0], SHUT_RDWR), 0); /* As sever does it. */
    assert_true(drv_my_wait_for_io(pair[0], 1, -1) > 0);
    assert_false(drv_my_wait_end(&wait));
    close_pair(pair);
}

static void a_deadline_that_has_passed_waits_for_nothing(void **state)
{
    drv_my_wait wait;
    int pair[2];
    (void)state;
    make_pair(pair);
    drv_my_wait_begin(&wait, 0, false);
    assert_int_equal(drv_my_wait_for_io(pair[0], 0, -1), 0);
    assert_true(drv_my_wait_end(&wait));
    drv_my_wait_begin(&wait, drv_now_us() + 10000 * MS, false);
    assert_false(drv_my_wait_end(&wait)); /* The one before is forgotten. */
    close_pair(pair);
}

static void a_broken_pipe_under_tls_ends_no_program(void **state)
{
    struct sigaction disposition;
    sigset_t mask, pending;
    drv_my_wait wait;
    int pair[2];
    (void)state;
    assert_int_equal(sigaction(SIGPIPE, NULL, &disposition), 0);
    assert_true(disposition.sa_handler == SIG_DFL);
    make_pair(pair);
    close(pair[1]);
    drv_my_wait_begin(&wait, drv_now_us() + 1000 * MS, true);
    assert_int_equal(write(pair[0], "x", 1), -1); /* As OpenSSL writes. */
    drv_my_wait_end(&wait);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGPIPE), 0);
    close(pair[0]);
}

static void a_signal_that_was_pending_stays_so(void **state)
{
    sigset_t pipe, before, pending;
    drv_my_wait wait;
    (void)state;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &pipe, &before), 0);
    assert_int_equal(raise(SIGPIPE), 0);
    drv_my_wait_begin(&wait, drv_now_us() + 1000 * MS, true);
    drv_my_wait_end(&wait);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 1);
    int taken;
    assert_int_equal(sigwait(&pipe, &taken), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

static void a_connection_that_the_server_closed_is_over(void **state)
{
    int pair[2];
    (void)state;
    assert_true(drv_my_wait_is_over(-1));
    make_pair(pair);
    assert_false(drv_my_wait_is_over(pair[0]));
    close(pair[1]);
    assert_true(drv_my_wait_is_over(pair[0]));
    close(pair[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_at_the_deadline),
        cmocka_unit_test(what_is_ready_is_not_waited_for),
        cmocka_unit_test(a_deadline_that_has_passed_waits_for_nothing),
        cmocka_unit_test(a_broken_pipe_under_tls_ends_no_program),
        cmocka_unit_test(a_signal_that_was_pending_stays_so),
        cmocka_unit_test(a_connection_that_the_server_closed_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
