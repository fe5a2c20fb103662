/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "txn/decision.h"

#define FILE_MAX 8192
#define RECORDS_MAX 64

static const char id[] = "public.events";

/* A file, and where its parts are. */
typedef struct image {
    uint8_t bytes[FILE_MAX];
    size_t length;
    of_decision_head head;
    size_t group;           /* Where the group began that is being written. */
    size_t at[RECORDS_MAX]; /* Where the records lie. */
    size_t group_of[RECORDS_MAX];
    size_t records;
} image;

/* What reading one gave. */
typedef struct reading {
    int status;
    outfall_error error;
    size_t at;    /* Bytes that are whole. */
    size_t group; /* Where the last group began. */
    size_t records;
    uint64_t checkpoints[RECORDS_MAX];
} reading;

static void begin(image *out, uint64_t number)
{
    memset(out, 0, sizeof *out);
    out->head = (of_decision_head){.number = number,
                                   .sound = of_decision_head_bytes(id),
                                   .forgotten = UINT64_C(0x0102030405060708),
                                   .epoch = 7};
    of_decision_head_encode(&out->head, id, out->bytes);
    out->length = out->group = out->head.bytes;
}

static void add(image *out, uint64_t checkpoint, uint32_t count)
{
    of_party branches[OF_DECISION_BYTES_MAX / 64];
    for (uint32_t i = 0; i < count; i++)
        branches[i] = (of_party){(uint16_t)(0x0300 + i), (uint16_t)(0x1100 + i)};
    of_decision it = {.checkpoint = checkpoint, .epoch = 9, .count = count, .branches = branches};
    assert_true(out->length + OF_DECISION_BYTES(count) <= FILE_MAX);
    out->at[out->records] = out->length;
    out->group_of[out->records++] = out->group;
    out->length +=
        of_decision_encode(&out->head, &it, out->length, out->group, out->bytes + out->length);
}

static void end_group(image *out)
{
    out->group = out->length;
}

/* Three groups of 1, 3 and 2. */
static void plain(image *out)
{
    begin(out, UINT64_C(0xFEDCBA9876543210));
    add(out, 41, 1);
    end_group(out);
    add(out, 42, 2);
    add(out, 43, 1);
    add(out, 44, 3);
    end_group(out);
    add(out, 45, 1);
    add(out, 46, 2);
}

static reading read_image(const uint8_t *bytes, size_t length)
{
    reading got = {0};
    of_decision_head head;
    of_decision_record record;
    /* Of exactly its bytes, so that sanitizers see a read past them. */
    uint8_t *exact = malloc(length > 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    got.status = of_decision_head_decode(exact, length, id, &head, &got.error);
    of_decision_cursor cursor = {.head = &head, .bytes = exact, .length = length};
    while (got.status == OUTFALL_OK) {
        got.status = of_decision_next(&cursor, &record, &got.error);
        if (got.status != OUTFALL_OK || record.bytes == 0)
            break;
        got.checkpoints[got.records++] = record.checkpoint;
    }
    got.at = cursor.at;
    got.group = cursor.group;
    free(exact);
    return got;
}

static void assert_message(const reading *got, int status, const char *message)
{
    if (got->status != status)
        fail_msg("want \"%s\", got %d", message, got->status);
    if (strstr(got->error.message, message) == NULL)
        fail_msg("want \"%s\", got \"%s\"", message, got->error.message);
}

/* Whole records of the file's beginning, up to `length`. */
static size_t records_before(const image *it, size_t length)
{
    size_t count = 0;
    while (count < it->records &&
           (count + 1 < it->records ? it->at[count + 1] : it->length) <= length)
        count++;
    return count;
}

static void assert_first(const image *it, const reading *got, size_t count)
{
    assert_int_equal(got->status, OUTFALL_OK);
    assert_int_equal(got->records, count);
    for (size_t i = 0; i < count; i++)
        assert_true(got->checkpoints[i] == 41 + i);
    assert_int_equal(got->at, count < it->records ? it->at[count] : it->length);
}

static void put(uint8_t *out, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, number >>= 8)
        out[i] = (uint8_t)number;
}

/* As a writer with a bug, but a sound CRC, would leave it. */
static void seal_head(image *it)
{
    size_t before = it->head.bytes - 4;
    put(it->bytes + before, of_crc32c(0, it->bytes, before), 4);
}

