/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamps that keep their date say what those that do not keep it say. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include <outfall/encoding.h>

#include "common/day.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void expect_same(drv_day *day, int64_t us, int zone)
{
    char want[OUTFALL_TEMPORAL_TEXT_MAX], got[OUTFALL_TEMPORAL_TEXT_MAX];
    size_t length = outfall_timestamp_text(us, zone, want);
    size_t made = drv_day_timestamp_text(day, us, zone, got);
    if (made != length || memcmp(got, want, length) != 0)
        fail_msg("%lld: %.*s, not %s", (long long)us, (int)made, got, want);
}

/* Each after each other, so that every one meets every kept day. */
static void a_timestamp_is_spelled_whatever_was_before_it(void **state)
{
    static const int64_t moments[] = {
        0,
        1,
        -1,
        86399999999,
        86400000000,
        43200500000,
        INT64_C(-730119) * 86400000000,     /* 0001-01-01 */
        INT64_C(-730119) * 86400000000 - 1, /* 1 BC */
        INT64_C(2921940) * 86400000000 - 1, /* 9999-12-31 */
        INT64_C(2921940) * 86400000000,     /* 10000-01-01 */
        INT64_C(-211813488000000000),       /* PostgreSQL's first */
        INT64_C(9223371331199999999),       /* and last */
        INT64_MAX,
        INT64_MIN,
    };
    drv_day day = drv_day_none();
    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++)
        for (size_t j = 0; j < COUNT(moments); j++) {
            expect_same(&day, moments[i], 0);
            expect_same(&day, moments[j], 1);
        }
}

static void any_moment_has_its_date(void **state)
{
    uint64_t random = 88172645463325252;
    drv_day day = drv_day_none();
    (void)state;
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        int64_t us = (int64_t)(random % UINT64_C(400000000000000000)) - INT64_C(90000000000000000);
        int64_t days = us / OUTFALL_DAY_US - (us % OUTFALL_DAY_US < 0);
        int64_t year;
        int month, of_month;
        outfall_date_split(days + OUTFALL_EPOCH_DAYS, &year, &month, &of_month);
        uint64_t of_day = drv_day_find(&day, us);
        if (of_day != (uint64_t)(us - days * OUTFALL_DAY_US) || day.year != year ||
            day.month != month || day.of_month != of_month)
            fail_msg("%lld: %d-%d-%d", (long long)us, day.year, day.month, day.of_month);
        expect_same(&day, us, i % 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timestamp_is_spelled_whatever_was_before_it),
        cmocka_unit_test(any_moment_has_its_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
