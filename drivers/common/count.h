/* SPDX-License-Identifier: Apache-2.0 */
/* How many rows a database may count for a write: the one table of it. Pure. */
#ifndef DRV_COUNT_H
#define DRV_COUNT_H

#include <stdint.h>

#include <outfall/driver.h>

/* How a client library counts rows of ON DUPLICATE KEY, ON CONFLICT, MERGE … */
enum drv_count_style {
    DRV_COUNT_PLAIN, /* Each row inserted or updated is one. */
    /* MySQL with CLIENT_FOUND_ROWS: 1 new, 2 changed, 1 unchanged; 3 with a version kept. */
    DRV_COUNT_FOUND_ROWS
};

/*
 * The least and the most rows that are right for a write of `sent` rows. `mode` is the target's
 * (enum outfall_write_mode); an upsert or replace that has nothing to update, as all columns are
 * in the key, counts as OUTFALL_MODE_IGNORE does. `deletion` is the batch's. No mode of the enum:
 * as OUTFALL_MODE_INSERT.
 */
void drv_count_bounds(uint32_t mode, uint32_t deletion, int style, uint64_t sent, uint64_t *least,
                      uint64_t *most);

/*
 * OUTFALL_OK where `counted` is within those bounds. Else OUTFALL_ERR_DATABASE, action STOP: rows
 * went missing or elsewhere in silence. `driver` leads the message, "sqlite: " or empty; `table` is
 * the target's display name; `fix` says what may be behind it and what to do: "a trigger drops
 * rows; remove it".
 */
int drv_count_check(uint32_t mode, uint32_t deletion, int style, uint64_t sent, uint64_t counted,
                    const char *driver, const char *table, const char *fix, outfall_error *error);

#endif
