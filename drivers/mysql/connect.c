/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fail.h"
#include "common/text.h"
#include "mysql/fault.h"
#include "mysql/infile.h"
#include "mysql/settings.h"
#include "mysql/url.h"
#include "mysql/wait.h"

#define TLS_ADVICE                                                                                 \
    "; a host that is not local is connected to with mysql.tls=verify unless another mysql.tls "   \
    "is "                                                                                          \
    "set: see docs/drivers/mysql.md"

/* What the URL, the options and my.cnf come to. */
typedef struct plan {
    drv_my_url url;
    const char *application_name;
    const char *host;
    char *file_host;     /* my.cnf's, where the URL has none. */
    bool by_socket;      /* A unix socket. */
    bool tls_by_default; /* Not the user's word. */
    enum drv_my_tls tls;
} plan;

/* ---- Options ---------------------------------------------------------------------------- */

static const char *option_of(const outfall_connect_options *options, const char *key)
{
    for (uint32_t i = 0; i < options->option_count; i++)
        if (strcmp(options->options[i].key, key) == 0)
            return options->options[i].value;
    return "auto";
}

static void add_files(MYSQL *my, const drv_my_url *url)
{
    if (url->default_file != NULL)
        mysql_options(my, MYSQL_READ_DEFAULT_FILE, url->default_file);
    mysql_options(my, MYSQL_READ_DEFAULT_GROUP,
                  url->default_group != NULL ? url->default_group : "outfall");
}

/*
 * The host that my.cnf names. The library reads my.cnf only when it connects, so it is made to
 * connect to what is no socket: it then knows its options, and no server has heard of us. Needed
 * before the real connection: whether a host is local decides how much TLS is asked for, and a
 * password that has been sent cannot be taken back.
 */
static int find_file_host(plan *it, outfall_error *error)
{
    unsigned protocol = MYSQL_PROTOCOL_SOCKET;
    MYSQL *my = mysql_init(NULL);
    if (my == NULL)
        return drv_fail_nomem(error);
    add_files(my, &it->url);
    mysql_options(my, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_real_connect(my, "localhost", "", "", NULL, 0, "/", CLIENT_REMEMBER_OPTIONS);
    const char *host = my->options.host;
    if (host != NULL && host[0] != '\0') {
        it->file_host = strdup(host);
        if (it->file_host == NULL) {
            mysql_close(my);
            return drv_fail_nomem(error);
        }
    }
    mysql_close(my);
    return OUTFALL_OK;
}

static int choose_tls(plan *it, const char *asked, outfall_error *error)
{
    const drv_my_url *url = &it->url;
    bool has_files = url->ssl_ca != NULL || url->ssl_capath != NULL || url->ssl_cert != NULL ||
                     url->ssl_key != NULL;
    bool local = it->by_socket || it->host == NULL || drv_my_url_is_local(it->host);
    if (strcmp(asked, "off") == 0)
        it->tls = DRV_MY_TLS_OFF;
    else if (strcmp(asked, "require") == 0)
        it->tls = DRV_MY_TLS_REQUIRE;
    else if (strcmp(asked, "verify") == 0 || has_files || !local)
        it->tls = DRV_MY_TLS_VERIFY;
    it->tls_by_default = it->tls == DRV_MY_TLS_VERIFY && strcmp(asked, "verify") != 0 && !has_files;
    if (it->tls == DRV_MY_TLS_OFF && has_files)
        return outfall_error_set(
            error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
            "MySQL URL: it has ssl parameters, and mysql.tls is off; drop one");
    return OUTFALL_OK;
}

static int make_plan(const outfall_connect_options *options, plan *it, outfall_error *error)
{
    int status = drv_my_url_read(options->url, &it->url, error);
    if (status != OUTFALL_OK)
        return status;
    it->application_name = options->application_name;
    it->host = it->url.host;
    if (it->url.socket != NULL && it->host != NULL && !drv_my_url_is_local(it->host))
        return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                 "MySQL URL: it has a host and the parameter socket; drop one");
    if (it->host == NULL && it->url.port != 0)
        it->host = "localhost";
    if (it->host == NULL && it->url.socket == NULL) {
        status = find_file_host(it, error);
        it->host = it->file_host;
    }
    /* As the client library has it: without a host, or by "localhost" and no port. */
    it->by_socket = it->url.socket != NULL || it->host == NULL ||
                    (strcmp(it->host, "localhost") == 0 && it->url.port == 0);
    return status == OUTFALL_OK ? choose_tls(it, option_of(options, "mysql.tls"), error) : status;
}

