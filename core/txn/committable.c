/* SPDX-License-Identifier: Apache-2.0 */
#include "txn/committable.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/fail.h"

/* Where the parts are: see the header. */
enum {
    AT_VERSION = 4,
    AT_LENGTH = 6,
    AT_CHECKPOINT = 10,
    AT_ROWS = 18,
    AT_BYTES = 26,
    AT_SOURCE_OFFSET = 34,
    AT_EPOCH = 42,
    AT_WRITER = 46,
    AT_RESOURCE = 48,
    AT_GID = 50,
    AT_TEXTS = AT_GID + OF_GID_BYTES,
    CRC_BYTES = 4,
    TEXTS = 3,
    BYTES_MIN = AT_TEXTS + TEXTS * (2 + 1 + 1) + CRC_BYTES,
};

_Static_assert(OF_COMMITTABLE_BYTES_MAX ==
                   AT_TEXTS + TEXTS * (2 + OF_COMMITTABLE_TEXT_MAX + 1) + CRC_BYTES,
               "the layout of the header");

static const char magic[4] = {'O', 'F', 'c', 't'};
static const char *const text_names[TEXTS] = {"driver", "resource identity", "sink id"};

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

/* ---- Writing ---------------------------------------------------------------------- */

static void texts_of(const of_committable *it, const char *texts[TEXTS])
{
    texts[0] = it->driver;
    texts[1] = it->resource_identity;
    texts[2] = it->sink_id;
}

int of_committable_measure(const of_committable *it, size_t *length, outfall_error *error)
{
    const char *texts[TEXTS];
    size_t bytes = AT_TEXTS + CRC_BYTES;
    *length = 0;
    texts_of(it, texts);
    for (int i = 0; i < TEXTS; i++) {
        size_t size = texts[i] == NULL ? 0 : strnlen(texts[i], OF_COMMITTABLE_TEXT_MAX + 1);
        if (size == 0 || size > OF_COMMITTABLE_TEXT_MAX)
            return of_fail(error, OUTFALL_ERR_INVALID,
                           "a committable's %s has %s: it needs 1 to %d bytes", text_names[i],
                           size == 0 ? "none" : "more", OF_COMMITTABLE_TEXT_MAX);
        bytes += 2 + size + 1;
    }
    if (it->gid.sink != of_gid_sink(it->sink_id, strlen(it->sink_id)))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a committable's transaction is of another sink than \"%s\"", it->sink_id);
    *length = bytes;
    return OUTFALL_OK;
}

int of_committable_encode(const of_committable *it, void *buffer, size_t capacity, size_t *length,
                          outfall_error *error)
{
    const char *texts[TEXTS];
    char gid[OF_GID_BYTES + 1];
    uint8_t *out = buffer;
    size_t bytes;
    *length = 0;
    int status = of_committable_measure(it, &bytes, error);
    if (status != OUTFALL_OK)
        return status;
    if (capacity < bytes)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a committable takes %zu bytes: the buffer has %zu", bytes, capacity);
    memcpy(out, magic, sizeof magic);
    store(out + AT_VERSION, OF_COMMITTABLE_VERSION, 2);
    store(out + AT_LENGTH, bytes, 4);
    store(out + AT_CHECKPOINT, it->gid.checkpoint, 8);
    store(out + AT_ROWS, it->rows, 8);
    store(out + AT_BYTES, it->bytes, 8);
    store(out + AT_SOURCE_OFFSET, it->source_offset, 8);
    store(out + AT_EPOCH, it->gid.epoch, 4);
    store(out + AT_WRITER, it->gid.writer, 2);
    store(out + AT_RESOURCE, it->gid.resource, 2);
    of_gid_format(&it->gid, gid);
    memcpy(out + AT_GID, gid, OF_GID_BYTES);

    texts_of(it, texts);
    out += AT_TEXTS;
    for (int i = 0; i < TEXTS; i++) {
        size_t size = strlen(texts[i]);
        store(out, size, 2);
        memcpy(out + 2, texts[i], size + 1);
        out += 2 + size + 1;
    }
    store(out, of_crc32c(0, buffer, bytes - CRC_BYTES), CRC_BYTES);
    *length = bytes;
    return OUTFALL_OK;
}

/* ---- Reading ---------------------------------------------------------------------- */

