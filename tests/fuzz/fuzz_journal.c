/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decision files of any bytes, as they are and with CRCs that match, so that what is behind them is
 * tried too: what is taken is written again as it was, and is the same without what was cut off.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "txn/decision.h"

#define ID "public.events"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const of_decision_head *head, const of_decision_record *record,
                         const uint8_t *bytes, size_t at)
{
    static of_party branches[OF_DECISION_BRANCHES_MAX];
    static uint8_t again[OF_DECISION_BYTES_MAX];
    if (record->count > OF_DECISION_BRANCHES_MAX)
        abort();
    of_decision_branches(record, branches);
    of_decision it = {record->checkpoint, record->epoch, record->count, branches};
    if (of_decision_encode(head, &it, at, at - record->back, again) != record->bytes ||
        memcmp(again, bytes + at, record->bytes) != 0)
        abort();
}

/* Returns the bytes that are whole, 0 where the file is refused. */
static size_t read_all(const uint8_t *bytes, size_t length)
{
    outfall_error error = {0};
    of_decision_head head;
    of_decision_record record;
    int status = of_decision_head_decode(bytes, length, ID, &head, &error);
    of_decision_cursor cursor = {.head = &head, .bytes = bytes, .length = length};
    while (status == OUTFALL_OK) {
        size_t at = cursor.at < head.bytes ? head.bytes : cursor.at;
        status = of_decision_next(&cursor, &record, &error);
        if (status != OUTFALL_OK)
            break;
        if (cursor.at > length || cursor.group > cursor.at || cursor.group < head.bytes)
            abort();
        if (record.bytes == 0)
            return cursor.at;
        check_record(&head, &record, bytes, at);
    }
    if (error.message[0] == '\0')
        abort();
    return 0;
}

static void put(uint8_t *out, uint32_t number)
{
    for (int i = 3; i >= 0; i--, number >>= 8)
        out[i] = (uint8_t)number;
}

static uint32_t load(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Makes all CRCs match for as long as lengths make sense. */
static void mend(uint8_t *bytes, size_t size)
{
    size_t at = (size_t)bytes[6] << 8 | bytes[7];
    if (at < 38 + 4 || at > size)
        return;
    put(bytes + at - 4, of_crc32c(0, bytes, at - 4));
    while (size - at >= 36) {
        uint8_t place[16] = {0};
        uint32_t length = load(bytes + at);
        if (length < 36 || length > size - at)
            return;
        memcpy(place, bytes + 8, 8);
        put(place + 12, (uint32_t)at);
        uint32_t crc = of_crc32c(0, place, sizeof place);
        crc = of_crc32c(crc, bytes + at, 4);
        put(bytes + at + 4, of_crc32c(crc, bytes + at + 8, length - 8));
        at += length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t whole = read_all(data, size);
    if (whole > 0 && read_all(data, whole) != whole)
        abort();
    if (size < 8)
        return 0;
    uint8_t *mended = of_alloc(size);
    if (mended == NULL)
        return 0;
    memcpy(mended, data, size);
    mend(mended, size);
    whole = read_all(mended, size);
    if (whole > 0 && read_all(mended, whole) != whole)
        abort();
    of_free(mended);
    return 0;
}
