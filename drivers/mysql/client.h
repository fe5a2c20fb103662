/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client library, and all in which MariaDB's and Oracle's differ: no other file asks which of
 * them it is compiled against.
 *
 *                      MariaDB Connector/C 3.3          Oracle's libmysqlclient 8
 *   bulk arrays        a callback gives row after row   none
 *   pipelining         an answer may be read later      none
 *   waits              a hook of ours polls for it      its own; the library's watchdog cuts them
 *   connecting         by that hook                     step by step, without blocking
 *   TLS                three options and a flag         one mode
 *   passwords          a list of allowed plugins        cleartext plugin off by itself
 *   SIGPIPE            only by TLS                      by any write
 *   a lost connection  made anew where my.cnf says so   stays lost
 */
#ifndef DRV_MY_CLIENT_H
#define DRV_MY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mysql.h>

#include <errmsg.h>

/* How a connection is to be secured. */
enum drv_my_tls {
    DRV_MY_TLS_UNASKED, /* As my.cnf has it. */
    DRV_MY_TLS_OFF,
    DRV_MY_TLS_REQUIRE, /* Encrypted, whoever it is. */
    DRV_MY_TLS_VERIFY   /* By a certificate that is trusted and names the host. */
};

/* Whom to connect to, as mysql_real_connect takes it. */
typedef struct drv_my_login {
    const char *host;
    const char *user;
    const char *password;
    const char *database;
    const char *socket;
    unsigned port;
    unsigned long flags;
} drv_my_login;

#ifdef MARIADB_PACKAGE_VERSION_ID

#if MARIADB_PACKAGE_VERSION_ID < 30300
#error "MariaDB Connector/C 3.3 or newer is needed"
#endif

#include <mariadb_com.h>

typedef my_bool drv_my_bool;
typedef int (*drv_my_wait_hook)(my_socket socket, my_bool is_read, int timeout_ms);
typedef my_bool (*drv_my_row_callback)(void *context, MYSQL_BIND *bind, unsigned row);

/* Every wait is the hook's, connecting too: calls end at their deadline by themselves. */
#define DRV_MY_WAITS 1

/* Plaintext is sent without SIGPIPE, TLS is not. */
#define DRV_MY_SENDS_QUIETLY 1

static inline void drv_my_client_hook(MYSQL *my, drv_my_wait_hook hook)
{
    mysql_optionsv(my, MARIADB_OPT_IO_WAIT, (void *)hook);
}

/* The hook knows the deadline, and tells whether it has passed. */
static inline bool drv_my_client_connect(MYSQL *my, const drv_my_login *to, int64_t deadline_us,
                                         bool *expired)
{
    (void)deadline_us;
    (void)expired;
    return mysql_real_connect(my, to->host, to->user, to->password, to->database, to->port,
                              to->socket, to->flags) != NULL;
}

/*
 * A statement of a connection that the caller does not have yet: without it the watchdog has
 * nothing to sever.
 */
static inline bool drv_my_client_first_query(MYSQL *my, const char *sql, int64_t deadline_us,
                                             bool *expired, MYSQL_RES **rows)
{
    (void)deadline_us;
    (void)expired;
    if (mysql_real_query(my, sql, (unsigned long)strlen(sql)) != 0)
        return false;
    *rows = mysql_store_result(my);
    return *rows != NULL || mysql_errno(my) == 0;
}

static inline int drv_my_client_socket(MYSQL *my)
{
    return (int)mysql_get_socket(my);
}

/* Not to make a new session behind our back, which would have none of our settings. */
static inline void drv_my_client_forbid_reconnect(MYSQL *my)
{
    my_bool reconnect = 0;
    mysql_options(my, MYSQL_OPT_RECONNECT, &reconnect);
}

/*
 * Plugins that give a server the password itself (mysql_clear_password, dialog) are only for those
 * that have shown who they are: these do not.
 */
static inline void drv_my_client_restrict_plugins(MYSQL *my)
{
    mysql_options(my, MARIADB_OPT_RESTRICTED_AUTH,
                  "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519,"
                  "parsec,auth_gssapi_client");
}

