/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a pooler stands between, and lends the server's sessions by the transaction. */
#ifndef DRV_PG_POOLER_H
#define DRV_PG_POOLER_H

#include "postgresql/session.h"

/*
 * Opens a session beside this one and looks whether both are the same process of the server's.
 * OUTFALL_ERR_UNSUPPORTED: they are. Where there is no pooler, nothing is opened.
 */
int drv_pg_check_pooler(outfall_connection *connection, int64_t deadline_us, outfall_error *error);

#endif
