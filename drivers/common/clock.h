/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of deadlines: CLOCK_MONOTONIC in microseconds, as driver.h has it. */
#ifndef DRV_CLOCK_H
#define DRV_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t drv_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

#endif
