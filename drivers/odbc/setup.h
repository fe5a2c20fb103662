/* SPDX-License-Identifier: Apache-2.0 */
/* What a new connection is asked and told before it is used. */
#ifndef DRV_ODBC_SETUP_H
#define DRV_ODBC_SETUP_H

#include "odbc/session.h"

/* Finds the driver's method and the database's dialect, and sets the session up. */
int drv_odbc_setup(outfall_connection *connection, outfall_error *error);

#endif
