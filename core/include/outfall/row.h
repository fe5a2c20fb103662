/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file row.h
 * Types, values, columns and schemas.
 */
#ifndef OUTFALL_ROW_H
#define OUTFALL_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The longest text that tells a writer's source: see outfall_writer_bind. */
#define OUTFALL_SOURCE_BYTES_MAX 200

/** The types of values and of columns. The numbers are part of the ABI. */
enum outfall_type {
    OUTFALL_TYPE_NULL = 0, /* A value only. */
    OUTFALL_TYPE_BOOL = 1,
    OUTFALL_TYPE_INT16 = 2,
    OUTFALL_TYPE_INT32 = 3,
    OUTFALL_TYPE_INT64 = 4,
    OUTFALL_TYPE_FLOAT32 = 5,
    OUTFALL_TYPE_FLOAT64 = 6,
    OUTFALL_TYPE_DECIMAL = 7, /* Exact; as a value it is text such as "-12.340" or "NaN". */
    OUTFALL_TYPE_TEXT = 8,    /* UTF-8 without NUL. */
    OUTFALL_TYPE_BYTES = 9,
    OUTFALL_TYPE_DATE = 10,        /* Days since 1970-01-01. */
    OUTFALL_TYPE_TIME = 11,        /* Microseconds since midnight, 0 to 86,400,000,000. */
    OUTFALL_TYPE_TIMESTAMP = 12,   /* Microseconds since 1970-01-01 00:00:00, no zone. */
    OUTFALL_TYPE_TIMESTAMPTZ = 13, /* Microseconds since 1970-01-01 00:00:00 UTC. */
    OUTFALL_TYPE_UUID = 14,        /* 16 bytes. */
    OUTFALL_TYPE_JSON = 15,        /* UTF-8 text. */
    OUTFALL_TYPE_OTHER = 16        /* A column only: travels as text, cast by the server. */
};

/** As a DATE, TIMESTAMP or TIMESTAMPTZ value: before and after every other. */
#define OUTFALL_TIME_MINUS_INFINITY INT64_MIN
#define OUTFALL_TIME_INFINITY INT64_MAX

/**
 * One value, 16 bytes. Set `type` and the member that goes with it:
 *   bool, int16/32/64, date, time, timestamp, timestamptz: `integer`;
 *   float32, float64: `real`; decimal, text, bytes, json: `data` and `length`;
 *   uuid: `data` points at 16 bytes, `length` is 16; null: nothing.
 * `data` is borrowed for the call only.
 */
typedef struct outfall_value {
    uint32_t type;   /* enum outfall_type */
    uint32_t length; /* Bytes at data. */
    union {
        int64_t integer;
        double real;
        const void *data;
    } as;
} outfall_value;

OUTFALL_STATIC_ASSERT(sizeof(outfall_value) == 16, "outfall_value is part of the ABI");

enum outfall_column_flag {
    OUTFALL_COLUMN_NOT_NULL = 1,
    OUTFALL_COLUMN_GENERATED = 2,       /* Computed by the database; never written. */
    OUTFALL_COLUMN_IDENTITY_ALWAYS = 4, /* Written only with identity=override. */
    OUTFALL_COLUMN_IDENTITY_DEFAULT = 8,
    OUTFALL_COLUMN_DEFAULT = 16,       /* The database has a default for it. */
    OUTFALL_COLUMN_KEY = 32,           /* Part of the primary key. */
    OUTFALL_COLUMN_JSONB = 64,         /* The encoding has PostgreSQL's jsonb version byte. */
    OUTFALL_COLUMN_PADDED = 128,       /* char(n): the database pads with blanks. */
    OUTFALL_COLUMN_NO_NAN = 256,       /* Cannot hold NaN (SQLite would store NULL). */
    OUTFALL_COLUMN_NO_INFINITY = 512,  /* Cannot hold infinities. */
    OUTFALL_COLUMN_APPROXIMATE = 1024, /* A decimal kept in at most `precision` digits. */
    OUTFALL_COLUMN_LIMITED = 2048      /* Values lie in least … most. */
};

/** What is done with rows whose key is in the table already, and what `mode` is when opened. */
enum outfall_write_mode {
    OUTFALL_MODE_INSERT = 0,  /* A key that exists is an error. */
    OUTFALL_MODE_UPSERT = 1,  /* It is updated: the columns named by update.columns, or all. */
    OUTFALL_MODE_REPLACE = 2, /* It is updated: columns the rows do not have take their defaults. */
    OUTFALL_MODE_IGNORE = 3   /* It stays as it is, and the row is dropped. */
};