/*
 * Sets the mode; returns flags for mysql_real_connect. With VERIFY the library refuses a server
 * without TLS before it sends anything but, with REQUIRE, it goes on in plaintext: the caller has
 * to look at the cipher.
 */
static inline unsigned long drv_my_client_set_tls(MYSQL *my, enum drv_my_tls tls)
{
    my_bool enforce = tls != DRV_MY_TLS_OFF;
    my_bool verify = tls == DRV_MY_TLS_VERIFY;
    if (tls == DRV_MY_TLS_UNASKED)
        return 0;
    mysql_options(my, MYSQL_OPT_SSL_ENFORCE, &enforce);
    mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    return verify ? CLIENT_SSL_VERIFY_SERVER_CERT : 0;
}

static inline bool drv_my_client_has_bulk(MYSQL *my)
{
    unsigned long extended = 0;
    if (mariadb_get_infov(my, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended) != 0)
        return false;
    return (extended & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
}

/* Makes the statement take `rows` rows at its next execution, each from the callback. */
static inline bool drv_my_client_set_bulk(MYSQL_STMT *statement, unsigned rows,
                                          drv_my_row_callback callback, void *context)
{
    void *function;
    _Static_assert(sizeof function == sizeof callback, "attributes are passed as pointers");
    *(drv_my_row_callback *)&function = callback;
    return mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &rows) == 0 &&
           mysql_stmt_attr_set(statement, STMT_ATTR_CB_USER_DATA, context) == 0 &&
           mysql_stmt_attr_set(statement, STMT_ATTR_CB_PARAM, function) == 0;
}

/*
 * Executes a statement and leaves the answer for drv_my_client_read_answer; another may be sent
 * before. Not where packets are compressed: their numbers go on from one statement to the next.
 */
static inline bool drv_my_client_send(MYSQL *my, MYSQL_STMT *statement)
{
    my_bool skip = 1;
    mysql_optionsv(my, MARIADB_OPT_SKIP_READ_RESPONSE, &skip);
    bool sent = mysql_stmt_execute(statement) == 0;
    skip = 0;
    mysql_optionsv(my, MARIADB_OPT_SKIP_READ_RESPONSE, &skip);
    return sent;
}

static inline bool drv_my_client_read_answer(MYSQL *my, MYSQL_STMT *statement)
{
    return my->methods->db_read_execute_response(statement) == 0;
}

/* The same of a statement as text, which answers without rows. */
static inline bool drv_my_client_send_text(MYSQL *my, const char *sql)
{
    return mysql_send_query(my, sql, (unsigned long)strlen(sql)) == 0;
}

static inline bool drv_my_client_read_text(MYSQL *my)
{
    return mysql_read_query_result(my) == 0;
}

static inline bool drv_my_client_pipelines(const MYSQL *my)
{
    return !my->net.compress;
}

/* Where a bulk row's NULLs are marked. */
static inline void drv_my_client_set_indicator(MYSQL_BIND *bind, char *indicator)
{
    bind->u.indicator = indicator;
}
#define DRV_MY_INDICATOR_NULL STMT_INDICATOR_NULL