static void seal_record(image *it, size_t at, size_t bytes)
{
    uint8_t place[16];
    put(place, it->head.number, 8);
    put(place + 8, at, 8);
    uint32_t crc = of_crc32c(0, place, sizeof place);
    crc = of_crc32c(crc, it->bytes + at, 4);
    put(it->bytes + at + 4, of_crc32c(crc, it->bytes + at + 8, bytes - 8), 4);
}

/* ---- Tests ------------------------------------------------------------------------ */

/*
 * Other versions of this library read it. The bytes were made by another program from what the
 * header says, so they are also a test of the header.
 */
static void its_bytes_never_change(void **state)
{
    static const char golden[] =
        "4f466a6e00010038fedcba98765432100000000000000038010203040506070800000007000d7075"
        "626c69632e6576656e7473004272fcc2"
        "00000028e0e36c67000100010000000900000000000000293e1e2547683351fd0000000003001100"
        "0000002c847f03c00001000200000009000000000000002a3e1e2547683351fd0000000003001100"
        "03011101"
        "00000028cfd9959a0001000100000009000000000000002b3e1e2547683351fd0000002c03001100"
        "00000030dcea38d00001000300000009000000000000002c3e1e2547683351fd0000005403001100"
        "0301110103021102"
        "000000285e3765f80001000100000009000000000000002d3e1e2547683351fd0000000003001100"
        "0000002cae0bed130001000200000009000000000000002e3e1e2547683351fd0000002803001100"
        "03011101";
    image it;
    char hex[2 * FILE_MAX + 1];
    (void)state;
    plain(&it);
    for (size_t i = 0; i < it.length; i++)
        snprintf(hex + 2 * i, 3, "%02x", it.bytes[i]);
    assert_string_equal(hex, golden);
}

static void every_truncation_gives_the_longest_valid_prefix(void **state)
{
    image it;
    (void)state;
    plain(&it);
    for (size_t cut = 0; cut <= it.length; cut++) {
        reading got = read_image(it.bytes, cut);
        if (cut < it.head.bytes)
            assert_message(&got, OUTFALL_ERR_INVALID,
                           cut < 4 ? "not a decision file" : "is truncated");
        else
            assert_first(&it, &got, records_before(&it, cut));
    }
}

static void every_flipped_bit_is_noticed(void **state)
{
    image it;
    (void)state;
    plain(&it);
    size_t last_group = it.group_of[it.records - 1];
    for (size_t bit = 0; bit < 8 * it.length; bit++) {
        size_t at = bit / 8;
        it.bytes[at] ^= (uint8_t)(1U << bit % 8);
        reading got = read_image(it.bytes, it.length);
        it.bytes[at] ^= (uint8_t)(1U << bit % 8);
        if (at < 4)
            assert_message(&got, OUTFALL_ERR_INVALID, "not a decision file");
        else if (at < 6)
            assert_message(&got, OUTFALL_ERR_UNSUPPORTED, "is of version");
        else if (at < 8)
            assert_message(&got, OUTFALL_ERR_INVALID, "");
        else if (at < it.head.bytes)
            assert_message(&got, OUTFALL_ERR_INVALID, "the checksum of its head does not match");
        else if (at < last_group)
            assert_message(&got, OUTFALL_ERR_INVALID, "is damaged at byte");
        else
            assert_first(&it, &got, records_before(&it, at));
    }
    reading sound = read_image(it.bytes, it.length);
    assert_first(&it, &sound, it.records);
}

/* Power goes while a group of many sectors is written: any of them may have got to the disk. */
static void a_group_of_which_any_sectors_are_missing_is_no_damage(void **state)
{
    enum { SECTOR = 128, SECTORS = 10 };
    static image it;
    (void)state;
    begin(&it, 1);
    for (uint64_t i = 0; i < 3; i++) {
        add(&it, 41 + i, 2);
        end_group(&it);
    }
    size_t group = it.length;
    for (uint64_t i = 3; i < 20; i++)
        add(&it, 41 + i, 1 + (uint32_t)i);
    assert_true(it.length - group > SECTOR * (SECTORS - 1));
    size_t first = group / SECTOR * SECTOR;
    for (unsigned missing = 1; missing < 1U << SECTORS; missing++) {
        uint8_t bytes[FILE_MAX];
        size_t broken = it.length;
        memcpy(bytes, it.bytes, it.length);
        for (size_t i = SECTORS; i-- > 0;) {
            size_t from = first + i * SECTOR < group ? group : first + i * SECTOR;
            size_t to = first + (i + 1) * SECTOR;
            if ((missing >> i & 1) == 0 || from >= it.length)
                continue;
            memset(bytes + from, 0, (to < it.length ? to : it.length) - from);
            broken = from;
        }
        reading got = read_image(bytes, it.length);
        assert_first(&it, &got, records_before(&it, broken));
    }
}

