/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fail.h"
#include "odbc/api.h"
#include "odbc/connection.h"
#include "odbc/connstr.h"
#include "odbc/fault.h"
#include "odbc/setup.h"
#include "odbc/socket.h"

#define TRIES_MAX 5           /* Until no other thread opens a socket meanwhile. */
#define AFTER_CUT_US 300000   /* What a thread gets to end once its socket is shut. */
#define NAME_BYTES_MAX 256    /* Of a data source or driver. */
#define ATTRIBUTES_BYTES 2048 /* Of a driver's entry in odbcinst.ini. */

/* ---- The turn --------------------------------------------------------------------- */

/*
 * One thread of the process connects at a time, since sockets are compared around it. Whoever holds
 * the turn for another may give it back for it: so it is no mutex.
 */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    bool taken;
} turn;

static pthread_once_t turn_once = PTHREAD_ONCE_INIT;

static void make_turn(void)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&turn.mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&turn.given, &attributes);
    pthread_condattr_destroy(&attributes);
    turn.taken = false; /* In a child of fork the thread that had it is not there. */
}

static void init_turn(void)
{
    make_turn();
    pthread_atfork(NULL, NULL, make_turn);
}

/* Waits on a condition of CLOCK_MONOTONIC; false once the deadline has passed. */
static bool wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline_us)
{
    const struct timespec until = {.tv_sec = deadline_us / 1000000,
                                   .tv_nsec = deadline_us % 1000000 * 1000};
    return pthread_cond_timedwait(condition, mutex, &until) != ETIMEDOUT;
}

static bool take_turn(int64_t deadline_us)
{
    bool in_time = true;
    pthread_once(&turn_once, init_turn);
    pthread_mutex_lock(&turn.mutex);
    while (turn.taken && in_time)
        in_time = wait_until(&turn.given, &turn.mutex, deadline_us);
    bool mine = !turn.taken;
    turn.taken = turn.taken || mine;
    pthread_mutex_unlock(&turn.mutex);
    return mine;
}

static void give_turn(void)
{
    pthread_mutex_lock(&turn.mutex);
    turn.taken = false;
    pthread_cond_signal(&turn.given);
    pthread_mutex_unlock(&turn.mutex);
}

/* ---- An attempt ------------------------------------------------------------------- */

/* Shared by the caller and its thread; the last of the two frees it. */
typedef struct attempt {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool has_turn;
    bool done;
    bool abandoned;
    outfall_connection *connection;
    drv_odbc_connstr string;
    int64_t deadline_us;
    int status;
    outfall_error error;
} attempt;

