/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/table.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "common/text.h"
#include "sqlite/query.h"
#include "sqlite/type.h"

#define DECLARED_MAX 64

/* ---- Read -------------------------------------------------------------------------- */

typedef struct name_list {
    char **names;
    size_t count;
} name_list;

static const char *name_at(const void *context, size_t index)
{
    return ((const name_list *)context)->names[index];
}

/* Fills `error` with the table that may have been meant. */
static int fail_not_found(outfall_connection *connection, const char *table, outfall_error *error)
{
    static const char sql[] = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND "
                              "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND ?1 <> '' LIMIT 1000";
    name_list list = {NULL, 0};
    sqlite3_stmt *statement = NULL;
    int status = lite_query(connection, sql, table, &statement, error);
    int code = SQLITE_DONE;
    while (status == OUTFALL_OK &&
           (status = lite_query_step(connection, statement, table, &code, error)) == OUTFALL_OK &&
           code == SQLITE_ROW) {
        char **names = realloc(list.names, (list.count + 1) * sizeof *names);
        if (names == NULL) {
            status = drv_fail_nomem(error);
            break;
        }
        list.names = names;
        list.names[list.count] = strdup(lite_query_text(statement, 0));
        if (list.names[list.count] == NULL)
            status = drv_fail_nomem(error);
        else
            list.count++;
    }
    if (status == OUTFALL_OK) {
        const char *nearest = drv_identifier_nearest(table, list.count, name_at, &list);
        status = outfall_error_set(
            error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
            "sqlite: %s has no table \"%.200s\"%s%.200s%s", connection->file, table,
            nearest != NULL ? "; did you mean \"" : "; create it, or set create=if-missing",
            nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    }
    sqlite3_finalize(statement);
    for (size_t i = 0; i < list.count; i++)
        free(list.names[i]);
    free(list.names);
    return status;
}

/* Finds the table itself: its name, and which constraints, clauses and triggers there are. */
static int read_entry(outfall_connection *connection, const char *table, lite_table *out,
                      outfall_error *error)
{
    static const char sql[] =
        "SELECT t.name, t.type = 'view', t.sql LIKE '%conflict%' OR EXISTS (SELECT 1 FROM "
        "main.sqlite_schema g WHERE g.type = 'trigger' AND g.tbl_name = t.name COLLATE NOCASE), "
        "t.sql LIKE 'create virtual%', t.sql LIKE '%check%' OR t.sql LIKE '%references%', "
        "CASE WHEN instr(t.sql, '/* outfall:') THEN substr(t.sql, instr(t.sql, '/* outfall:') + 3, "
        "24) END "
        "FROM main.sqlite_schema t WHERE "
        "t.name = ?1 COLLATE NOCASE AND t.type IN ('table', 'view')";
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    int status = lite_query(connection, sql, table, &statement, error);
    if (status == OUTFALL_OK)
        status = lite_query_step(connection, statement, table, &code, error);
    if (status == OUTFALL_OK && code == SQLITE_DONE) {
        sqlite3_finalize(statement);
        return fail_not_found(connection, table, error);
    }
    if (status == OUTFALL_OK && sqlite3_column_int(statement, 1))
        status = outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                   "sqlite: \"%s\" is a view; name the table that it reads", table);
    if (status == OUTFALL_OK) {
        out->is_virtual = sqlite3_column_int(statement, 3) != 0;
        out->conflicts = sqlite3_column_int(statement, 2) != 0 || out->is_virtual;
        out->checks = sqlite3_column_int(statement, 4) != 0;
        snprintf(out->identity, sizeof out->identity, "%s", lite_query_text(statement, 5));
        out->name = strdup(lite_query_text(statement, 0));
        if (out->name == NULL)
            status = drv_fail_nomem(error);
    }
    sqlite3_finalize(statement);
    return status;
}

/*
 * "reached" are the table and those that deletes of its rows change by foreign keys, step by step.
 * A trigger there, or a foreign key of the table to one of them, makes its rows depend on each
 * other.
 */
