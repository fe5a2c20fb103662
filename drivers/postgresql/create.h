/* SPDX-License-Identifier: Apache-2.0 */
/* Tables made from a schema. */
#ifndef DRV_PG_CREATE_H
#define DRV_PG_CREATE_H

#include "postgresql/session.h"

int drv_pg_create_table(outfall_connection *connection, const outfall_table_name *name,
                        const outfall_column *columns, size_t column_count, int64_t deadline_us,
                        outfall_error *error);

/* Someone made it at the same moment: IF NOT EXISTS looks before it takes the name. */
bool drv_pg_create_lost_a_race(const outfall_error *error);

#endif
