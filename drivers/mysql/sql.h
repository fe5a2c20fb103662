/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of SQL text, and what a name may be. Pure. */
#ifndef DRV_MY_SQL_H
#define DRV_MY_SQL_H

#include <stddef.h>

#include <outfall/driver.h>

#include "common/text.h"

/* A string literal under our sessions' sql_mode: backslashes escape. */
void drv_my_add_literal(drv_text *to, const char *text);

/* `name` */
void drv_my_add_name(drv_text *to, const char *name);

/* `schema`.`table`, or `table` where no schema is given. */
void drv_my_add_relation(drv_text *to, const char *schema, const char *table);

/*
 * Checks a name: 1 to 64 characters of the Basic Multilingual Plane, no blank at the end.
 * `what` is "table", "column" or "database". OUTFALL_ERR_INVALID.
 */
int drv_my_check_name(const char *name, const char *what, outfall_error *error);

/* Checks both parts of a table's name. */
int drv_my_check_table_name(const outfall_table_name *name, outfall_error *error);

#endif
