/* SPDX-License-Identifier: Apache-2.0 */
/* Names of XA transactions, as SQL has them. Pure. */
#ifndef DRV_MY_XID_H
#define DRV_MY_XID_H

#include <stdbool.h>

#include <outfall/driver.h>

#include "common/text.h"

/*
 * The third part of our names: "OF". MySQL tells names apart by it, MariaDB does not. It lives on
 * in databases: it may never change.
 */
#define DRV_MY_XID_FORMAT 20294

/* Whether both parts are ended, the gtrid is not empty, and there are letters, digits, dots only.
 */
bool drv_my_xid_is_valid(const outfall_xid *xid);

bool drv_my_xid_is_same(const outfall_xid *one, const outfall_xid *other);

/* 'gtrid','bqual',20294 */
void drv_my_xid_add(drv_text *to, const outfall_xid *xid);

/*
 * 'gtrid.bqual': the lock (GET_LOCK) that a session takes when it begins the transaction, by which
 * others find it. Of at most 63 characters; MySQL's limit is 64.
 */
void drv_my_xid_add_lock(drv_text *to, const outfall_xid *xid);

/*
 * Takes a name from a line of XA RECOVER: gtrid and bqual with nothing between them. False: it is
 * not one that drv_my_xid_add has written, or its gtrid does not begin with `prefix`.
 */
bool drv_my_xid_take(outfall_xid *out, const char *prefix, long format, size_t gtrid_length,
                     size_t bqual_length, const char *data, size_t length);

#endif
