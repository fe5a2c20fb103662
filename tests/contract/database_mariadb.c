/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "database_backend.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <mysql.h>

#define CHARSET_BINARY 63

/* my_bool or bool, by whose header it is. */
typedef __typeof__(*((MYSQL_BIND *)NULL)->is_null) null_flag;

/* A test that waits for a lock which nobody will release fails, and does not hang. */
static const char session[] =
    "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES', "
    "time_zone = '+00:00', lock_wait_timeout = 20, "
    "innodb_lock_wait_timeout = 20, max_recursive_iterations = 1000000";

/* ---- mysql://user[:password]@host[:port]/database[?socket=path] --------------------- */

typedef struct address {
    char user[64], password[128], host[64], database[64], socket[256];
    unsigned port;
} address;

/* Copies up to one of `ends`, with %XX decoded; returns where it ended. */
static const char *part(const char *at, const char *ends, char *out, size_t capacity)
{
    size_t used = 0;
    for (; *at != '\0' && strchr(ends, *at) == NULL; at++) {
        char two[3] = {0};
        assert_true(used + 1 < capacity);
        if (*at != '%') {
            out[used++] = *at;
            continue;
        }
        memcpy(two, at + 1, 2);
        out[used++] = (char)strtoul(two, NULL, 16);
        at += 2;
    }
    out[used] = '\0';
    return at;
}

static void parse(const char *url, address *out)
{
    memset(out, 0, sizeof *out);
    assert_int_equal(strncmp(url, "mysql://", 8), 0);
    const char *at = part(url + 8, ":@", out->user, sizeof out->user);
    if (*at == ':')
        at = part(at + 1, "@", out->password, sizeof out->password);
    at = part(at + 1, ":/", out->host, sizeof out->host);
    if (*at == ':')
        out->port = (unsigned)strtoul(at + 1, NULL, 10);
    at = part(strchr(at, '/') + 1, "?", out->database, sizeof out->database);
    if (strncmp(at, "?socket=", 8) == 0)
        part(at + 8, "&", out->socket, sizeof out->socket);
}

/* ---- Running ---------------------------------------------------------------------- */

static char *run_mariadb(void *client, const char *sql)
{
    char *error = NULL;
    int more = mysql_real_query(client, sql, strlen(sql));
    for (;;) {
        if (more > 0) {
            error = strdup(mysql_error(client));
            break;
        }
        mysql_free_result(mysql_store_result(client));
        more = mysql_next_result(client); /* -1: there is none. */
        if (more < 0)
            break;
    }
    return error;
}

static void *open_mariadb(const char *url)
{
    address at;
    struct sigaction before;
    parse(url, &at);
    sigaction(SIGPIPE, NULL, &before); /* The library would leave it ignored. */
    MYSQL *connection = mysql_init(NULL);
    assert_non_null(connection);
    mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(connection, at.host, at.user, at.password, at.database, at.port,
                           at.socket[0] != '\0' ? at.socket : NULL,
                           CLIENT_MULTI_STATEMENTS) == NULL)
        fail_msg("%s", mysql_error(connection));
    sigaction(SIGPIPE, &before, NULL);
    return connection;
}

static void close_mariadb(void *client)
{
    mysql_close(client);
}

/* ---- Asking, by a prepared statement: in text a FLOAT has six digits ----------------- */

static int is_temporal(enum enum_field_types type)
{
    return type == MYSQL_TYPE_TIME || type == MYSQL_TYPE_DATETIME || type == MYSQL_TYPE_TIMESTAMP;
}

/* Takes the zeros off the end of a fraction, and its point where nothing is left. */
static void trim_fraction(char *text)
{
    size_t end = strlen(text);
    if (strchr(text, '.') == NULL)
        return;
    while (text[end - 1] == '0')
        text[--end] = '\0';
    if (text[end - 1] == '.')
        text[end - 1] = '\0';
}

static char *cell(MYSQL_STMT *statement, const MYSQL_FIELD *field, unsigned column,
                  unsigned long length)
{
    char number[64];
    double real = 0;
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &real};
    if (field->type == MYSQL_TYPE_FLOAT || field->type == MYSQL_TYPE_DOUBLE) {
        assert_int_equal(mysql_stmt_fetch_column(statement, &bind, column, 0), 0);
        snprintf(number, sizeof number, "%.17g", real);
        return database_copy(number, strlen(number));
    }
    char *text = malloc(length + 1);
    assert_non_null(text);
    bind =
        (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = text, .buffer_length = length + 1};
    unsigned long got = 0;
    bind.length = &got;
    assert_int_equal(mysql_stmt_fetch_column(statement, &bind, column, 0), 0);
    text[got] = '\0';
    int is_string = field->type == MYSQL_TYPE_STRING || field->type == MYSQL_TYPE_VAR_STRING ||
                    (field->type >= MYSQL_TYPE_TINY_BLOB && field->type <= MYSQL_TYPE_BLOB);
    if (field->type == MYSQL_TYPE_BIT) {
        unsigned long long bits = 0;
        for (unsigned long i = 0; i < got; i++)
            bits = bits << 8 | (unsigned char)text[i];
        free(text);
        snprintf(number, sizeof number, "%llu", bits);
        return database_copy(number, strlen(number));
    }
    if (is_string && field->charsetnr == CHARSET_BINARY) {
        char *hex = database_hex((const uint8_t *)text, got);
        free(text);
        return hex;
    }
    if (is_temporal(field->type))
        trim_fraction(text);
    return text;
}

static int fetch_all(MYSQL_STMT *statement, database_answer *answer)
{
    static char nowhere[1]; /* Only lengths are fetched at first. */
    MYSQL_RES *meta = mysql_stmt_result_metadata(statement);
    assert_non_null(meta);
    const MYSQL_FIELD *fields = mysql_fetch_fields(meta);
    answer->columns = mysql_num_fields(meta);
    MYSQL_BIND *binds = calloc(answer->columns, sizeof *binds);
    unsigned long *lengths = calloc(answer->columns, sizeof *lengths);
    null_flag *nulls = calloc(answer->columns, sizeof *nulls);
    assert_true(binds != NULL && lengths != NULL && nulls != NULL);
    for (size_t i = 0; i < answer->columns; i++)
        binds[i] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                                .buffer = nowhere,
                                .length = &lengths[i],
                                .is_null = &nulls[i]};
    mysql_stmt_bind_result(statement, binds);
    int code;
    while ((code = mysql_stmt_fetch(statement)) == 0 || code == MYSQL_DATA_TRUNCATED) {
        char **cells = database_add_row(answer);
        for (size_t i = 0; i < answer->columns; i++) {
            /* A number's or a time's length is that of its text: 64 is room for it. */
            unsigned long room = lengths[i] > 64 ? lengths[i] : 64;
            cells[i] = nulls[i] ? NULL : cell(statement, &fields[i], (unsigned)i, room);
        }
    }
    free(binds);
    free(lengths);
    free(nulls);
    mysql_free_result(meta);
    return code == MYSQL_NO_DATA;
}

static char *ask_mariadb(void *client, const char *sql, database_answer *answer)
{
    MYSQL_STMT *statement = mysql_stmt_init(client);
    char *error = NULL;
    assert_non_null(statement);
    if (mysql_stmt_prepare(statement, sql, strlen(sql)) != 0 ||
        mysql_stmt_execute(statement) != 0 || !fetch_all(statement, answer))
        error = strdup(mysql_stmt_error(statement));
    mysql_stmt_close(statement);
    return error;
}

const database_backend mariadb_backend = {open_mariadb, close_mariadb, run_mariadb, ask_mariadb,
                                          session};
