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

struct test_database {
    const database_backend *backend;
    void *client;
};

static const database_backend *const backends[DATABASE_KINDS] = {
    [DATABASE_SQLITE] = &sqlite_backend,
    [DATABASE_POSTGRESQL] = &postgresql_backend,
    [DATABASE_MARIADB] = &mariadb_backend,
    [DATABASE_ORACLE] = &postgresql_backend,
};

/* ---- For the backends ------------------------------------------------------------- */

char *database_copy(const char *data, size_t length)
{
    char *text = malloc(length + 1);
    assert_non_null(text);
    if (length > 0)
        memcpy(text, data, length);
    text[length] = '\0';
    return text;
}

char *database_hex(const uint8_t *data, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(length * 2 + 3);
    assert_non_null(text);
    char *at = text;
    *at++ = '\\';
    *at++ = 'x';
    for (size_t i = 0; i < length; i++) {
        *at++ = digits[data[i] >> 4];
        *at++ = digits[data[i] & 15];
    }
    *at = '\0';
    return text;
}

char **database_add_row(database_answer *answer)
{
    size_t count = (answer->rows + 1) * answer->columns;
    answer->cells = realloc(answer->cells, count * sizeof *answer->cells);
    assert_non_null(answer->cells);
    return answer->cells + answer->rows++ * answer->columns;
}

/* ---- For the cases ---------------------------------------------------------------- */

static char *vtext(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        fail_msg("out of memory");
    return text;
}

test_database *database_open(enum database_kind kind, const char *url)
{
    if (backends[kind] == NULL)
        return NULL;
    test_database *out = calloc(1, sizeof *out);
    assert_non_null(out);
    out->backend = backends[kind];
    out->client = out->backend->open(url);
    if (out->backend->session != NULL)
        database_run(out, "%s", out->backend->session);
    return out;
}

void database_close(test_database *database)
{
    if (database == NULL)
        return;
    database->backend->close(database->client);
    free(database);
}

void database_run(test_database *database, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sql = vtext(format, arguments);
    va_end(arguments);
    char *error = database->backend->run(database->client, sql);
    if (error != NULL)
        fail_msg("%s: %s", sql, error);
    free(sql);
}

void database_try(test_database *database, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sql = vtext(format, arguments);
    va_end(arguments);
    free(database->backend->run(database->client, sql));
    free(sql);
}

static void ask(test_database *database, database_answer *answer, const char *sql)
{
    memset(answer, 0, sizeof *answer);
    char *error = database->backend->ask(database->client, sql, answer);
    if (error != NULL)
        fail_msg("%s: %s", sql, error);
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

static char *one_cell(test_database *database, const char *sql)
{
    database_answer answer;
    ask(database, &answer, sql);
    if (answer.rows != 1 || answer.columns != 1)
        fail_msg("%s: not one cell", sql);
    char *cell = answer.cells[0];
    free(answer.cells);
    return cell;
}

int64_t database_number(test_database *database, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sql = vtext(format, arguments);
    va_end(arguments);
    char *cell = one_cell(database, sql);
    if (cell == NULL)
        fail_msg("%s: not a number", sql);
    int64_t number = strtoll(cell, NULL, 10);
    free(cell);
    free(sql);
    return number;
}

char *database_text(test_database *database, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sql = vtext(format, arguments);
    va_end(arguments);
    char *cell = one_cell(database, sql);
    free(sql);
    return cell;
}
