/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "mysql/fault.h"
#include "mysql/query.h"
#include "mysql/sql.h"
#include "mysql/view.h"

#define NO_SUCH_TABLE 1146
#define NO_SUCH_DATABASE 1049
#define NO_RIGHT 1142
#define NEAR_TABLES 1000

/*
 * information_schema compares names without their case; on servers whose tables differ by case
 * that would find the other one too.
 */
#define WHERE_TABLE                                                                                \
    " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"                                                 \
    " AND (BINARY TABLE_NAME = BINARY %s OR @@lower_case_table_names > 0)"

static const char table_sql[] =
    "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, "
    "IF(LOCATE('outfall:', TABLE_COMMENT) > 0, SUBSTRING(TABLE_COMMENT, "
    "LOCATE('outfall:', TABLE_COMMENT), 24), '') FROM "
    "information_schema.TABLES" WHERE_TABLE;

/* MySQL's EXTRA has DEFAULT_GENERATED for a default that is an expression: no generated column. */
static const char columns_sql[] =
    "SELECT COLUMN_NAME, LOWER(DATA_TYPE), COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH,"
    " NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, COLLATION_NAME, IS_NULLABLE,"
    " COLUMN_DEFAULT, EXTRA, COALESCE(GENERATION_EXPRESSION, '') <> ''"
    " OR EXTRA LIKE '%%VIRTUAL GENERATED%%' OR EXTRA LIKE '%%STORED GENERATED%%', PRIVILEGES"
    " FROM information_schema.COLUMNS" WHERE_TABLE " ORDER BY ORDINAL_POSITION";

static const char indexes_sql[] =
    "SELECT INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS" WHERE_TABLE
    " AND NON_UNIQUE = 0 ORDER BY INDEX_NAME = 'PRIMARY' DESC, INDEX_NAME, SEQ_IN_INDEX";

static const char view_sql[] =
    "SELECT IS_UPDATABLE, VIEW_DEFINITION FROM information_schema.VIEWS" WHERE_TABLE;

static const char near_sql[] =
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s LIMIT %d";

/* ---- Answers ---------------------------------------------------------------------------- */

static void free_answer(drv_my_answer *answer)
{
    mysql_free_result(answer->result);
    free(answer->rows);
    *answer = (drv_my_answer){0};
}

static int ask(outfall_connection *connection, const drv_text *sql, int64_t deadline_us,
               drv_my_answer *out, outfall_error *error)
{
    *out = (drv_my_answer){0};
    if (sql->failed)
        return drv_fail_nomem(error);
    int status = drv_my_query(connection, sql->data, deadline_us, &out->result, error);
    if (status != OUTFALL_OK)
        return status;
    size_t count = (size_t)mysql_num_rows(out->result);
    out->rows = calloc(count + 1, sizeof *out->rows); /* Never of size 0. */
    if (out->rows == NULL) {
        free_answer(out);
        return drv_fail_nomem(error);
    }
    while (out->count < count) {
        MYSQL_ROW row = mysql_fetch_row(out->result);
        if (row == NULL)
            break;
        out->rows[out->count++] = row;
    }
    return OUTFALL_OK;
}

static const char *field_of(const drv_my_answer *answer, size_t row, unsigned field)
{
    MYSQL_ROW fields = row < answer->count ? answer->rows[row] : NULL;
    return fields != NULL ? fields[field] : NULL;
}

const char *drv_my_text_of(const drv_my_answer *answer, size_t row, unsigned field)
{
    const char *text = field_of(answer, row, field);
    return text != NULL ? text : "";
}

int64_t drv_my_number_of(const drv_my_answer *answer, size_t row, unsigned field)
{
    const char *text = field_of(answer, row, field);
    return text != NULL ? strtoll(text, NULL, 10) : -1;
}

bool drv_my_has_word(const drv_my_answer *answer, size_t row, unsigned field, const char *word)
{
    return strstr(drv_my_text_of(answer, row, field), word) != NULL;
}

int drv_my_catalog_find(const drv_my_catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->columns.count; i++)
        if (strcmp(drv_my_text_of(&catalog->columns, i, DRV_MY_COLUMN), name) == 0)
            return (int)i;
    for (size_t i = 0; i < catalog->columns.count; i++)
        if (strcasecmp(drv_my_text_of(&catalog->columns, i, DRV_MY_COLUMN), name) == 0)
            return (int)i;
    return -1;
}

/* ---- The table -------------------------------------------------------------------------- */

/* The name's parts as SQL expressions. */
typedef struct literals {
    drv_text schema;
    drv_text table;
} literals;

static int ask_of_table(outfall_connection *connection, const char *format, const literals *names,
                        int64_t deadline_us, drv_my_answer *out, outfall_error *error)
{
    drv_text *sql = &connection->sql;
    drv_text_clear(sql);
    if (names->schema.failed || names->table.failed)
        return drv_fail_nomem(error);
    drv_text_format(sql, format, names->schema.data, names->table.data, names->table.data);
    return ask(connection, sql, deadline_us, out, error);
}

static const char *near_name(const void *answer, size_t index)
{
    return drv_my_text_of(answer, index, 0);
}

static int fail_missing(outfall_connection *connection, const outfall_table_name *name,
                        const literals *names, int64_t deadline_us, outfall_error *error)
{
    drv_my_answer tables = {0};
    drv_text_clear(&connection->sql);
    drv_text_format(&connection->sql, near_sql, names->schema.data, NEAR_TABLES);
    const char *near = NULL;
    if (ask(connection, &connection->sql, deadline_us, &tables, NULL) == OUTFALL_OK)
        near = drv_identifier_nearest(name->table, tables.count, near_name, &tables);
    outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                      near != NULL ? "there is no table %s; did you mean `%s`?"
                                   : "there is no table %s; create it, or set create=if-missing%s",
                      connection->subject, near != NULL ? near : "");
    free_answer(&tables);
    return OUTFALL_ERR_NOT_FOUND;
}

