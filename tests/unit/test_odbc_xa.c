/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver's two-phase commit: what XA's answers mean, and names as XA has them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "odbc/xa.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    START = DRV_ODBC_XA_START,
    END = DRV_ODBC_XA_END,
    PREPARE = DRV_ODBC_XA_PREPARE,
    COMMIT = DRV_ODBC_XA_COMMIT,
    ROLLBACK = DRV_ODBC_XA_ROLLBACK
};
enum {
    OK = OUTFALL_OK,
    DATABASE = OUTFALL_ERR_DATABASE,
    NOT_FOUND = OUTFALL_ERR_NOT_FOUND,
    UNKNOWN = OUTFALL_ERR_UNKNOWN,
    INVALID = OUTFALL_ERR_INVALID,
    IO = OUTFALL_ERR_IO
};
enum {
    NONE = OUTFALL_ACTION_NONE,
    RETRY = OUTFALL_ACTION_RETRY,
    RESOLVE = OUTFALL_ACTION_RESOLVE,
    STOP = OUTFALL_ACTION_STOP
};

static void an_answer_decides_what_is_done(void **state)
{
    static const struct {
        const char *why;
        int call;
        int32_t from, to;
        int status, action;
    } cases[] = {
        {"started", START, 0, 0, OK, NONE},
        {"its name is there", START, -8, -8, DATABASE, RETRY},
        {"within another", START, -9, -9, DATABASE, RETRY},
        {"rolled back at once", START, 100, 107, DATABASE, RETRY},
        {"no such name, or a bad one", START, -6, -2, DATABASE, STOP},
        {"no database", START, -7, -7, IO, RETRY},
        {"what nobody knows is no success", START, 1, 99, DATABASE, STOP},
        {"ended", END, 0, 0, OK, NONE},
        {"no migration, of what moves nowhere", END, 9, 9, OK, NONE},
        {"rolled back before its end", END, 100, 107, DATABASE, RETRY},
        {"it is gone", END, -4, -4, DATABASE, RETRY},
        {"no database", END, -7, -7, IO, RETRY},
        {"out of turn", END, -6, -6, DATABASE, STOP},
        {"prepared", PREPARE, 0, 0, OK, NONE},
        {"not even its line was written", PREPARE, 3, 3, DATABASE, STOP},
        {"rolled back", PREPARE, 100, 102, DATABASE, RETRY},
        {"a deferred constraint", PREPARE, 103, 103, DATABASE, STOP},
        {"rolled back", PREPARE, 104, 107, DATABASE, RETRY},
        {"it is gone", PREPARE, -4, -4, DATABASE, RETRY},
        {"a name or a turn that it does not take", PREPARE, -6, -5, DATABASE, STOP},
        {"may be prepared", PREPARE, -3, -3, UNKNOWN, RESOLVE},
        {"may be prepared", PREPARE, -7, -7, UNKNOWN, RESOLVE},
        {"no such answer", PREPARE, 4, 99, UNKNOWN, RESOLVE},
        {"committed", COMMIT, 0, 0, OK, NONE},
        {"not now", COMMIT, 4, 4, DATABASE, RETRY},
        {"never guessed", COMMIT, 5, 8, UNKNOWN, STOP},
        {"rolled back", COMMIT, 100, 107, NOT_FOUND, RESOLVE},
        {"not there", COMMIT, -4, -4, NOT_FOUND, RESOLVE},
        {"its session's still", COMMIT, -6, -6, NOT_FOUND, RESOLVE},
        {"no name", COMMIT, -5, -5, INVALID, STOP},
        {"within another", COMMIT, -9, -9, DATABASE, RETRY},
        {"not known", COMMIT, -3, -3, UNKNOWN, RESOLVE},
        {"not known", COMMIT, -7, -7, UNKNOWN, RESOLVE},
        {"a commit has read nothing", COMMIT, 1, 3, UNKNOWN, RESOLVE},
        {"no such answer", COMMIT, 108, INT32_MAX, UNKNOWN, RESOLVE},
        {"no such answer", COMMIT, INT32_MIN, -10, UNKNOWN, RESOLVE},
        {"rolled back", ROLLBACK, 0, 0, OK, NONE},
        {"rolled back before", ROLLBACK, 100, 107, OK, NONE},
        {"never guessed", ROLLBACK, 5, 8, UNKNOWN, STOP},
        {"not there", ROLLBACK, -4, -4, NOT_FOUND, RESOLVE},
        {"its session's still", ROLLBACK, -6, -6, NOT_FOUND, RESOLVE},
        {"not known", ROLLBACK, -3, -3, UNKNOWN, RESOLVE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const int32_t codes[] = {cases[i].from, cases[i].to};
        for (size_t at = 0; at < COUNT(codes); at++) {
            drv_odbc_xa_meaning got =
                drv_odbc_xa_judge((enum drv_odbc_xa_call)cases[i].call, codes[at]);
            if (got.status != cases[i].status || got.action != cases[i].action)
                fail_msg("%s (%d): %d, %d", cases[i].why, (int)codes[at], got.status, got.action);
        }
    }
}

/* Every answer but those of success has words; only 0 and what is listed above is a success. */
static void every_answer_means_something(void **state)
{
    (void)state;
    for (int call = 0; call < DRV_ODBC_XA_CALLS; call++)
        for (int32_t code = -300; code <= 300; code++) {
            drv_odbc_xa_meaning got = drv_odbc_xa_judge((enum drv_odbc_xa_call)call, code);
            bool good = code == 0 || (call == END && code == 9) ||
                        (call == ROLLBACK && code >= 100 && code <= 107);
            assert_int_equal(got.status == OK, good);
            assert_int_equal(got.text == NULL, good);
            assert_int_equal(got.action == NONE, good);
        }
    for (int32_t code = 5; code <= 8; code++)
        assert_non_null(
            strstr(drv_odbc_xa_judge(DRV_ODBC_XA_COMMIT, code).text, "DBMS_XA.XA_FORGET"));
    assert_string_equal(drv_odbc_xa_name(-4), "XAER_NOTA");
    assert_string_equal(drv_odbc_xa_name(107), "XA_RBTRANSIENT");
    assert_string_equal(drv_odbc_xa_name(108), "an unknown code");
}

static void a_name_comes_back_as_it_went(void **state)
{
    outfall_xid xid, back;
    char gtrid[DRV_ODBC_XA_HEX_MAX], bqual[DRV_ODBC_XA_HEX_MAX], name[DRV_ODBC_XA_NAME_MAX];
    (void)state;
    memset(&xid, 0, sizeof xid);
    memset(xid.gtrid, 'z', sizeof xid.gtrid - 1);
    memset(xid.bqual, '9', sizeof xid.bqual - 1);
    drv_odbc_xa_hex(xid.gtrid, gtrid);
    drv_odbc_xa_hex(xid.bqual, bqual);
    assert_int_equal(strlen(gtrid), 2 * (sizeof xid.gtrid - 1));
    assert_true(drv_odbc_xid_take(&back, "zzz", "20294", gtrid, bqual));
    assert_true(drv_odbc_xid_is_same(&xid, &back));
    drv_odbc_xid_join(&xid, name);
    assert_int_equal(strlen(name), sizeof xid.gtrid - 1 + 1 + sizeof xid.bqual - 1);
    drv_odbc_xa_hex("of1.a", gtrid);
    assert_string_equal(gtrid, "6F66312E61");
}

static void a_line_that_is_not_ours_is_left_out(void **state)
{
    static const struct {
        const char *why, *prefix, *format, *gtrid, *bqual;
        bool taken;
    } cases[] = {
        {"ours", "of1.", "20294", "6f66312E61", "30", true},
        {"any", "", "20294", "6f66312E61", "30", true},
        {"another prefix", "of2.", "20294", "6f66312E61", "30", false},
        {"a longer one", "of1.ab", "20294", "6f66312E61", "30", false},
        {"another format", "of1.", "20295", "6f66312E61", "30", false},
        {"no number", "of1.", "20294x", "6f66312E61", "30", false},
        {"no format", "of1.", NULL, "6f66312E61", "30", false},
        {"half a byte", "of1.", "20294", "6f66312E6", "30", false},
        {"no digit", "of1.", "20294", "6f66312Eg1", "30", false},
        {"a NUL", "of1.", "20294", "6f66312E6100", "30", false},
        {"a blank", "of1.", "20294", "6f66312E20", "30", false},
        {"no gtrid", "", "20294", "", "30", false},
        {"NULL", "", "20294", NULL, "30", false},
        {"no bqual", "of1.", "20294", "6f66312E61", "", false},
        {"its bqual is NULL", "of1.", "20294", "6f66312E61", NULL, false},
        {"a bqual that is too long", "of1.", "20294", "6f66312E61",
         "30303030303030303030303030303030", false},
        {"a gtrid that is too long", "", "20294",
         "30303030303030303030303030303030303030303030303030303030303030303030303030303030303030303"
         "0"
         "303030",
         "30", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_xid xid;
        memset(&xid, 0x55, sizeof xid);
        if (drv_odbc_xid_take(&xid, cases[i].prefix, cases[i].format, cases[i].gtrid,
                              cases[i].bqual) != cases[i].taken)
            fail_msg("%s", cases[i].why);
        assert_int_equal(xid.gtrid[0], cases[i].taken ? 'o' : 0x55);
    }
}

static void a_name_has_two_plain_parts(void **state)
{
    static const struct {
        outfall_xid xid;
        bool valid;
    } cases[] = {
        {{"of1.a", "0.1"}, true}, {{"", "0.1"}, false},        {{"of1.a", ""}, false},
        {{"a'b", "0"}, false},    {{"a b", "0"}, false},       {{"a", "0,"}, false},
        {{"a_b", "0"}, false},    {{"a\xC3\xA9", "0"}, false},
    };
    outfall_xid open;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(drv_odbc_xid_is_valid(&cases[i].xid), cases[i].valid);
    memset(&open, 'a', sizeof open);
    assert_false(drv_odbc_xid_is_valid(&open)); /* Neither part has an end. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_decides_what_is_done),
        cmocka_unit_test(every_answer_means_something),
        cmocka_unit_test(a_name_comes_back_as_it_went),
        cmocka_unit_test(a_line_that_is_not_ours_is_left_out),
        cmocka_unit_test(a_name_has_two_plain_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
