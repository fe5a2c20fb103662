/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of SQL text. */
#ifndef DRV_PG_SQL_H
#define DRV_PG_SQL_H

#include <outfall/driver.h>

#include "common/text.h"

/* A string literal; the same under every setting of standard_conforming_strings. */
void drv_pg_add_literal(drv_text *to, const char *text);

/* "schema"."table", or "table" where no schema is given. */
void drv_pg_add_relation(drv_text *to, const char *schema, const char *table);

/* Checks both parts of a table's name. OUTFALL_ERR_INVALID. */
int drv_pg_check_table_name(const outfall_table_name *name, outfall_error *error);

#endif
