/* SPDX-License-Identifier: Apache-2.0 */
/* What a pool does in the background. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/outfall.h>

#include "expect_pool.h"

/* ---- The keeper ------------------------------------------------------------------- */

static void connections_are_opened_before_they_are_needed(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 5, .connections_min = 3});
    wait_for(stats.idle == 3);
    assert_int_equal(look().warmed, 3);
    of_slot *slot = take(0);
    of_pool_return(pool, slot, false);
    wait_for(stats.idle == 3 && stats.warmed == 4);
    assert_int_equal(look().waits, 0);
}

static void several_are_opened_at_once_where_many_are_missing(void **state)
{
    (void)state;
    atomic_store(&fake.connect_ms, 20);
    make((of_pool_options){.connections_max = 16, .connections_min = 13});
    wait_for(stats.idle == 13);
    assert_int_equal(atomic_load(&fake.connecting_most), 4); /* A quarter of the most. */
    fake_pause_ms(50);
    assert_int_equal(look().warmed, 13); /* And not one more. */
    assert_int_equal(look().created, 13);
}

static void a_connect_that_hangs_holds_up_nothing_else(void **state)
{
    (void)state;
    atomic_store(&fake.hang_first, 1);
    make((of_pool_options){.connections_max = 4,
                           .connections_min = 3,
                           .rules = {.check_us = 20000},
                           .window_us = 20000});
    wait_for(stats.idle == 2 && stats.opening == 1);
    wait_for(stats.checks >= 6); /* Of both. */
    atomic_store(&fake.ping_failures, 1);
    wait_for(stats.closed[OUTFALL_POOL_CLOSED_CHECK] == 1 && stats.idle == 2);
    assert_int_equal(look().opening, 1);
    atomic_store(&fake.hang_first, 0);
    wait_for(stats.idle == 3 && stats.opening == 0);
}

static void connects_that_fail_together_count_once(void **state)
{
    (void)state;
    atomic_store(&fake.connect_ms, 200);
    atomic_store(&fake.connect_failures, 8);
    make((of_pool_options){.connections_max = 40, .connections_min = 8, .window_us = 10000});
    wait_for(stats.connect_failures == 8);
    assert_int_equal(atomic_load(&fake.connecting_most), 8);
    assert_in_range(look().quarantine_ms, 0, 100); /* Eight in a row would be 2 s. */
    wait_for(stats.idle == 8);
}

static void what_the_server_closed_is_replaced_before_it_is_needed(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 5,
                           .connections_min = 3,
                           .rules = {.look_us = 1000},
                           .window_us = 20000});
    wait_for(stats.idle == 3);
    atomic_store(&fake.ended, 3);
    wait_for(stats.idle == 3 && stats.created == 6);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_GONE], 3);
    of_slot *slot = take(0);
    assert_true(slot->connection->number > 3);
    of_pool_return(pool, slot, true);
    assert_int_equal(atomic_load(&fake.pings), 0);
}

static void what_the_server_closed_does_not_stay_idle(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 2,
                           .rules = {.idle_us = 40000000, .look_us = 1000, .leak_us = 40000}});
    of_pool_return(pool, take(1000), true);
    atomic_store(&fake.ended, 1);
    wait_for(stats.closed[OUTFALL_POOL_CLOSED_GONE] == 1);
    assert_int_equal(of_pool_connections(pool), 0);
    assert_int_equal(atomic_load(&fake.connects), 1); /* None is to be kept. */
}

/* One that hangs tells of all: the others would each take as long to be found out. */
static void a_check_that_fails_closes_what_is_idle(void **state)
{
    (void)state;
    make((of_pool_options){
        .connections_max = 4, .connections_min = 3, .rules = {.check_us = 100000}});
    wait_for(stats.idle == 3);
    atomic_store(&fake.ping_failures, 1);
    wait_for(stats.closed[OUTFALL_POOL_CLOSED_CHECK] == 1);
    wait_for(stats.idle == 3 && stats.created == 6);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_DROPPED], 2);
}