static void what_an_earlier_file_left_on_the_disk_is_not_read(void **state)
{
    static image old, it;
    (void)state;
    plain(&old);
    begin(&it, 2);
    add(&it, 41, 1);
    size_t length = it.length;
    /* The same records at the same places, of another number. */
    memcpy(it.bytes + length, old.bytes + length, old.length - length);
    reading got = read_image(it.bytes, old.length);
    assert_int_equal(got.status, OUTFALL_OK);
    assert_int_equal(got.records, 1);
    assert_int_equal(got.at, length);
    /* The same file's, at another place. */
    begin(&it, old.head.number);
    add(&it, 41, 2);
    length = it.length;
    memcpy(it.bytes + length, old.bytes + old.at[1], old.length - old.at[1]);
    got = read_image(it.bytes, length + old.length - old.at[1]);
    assert_int_equal(got.records, 1);
    assert_int_equal(got.at, length);
}

static void what_was_there_when_the_file_got_its_name_is_whole_or_damaged(void **state)
{
    image it;
    (void)state;
    begin(&it, 3);
    add(&it, 41, 1);
    end_group(&it);
    add(&it, 42, 1);
    it.head.sound = it.length;
    of_decision_head_encode(&it.head, id, it.bytes);
    reading got = read_image(it.bytes, it.length);
    assert_first(&it, &got, 2);
    got = read_image(it.bytes, it.length - 1);
    assert_message(&got, OUTFALL_ERR_INVALID, "is truncated: 135 of at least 136 bytes");
    it.bytes[it.length - 1] ^= 1;
    got = read_image(it.bytes, it.length);
    assert_message(&got, OUTFALL_ERR_INVALID, "is damaged at byte 96, where its first decisions");
}

static void the_last_group_is_told(void **state)
{
    image it;
    (void)state;
    plain(&it);
    for (size_t i = 0; i < it.records; i++) {
        size_t end = i + 1 < it.records ? it.at[i + 1] : it.length;
        assert_int_equal(read_image(it.bytes, end).group, it.group_of[i]);
    }
    assert_int_equal(read_image(it.bytes, it.head.bytes).group, it.head.bytes);
}