static int read_dependence(outfall_connection *connection, lite_table *out, outfall_error *error)
{
    static const char sql[] =
        "WITH RECURSIVE reached(name) AS (SELECT lower(?1) UNION SELECT lower(t.name) "
        "FROM reached r, main.sqlite_schema t, pragma_foreign_key_list(t.name, 'main') f "
        "WHERE t.type = 'table' AND lower(f.\"table\") = r.name "
        "AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')) "
        "SELECT EXISTS (SELECT 1 FROM reached r, main.sqlite_schema g "
        "WHERE g.type = 'trigger' AND lower(g.tbl_name) = r.name) "
        "OR EXISTS (SELECT 1 FROM reached r, pragma_foreign_key_list(?1, 'main') f "
        "WHERE lower(f.\"table\") = r.name)";
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    int status = lite_query(connection, sql, out->name, &statement, error);
    if (status == OUTFALL_OK)
        status = lite_query_step(connection, statement, out->name, &code, error);
    if (status == OUTFALL_OK)
        out->dependent = sqlite3_column_int(statement, 0) != 0;
    sqlite3_finalize(statement);
    return status;
}

/*
 * A primary key of one INTEGER column is the row key itself and has no index of its own. (INTEGER
 * PRIMARY KEY DESC, by an old mistake that SQLite keeps, does have one and is not the row key.)
 */
static int read_kind(outfall_connection *connection, lite_table *out, outfall_error *error)
{
    static const char sql[] =
        "SELECT (SELECT strict FROM pragma_table_list(?1) WHERE schema = 'main'), NOT EXISTS "
        "(SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin = 'pk')";
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    int status = lite_query(connection, sql, out->name, &statement, error);
    if (status == OUTFALL_OK)
        status = lite_query_step(connection, statement, out->name, &code, error);
    if (status == OUTFALL_OK) {
        out->strict = sqlite3_column_int(statement, 0) != 0;
        out->row_key = sqlite3_column_int(statement, 1) != 0;
    }
    sqlite3_finalize(statement);
    return status;
}

/* Adds the column of the row that `statement` is at: name, type, notnull, dflt_value, pk, hidden.
 */
static int add_field(sqlite3_stmt *statement, lite_table *out, outfall_error *error)
{
    if (out->count == out->capacity) {
        size_t capacity = out->capacity > 0 ? out->capacity * 2 : 16;
        lite_field *fields = realloc(out->fields, capacity * sizeof *fields);
        if (fields == NULL)
            return drv_fail_nomem(error);
        out->fields = fields;
        out->capacity = capacity;
    }
    lite_field *field = &out->fields[out->count++];
    field->name = strdup(lite_query_text(statement, 0));
    field->declared = strdup(lite_query_text(statement, 1));
    field->not_null = sqlite3_column_int(statement, 2) != 0;
    field->has_default = sqlite3_column_type(statement, 3) != SQLITE_NULL;
    field->in_key = sqlite3_column_int(statement, 4) != 0;
    field->hidden = sqlite3_column_int(statement, 5);
    if (field->name == NULL || field->declared == NULL)
        return drv_fail_nomem(error);
    return OUTFALL_OK;
}

static int read_fields(outfall_connection *connection, lite_table *out, outfall_error *error)
{
    static const char sql[] = "SELECT name, type, \"notnull\", dflt_value, pk, hidden "
                              "FROM pragma_table_xinfo(?1, 'main') ORDER BY cid";
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    int status = lite_query(connection, sql, out->name, &statement, error);
    while (status == OUTFALL_OK &&
           (status = lite_query_step(connection, statement, out->name, &code, error)) ==
               OUTFALL_OK &&
           code == SQLITE_ROW)
        status = add_field(statement, out, error);
    sqlite3_finalize(statement);
    return status;
}

/* The unique indexes; the row key counts as one. */
static int read_indexes(outfall_connection *connection, lite_table *out, outfall_error *error)
{
    const char *row_key = NULL;
    for (size_t i = 0; out->row_key && i < out->count; i++)
        if (out->fields[i].in_key)
            row_key = out->fields[i].name;
    return lite_indexes_read(connection, out->name, row_key, &out->indexes, error);
}

static int check_name(const outfall_table_name *name, outfall_error *error)
{
    int status = drv_identifier_check(name->table, "table", LITE_NAME_BYTES_MAX, error);
    if (status != OUTFALL_OK || name->schema == NULL || sqlite3_stricmp(name->schema, "main") == 0)
        return status;
    return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                             "sqlite: there is no schema \"%.200s\": a file has one, named main; "
                             "give the table's name alone",
                             name->schema);
}

