/* SPDX-License-Identifier: Apache-2.0 */
/* Errors that all drivers have. */
#ifndef DRV_FAIL_H
#define DRV_FAIL_H

#include <outfall/error.h>

/* RETRY: it may pass, as others give memory back. */
static inline int drv_fail_nomem(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_RETRY, "out of memory");
}

#endif
