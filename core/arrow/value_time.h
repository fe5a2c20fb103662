/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates, times and timestamps of any unit as values. What is not whole microseconds becomes text,
 * for a column to round or refuse; what no value of ours counts is refused here.
 */
#ifndef OF_ARROW_VALUE_TIME_H
#define OF_ARROW_VALUE_TIME_H

#include "arrow/cells.h"
#include "arrow/view.h"

/* Each as of_arrow_read. */
size_t of_arrow_read_dates(const of_arrow_view *view, int64_t first, size_t count,
                           const of_arrow_cells *cells, outfall_error *error);
size_t of_arrow_read_times(const of_arrow_view *view, int64_t first, size_t count,
                           const of_arrow_cells *cells);
size_t of_arrow_read_timestamps(const of_arrow_view *view, int64_t first, size_t count,
                                const of_arrow_cells *cells, outfall_error *error);

#endif
