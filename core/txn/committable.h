/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A committable: bytes that say which prepared transaction to commit, and where, so that any
 * process, in any language, commits exactly this one. An outer engine keeps them in its
 * checkpoints. Big-endian:
 *
 *   at 0   "OFct"
 *      4   uint16 version, 1
 *      6   uint32 bytes of the whole, these and the CRC's included
 *     10   uint64 checkpoint
 *     18   uint64 rows
 *     26   uint64 bytes
 *     34   uint64 source offset
 *     42   uint32 epoch
 *     46   uint16 writer
 *     48   uint16 resource
 *     50   the gid's 56 bytes
 *    106   driver, resource identity and sink id: each a uint16 length, its UTF-8, and a NUL
 *          uint32 CRC32C of all that comes before
 *
 * Pure; any thread.
 */
#ifndef OF_TXN_COMMITTABLE_H
#define OF_TXN_COMMITTABLE_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/error.h>

#include "txn/gid.h"

#define OF_COMMITTABLE_VERSION 1

/* Of each text, without its NUL. */
#define OF_COMMITTABLE_TEXT_MAX 1024

#define OF_COMMITTABLE_BYTES_MAX (106 + 3 * (2 + OF_COMMITTABLE_TEXT_MAX + 1) + 4)

typedef struct of_committable {
    /* Borrowed, none empty; of a decoded one they lie in the bytes it was decoded from. */
    const char *driver;            /* The driver's name: the scheme of its URLs. */
    const char *resource_identity; /* Which database: what it says of itself, not its address. */
    const char *sink_id;           /* The user's. */
    of_gid gid;                    /* gid.sink is of_gid_sink of the sink's id. */
    uint64_t rows;
    uint64_t bytes;
    uint64_t source_offset;
} of_committable;

/*
 * Sets *length to the bytes it takes. OUTFALL_ERR_INVALID: a text is missing, empty or too long, or
 * the gid is of another sink.
 */
int of_committable_measure(const of_committable *it, size_t *length, outfall_error *error);

/*
 * Writes it to `buffer`, and its bytes to *length. OUTFALL_ERR_INVALID: as of_committable_measure,
 * or `capacity` is too small; nothing was written then.
 */
int of_committable_encode(const of_committable *it, void *buffer, size_t capacity, size_t *length,
                          outfall_error *error);

/*
 * Reads one back; its texts lie in `buffer`. On failure all of *out is 0. OUTFALL_ERR_UNSUPPORTED:
 * of another version. OUTFALL_ERR_INVALID: not a committable, truncated, damaged, with bytes after
 * its end, or one whose parts contradict each other; the message says which.
 */
int of_committable_decode(const void *buffer, size_t length, of_committable *out,
                          outfall_error *error);

#endif