static int probe(outfall_connection *connection, const outfall_table_name *name,
                 const literals *names, int64_t deadline_us, MYSQL_RES **shape,
                 outfall_error *error)
{
    outfall_error detail;
    drv_text *sql = &connection->sql;
    drv_text_clear(sql);
    drv_text_add(sql, "SELECT * FROM ");
    drv_my_add_relation(sql, name->schema, name->table);
    drv_text_add(sql, " LIMIT 0");
    if (sql->failed || names->schema.failed || names->table.failed)
        return drv_fail_nomem(error);
    int status = drv_my_query(connection, sql->data, deadline_us, shape, &detail);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    if (detail.native_code == NO_SUCH_TABLE)
        return fail_missing(connection, name, names, deadline_us, error);
    if (detail.native_code == NO_SUCH_DATABASE)
        return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                 "there is no database `%s`; create it, or correct the name",
                                 name->schema != NULL ? name->schema : "");
    if (detail.native_code == NO_RIGHT)
        return OUTFALL_OK; /* One to insert may be there: see what the columns say. */
    if (detail.action == OUTFALL_ACTION_ROW || detail.action == OUTFALL_ACTION_RESTART)
        detail.action = OUTFALL_ACTION_STOP; /* A view that leads nowhere, say. */
    if (error != NULL)
        *error = detail;
    return status;
}

static void make_literals(const char *schema, const char *table, literals *out)
{
    *out = (literals){0};
    if (schema != NULL)
        drv_my_add_literal(&out->schema, schema);
    else
        drv_text_add(&out->schema, "DATABASE()");
    drv_my_add_literal(&out->table, table);
}

static void free_literals(literals *names)
{
    drv_text_free(&names->schema);
    drv_text_free(&names->table);
}

int drv_my_catalog_read(outfall_connection *connection, const outfall_table_name *name,
                        int64_t deadline_us, drv_my_catalog *out, outfall_error *error)
{
    literals names;
    *out = (drv_my_catalog){0};
    make_literals(name->schema, name->table, &names);
    int status = probe(connection, name, &names, deadline_us, &out->shape, error);
    if (status == OUTFALL_OK)
        status = ask_of_table(connection, table_sql, &names, deadline_us, &out->table, error);
    if (status == OUTFALL_OK && out->table.count == 0)
        status = fail_missing(connection, name, &names, deadline_us, error);
    if (status == OUTFALL_OK)
        status = ask_of_table(connection, columns_sql, &names, deadline_us, &out->columns, error);
    if (status == OUTFALL_OK)
        status = ask_of_table(connection, indexes_sql, &names, deadline_us, &out->indexes, error);
    free_literals(&names);
    return status;
}

static int refuse_view(outfall_connection *connection, const char *why, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                             "%.200s is a view %s; name the table behind it", connection->subject,
                             why);
}

static int ask_engine(outfall_connection *connection, const drv_text *schema, const drv_text *table,
                      int64_t deadline_us, char *engine, size_t capacity, outfall_error *error)
{
    literals names;
    drv_my_answer answer = {0};
    make_literals(schema->data, table->data, &names);
    int status = ask_of_table(connection, table_sql, &names, deadline_us, &answer, error);
    if (status == OUTFALL_OK &&
        (answer.count == 0 ||
         strstr(drv_my_text_of(&answer, 0, DRV_MY_TABLE_TYPE), "VIEW") != NULL))
        status = refuse_view(connection, "of a view, or of a table that cannot be seen", error);
    if (status == OUTFALL_OK)
        snprintf(engine, capacity, "%s", drv_my_text_of(&answer, 0, DRV_MY_ENGINE));
    free_answer(&answer);
    free_literals(&names);
    return status;
}

int drv_my_catalog_view_engine(outfall_connection *connection, const drv_my_catalog *catalog,
                               int64_t deadline_us, char *engine, size_t capacity,
                               outfall_error *error)
{
    literals names;
    drv_my_answer view = {0};
    drv_text schema = {0};
    drv_text table = {0};
    make_literals(drv_my_text_of(&catalog->table, 0, DRV_MY_SCHEMA),
                  drv_my_text_of(&catalog->table, 0, DRV_MY_NAME), &names);
    int status = ask_of_table(connection, view_sql, &names, deadline_us, &view, error);
    if (status == OUTFALL_OK &&
        (view.count == 0 || strcmp(drv_my_text_of(&view, 0, 0), "YES") != 0))
        status = refuse_view(connection, "that cannot be inserted into", error);
    else if (status == OUTFALL_OK &&
             !drv_my_view_base(drv_my_text_of(&view, 0, 1), &schema, &table))
        status = refuse_view(connection,
                             "of more than one table, or without the right to see of which", error);
    if (status == OUTFALL_OK)
        status = ask_engine(connection, &schema, &table, deadline_us, engine, capacity, error);
    free_answer(&view);
    free_literals(&names);
    drv_text_free(&schema);
    drv_text_free(&table);
    return status;
}

void drv_my_catalog_free(drv_my_catalog *catalog)
{
    free_answer(&catalog->table);
    free_answer(&catalog->columns);
    free_answer(&catalog->indexes);
    mysql_free_result(catalog->shape);
    *catalog = (drv_my_catalog){0};
}
