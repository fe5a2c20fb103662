/* SPDX-License-Identifier: Apache-2.0 */
/* What tells the files of a load from others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fingerprint.h"

#define FILES 3

static char paths[FILES][64];
static const char *const files[FILES] = {paths[0], paths[1], paths[2]};

static int make_directory(void **state)
{
    char directory[] = "/tmp/outfall-fingerprint-XXXXXX";
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    for (int i = 0; i < FILES; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%d.csv", directory, i);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++)
        unlink(paths[i]);
    *strrchr(paths[0], '/') = '\0';
    return rmdir(paths[0]);
}

/* `count` times the text; `mode` as of fopen. */
static void fill(int file, const char *mode, const char *text, size_t count)
{
    FILE *out = fopen(paths[file], mode);
    assert_non_null(out);
    while (count-- > 0)
        fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static of_fingerprint make(size_t count)
{
    const of_heads heads = {.paths = files, .count = count};
    of_fingerprint made;
    outfall_error error;
    assert_int_equal(of_fingerprint_make(&heads, &made, &error), OUTFALL_OK);
    return made;
}

static bool same(size_t count, const of_fingerprint *known)
{
    const of_heads heads = {.paths = files, .count = count};
    char why[640] = "";
    outfall_error error;
    bool is_same;
    assert_int_equal(of_fingerprint_match(&heads, known, &is_same, why, sizeof why, &error),
                     OUTFALL_OK);
    assert_true(is_same == (why[0] == '\0'));
    return is_same;
}

static void reset(void)
{
    for (int i = 0; i < FILES; i++)
        fill(i, "w", i == 0 ? "first\n" : "next\n", 10);
}

static void the_head_of_a_file_tells_it(void **state)
{
    (void)state;
    reset();
    of_fingerprint known = make(1);
    assert_int_equal(known.head_bytes, 60);
    fill(0, "a", "more\n", 20000);
    assert_true(same(1, &known));
    known = make(1);
    assert_int_equal(known.head_bytes, OF_HEAD_BYTES_MAX);
    fill(0, "a", "more\n", 1);
    assert_true(same(1, &known));
    fill(0, "r+", "F", 1);
    assert_false(same(1, &known));
    fill(0, "r+", "f", 1);
    assert_true(same(1, &known));
    assert_int_equal(truncate(paths[0], OF_HEAD_BYTES_MAX - 1), 0);
    assert_false(same(1, &known));
    assert_int_equal(truncate(paths[0], 0), 0);
    assert_false(same(1, &known));
    known = make(1);
    assert_int_equal(known.head_bytes, 0);
    assert_true(same(1, &known));
}

static void only_the_last_file_may_grow(void **state)
{
    static const struct {
        const char *why;
        int file; /* Gets one line more. */
        size_t files;
        bool same;
    } cases[] = {
        {"nothing has changed", 2, 2, true},
        {"the last has grown", 1, 2, true},
        {"one before has grown", 0, 2, false},
        {"one was added", 2, 3, true},
        {"one was left out", 2, 1, false},
        {"one was added, and another has grown", 0, 3, false},
        {"the last has grown before one that was added", 1, 3, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reset();
        const of_fingerprint known = make(2);
        fill(cases[i].file, "a", "grown\n", 1);
        if (same(cases[i].files, &known) != cases[i].same)
            fail_msg("%s", cases[i].why);
    }
    reset();
    const of_fingerprint three = make(3);
    fill(1, "a", "grown\n", 1); /* It is the last no more. */
    assert_false(same(3, &three));
}

static void a_pipe_has_the_bytes_that_were_read(void **state)
{
    const char *const input[] = {"-", "-"};
    of_heads heads = {.paths = input, .count = 1, .head = "first\nfirst\n", .head_bytes = 12};
    of_fingerprint known, file;
    outfall_error error;
    char why[640];
    bool is_same;
    (void)state;
    assert_true(of_fingerprint_is_pipe(&heads));
    assert_int_equal(of_fingerprint_make(&heads, &known, &error), OUTFALL_OK);
    fill(0, "w", "first\n", 2);
    file = make(1);
    assert_memory_equal(&file, &known, sizeof known);
    assert_true(same(1, &known));
    heads.head_bytes = 6;
    assert_int_equal(of_fingerprint_match(&heads, &known, &is_same, why, sizeof why, &error),
                     OUTFALL_OK);
    assert_false(is_same);
    assert_non_null(strstr(why, "standard input"));
    heads = (of_heads){.paths = input, .count = 2}; /* Among several it is not looked at. */
    assert_false(of_fingerprint_is_pipe(&heads));
    assert_int_equal(of_fingerprint_make(&heads, &known, &error), OUTFALL_OK);
    assert_int_equal(known.head_bytes, 0);
}

static void a_fingerprint_is_a_text(void **state)
{
    static const char *const others[] = {
        "",
        "offset",
        "outfall-load",
        "outfall-load files:0 before:0000000000000000 head:1:0000000000000000",
        "outfall-load files:1 before:0000000000000000 head:65537:0000000000000000",
        "outfall-load files:1 before:0 head:1:0000000000000000",
        "outfall-load files:1 before:0000000000000000 head:1:0000000000000000 ",
        "outfall-load files:+1 before:0000000000000000 head:1:0000000000000000",
        "outfall-load files:1 before:000000000000000G head:1:0000000000000000",
    };
    const of_fingerprint all[] = {
        {.files = 1, .before = 0, .head_bytes = 0, .head = 1},
        {.files = 65536,
         .before = UINT64_MAX,
         .head_bytes = OF_HEAD_BYTES_MAX,
         .head = UINT64_C(0x0123456789abcdef)},
    };
    char text[OUTFALL_SOURCE_BYTES_MAX + 1];
    of_fingerprint read;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        of_fingerprint_format(&all[i], text);
        assert_true(of_fingerprint_parse(text, &read));
        assert_memory_equal(&read, &all[i], sizeof read);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (of_fingerprint_parse(others[i], &read))
            fail_msg("\"%s\" is taken", others[i]);
}

/* What a ledger has recorded has to mean the same in every version. */
static void the_text_does_not_change(void **state)
{
    char text[OUTFALL_SOURCE_BYTES_MAX + 1];
    (void)state;
    reset();
    const of_fingerprint one = make(1), three = make(3);
    of_fingerprint_format(&one, text);
    assert_string_equal(text,
                        "outfall-load files:1 before:0000000000000000 head:60:9c5b73954f8aa4aa");
    of_fingerprint_format(&three, text);
    assert_string_equal(text,
                        "outfall-load files:3 before:4f4a583f623e8891 head:50:811143a188ee1aed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_of_a_file_tells_it),
        cmocka_unit_test(only_the_last_file_may_grow),
        cmocka_unit_test(a_pipe_has_the_bytes_that_were_read),
        cmocka_unit_test(a_fingerprint_is_a_text),
        cmocka_unit_test(the_text_does_not_change),
    };
    return cmocka_run_group_tests_name("fingerprint", tests, make_directory, remove_directory);
}
