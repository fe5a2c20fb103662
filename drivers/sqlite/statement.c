/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/statement.h"

#include "common/identifier.h"
#include "sqlite/rows.h"

/*
 * A column of the key, with the index's own collation: without it ON CONFLICT would take any index
 * on the columns, and a comparison would go by the column's collation.
 */
static void add_key_column(drv_text *sql, const char *column, const lite_index *index)
{
    const char *collation = lite_index_collation(index, column);
    drv_identifier_quote(sql, column, '"');
    if (collation == NULL)
        return;
    drv_text_add(sql, " COLLATE ");
    drv_identifier_quote(sql, collation, '"');
}

/* "excluded" is the row that was to be inserted, with the defaults of what it does not have. */
static void add_update(drv_text *sql, const char *column, uint32_t *count)
{
    drv_text_add(sql, (*count)++ == 0 ? " DO UPDATE SET " : ", ");
    drv_identifier_quote(sql, column, '"');
    drv_text_add(sql, " = excluded.");
    drv_identifier_quote(sql, column, '"');
}

static int is_in_key(const lite_field *field, const outfall_column *columns, const drv_key *key)
{
    for (uint32_t i = 0; i < key->count; i++)
        if (drv_name_same(columns[key->columns[i]].name, field->name))
            return 1;
    return 0;
}

static uint32_t add_conflict(const lite_table *table, const outfall_column *columns,
                             uint32_t column_count, uint32_t mode, const drv_key *key,
                             const lite_index *index, drv_text *sql)
{
    uint32_t count = 0;
    /* WHERE true: else ON would be read as the ON of a join. */
    drv_text_add(sql, " WHERE true ON CONFLICT (");
    for (uint32_t i = 0; i < key->count; i++) {
        drv_text_add(sql, i > 0 ? ", " : "");
        add_key_column(sql, columns[key->columns[i]].name, index);
    }
    drv_text_add(sql, ")");
    for (size_t i = 0; mode == OUTFALL_MODE_REPLACE && i < table->count; i++)
        if (table->fields[i].hidden == 0 && !is_in_key(&table->fields[i], columns, key))
            add_update(sql, table->fields[i].name, &count);
    for (uint32_t i = 0; mode == OUTFALL_MODE_UPSERT && i < column_count; i++)
        if (key->updates[i])
            add_update(sql, columns[i].name, &count);
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
uint32_t lite_statement_write(const lite_table *table, const outfall_column *columns,
                              uint32_t column_count, uint32_t mode, const drv_key *key,
                              const lite_index *index, drv_text *sql)
{
    char rows[LITE_ROWS_NAME_MAX];
    drv_text_add(sql, table->conflicts ? "INSERT INTO main." : "INSERT OR FAIL INTO main.");
    drv_identifier_quote(sql, table->name, '"');
    drv_text_add(sql, " AS \"(outfall target)\"");
    for (uint32_t i = 0; i < column_count; i++) {
        drv_text_add(sql, i == 0 ? " (" : ", ");
        drv_identifier_quote(sql, columns[i].name, '"');
    }
    drv_text_add(sql, ") SELECT * FROM ");
    lite_rows_name(column_count, rows);
    drv_identifier_quote(sql, rows, '"');
    if (mode == OUTFALL_MODE_INSERT)
        return 0;
    return add_conflict(table, columns, column_count, mode, key, index, sql);
}

void lite_statement_remove(const lite_table *table, const outfall_column *columns,
                           const drv_key *key, const lite_index *index, drv_text *sql)
{
    drv_text_add(sql, "DELETE FROM main.");
    drv_identifier_quote(sql, table->name, '"');
    for (uint32_t i = 0; i < key->count; i++) {
        drv_text_add(sql, i == 0 ? " WHERE " : " AND ");
        add_key_column(sql, columns[key->columns[i]].name, index);
        drv_text_format(sql, " = \"%s\"(%u)", LITE_FIELD_FUNCTION, (unsigned)key->columns[i]);
    }
}
