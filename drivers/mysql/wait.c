/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/wait.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "common/clock.h"
#include "mysql/greeting.h"

#define POLL_MS_MAX 60000
#define PART_MS 5 /* Until more of a greeting is looked for. */

/* The hook gets no context of ours: what it has to know is the calling thread's. */
static _Thread_local struct {
    int64_t deadline_us;
    bool expired;
    bool demands_tls;
    bool plain;
} current;

void drv_my_wait_begin(drv_my_wait *wait, int64_t deadline_us, bool tls)
{
    current.deadline_us = deadline_us;
    current.expired = false;
    current.demands_tls = false;
    current.plain = false;
    wait->plain = false;
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

void drv_my_wait_demand_tls(void)
{
    current.demands_tls = true;
}

bool drv_my_wait_end(drv_my_wait *wait)
{
    wait->plain = current.plain;
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

/* Waits until the deadline for any of `events`; as poll, less EINTR. */
static int wait_for(int socket, short events, struct pollfd *wanted)
{
    *wanted = (struct pollfd){.fd = socket, .events = events};
    for (;;) {
        int64_t left_ms = (current.deadline_us - drv_now_us() + 999) / 1000;
        if (left_ms <= 0) {
            current.expired = true;
            errno = ETIMEDOUT;
            return 0;
        }
        int ready = poll(wanted, 1, left_ms < POLL_MS_MAX ? (int)left_ms : POLL_MS_MAX);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return ready;
    }
}

/*
 * Peeks at the server's first packet; the library reads it after. False: TLS is not offered, or
 * the deadline passed. What else may be wrong is left for the library to find.
 */
static bool look_at_greeting(int socket)
{
    uint8_t packet[DRV_MY_GREETING_MAX];
    struct pollfd wanted;
    for (;;) {
        if (wait_for(socket, POLLIN | POLLRDHUP, &wanted) == 0)
            return false;
        ssize_t length = recv(socket, packet, sizeof packet, MSG_PEEK | MSG_DONTWAIT);
        if (length <= 0)
            return true;
        switch (drv_my_greeting_read(packet, (size_t)length)) {
        case DRV_MY_GREETING_PART:
            if ((wanted.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
                return true;              /* No more is to come. */
            (void)poll(NULL, 0, PART_MS); /* The socket is readable already: no wait for more. */
            break;
        case DRV_MY_GREETING_PLAIN:
            current.plain = true;
            errno = ECONNREFUSED;
            return false;
        default:
            current.demands_tls = false; /* Seen. */
            return true;
        }
    }
}

int drv_my_wait_for_io(my_socket socket, drv_my_bool is_read, int timeout_ms)
{
    struct pollfd wanted;
    (void)timeout_ms; /* The client's own, from my.cnf perhaps: the deadline is what counts. */
    int ready = wait_for((int)socket, is_read ? POLLIN : POLLOUT, &wanted);
    bool connected = ready > 0 && !is_read && (wanted.revents & (POLLERR | POLLHUP)) == 0;
    if (current.demands_tls && connected && !look_at_greeting((int)socket))
        return current.expired ? 0 : -1;
    return ready;
}

bool drv_my_wait_is_over(int socket)
{
    struct pollfd wanted = {.fd = socket, .events = POLLIN};
    return socket < 0 || poll(&wanted, 1, 0) != 0;
}
