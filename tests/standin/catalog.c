/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog.h"

#include <string.h>

/* Where no schema is asked for: those that hold tables of ours. */
#define OWN_SCHEMAS                                                                                \
    "n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'oracle', "           \
    "'utl_file')"

static void add_condition(const char *name, const struct sti_argument *argument,
                          const char *otherwise, struct sti_text *sql)
{
    if (!argument->text) {
        sti_text_puts(sql, otherwise);
        return;
    }
    sti_text_puts(sql, "(");
    sti_text_puts(sql, name);
    sti_text_puts(sql, argument->pattern ? ") LIKE " : ") = ");
    sti_text_quote(sql, argument->text, '\'');
}

static void add_table(const struct sti_argument *schema, const struct sti_argument *table,
                      struct sti_text *sql)
{
    add_condition("n.nspname", schema, OWN_SCHEMAS, sql);
    sti_text_puts(sql, " AND ");
    add_condition(STI_TABLE_NAME, table, "true", sql);
}

int sti_catalog_tables(const struct sti_argument *schema, const struct sti_argument *table,
                       struct sti_text *sql)
{
    sti_text_puts(sql,
                  "SELECT NULL::varchar AS \"TABLE_CAT\", n.nspname::varchar AS \"TABLE_SCHEM\", "
                  "(" STI_TABLE_NAME ")::varchar AS \"TABLE_NAME\", "
                  "CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END::varchar AS "
                  "\"TABLE_TYPE\", NULL::varchar AS \"REMARKS\" "
                  "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                  "WHERE c.relkind IN ('r', 'p', 'v', 'f') AND ");
    add_table(schema, table, sql);
    sti_text_puts(sql, " ORDER BY 4, 2, 3");
    return 0;
}

/* ---- SQLColumns --------------------------------------------------------------------------- */

static void add_text(const char *text, struct sti_text *sql)
{
    if (text)
        sti_text_quote(sql, text, '\'');
    else
        sti_text_puts(sql, "NULL");
    sti_text_puts(sql, "::varchar, ");
}

static void add_small(long number, struct sti_text *sql)
{
    if (number == STI_NO_DIGITS)
        sti_text_puts(sql, "NULL::int2, ");
    else
        sti_text_format(sql, "(%ld)::int2, ", number);
}

static void add_column(const struct sti_column *column, long ordinal, struct sti_text *sql)
{
    const struct sti_type *type = &column->type;
    struct sti_text name = {0};
    long size = sti_type_column_size(type);
    int is_time = sti_type_is_time(type);
    int is_number = !is_time && !sti_type_is_text(type) && !sti_type_is_binary(type);
    sti_type_catalog(type, &name);
    sti_text_puts(sql, "(NULL::varchar, ");
    add_text(column->schema.text, sql);
    add_text(column->table.text, sql);
    add_text(column->name.text, sql);
    sti_text_format(sql, "%d::int2, ", sti_type_odbc(type));
    add_text(name.data, sql);
    sti_text_format(sql, "%ld::int4, %ld::int4, ", size, size);
    add_small(sti_type_digits(type), sql);
    add_small(is_number ? 10 : STI_NO_DIGITS, sql);
    add_small(column->not_null ? SQL_NO_NULLS : SQL_NULLABLE, sql);
    sti_text_puts(sql, "NULL::varchar, ");
    add_text(column->default_text, sql);
    sti_text_format(sql, "%d::int2, ", is_time ? SQL_DATETIME : sti_type_odbc(type));
    add_small(is_time ? SQL_CODE_TIMESTAMP : STI_NO_DIGITS, sql);
    sti_text_format(sql, "%s::int4, ",
                    sti_type_is_text(type) || sti_type_is_binary(type) ? "1" : "NULL");
    sti_text_format(sql, "%ld::int4, ", ordinal);
    sti_text_puts(sql, column->not_null ? "'NO'::varchar)" : "'YES'::varchar)");
    sti_text_free(&name);
}

#define COLUMN_LABELS                                                                              \
    "\"TABLE_CAT\", \"TABLE_SCHEM\", \"TABLE_NAME\", \"COLUMN_NAME\", \"DATA_TYPE\", "             \
    "\"TYPE_NAME\", \"COLUMN_SIZE\", \"BUFFER_LENGTH\", \"DECIMAL_DIGITS\", "                      \
    "\"NUM_PREC_RADIX\", \"NULLABLE\", \"REMARKS\", \"COLUMN_DEF\", \"SQL_DATA_TYPE\", "           \
    "\"SQL_DATETIME_SUB\", \"CHAR_OCTET_LENGTH\", \"ORDINAL_POSITION\", \"IS_NULLABLE\""

int sti_catalog_columns(struct sti_connection *connection, const struct sti_argument *schema,
                        const struct sti_argument *table, const struct sti_argument *column,
                        struct sti_text *sql, struct sti_failure *failure)
{
    static const struct sti_column none = {.type = {STI_NUMBER, -1, 0, 0}};
    struct sti_columns found = {0};
    struct sti_text condition = {0};
    long ordinal = 0;
    add_table(schema, table, &condition);
    sti_text_puts(&condition, " AND ");
    add_condition(STI_COLUMN_NAME, column, "true", &condition);
    int status = sti_columns_find(connection, condition.data, &found, failure);
    sti_text_puts(sql, "SELECT * FROM (VALUES ");
    for (size_t i = 0; i < found.count; i++) {
        const struct sti_column *at = &found.items[i];
        int same = i > 0 && strcmp(at->table.text, at[-1].table.text) == 0 &&
                   strcmp(at->schema.text, at[-1].schema.text) == 0;
        ordinal = same ? ordinal + 1 : 1;
        sti_text_puts(sql, i ? ", " : "");
        add_column(at, ordinal, sql);
    }
    if (found.count == 0)
        add_column(&none, 1, sql);
    sti_text_puts(sql, ") v (" COLUMN_LABELS ") WHERE ");
    sti_text_puts(sql, found.count ? "true ORDER BY 2, 3, 17" : "false");
    sti_columns_free(&found);
    sti_text_free(&condition);
    return status;
}

/* ---- Keys and indexes --------------------------------------------------------------------- */

int sti_catalog_primary_keys(const struct sti_argument *schema, const struct sti_argument *table,
                             struct sti_text *sql)
{
    sti_text_puts(sql,
                  "SELECT NULL::varchar AS \"TABLE_CAT\", n.nspname::varchar AS \"TABLE_SCHEM\", "
                  "(" STI_TABLE_NAME ")::varchar AS \"TABLE_NAME\", "
                  "(" STI_COLUMN_NAME ")::varchar AS \"COLUMN_NAME\", "
                  "k.place::int2 AS \"KEY_SEQ\", p.conname::varchar AS \"PK_NAME\" "
                  "FROM pg_constraint p JOIN pg_class c ON c.oid = p.conrelid "
                  "JOIN pg_namespace n ON n.oid = c.relnamespace "
                  "CROSS JOIN unnest(p.conkey) WITH ORDINALITY k (number, place) "
                  "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number "
                  "WHERE p.contype = 'p' AND ");
    add_table(schema, table, sql);
    sti_text_puts(sql, " ORDER BY 1, 2, 3, 5");
    return 0;
}

/*
 * An index on an expression has a hidden column in Oracle; one that does not hold for all rows
 * stands for one on an expression that is NULL for the others.
 */
int sti_catalog_statistics(const struct sti_argument *schema, const struct sti_argument *table,
                           int unique_only, struct sti_text *sql)
{
    sti_text_puts(sql,
                  "SELECT NULL::varchar AS \"TABLE_CAT\", n.nspname::varchar AS \"TABLE_SCHEM\", "
                  "(" STI_TABLE_NAME ")::varchar AS \"TABLE_NAME\", "
                  "(NOT i.indisunique)::int::int2 AS \"NON_UNIQUE\", "
                  "n.nspname::varchar AS \"INDEX_QUALIFIER\", "
                  "x.relname::varchar AS \"INDEX_NAME\", 3::int2 AS \"TYPE\", "
                  "k.place::int2 AS \"ORDINAL_POSITION\", "
                  "(CASE WHEN a.attname IS NULL OR i.indpred IS NOT NULL THEN 'SYS_NC0000' || "
                  "k.place || '$' ELSE " STI_COLUMN_NAME " END)::varchar AS \"COLUMN_NAME\", "
                  "'A'::char AS \"ASC_OR_DESC\", NULL::int4 AS \"CARDINALITY\", "
                  "NULL::int4 AS \"PAGES\", NULL::varchar AS \"FILTER_CONDITION\" "
                  "FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
                  "JOIN pg_class x ON x.oid = i.indexrelid "
                  "JOIN pg_namespace n ON n.oid = c.relnamespace "
                  "CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place) "
                  "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number "
                  "WHERE k.place <= i.indnkeyatts AND ");
    add_table(schema, table, sql);
    sti_text_puts(sql, unique_only ? " AND i.indisunique" : "");
    sti_text_puts(sql, " ORDER BY 4, 7, 6, 8");
    return 0;
}