static void idle_connections_are_closed_down_to_the_least(void **state)
{
    of_slot *slots[4];
    (void)state;
    make((of_pool_options){.connections_max = 4, .rules = {.idle_us = 100000}});
    for (int i = 0; i < 4; i++)
        slots[i] = take(1000);
    fake_pause_ms(150);
    assert_int_equal(of_pool_connections(pool), 4); /* None of them is idle. */
    for (int i = 1; i < 4; i++)
        of_pool_return(pool, slots[i], true);
    wait_for(stats.closed[OUTFALL_POOL_CLOSED_IDLE] == 3);
    assert_int_equal(of_pool_connections(pool), 1);
    of_pool_return(pool, slots[0], true);
    for (int i = 0; i < 4; i++) /* Their places can be used again. */
        slots[i] = take(1000);
    for (int i = 0; i < 4; i++)
        of_pool_return(pool, slots[i], true);
}

static void what_is_to_be_kept_is_kept_however_idle_it_is(void **state)
{
    (void)state;
    make(
        (of_pool_options){.connections_max = 4, .connections_min = 2, .rules = {.idle_us = 20000}});
    wait_for(stats.idle == 2);
    fake_pause_ms(150);
    assert_int_equal(look().created, 2);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_IDLE], 0);
}

static void a_connection_ends_with_its_lifetime(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 2, .rules = {.lifetime_us = 100000}});
    of_slot *held = take(1000);
    of_pool_return(pool, take(1000), true);
    wait_for(stats.closed[OUTFALL_POOL_CLOSED_OLD] == 1);
    fake_pause_ms(100);
    assert_int_equal(look().active, 1); /* Not while it is on lease. */
    of_pool_return(pool, held, true);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_OLD], 2);
}

static void one_that_is_to_end_has_a_successor_before(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 4,
                           .connections_min = 2,
                           .rules = {.lifetime_us = 2000000},
                           .window_us = 100000});
    wait_for(stats.idle > 2); /* Never more than the successors'. */
    wait_for(stats.closed[OUTFALL_POOL_CLOSED_OLD] >= 2 && stats.idle == 2);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_SHRUNK], 0);
    assert_int_equal(look().target, 2);
}

static atomic_int warnings;

static void count_leaks(void *context, const char *level, const char *message)
{
    (void)context;
    if (strcmp(level, "warning") == 0 && strstr(message, "longer than pool.leak.ms") != NULL)
        atomic_fetch_add(&warnings, 1);
}

static void a_lease_held_for_too_long_is_reported_once(void **state)
{
    (void)state;
    atomic_store(&warnings, 0);
    outfall_log_set(count_leaks, NULL);
    make((of_pool_options){.connections_max = 2, .rules = {.leak_us = 50000}});
    for (int i = 0; i < 100; i++) /* Short ones do not add up. */
        of_pool_return(pool, take(1000), true);
    of_slot *slot = take(1000);
    wait_for(stats.leaks == 1);
    fake_pause_ms(150);
    assert_int_equal(look().leaks, 1);
    assert_int_equal(atomic_load(&warnings), 1);
    of_pool_return(pool, slot, true);
    slot = take(1000);
    wait_for(stats.leaks == 2);
    of_pool_return(pool, slot, true);
    outfall_log_set(NULL, NULL);
}

static void a_pool_of_its_size_opens_more_only_after_a_moment(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 4, .connections_min = 1, .window_us = 60000000});
    wait_for(stats.idle == 1);
    of_slot *first = take(1000);
    int64_t from_us = of_clock_us();
    of_slot *second = take(1000);
    assert_in_range(of_clock_us() - from_us, 20000, 500000);
    assert_int_equal(look().created, 2);
    of_pool_return(pool, first, true);
    of_pool_return(pool, second, true);
}

