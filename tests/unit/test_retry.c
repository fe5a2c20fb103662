/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/retry.h"

static void backoff_doubles_until_its_limit(void **state)
{
    static const struct {
        const char *why;
        uint32_t attempt, base_ms, max_ms, want_ms;
    } cases[] = {
        {"the first waits the base", 0, 50, 5000, 50},
        {"it doubles", 3, 50, 5000, 400},
        {"the limit holds", 9, 50, 5000, 5000},
        {"no overflow", UINT32_MAX, 50, UINT32_MAX, UINT32_MAX},
        {"a base over the limit", 0, 500, 100, 100},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(of_backoff_ms(cases[i].attempt, cases[i].base_ms, cases[i].max_ms),
                         cases[i].want_ms);
}

static void jitter_stays_between_half_and_all(void **state)
{
    uint64_t random = 1;
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    (void)state;
    for (int i = 0; i < 10000; i++) {
        uint32_t pause_ms = of_jitter_ms(1000, &random);
        least = pause_ms < least ? pause_ms : least;
        most = pause_ms > most ? pause_ms : most;
    }
    assert_in_range(least, 500, 520);
    assert_in_range(most, 980, 1000);
    assert_int_equal(of_jitter_ms(0, &random), 0);
    assert_int_equal(of_jitter_ms(1, &random), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_doubles_until_its_limit),
        cmocka_unit_test(jitter_stays_between_half_and_all),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
