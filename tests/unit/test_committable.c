/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "txn/committable.h"

static of_committable plain(void)
{
    of_committable it = {
        .driver = "postgresql",
        .resource_identity = "7301234567890123456/orders",
        .sink_id = "public.events",
        .gid = {.checkpoint = 42, .epoch = 7, .writer = 3, .resource = 1},
        .rows = 10000,
        .bytes = 1234567,
        .source_offset = UINT64_C(0xFEDCBA9876543210),
    };
    it.gid.sink = of_gid_sink(it.sink_id, strlen(it.sink_id));
    return it;
}

static size_t encode(const of_committable *it, uint8_t *bytes)
{
    size_t length;
    assert_int_equal(of_committable_encode(it, bytes, OF_COMMITTABLE_BYTES_MAX, &length, NULL),
                     OUTFALL_OK);
    return length;
}

/* As a writer with a bug, but a sound CRC, would leave it. */
static void seal(uint8_t *bytes, size_t length)
{
    uint32_t crc = of_crc32c(0, bytes, length - 4);
    for (size_t i = 0; i < 4; i++)
        bytes[length - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

static void assert_refused(const uint8_t *bytes, size_t length, int status, const char *message)
{
    of_committable it;
    outfall_error error;
    if (of_committable_decode(bytes, length, &it, &error) != status)
        fail_msg("%zu bytes: want \"%s\", got %d", length, message, error.status);
    if (strstr(error.message, message) == NULL)
        fail_msg("want \"%s\", got \"%s\"", message, error.message);
    assert_null(it.driver);
    assert_null(it.sink_id);
}

static void it_comes_back_as_it_went_in(void **state)
{
    static char longest[OF_COMMITTABLE_TEXT_MAX + 1];
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX];
    of_committable cases[3] = {plain(), plain(), plain()};
    (void)state;
    memset(longest, 'x', OF_COMMITTABLE_TEXT_MAX);
    cases[1].driver = cases[1].resource_identity = cases[1].sink_id = longest;
    cases[1].rows = cases[1].bytes = cases[1].source_offset = UINT64_MAX;
    cases[1].gid = (of_gid){of_gid_sink(longest, strlen(longest)), UINT64_MAX, UINT32_MAX,
                            UINT16_MAX, UINT16_MAX};
    cases[2].driver = cases[2].resource_identity = cases[2].sink_id = "x";
    cases[2].gid = (of_gid){.sink = of_gid_sink("x", 1)};
    cases[2].rows = cases[2].bytes = cases[2].source_offset = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const of_committable *it = &cases[i];
        of_committable again;
        size_t measured;
        size_t length = encode(it, bytes);
        assert_int_equal(of_committable_measure(it, &measured, NULL), OUTFALL_OK);
        assert_int_equal(measured, length);
        assert_int_equal(of_committable_decode(bytes, length, &again, NULL), OUTFALL_OK);
        assert_string_equal(again.driver, it->driver);
        assert_string_equal(again.resource_identity, it->resource_identity);
        assert_string_equal(again.sink_id, it->sink_id);
        assert_true(again.gid.sink == it->gid.sink && again.gid.checkpoint == it->gid.checkpoint);
        assert_int_equal(again.gid.epoch, it->gid.epoch);
        assert_int_equal(again.gid.writer, it->gid.writer);
        assert_int_equal(again.gid.resource, it->gid.resource);
        assert_true(again.rows == it->rows && again.bytes == it->bytes);
        assert_true(again.source_offset == it->source_offset);
    }
    assert_int_equal(encode(&cases[1], bytes), OF_COMMITTABLE_BYTES_MAX);
}

