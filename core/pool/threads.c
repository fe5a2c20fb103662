/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/threads.h"

void of_pool_leave(of_pool *pool, bool *ended)
{
    pthread_mutex_lock(&pool->mutex);
    *ended = true;
    bool frees = --pool->threads == 0 && pool->abandoned;
    pthread_cond_broadcast(&pool->keeper_changed);
    pthread_mutex_unlock(&pool->mutex);
    if (frees) {
        of_pool_drop_idle(pool);
        of_pool_destroy(pool);
    }
}
