/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/pause.h"

#include "base/clock.h"

void of_pause(of_share *share, uint32_t pause_ms)
{
    of_feed *feed = share->feed;
    int64_t until_us = of_deadline_us(pause_ms);
    for (;;) {
        int64_t now_us = of_clock_us();
        int64_t close_by_us = atomic_load_explicit(&feed->close_by_us, memory_order_relaxed);
        int64_t next_us = close_by_us < until_us ? close_by_us : until_us;
        if (now_us >= next_us || atomic_load_explicit(&feed->stopped, memory_order_relaxed) != 0)
            return;
        uint32_t ticket = of_eventcount_arm(share->wake);
        of_eventcount_wait(share->wake, ticket, next_us);
    }
}