/* Other languages read it, and other versions of this library. */
static void its_bytes_never_change(void **state)
{
    static const uint8_t head[] = {
        'O',  'F',  'c',  't',  0,    1,    0,    0,    0,    168, 0, 0, 0, 0, 0,    0,    0,
        42,   0,    0,    0,    0,    0,    0,    0x27, 0x10, 0,   0, 0, 0, 0, 0x12, 0xD6, 0x87,
        0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0,    0,   0, 7, 0, 3, 0,    1,
    };
    static const char tail[] =
        "\0\12postgresql\0\0\0327301234567890123456/orders\0\0\15public.events";
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX];
    char gid[OF_GID_BYTES + 1];
    of_committable it = plain();
    (void)state;
    size_t length = encode(&it, bytes);
    of_gid_format(&it.gid, gid);
    assert_int_equal(length, sizeof head + OF_GID_BYTES + sizeof tail + 4);
    assert_memory_equal(bytes, head, sizeof head);
    assert_memory_equal(bytes + 50, gid, OF_GID_BYTES);
    assert_memory_equal(bytes + 106, tail, sizeof tail);
    assert_int_equal(of_crc32c(0, bytes, length - 4),
                     (uint32_t)bytes[length - 4] << 24 | (uint32_t)bytes[length - 3] << 16 |
                         (uint32_t)bytes[length - 2] << 8 | bytes[length - 1]);
}

static void every_flipped_bit_is_refused(void **state)
{
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX];
    of_committable it = plain();
    (void)state;
    size_t length = encode(&it, bytes);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        const char *want = "damaged: its checksum does not match";
        int status = OUTFALL_ERR_INVALID;
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (bit / 8 < 4) {
            want = "not a committable";
        } else if (bit / 8 < 6) {
            want = "is of version";
            status = OUTFALL_ERR_UNSUPPORTED;
        } else if (bit / 8 < 10) {
            want = ""; /* Of another length: damaged, truncated or with trailing bytes. */
        }
        assert_refused(bytes, length, status, want);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(of_committable_decode(bytes, length, &it, NULL), OUTFALL_OK);
}

static void every_truncation_is_refused(void **state)
{
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX];
    of_committable it = plain();
    (void)state;
    size_t length = encode(&it, bytes);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *exact = malloc(cut > 0 ? cut : 1); /* So that sanitizers see a read past it. */
        assert_non_null(exact);
        memcpy(exact, bytes, cut);
        assert_refused(exact, cut, OUTFALL_ERR_INVALID,
                       cut < 4 ? "not a committable" : "is truncated");
        free(exact);
    }
}

static void a_message_names_what_is_wrong(void **state)
{
    static const struct {
        const char *message;
        size_t at;
        uint8_t byte;
        int status;
    } cases[] = {
        {"not a committable", 0, 'o', OUTFALL_ERR_INVALID},
        {"is of version 2, and this library knows 1", 5, 2, OUTFALL_ERR_UNSUPPORTED},
        {"is of version 0", 5, 0, OUTFALL_ERR_UNSUPPORTED},
        {"damaged: it cannot have 16777384 bytes", 6, 1, OUTFALL_ERR_INVALID},
        {"damaged: it cannot have 5 bytes", 9, 5, OUTFALL_ERR_INVALID},
        {"truncated: 168 of 169 bytes", 9, 169, OUTFALL_ERR_INVALID},
        {"1 trailing bytes after its 167", 9, 167, OUTFALL_ERR_INVALID},
        /* From here on the CRC is right. */
        {"its gid is of another checkpoint", 17, 43, OUTFALL_ERR_INVALID},
        {"its gid is of another epoch", 45, 8, OUTFALL_ERR_INVALID},
        {"its gid is of another writer", 47, 4, OUTFALL_ERR_INVALID},
        {"its gid is of another resource", 49, 2, OUTFALL_ERR_INVALID},
        {"its gid is none of ours", 50, 'O', OUTFALL_ERR_INVALID},
        {"its driver is not a text", 107, 0, OUTFALL_ERR_INVALID},
        {"its driver is not a text", 107, 9, OUTFALL_ERR_INVALID},
        {"its driver is not a text", 107, 11, OUTFALL_ERR_INVALID},
        {"its driver is not a text", 106, 1, OUTFALL_ERR_INVALID},
        {"its driver is not a text", 106, 0xFF, OUTFALL_ERR_INVALID},
        {"its driver is not a text", 110, 0, OUTFALL_ERR_INVALID},
        {"its resource identity is not a text", 119, 0xFF, OUTFALL_ERR_INVALID},
        {"its sink id is not a text", 149, 14, OUTFALL_ERR_INVALID},
    };
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX];
    of_committable it = plain();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = encode(&it, bytes);
        bytes[cases[i].at] = cases[i].byte;
        seal(bytes, length);
        assert_refused(bytes, length, cases[i].status, cases[i].message);
    }
}

