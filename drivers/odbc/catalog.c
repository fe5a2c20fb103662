/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "odbc/probe.h"
#include "odbc/query.h"
#include "odbc/sql.h"
#include "odbc/type.h"

/* Columns of the catalog functions' answers, from 0. Source: ODBC Programmer's Reference. */
enum { TABLE_CATALOG = 0, TABLE_SCHEMA = 1, TABLE_NAME = 2, TABLE_TYPE = 3 };
enum {
    COLUMN_NAME = 3,
    COLUMN_DATA_TYPE = 4,
    COLUMN_TYPE_NAME = 5,
    COLUMN_SIZE = 6,
    COLUMN_DIGITS = 8,
    COLUMN_NULLABLE = 10,
    COLUMN_DEFAULT = 12
};
enum { KEY_COLUMN = 3, KEY_SEQUENCE = 4, KEY_NAME = 5 };
enum { STATISTIC_NON_UNIQUE = 3, STATISTIC_INDEX = 5, STATISTIC_KIND = 6, STATISTIC_COLUMN = 8 };

/* Columns of the dialects' own queries (dialect.h). */
enum { MORE_NAME, MORE_WORDS, MORE_TYPE, MORE_CAST, MORE_DEFAULT, MORE_SIZE, MORE_DIGITS };
enum { UNIQUE_INDEX, UNIQUE_COLUMN, UNIQUE_KIND, UNIQUE_BYTEWISE, UNIQUE_COLLATION };

static bool same(const drv_odbc_dialect *dialect, const char *left, const char *right)
{
    return strcmp(left, right) == 0 || (dialect->fold_names && strcasecmp(left, right) == 0);
}

uint32_t drv_odbc_table_field(const drv_odbc_table *table, const drv_odbc_dialect *dialect,
                              const char *name)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return (uint32_t)i;
    for (size_t i = 0; i < table->field_count; i++)
        if (same(dialect, table->fields[i].name, name))
            return (uint32_t)i;
    return DRV_ODBC_NO_FIELD;
}

void drv_odbc_table_free(drv_odbc_table *table)
{
    for (size_t i = 0; i < table->field_count; i++) {
        free(table->fields[i].name);
        free(table->fields[i].type_name);
        free(table->fields[i].cast);
        free(table->fields[i].default_value);
    }
    for (size_t i = 0; i < table->part_count; i++) {
        free(table->parts[i].index);
        free(table->parts[i].collation);
    }
    free(table->fields);
    free(table->parts);
    free(table->schema);
    free(table->name);
    memset(table, 0, sizeof *table);
}

int drv_odbc_catalog_check_name(const outfall_connection *connection,
                                const outfall_table_name *name, outfall_error *error)
{
    const drv_odbc_dialect *dialect = connection->dialect;
    int status = OUTFALL_OK;
    if (name->schema != NULL)
        status =
            drv_odbc_sql_check_name(dialect, connection->name_most, name->schema, "schema", error);
    if (status == OUTFALL_OK)
        status =
            drv_odbc_sql_check_name(dialect, connection->name_most, name->table, "table", error);
    if (status == OUTFALL_OK && dialect->one_schema && name->schema != NULL &&
        strcasecmp(name->schema, "main") != 0)
        status =
            outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                              "odbc: the only schema here is main, not \"%.100s\"", name->schema);
    return status;
}

/* ---- Which table ------------------------------------------------------------------ */

static const char *schema_of(const drv_odbc_dialect *dialect, const drv_odbc_answer *answer,
                             size_t row)
{
    const char *schema =
        drv_odbc_cell(answer, row, dialect->schema_is_catalog ? TABLE_CATALOG : TABLE_SCHEMA);
    return schema != NULL && schema[0] != '\0' && !dialect->one_schema ? schema : NULL;
}

/* Whether a row of a catalog function is of the table, and not of one that its pattern also met. */
static bool is_of(const drv_odbc_dialect *dialect, const drv_odbc_answer *answer, size_t row,
                  const char *schema, const char *table)
{
    const char *row_table = drv_odbc_cell(answer, row, TABLE_NAME);
    const char *row_schema = schema_of(dialect, answer, row);
    return row_table != NULL && same(dialect, row_table, table) &&
           (schema == NULL || row_schema == NULL || same(dialect, row_schema, schema));
}

