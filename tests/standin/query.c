/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include <stdlib.h>
#include <string.h>

#include "handle.h"

/* The longest value that is asked for: a default's text, a comment. */
#define CELL_BYTES 4096

static int execute(struct sti_connection *connection, const char *sql, struct sti_failure *failure)
{
    const struct sti_backend *backend = sti_backend();
    SQLRETURN code = backend->SQLExecDirect(connection->own, (SQLCHAR *)sql, SQL_NTS);
    if (SQL_SUCCEEDED(code) || code == SQL_NO_DATA)
        return 0;
    sti_backend_failure(connection, SQL_HANDLE_STMT, connection->own, NULL, failure);
    backend->SQLFreeStmt(connection->own, SQL_CLOSE);
    return -1;
}

static char *read_cell(SQLHSTMT statement, SQLUSMALLINT column)
{
    char buffer[CELL_BYTES];
    SQLLEN length = SQL_NULL_DATA;
    SQLRETURN code =
        sti_backend()->SQLGetData(statement, column, SQL_C_CHAR, buffer, sizeof buffer, &length);
    if (!SQL_SUCCEEDED(code) || length == SQL_NULL_DATA)
        return NULL;
    return sti_copy(buffer, strlen(buffer));
}

int sti_query(struct sti_connection *connection, const char *sql, struct sti_rows *rows,
              struct sti_failure *failure)
{
    const struct sti_backend *backend = sti_backend();
    SQLSMALLINT columns = 0;
    memset(rows, 0, sizeof *rows);
    if (execute(connection, sql, failure) != 0)
        return -1;
    backend->SQLNumResultCols(connection->own, &columns);
    rows->columns = (size_t)columns;
    while (SQL_SUCCEEDED(backend->SQLFetch(connection->own))) {
        size_t count = rows->rows * rows->columns;
        rows->cells = sti_resize(rows->cells, (count + rows->columns) * sizeof(char *));
        for (size_t i = 0; i < rows->columns; i++)
            rows->cells[count + i] = read_cell(connection->own, (SQLUSMALLINT)(i + 1));
        rows->rows++;
    }
    backend->SQLFreeStmt(connection->own, SQL_CLOSE);
    return 0;
}

const char *sti_cell(const struct sti_rows *rows, size_t row, size_t column)
{
    return rows->cells[row * rows->columns + column];
}

void sti_rows_free(struct sti_rows *rows)
{
    for (size_t i = 0; i < rows->rows * rows->columns; i++)
        free(rows->cells[i]);
    free(rows->cells);
    memset(rows, 0, sizeof *rows);
}

int sti_run(struct sti_connection *connection, const char *sql, struct sti_failure *failure)
{
    if (execute(connection, sql, failure) != 0)
        return -1;
    sti_backend()->SQLFreeStmt(connection->own, SQL_CLOSE);
    return 0;
}
