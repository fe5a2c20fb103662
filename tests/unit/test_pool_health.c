/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pool/health.h"

#define S INT64_C(1000000)

static void an_idle_connection_is_kept_checked_or_closed(void **state)
{
    static const of_health_rules rules = {600 * S, 1800 * S, 30 * S, 0, 0};
    static const of_health_rules looking = {600 * S, 1800 * S, 30 * S, 0, 2 * S};
    static const of_health_rules off = {0, 0, 0, 0, 0};
    static const struct {
        const char *why;
        const of_health_rules *rules;
        of_health_facts facts;
        int64_t now_us;
        enum of_health want;
    } cases[] = {
        {"fresh", &rules, {100 * S, 0, 1900 * S, false, 0}, 110 * S, OF_HEALTH_KEEP},
        {"just before a check",
         &rules,
         {100 * S, 0, 1900 * S, false, 0},
         130 * S - 1,
         OF_HEALTH_KEEP},
        {"due for a check", &rules, {100 * S, 0, 1900 * S, false, 0}, 130 * S, OF_HEALTH_CHECK},
        {"a check counts as an answer",
         &rules,
         {100 * S, 125 * S, 1900 * S, false, 0},
         154 * S,
         OF_HEALTH_KEEP},
        {"and grows old too",
         &rules,
         {100 * S, 125 * S, 1900 * S, false, 0},
         155 * S,
         OF_HEALTH_CHECK},
        {"use after a check counts",
         &rules,
         {150 * S, 125 * S, 1900 * S, false, 0},
         179 * S,
         OF_HEALTH_KEEP},
        {"idle, but to be kept",
         &rules,
         {100 * S, 695 * S, 1900 * S, false, 0},
         700 * S,
         OF_HEALTH_KEEP},
        {"idle and spare",
         &rules,
         {100 * S, 695 * S, 1900 * S, true, 0},
         700 * S,
         OF_HEALTH_CLOSE_IDLE},
        {"idle and spare, and sooner by chance",
         &rules,
         {100 * S, 0, 1900 * S, true, 90 * S},
         610 * S,
         OF_HEALTH_CLOSE_IDLE},
        {"chance is not up yet",
         &rules,
         {100 * S, 600 * S, 1900 * S, true, 90 * S},
         610 * S - 1,
         OF_HEALTH_KEEP},
        {"spare, not idle for long",
         &rules,
         {100 * S, 695 * S, 1900 * S, true, 0},
         699 * S,
         OF_HEALTH_KEEP},
        {"closing comes before a check",
         &rules,
         {100 * S, 0, 1900 * S, true, 0},
         700 * S,
         OF_HEALTH_CLOSE_IDLE},
        {"old", &rules, {1899 * S, 0, 1900 * S, false, 0}, 1900 * S, OF_HEALTH_CLOSE_OLD},
        {"old is said before idle",
         &rules,
         {100 * S, 0, 1900 * S, true, 0},
         1900 * S,
         OF_HEALTH_CLOSE_OLD},
        {"every rule off",
         &off,
         {100 * S, 0, OF_HEALTH_NEVER_US, true, 0},
         1000000 * S,
         OF_HEALTH_KEEP},
        {"used a moment ago",
         &looking,
         {100 * S, 0, 1900 * S, false, 0},
         102 * S - 1,
         OF_HEALTH_KEEP},
        {"idle for a moment", &looking, {100 * S, 0, 1900 * S, false, 0}, 102 * S, OF_HEALTH_LOOK},
        {"its answer is of no matter to a look",
         &looking,
         {100 * S, 125 * S, 1900 * S, false, 0},
         126 * S,
         OF_HEALTH_LOOK},
        {"a check is more", &looking, {100 * S, 0, 1900 * S, false, 0}, 130 * S, OF_HEALTH_CHECK},
        {"used after now", &rules, {200 * S, 0, 1900 * S, true, 0}, 100 * S, OF_HEALTH_KEEP},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum of_health got = of_health_idle(cases[i].rules, &cases[i].facts, cases[i].now_us);
        if (got != cases[i].want)
            fail_msg("%s: %d, not %d", cases[i].why, (int)got, (int)cases[i].want);
    }
}

