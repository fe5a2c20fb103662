/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"

/* RFC 3720, B.4, which prints a CRC's bytes from the last to the first. */
static const uint8_t zeros[32];
static const uint8_t ones[32] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};
static const uint8_t upwards[32] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};
static const uint8_t downwards[32] = {
    31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16,
    15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,
};
static const uint8_t command[48] = {
    0x01, 0xC0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
    0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0,    0,
};

static const struct {
    const char *what;
    const void *data;
    size_t length;
    uint32_t crc;
} vectors[] = {
    {"nothing", "", 0, 0},
    {"the customary check", "123456789", 9, 0xE3069283},
    {"32 zeros", zeros, sizeof zeros, 0x8A9136AA},
    {"32 bytes of ones", ones, sizeof ones, 0x62A8AB43},
    {"32 bytes upwards", upwards, sizeof upwards, 0x46DD794E},
    {"32 bytes downwards", downwards, sizeof downwards, 0x113FDB5C},
    {"an iSCSI read command", command, sizeof command, 0xD9963A56},
};
#define VECTORS (sizeof vectors / sizeof vectors[0])

static void both_ways_give_the_published_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        assert_int_equal(of_crc32c(0, vectors[i].data, vectors[i].length), vectors[i].crc);
        assert_int_equal(of_crc32c_by_table(0, vectors[i].data, vectors[i].length), vectors[i].crc);
    }
    assert_int_equal(of_crc32c(0, NULL, 0), 0);
    if (!of_crc32c_has_instruction())
        print_message("this machine has no instruction for it: one way was tried\n");
}

static void pieces_make_the_crc_of_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        for (size_t cut = 0; cut <= vectors[i].length; cut++) {
            const uint8_t *data = vectors[i].data;
            uint32_t first = of_crc32c(0, data, cut);
            uint32_t whole = of_crc32c(first, data + cut, vectors[i].length - cut);
            assert_int_equal(whole, vectors[i].crc);
        }
    }
}

static void both_ways_agree_at_every_length_and_alignment(void **state)
{
    uint8_t bytes[96];
    uint32_t random = 1;
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(random >> 24);
    }
    for (size_t from = 0; from < 16; from++) {
        for (size_t length = 0; from + length <= sizeof bytes; length++)
            assert_int_equal(of_crc32c(random, bytes + from, length),
                             of_crc32c_by_table(random, bytes + from, length));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_give_the_published_values),
        cmocka_unit_test(pieces_make_the_crc_of_the_whole),
        cmocka_unit_test(both_ways_agree_at_every_length_and_alignment),
    };
    return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
