/* SPDX-License-Identifier: Apache-2.0 */
/* The key that rows are known by, and what an upsert changes. */
#ifndef DRV_ODBC_KEY_H
#define DRV_ODBC_KEY_H

#include "odbc/catalog.h"
#include "odbc/target.h"

/*
 * Resolves the key of a target whose columns are set: column i is the table's field fields[i].
 * Fills key, flags, kind, mode, updated and resets; in mode insert just the last.
 * OUTFALL_ERR_UNSUPPORTED says which statement or option would help.
 */
int drv_odbc_key_resolve(const drv_odbc_dialect *dialect, const drv_odbc_table *table,
                         const outfall_describe_options *options, const uint32_t *fields,
                         drv_odbc_target *target, outfall_error *error);

#endif
