/* SPDX-License-Identifier: Apache-2.0 */
/* A described table, for one set of columns. Never changed after describe. */
#ifndef LITE_TARGET_H
#define LITE_TARGET_H

#include "common/key.h"
#include "sqlite/connection.h"

/* The statements that a target has; see statement.h. */
enum lite_write {
    LITE_WRITE_ALL,
    LITE_WRITE_EACH,  /* NULL where one statement is never the slower. */
    LITE_REMOVE_EACH, /* NULL in mode insert. */
    LITE_WRITES
};

typedef struct lite_target {
    outfall_target base;
    uint64_t id; /* Of no other target of this process: an address is used again. */
    int64_t schema_version;
    uint32_t mode;       /* enum outfall_write_mode */
    uint32_t count_mode; /* By whose rule rows are counted: see drv_count_bounds. */
    uint8_t *numeric;    /* One a column: text in it meets SQLite's numeric affinity. */
    outfall_column *columns;
    drv_key key;
    char *sql[LITE_WRITES];
    char identity[OUTFALL_IDENTITY_BYTES_MAX + 1]; /* base.identity; empty: NULL. */
    char *table;                                   /* Its name. */
    char *display_name;
} lite_target;

int lite_describe(outfall_connection *connection, const outfall_table_name *name,
                  const outfall_describe_options *options, int64_t deadline_us,
                  outfall_target **out, outfall_error *error);
void lite_target_free(outfall_target *target);

/*
 * OUTFALL_OK where the table still has the target's columns and key as they were described; else
 * OUTFALL_ERR_CHANGED.
 */
int lite_target_check(outfall_connection *connection, const lite_target *target,
                      outfall_error *error);

#endif