static attempt *attempt_new(void)
{
    pthread_condattr_t attributes;
    attempt *it = calloc(1, sizeof *it);
    if (it == NULL)
        return NULL;
    pthread_mutex_init(&it->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&it->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return it;
}

static void attempt_free(attempt *it)
{
    drv_odbc_connstr_free(&it->string);
    drv_odbc_disconnect(it->connection);
    pthread_cond_destroy(&it->changed);
    pthread_mutex_destroy(&it->mutex);
    free(it);
}

/* Gives the turn back, once. */
static void end_turn(attempt *it)
{
    pthread_mutex_lock(&it->mutex);
    bool has_turn = it->has_turn;
    it->has_turn = false;
    pthread_mutex_unlock(&it->mutex);
    if (has_turn)
        give_turn();
}

/* ---- The driver ------------------------------------------------------------------- */

/* The Driver of a data source, by its name. False where there is no such. */
static bool find_source(SQLHENV env, const char *wanted, char *driver, size_t capacity)
{
    SQLCHAR name[NAME_BYTES_MAX], description[NAME_BYTES_MAX];
    SQLSMALLINT name_length = 0, length = 0;
    SQLUSMALLINT step = SQL_FETCH_FIRST;
    while (SQL_SUCCEEDED(SQLDataSources(env, step, name, sizeof name, &name_length, description,
                                        sizeof description, &length))) {
        step = SQL_FETCH_NEXT;
        if (strcasecmp((const char *)name, wanted) != 0)
            continue;
        snprintf(driver, capacity, "%s", (const char *)description);
        return true;
    }
    return false;
}

/* The file of a driver, by its name in odbcinst.ini: "Driver=libmaodbc.so" among its attributes. */
static bool find_library(SQLHENV env, const char *wanted, char *library, size_t capacity)
{
    SQLCHAR name[NAME_BYTES_MAX];
    char attributes[ATTRIBUTES_BYTES] = {0};
    SQLSMALLINT name_length = 0, length = 0;
    SQLUSMALLINT step = SQL_FETCH_FIRST;
    while (SQL_SUCCEEDED(SQLDrivers(env, step, name, sizeof name, &name_length,
                                    (SQLCHAR *)attributes, sizeof attributes - 2, &length))) {
        step = SQL_FETCH_NEXT;
        if (strcasecmp((const char *)name, wanted) != 0)
            continue;
        for (const char *at = attributes; *at != '\0'; at += strlen(at) + 1) {
            if (strncasecmp(at, "Driver=", 7) != 0)
                continue;
            snprintf(library, capacity, "%s", at + 7);
            return true;
        }
    }
    return false;
}

/*
 * Adds the keywords that the driver needs and the URL does not have. For one that cannot be found
 * out there are none; it is known by SQL_DRIVER_NAME once it is connected. A data source's own
 * OPTION stays: what it says is not known.
 */
static int add_keywords(outfall_connection *connection, drv_odbc_connstr *string,
                        outfall_error *error)
{
    char library[NAME_BYTES_MAX] = "", found[NAME_BYTES_MAX];
    const char *driver = drv_odbc_connstr_get(string, "DRIVER");
    const char *source = drv_odbc_connstr_get(string, "DSN");
    int status = OUTFALL_OK;
    if (driver != NULL)
        snprintf(library, sizeof library, "%s", driver);
    else if (source != NULL)
        (void)find_source(connection->env, source, library, sizeof library);
    if (find_library(connection->env, library, found, sizeof found))
        memcpy(library, found, sizeof library);
    const drv_odbc_method *method = drv_odbc_method_of(library);
    connection->method = method;
    connection->narrow = method->narrow;
    for (size_t i = 0; i < DRV_ODBC_KEYWORDS_MAX && status == OUTFALL_OK; i++) {
        const drv_odbc_keyword *keyword = &method->keywords[i];
        bool option = keyword->key != NULL && strcmp(keyword->key, "OPTION") == 0;
        if (keyword->key == NULL ||
            (option && (driver == NULL || drv_odbc_connstr_get(string, "OPTIONS") != NULL)))
            continue;
        status = drv_odbc_connstr_default(string, keyword->key, keyword->value, error);
    }
    const char *tls =
        method->forced_tls != NULL ? drv_odbc_connstr_get(string, method->forced_tls) : NULL;
    connection->tls_wanted = tls != NULL && strtoul(tls, NULL, 10) != 0;
    const char *option = drv_odbc_connstr_get(string, "OPTION");
    const char *found_rows = drv_odbc_connstr_get(string, "FOUND_ROWS");
    connection->found_rows = (option != NULL && (strtoul(option, NULL, 10) & 2) != 0) ||
                             (found_rows != NULL && strcmp(found_rows, "1") == 0);
    return status;
}

static int make_handles(outfall_connection *connection, outfall_error *error)
{
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &connection->env)))
        return drv_fail_nomem(error);
    if (!SQL_SUCCEEDED(
            SQLSetEnvAttr(connection->env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0)) ||
        !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, connection->env, &connection->dbc)))
        return drv_odbc_fail(connection, SQL_HANDLE_ENV, connection->env, error);
    return OUTFALL_OK;
}

/* The connection string, both ways. */
typedef struct connect_string {
    const char *text;
    drv_odbc_wide *wide;
} connect_string;

/* MariaDB's library has the whole process ignore SIGPIPE: the disposition is set back. */
static SQLRETURN driver_connect(outfall_connection *connection, const connect_string *string,
                                int64_t deadline_us)
{
    struct sigaction before, after;
    int64_t left_us = deadline_us - drv_now_us();
    SQLULEN seconds = left_us > 0 ? (SQLULEN)(left_us + 999999) / 1000000 : 1;
    (void)SQLSetConnectAttr(connection->dbc, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)seconds, 0);
    sigaction(SIGPIPE, NULL, &before);
    SQLRETURN code = drv_odbc_api_connect(connection, string->text, string->wide);
    sigaction(SIGPIPE, NULL, &after);
    if (after.sa_handler != before.sa_handler)
        sigaction(SIGPIPE, &before, NULL);
    return code;
}