static const char *near_name(const void *context, size_t index)
{
    const char *name = drv_odbc_cell(context, index, TABLE_NAME);
    return name != NULL ? name : "";
}

static int fail_missing(outfall_connection *connection, const char *schema, const char *table,
                        outfall_error *error)
{
    drv_odbc_answer all = {0};
    const char *near = NULL;
    if (drv_odbc_catalog_function(connection, DRV_ODBC_TABLES, schema, NULL, &all, NULL) ==
        OUTFALL_OK)
        near = drv_identifier_nearest(table, all.rows, near_name, &all);
    outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                      near != NULL ? "odbc: there is no table %.150s; did you mean \"%.100s\"?"
                                   : "odbc: there is no table %.150s; create it, or set "
                                     "create=if-missing%s",
                      connection->subject, near != NULL ? near : "");
    drv_odbc_answer_free(&all);
    return OUTFALL_ERR_NOT_FOUND;
}

static bool takes_rows(const char *type)
{
    static const char *const others[] = {"SYSTEM VIEW",        "MATVIEW",  "MATERIALIZED VIEW",
                                         "MATERIALIZED TABLE", "SEQUENCE", "INDEX"};
    for (size_t i = 0; type != NULL && i < sizeof others / sizeof others[0]; i++)
        if (strcasecmp(type, others[i]) == 0)
            return false;
    return true;
}

static int refuse(outfall_error *error, const char *subject, const char *why)
{
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP, "odbc: %.200s %s",
                             subject, why);
}

/* The schema of tables that are named without one; NULL where any will do. */
static int default_schema(outfall_connection *connection, const outfall_table_name *name,
                          char **out, outfall_error *error)
{
    const char *query = connection->dialect->queries.schema;
    drv_odbc_answer answer = {0};
    *out = NULL;
    if (name->schema != NULL) {
        *out = strdup(name->schema);
        return *out != NULL ? OUTFALL_OK : drv_fail_nomem(error);
    }
    if (query == NULL)
        return OUTFALL_OK;
    int status = drv_odbc_query(connection, query, NULL, name->table, &answer, error);
    const char *found =
        status == OUTFALL_OK && answer.rows > 0 ? drv_odbc_cell(&answer, 0, 0) : NULL;
    if (status == OUTFALL_OK && found == NULL)
        status = connection->dialect->schema_is_catalog
                     ? refuse(error, connection->subject,
                              "is in no database: name one in the URL, or before the table")
                     : fail_missing(connection, NULL, name->table, error);
    if (status == OUTFALL_OK && (*out = strdup(found)) == NULL)
        status = drv_fail_nomem(error);
    drv_odbc_answer_free(&answer);
    return status;
}

static int find_table(outfall_connection *connection, const outfall_table_name *name,
                      drv_odbc_table *out, outfall_error *error)
{
    const drv_odbc_dialect *dialect = connection->dialect;
    drv_odbc_answer answer = {0};
    size_t found = SIZE_MAX;
    int status = default_schema(connection, name, &out->schema, error);
    if (status == OUTFALL_OK)
        status = drv_odbc_catalog_function(connection, DRV_ODBC_TABLES, out->schema, name->table,
                                           &answer, error);
    for (size_t i = 0; status == OUTFALL_OK && i < answer.rows; i++) {
        if (!is_of(dialect, &answer, i, out->schema, name->table))
            continue;
        if (found != SIZE_MAX && out->schema == NULL)
            status = refuse(error, connection->subject,
                            "is in several schemas; name the one that is meant");
        found = i;
    }
    if (status == OUTFALL_OK && found == SIZE_MAX)
        status = fail_missing(connection, out->schema, name->table, error);
    if (status == OUTFALL_OK && !takes_rows(drv_odbc_cell(&answer, found, TABLE_TYPE)))
        status = refuse(error, connection->subject, "takes no rows; name a table");
    if (status == OUTFALL_OK && dialect->one_schema &&
        strcasecmp(drv_odbc_cell(&answer, found, TABLE_TYPE), "VIEW") == 0)
        status = refuse(error, connection->subject, "is a view; name a table");
    if (status == OUTFALL_OK) {
        const char *schema = schema_of(dialect, &answer, found);
        free(out->schema);
        out->schema = schema != NULL ? strdup(schema) : NULL;
        out->name = strdup(drv_odbc_cell(&answer, found, TABLE_NAME));
        if (out->name == NULL || (schema != NULL && out->schema == NULL))
            status = drv_fail_nomem(error);
    }
    drv_odbc_answer_free(&answer);
    return status;
}

