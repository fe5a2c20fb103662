/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "database_backend.h"

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

static void *open_sqlite(const char *url)
{
    sqlite3 *db = NULL;
    const char *path = strncmp(url, "sqlite:", 7) == 0 ? url + 7 : url;
    if (sqlite3_open(path, &db) != SQLITE_OK)
        fail_msg("%s: %s", url, sqlite3_errmsg(db));
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static void close_sqlite(void *client)
{
    sqlite3_close(client);
}

static char *run_sqlite(void *client, const char *sql)
{
    if (sqlite3_exec(client, sql, NULL, NULL, NULL) == SQLITE_OK)
        return NULL;
    return strdup(sqlite3_errmsg(client));
}

static char *cell(sqlite3_stmt *statement, int column)
{
    char number[64];
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        return NULL;
    case SQLITE_FLOAT:
        snprintf(number, sizeof number, "%.17g", sqlite3_column_double(statement, column));
        return database_copy(number, strlen(number));
    case SQLITE_BLOB:
        return database_hex(sqlite3_column_blob(statement, column),
                            (size_t)sqlite3_column_bytes(statement, column));
    default:
        return database_copy((const char *)sqlite3_column_text(statement, column),
                             (size_t)sqlite3_column_bytes(statement, column));
    }
}

static char *ask_sqlite(void *client, const char *sql, database_answer *answer)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(client, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        answer->columns = (size_t)sqlite3_column_count(statement);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            char **cells = database_add_row(answer);
            for (size_t i = 0; i < answer->columns; i++)
                cells[i] = cell(statement, (int)i);
        }
    }
    char *error = code == SQLITE_DONE ? NULL : strdup(sqlite3_errmsg(client));
    sqlite3_finalize(statement);
    return error;
}

const database_backend sqlite_backend = {open_sqlite, close_sqlite, run_sqlite, ask_sqlite, NULL};
