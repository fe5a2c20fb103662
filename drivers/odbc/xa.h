/* SPDX-License-Identifier: Apache-2.0 */
/* What XA's functions answer, and names of transactions as XA has them. Pure. */
#ifndef DRV_ODBC_XA_H
#define DRV_ODBC_XA_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

/* The third part of our names: "OF", as in drivers/mysql. It lives on: it may never change. */
#define DRV_ODBC_XA_FORMAT 20294
#define DRV_ODBC_XA_HEX_MAX (2 * sizeof(((outfall_xid *)NULL)->gtrid) + 1)
#define DRV_ODBC_XA_NAME_MAX sizeof(outfall_xid)

enum drv_odbc_xa_call {
    DRV_ODBC_XA_START,
    DRV_ODBC_XA_END,
    DRV_ODBC_XA_PREPARE,
    DRV_ODBC_XA_COMMIT,
    DRV_ODBC_XA_ROLLBACK,
    DRV_ODBC_XA_CALLS
};

#define DRV_ODBC_XA_RMERR (-3)

typedef struct drv_odbc_xa_meaning {
    int status;       /* enum outfall_status; UNKNOWN: what became of the transaction is. */
    int action;       /* enum outfall_action */
    const char *text; /* What it means, and what to do; NULL with OUTFALL_OK. */
} drv_odbc_xa_meaning;

/* What an answer means; every code means something. */
drv_odbc_xa_meaning drv_odbc_xa_judge(enum drv_odbc_xa_call call, int32_t code);

/* "XAER_NOTA"; "an unknown code" where it is none. */
const char *drv_odbc_xa_name(int32_t code);

/* Both parts are ended and not empty, and have letters, digits and dots only. */
bool drv_odbc_xid_is_valid(const outfall_xid *xid);
bool drv_odbc_xid_is_same(const outfall_xid *one, const outfall_xid *other);

/* "gtrid.bqual" */
void drv_odbc_xid_join(const outfall_xid *xid, char out[DRV_ODBC_XA_NAME_MAX]);

/* A part's bytes in hexadecimal. */
void drv_odbc_xa_hex(const char *part, char out[DRV_ODBC_XA_HEX_MAX]);

/*
 * Takes a name from a list: its format as text, and its parts in hexadecimal, any of them NULL.
 * False: it is not one of ours, or its gtrid does not begin with `prefix`.
 */
bool drv_odbc_xid_take(outfall_xid *out, const char *prefix, const char *format, const char *gtrid,
                       const char *bqual);

#endif
