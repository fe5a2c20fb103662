/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of tables, as Oracle would have them. */
#ifndef STI_COLUMNS_H
#define STI_COLUMNS_H

#include "syntax.h"

struct sti_connection;
struct sti_text;

/* What CREATE TABLE through the stand-in leaves in comments begins with. */
#define STI_COMMENT "standin:"

struct sti_column {
    struct sti_name schema, table, name;
    struct sti_type type;
    int not_null;
    int always;         /* GENERATED ALWAYS AS IDENTITY */
    int computed;       /* A virtual column. */
    char *default_text; /* NULL: none. */
};

struct sti_columns {
    struct sti_column *items;
    size_t count;
};

/*
 * Finds the columns that `condition` holds for: SQL over n (pg_namespace), c (pg_class), a
 * (pg_attribute), and the whole names STI_TABLE_NAME and STI_COLUMN_NAME.
 */
int sti_columns_find(struct sti_connection *connection, const char *condition,
                     struct sti_columns *columns, struct sti_failure *failure);
const struct sti_column *sti_columns_named(const struct sti_columns *columns,
                                           const struct sti_name *name);
void sti_columns_free(struct sti_columns *columns);

/* SQL: the whole names, of a pg_class c and of a pg_attribute a. */
#define STI_TABLE_NAME                                                                             \
    "CASE WHEN obj_description(c.oid, 'pg_class') LIKE '" STI_COMMENT "%' "                        \
    "THEN substr(obj_description(c.oid, 'pg_class'), 9) ELSE c.relname::text END"
#define STI_COLUMN_NAME                                                                            \
    "CASE WHEN col_description(a.attrelid, a.attnum) LIKE '" STI_COMMENT "%' THEN "                \
    "substr(col_description(a.attrelid, a.attnum), "                                               \
    "strpos(col_description(a.attrelid, a.attnum), E'\\n') + 1) ELSE a.attname::text END"

/* The same of the table that a statement names: SQL for sti_columns_find. */
void sti_columns_of_table(const struct sti_syntax *syntax, struct sti_text *condition);

#endif
