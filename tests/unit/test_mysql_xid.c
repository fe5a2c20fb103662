/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "mysql/xid.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define GTRID "of1.00000000c0117ac7.00000003.0000000000000001"

static void lines_of_recover_are_taken_or_left(void **state)
{
    static const struct {
        const char *why, *prefix, *data;
        long format;
        size_t gtrid, bqual, length;         /* length 0: of the data. */
        const char *want_gtrid, *want_bqual; /* NULL: not ours. */
    } cases[] = {
        {"ours", "of1.", GTRID "0001.0002", 20294, 46, 9, 0, GTRID, "0001.0002"},
        {"split by its lengths", "of1.", "of1.a0001", 20294, 6, 3, 0, "of1.a0", "001"},
        {"without a bqual", "of1.", "of1.a", 20294, 5, 0, 0, "of1.a", ""},
        {"any prefix", "", "x", 20294, 1, 0, 0, "x", ""},
        {"the prefix is the gtrid", GTRID, GTRID "1", 20294, 46, 1, 0, GTRID, "1"},
        {"the prefix goes into the bqual", GTRID "1", GTRID "1", 20294, 46, 1, 0, NULL, NULL},
        {"another prefix", "of2.", GTRID "1", 20294, 46, 1, 0, NULL, NULL},
        {"of another case", "OF1.", GTRID "1", 20294, 46, 1, 0, NULL, NULL},
        {"another format", "of1.", GTRID "1", 1, 46, 1, 0, NULL, NULL},
        {"less than its lengths", "of1.", "of1.a", 20294, 5, 1, 0, NULL, NULL},
        {"more than its lengths", "of1.", "of1.ab", 20294, 4, 1, 0, NULL, NULL},
        {"lengths that overflow", "of1.", "of1.a", 20294, SIZE_MAX, 6, 0, NULL, NULL},
        {"no gtrid", "", "a", 20294, 0, 1, 0, NULL, NULL},
        {"a zero in it", "of1.", "of1.\0a", 20294, 6, 0, 6, NULL, NULL},
        {"a quote in it", "of1.", "of1.'a", 20294, 6, 0, 0, NULL, NULL},
        {"bytes in it", "of1.", "of1.\xC3\xA9", 20294, 6, 0, 0, NULL, NULL},
        {"a gtrid too long", "of1.", GTRID "00.", 20294, 49, 0, 0, NULL, NULL},
        {"the longest gtrid", "of1.", GTRID "0", 20294, 47, 0, 0, GTRID "0", ""},
        {"a bqual too long", "of1.", "of1.0123456789abcdef", 20294, 4, 16, 0, NULL, NULL},
        {"the longest bqual", "of1.", "of1.0123456789abcde", 20294, 4, 15, 0, "of1.",
         "0123456789abcde"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outfall_xid xid = {"before", "it"};
        size_t length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].data);
        bool taken = drv_my_xid_take(&xid, cases[i].prefix, cases[i].format, cases[i].gtrid,
                                     cases[i].bqual, cases[i].data, length);
        const char *gtrid = cases[i].want_gtrid != NULL ? cases[i].want_gtrid : "before";
        const char *bqual = cases[i].want_gtrid != NULL ? cases[i].want_bqual : "it";
        if (taken != (cases[i].want_gtrid != NULL) || strcmp(xid.gtrid, gtrid) != 0 ||
            strcmp(xid.bqual, bqual) != 0)
            fail_msg("%s: %d, %s and %s", cases[i].why, taken, xid.gtrid, xid.bqual);
    }
}

static void names_are_spelled(void **state)
{
    outfall_xid xid = {GTRID, "0001.0002"};
    drv_text text = {0};
    (void)state;
    drv_my_xid_add(&text, &xid);
    assert_string_equal(text.data, "'" GTRID "','0001.0002',20294");
    drv_text_clear(&text);
    drv_my_xid_add_lock(&text, &xid);
    assert_string_equal(text.data, "'" GTRID ".0001.0002'");
    memset(&xid, 'a', sizeof xid);
    xid.gtrid[sizeof xid.gtrid - 1] = xid.bqual[sizeof xid.bqual - 1] = '\0';
    assert_true(drv_my_xid_is_valid(&xid));
    drv_text_clear(&text);
    drv_my_xid_add_lock(&text, &xid);
    assert_true(text.length <= 64 + 2); /* MySQL's longest, and the quotes. */
    drv_text_free(&text);
}

static void names_are_the_same_in_both_parts(void **state)
{
    static const outfall_xid one = {"a", "b"}, other = {"a", "c"}, third = {"ab", ""};
    (void)state;
    assert_true(drv_my_xid_is_same(&one, &one));
    assert_false(drv_my_xid_is_same(&one, &other));
    assert_false(drv_my_xid_is_same(&one, &third));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_recover_are_taken_or_left),
        cmocka_unit_test(names_are_spelled),
        cmocka_unit_test(names_are_the_same_in_both_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
