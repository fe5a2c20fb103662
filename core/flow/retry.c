/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/retry.h"

#include "base/random.h"

uint32_t of_backoff_ms(uint32_t attempt, uint32_t base_ms, uint32_t max_ms)
{
    uint64_t pause = base_ms;
    for (uint32_t i = 0; i < attempt && pause < max_ms; i++)
        pause *= 2;
    return pause < max_ms ? (uint32_t)pause : max_ms;
}

uint32_t of_jitter_ms(uint32_t pause_ms, uint64_t *state)
{
    uint32_t random = of_random(state);
    uint32_t half = pause_ms / 2;
    return pause_ms - (half > 0 ? random % (half + 1) : 0);
}
