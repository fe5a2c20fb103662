/* SPDX-License-Identifier: Apache-2.0 */
/* A described table, for one set of columns and one mode. Never changed after describe. */
#ifndef DRV_ODBC_TARGET_H
#define DRV_ODBC_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "odbc/bind.h"
#include "odbc/sql.h"

/* One column, as it is bound. */
typedef struct drv_odbc_source {
    enum drv_odbc_bind bind;
    drv_odbc_parameter parameter;
    bool wide;
    int32_t field_bytes; /* Of each field that is not NULL, as of each value; -1: they differ. */
    bool empty_refused;  /* '' would be stored as NULL. */
} drv_odbc_source;

typedef struct drv_odbc_target {
    outfall_target base; /* First: the library's pointer is ours. */
    uint64_t serial;     /* Of no other target of this process. */
    outfall_column *columns;
    drv_odbc_source *sources;
    char **casts;      /* One a column; NULL: none. */
    char **collations; /* One a column, of the key's index; NULL: none. */
    uint8_t *updated;
    char **resets;
    uint32_t reset_count;
    uint32_t *key;
    enum drv_odbc_kind kind; /* Of its statement; erasures apart. */
    uint32_t mode;           /* As its rows are counted: enum outfall_write_mode. */
    char *display;
    char identity[OUTFALL_IDENTITY_BYTES_MAX + 1]; /* base.identity; empty: NULL. */
    char *schema, *name;  /* Of the table, unquoted; the schema may be NULL. */
    drv_odbc_shape shape; /* Of the members above. */
    char *probe;          /* A query of the columns that answers no row. */
    bool probed;          /* The columns can be asked for, and were: */
    uint64_t fingerprint; /* this is what the answer looked like, */
    uint64_t state;       /* and this what drv_odbc_probe_state was. */
} drv_odbc_target;

/* Room for `columns` columns; NULL where memory could not be had. */
drv_odbc_target *drv_odbc_target_new(const drv_odbc_dialect *dialect, size_t columns);

void drv_odbc_target_free(outfall_target *target);

#endif
