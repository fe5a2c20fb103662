/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/create.h"

#include <stdio.h>
#include <string.h>

#include "common/fail.h"
#include "mysql/query.h"
#include "mysql/sql.h"
#include "mysql/type.h"

#define NO_SUCH_DATABASE 1049
#define TABLE_EXISTS 1050

/* A table being made. */
typedef struct creation {
    outfall_connection *connection;
    drv_my_dialect dialect;
    drv_text sql;
    drv_text key;
    bool plain_timestamps; /* A TIMESTAMP NOT NULL has no default but its own. */
} creation;

static int refuse_column(const outfall_column *column, const char *why, outfall_error *error)
{
    outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                      "column \"%s\" cannot be made: %s", column->name, why);
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column->name);
    return OUTFALL_ERR_UNSUPPORTED;
}

/* The words behind the type. */
static void add_properties(creation *it, const outfall_column *column)
{
    bool required = (column->flags & (OUTFALL_COLUMN_NOT_NULL | OUTFALL_COLUMN_KEY)) != 0;
    drv_text_add(&it->sql, required ? " NOT NULL" : " NULL");
    if ((column->flags & OUTFALL_COLUMN_IDENTITY_DEFAULT) != 0)
        drv_text_add(&it->sql, " AUTO_INCREMENT");
    else if (column->type == OUTFALL_TYPE_TIMESTAMPTZ && required && !it->plain_timestamps)
        /* Else an older server would set it to the time of every change to the row. */
        drv_text_add(&it->sql, " DEFAULT '1970-01-01 00:00:01'");
}

static int add_column(creation *it, const outfall_column *column, outfall_error *error)
{
    bool key = (column->flags & OUTFALL_COLUMN_KEY) != 0;
    int status = drv_my_check_name(column->name, "column", error);
    if (status != OUTFALL_OK)
        return status;
    if ((column->flags & OUTFALL_COLUMN_GENERATED) != 0)
        return refuse_column(column, "its expression is not known; create the table with SQL first",
                             error);
    if ((column->flags & OUTFALL_COLUMN_IDENTITY_ALWAYS) != 0)
        return refuse_column(column,
                             "the database has no identity that is ALWAYS its own; make it "
                             "one by default",
                             error);
    drv_my_add_name(&it->sql, column->name);
    drv_text_add(&it->sql, " ");
    const char *why = drv_my_type_add(&it->sql, column, key, it->dialect);
    if (why != NULL)
        return refuse_column(column, why, error);
    add_properties(it, column);
    if (key) {
        drv_text_add(&it->key, it->key.length > 0 ? ", " : "");
        drv_my_add_name(&it->key, column->name);
    }
    return OUTFALL_OK;
}

static int add_table(creation *it, const char *relation, const outfall_column *columns,
                     size_t column_count, const char *mark, outfall_error *error)
{
    int status = OUTFALL_OK;
    drv_text_format(&it->sql, "CREATE TABLE IF NOT EXISTS %s (", relation);
    for (size_t i = 0; status == OUTFALL_OK && i < column_count; i++) {
        drv_text_add(&it->sql, i > 0 ? ", " : "");
        status = add_column(it, &columns[i], error);
    }
    if (it->key.length > 0 && !it->key.failed)
        drv_text_format(&it->sql, ", PRIMARY KEY (%s)", it->key.data);
    drv_text_format(&it->sql, ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE %s",
                    drv_my_type_collation(it->dialect));
    if (mark != NULL)
        drv_text_format(&it->sql, " COMMENT '%s'", mark);
    if (status == OUTFALL_OK && (it->sql.failed || it->key.failed))
        status = drv_fail_nomem(error);
    return status;
}

/*
 * Servers before MariaDB 10.10 and MySQL 8 give the first TIMESTAMP NOT NULL of a table ON UPDATE
 * CURRENT_TIMESTAMP by default. Some of them can be told not to.
 */
static void choose_timestamps(creation *it, int64_t deadline_us)
{
    outfall_error ignored;
    it->plain_timestamps =
        drv_my_query(it->connection, "SET SESSION explicit_defaults_for_timestamp = 1", deadline_us,
                     NULL, &ignored) == OUTFALL_OK;
}

static int run(creation *it, const outfall_table_name *name, int64_t deadline_us,
               outfall_error *error)
{
    outfall_error detail;
    int status = drv_my_query(it->connection, it->sql.data, deadline_us, NULL, &detail);
    if (status == OUTFALL_OK || detail.native_code == TABLE_EXISTS)
        return OUTFALL_OK; /* Someone made it at the same moment. */
    if (detail.native_code == NO_SUCH_DATABASE)
        return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                 "there is no database `%s` to create the table in; create it",
                                 name->schema != NULL ? name->schema : "");
    if (detail.action == OUTFALL_ACTION_ROW || detail.action == OUTFALL_ACTION_RESTART) {
        detail.status = OUTFALL_ERR_DATABASE; /* No rows here: the definition is at fault. */
        detail.action = OUTFALL_ACTION_STOP;
    }
    if (error != NULL)
        *error = detail;
    return detail.status;
}

int drv_my_create_marked(outfall_connection *connection, const outfall_table_name *name,
                         const outfall_column *columns, size_t column_count, const char *mark,
                         int64_t deadline_us, outfall_error *error)
{
    creation it = {.connection = connection, .dialect = {connection->mariadb, connection->version}};
    drv_text relation = {0};
    int status = drv_my_check_table_name(name, error);
    if (status != OUTFALL_OK)
        return status;
    drv_my_add_relation(&relation, name->schema, name->table);
    status = relation.failed
                 ? drv_fail_nomem(error)
                 : drv_my_start(connection, "creating", relation.data, deadline_us, error);
    if (status == OUTFALL_OK && connection->transaction != DRV_MY_NONE)
        status = outfall_error_set(
            error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
            "creating %.200s would commit the open transaction; end it first", relation.data);
    if (status == OUTFALL_OK) {
        choose_timestamps(&it, deadline_us);
        status = add_table(&it, relation.data, columns, column_count, mark, error);
    }
    if (status == OUTFALL_OK)
        status = run(&it, name, deadline_us, error);
    connection->subject = NULL;
    drv_text_free(&it.sql);
    drv_text_free(&it.key);
    drv_text_free(&relation);
    return status;
}

int drv_my_create_table(outfall_connection *connection, const outfall_table_name *name,
                        const outfall_column *columns, size_t column_count, int64_t deadline_us,
                        outfall_error *error)
{
    return drv_my_create_marked(connection, name, columns, column_count, NULL, deadline_us, error);
}
