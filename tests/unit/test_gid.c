/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "txn/gid.h"

static const of_gid plain = {
    .sink = UINT64_C(0x0123456789abcdef),
    .checkpoint = 42,
    .epoch = 7,
    .writer = 0x1f,
    .resource = 2,
};
static const char plain_text[] = "of1.0123456789abcdef.00000007.000000000000002a.001f.0002";

static void assert_gid_equal(const of_gid *left, const of_gid *right)
{
    assert_true(left->sink == right->sink);
    assert_true(left->checkpoint == right->checkpoint);
    assert_int_equal(left->epoch, right->epoch);
    assert_int_equal(left->writer, right->writer);
    assert_int_equal(left->resource, right->resource);
}

static void a_name_is_written_and_read_back(void **state)
{
    static const struct {
        of_gid gid;
        const char *text;
    } cases[] = {
        {{0, 0, 0, 0, 0}, "of1.0000000000000000.00000000.0000000000000000.0000.0000"},
        {{UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT16_MAX, UINT16_MAX},
         "of1.ffffffffffffffff.ffffffff.ffffffffffffffff.ffff.ffff"},
        {{1, UINT64_C(0x8000000000000000), 0x80000000, 0x8000, 1},
         "of1.0000000000000001.80000000.8000000000000000.8000.0001"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[OF_GID_BYTES + 1];
        of_gid again;
        of_gid_format(&cases[i].gid, text);
        assert_string_equal(text, cases[i].text);
        assert_true(of_gid_parse(text, strlen(text), &again));
        assert_gid_equal(&again, &cases[i].gid);
    }
}

static void the_parts_make_the_whole(void **state)
{
    char gtrid[OF_GID_GTRID_BYTES + 1], bqual[OF_GID_BQUAL_BYTES + 1];
    char listed[OF_GID_GTRID_BYTES + OF_GID_BQUAL_BYTES + 1];
    of_gid again;
    (void)state;
    of_gid_format_gtrid(&plain, gtrid);
    of_gid_format_bqual(&plain, bqual);
    assert_string_equal(gtrid, "of1.0123456789abcdef.00000007.000000000000002a");
    assert_string_equal(bqual, "001f.0002");
    assert_int_equal(strlen(gtrid), OF_GID_GTRID_BYTES);
    assert_int_equal(strlen(bqual), OF_GID_BQUAL_BYTES);

    memcpy(listed, gtrid, OF_GID_GTRID_BYTES);
    memcpy(listed + OF_GID_GTRID_BYTES, bqual, sizeof bqual);
    assert_true(of_gid_parse_xid(listed, strlen(listed), 46, 9, &again));
    assert_gid_equal(&again, &plain);
    assert_false(of_gid_parse_xid(listed, strlen(listed), 45, 10, &again));
    assert_false(of_gid_parse_xid(listed, strlen(listed), 46, 8, &again));
    assert_false(of_gid_parse_xid(listed, strlen(listed) - 1, 46, 9, &again));
    assert_false(of_gid_parse_xid(plain_text, strlen(plain_text), 46, 9, &again));
}

static void anything_else_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "of1.",
        "of1.0123456789abcdef.00000007.000000000000002a",            /* A gtrid alone. */
        "of1.0123456789abcdef.00000007.000000000000002a.001f.000",   /* Short by a digit. */
        "of1.0123456789abcdef.00000007.000000000000002a.001f.00020", /* Long by a digit. */
        "of1.0123456789abcdef.00000007.000000000000002a.001f.0002 ",
        "of2.0123456789abcdef.00000007.000000000000002a.001f.0002", /* Another version. */
        "OF1.0123456789abcdef.00000007.000000000000002a.001f.0002",
        "of1.0123456789ABCDEF.00000007.000000000000002a.001f.0002",
        "of1.0123456789abcdef.0000000g.000000000000002a.001f.0002",
        "of1.0123456789abcdef.-0000007.000000000000002a.001f.0002",
        "of1.0123456789abcdef.0x000007.000000000000002a.001f.0002",
        "of1.0123456789abcdef. 0000007.000000000000002a.001f.0002",
        "of1_0123456789abcdef.00000007.000000000000002a.001f.0002", /* As LIKE would match. */
        "of1.0123456789abcdef_00000007_000000000000002a_001f_0002",
        "of1.0123456789abcdef.00000007.000000000000002a,001f.0002",
        "of1.0123456789abcde.f00000007.000000000000002a.001f.0002", /* A dot out of place. */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        of_gid gid = plain;
        if (of_gid_parse(cases[i], strlen(cases[i]), &gid))
            fail_msg("%s was taken", cases[i]);
        assert_gid_equal(&gid, &plain);
    }
}

static void every_changed_byte_is_refused_or_another_name(void **state)
{
    (void)state;
    for (size_t at = 0; at < OF_GID_BYTES; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[OF_GID_BYTES + 1], again[OF_GID_BYTES + 1];
            of_gid gid;
            memcpy(text, plain_text, sizeof text);
            text[at] = (char)byte;
            if (!of_gid_parse(text, OF_GID_BYTES, &gid))
                continue;
            of_gid_format(&gid, again);
            assert_memory_equal(again, text, sizeof text);
        }
    }
}

static void a_sink_knows_its_own_names(void **state)
{
    static const struct {
        const char *text;
        bool own;
    } cases[] = {
        {"of1.0123456789abcdef.00000007.000000000000002a.001f.0002", true},
        {"of1.0123456789abcdef.", true}, /* However it goes on: to be looked at, not passed over. */
        {"of1.0123456789abcdef", false},
        {"of1.0123456789abcdee.00000007.000000000000002a.001f.0002", false},
        {"of1_0123456789abcdef.00000007.000000000000002a.001f.0002", false},
        {"xof1.0123456789abcdef.00000007.000000000000002a.001f.000", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(of_gid_is_own(plain.sink, cases[i].text, strlen(cases[i].text)),
                         cases[i].own);
}

/* Names live on in databases from one version of the library to the next. */
static void a_sinks_number_never_changes(void **state)
{
    (void)state;
    assert_true(of_gid_sink("", 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(of_gid_sink("public.events", 13) == UINT64_C(0x3e1e2547683351fd));
    assert_true(of_gid_sink("public.events", 13) != of_gid_sink("public.event", 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_written_and_read_back),
        cmocka_unit_test(the_parts_make_the_whole),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(every_changed_byte_is_refused_or_another_name),
        cmocka_unit_test(a_sink_knows_its_own_names),
        cmocka_unit_test(a_sinks_number_never_changes),
    };
    return cmocka_run_group_tests_name("gid", tests, NULL, NULL);
}