/* Connects once; *candidates is how many sockets have come meanwhile. */
static int try_connect(outfall_connection *connection, const connect_string *string,
                       int64_t deadline_us, size_t *candidates, outfall_error *error)
{
    drv_odbc_sockets before, after;
    int descriptor = -1;
    int status = OUTFALL_OK;
    memset(&after, 0, sizeof after);
    *candidates = 0;
    bool listed = drv_odbc_sockets_list(&before);
    if (!SQL_SUCCEEDED(driver_connect(connection, string, deadline_us))) {
        status = drv_odbc_fail(connection, SQL_HANDLE_DBC, connection->dbc, error);
        goto done;
    }
    connection->connected = true;
    listed = listed && drv_odbc_sockets_list(&after);
    *candidates = drv_odbc_sockets_new(&before, &after, &descriptor);
    if (*candidates == 1) {
        pthread_mutex_lock(&connection->guard);
        connection->socket = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        listed = listed && connection->socket >= 0;
        pthread_mutex_unlock(&connection->guard);
    }
    if (!listed)
        status = outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                                   "odbc: the descriptors of the process cannot be listed: close "
                                   "files, or raise the limit on open files");
done:
    drv_odbc_sockets_free(&before);
    drv_odbc_sockets_free(&after);
    return status;
}

/* Until the connection's socket is known for sure, or that it has none. */
static int connect_alone(outfall_connection *connection, const connect_string *string,
                         int64_t deadline_us, outfall_error *error)
{
    size_t candidates = 0;
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        int status = try_connect(connection, string, deadline_us, &candidates, error);
        if (status != OUTFALL_OK || candidates <= 1)
            return status;
        SQLDisconnect(connection->dbc);
        connection->connected = false;
    }
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                             "odbc: other threads opened %zu sockets while the driver connected, "
                             "so that its own cannot be told from them",
                             candidates - 1);
}

static int open_connection(attempt *it)
{
    outfall_connection *connection = it->connection;
    drv_odbc_wide wide = {0};
    drv_text text = {0};
    int status = make_handles(connection, &it->error);
    if (status == OUTFALL_OK)
        status = add_keywords(connection, &it->string, &it->error);
    if (status == OUTFALL_OK) {
        drv_odbc_connstr_write(&it->string, &text);
        if (text.failed || !drv_odbc_wide_set(&wide, text.data))
            status = drv_fail_nomem(&it->error);
    }
    drv_odbc_connstr_free(&it->string);
    if (status == OUTFALL_OK)
        status = connect_alone(connection, &(connect_string){text.data, &wide}, it->deadline_us,
                               &it->error);
    end_turn(it);
    if (text.data != NULL)
        explicit_bzero(text.data, text.capacity);
    drv_text_free(&text);
    drv_odbc_wide_free(&wide);
    if (status == OUTFALL_OK)
        status = drv_odbc_setup(connection, &it->error);
    return status;
}

/* ---- The thread ------------------------------------------------------------------- */

static void *run(void *argument)
{
    attempt *it = argument;
    int status = open_connection(it);
    pthread_mutex_lock(&it->mutex);
    it->status = status;
    it->done = true;
    bool abandoned = it->abandoned;
    pthread_cond_signal(&it->changed);
    pthread_mutex_unlock(&it->mutex);
    if (abandoned)
        attempt_free(it);
    return NULL;
}

/* Signals are the host's business: none is taken by this thread. */
static int start_thread(attempt *it)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&it->thread, NULL, run, it);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/*
 * Leaves the thread to itself where it has not ended; true where it has. From then on `it` is the
 * thread's, and may be gone: the turn is taken from it before.
 */
static bool join_or_leave(attempt *it)
{
    pthread_t thread = it->thread;
    pthread_mutex_lock(&it->mutex);
    bool done = it->done, has_turn = it->has_turn;
    it->abandoned = !done;
    it->has_turn = false;
    pthread_mutex_unlock(&it->mutex);
    if (has_turn)
        give_turn();
    if (done)
        pthread_join(thread, NULL); /* It is past its last wait. */
    else
        pthread_detach(thread);
    return done;
}

