/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pool/sizing.h"

static const of_sizing_rules rules = {2, 20, 3};

static void one_window_decides_by_its_load(void **state)
{
    static const struct {
        const char *why;
        uint32_t quiet; /* Windows below the band before this one, of the same demand. */
        of_sizing_load load;
        uint32_t want, want_reason;
    } cases[] = {
        {"in the band", 0, {6500, 0, 10}, 10, OF_SIZING_IN_BAND},
        {"its lower edge", 0, {5000, 0, 10}, 10, OF_SIZING_IN_BAND},
        {"its upper edge", 0, {8000, 0, 10}, 10, OF_SIZING_IN_BAND},
        {"busy", 0, {8100, 0, 10}, 13, OF_SIZING_BUSY},
        {"busy, and at most doubled", 0, {3000, 9, 3}, 6, OF_SIZING_WAITING},
        {"one connection may become three", 0, {1000, 9, 1}, 3, OF_SIZING_WAITING},
        {"threads wait", 0, {7000, 2, 10}, 14, OF_SIZING_WAITING},
        {"one waits at the end of a quiet window", 0, {2000, 1, 10}, 10, OF_SIZING_IN_BAND},
        {"the most holds", 0, {14000, 9, 15}, 20, OF_SIZING_AT_MAX},
        {"at the most already", 0, {20000, 9, 20}, 20, OF_SIZING_AT_MAX},
        {"quiet for one window", 0, {3000, 0, 10}, 10, OF_SIZING_SETTLING},
        {"quiet for two", 1, {3000, 0, 10}, 10, OF_SIZING_SETTLING},
        {"quiet for three", 2, {3000, 0, 10}, 5, OF_SIZING_QUIET},
        {"the least holds", 2, {0, 0, 10}, 2, OF_SIZING_AT_MIN},
        {"at the least already", 2, {0, 0, 2}, 2, OF_SIZING_AT_MIN},
        {"below the least", 0, {0, 0, 0}, 2, OF_SIZING_AT_MIN},
        {"below the least and busy", 0, {1000, 0, 1}, 2, OF_SIZING_AT_MIN},
        {"what is left is 65 %", 2, {1300, 0, 3}, 2, OF_SIZING_QUIET},
        {"and 54 %", 2, {1610, 0, 4}, 3, OF_SIZING_QUIET},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_sizing sizing = {.quiet = cases[i].quiet, .quiet_demand = cases[i].load.busy_milli};
        of_sizing_decide(&rules, &cases[i].load, &sizing);
        if (sizing.target != cases[i].want || sizing.reason != cases[i].want_reason)
            fail_msg("%s: %u for %u, not %u for %u", cases[i].why, sizing.target, sizing.reason,
                     cases[i].want, cases[i].want_reason);
    }
}

static void a_number_that_no_other_betters_is_kept(void **state)
{
    const of_sizing_rules from_one = {1, 20, 3};
    const of_sizing_load load = {900, 0, 2}; /* 45 %; one alone would be at 90 %. */
    of_sizing sizing = {0};
    (void)state;
    for (int window = 0; window < 10; window++) {
        of_sizing_decide(&from_one, &load, &sizing);
        assert_int_equal(sizing.target, 2);
        assert_int_equal(sizing.reason, OF_SIZING_COARSE);
        assert_int_equal(sizing.used_permille, 450);
    }
}

static void a_busy_window_starts_the_quiet_ones_anew(void **state)
{
    const of_sizing_load quiet = {3000, 0, 10};
    const of_sizing_load normal = {6500, 0, 10};
    of_sizing sizing = {0};
    (void)state;
    of_sizing_decide(&rules, &quiet, &sizing);
    of_sizing_decide(&rules, &quiet, &sizing);
    of_sizing_decide(&rules, &normal, &sizing);
    of_sizing_decide(&rules, &quiet, &sizing);
    of_sizing_decide(&rules, &quiet, &sizing);
    assert_int_equal(sizing.reason, OF_SIZING_SETTLING);
    of_sizing_decide(&rules, &quiet, &sizing);
    assert_int_equal(sizing.reason, OF_SIZING_QUIET);
}

static void it_shrinks_to_what_the_busiest_quiet_window_needed(void **state)
{
    static const uint64_t busy[] = {1000, 4500, 1000};
    of_sizing sizing = {0};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const of_sizing_load load = {busy[i], 0, 15};
        of_sizing_decide(&rules, &load, &sizing);
    }
    assert_int_equal(sizing.reason, OF_SIZING_QUIET);
    assert_int_equal(sizing.target, 7);
}

/* Every load settles in a few windows, inside the band where a whole number can be, and stays. */
static void every_step_of_load_settles_in_the_band(void **state)
{
    const of_sizing_rules wide = {1, 100, 3};
    (void)state;
    for (uint64_t from = 0; from <= 60000; from += 6100) {
        for (uint64_t demand = 100; demand <= 60000; demand += 100) {
            of_sizing sizing = {0};
            uint32_t open = (uint32_t)(from / 650 + 1);
            for (int window = 0; window < 16; window++) {
                uint64_t most = (uint64_t)open * 1000;
                uint64_t over = demand > most ? demand - most : 0;
                const of_sizing_load load = {demand - over, (uint32_t)(over / 1000), open};
                uint32_t before = open;
                of_sizing_decide(&wide, &load, &sizing);
                open = sizing.target;
                if (window >= 12 && open != before)
                    fail_msg("demand %u from %u: no rest at %u and %u", (unsigned)demand,
                             (unsigned)from, before, open);
            }
            uint64_t used = demand / open;
            /* Below 2.5 busy connections no whole number may be in the band. */
            if (demand >= 1000 && (used < 500 || used > 800))
                fail_msg("demand %u: %u open", (unsigned)demand, open);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_window_decides_by_its_load),
        cmocka_unit_test(a_number_that_no_other_betters_is_kept),
        cmocka_unit_test(a_busy_window_starts_the_quiet_ones_anew),
        cmocka_unit_test(it_shrinks_to_what_the_busiest_quiet_window_needed),
        cmocka_unit_test(every_step_of_load_settles_in_the_band),
    };
    return cmocka_run_group_tests_name("pool_sizing", tests, NULL, NULL);
}
