/* SPDX-License-Identifier: Apache-2.0 */
/* Leases of a pool: bounds, fairness, deadlines, and servers that are dead or hang. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "base/alloc.h"
#include "expect_pool.h"

/* ---- Leases ----------------------------------------------------------------------- */

static void the_connection_returned_last_is_leased_first(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 3});
    of_slot *first = take(100);
    of_slot *second = take(100);
    assert_ptr_not_equal(first->connection, second->connection);
    of_pool_return(pool, first, true);
    of_pool_return(pool, second, true);
    assert_ptr_equal(take(100), second);
    assert_ptr_equal(take(100), first);
    assert_int_equal(atomic_load(&fake.connects), 2);
    assert_int_equal(look().active, 2);
    assert_int_equal(look().leases, 4);
    of_pool_return(pool, first, true);
    of_pool_return(pool, second, false);
    assert_int_equal(look().idle, 1);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_BROKEN], 1);
    of_pool_drop_idle(pool);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_DROPPED], 1);
    assert_int_equal(of_pool_connections(pool), 0);
}

static void a_full_pool_refuses_at_the_deadline(void **state)
{
    outfall_error error;
    (void)state;
    make((of_pool_options){.connections_max = 1});
    of_slot *slot = take(100);
    int64_t from_us = of_clock_us();
    assert_int_equal(take_fails(100, &error), OUTFALL_ERR_TIMEOUT);
    assert_in_range(of_clock_us() - from_us, 100000, 600000);
    assert_non_null(strstr(error.message, "raise pool.max"));
    assert_int_equal(look().timeouts, 1);
    assert_int_equal(look().waiting, 0);
    of_pool_return(pool, slot, true);
    of_pool_return(pool, take(0), true);
}

static void without_time_only_what_is_idle_is_leased(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 2});
    for (int i = 0; i < 3; i++) /* That is no failure of the server's. */
        assert_int_equal(take_fails(0, NULL), OUTFALL_ERR_TIMEOUT);
    assert_int_equal(atomic_load(&fake.connects), 0);
    of_pool_return(pool, take(100), true);
    of_pool_return(pool, take(0), true);
}

#define THREADS 12

static atomic_int order_next;
static int order[THREADS];

static void *wait_and_note(void *argument)
{
    of_slot *slot = take(20000);
    order[atomic_fetch_add(&order_next, 1)] = *(int *)argument;
    of_pool_return(pool, slot, true);
    return NULL;
}

static void waiters_are_served_in_the_order_they_came(void **state)
{
    pthread_t threads[THREADS];
    int names[THREADS];
    (void)state;
    atomic_store(&order_next, 0);
    make((of_pool_options){.connections_max = 1});
    of_slot *slot = take(100);
    for (int i = 0; i < THREADS; i++) {
        names[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, wait_and_note, &names[i]), 0);
        wait_for(stats.waiting == (uint64_t)i + 1);
    }
    of_pool_return(pool, slot, true);
    of_pool_return(pool, take(20000), true); /* A newcomer comes last. */
    assert_int_equal(atomic_load(&order_next), THREADS);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(order[i], i);
    }
    assert_int_equal(atomic_load(&fake.connects), 1);
    /* The newcomer may have found it idle: all others were done. */
    assert_in_range(look().waits, THREADS + 1, THREADS + 2);
    assert_int_equal(look().wait.count, look().waits);
}

static void a_broken_connection_makes_room_for_who_waits(void **state)
{
    pthread_t thread;
    int name = 0;
    (void)state;
    atomic_store(&order_next, 0);
    make((of_pool_options){.connections_max = 1});
    of_slot *slot = take(100);
    assert_int_equal(pthread_create(&thread, NULL, wait_and_note, &name), 0);
    wait_for(stats.waiting == 1);
    of_pool_return(pool, slot, false);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&fake.connects), 2);
}

/* ---- Many threads ----------------------------------------------------------------- */

#ifdef __SANITIZE_THREAD__
#define ROUNDS 2000
#else
#define ROUNDS 20000
#endif

static void *lease_often(void *argument)
{
    uint64_t random = *(uint64_t *)argument;
    for (int round = 0; round < ROUNDS; round++) {
        of_slot *slot = take(20000);
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        assert_int_equal(slot->connection->user, 0);
        slot->connection->user = 1;
        if (random >> 59 == 0)
            sched_yield();
        slot->connection->user = 0;
        of_pool_return(pool, slot, random >> 56 != 1);
    }
    return NULL;
}

static void run_threads(void *(*function)(void *), int count)
{
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    for (int i = 0; i < count; i++) {
        seeds[i] = (uint64_t)i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, function, &seeds[i]), 0);
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void no_two_threads_have_a_connection_and_the_bound_holds(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 4});
    run_threads(lease_often, THREADS);
    const outfall_pool_stats stats = look();
    assert_true(atomic_load(&fake.open_most) <= 4);
    assert_int_equal(stats.active, 0);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.leases, (uint64_t)THREADS * ROUNDS);
    assert_int_equal(stats.created - stats.closed[OUTFALL_POOL_CLOSED_BROKEN], stats.idle);
}

