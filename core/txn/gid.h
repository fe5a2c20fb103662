/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of prepared transactions. A name says whose it is and what it holds, so that whoever finds
 * one in a database knows what to do with it. ASCII, and short enough for every database:
 *
 *   gtrid  of1.SINK.EPOCH.CHECKPOINT   16, 8 and 16 hexadecimal digits
 *   bqual  WRITER.RESOURCE             4 and 4
 *   gid    gtrid.bqual                 where a database has one name (PostgreSQL)
 *
 * Pure; any thread.
 */
#ifndef OF_TXN_GID_H
#define OF_TXN_GID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes, without the NUL. */
#define OF_GID_PREFIX_BYTES 21
#define OF_GID_GTRID_BYTES 46
#define OF_GID_BQUAL_BYTES 9
#define OF_GID_BYTES 56

typedef struct of_gid {
    uint64_t sink; /* of_gid_sink of the sink's id. */
    uint64_t checkpoint;
    uint32_t epoch;
    uint16_t writer;
    uint16_t resource; /* Which of the databases that commit together. */
} of_gid;

/* The number of a sink in its names. It lives on in databases: it may never change. */
uint64_t of_gid_sink(const char *id, size_t length);

/* Each writes its name and a NUL. */
void of_gid_format(const of_gid *gid, char out[OF_GID_BYTES + 1]);
void of_gid_format_gtrid(const of_gid *gid, char out[OF_GID_GTRID_BYTES + 1]);
void of_gid_format_bqual(const of_gid *gid, char out[OF_GID_BQUAL_BYTES + 1]);

/*
 * Reads a name back. False, with *out as it was, for whatever of_gid_format would not write: other
 * software's names, other lengths, capital letters. `text` needs no NUL.
 */
bool of_gid_parse(const char *text, size_t length, of_gid *out);

/* As of_gid_parse, of what XA RECOVER lists: gtrid and bqual with nothing between them. */
bool of_gid_parse_xid(const char *data, size_t length, size_t gtrid_length, size_t bqual_length,
                      of_gid *out);

/* What all names of a sink begin with: "of1.SINK." and a NUL. */
void of_gid_prefix(uint64_t sink, char out[OF_GID_PREFIX_BYTES + 1]);

/* Whether a name, of a gid or a gtrid, begins as those of the sink do: its own, however it goes on.
 */
bool of_gid_is_own(uint64_t sink, const char *text, size_t length);

#endif
