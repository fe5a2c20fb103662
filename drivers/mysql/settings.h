/* SPDX-License-Identifier: Apache-2.0 */
/* What a fresh session is set to, and what is asked of its server. */
#ifndef DRV_MY_SETTINGS_H
#define DRV_MY_SETTINGS_H

#include "mysql/session.h"

/* `method` is the option mysql.method. OUTFALL_ERR_UNSUPPORTED: the server is too old for it. */
int drv_my_settings_apply(outfall_connection *connection, const char *method, int64_t deadline_us,
                          outfall_error *error);

#endif
