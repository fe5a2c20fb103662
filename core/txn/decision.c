/* SPDX-License-Identifier: Apache-2.0 */
#include "txn/decision.h"

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/fail.h"
#include "txn/gid.h"

/* Where the parts are: see the header. */
enum {
    HEAD_VERSION = 4,
    HEAD_LENGTH = 6,
    HEAD_NUMBER = 8,
    HEAD_SOUND = 16,
    HEAD_FORGOTTEN = 24,
    HEAD_EPOCH = 32,
    HEAD_ID_LENGTH = 36,
    HEAD_ID = 38,
    CRC_BYTES = 4,
    HEAD_BYTES_MIN = HEAD_ID + 1 + 1 + CRC_BYTES,

    AT_CRC = 4,
    AT_TYPE = 8,
    AT_COUNT = 10,
    AT_EPOCH = 12,
    AT_CHECKPOINT = 16,
    AT_SINK = 24,
    AT_BACK = 32,
    AT_BRANCHES = 36,

    TYPE_COMMIT = 1,
};

_Static_assert(OF_DECISION_BYTES(0) == AT_BRANCHES, "the layout of the header");
_Static_assert(OF_DECISION_HEAD_BYTES_MAX == HEAD_ID + OF_DECISION_ID_MAX + 1 + CRC_BYTES,
               "the layout of the header");

static const char magic[4] = {'O', 'F', 'j', 'n'};

static void store(uint8_t *out, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, number >>= 8)
        out[i] = (uint8_t)number;
}

static uint64_t load(const uint8_t *from, int bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++)
        number = number << 8 | from[i];
    return number;
}

/* ---- The head --------------------------------------------------------------------- */

int of_decision_check_id(const char *id, outfall_error *error)
{
    size_t size = id == NULL ? 0 : strnlen(id, OF_DECISION_ID_MAX + 1);
    if (size > 0 && size <= OF_DECISION_ID_MAX)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_INVALID, "a transaction id has %s: it needs 1 to %d bytes",
                   size == 0 ? "none" : "more", OF_DECISION_ID_MAX);
}

size_t of_decision_head_bytes(const char *id)
{
    return HEAD_ID + strlen(id) + 1 + CRC_BYTES;
}

void of_decision_head_encode(of_decision_head *head, const char *id,
                             uint8_t out[OF_DECISION_HEAD_BYTES_MAX])
{
    size_t size = strlen(id);
    head->bytes = (uint32_t)of_decision_head_bytes(id);
    head->sink = of_gid_sink(id, size);
    memcpy(out, magic, sizeof magic);
    store(out + HEAD_VERSION, OF_DECISION_VERSION, 2);
    store(out + HEAD_LENGTH, head->bytes, 2);
    store(out + HEAD_NUMBER, head->number, 8);
    store(out + HEAD_SOUND, head->sound, 8);
    store(out + HEAD_FORGOTTEN, head->forgotten, 8);
    store(out + HEAD_EPOCH, head->epoch, 4);
    store(out + HEAD_ID_LENGTH, size, 2);
    memcpy(out + HEAD_ID, id, size + 1);
    size_t before = head->bytes - CRC_BYTES;
    store(out + before, of_crc32c(0, out, before), CRC_BYTES);
}

/* What the first bytes and the CRC tell: after this the bytes are those that were written. */
static int check_head(const uint8_t *bytes, size_t length, outfall_error *error)
{
    if (length < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "is not a decision file: name one, or a file that does not exist yet");
    if (length < HEAD_BYTES_MIN)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "is truncated: %zu bytes of at least %d are here; restore it", length,
                       HEAD_BYTES_MIN);
    unsigned version = (unsigned)load(bytes + HEAD_VERSION, 2);
    if (version != OF_DECISION_VERSION)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "is of version %u, and this library knows %d: use the version of the "
                       "library that wrote it",
                       version, OF_DECISION_VERSION);
    size_t whole = (size_t)load(bytes + HEAD_LENGTH, 2);
    if (whole < HEAD_BYTES_MIN || whole > OF_DECISION_HEAD_BYTES_MAX)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "is damaged: its head cannot have %zu bytes; restore it", whole);
    if (length < whole)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "is truncated: %zu of the %zu bytes of its head are here; restore it",
                       length, whole);
    if (of_crc32c(0, bytes, whole - CRC_BYTES) != load(bytes + whole - CRC_BYTES, CRC_BYTES))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "is damaged: the checksum of its head does not match; restore it");
    return OUTFALL_OK;
}

int of_decision_head_decode(const uint8_t *bytes, size_t length, const char *id,
                            of_decision_head *out, outfall_error *error)
{
    memset(out, 0, sizeof *out);
    int status = check_head(bytes, length, error);
    if (status != OUTFALL_OK)
        return status;
    size_t whole = (size_t)load(bytes + HEAD_LENGTH, 2);
    size_t size = (size_t)load(bytes + HEAD_ID_LENGTH, 2);
    const char *own = (const char *)bytes + HEAD_ID;
    if (HEAD_ID + size + 1 + CRC_BYTES != whole || memchr(own, '\0', size + 1) != own + size)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "was written wrongly: its transaction id is not a text");
    if (strcmp(own, id) != 0)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "is that of transaction id \"%.100s\", not of \"%.100s\": each needs one of "
                       "its own",
                       own, id);
    uint64_t sound = load(bytes + HEAD_SOUND, 8);
    if (sound < whole)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "was written wrongly: its head ends behind the bytes that are sound");
    if (length < sound)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "is truncated: %zu of at least %" PRIu64 " bytes are here; restore it",
                       length, sound);
    *out = (of_decision_head){
        .number = load(bytes + HEAD_NUMBER, 8),
        .sound = sound,
        .forgotten = load(bytes + HEAD_FORGOTTEN, 8),
        .sink = of_gid_sink(own, size),
        .epoch = (uint32_t)load(bytes + HEAD_EPOCH, 4),
        .bytes = (uint32_t)whole,
    };
    return OUTFALL_OK;
}

