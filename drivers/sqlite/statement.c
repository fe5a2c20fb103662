/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/statement.h"

#include "common/identifier.h"
#include "sqlite/rows.h"

/*
 * A column of the key, with the index's own collation: without it ON CONFLICT would take any index
 * on the columns, and a comparison would go by the column's collation.
 */
static void add_key_column(const lite_parts *of, uint32_t i, drv_text *sql)
{
    const char *column = of->columns[of->key->columns[i]].name;
    const char *collation = lite_index_collation(of->index, column);
    drv_identifier_quote(sql, column, '"');
    if (collation == NULL)
        return;
    drv_text_add(sql, " COLLATE ");
    drv_identifier_quote(sql, collation, '"');
}

static void add_field(uint32_t column, drv_text *sql)
{
    drv_identifier_quote(sql, LITE_FIELD_FUNCTION, '"');
    drv_text_format(sql, "(%u)", (unsigned)column);
}

/* "excluded" is the row that was to be inserted, with the defaults of what it does not have. */
static void add_update(const char *column, uint32_t *count, drv_text *sql)
{
    drv_text_add(sql, (*count)++ == 0 ? " DO UPDATE SET " : ", ");
    drv_identifier_quote(sql, column, '"');
    drv_text_add(sql, " = excluded.");
    drv_identifier_quote(sql, column, '"');
}

static int is_in_key(const lite_parts *of, const char *column)
{
    for (uint32_t i = 0; i < of->key->count; i++)
        if (drv_name_same(of->columns[of->key->columns[i]].name, column))
            return 1;
    return 0;
}

static int is_in_rows(const lite_parts *of, const char *column)
{
    for (uint32_t i = 0; i < of->column_count; i++)
        if (drv_name_same(of->columns[i].name, column))
            return 1;
    return 0;
}

/*
 * Whether a replace sets the column. A primary key that is not the key, nor in the rows, stays: a
 * row key would be numbered anew, and rows elsewhere may refer to it.
 */
static int is_replaced(const lite_parts *of, const lite_field *field)
{
    return field->hidden == 0 && !is_in_key(of, field->name) &&
           (!field->in_key || is_in_rows(of, field->name));
}

static uint32_t add_conflict(const lite_parts *of, drv_text *sql)
{
    const lite_field *fields = of->table->fields;
    uint32_t count = 0;
    if (of->mode == OUTFALL_MODE_INSERT)
        return 0;
    drv_text_add(sql, " ON CONFLICT (");
    for (uint32_t i = 0; i < of->key->count; i++) {
        drv_text_add(sql, i > 0 ? ", " : "");
        add_key_column(of, i, sql);
    }
    drv_text_add(sql, ")");
    for (size_t i = 0; of->mode == OUTFALL_MODE_REPLACE && i < of->table->count; i++)
        if (is_replaced(of, &fields[i]))
            add_update(fields[i].name, &count, sql);
    for (uint32_t i = 0; of->mode == OUTFALL_MODE_UPSERT && i < of->column_count; i++)
        if (of->key->updates[i])
            add_update(of->columns[i].name, &count, sql);
    if (count == 0)
        drv_text_add(sql, " DO NOTHING");
    return count;
}

/*
 * INSERT OR FAIL leaves the rows before a bad one to the rollback that has to follow anyway, which
 * spares SQLite a copy of every page it changes (a third of the time where keys come in random
 * order). It would override the conflict clauses of the table and its triggers: see `conflicts`.
 * The alias keeps a table that is itself named excluded from being taken for the row.
 */
static void add_insert(const lite_parts *of, drv_text *sql)
{
    drv_text_add(sql, of->table->conflicts ? "INSERT INTO main." : "INSERT OR FAIL INTO main.");
    drv_identifier_quote(sql, of->table->name, '"');
    drv_text_add(sql, " AS \"(outfall target)\"");
    for (uint32_t i = 0; i < of->column_count; i++) {
        drv_text_add(sql, i == 0 ? " (" : ", ");
        drv_identifier_quote(sql, of->columns[i].name, '"');
    }
    drv_text_add(sql, ")");
}

uint32_t lite_statement_all(const lite_parts *of, drv_text *sql)
{
    char rows[LITE_ROWS_NAME_MAX];
    add_insert(of, sql);
    drv_text_add(sql, " SELECT * FROM ");
    lite_rows_name(of->column_count, rows);
    drv_identifier_quote(sql, rows, '"');
    drv_text_add(sql, " WHERE true"); /* Else ON would be read as the ON of a join. */
    return add_conflict(of, sql);
}

void lite_statement_each(const lite_parts *of, drv_text *sql)
{
    add_insert(of, sql);
    for (uint32_t i = 0; i < of->column_count; i++) {
        drv_text_add(sql, i == 0 ? " VALUES (" : ", ");
        add_field(i, sql);
    }
    drv_text_add(sql, ")");
    (void)add_conflict(of, sql);
}

void lite_statement_remove(const lite_parts *of, drv_text *sql)
{
    drv_text_add(sql, "DELETE FROM main.");
    drv_identifier_quote(sql, of->table->name, '"');
    for (uint32_t i = 0; i < of->key->count; i++) {
        drv_text_add(sql, i == 0 ? " WHERE " : " AND ");
        add_key_column(of, i, sql);
        drv_text_add(sql, " = ");
        add_field(of->key->columns[i], sql);
    }
}
