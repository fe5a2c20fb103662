/* SPDX-License-Identifier: Apache-2.0 */
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ORDERLY_END_SECONDS = 10 };

static volatile sig_atomic_t stop_signal;
static struct timespec stopped_at; /* Valid once stop_signal is set. */
static int stop_pipe[2] = {-1, -1};

/* Any thread may be the one that runs this: the pipe wakes the one that waits for input. */
static void take_signal(int signal_number)
{
    int saved = errno;
    ssize_t ignored;

    clock_gettime(CLOCK_MONOTONIC, &stopped_at);
    stop_signal = signal_number;
    ignored = write(stop_pipe[1], "", 1);
    (void)ignored;
    errno = saved;
}

int of_stop_install(void)
{
    struct sigaction action;

    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return -1;
    memset(&action, 0, sizeof action);
    action.sa_handler = take_signal;
    action.sa_flags = (int)SA_RESETHAND; /* The second signal finds the default: the end. */
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0)
        return -1;
    return 0;
}

int of_stop_signal(void)
{
    return stop_signal;
}

int of_stop_descriptor(void)
{
    return stop_pipe[0];
}

bool of_stop_overdue(void)
{
    struct timespec now;

    if (stop_signal == 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - stopped_at.tv_sec >= ORDERLY_END_SECONDS;
}
