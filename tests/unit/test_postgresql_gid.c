/* SPDX-License-Identifier: Apache-2.0 */
/* The names of prepared transactions as PostgreSQL has them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postgresql/gid.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GTRID "of1.00000000c0117ac7.00000003.0000000000000005"
#define X47 "of1.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.e.c"

static void two_names_are_one_and_two_again(void **state)
{
    static const outfall_xid cases[] = {
        {GTRID, "0000.0001"}, {"of1.a.b.c", "d.e"}, {X47, "ddddddd.eeeeeee"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char gid[DRV_PG_GID_MAX], want[DRV_PG_GID_MAX];
        outfall_xid found;
        snprintf(want, sizeof want, "%s.%s", cases[i].gtrid, cases[i].bqual);
        assert_true(drv_pg_gid_join(&cases[i], gid));
        assert_string_equal(gid, want);
        assert_true(drv_pg_gid_split(gid, &found));
        assert_string_equal(found.gtrid, cases[i].gtrid);
        assert_string_equal(found.bqual, cases[i].bqual);
    }
    assert_int_equal(strlen(X47), sizeof cases[0].gtrid - 1); /* As long as can be. */
}

static void what_could_not_be_quoted_or_found_is_no_name(void **state)
{
    static const struct {
        const char *why;
        outfall_xid xid;
    } cases[] = {
        {"nothing", {"", ""}},
        {"no first part", {"", "0000.0001"}},
        {"no second part", {GTRID, ""}},
        {"a quote", {"of1.a'b", "0.1"}},
        {"a backslash", {GTRID, "0\\1"}},
        {"a blank", {"of1 a", "0.1"}},
        {"a byte beyond ASCII", {"of1.\xC3\xA9", "0.1"}},
    };
    char gid[DRV_PG_GID_MAX];
    outfall_xid endless;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (drv_pg_gid_join(&cases[i].xid, gid))
            fail_msg("%s: %s", cases[i].why, gid);
    memset(&endless, 'a', sizeof endless); /* Neither part has its NUL. */
    assert_false(drv_pg_gid_join(&endless, gid));
}

static void other_softwares_names_are_left_alone(void **state)
{
    static const char *const cases[] = {"",
                                        "of1",
                                        "of1.",
                                        "of1.....",
                                        "other",
                                        "of1.a.b.c.d",
                                        "of1.a.b.c.d.e.f",
                                        "of1.a.b.c.d.",
                                        "of1..b.c.d.e",
                                        "of1.a.b.c..e",
                                        "OF1.a.b.c.d.e",
                                        " of1.a.b.c.d.e",
                                        "of2.a.b.c.d.e",
                                        "of1.a.b.c.d.\xC3\xA9",
                                        "of1.a.b.c.d'.e",
                                        "of1.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.e.c.d.e",
                                        "of1.a.b.c.ddddddd.eeeeeeee"};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_xid found = {"as", "it was"};
        if (drv_pg_gid_split(cases[i], &found))
            fail_msg("%s", cases[i]);
        assert_string_equal(found.gtrid, "as");
        assert_string_equal(found.bqual, "it was");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_names_are_one_and_two_again),
        cmocka_unit_test(what_could_not_be_quoted_or_found_is_no_name),
        cmocka_unit_test(other_softwares_names_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
