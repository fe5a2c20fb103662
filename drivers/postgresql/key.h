/* SPDX-License-Identifier: Apache-2.0 */
/* The key of the modes that have one: checked against the catalog, and made into ON CONFLICT. */
#ifndef DRV_PG_KEY_H
#define DRV_PG_KEY_H

#include "postgresql/session.h"
#include "postgresql/target.h"

/*
 * Fills the target's part for a mode other than insert; its columns are filled already. `answer` is
 * drv_pg_catalog_ask's. OUTFALL_ERR_UNSUPPORTED, OUTFALL_ERR_NOT_FOUND, OUTFALL_ERR_INVALID,
 * OUTFALL_ERR_DATABASE (a missing right): action STOP, with what to do.
 */
int drv_pg_key_describe(outfall_connection *connection, const PGresult *answer,
                        const outfall_describe_options *options, drv_pg_target *target,
                        int64_t deadline_us, outfall_error *error);

#endif