/* ---- Records ---------------------------------------------------------------------- */

static uint32_t checksum(const of_decision_head *head, uint64_t at, const uint8_t *record,
                         size_t bytes)
{
    uint8_t place[16];
    store(place, head->number, 8);
    store(place + 8, at, 8);
    uint32_t crc = of_crc32c(0, place, sizeof place);
    crc = of_crc32c(crc, record, AT_CRC);
    return of_crc32c(crc, record + AT_TYPE, bytes - AT_TYPE);
}

size_t of_decision_encode(const of_decision_head *head, const of_decision *it, uint64_t at,
                          uint64_t group, uint8_t *out)
{
    size_t bytes = OF_DECISION_BYTES(it->count);
    store(out, bytes, 4);
    store(out + AT_TYPE, TYPE_COMMIT, 2);
    store(out + AT_COUNT, it->count, 2);
    store(out + AT_EPOCH, it->epoch, 4);
    store(out + AT_CHECKPOINT, it->checkpoint, 8);
    store(out + AT_SINK, head->sink, 8);
    store(out + AT_BACK, at - group, 4);
    for (size_t i = 0; i < it->count; i++) {
        store(out + AT_BRANCHES + 4 * i, it->branches[i].writer, 2);
        store(out + AT_BRANCHES + 4 * i + 2, it->branches[i].resource, 2);
    }
    store(out + AT_CRC, checksum(head, at, out, bytes), 4);
    return bytes;
}

/* Whether a whole record lies at `at`. */
static bool decode(const of_decision_cursor *cursor, size_t at, of_decision_record *out)
{
    const uint8_t *record = cursor->bytes + at;
    size_t left = cursor->length - at;
    if (left < AT_BRANCHES)
        return false;
    size_t bytes = (size_t)load(record, 4);
    /* Not its count: other types of record may have other parts. */
    if (bytes < AT_BRANCHES || bytes > OF_DECISION_BYTES_MAX || bytes > left ||
        checksum(cursor->head, at, record, bytes) != load(record + AT_CRC, 4))
        return false;
    *out = (of_decision_record){
        .bytes = bytes,
        .type = (uint16_t)load(record + AT_TYPE, 2),
        .count = (uint32_t)load(record + AT_COUNT, 2),
        .epoch = (uint32_t)load(record + AT_EPOCH, 4),
        .checkpoint = load(record + AT_CHECKPOINT, 8),
        .sink = load(record + AT_SINK, 8),
        .back = (uint32_t)load(record + AT_BACK, 4),
        .branches = record + AT_BRANCHES,
    };
    return true;
}

/* Nothing whole lies at cursor->at: tells a group that was cut off from damage. */
static int check_tail(const of_decision_cursor *cursor, outfall_error *error)
{
    of_decision_record record;
    if (cursor->at < cursor->head->sound)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "is damaged at byte %zu, where its first decisions are: restore it",
                       cursor->at);
    for (size_t at = cursor->at + 1; at < cursor->length; at++) {
        if (!decode(cursor, at, &record))
            continue;
        if (record.back <= at && at - record.back > cursor->at)
            return of_fail(error, OUTFALL_ERR_INVALID,
                           "is damaged at byte %zu: decisions that were written later, at byte "
                           "%zu, are whole; restore it",
                           cursor->at, at);
        at += record.bytes - 1;
    }
    return OUTFALL_OK;
}

int of_decision_next(of_decision_cursor *cursor, of_decision_record *record, outfall_error *error)
{
    const of_decision_head *head = cursor->head;
    memset(record, 0, sizeof *record);
    if (cursor->at < head->bytes)
        cursor->at = cursor->group = head->bytes;
    if (cursor->at == cursor->length)
        return OUTFALL_OK;
    if (!decode(cursor, cursor->at, record))
        return check_tail(cursor, error);
    const char *why = NULL;
    if (record->type != TYPE_COMMIT)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "has a record of type %u at byte %zu: use the version of the library that "
                       "wrote it",
                       record->type, cursor->at);
    if (record->count == 0 || record->bytes != OF_DECISION_BYTES(record->count))
        why = "is not as long as its branches";
    else if (record->sink != head->sink)
        why = "is of another sink";
    else if (record->back != 0 && (record->back > cursor->at - head->bytes ||
                                   cursor->at - record->back != cursor->group))
        why = "is not of the group before it";
    if (why != NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "was written wrongly: the decision at byte %zu %s", cursor->at, why);
    cursor->group = cursor->at - record->back;
    cursor->at += record->bytes;
    return OUTFALL_OK;
}

void of_decision_branches(const of_decision_record *record, of_party *out)
{
    for (size_t i = 0; i < record->count; i++) {
        out[i].writer = (uint16_t)load(record->branches + 4 * i, 2);
        out[i].resource = (uint16_t)load(record->branches + 4 * i + 2, 2);
    }
}
