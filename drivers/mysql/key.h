/* SPDX-License-Identifier: Apache-2.0 */
/* The key that rows are known by: which columns, which unique index, and whether bytes decide. */
#ifndef DRV_MY_KEY_H
#define DRV_MY_KEY_H

#include "mysql/catalog.h"
#include "mysql/target.h"

/*
 * Resolves the key of a target whose columns are set (their catalog rows are `rows`): fills key,
 * key_count, key_fields and flags; nothing in mode insert. OUTFALL_ERR_UNSUPPORTED says which
 * statement would help.
 */
int drv_my_key_resolve(const drv_my_catalog *catalog, const outfall_describe_options *options,
                       const int *rows, drv_my_target *target, outfall_error *error);

/* Whether that column of the target is part of its key. */
bool drv_my_key_has(const drv_my_target *target, uint32_t column);

#endif
