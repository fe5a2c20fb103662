/* SPDX-License-Identifier: Apache-2.0 */
#include "connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "execute.h"
#include "query.h"

enum keyword { SERVER, PORT, DATABASE, UID, PWD, VERSION, FAULT, DRIVER, KEYWORDS };

static const char *const NAMES[KEYWORDS] = {"SERVER", "PORT",    "DATABASE", "UID",
                                            "PWD",    "VERSION", "FAULT",    "DRIVER"};

/* A value at *cursor, without its braces; steps over the semicolon behind it. NULL: malformed. */
static char *read_value(const char **cursor)
{
    const char *at = *cursor;
    struct sti_text value = {0};
    sti_text_puts(&value, "");
    if (*at == '{') {
        for (at++; *at != '}' || at[1] == '}'; at++) {
            if (*at == '\0') {
                sti_text_free(&value);
                return NULL;
            }
            at += *at == '}';
            sti_text_add(&value, at, 1);
        }
        at++;
    } else {
        size_t length = strcspn(at, ";");
        sti_text_add(&value, at, length);
        at += length;
    }
    if (*at != ';' && *at != '\0') {
        sti_text_free(&value);
        return NULL;
    }
    *cursor = at + (*at == ';');
    return value.data;
}

static int keyword_of(const char *name, size_t length)
{
    for (int i = 0; i < KEYWORDS; i++)
        if (strlen(NAMES[i]) == length && strncasecmp(NAMES[i], name, length) == 0)
            return i;
    return -1;
}

/* Fills `values`, each to be freed; the first of equal keywords counts. */
static int read_string(const char *string, char *values[KEYWORDS], struct sti_failure *failure)
{
    const char *cursor = string;
    while (*cursor) {
        size_t length = strcspn(cursor, "=;");
        int keyword = keyword_of(cursor, length);
        if (cursor[length] != '=' || keyword < 0)
            return sti_fail(failure, STI_REFUSED, "connection keyword %.*s", (int)length, cursor);
        cursor += length + 1;
        char *value = read_value(&cursor);
        if (!value)
            return sti_fail(failure, STI_REFUSED, "the value of %s is malformed", NAMES[keyword]);
        if (values[keyword])
            free(value);
        else
            values[keyword] = value;
    }
    return 0;
}

/*
 * What psqlODBC is told beside: after an error it does nothing (execute.c does), and the server
 * prepares statements, since a row is one execution.
 */
static void add_settings(struct sti_text *to)
{
    sti_text_puts(to, "DRIVER={psqlODBC};SSLMODE=disable;Protocol=7.4-0;UseServerSidePrepare=1;"
                      "UseDeclareFetch=0;ByteaAsLongVarBinary=1;BoolsAsChar=0;MaxVarcharSize=4096;"
                      "TrueIsMinus1=0;");
}

/* The session: UTF-8, messages that native.c can read, and no time zone that one could rely on. */
static const char *const SESSION[] = {
    "SET client_encoding = 'UTF8'",
    "SET lc_messages = 'C'",
    "SET TIME ZONE INTERVAL '+05:45' HOUR TO MINUTE",
    "SET extra_float_digits = 3",
};

static int start_session(struct sti_connection *connection, struct sti_failure *failure)
{
    struct sti_rows rows;
    const struct sti_backend *backend = sti_backend();
    if (!SQL_SUCCEEDED(
            backend->SQLAllocHandle(SQL_HANDLE_STMT, connection->backend, &connection->own)))
        return sti_fail(failure, STI_REFUSED, "psqlODBC has no statement");
    for (size_t i = 0; i < sizeof SESSION / sizeof SESSION[0]; i++)
        if (sti_run(connection, SESSION[i], failure) != 0)
            return -1;
    if (sti_query(connection, "SELECT current_schema(), current_database(), current_user", &rows,
                  failure) != 0)
        return -1;
    struct sti_name *const to[] = {&connection->schema, &connection->database, &connection->user};
    for (size_t i = 0; i < 3; i++)
        snprintf(to[i]->text, sizeof to[i]->text, "%s",
                 sti_cell(&rows, 0, i) ? sti_cell(&rows, 0, i) : "");
    sti_rows_free(&rows);
    return 0;
}

