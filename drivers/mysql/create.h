/* SPDX-License-Identifier: Apache-2.0 */
/* Tables made from a schema. */
#ifndef DRV_MY_CREATE_H
#define DRV_MY_CREATE_H

#include "mysql/session.h"

int drv_my_create_table(outfall_connection *connection, const outfall_table_name *name,
                        const outfall_column *columns, size_t column_count, int64_t deadline_us,
                        outfall_error *error);

/* As drv_my_create_table; the mark is the table's comment. NULL: none. */
int drv_my_create_marked(outfall_connection *connection, const outfall_table_name *name,
                         const outfall_column *columns, size_t column_count, const char *mark,
                         int64_t deadline_us, outfall_error *error);

#endif
