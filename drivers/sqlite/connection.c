/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include "common/clock.h"
#include "common/fail.h"
#include "common/text.h"
#include "sqlite/action.h"

/* Instructions of SQLite's machine between two looks at the clock: some 50 microseconds. */
#define PROGRESS_STEPS 1000

#define BUSY_PAUSE_MAX_US 20000

static const char *const statement_sql[LITE_STATEMENTS] = {
    [LITE_BEGIN] = "BEGIN IMMEDIATE",
    [LITE_COMMIT] = "COMMIT",
    [LITE_ROLLBACK] = "ROLLBACK",
    [LITE_SAVEPOINT] = "SAVEPOINT outfall",
    [LITE_RELEASE] = "RELEASE outfall",
    [LITE_ROLLBACK_TO] = "ROLLBACK TO outfall",
    [LITE_SCHEMA_VERSION] = "PRAGMA main.schema_version",
};

/* ---- Time ------------------------------------------------------------------------- */

/*
 * Waits a little for another connection's lock; longer each time. Returns 0 once the deadline has
 * passed or the connection is cut: SQLite then gives up with SQLITE_BUSY.
 */
static int wait_for_lock(void *context, int times)
{
    outfall_connection *connection = context;
    int64_t left_us = connection->deadline_us - drv_now_us();
    if (atomic_load(&connection->severed) || left_us <= 0)
        return 0;
    int64_t pause_us = times < 8 ? INT64_C(100) << times : BUSY_PAUSE_MAX_US;
    if (pause_us > left_us)
        pause_us = left_us;
    struct timespec pause = {.tv_sec = 0, .tv_nsec = (long)pause_us * 1000};
    nanosleep(&pause, NULL);
    return 1;
}

/* Not 0: SQLite ends the statement with SQLITE_INTERRUPT. */
static int look_at_clock(void *context)
{
    outfall_connection *connection = context;
    return atomic_load(&connection->severed) || drv_now_us() >= connection->deadline_us;
}

/* ---- Errors ----------------------------------------------------------------------- */

static int fail_severed(outfall_connection *connection, outfall_error *error)
{
    connection->dead = 1;
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                             "sqlite: the connection to %s was cut", connection->file);
}

static int fail_timeout(outfall_connection *connection, const char *doing, outfall_error *error)
{
    connection->dead = 1;
    return outfall_error_set(error, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY,
                             "sqlite: %s on %s: the deadline passed; another connection may hold "
                             "the file's lock: end its transaction, or raise request.timeout.ms",
                             doing, connection->file);
}

int lite_fail(outfall_connection *connection, int code, const char *doing, const char *object,
              outfall_error *error)
{
    int extended = sqlite3_extended_errcode(connection->db);
    if ((extended & 0xFF) != (code & 0xFF))
        extended = code; /* A later call has replaced it. */
    int system_error = sqlite3_system_errno(connection->db);
    int primary = extended & 0xFF;
    if (atomic_load(&connection->severed))
        return fail_severed(connection, error);
    if (primary == SQLITE_INTERRUPT ||
        (primary == SQLITE_BUSY && drv_now_us() >= connection->deadline_us))
        return fail_timeout(connection, doing, error);
    const lite_action *action = lite_action_of(extended, system_error);
    int io = action->status == OUTFALL_ERR_IO && system_error != 0;
    outfall_error_set(error, action->status, action->action, "sqlite: %s %s: %s%s%s%s%s%s", doing,
                      object != NULL ? object : connection->file, sqlite3_errmsg(connection->db),
                      io ? " (" : "", io ? strerror(system_error) : "", io ? ")" : "",
                      action->advice != NULL ? "; " : "",
                      action->advice != NULL ? action->advice : "");
    if (error != NULL)
        error->native_code = extended;
    return action->status;
}

int lite_enter(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    connection->deadline_us = deadline_us;
    if (connection->dead || atomic_load(&connection->severed))
        return fail_severed(connection, error);
    if (drv_now_us() >= deadline_us)
        return fail_timeout(connection, "a call", error);
    return OUTFALL_OK;
}

/* ---- Statements ------------------------------------------------------------------- */