static void set_version(struct sti_connection *connection, const char *version)
{
    char *end;
    snprintf(connection->version, sizeof connection->version, "%s", version);
    long major = strtol(version, &end, 10);
    long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    connection->identifier_max = major * 100 + minor >= 1202 ? 128 : 30;
}

/* In braces only where it has to be: psqlODBC takes those of most values for part of them. */
static void add_value(const char *value, struct sti_text *to)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    if (value[strspn(value, plain)] == '\0') {
        sti_text_puts(to, value);
    } else {
        sti_text_puts(to, "{");
        for (const char *at = value; *at; at++) /* Only the closing brace is doubled. */
            sti_text_add(to, *at == '}' ? "}}" : at, *at == '}' ? 2 : 1);
        sti_text_puts(to, "}");
    }
    sti_text_puts(to, ";");
}

static int open_backend(struct sti_connection *connection, char *const values[KEYWORDS],
                        struct sti_failure *failure)
{
    struct sti_text string = {0};
    const struct sti_backend *backend = sti_backend();
    add_settings(&string);
    for (int i = SERVER; i <= PWD; i++) {
        if (!values[i])
            continue;
        sti_text_format(&string, "%s=", NAMES[i]);
        add_value(values[i], &string);
    }
    if (connection->login_timeout)
        backend->SQLSetConnectAttr(connection->backend, SQL_ATTR_LOGIN_TIMEOUT,
                                   (SQLPOINTER)connection->login_timeout, 0);
    SQLRETURN code =
        backend->SQLDriverConnect(connection->backend, NULL, (SQLCHAR *)string.data,
                                  (SQLSMALLINT)string.length, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    memset(string.data, 0, string.length);
    sti_text_free(&string);
    if (SQL_SUCCEEDED(code))
        return 0;
    sti_backend_failure(connection, SQL_HANDLE_DBC, connection->backend, NULL, failure);
    return -1;
}

static int connect_values(struct sti_connection *connection, char *const values[KEYWORDS],
                          struct sti_failure *failure)
{
    int after;
    set_version(connection, values[VERSION] ? values[VERSION] : "19.00.0000");
    if (values[FAULT] && !(connection->script = sti_script_of(values[FAULT])))
        return sti_fail(failure, STI_REFUSED, "FAULT is not a script");
    int code = sti_script_count(connection->script, "connect", &after);
    if (code)
        return sti_fail(failure, code, "%s", "scripted");
    if (open_backend(connection, values, failure) != 0)
        return -1;
    connection->connected = 1;
    if (start_session(connection, failure) == 0)
        return 0;
    sti_disconnect(connection);
    return -1;
}

SQLRETURN sti_connect(struct sti_connection *connection, const char *string)
{
    struct sti_failure failure = {0};
    char *values[KEYWORDS] = {NULL};
    if (!sti_backend())
        sti_fail(&failure, STI_REFUSED, "psqlodbcw.so cannot be loaded: install odbc-postgresql");
    else if (read_string(string, values, &failure) == 0)
        connect_values(connection, values, &failure);
    for (int i = 0; i < KEYWORDS; i++)
        free(values[i]);
    return failure.code ? sti_report(connection, &failure) : SQL_SUCCESS;
}

void sti_disconnect(struct sti_connection *connection)
{
    const struct sti_backend *backend = sti_backend();
    if (connection->own)
        backend->SQLFreeHandle(SQL_HANDLE_STMT, connection->own);
    connection->own = NULL;
    backend->SQLEndTran(SQL_HANDLE_DBC, connection->backend, SQL_ROLLBACK);
    backend->SQLDisconnect(connection->backend);
    connection->connected = connection->dead = 0;
}
