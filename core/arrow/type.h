/* SPDX-License-Identifier: Apache-2.0 */
/* What a field of an Arrow schema says of its column: the format string, and extension types. */
#ifndef OF_ARROW_TYPE_H
#define OF_ARROW_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/arrow.h>

/* How the values lie in the buffers behind the validity bitmap. */
enum of_arrow_layout {
    OF_ARROW_NOTHING, /* No buffers at all: every value is null. */
    OF_ARROW_BITS,
    OF_ARROW_FIXED,     /* `width` bytes each. */
    OF_ARROW_OFFSETS32, /* Offsets into one buffer of bytes, int32 ... */
    OF_ARROW_OFFSETS64, /* ... or int64. */
    OF_ARROW_VIEWS      /* 16 bytes each: short values themselves, or where to find them. */
};

/* What the values are. */
enum of_arrow_kind {
    OF_ARROW_NULL,
    OF_ARROW_BOOL,
    OF_ARROW_INT,
    OF_ARROW_UINT,
    OF_ARROW_FLOAT,
    OF_ARROW_DECIMAL,
    OF_ARROW_DATA, /* Text or bytes; JSON and UUIDs by their extension types. */
    OF_ARROW_DATE,
    OF_ARROW_TIME,
    OF_ARROW_TIMESTAMP
};

typedef struct of_arrow_type {
    int layout;         /* enum of_arrow_layout */
    int kind;           /* enum of_arrow_kind */
    uint32_t type;      /* enum outfall_type: of the column that is made for it. */
    uint32_t width;     /* Bytes of a value, with OF_ARROW_FIXED. */
    uint32_t precision; /* decimal */
    int32_t scale;
    int64_t per_second; /* time, timestamp, and a date that is not in days: units of a second. */
} of_arrow_type;

typedef struct of_arrow_field {
    const char *name; /* Borrowed from the schema; UTF-8, not empty. */
    bool nullable;
    bool dictionary; /* The array holds indices into another one, which holds the values. */
    of_arrow_type indices;
    of_arrow_type values;
} of_arrow_field;

/*
 * Reads a field. OUTFALL_ERR_UNSUPPORTED: a type that no column takes; OUTFALL_ERR_INVALID:
 * malformed.
 */
int of_arrow_field_read(const struct ArrowSchema *schema, of_arrow_field *out,
                        outfall_error *error);

#endif
