/* SPDX-License-Identifier: Apache-2.0 */
/* The one name that PostgreSQL has for a transaction's two: "gtrid.bqual". Pure. */
#ifndef DRV_PG_GID_H
#define DRV_PG_GID_H

#include <stdbool.h>

#include <outfall/driver.h>

/* With the NUL. Application names have the same limit, so a session can show it whole. */
#define DRV_PG_GID_MAX 64

/* False, with nothing written: not letters, digits and dots, or one of the two is empty. */
bool drv_pg_gid_join(const outfall_xid *xid, char out[DRV_PG_GID_MAX]);

/*
 * Reads a name back: "of1." and four parts more, of which the last two are the bqual. False, with
 * *out as it was: other software's.
 */
bool drv_pg_gid_split(const char *gid, outfall_xid *out);

#endif