/* True where it has ended; else it is on its own from now on, and `it` not the caller's. */
static bool wait_for(attempt *it, int64_t deadline_us)
{
    bool in_time = true;
    pthread_mutex_lock(&it->mutex);
    while (!it->done && in_time)
        in_time = wait_until(&it->changed, &it->mutex, deadline_us);
    pthread_mutex_unlock(&it->mutex);
    if (!in_time)
        drv_odbc_sever(it->connection); /* Where it has got as far as a socket. */
    pthread_mutex_lock(&it->mutex);
    in_time = true;
    while (!it->done && in_time)
        in_time = wait_until(&it->changed, &it->mutex, deadline_us + AFTER_CUT_US);
    pthread_mutex_unlock(&it->mutex);
    return join_or_leave(it);
}

static int fail_timeout(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY,
                             "odbc: connecting: no answer from the database before the deadline "
                             "(see connect.timeout.ms)");
}

static int wait_and_take(attempt *it, outfall_connection **out, int64_t deadline_us,
                         outfall_error *error)
{
    if (!wait_for(it, deadline_us))
        return fail_timeout(error);
    int status = it->status;
    if (status == OUTFALL_OK) {
        *out = it->connection;
        it->connection = NULL; /* The caller owns it now. */
    } else if (drv_now_us() >= deadline_us) {
        status = fail_timeout(error);
    } else if (error != NULL) {
        *error = it->error;
    }
    attempt_free(it);
    return status;
}

/*
 * Connects `connection`, whose handles are not yet made, and sets its session up. The connection
 * string is taken over and wiped. On failure *connection is NULL: it was freed, or is the stuck
 * thread's now.
 */
static int connect_in_time(outfall_connection **connection, drv_odbc_connstr *string,
                           int64_t deadline_us, outfall_error *error)
{
    attempt *it = attempt_new();
    outfall_connection *own = *connection;
    *connection = NULL;
    if (it == NULL) {
        drv_odbc_connstr_free(string);
        drv_odbc_disconnect(own);
        return drv_fail_nomem(error);
    }
    it->connection = own;
    it->string = *string;
    it->deadline_us = deadline_us;
    memset(string, 0, sizeof *string);
    own->doing = "connecting";
    own->deadline_us = deadline_us;
    it->has_turn = take_turn(deadline_us);
    if (it->has_turn && start_thread(it) == 0)
        return wait_and_take(it, connection, deadline_us, error);
    int status = it->has_turn ? drv_fail_nomem(error) : fail_timeout(error);
    end_turn(it);
    attempt_free(it);
    return status;
}

/* ---- Options ---------------------------------------------------------------------- */

static int read_options(outfall_connection *connection, const outfall_connect_options *options,
                        outfall_error *error)
{
    for (uint32_t i = 0; i < options->option_count; i++) {
        const char *key = options->options[i].key, *value = options->options[i].value;
        if (strcmp(key, "odbc.method") == 0) {
            connection->way_wanted = strcmp(value, "array") == 0  ? DRV_ODBC_WAY_ARRAY
                                     : strcmp(value, "rows") == 0 ? DRV_ODBC_WAY_ROWS
                                                                  : DRV_ODBC_WAY_AUTO;
        } else if (strcmp(key, "odbc.dialect") == 0 && strcmp(value, "auto") != 0) {
            connection->dialect = drv_odbc_dialect_named(value);
            if (connection->dialect == NULL)
                return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                         "odbc.dialect is \"%.40s\"; it is one of auto, ansi, "
                                         "postgresql, mysql, sqlite, oracle, mssql",
                                         value);
        }
    }
    return OUTFALL_OK;
}

int drv_odbc_connect(const outfall_connect_options *options, int64_t deadline_us,
                     outfall_connection **out, outfall_error *error)
{
    const char *colon = strchr(options->url, ':');
    drv_odbc_connstr string;
    *out = NULL;
    int status = drv_odbc_connstr_read(colon != NULL ? colon + 1 : "", &string, error);
    if (status != OUTFALL_OK) {
        drv_odbc_connstr_free(&string);
        return status;
    }
    outfall_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        drv_odbc_connstr_free(&string);
        return drv_fail_nomem(error);
    }
    connection->socket = -1;
    atomic_init(&connection->severed, false);
    pthread_mutex_init(&connection->guard, NULL);
    status = read_options(connection, options, error);
    if (status != OUTFALL_OK) {
        drv_odbc_connstr_free(&string);
        drv_odbc_disconnect(connection);
        return status;
    }
    status = connect_in_time(&connection, &string, deadline_us, error);
    *out = connection; /* NULL where that failed. */
    return status;
}
