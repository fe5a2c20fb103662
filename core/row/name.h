/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tables and columns as a user spells them. */
#ifndef OF_ROW_NAME_H
#define OF_ROW_NAME_H

#include <stddef.h>

#include <outfall/driver.h>

/*
 * Splits "table", "schema.table" or "\"my.schema\".\"my.table\"" into newly allocated parts.
 * `name->schema` is NULL where there is none. Refuses empty parts, NUL and bad UTF-8.
 */
int of_table_name_parse(const char *text, outfall_table_name *name, outfall_error *error);
void of_table_name_free(outfall_table_name *name);

/* A list of names that owns its strings. */
typedef struct of_names {
    char **names;
    size_t count;
} of_names;

/*
 * Splits "a, b" or "\"a,b\", c" into newly allocated names; blanks around a name are dropped. Empty
 * text is an empty list. `what` is the option's key, for messages. OUTFALL_ERR_CONFIG: an empty
 * name, one given twice, bad UTF-8 or a quote that is not closed.
 */
int of_names_parse(const char *text, const char *what, of_names *out, outfall_error *error);
void of_names_free(of_names *names);

#endif
