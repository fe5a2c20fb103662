/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a database's checks; a driver brings a way to ask. */
#ifndef DRV_INSPECT_H
#define DRV_INSPECT_H

#include <stdint.h>

#include <outfall/driver.h>

#include "common/check.h"

/* Takes one cell of an answer; NULL is SQL's NULL. */
typedef void (*drv_inspect_cell)(void *to, size_t row, size_t column, const char *text);

typedef struct drv_inspect {
    const drv_checks *checks;
    const char *display;        /* The target as statements name it. */
    const char *schema, *table; /* Unquoted; may be NULL where no check has them. */
    int64_t number;             /* For $b, the first time. */
    void (*add_literal)(drv_text *to, const char *text);
    /* Runs one statement and hands its answer out. Ends the transaction that it began, if any. */
    int (*ask)(outfall_connection *connection, const char *sql, drv_inspect_cell cell, void *to,
               int64_t deadline_us, outfall_error *error);
} drv_inspect;

/* As `inspect` of outfall_driver. */
int drv_inspect_run(const drv_inspect *it, outfall_connection *connection,
                    const outfall_inspect_options *options, int64_t deadline_us,
                    outfall_error *error);

#endif