/* The keeper does all it can meanwhile: closes, checks, opens and shrinks. */
static void the_keeper_takes_nothing_from_a_lease(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 6,
                           .connections_min = 2,
                           .rules = {1000, 30000, 500, 1000000, 200},
                           .window_us = 20000});
    atomic_store(&fake.ping_failures, 3);
    run_threads(lease_often, THREADS);
    assert_true(atomic_load(&fake.open_most) <= 6);
    wait_for(stats.active == 0 && stats.idle == 2 && stats.opening == 0);
    wait_for(stats.closed[OUTFALL_POOL_CLOSED_OLD] > 0);
}

static void *lease_once(void *argument)
{
    (void)argument;
    of_slot *slot = take(20000);
    fake_pause_ms(100);
    of_pool_return(pool, slot, true);
    return NULL;
}

static void a_storm_of_connects_is_damped(void **state)
{
    (void)state;
    atomic_store(&fake.connect_ms, 10);
    make((of_pool_options){.connections_max = THREADS});
    run_threads(lease_once, THREADS);
    assert_int_equal(atomic_load(&fake.connecting_most), 3); /* A quarter of the most. */
}

/* ---- A server that is dead or hangs ----------------------------------------------- */

static void a_dead_server_is_left_alone_for_a_while(void **state)
{
    outfall_error error;
    (void)state;
    make((of_pool_options){.connections_max = 2});
    atomic_store(&fake.connect_failures, 1000);
    assert_int_equal(take_fails(1000, &error), OUTFALL_ERR_IO);
    assert_int_equal(take_fails(1000, &error), OUTFALL_ERR_IO); /* The first may be chance. */
    assert_int_equal(atomic_load(&fake.connects), 2);
    for (int i = 0; i < 4; i++) { /* Each failure doubles the pause. */
        wait_for(stats.quarantine_ms == 0);
        assert_int_equal(take_fails(1000, &error), OUTFALL_ERR_IO);
    }
    assert_int_equal(atomic_load(&fake.connects), 6);
    assert_in_range(look().quarantine_ms, 300, 800);
    int64_t from_us = of_clock_us();
    assert_int_equal(take_fails(1000, &error), OUTFALL_ERR_IO); /* At once, and not tried. */
    assert_true(of_clock_us() - from_us < 200000);
    assert_int_equal(error.action, OUTFALL_ACTION_RETRY);
    assert_non_null(strstr(error.message, "nobody listens (failed 6 times in a row"));
    assert_int_equal(atomic_load(&fake.connects), 6);
    assert_int_equal(look().quarantined, 1);
    atomic_store(&fake.connect_failures, 0);
    wait_for(stats.quarantine_ms == 0);
    of_pool_return(pool, take(1000), false);
    atomic_store(&fake.connect_failures, 1); /* All is forgotten. */
    assert_int_equal(take_fails(1000, &error), OUTFALL_ERR_IO);
    of_pool_return(pool, take(1000), true);
}

static void a_connection_long_unused_is_asked_before_it_is_used(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 2, .rules = {.check_us = 50000}});
    of_slot *slot = take(1000);
    of_pool_return(pool, slot, true);
    of_pool_return(pool, take(1000), true);
    assert_int_equal(atomic_load(&fake.pings), 0);
    fake_pause_ms(60);
    of_pool_return(pool, take(1000), true);
    assert_int_equal(atomic_load(&fake.pings), 1);
    assert_int_equal(atomic_load(&fake.connects), 1);
    fake_pause_ms(60);
    atomic_store(&fake.ping_failures, 1);
    of_pool_return(pool, take(1000), true); /* Another one. */
    assert_int_equal(atomic_load(&fake.connects), 2);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_CHECK], 1);
    assert_int_equal(look().checks, 2);
}

static void a_connection_that_the_server_closed_is_replaced_unseen(void **state)
{
    of_slot *slots[3];
    (void)state;
    make((of_pool_options){.connections_max = 4, .rules = {.look_us = 200000}});
    for (int i = 0; i < 3; i++)
        slots[i] = take(1000);
    for (int i = 0; i < 3; i++)
        of_pool_return(pool, slots[i], true);
    of_slot *slot = take(1000); /* Used just before: it costs nothing. */
    assert_int_equal(atomic_load(&fake.looks), 0);
    fake_pause_ms(210);
    atomic_store(&fake.ended, 2); /* The third is on lease, and lives. */
    of_slot *other = take(1000);
    assert_int_equal(other->connection->number, 4);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_GONE], 2);
    of_pool_return(pool, other, true);
    of_pool_return(pool, slot, true);
    fake_pause_ms(210);
    assert_int_equal(take(0)->connection->number, 3); /* It is looked at without any time, too. */
    assert_int_equal(atomic_load(&fake.looks), 3);
    atomic_store(&fake.ended, 4);
    assert_int_equal(take_fails(0, NULL), OUTFALL_ERR_TIMEOUT);
    of_pool_return(pool, slot, true);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_GONE], 3);
    assert_int_equal(atomic_load(&fake.pings), 0);
    assert_int_equal(look().checks, 0);
}

