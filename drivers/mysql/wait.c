/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/wait.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "common/clock.h"

#define POLL_MS_MAX 60000

/* The hook gets no context of ours: what it has to know is the calling thread's. */
static _Thread_local struct {
    int64_t deadline_us;
    bool expired;
} current;

void drv_my_wait_begin(drv_my_wait *wait, int64_t deadline_us, bool tls)
{
    current.deadline_us = deadline_us;
    current.expired = false;
    wait->guarded = tls || !DRV_MY_SENDS_QUIETLY;
    if (!wait->guarded)
        return;
    sigset_t pipe, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    wait->pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &wait->mask);
}

bool drv_my_wait_end(drv_my_wait *wait)
{
    if (wait->guarded) {
        static const struct timespec none = {0, 0};
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        while (!wait->pending && sigtimedwait(&pipe, NULL, &none) < 0 && errno == EINTR)
            ;
        pthread_sigmask(SIG_SETMASK, &wait->mask, NULL);
    }
    return current.expired;
}

int drv_my_wait_for_io(my_socket socket, drv_my_bool is_read, int timeout_ms)
{
    struct pollfd wanted = {.fd = (int)socket, .events = is_read ? POLLIN : POLLOUT};
    (void)timeout_ms; /* The client's own, from my.cnf perhaps: the deadline is what counts. */
    for (;;) {
        int64_t left_ms = (current.deadline_us - drv_now_us() + 999) / 1000;
        if (left_ms <= 0) {
            current.expired = true;
            errno = ETIMEDOUT;
            return 0;
        }
        int ready = poll(&wanted, 1, left_ms < POLL_MS_MAX ? (int)left_ms : POLL_MS_MAX);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return ready;
    }
}

bool drv_my_wait_is_over(int socket)
{
    struct pollfd wanted = {.fd = socket, .events = POLLIN};
    return socket < 0 || poll(&wanted, 1, 0) != 0;
}
