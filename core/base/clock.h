/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks. Pure code takes the time as an argument and does not include this. */
#ifndef OF_BASE_CLOCK_H
#define OF_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t of_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t of_clock_us(void)
{
    return of_clock_ns() / 1000;
}

/* Since 1970, UTC, as a calendar has it: for records, not for waits. */
static inline int64_t of_clock_calendar_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The absolute deadline, in microseconds, that is `timeout_ms` from now. */
static inline int64_t of_deadline_us(int64_t timeout_ms)
{
    return of_clock_us() + timeout_ms * 1000;
}

#endif
