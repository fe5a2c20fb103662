/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of arrays as values, a column at a time. */
#ifndef OF_ARROW_VALUE_H
#define OF_ARROW_VALUE_H

#include <stddef.h>

#include "arrow/cells.h"
#include "arrow/view.h"

/* True where a value of the type may become text: decimals, nanoseconds, uint64. */
bool of_arrow_spells(const of_arrow_type *type);

/*
 * Reads `count` values from number `first` on; they borrow the array's buffers and the cells' text.
 * Returns how many. At fewer the next one is at fault, and `error` says why: REFUSED (no value of
 * ours is the same), INVALID (malformed).
 */
size_t of_arrow_read(const of_arrow_view *view, int64_t first, size_t count,
                     const of_arrow_cells *cells, outfall_error *error);

/* As of_arrow_read, by way of indices into the values of a dictionary. */
size_t of_arrow_read_indices(const of_arrow_view *indices, const of_arrow_view *values,
                             int64_t first, size_t count, const of_arrow_cells *cells,
                             outfall_error *error);

#endif
