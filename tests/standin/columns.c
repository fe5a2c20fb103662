/* SPDX-License-Identifier: Apache-2.0 */
#include "columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "query.h"

static void set_name(struct sti_name *name, const char *text)
{
    snprintf(name->text, sizeof name->text, "%s", text ? text : "");
}

static void read_column(const struct sti_rows *rows, size_t row, struct sti_column *column)
{
    const char *comment = sti_cell(rows, row, 6);
    const char *default_text = sti_cell(rows, row, 5);
    memset(column, 0, sizeof *column);
    set_name(&column->schema, sti_cell(rows, row, 0));
    set_name(&column->table, sti_cell(rows, row, 1));
    set_name(&column->name, sti_cell(rows, row, 2));
    column->not_null = strcmp(sti_cell(rows, row, 4), "1") == 0;
    column->always = strcmp(sti_cell(rows, row, 7), "a") == 0;
    column->computed = strcmp(sti_cell(rows, row, 7), "s") == 0;
    if (default_text)
        column->default_text = sti_copy(default_text, strlen(default_text));
    sti_type_of_column(comment, sti_cell(rows, row, 3), &column->type);
}

int sti_columns_find(struct sti_connection *connection, const char *condition,
                     struct sti_columns *columns, struct sti_failure *failure)
{
    struct sti_text sql = {0};
    struct sti_rows rows = {0};
    sti_text_puts(&sql,
                  "SELECT n.nspname::text, " STI_TABLE_NAME ", " STI_COLUMN_NAME
                  ", format_type(a.atttypid, a.atttypmod), a.attnotnull::int::text, "
                  "pg_get_expr(d.adbin, d.adrelid), CASE WHEN col_description(a.attrelid, "
                  "a.attnum) LIKE '" STI_COMMENT
                  "%' THEN split_part(substr(col_description(a.attrelid, a.attnum), 9), E'\\n', 1) "
                  "END, a.attidentity::text || a.attgenerated::text FROM pg_class c JOIN "
                  "pg_namespace n ON n.oid = c.relnamespace "
                  "JOIN pg_attribute a ON a.attrelid = c.oid "
                  "LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
                  "WHERE c.relkind IN ('r', 'p', 'v', 'f') AND a.attnum > 0 "
                  "AND NOT a.attisdropped AND ");
    sti_text_puts(&sql, condition);
    sti_text_puts(&sql, " ORDER BY n.nspname, c.relname, a.attnum");
    memset(columns, 0, sizeof *columns);
    int status = sti_query(connection, sql.data, &rows, failure);
    if (status == 0) {
        columns->items = sti_resize(NULL, rows.rows * sizeof columns->items[0]);
        columns->count = rows.rows;
        for (size_t i = 0; i < rows.rows; i++)
            read_column(&rows, i, &columns->items[i]);
    }
    sti_rows_free(&rows);
    sti_text_free(&sql);
    return status;
}

const struct sti_column *sti_columns_named(const struct sti_columns *columns,
                                           const struct sti_name *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->items[i].name.text, name->text) == 0)
            return &columns->items[i];
    return NULL;
}

void sti_columns_free(struct sti_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        free(columns->items[i].default_text);
    free(columns->items);
    memset(columns, 0, sizeof *columns);
}

void sti_columns_of_table(const struct sti_syntax *syntax, struct sti_text *condition)
{
    sti_text_puts(condition, STI_TABLE_NAME " = ");
    sti_text_quote(condition, syntax->table.text, '\'');
    if (syntax->schema.text[0]) {
        sti_text_puts(condition, " AND n.nspname = ");
        sti_text_quote(condition, syntax->schema.text, '\'');
    } else {
        sti_text_puts(condition, " AND pg_table_is_visible(c.oid)");
    }
}