int lite_table_read(outfall_connection *connection, const outfall_table_name *name, lite_table *out,
                    outfall_error *error)
{
    memset(out, 0, sizeof *out);
    int status = check_name(name, error);
    if (status == OUTFALL_OK) /* First: a change from here on is then seen by the first write. */
        status = lite_run(connection, LITE_SCHEMA_VERSION, "describe", &out->schema_version, error);
    if (status == OUTFALL_OK)
        status = read_entry(connection, name->table, out, error);
    if (status == OUTFALL_OK)
        status = read_kind(connection, out, error);
    if (status == OUTFALL_OK)
        status = read_dependence(connection, out, error);
    if (status == OUTFALL_OK)
        status = read_fields(connection, out, error);
    if (status == OUTFALL_OK)
        status = read_indexes(connection, out, error);
    return status;
}

void lite_table_free(lite_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->fields[i].name);
        free(table->fields[i].declared);
    }
    free(table->fields);
    lite_indexes_free(&table->indexes);
    free(table->name);
    memset(table, 0, sizeof *table);
}

/* ---- Create ----------------------------------------------------------------------- */

static int is_integer(const outfall_column *column)
{
    return column->type == OUTFALL_TYPE_INT16 || column->type == OUTFALL_TYPE_INT32 ||
           column->type == OUTFALL_TYPE_INT64;
}

static void add_key(drv_text *sql, const outfall_column *columns, size_t column_count)
{
    size_t count = 0;
    for (size_t i = 0; i < column_count; i++) {
        if ((columns[i].flags & OUTFALL_COLUMN_KEY) == 0)
            continue;
        drv_text_add(sql, count++ == 0 ? ", PRIMARY KEY (" : ", ");
        drv_identifier_quote(sql, columns[i].name, '"');
    }
    if (count > 0)
        drv_text_add(sql, ")");
}

/* SQLite keeps the text, with the mark in it, through every ALTER TABLE. */
static int build_create(const char *table, const outfall_column *columns, size_t column_count,
                        const char *mark, drv_text *sql, outfall_error *error)
{
    size_t keys = 0;
    for (size_t i = 0; i < column_count; i++)
        keys += (columns[i].flags & OUTFALL_COLUMN_KEY) != 0;
    drv_text_add(sql, "CREATE TABLE IF NOT EXISTS main.");
    drv_identifier_quote(sql, table, '"');
    drv_text_add(sql, " (");
    if (mark != NULL)
        drv_text_format(sql, "/* %s */ ", mark);
    for (size_t i = 0; i < column_count; i++) {
        const outfall_column *column = &columns[i];
        int key = (column->flags & OUTFALL_COLUMN_KEY) != 0;
        char declared[DECLARED_MAX];
        int status = drv_identifier_check(column->name, "column", LITE_NAME_BYTES_MAX, error);
        if (status != OUTFALL_OK)
            return status;
        lite_type_declare(column, key && keys == 1 && is_integer(column), declared,
                          sizeof declared);
        drv_text_add(sql, i == 0 ? "" : ", ");
        drv_identifier_quote(sql, column->name, '"');
        drv_text_format(sql, " %s", declared);
        /* Without it SQLite would take NULL into most primary keys. */
        if (key || (column->flags & OUTFALL_COLUMN_NOT_NULL) != 0)
            drv_text_add(sql, " NOT NULL");
    }
    add_key(sql, columns, column_count);
    drv_text_add(sql, ")");
    return sql->failed ? drv_fail_nomem(error) : OUTFALL_OK;
}

int lite_table_create_marked(outfall_connection *connection, const outfall_table_name *name,
                             const outfall_column *columns, size_t column_count, const char *mark,
                             int64_t deadline_us, outfall_error *error)
{
    sqlite3_stmt *statement = NULL;
    drv_text sql = {0};
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK)
        status = check_name(name, error);
    if (status == OUTFALL_OK && column_count == 0)
        status = outfall_error_set(
            error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
            "sqlite: \"%s\" cannot be created without columns; give a schema", name->table);
    if (status == OUTFALL_OK)
        status = build_create(name->table, columns, column_count, mark, &sql, error);
    if (status == OUTFALL_OK) {
        int code = sqlite3_prepare_v2(connection->db, sql.data, -1, &statement, NULL);
        if (code == SQLITE_OK)
            code = sqlite3_step(statement);
        if (code != SQLITE_OK && code != SQLITE_DONE)
            status = lite_fail(connection, code, "create table", name->table, error);
    }
    sqlite3_finalize(statement);
    drv_text_free(&sql);
    return status;
}

int lite_table_create(outfall_connection *connection, const outfall_table_name *name,
                      const outfall_column *columns, size_t column_count, int64_t deadline_us,
                      outfall_error *error)
{
    return lite_table_create_marked(connection, name, columns, column_count, NULL, deadline_us,
                                    error);
}
