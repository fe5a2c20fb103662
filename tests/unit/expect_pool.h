/* SPDX-License-Identifier: Apache-2.0 */
/* A pool over the fake driver, and short ways to use it; included after cmocka.h. */
#ifndef OUTFALL_TEST_EXPECT_POOL_H
#define OUTFALL_TEST_EXPECT_POOL_H

#include "base/clock.h"
#include "fake.h"
#include "pool/pool.h"

static of_pool *pool;

static inline int begin(void **state)
{
    (void)state;
    fake_reset();
    pool = NULL;
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    of_pool_free(pool);
    return atomic_load(&fake.open) == 0 && atomic_load(&fake.wrongs) == 0 ? 0 : -1;
}

static inline void make(of_pool_options options)
{
    char url[] = FAKE_URL;
    const outfall_connect_options connect = {.struct_size = sizeof connect, .url = url};
    options.connect = &connect;
    if (options.connect_timeout_ms == 0)
        options.connect_timeout_ms = 1000;
    assert_int_equal(of_pool_new(&fake_driver, &options, &pool, NULL), OUTFALL_OK);
    memset(url, 'x', sizeof url - 1); /* It was copied. */
}

static inline of_slot *take(int64_t timeout_ms)
{
    of_slot *slot;
    of_watch watch;
    outfall_error error = {0};
    if (of_pool_take(pool, of_deadline_us(timeout_ms), &watch, &slot, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    assert_non_null(slot->connection);
    return slot;
}

static inline int take_fails(int64_t timeout_ms, outfall_error *error)
{
    of_slot *slot;
    of_watch watch;
    int status = of_pool_take(pool, of_deadline_us(timeout_ms), &watch, &slot, error);
    assert_null(slot);
    return status;
}

static inline outfall_pool_stats look(void)
{
    outfall_pool_stats stats = {.struct_size = sizeof stats};
    of_pool_read(pool, &stats);
    return stats;
}

/* Waits, for ten seconds at most, until `condition`, which looks at `stats`, holds. */
#define wait_for(condition)                                                                        \
    do {                                                                                           \
        int64_t until_us_ = of_deadline_us(10000);                                                 \
        outfall_pool_stats stats = look();                                                         \
        for (; !(condition); stats = look()) {                                                     \
            if (stats.struct_size == 0 || of_clock_us() > until_us_)                               \
                fail_msg("never: %s", #condition);                                                 \
            fake_pause_ms(1);                                                                      \
        }                                                                                          \
    } while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