/* What the first bytes and the CRC tell: after this the bytes are those that were written. */
static int check_whole(const uint8_t *bytes, size_t length, outfall_error *error)
{
    if (length < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "not a committable: these %zu bytes do not begin as one", length);
    if (length < AT_CHECKPOINT)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a committable is truncated: %zu bytes of at least %d are here", length,
                       BYTES_MIN);
    unsigned version = (unsigned)load(bytes + AT_VERSION, 2);
    if (version != OF_COMMITTABLE_VERSION)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "a committable is of version %u, and this library knows %d: commit it with "
                       "the version of the library that made it",
                       version, OF_COMMITTABLE_VERSION);
    size_t whole = (size_t)load(bytes + AT_LENGTH, 4);
    if (whole < BYTES_MIN || whole > OF_COMMITTABLE_BYTES_MAX)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a committable is damaged: it cannot have %zu bytes", whole);
    if (length < whole)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a committable is truncated: %zu of %zu bytes are here", length, whole);
    if (length > whole)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a committable has %zu trailing bytes after its %zu", length - whole, whole);
    if (of_crc32c(0, bytes, whole - CRC_BYTES) != load(bytes + whole - CRC_BYTES, CRC_BYTES))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a committable is damaged: its checksum does not match");
    return OUTFALL_OK;
}

static int read_texts(const uint8_t *bytes, size_t length, const char *texts[TEXTS],
                      outfall_error *error)
{
    const uint8_t *at = bytes + AT_TEXTS;
    const uint8_t *end = bytes + length - CRC_BYTES;
    for (int i = 0; i < TEXTS; i++) {
        size_t left = (size_t)(end - at);
        size_t size = left < 2 ? 0 : (size_t)load(at, 2);
        /* With its NUL at its end and none before. */
        if (size == 0 || size > OF_COMMITTABLE_TEXT_MAX || left < 2 + size + 1 ||
            memchr(at + 2, '\0', size + 1) != at + 2 + size)
            return of_fail(error, OUTFALL_ERR_INVALID,
                           "a committable was written wrongly: its %s is not a text of 1 to %d "
                           "bytes",
                           text_names[i], OF_COMMITTABLE_TEXT_MAX);
        texts[i] = (const char *)at + 2;
        at += 2 + size + 1;
    }
    if (at == end)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_INVALID,
                   "a committable was written wrongly: %zu bytes follow its last text",
                   (size_t)(end - at));
}

/* The gid says once more what other parts say: where they differ, committing either is a guess. */
static int check_gid(const uint8_t *bytes, const of_committable *it, outfall_error *error)
{
    const char *why = NULL;
    if (it->gid.sink != of_gid_sink(it->sink_id, strlen(it->sink_id)))
        why = "sink id";
    else if (it->gid.checkpoint != load(bytes + AT_CHECKPOINT, 8))
        why = "checkpoint";
    else if (it->gid.epoch != load(bytes + AT_EPOCH, 4))
        why = "epoch";
    else if (it->gid.writer != load(bytes + AT_WRITER, 2))
        why = "writer";
    else if (it->gid.resource != load(bytes + AT_RESOURCE, 2))
        why = "resource";
    if (why == NULL)
        return OUTFALL_OK;
    return of_fail(error, OUTFALL_ERR_INVALID,
                   "a committable contradicts itself: its gid is of another %s", why);
}

int of_committable_decode(const void *buffer, size_t length, of_committable *out,
                          outfall_error *error)
{
    const uint8_t *bytes = buffer;
    const char *texts[TEXTS];
    memset(out, 0, sizeof *out);
    int status = check_whole(bytes, length, error);
    if (status == OUTFALL_OK)
        status = read_texts(bytes, length, texts, error);
    if (status != OUTFALL_OK)
        return status;
    of_committable it = {
        .driver = texts[0],
        .resource_identity = texts[1],
        .sink_id = texts[2],
        .rows = load(bytes + AT_ROWS, 8),
        .bytes = load(bytes + AT_BYTES, 8),
        .source_offset = load(bytes + AT_SOURCE_OFFSET, 8),
    };
    if (!of_gid_parse((const char *)bytes + AT_GID, OF_GID_BYTES, &it.gid))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a committable was written wrongly: its gid is none of ours");
    status = check_gid(bytes, &it, error);
    if (status == OUTFALL_OK)
        *out = it;
    return status;
}
