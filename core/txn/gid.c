/* SPDX-License-Identifier: Apache-2.0 */
#include "txn/gid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL /* Nothing to link. */
#include <xxhash.h>

#define MARK "of1."
#define MARK_BYTES (sizeof MARK - 1)

_Static_assert(MARK_BYTES + 16 + 1 == OF_GID_PREFIX_BYTES, "of1.SINK.");
_Static_assert(OF_GID_PREFIX_BYTES + 8 + 1 + 16 == OF_GID_GTRID_BYTES, "of1.SINK.EPOCH.CHECKPOINT");
_Static_assert(OF_GID_GTRID_BYTES + 1 + OF_GID_BQUAL_BYTES == OF_GID_BYTES, "gtrid.bqual");

uint64_t of_gid_sink(const char *id, size_t length)
{
    return XXH3_64bits(id, length); /* The same on every machine since xxHash 0.8. */
}

void of_gid_prefix(uint64_t sink, char out[OF_GID_PREFIX_BYTES + 1])
{
    snprintf(out, OF_GID_PREFIX_BYTES + 1, MARK "%016" PRIx64 ".", sink);
}

void of_gid_format_gtrid(const of_gid *gid, char out[OF_GID_GTRID_BYTES + 1])
{
    snprintf(out, OF_GID_GTRID_BYTES + 1, MARK "%016" PRIx64 ".%08" PRIx32 ".%016" PRIx64,
             gid->sink, gid->epoch, gid->checkpoint);
}

void of_gid_format_bqual(const of_gid *gid, char out[OF_GID_BQUAL_BYTES + 1])
{
    snprintf(out, OF_GID_BQUAL_BYTES + 1, "%04" PRIx16 ".%04" PRIx16, gid->writer, gid->resource);
}

void of_gid_format(const of_gid *gid, char out[OF_GID_BYTES + 1])
{
    of_gid_format_gtrid(gid, out);
    out[OF_GID_GTRID_BYTES] = '.';
    of_gid_format_bqual(gid, out + OF_GID_GTRID_BYTES + 1);
}

/* Reads `digits` digits at *at and steps past them. */
static bool read_hex(const char **at, int digits, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < digits; i++, ++*at) {
        char digit = **at;
        if (digit >= '0' && digit <= '9')
            *number = *number << 4 | (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            *number = *number << 4 | (uint64_t)(digit - 'a' + 10);
        else
            return false;
    }
    return true;
}

static bool read_dot(const char **at)
{
    return *(*at)++ == '.';
}

/* Both have their lengths. */
static bool parse_parts(const char *gtrid, const char *bqual, of_gid *out)
{
    uint64_t sink, epoch, checkpoint, writer, resource;
    if (memcmp(gtrid, MARK, MARK_BYTES) != 0)
        return false;
    gtrid += MARK_BYTES;
    if (!read_hex(&gtrid, 16, &sink) || !read_dot(&gtrid) || !read_hex(&gtrid, 8, &epoch) ||
        !read_dot(&gtrid) || !read_hex(&gtrid, 16, &checkpoint) || !read_hex(&bqual, 4, &writer) ||
        !read_dot(&bqual) || !read_hex(&bqual, 4, &resource))
        return false;
    *out = (of_gid){
        .sink = sink,
        .checkpoint = checkpoint,
        .epoch = (uint32_t)epoch,
        .writer = (uint16_t)writer,
        .resource = (uint16_t)resource,
    };
    return true;
}

bool of_gid_parse(const char *text, size_t length, of_gid *out)
{
    return length == OF_GID_BYTES && text[OF_GID_GTRID_BYTES] == '.' &&
           parse_parts(text, text + OF_GID_GTRID_BYTES + 1, out);
}

bool of_gid_parse_xid(const char *data, size_t length, size_t gtrid_length, size_t bqual_length,
                      of_gid *out)
{
    return gtrid_length == OF_GID_GTRID_BYTES && bqual_length == OF_GID_BQUAL_BYTES &&
           length == OF_GID_GTRID_BYTES + OF_GID_BQUAL_BYTES &&
           parse_parts(data, data + OF_GID_GTRID_BYTES, out);
}

bool of_gid_is_own(uint64_t sink, const char *text, size_t length)
{
    char prefix[OF_GID_PREFIX_BYTES + 1];
    of_gid_prefix(sink, prefix);
    return length >= OF_GID_PREFIX_BYTES && memcmp(text, prefix, OF_GID_PREFIX_BYTES) == 0;
}