/* ---- Its columns ------------------------------------------------------------------ */

/* A copy of a cell in *to; what was there is freed. NULL cells leave it. 0: no memory. */
static int copy_cell(const drv_odbc_answer *answer, size_t row, size_t column, char **to)
{
    const char *cell = drv_odbc_cell(answer, row, column);
    if (cell == NULL)
        return 1;
    free(*to);
    *to = strdup(cell);
    return *to != NULL;
}

static int64_t cell_number(const drv_odbc_answer *answer, size_t row, size_t column,
                           int64_t otherwise)
{
    const char *cell = drv_odbc_cell(answer, row, column);
    return cell != NULL && cell[0] != '\0' ? strtoll(cell, NULL, 10) : otherwise;
}

/* 0: no memory. */
static int read_field(const drv_odbc_dialect *dialect, const drv_odbc_answer *answer, size_t row,
                      drv_odbc_field *field)
{
    int copied = copy_cell(answer, row, COLUMN_NAME, &field->name) &&
                 copy_cell(answer, row, COLUMN_TYPE_NAME, &field->type_name) &&
                 copy_cell(answer, row, COLUMN_DEFAULT, &field->default_value);
    if (copied && field->name == NULL)
        field->name = strdup("");
    if (copied && field->type_name == NULL)
        field->type_name = strdup("");
    if (field->name == NULL || field->type_name == NULL)
        return 0;
    if (field->default_value != NULL && strcasecmp(field->default_value, "NULL") == 0) {
        free(field->default_value);
        field->default_value = NULL;
    }
    field->sql_type = (int)cell_number(answer, row, COLUMN_DATA_TYPE, 0);
    field->size = cell_number(answer, row, COLUMN_SIZE, 0);
    field->digits = (int)cell_number(answer, row, COLUMN_DIGITS, DRV_ODBC_NO_DIGITS);
    field->not_null = cell_number(answer, row, COLUMN_NULLABLE, SQL_NULLABLE) == SQL_NO_NULLS;
    if (dialect->sizes_in_names)
        drv_odbc_type_arguments(field->type_name, &field->size, &field->digits);
    return copied;
}

