/* SPDX-License-Identifier: Apache-2.0 */
/* Tables described from the catalog. */
#ifndef DRV_MY_DESCRIBE_H
#define DRV_MY_DESCRIBE_H

#include "mysql/session.h"

int drv_my_describe(outfall_connection *connection, const outfall_table_name *name,
                    const outfall_describe_options *options, int64_t deadline_us,
                    outfall_target **out, outfall_error *error);

#endif