static unsigned long set_options(MYSQL *my, const plan *it, bool load, int64_t deadline_us)
{
    const drv_my_url *url = &it->url;
    int64_t left_us = deadline_us - drv_now_us();
    unsigned seconds = left_us > 0 ? (unsigned)(left_us / 1000000) + 1 : 1;
    unsigned infile = load;
    unsigned protocol = MYSQL_PROTOCOL_TCP;
    add_files(my, url);
    drv_my_client_hook(my, drv_my_wait_for_io);
    mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &infile);
    mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options4(my, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
                   it->application_name != NULL ? it->application_name : "outfall");
    if (!it->by_socket)
        mysql_options(my, MYSQL_OPT_PROTOCOL,
                      &protocol); /* "localhost" and a port: not a socket. */
    if (url->ssl_ca != NULL)
        mysql_options(my, MYSQL_OPT_SSL_CA, url->ssl_ca);
    if (url->ssl_capath != NULL)
        mysql_options(my, MYSQL_OPT_SSL_CAPATH, url->ssl_capath);
    if (url->ssl_cert != NULL)
        mysql_options(my, MYSQL_OPT_SSL_CERT, url->ssl_cert);
    if (url->ssl_key != NULL)
        mysql_options(my, MYSQL_OPT_SSL_KEY, url->ssl_key);
    if (!it->by_socket && it->tls != DRV_MY_TLS_VERIFY)
        drv_my_client_restrict_plugins(my);
    return drv_my_client_set_tls(my, it->tls);
}

/* ---- Connecting ------------------------------------------------------------------------- */

/* A TLS handshake that broke off says nothing of certificates: the next may go well. */
static bool is_broken_handshake(const char *text)
{
    return strstr(text, "certificate") == NULL && strstr(text, "erif") == NULL &&
           (strstr(text, "eof") != NULL || strstr(text, "reset") != NULL ||
            strstr(text, "EOF") != NULL || strstr(text, "roken pipe") != NULL);
}

static int fail_plain(const plan *it, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                             "cannot connect to MySQL: TLS is asked for, and the server offers "
                             "none; set it up there, or set mysql.tls=off%s",
                             it->tls_by_default ? TLS_ADVICE : "");
}

static int fail_connect(outfall_connection *connection, const plan *it, outfall_error *error)
{
    char text[230];
    MYSQL *my = connection->my;
    unsigned code = mysql_errno(my);
    drv_text_line(mysql_error(my), text, sizeof text);
    if (connection->expired)
        return outfall_error_set(error, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY,
                                 "cannot connect to MySQL at \"%.120s\": no answer before the "
                                 "deadline (see connect.timeout.ms)",
                                 it->host != NULL ? it->host : "localhost");
    if (!DRV_MY_WAITS && code == CR_UNKNOWN_ERROR) /* Connecting step by step loses some errors. */
        return outfall_error_set(error, OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP,
                                 "cannot connect to MySQL: the login was turned away, and the "
                                 "client library does not say why; check the user and the "
                                 "password (URL, or my.cnf)");
    if (code == CR_SSL_CONNECTION_ERROR) {
        bool broken = is_broken_handshake(text);
        int status = broken ? OUTFALL_ERR_IO : OUTFALL_ERR_CONFIG;
        outfall_error_set(error, status, broken ? OUTFALL_ACTION_RETRY : OUTFALL_ACTION_STOP,
                          "cannot connect to MySQL: %s%s", text,
                          it->tls_by_default ? TLS_ADVICE : "; see mysql.tls and ssl-ca");
        if (error != NULL)
            error->native_code = (int32_t)code;
        return status;
    }
    return drv_my_fail(connection, error);
}

