/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/state.h"

#include "base/alloc.h"

static void free_connect(outfall_connect_options *connect)
{
    for (uint32_t i = 0; i < connect->option_count; i++) {
        of_free((void *)(uintptr_t)connect->options[i].key);
        of_free((void *)(uintptr_t)connect->options[i].value);
    }
    of_free((void *)(uintptr_t)connect->options);
    of_free((void *)(uintptr_t)connect->application_name);
    of_free((void *)(uintptr_t)connect->url);
}

void of_pool_destroy(of_pool *pool)
{
    of_watchdog_free(pool->watchdog);
    of_slots_destroy(&pool->slots);
    free_connect(&pool->connect);
    pthread_cond_destroy(&pool->keeper_changed);
    pthread_cond_destroy(&pool->keeper_wake);
    pthread_mutex_destroy(&pool->mutex);
    of_free(pool);
}
