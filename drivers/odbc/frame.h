/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the parameters of statements lie: for each column an array of values, one a row, and an
 * array of lengths. Parameter arrays and statements of many rows are bound to the same frame, which
 * stays where it is until a value does not fit.
 */
#ifndef DRV_ODBC_FRAME_H
#define DRV_ODBC_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "odbc/target.h"

/* More than one row needs at most this many bytes; a larger row stands alone. */
#define DRV_ODBC_FRAME_BYTES_MAX (16u << 20)

typedef struct drv_odbc_array {
    uint32_t column; /* Of the target. */
    uint32_t width;  /* Bytes of a value. */
    bool fixed;      /* It is its type's size, by which the driver steps. */
    uint8_t *values;
    SQLLEN *lengths; /* Or SQL_NULL_DATA. */
    drv_day day;     /* Of the last timestamp. */
} drv_odbc_array;

typedef struct drv_odbc_frame {
    drv_odbc_array *arrays;
    uint32_t count;
    uint32_t rows;       /* That there is room for. */
    uint64_t generation; /* Counts layouts: what was bound to another has to be bound anew. */
    uint8_t *memory;
    size_t capacity;
} drv_odbc_frame;

/* Makes a frame of the target's columns, or of its key's. 0 where memory could not be had. */
int drv_odbc_frame_new(drv_odbc_frame *frame, const drv_odbc_target *target, bool key_only);
void drv_odbc_frame_free(drv_odbc_frame *frame);

/* Bytes of a row whose values have these widths. */
size_t drv_odbc_frame_row_bytes(const drv_odbc_frame *frame, const uint32_t *widths);

/* Makes room for `rows` rows of these widths, where there is none. 0: no memory. */
int drv_odbc_frame_reserve(drv_odbc_frame *frame, const uint32_t *widths, uint32_t rows);

/* Binds a statement of `rows` rows, or one of one row for a parameter array. An ODBC code. */
SQLRETURN drv_odbc_frame_bind(const drv_odbc_frame *frame, const drv_odbc_target *target,
                              SQLHSTMT statement, uint32_t rows);

#endif