static void a_stepped_load_settles_in_the_band(void **state)
{
    static const int steps[] = {6, 13, 3, 9};
    of_slot *slots[20];
    int held = 0;
    (void)state;
    make((of_pool_options){.connections_max = 20, .connections_min = 1, .window_us = 50000});
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        while (held < steps[i])
            slots[held++] = take(1000);
        while (held > steps[i])
            of_pool_return(pool, slots[--held], true);
        uint64_t before = look().sizings[OUTFALL_POOL_SIZING_IN_BAND];
        wait_for(stats.sizings[OUTFALL_POOL_SIZING_IN_BAND] >= before + 4 &&
                 stats.sizing == OUTFALL_POOL_SIZING_IN_BAND && stats.utilisation_permille >= 500 &&
                 stats.utilisation_permille <= 800);
        const outfall_pool_stats stats = look();
        assert_int_equal(stats.active + stats.idle, stats.target);
    }
    assert_true(look().sizings[OUTFALL_POOL_SIZING_QUIET] > 0);
    assert_true(look().sizings[OUTFALL_POOL_SIZING_BUSY] > 0);
    assert_true(look().closed[OUTFALL_POOL_CLOSED_SHRUNK] > 0);
    while (held > 0)
        of_pool_return(pool, slots[--held], true);
    wait_for(stats.idle == 1 && stats.sizing == OUTFALL_POOL_SIZING_AT_MIN);
}

/* ---- The end ---------------------------------------------------------------------- */

static void freeing_does_not_wait_for_a_keeper_that_hangs(void **state)
{
    (void)state;
    atomic_store(&fake.hang_connect, true);
    make((of_pool_options){.connections_max = 4, .connections_min = 4, .window_us = 10000});
    wait_for(atomic_load(&fake.connecting) == 2);
    int64_t from_us = of_clock_us();
    of_pool_free(pool);
    pool = NULL;
    assert_true(of_clock_us() - from_us < 1000000);
    atomic_store(&fake.hang_connect, false);
    int64_t until_us = of_deadline_us(10000);
    while (atomic_load(&fake.connecting) > 0 || atomic_load(&fake.open) > 0)
        assert_true(of_clock_us() < until_us);
    fake_pause_ms(100); /* For a leak checker: the keeper's last act is to free the pool. */
}

static void freeing_cuts_a_check_of_the_keepers(void **state)
{
    (void)state;
    atomic_store(&fake.hang_ping, true);
    make((of_pool_options){
        .connections_max = 2, .connections_min = 1, .rules = {.check_us = 20000}});
    wait_for(atomic_load(&fake.pings) == 1);
    int64_t from_us = of_clock_us();
    of_pool_free(pool);
    pool = NULL;
    assert_true(of_clock_us() - from_us < 200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connections_are_opened_before_they_are_needed),
        TEST(several_are_opened_at_once_where_many_are_missing),
        TEST(a_connect_that_hangs_holds_up_nothing_else),
        TEST(connects_that_fail_together_count_once),
        TEST(what_the_server_closed_is_replaced_before_it_is_needed),
        TEST(what_the_server_closed_does_not_stay_idle),
        TEST(a_check_that_fails_closes_what_is_idle),
        TEST(idle_connections_are_closed_down_to_the_least),
        TEST(what_is_to_be_kept_is_kept_however_idle_it_is),
        TEST(a_connection_ends_with_its_lifetime),
        TEST(one_that_is_to_end_has_a_successor_before),
        TEST(a_lease_held_for_too_long_is_reported_once),
        TEST(a_pool_of_its_size_opens_more_only_after_a_moment),
        TEST(a_stepped_load_settles_in_the_band),
        TEST(freeing_does_not_wait_for_a_keeper_that_hangs),
        TEST(freeing_cuts_a_check_of_the_keepers),
    };
    return cmocka_run_group_tests_name("pool_keeper", tests, NULL, NULL);
}