int lite_prepare(outfall_connection *connection, const char *sql, const char *doing,
                 sqlite3_stmt **out, outfall_error *error)
{
    int code = sqlite3_prepare_v3(connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return code == SQLITE_OK ? OUTFALL_OK : lite_fail(connection, code, doing, NULL, error);
}

int lite_run(outfall_connection *connection, enum lite_statement which, const char *doing,
             int64_t *value, outfall_error *error)
{
    sqlite3_stmt **statement = &connection->statements[which];
    int status = OUTFALL_OK;
    if (*statement == NULL)
        status = lite_prepare(connection, statement_sql[which], doing, statement, error);
    if (status != OUTFALL_OK)
        return status;
    int code = sqlite3_step(*statement);
    if (code == SQLITE_ROW && value != NULL)
        *value = sqlite3_column_int64(*statement, 0);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = lite_fail(connection, code, doing, NULL, error);
    sqlite3_reset(*statement);
    return status;
}

/* ---- Connect ---------------------------------------------------------------------- */

static const char *option(const outfall_connect_options *options, const char *key,
                          const char *fallback)
{
    for (uint32_t i = 0; i < options->option_count; i++)
        if (strcmp(options->options[i].key, key) == 0)
            return options->options[i].value;
    return fallback;
}

/* The path or file: URI behind "sqlite:", checked as far as text goes. */
static int read_url(const char *url, const char **path, outfall_error *error)
{
    const char *colon = strchr(url, ':');
    *path = colon != NULL ? colon + 1 : "";
    int uri = strncmp(*path, "file:", 5) == 0;
    if (**path == '\0')
        return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                 "sqlite: the URL names no file; write sqlite:PATH");
    if (strcmp(*path, ":memory:") == 0)
        return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                 "sqlite: :memory: would be another empty database for each "
                                 "connection; name a file, on a tmpfs where it is to be in memory");
    if (!uri && strchr(*path, '?') != NULL)
        return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                 "sqlite: a path takes no parameters; write "
                                 "sqlite:file:PATH?name=value, or %%3f in it for a '?' of the "
                                 "file's name");
    return OUTFALL_OK;
}

/* Whether the directory is there that the file would be in. */
static int directory_exists(const char *file)
{
    const char *slash = strrchr(file, '/');
    char directory[4096];
    if (slash == NULL || slash == file)
        return 1;
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - file), file);
    return access(directory, F_OK) == 0;
}

static int fail_open(outfall_connection *connection, int create, int code, outfall_error *error)
{
    const char *file = connection->file;
    int system_error = connection->db != NULL ? sqlite3_system_errno(connection->db) : 0;
    const char *advice = NULL;
    if (code == SQLITE_NOMEM || connection->db == NULL)
        return drv_fail_nomem(error);
    if ((code & 0xFF) != SQLITE_CANTOPEN)
        return lite_fail(connection, code, "open", NULL, error);
    if (system_error == ENOENT && !create && directory_exists(file))
        advice =
            "there is no such file: correct the path, or set create=if-missing to have it made";
    else if (system_error == ENOENT || system_error == ENOTDIR)
        advice = "its directory does not exist: create it, or correct the path";
    else if (system_error == EACCES || system_error == EPERM)
        advice = "this user may not open it: change the file's or the directory's permissions";
    else if (system_error == EISDIR)
        advice = "it is a directory: name a file in it";
    else if (system_error == EROFS)
        advice = "the file system is read-only";
    if (advice == NULL)
        return lite_fail(connection, code, "open", NULL, error);
    outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP, "sqlite: open %s: %s", file,
                      advice);
    if (error != NULL)
        error->native_code = code;
    return OUTFALL_ERR_IO;
}

/* Runs a pragma; `answer` (may be NULL) gets the text of the first row's first column. */
static int pragma(outfall_connection *connection, const char *sql, char *answer, size_t capacity,
                  outfall_error *error)
{
    sqlite3_stmt *statement = NULL;
    int status = lite_prepare(connection, sql, "open", &statement, error);
    if (status != OUTFALL_OK)
        return status;
    int code, times = 0;
    /* Two connections that change the journal mode at once get SQLITE_BUSY without a wait. */
    while ((code = sqlite3_step(statement)) == SQLITE_BUSY && wait_for_lock(connection, times++))
        sqlite3_reset(statement);
    if (code == SQLITE_ROW && answer != NULL) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        snprintf(answer, capacity, "%s", text != NULL ? text : "");
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status = lite_fail(connection, code, "open", NULL, error);
    }
    sqlite3_finalize(statement);
    return status;
}