static int read_fields(outfall_connection *connection, drv_odbc_table *table, outfall_error *error)
{
    drv_odbc_answer answer = {0};
    int status = drv_odbc_catalog_function(connection, DRV_ODBC_COLUMNS, table->schema, table->name,
                                           &answer, error);
    if (status == OUTFALL_OK) {
        table->field_count = 0;
        table->fields = calloc(answer.rows + 1, sizeof *table->fields);
        if (table->fields == NULL)
            status = drv_fail_nomem(error);
    }
    for (size_t i = 0; status == OUTFALL_OK && i < answer.rows; i++) {
        if (!is_of(connection->dialect, &answer, i, table->schema, table->name))
            continue;
        if (!read_field(connection->dialect, &answer, i, &table->fields[table->field_count++]))
            status = drv_fail_nomem(error);
    }
    drv_odbc_answer_free(&answer);
    return status;
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; at != NULL && (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

/* What the dialect's own query knows better. A column that only it knows is generated (SQLite). */
static int read_more(outfall_connection *connection, drv_odbc_table *table, outfall_error *error)
{
    const char *query = connection->dialect->queries.columns;
    drv_odbc_answer answer = {0};
    if (query == NULL)
        return OUTFALL_OK;
    int status = drv_odbc_query(connection, query, table->schema != NULL ? table->schema : "main",
                                table->name, &answer, error);
    for (size_t i = 0; status == OUTFALL_OK && i < answer.rows; i++) {
        const char *name = drv_odbc_cell(&answer, i, MORE_NAME);
        const char *words = drv_odbc_cell(&answer, i, MORE_WORDS);
        uint32_t found = drv_odbc_table_field(table, connection->dialect, name != NULL ? name : "");
        if (found == DRV_ODBC_NO_FIELD)
            continue;
        drv_odbc_field *field = &table->fields[found];
        field->generated = has_word(words, "generated");
        field->identity_always = has_word(words, "always");
        field->identity_default = has_word(words, "default");
        field->rounds = has_word(words, "rounds");
        field->locked = has_word(words, "locked");
        field->ruled = has_word(words, "ruled");
        field->unsafe = has_word(words, "unsafe");
        field->unknown = has_word(words, "unknown");
        field->only = has_word(words, "only");
        if (!copy_cell(&answer, i, MORE_TYPE, &field->type_name) ||
            !copy_cell(&answer, i, MORE_CAST, &field->cast) ||
            !copy_cell(&answer, i, MORE_DEFAULT, &field->default_value))
            status = drv_fail_nomem(error);
        field->size = cell_number(&answer, i, MORE_SIZE, field->size);
        field->digits = (int)cell_number(&answer, i, MORE_DIGITS, field->digits);
    }
    drv_odbc_answer_free(&answer);
    return status;
}

/* ---- Its unique indexes ----------------------------------------------------------- */

/* Adds a part; `index` and `column` are NULL for one without a name. */
static int add_part(const drv_odbc_dialect *dialect, drv_odbc_table *table, const char *index,
                    const char *column, outfall_error *error)
{
    drv_odbc_part *part = &table->parts[table->part_count];
    part->index = strdup(index != NULL ? index : "");
    if (part->index == NULL)
        return drv_fail_nomem(error);
    part->field = column != NULL ? drv_odbc_table_field(table, dialect, column) : DRV_ODBC_NO_FIELD;
    table->part_count++;
    return OUTFALL_OK;
}

static int make_parts(drv_odbc_table *table, size_t count, outfall_error *error)
{
    table->part_count = 0;
    table->parts = calloc(count + 1, sizeof *table->parts);
    return table->parts != NULL ? OUTFALL_OK : drv_fail_nomem(error);
}

static int read_uniques(outfall_connection *connection, drv_odbc_table *table, outfall_error *error)
{
    drv_odbc_answer answer = {0};
    int status =
        drv_odbc_query(connection, connection->dialect->queries.uniques,
                       table->schema != NULL ? table->schema : "main", table->name, &answer, error);
    if (status == OUTFALL_OK)
        status = make_parts(table, answer.rows, error);
    for (size_t i = 0; status == OUTFALL_OK && i < answer.rows; i++) {
        drv_odbc_part *part = &table->parts[table->part_count];
        const char *kind = drv_odbc_cell(&answer, i, UNIQUE_KIND);
        status = add_part(connection->dialect, table, drv_odbc_cell(&answer, i, UNIQUE_INDEX),
                          drv_odbc_cell(&answer, i, UNIQUE_COLUMN), error);
        part->primary = has_word(kind, "primary");
        part->partial = has_word(kind, "partial");
        part->deferrable = has_word(kind, "deferrable");
        part->bytewise = has_word(drv_odbc_cell(&answer, i, UNIQUE_BYTEWISE), "bytewise");
        if (status == OUTFALL_OK && !copy_cell(&answer, i, UNIQUE_COLLATION, &part->collation))
            status = drv_fail_nomem(error);
    }
    drv_odbc_answer_free(&answer);
    return status;
}

/* By the catalog functions. The primary key's own index is in both answers: by its name once. */
static int ask_uniques(outfall_connection *connection, drv_odbc_table *table, outfall_error *error)
{
    const drv_odbc_dialect *dialect = connection->dialect;
    drv_odbc_answer keys = {0}, indexes = {0};
    int status = drv_odbc_catalog_function(connection, DRV_ODBC_PRIMARY_KEYS, table->schema,
                                           table->name, &keys, error);
    if (status == OUTFALL_OK)
        status = drv_odbc_catalog_function(connection, DRV_ODBC_STATISTICS, table->schema,
                                           table->name, &indexes, error);
    if (status == OUTFALL_OK)
        status = make_parts(table, keys.rows + indexes.rows, error);
    /* Their order is the key's own, KEY_SEQ's, which the answer need not have. */
    for (int64_t sequence = 1; status == OUTFALL_OK && sequence <= (int64_t)keys.rows; sequence++) {
        for (size_t i = 0; status == OUTFALL_OK && i < keys.rows; i++) {
            if (cell_number(&keys, i, KEY_SEQUENCE, 0) != sequence)
                continue;
            table->parts[table->part_count].primary = true;
            status = add_part(dialect, table, drv_odbc_cell(&keys, i, KEY_NAME),
                              drv_odbc_cell(&keys, i, KEY_COLUMN), error);
        }
    }
    const char *primary = table->part_count > 0 ? table->parts[0].index : "";
    for (size_t i = 0; status == OUTFALL_OK && i < indexes.rows; i++) {
        const char *name = drv_odbc_cell(&indexes, i, STATISTIC_INDEX);
        if (name == NULL || (primary[0] != '\0' && strcmp(name, primary) == 0) ||
            cell_number(&indexes, i, STATISTIC_KIND, 0) == SQL_TABLE_STAT ||
            cell_number(&indexes, i, STATISTIC_NON_UNIQUE, 1) != 0)
            continue;
        status =
            add_part(dialect, table, name, drv_odbc_cell(&indexes, i, STATISTIC_COLUMN), error);
    }
    drv_odbc_answer_free(&keys);
    drv_odbc_answer_free(&indexes);
    return status;
}

static int read_dependent(outfall_connection *connection, drv_odbc_table *table,
                          outfall_error *error)
{
    const char *query = connection->dialect->queries.dependent;
    drv_odbc_answer answer = {0};
    if (query == NULL)
        return OUTFALL_OK;
    int status = drv_odbc_query(connection, query, table->schema != NULL ? table->schema : "main",
                                table->name, &answer, error);
    table->dependent = answer.rows > 0;
    drv_odbc_answer_free(&answer);
    return status;
}

static int read_identity(outfall_connection *connection, drv_odbc_table *table,
                         outfall_error *error)
{
    const char *query = connection->dialect->queries.identity;
    drv_odbc_answer answer = {0};
    if (query == NULL)
        return OUTFALL_OK;
    int status = drv_odbc_query(connection, query, table->schema != NULL ? table->schema : "main",
                                table->name, &answer, error);
    const char *identity = answer.rows > 0 ? drv_odbc_cell(&answer, 0, 0) : NULL;
    if (identity != NULL)
        snprintf(table->identity, sizeof table->identity, "%s", identity);
    drv_odbc_answer_free(&answer);
    return status;
}

/* A table whose rows a rollback would not take back. */
static int check_safe(const outfall_connection *connection, const drv_odbc_table *table,
                      outfall_error *error)
{
    if (table->fields[0].unknown)
        return refuse(error, connection->subject,
                      "is a view, or cannot be opened: whether its engine has transactions is not "
                      "told; name the table behind it, which has to be of InnoDB or the like");
    if (table->fields[0].unsafe)
        return refuse(error, connection->subject,
                      "is of an engine without transactions, which would keep a part of a batch "
                      "that fails; change it: ALTER TABLE ... ENGINE = InnoDB");
    return OUTFALL_OK;
}

int drv_odbc_catalog_read(outfall_connection *connection, const outfall_table_name *name,
                          drv_odbc_table *out, outfall_error *error)
{
    memset(out, 0, sizeof *out);
    int status = find_table(connection, name, out, error);
    if (status == OUTFALL_OK) /* What changes from here on differs from it later. */
        status = drv_odbc_probe_state(connection, out->schema, out->name, &out->state, error);
    if (status == OUTFALL_OK)
        status = read_fields(connection, out, error);
    if (status == OUTFALL_OK && out->field_count == 0)
        status = refuse(error, connection->subject, "has no columns");
    if (status == OUTFALL_OK)
        status = read_more(connection, out, error);
    if (status == OUTFALL_OK && connection->dialect->queries.uniques != NULL)
        status = read_uniques(connection, out, error);
    else if (status == OUTFALL_OK)
        status = ask_uniques(connection, out, error);
    if (status == OUTFALL_OK)
        status = read_dependent(connection, out, error);
    if (status == OUTFALL_OK)
        status = read_identity(connection, out, error);
    if (status == OUTFALL_OK)
        status = check_safe(connection, out, error);
    for (size_t i = 0; status == OUTFALL_OK && i < out->part_count; i++)
        if (out->parts[i].primary && out->parts[i].field != DRV_ODBC_NO_FIELD)
            out->fields[out->parts[i].field].primary = true;
    return status;
}

int drv_odbc_catalog_exists(outfall_connection *connection, const outfall_table_name *name,
                            outfall_error *error)
{
    drv_odbc_table table = {0};
    int status = find_table(connection, name, &table, error);
    drv_odbc_table_free(&table);
    return status;
}
