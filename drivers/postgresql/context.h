/* SPDX-License-Identifier: Apache-2.0 */
/* Where COPY's error context says it was: which row, which column. Pure. */
#ifndef DRV_PG_CONTEXT_H
#define DRV_PG_CONTEXT_H

#include <stdint.h>

#include <outfall/row.h>

/*
 * The index of the row that COPY into `relation` names, from 0; -1 where it names none of `rows`.
 * Binary rows count as lines, from 1: "COPY birdstrikes, line 7, column speed". Other languages
 * have other words in the same order, so only the name before and the number after them are
 * looked for. Lines of triggers and functions may stand around it. `context` may be NULL.
 */
int64_t drv_pg_context_row(const char *context, const char *relation, uint64_t rows);

/* The column that COPY names; NULL where it names none of them. */
const char *drv_pg_context_column(const char *context, const outfall_column *columns,
                                  uint32_t count);

#endif