/* MariaDB's JSON is LONGTEXT with a check; its metadata tells which is which. */
static inline bool drv_my_client_is_json(const MYSQL_FIELD *field)
{
    MARIADB_CONST_STRING format = {NULL, 0};
    return mariadb_field_attr(&format, field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0 &&
           format.length == 4 && format.str[0] == 'j';
}

#else /* Oracle's */

#include <poll.h>

#include "common/clock.h"

#if defined(MYSQL_VERSION_ID) && MYSQL_VERSION_ID < 80000
#error "MySQL's client library 8.0 or newer is needed"
#endif

typedef bool drv_my_bool;
typedef int (*drv_my_wait_hook)(my_socket socket, bool is_read, int timeout_ms);
typedef bool (*drv_my_row_callback)(void *context, MYSQL_BIND *bind, unsigned row);

#define DRV_MY_WAITS 0
#define DRV_MY_SENDS_QUIETLY 0

static inline void drv_my_client_hook(MYSQL *my, drv_my_wait_hook hook)
{
    (void)my;
    (void)hook;
}

#define DRV_MY_STEP_MS 5

/* A pause between two steps. What the library waits for it does not say: reading, mostly. */
static inline bool drv_my_client_step(MYSQL *my, enum net_async_status status, int64_t deadline_us,
                                      bool *expired)
{
    struct pollfd wanted = {.fd = (int)my->net.fd, .events = POLLIN};
    if (status != NET_ASYNC_NOT_READY)
        return false;
    *expired = drv_now_us() >= deadline_us;
    if (!*expired)
        (void)poll(&wanted, 1, DRV_MY_STEP_MS); /* Without a socket: only a pause. */
    return !*expired;
}

/* The library's own time limit leaves the TLS handshake out. */
static inline bool drv_my_client_connect(MYSQL *my, const drv_my_login *to, int64_t deadline_us,
                                         bool *expired)
{
    enum net_async_status status;
    do
        status = mysql_real_connect_nonblocking(my, to->host, to->user, to->password, to->database,
                                                to->port, to->socket, to->flags);
    while (drv_my_client_step(my, status, deadline_us, expired));
    return status == NET_ASYNC_COMPLETE;
}

static inline bool drv_my_client_first_query(MYSQL *my, const char *sql, int64_t deadline_us,
                                             bool *expired, MYSQL_RES **rows)
{
    enum net_async_status status;
    do
        status = mysql_real_query_nonblocking(my, sql, (unsigned long)strlen(sql));
    while (drv_my_client_step(my, status, deadline_us, expired));
    if (status != NET_ASYNC_COMPLETE)
        return false;
    do
        status = mysql_store_result_nonblocking(my, rows);
    while (drv_my_client_step(my, status, deadline_us, expired));
    return status == NET_ASYNC_COMPLETE && (*rows != NULL || mysql_errno(my) == 0);
}

static inline int drv_my_client_socket(MYSQL *my)
{
    return (int)my->net.fd;
}

/* Off by itself, and deprecated: naming the option writes a warning to standard error. */
static inline void drv_my_client_forbid_reconnect(MYSQL *my)
{
    (void)my;
}

static inline void drv_my_client_restrict_plugins(MYSQL *my)
{
    bool cleartext = false;
    mysql_options(my, MYSQL_ENABLE_CLEARTEXT_PLUGIN, &cleartext);
}

static inline unsigned long drv_my_client_set_tls(MYSQL *my, enum drv_my_tls tls)
{
    unsigned mode = tls == DRV_MY_TLS_OFF       ? SSL_MODE_DISABLED
                    : tls == DRV_MY_TLS_REQUIRE ? SSL_MODE_REQUIRED
                                                : SSL_MODE_VERIFY_IDENTITY;
    if (tls != DRV_MY_TLS_UNASKED)
        mysql_options(my, MYSQL_OPT_SSL_MODE, &mode);
    return 0;
}

static inline bool drv_my_client_has_bulk(MYSQL *my)
{
    (void)my;
    return false;
}

static inline bool drv_my_client_set_bulk(MYSQL_STMT *statement, unsigned rows,
                                          drv_my_row_callback callback, void *context)
{
    (void)statement;
    (void)rows;
    (void)callback;
    (void)context;
    return false;
}

static inline bool drv_my_client_send(MYSQL *my, MYSQL_STMT *statement)
{
    (void)my;
    (void)statement;
    return false;
}

static inline bool drv_my_client_read_answer(MYSQL *my, MYSQL_STMT *statement)
{
    (void)my;
    (void)statement;
    return false;
}

static inline bool drv_my_client_send_text(MYSQL *my, const char *sql)
{
    (void)my;
    (void)sql;
    return false;
}

static inline bool drv_my_client_read_text(MYSQL *my)
{
    (void)my;
    return false;
}

static inline bool drv_my_client_pipelines(const MYSQL *my)
{
    (void)my;
    return false;
}

static inline void drv_my_client_set_indicator(MYSQL_BIND *bind, char *indicator)
{
    (void)bind;
    (void)indicator;
}
#define DRV_MY_INDICATOR_NULL 1

static inline bool drv_my_client_is_json(const MYSQL_FIELD *field)
{
    return field->type == MYSQL_TYPE_JSON;
}

#endif
#endif