static void a_check_begins_with_a_look(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 2, .rules = {.check_us = 20000}});
    of_pool_return(pool, take(1000), true);
    fake_pause_ms(30);
    atomic_store(&fake.ended, 1);
    of_pool_return(pool, take(1000), true);
    assert_int_equal(atomic_load(&fake.connects), 2);
    assert_int_equal(atomic_load(&fake.pings), 0);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_GONE], 1);
}

static void a_lessee_in_a_hurry_is_no_server_that_hangs(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 2, .rules = {.check_us = 20000}});
    of_slot *first = take(1000);
    of_pool_return(pool, take(1000), true);
    of_pool_return(pool, first, true);
    fake_pause_ms(30);
    atomic_store(&fake.hang_ping, true);
    of_slot *slot = take(20); /* The other one stays; there is no time left to ask it. */
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_CHECK], 1);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_DROPPED], 0);
    assert_int_equal(slot->connection->number, 2);
    of_pool_return(pool, slot, true);
}

static void a_check_that_hangs_is_cut_at_the_deadline(void **state)
{
    (void)state;
    make((of_pool_options){.connections_max = 2, .rules = {.check_us = 20000}});
    of_pool_return(pool, take(1000), true);
    fake_pause_ms(30);
    atomic_store(&fake.hang_ping, true);
    int64_t from_us = of_clock_us();
    assert_int_equal(take_fails(200, NULL), OUTFALL_ERR_TIMEOUT);
    assert_in_range(of_clock_us() - from_us, 200000, 1200000);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_CHECK], 1);
}

/* ---- The end ---------------------------------------------------------------------- */

static void *wait_in_vain(void *argument)
{
    (void)argument;
    assert_int_equal(take_fails(20000, NULL), OUTFALL_ERR_CLOSED);
    return NULL;
}

static void shutting_refuses_who_waits_and_waits_for_who_has(void **state)
{
    pthread_t thread;
    (void)state;
    make((of_pool_options){.connections_max = 1});
    of_slot *slot = take(1000);
    assert_int_equal(pthread_create(&thread, NULL, wait_in_vain, NULL), 0);
    wait_for(stats.waiting == 1);
    assert_false(of_pool_shut(pool, of_deadline_us(20)));
    pthread_join(thread, NULL);
    assert_int_equal(take_fails(1000, NULL), OUTFALL_ERR_CLOSED);
    of_pool_return(pool, slot, true);
    assert_int_equal(look().closed[OUTFALL_POOL_CLOSED_END], 1);
    assert_true(of_pool_shut(pool, of_deadline_us(1000)));
}

static void memory_that_cannot_be_had_is_an_error(void **state)
{
    const outfall_driver_option options[] = {{"fake.a", "1"}, {"fake.b", "2"}};
    const outfall_connect_options connect = {.struct_size = sizeof connect,
                                             .option_count = 2,
                                             .url = "fake:",
                                             .application_name = "test",
                                             .options = options};
    const of_pool_options pool_options = {3, 1000, &connect, 0, {0}, 0};
    int status = OUTFALL_ERR_NOMEM;
    (void)state;
    for (uint64_t nth = 1; status != OUTFALL_OK; nth++) {
        of_alloc_fail_from(nth);
        status = of_pool_new(&fake_driver, &pool_options, &pool, NULL);
        of_alloc_fail_from(0);
        assert_true(status == OUTFALL_OK || (status == OUTFALL_ERR_NOMEM && pool == NULL));
        assert_true(nth < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_connection_returned_last_is_leased_first),
        TEST(a_full_pool_refuses_at_the_deadline),
        TEST(without_time_only_what_is_idle_is_leased),
        TEST(waiters_are_served_in_the_order_they_came),
        TEST(a_broken_connection_makes_room_for_who_waits),
        TEST(no_two_threads_have_a_connection_and_the_bound_holds),
        TEST(the_keeper_takes_nothing_from_a_lease),
        TEST(a_storm_of_connects_is_damped),
        TEST(a_dead_server_is_left_alone_for_a_while),
        TEST(a_connection_long_unused_is_asked_before_it_is_used),
        TEST(a_connection_that_the_server_closed_is_replaced_unseen),
        TEST(a_check_begins_with_a_look),
        TEST(a_lessee_in_a_hurry_is_no_server_that_hangs),
        TEST(a_check_that_hangs_is_cut_at_the_deadline),
        TEST(shutting_refuses_who_waits_and_waits_for_who_has),
        TEST(memory_that_cannot_be_had_is_an_error),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
