/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "database.h"

#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>
#include <sqlite3.h>

struct test_database {
    sqlite3 *sqlite; /* One of the two is set. */
    PGconn *postgresql;
};

static char *vtext(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        fail_msg("out of memory");
    return text;
}

static char *copy(const char *data, size_t length)
{
    char *text = malloc(length + 1);
    assert_non_null(text);
    memcpy(text, data, length);
    text[length] = '\0';
    return text;
}

/* ---- SQLite ----------------------------------------------------------------------- */

static char *sqlite_cell(sqlite3_stmt *statement, int column)
{
    char number[64];
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        return NULL;
    case SQLITE_FLOAT:
        snprintf(number, sizeof number, "%.17g", sqlite3_column_double(statement, column));
        return copy(number, strlen(number));
    case SQLITE_BLOB: {
        const uint8_t *data = sqlite3_column_blob(statement, column);
        int length = sqlite3_column_bytes(statement, column);
        char *text = malloc((size_t)length * 2 + 3);
        assert_non_null(text);
        memcpy(text, "\\x", 3);
        for (int i = 0; i < length; i++)
            snprintf(text + 2 + 2 * i, 3, "%02x", data[i]);
        return text;
    }
    default:
        return copy((const char *)sqlite3_column_text(statement, column),
                    (size_t)sqlite3_column_bytes(statement, column));
    }
}

static void sqlite_ask(sqlite3 *db, const char *sql, database_answer *answer)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int code;
    answer->columns = (size_t)sqlite3_column_count(statement);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        answer->cells =
            realloc(answer->cells, (answer->rows + 1) * answer->columns * sizeof *answer->cells);
        assert_non_null(answer->cells);
        for (size_t i = 0; i < answer->columns; i++)
            answer->cells[answer->rows * answer->columns + i] = sqlite_cell(statement, (int)i);
        answer->rows++;
    }
    if (code != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
}

/* ---- PostgreSQL ------------------------------------------------------------------- */

static PGresult *postgresql_run(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(connection));
    return result;
}

static void postgresql_ask(PGconn *connection, const char *sql, database_answer *answer)
{
    PGresult *result = postgresql_run(connection, sql);
    answer->rows = (size_t)PQntuples(result);
    answer->columns = (size_t)PQnfields(result);
    answer->cells = calloc(answer->rows * answer->columns + 1, sizeof *answer->cells);
    assert_non_null(answer->cells);
    for (size_t i = 0; i < answer->rows * answer->columns; i++) {
        int row = (int)(i / answer->columns), column = (int)(i % answer->columns);
        if (!PQgetisnull(result, row, column))
            answer->cells[i] =
                copy(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
    }
    PQclear(result);
}

/* ---- Either ----------------------------------------------------------------------- */

test_database *database_open(const char *driver, const char *url)
{
    test_database *out = calloc(1, sizeof *out);
    assert_non_null(out);
    if (strcmp(driver, "sqlite") == 0) {
        if (sqlite3_open(strchr(url, ':') + 1, &out->sqlite) != SQLITE_OK)
            fail_msg("%s: %s", url, sqlite3_errmsg(out->sqlite));
        sqlite3_busy_timeout(out->sqlite, 5000);
        return out;
    }
    if (strcmp(driver, "postgresql") == 0) {
        out->postgresql = PQconnectdb(url);
        if (PQstatus(out->postgresql) != CONNECTION_OK)
            fail_msg("%s", PQerrorMessage(out->postgresql));
        database_run(out, "SET timezone = 'UTC'; SET datestyle = 'ISO'; "
                          "SET client_min_messages = warning");
        return out;
    }
    free(out);
    return NULL;
}

void database_close(test_database *database)
{
    if (database == NULL)
        return;
    sqlite3_close(database->sqlite);
    if (database->postgresql != NULL)
        PQfinish(database->postgresql);
    free(database);
}

void database_run(test_database *database, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sql = vtext(format, arguments);
    va_end(arguments);
    if (database->sqlite != NULL) {
        if (sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("%s: %s", sql, sqlite3_errmsg(database->sqlite));
    } else {
        PQclear(postgresql_run(database->postgresql, sql));
    }
    free(sql);
}

static void ask(test_database *database, database_answer *answer, const char *sql)
{
    memset(answer, 0, sizeof *answer);
    if (database->sqlite != NULL)
        sqlite_ask(database->sqlite, sql, answer);
    else
        postgresql_ask(database->postgresql, sql, answer);
}

void database_ask(test_database *database, database_answer *answer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sql = vtext(format, arguments);
    va_end(arguments);
    ask(database, answer, sql);
    free(sql);
}

void database_answer_free(database_answer *answer)
{
    for (size_t i = 0; i < answer->rows * answer->columns; i++)
        free(answer->cells[i]);
    free(answer->cells);
    memset(answer, 0, sizeof *answer);
}

int64_t database_number(test_database *database, const char *format, ...)
{
    database_answer answer;
    va_list arguments;
    va_start(arguments, format);
    char *sql = vtext(format, arguments);
    va_end(arguments);
    ask(database, &answer, sql);
    if (answer.rows != 1 || answer.columns != 1 || answer.cells[0] == NULL)
        fail_msg("%s: not one number", sql);
    int64_t number = strtoll(answer.cells[0], NULL, 10);
    database_answer_free(&answer);
    free(sql);
    return number;
}
