/* SPDX-License-Identifier: Apache-2.0 */
/* Tables described from the catalog. */
#ifndef DRV_PG_DESCRIBE_H
#define DRV_PG_DESCRIBE_H

#include "postgresql/session.h"

int drv_pg_describe(outfall_connection *connection, const outfall_table_name *name,
                    const outfall_describe_options *options, int64_t deadline_us,
                    outfall_target **out, outfall_error *error);

#endif