/**
 * A row's place in a change stream. With mode=upsert or replace, insert and update both write the
 * row by its key, and delete removes that key, of whose row only the key columns count. With the
 * other modes every row is an insert.
 */
enum outfall_row_kind { OUTFALL_ROW_INSERT = 0, OUTFALL_ROW_UPDATE = 1, OUTFALL_ROW_DELETE = 2 };

/**
 * A column as the table has it, or as it is to be made. 0 means "not limited" throughout, but for
 * fraction_digits: set that to -1 unless seconds are to be cut.
 */
typedef struct outfall_column {
    const char *name;      /* UTF-8, NUL-terminated. */
    const char *type_name; /* The database's own name for the type; may be NULL. */
    uint32_t type;         /* enum outfall_type */
    uint32_t flags;        /* enum outfall_column_flag, or-ed. */
    uint32_t length_max;   /* text: characters; bytes: bytes. */
    uint32_t precision;    /* decimal: digits in all. */
    int32_t scale;         /* decimal: digits after the point (only with precision). */
    int32_t
        fraction_digits; /* time, timestamp: digits of seconds, and 0 is none; -1 is 6, "all". */
    /*
     * With OUTFALL_COLUMN_LIMITED, for integers, date, time, timestamp and timestamptz: the range
     * of the database's type where it is less than ours, as outfall_value has such a value.
     */
    int64_t least;
    int64_t most;
} outfall_column;

typedef struct outfall_schema outfall_schema;

/**
 * Makes an empty schema: the columns that a sink's rows hold, in order.
 *
 * @param out  Receives it; free with outfall_schema_free. NULL on failure.
 * @return OUTFALL_OK, OUTFALL_ERR_NOMEM, OUTFALL_ERR_INVALID. Any thread; does not block.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_schema_new(outfall_schema **out, outfall_error *error);

/** Frees a schema; NULL is legal. Nobody may use it any more; does not block. */
OUTFALL_EXPORT void outfall_schema_free(outfall_schema *schema);

/**
 * Appends a column; strings are copied. One thread at a time; does not block.
 *
 * @return OUTFALL_OK, OUTFALL_ERR_NOMEM, OUTFALL_ERR_INVALID (no name, NUL or bad UTF-8 in it,
 *         a name given twice, a type that is not one, more than 1,600 columns).
 */
OUTFALL_EXPORT OUTFALL_CHECK int
outfall_schema_add(outfall_schema *schema, const outfall_column *column, outfall_error *error);

/**
 * Appends columns from text: 'name type [not null] [primary key], …'; names may be quoted as
 * "a ""name""". Types are outfall's, with arguments: decimal(10,2), text(64), timestamp(3). One
 * thread at a time; does not block; `text` is borrowed for the call.
 *
 * @return OUTFALL_OK, OUTFALL_ERR_NOMEM, OUTFALL_ERR_INVALID (the message quotes the place).
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_schema_parse(outfall_schema *schema, const char *text,
                                                      outfall_error *error);

/** Counts the columns; 0 for NULL. Any thread while nobody adds; does not block. */
OUTFALL_EXPORT size_t outfall_schema_count(const outfall_schema *schema);

/**
 * Borrows column `index`, as long as the schema lives and is not added to; NULL out of range. Any
 * thread while nobody adds; does not block.
 */
OUTFALL_EXPORT const outfall_column *outfall_schema_column(const outfall_schema *schema,
                                                           size_t index);

/** Names a type, such as "timestamptz". Any thread; static memory; never NULL. */
OUTFALL_EXPORT const char *outfall_type_name(int type);

/**
 * The type of that name (any case; SQL's usual names too), or -1. `name` need not end in NUL. Any
 * thread; does not block.
 */
OUTFALL_EXPORT int outfall_type_from_name(const char *name, size_t length);

/**
 * The kind of row (enum outfall_row_kind) that a word is: insert, update, delete, or a letter of
 * change streams, c, i and r for insert, u, d; in any case. -1: none. `name` need not end in NUL.
 * Any thread; does not block.
 */
OUTFALL_EXPORT int outfall_row_kind_from_name(const char *name, size_t length);

#ifdef __cplusplus
}
#endif
#endif