static int set_journal(outfall_connection *connection, const char *wanted, outfall_error *error)
{
    char is[16] = "";
    int status = pragma(connection, "PRAGMA main.journal_mode", is, sizeof is, error);
    if (status != OUTFALL_OK || strcmp(is, wanted) == 0)
        return status;
    status = pragma(connection,
                    strcmp(wanted, "wal") == 0 ? "PRAGMA main.journal_mode = WAL"
                                               : "PRAGMA main.journal_mode = DELETE",
                    is, sizeof is, error);
    if (status == OUTFALL_OK && strcmp(is, wanted) != 0)
        return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                 "sqlite: %s stays in journal mode %s; set sqlite.journal to "
                                 "delete, as network file systems need it",
                                 connection->file, is);
    return status;
}

static int set_up(outfall_connection *connection, const outfall_connect_options *options,
                  outfall_error *error)
{
    const char *synchronous = option(options, "sqlite.synchronous", "full");
    const char *file = sqlite3_db_filename(connection->db, "main");
    if (file == NULL || file[0] == '\0')
        return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                 "sqlite: %s is a database in memory, another for each "
                                 "connection; name a file, on a tmpfs where it is to be in memory",
                                 connection->file);
    if (sqlite3_db_readonly(connection->db, "main") == 1)
        return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                                 "sqlite: %s is read-only; make the file writable for this user, "
                                 "and its file system too",
                                 connection->file);
    int status = pragma(connection, "PRAGMA main.schema_version", NULL, 0, error);
    if (status == OUTFALL_OK)
        status = set_journal(connection, option(options, "sqlite.journal", "wal"), error);
    if (status == OUTFALL_OK)
        status = pragma(connection,
                        strcmp(synchronous, "off") == 0      ? "PRAGMA main.synchronous = OFF"
                        : strcmp(synchronous, "normal") == 0 ? "PRAGMA main.synchronous = NORMAL"
                                                             : "PRAGMA main.synchronous = FULL",
                        NULL, 0, error);
    if (status == OUTFALL_OK)
        status = pragma(connection, "PRAGMA foreign_keys = ON", NULL, 0, error);
    return status;
}

int lite_connect(const outfall_connect_options *options, int64_t deadline_us,
                 outfall_connection **out, outfall_error *error)
{
    const char *path;
    *out = NULL;
    if (sqlite3_threadsafe() == 0)
        return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                 "sqlite: this SQLite library is built without threads; install "
                                 "one that has them");
    int status = read_url(options->url, &path, error);
    if (status != OUTFALL_OK)
        return status;
    outfall_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return drv_fail_nomem(error);
    int uri = strncmp(path, "file:", 5) == 0;
    connection->deadline_us = deadline_us;
    connection->file = strndup(path, uri ? strcspn(path, "?") : strlen(path));
    if (connection->file == NULL) {
        status = drv_fail_nomem(error);
        goto done;
    }
    int code = sqlite3_open_v2(path, &connection->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                   (options->create ? SQLITE_OPEN_CREATE : 0) |
                                   (uri ? SQLITE_OPEN_URI : 0),
                               NULL);
    if (code != SQLITE_OK) {
        status = fail_open(connection, options->create != 0, code, error);
        goto done;
    }
    sqlite3_extended_result_codes(connection->db, 1);
    sqlite3_busy_handler(connection->db, wait_for_lock, connection);
    sqlite3_progress_handler(connection->db, PROGRESS_STEPS, look_at_clock, connection);
    code = lite_rows_register_field(connection->db, &connection->rows);
    status = code == SQLITE_OK ? set_up(connection, options, error)
                               : lite_fail(connection, code, "open", NULL, error);
    if (status == OUTFALL_OK) {
        *out = connection;
        connection = NULL; /* The caller owns it now. */
    }
done:
    lite_disconnect(connection);
    return status;
}

void lite_disconnect(outfall_connection *connection)
{
    if (connection == NULL)
        return;
    for (int i = 0; i < LITE_STATEMENTS; i++)
        sqlite3_finalize(connection->statements[i]);
    sqlite3_close(connection->db); /* Rolls back. */
    free(connection->file);
    free(connection);
}

int lite_ping(outfall_connection *connection, char *description, size_t capacity,
              int64_t deadline_us, outfall_error *error)
{
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK) /* Reads the file. */
        status = lite_run(connection, LITE_SCHEMA_VERSION, "read", NULL, error);
    if (status == OUTFALL_OK && description != NULL)
        snprintf(description, capacity, "SQLite %s", sqlite3_libversion());
    return status;
}

void lite_sever(outfall_connection *connection)
{
    atomic_store(&connection->severed, 1);
    sqlite3_interrupt(connection->db);
}