static void a_message_names_what_is_wrong(void **state)
{
    static const struct {
        const char *message;
        int record; /* -1: the head. */
        size_t at;
        uint64_t number;
        int bytes;
        int status;
    } cases[] = {
        {"not a decision file", -1, 0, 'o', 1, OUTFALL_ERR_INVALID},
        {"is of version 2, and this library knows 1", -1, 4, 2, 2, OUTFALL_ERR_UNSUPPORTED},
        {"its head cannot have 5 bytes", -1, 6, 5, 2, OUTFALL_ERR_INVALID},
        {"its head cannot have 65535 bytes", -1, 6, 65535, 2, OUTFALL_ERR_INVALID},
        {"its transaction id is not a text", -1, 36, 12, 2, OUTFALL_ERR_INVALID},
        {"its transaction id is not a text", -1, 36, 65535, 2, OUTFALL_ERR_INVALID},
        {"its transaction id is not a text", -1, 40, 0, 1, OUTFALL_ERR_INVALID},
        {"of transaction id \"public.Events\", not of \"public.events\"", -1, 45, 'E', 1,
         OUTFALL_ERR_INVALID},
        {"its head ends behind the bytes that are sound", -1, 16, 55, 8, OUTFALL_ERR_INVALID},
        {"is truncated: 312 of at least 1000 bytes", -1, 16, 1000, 8, OUTFALL_ERR_INVALID},
        {"has a record of type 2 at byte 96", 1, 8, 2, 2, OUTFALL_ERR_UNSUPPORTED},
        {"the decision at byte 96 is not as long as its branches", 1, 10, 1, 2,
         OUTFALL_ERR_INVALID},
        {"the decision at byte 96 is not as long as its branches", 1, 10, 0, 2,
         OUTFALL_ERR_INVALID},
        {"the decision at byte 56 is of another sink", 0, 24, 1, 8, OUTFALL_ERR_INVALID},
        {"is not of the group before it", 0, 32, 1, 4, OUTFALL_ERR_INVALID},
        {"is not of the group before it", 1, 32, 40, 4, OUTFALL_ERR_INVALID},
        {"is not of the group before it", 2, 32, 43, 4, OUTFALL_ERR_INVALID},
        {"is not of the group before it", 2, 32, UINT32_MAX, 4, OUTFALL_ERR_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        image it;
        plain(&it);
        size_t at = cases[i].record < 0 ? 0 : it.at[cases[i].record];
        put(it.bytes + at + cases[i].at, cases[i].number, cases[i].bytes);
        if (cases[i].record < 0)
            seal_head(&it);
        else
            seal_record(&it, at, it.at[cases[i].record + 1] - at);
        reading got = read_image(it.bytes, it.length);
        assert_message(&got, cases[i].status, cases[i].message);
    }
}

static void an_id_has_1_to_1024_bytes(void **state)
{
    static char text[OF_DECISION_ID_MAX + 2];
    uint8_t bytes[OF_DECISION_HEAD_BYTES_MAX];
    of_decision_head head = {.sound = OF_DECISION_HEAD_BYTES_MAX}, again;
    (void)state;
    assert_int_equal(of_decision_check_id(NULL, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(of_decision_check_id("", NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(of_decision_check_id("x", NULL), OUTFALL_OK);
    memset(text, 'x', OF_DECISION_ID_MAX + 1);
    assert_int_equal(of_decision_check_id(text, NULL), OUTFALL_ERR_INVALID);
    text[OF_DECISION_ID_MAX] = '\0';
    assert_int_equal(of_decision_check_id(text, NULL), OUTFALL_OK);
    of_decision_head_encode(&head, text, bytes);
    assert_int_equal(head.bytes, OF_DECISION_HEAD_BYTES_MAX);
    assert_int_equal(of_decision_head_decode(bytes, head.bytes, text, &again, NULL), OUTFALL_OK);
    assert_true(again.sink == head.sink && again.bytes == head.bytes);
}

static void the_largest_decision_comes_back(void **state)
{
    static uint8_t bytes[OF_DECISION_HEAD_BYTES_MAX + OF_DECISION_BYTES_MAX];
    static of_party branches[OF_DECISION_BRANCHES_MAX], again[OF_DECISION_BRANCHES_MAX];
    of_decision_head head = {.number = UINT64_MAX, .sound = of_decision_head_bytes(id)};
    of_decision it = {UINT64_MAX, UINT32_MAX, OF_DECISION_BRANCHES_MAX, branches};
    of_decision_record record;
    (void)state;
    for (size_t i = 0; i < OF_DECISION_BRANCHES_MAX; i++)
        branches[i] = (of_party){(uint16_t)(UINT16_MAX - i), (uint16_t)(4 * i)};
    of_decision_head_encode(&head, id, bytes);
    size_t length = head.bytes;
    length += of_decision_encode(&head, &it, length, length, bytes + length);
    assert_int_equal(length - head.bytes, OF_DECISION_BYTES_MAX);
    of_decision_cursor cursor = {.head = &head, .bytes = bytes, .length = length};
    assert_int_equal(of_decision_next(&cursor, &record, NULL), OUTFALL_OK);
    assert_true(record.checkpoint == UINT64_MAX && record.epoch == UINT32_MAX);
    assert_int_equal(record.count, OF_DECISION_BRANCHES_MAX);
    of_decision_branches(&record, again);
    assert_memory_equal(again, branches, sizeof branches);
    assert_int_equal(of_decision_next(&cursor, &record, NULL), OUTFALL_OK);
    assert_int_equal(record.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_bytes_never_change),
        cmocka_unit_test(every_truncation_gives_the_longest_valid_prefix),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_group_of_which_any_sectors_are_missing_is_no_damage),
        cmocka_unit_test(what_an_earlier_file_left_on_the_disk_is_not_read),
        cmocka_unit_test(what_was_there_when_the_file_got_its_name_is_whole_or_damaged),
        cmocka_unit_test(the_last_group_is_told),
        cmocka_unit_test(a_message_names_what_is_wrong),
        cmocka_unit_test(an_id_has_1_to_1024_bytes),
        cmocka_unit_test(the_largest_decision_comes_back),
    };
    return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