static int connect_client(outfall_connection *connection, const plan *it, int64_t deadline_us,
                          outfall_error *error)
{
    const drv_my_url *url = &it->url;
    drv_my_wait wait;
    connection->my = mysql_init(NULL);
    if (connection->my == NULL)
        return drv_fail_nomem(error);
    const drv_my_login login = {.host = it->host,
                                .user = url->user,
                                .password = url->password,
                                .database = url->database,
                                .socket = url->socket,
                                .port = url->port,
                                .flags =
                                    CLIENT_FOUND_ROWS | CLIENT_REMEMBER_OPTIONS |
                                    set_options(connection->my, it, connection->load, deadline_us)};
    bool expired = false;
    drv_my_infile_guard(connection);
    drv_my_wait_begin(&wait, deadline_us, true);
    if (it->tls == DRV_MY_TLS_REQUIRE || it->tls == DRV_MY_TLS_VERIFY)
        drv_my_wait_demand_tls();
    bool connected = drv_my_client_connect(connection->my, &login, deadline_us, &expired);
    connection->expired = drv_my_wait_end(&wait) || expired;
    if (connected)
        return OUTFALL_OK;
    return wait.plain ? fail_plain(it, error) : fail_connect(connection, it, error);
}

/*
 * With mysql.tls=require MariaDB's library goes on in plaintext where the server has no TLS; by
 * caching_sha2_password it would even tell the password to whoever sends a key for it. Over TCP the
 * greeting has been looked at before (drv_my_wait_demand_tls); this is for what may be left, a unix
 * socket that is connected without a wait.
 */
static int check_tls(outfall_connection *connection, const plan *it, outfall_error *error)
{
    connection->tls = mysql_get_ssl_cipher(connection->my) != NULL;
    if (connection->tls || it->tls == DRV_MY_TLS_UNASKED || it->tls == DRV_MY_TLS_OFF)
        return OUTFALL_OK;
    return fail_plain(it, error);
}

static int take_socket(outfall_connection *connection, outfall_error *error)
{
    int own = drv_my_client_socket(connection->my);
    connection->socket = fcntl(own, F_DUPFD_CLOEXEC, 0);
    if (connection->socket < 0)
        return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                                 "connecting to MySQL: %s; close files, or raise the limit on open "
                                 "files",
                                 strerror(errno));
    /*
     * Without this MariaDB's library reads TLS in a read(2) that blocks, past our hook. Plaintext
     * it reads by MSG_DONTWAIT in any case.
     */
    if (DRV_MY_WAITS) {
        int flags = fcntl(own, F_GETFL);
        if (flags >= 0)
            (void)fcntl(own, F_SETFL, flags | O_NONBLOCK);
    }
    return OUTFALL_OK;
}

int drv_my_connect_open(outfall_connection *connection, const outfall_connect_options *options,
                        int64_t deadline_us, outfall_error *error)
{
    plan it = {0};
    const char *method = option_of(options, "mysql.method");
    connection->load = strcmp(method, "load") == 0;
    int status = make_plan(options, &it, error);
    if (status == OUTFALL_OK)
        status = connect_client(connection, &it, deadline_us, error);
    if (status == OUTFALL_OK)
        status = check_tls(connection, &it, error);
    if (status == OUTFALL_OK)
        status = take_socket(connection, error);
    if (status == OUTFALL_OK)
        status = drv_my_settings_apply(connection, method, deadline_us, error);
    free(it.file_host);
    drv_my_url_free(&it.url);
    return status;
}