static void a_gid_of_another_sink_is_refused(void **state)
{
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX];
    char gid[OF_GID_BYTES + 1];
    of_committable it = plain();
    (void)state;
    size_t length = encode(&it, bytes);
    it.gid.sink ^= 1;
    of_gid_format(&it.gid, gid);
    memcpy(bytes + 50, gid, OF_GID_BYTES);
    seal(bytes, length);
    assert_refused(bytes, length, OUTFALL_ERR_INVALID, "its gid is of another sink id");
}

static void a_text_ends_before_the_checksum(void **state)
{
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX];
    of_committable it = plain();
    (void)state;
    size_t length = encode(&it, bytes);
    bytes[149] = (uint8_t)(length - 150); /* The sink id, up to a NUL behind the last byte. */
    bytes[length - 5] = 'x';
    bytes[length] = '\0';
    seal(bytes, length);
    for (size_t i = length - 4; i < length; i++)
        assert_int_not_equal(bytes[i], '\0');
    assert_refused(bytes, length, OUTFALL_ERR_INVALID, "its sink id is not a text");
}

static void bytes_after_the_last_text_are_refused(void **state)
{
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX];
    of_committable it = plain();
    (void)state;
    size_t length = encode(&it, bytes);
    assert_refused(bytes, length + 3, OUTFALL_ERR_INVALID, "3 trailing bytes after its 168");
    bytes[9] = (uint8_t)(length + 3);
    memset(bytes + length - 4, 0, 7);
    seal(bytes, length + 3);
    assert_refused(bytes, length + 3, OUTFALL_ERR_INVALID, "3 bytes follow its last text");
}

static void what_cannot_be_read_is_not_written(void **state)
{
    static char long_text[OF_COMMITTABLE_TEXT_MAX + 2];
    uint8_t bytes[OF_COMMITTABLE_BYTES_MAX] = {0};
    of_committable cases[6] = {plain(), plain(), plain(), plain(), plain(), plain()};
    static const char *const messages[6] = {
        "driver has none", "resource identity has none",          "sink id has more",
        "driver has more", "another sink than \"public.events\"", "takes 168 bytes",
    };
    outfall_error error;
    size_t length;
    (void)state;
    memset(long_text, 'x', OF_COMMITTABLE_TEXT_MAX + 1);
    cases[0].driver = NULL;
    cases[1].resource_identity = "";
    cases[2].sink_id = long_text;
    cases[3].driver = long_text;
    cases[4].gid.sink++;
    for (size_t i = 0; i < 6; i++) {
        size_t capacity = i == 5 ? 167 : sizeof bytes;
        assert_int_equal(of_committable_encode(&cases[i], bytes, capacity, &length, &error),
                         OUTFALL_ERR_INVALID);
        if (strstr(error.message, messages[i]) == NULL)
            fail_msg("want \"%s\", got \"%s\"", messages[i], error.message);
        assert_int_equal(length, 0);
        assert_int_equal(bytes[0], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_as_it_went_in),
        cmocka_unit_test(its_bytes_never_change),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_message_names_what_is_wrong),
        cmocka_unit_test(a_gid_of_another_sink_is_refused),
        cmocka_unit_test(a_text_ends_before_the_checksum),
        cmocka_unit_test(bytes_after_the_last_text_are_refused),
        cmocka_unit_test(what_cannot_be_read_is_not_written),
    };
    return cmocka_run_group_tests_name("committable", tests, NULL, NULL);
}
