/* SPDX-License-Identifier: Apache-2.0 */
/* Describing a table, and making one. */
#ifndef DRV_ODBC_DESCRIBE_H
#define DRV_ODBC_DESCRIBE_H

#include "odbc/session.h"

int drv_odbc_describe(outfall_connection *connection, const outfall_table_name *name,
                      const outfall_describe_options *options, int64_t deadline_us,
                      outfall_target **out, outfall_error *error);
int drv_odbc_create_table(outfall_connection *connection, const outfall_table_name *name,
                          const outfall_column *columns, size_t column_count, int64_t deadline_us,
                          outfall_error *error);

/* As drv_odbc_create_table; the mark is where the dialect has it. NULL: none. */
int drv_odbc_create_marked(outfall_connection *connection, const outfall_table_name *name,
                           const outfall_column *columns, size_t column_count, const char *mark,
                           int64_t deadline_us, outfall_error *error);

#endif
