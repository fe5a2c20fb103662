/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions to commit, as the bytes of a decision file. Big-endian. The file begins with
 *
 *   at 0   "OFjn"
 *      4   uint16 version, 1
 *      6   uint16 bytes of this head, the CRC's included
 *      8   uint64 number, at random: records of other files are none of this one
 *     16   uint64 bytes that were on disk when the file got its name: these are whole, or damaged
 *     24   uint64 first checkpoint that is not forgotten
 *     32   uint32 highest epoch that had been seen then
 *     36   the transaction id: a uint16 length, its UTF-8, and a NUL
 *          uint32 CRC32C of all that comes before
 *
 * and goes on with one record for each decision: those that it had then, and behind them, with
 * epochs that do not fall, those that were taken since:
 *
 *   at 0   uint32 bytes of the record
 *      4   uint32 CRC32C of the file's number, the record's place in the file (uint64 both), its
 *          first four bytes and those from 8 on
 *      8   uint16 type, 1: commit
 *     10   uint16 branches
 *     12   uint32 epoch
 *     16   uint64 checkpoint
 *     24   uint64 sink: of_gid_sink of the transaction id
 *     32   uint32 bytes between the beginning of its group and the record
 *     36   for each branch a uint16 writer and a uint16 resource, as in its gid
 *
 * Records are written in groups: one is written once all before it are on disk. So where a record
 * is not whole, what follows tells why. If a record is there whose group began behind that place,
 * the bytes at that place had been on disk, and are damaged. If there is none, a group was cut off
 * on its way to the disk (whose blocks arrive in any order): nobody was told of it.
 *
 * Pure; any thread.
 */
#ifndef OF_TXN_DECISION_H
#define OF_TXN_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/error.h>

#define OF_DECISION_VERSION 1

/* Of a transaction id, without its NUL. */
#define OF_DECISION_ID_MAX 1024
#define OF_DECISION_BRANCHES_MAX 16384

#define OF_DECISION_HEAD_BYTES_MAX (38 + OF_DECISION_ID_MAX + 1 + 4)
#define OF_DECISION_BYTES(branches) (36 + 4 * (size_t)(branches))
#define OF_DECISION_BYTES_MAX OF_DECISION_BYTES(OF_DECISION_BRANCHES_MAX)

/* One prepared transaction of those that commit together. */
typedef struct of_party {
    uint16_t writer;
    uint16_t resource;
} of_party;

typedef struct of_decision {
    uint64_t checkpoint;
    uint32_t epoch;
    uint32_t count;
    const of_party *branches;
} of_decision;

/* The head of a file. */
typedef struct of_decision_head {
    uint64_t number;
    uint64_t sound;     /* Bytes that were on disk when the file got its name. */
    uint64_t forgotten; /* Checkpoints before this one are. */
    uint64_t sink;
    uint32_t epoch; /* The highest that had been seen then. */
    uint32_t bytes; /* Of the head itself. */
} of_decision_head;

/* A record, of which the branches are still to be read. */
typedef struct of_decision_record {
    size_t bytes; /* 0: there is no more. */
    uint64_t checkpoint;
    uint64_t sink;
    uint32_t epoch;
    uint32_t back; /* Bytes from the beginning of its group. */
    uint32_t count;
    uint16_t type;
    const uint8_t *branches; /* They lie in what is read. */
} of_decision_record;

/* Where reading is. Zeroed but for the first three at the beginning. */
typedef struct of_decision_cursor {
    const of_decision_head *head;
    const uint8_t *bytes; /* Of the whole file. */
    size_t length;
    size_t at;    /* Bytes that are read: at the end, those of the file that are whole. */
    size_t group; /* Where the last group began that was read. */
} of_decision_cursor;

/* OUTFALL_ERR_INVALID: an id of none or too many bytes. */
int of_decision_check_id(const char *id, outfall_error *error);

/* Bytes of a head for this id. */
size_t of_decision_head_bytes(const char *id);

/* Writes the head, with the id that it is for; head->bytes and head->sink are set. */
void of_decision_head_encode(of_decision_head *head, const char *id,
                             uint8_t out[OF_DECISION_HEAD_BYTES_MAX]);

/*
 * Reads the head of a file of `length` bytes. OUTFALL_ERR_UNSUPPORTED: of another version.
 * OUTFALL_ERR_INVALID: not a decision file, of another id, damaged or truncated; the message, which
 * is to follow the file's name, says which.
 */
int of_decision_head_decode(const uint8_t *bytes, size_t length, const char *id,
                            of_decision_head *out, outfall_error *error);

/*
 * Writes a record that will lie at `at`, in a group that begins at `group`; 1 to
 * OF_DECISION_BRANCHES_MAX branches. Returns its bytes.
 */
size_t of_decision_encode(const of_decision_head *head, const of_decision *it, uint64_t at,
                          uint64_t group, uint8_t *out);

/*
 * Reads the next record. At the end record->bytes is 0, and what is behind cursor->at is a group
 * that was cut off. OUTFALL_ERR_UNSUPPORTED: of a type that this library does not know.
 * OUTFALL_ERR_INVALID: the file is damaged or was written wrongly.
 */
int of_decision_next(of_decision_cursor *cursor, of_decision_record *record, outfall_error *error);

void of_decision_branches(const of_decision_record *record, of_party *out);

#endif