static void lifetimes_are_spread_over_their_last_fifth(void **state)
{
    const of_health_rules rules = {.lifetime_us = 1000 * S};
    const of_health_rules off = {.lifetime_us = 0};
    const of_health_rules longest = {.lifetime_us = INT64_C(86400000) * 1000};
    uint64_t random = 1;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t expires_us = of_health_expires_us(&rules, 5 * S, &random);
        least = expires_us < least ? expires_us : least;
        most = expires_us > most ? expires_us : most;
        assert_true(of_health_expires_us(&longest, 0, &random) > 0);
    }
    assert_in_range(least, 805 * S, 807 * S);
    assert_in_range(most, 1003 * S, 1005 * S);
    assert_true(of_health_expires_us(&off, 5 * S, &random) == OF_HEALTH_NEVER_US);
}

static void idle_connections_are_closed_over_a_fifth_of_their_time(void **state)
{
    const of_health_rules rules = {.idle_us = 1000 * S};
    const of_health_rules off = {.idle_us = 0};
    uint64_t random = 1;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t early_us = of_health_early_us(&rules, &random);
        least = early_us < least ? early_us : least;
        most = early_us > most ? early_us : most;
    }
    assert_in_range(least, 0, 2 * S);
    assert_in_range(most, 198 * S, 200 * S);
    assert_true(of_health_early_us(&off, &random) == 0);
}

static void a_successor_comes_two_rounds_or_a_tenth_of_a_lifetime_before(void **state)
{
    const of_health_rules rules = {.lifetime_us = 100 * S};
    const of_health_rules off = {.lifetime_us = 0};
    (void)state;
    assert_int_equal(of_health_lead_us(&rules, 1 * S), 2 * S);
    assert_int_equal(of_health_lead_us(&rules, 6 * S), 10 * S);
    assert_int_equal(of_health_lead_us(&off, 1 * S), 0);
}

static void a_lease_is_a_leak_from_its_limit_on(void **state)
{
    const of_health_rules rules = {.leak_us = 10 * S};
    const of_health_rules off = {.leak_us = 0};
    (void)state;
    assert_false(of_health_leaked(&rules, 5 * S, 15 * S - 1));
    assert_true(of_health_leaked(&rules, 5 * S, 15 * S));
    assert_false(of_health_leaked(&rules, 5 * S, 4 * S));
    assert_false(of_health_leaked(&off, 0, INT64_MAX));
}

static void quarantine_begins_with_the_second_failure_and_doubles(void **state)
{
    static const struct {
        uint32_t failures;
        int64_t most_us;
    } cases[] = {{0, 0},       {1, 0},       {2, 50000},   {3, 100000},          {4, 200000},
                 {7, 1600000}, {8, 2000000}, {9, 2000000}, {UINT32_MAX, 2000000}};
    uint64_t random = 7;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t least = INT64_MAX;
        int64_t most = 0;
        for (int round = 0; round < 2000; round++) {
            int64_t pause_us = of_health_quarantine_us(cases[i].failures, &random);
            least = pause_us < least ? pause_us : least;
            most = pause_us > most ? pause_us : most;
        }
        assert_in_range(least, cases[i].most_us / 2, cases[i].most_us / 2 + cases[i].most_us / 50);
        assert_in_range(most, cases[i].most_us - cases[i].most_us / 50, cases[i].most_us);
    }
}

static void connects_under_way_are_a_quarter_from_2_to_8(void **state)
{
    static const struct {
        uint32_t connections_max, want;
    } cases[] = {{1, 2}, {8, 2}, {12, 3}, {20, 5}, {32, 8}, {1000, 8}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(of_health_connects_max(cases[i].connections_max), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_connection_is_kept_checked_or_closed),
        cmocka_unit_test(lifetimes_are_spread_over_their_last_fifth),
        cmocka_unit_test(idle_connections_are_closed_over_a_fifth_of_their_time),
        cmocka_unit_test(a_successor_comes_two_rounds_or_a_tenth_of_a_lifetime_before),
        cmocka_unit_test(a_lease_is_a_leak_from_its_limit_on),
        cmocka_unit_test(quarantine_begins_with_the_second_failure_and_doubles),
        cmocka_unit_test(connects_under_way_are_a_quarter_from_2_to_8),
    };
    return cmocka_run_group_tests_name("pool_health", tests, NULL, NULL);
}
