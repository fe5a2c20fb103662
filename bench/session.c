/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef BENCH_POSTGRESQL
#include "server.h"
#endif
#ifdef BENCH_MYSQL
#include "mariadb.h"
#endif

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    signalled = number;
}

void session_catch_signals(void)
{
    /* SA_RESETHAND: a second Ctrl-C ends the program at once. */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* A psql that died shows as EPIPE. */
}

int session_check(outfall_error *error)
{
    if (signalled == 0)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_CLOSED, OUTFALL_ACTION_STOP,
                             "interrupted by %s; finished scenarios are kept",
                             strsignal(signalled));
}

int session_open(struct session *session, outfall_error *error)
{
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] != '/')
        base = "/tmp";
    snprintf(session->scratch, sizeof session->scratch, "%s/outfall-bench-XXXXXX", base);
    if (mkdtemp(session->scratch) == NULL) {
        int code = errno;
        session->scratch[0] = '\0';
        return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
                                 "cannot make a directory in %s: %s; set TMPDIR to one with room",
                                 base, strerror(code));
    }
    return OUTFALL_OK;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void session_close(struct session *session)
{
#ifdef BENCH_POSTGRESQL
    server_stop(session->server);
#endif
#ifdef BENCH_MYSQL
    mariadb_stop(session->mariadb);
#endif
    session->server = NULL;
    session->mariadb = NULL;
    if (session->scratch[0] != '\0')
        nftw(session->scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    session->scratch[0] = '\0';
}

int session_postgresql(struct session *session, const char **url, outfall_error *error)
{
    int status = OUTFALL_OK;
    *url = session->url;
    if (session->url != NULL)
        return OUTFALL_OK;
#ifdef BENCH_POSTGRESQL
    if (session->server == NULL) {
        fprintf(session->out, "starting a PostgreSQL of this run's own …\n");
        fflush(session->out);
        status = server_start(session->scratch, &session->server, error);
    }
    if (status == OUTFALL_OK)
        *url = server_url(session->server);
#else
    status = outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                               "this build has no PostgreSQL scenarios");
#endif
    return status;
}

int session_mariadb(struct session *session, const char **url, const char **socket,
                    outfall_error *error)
{
#ifdef BENCH_MYSQL
    int status = OUTFALL_OK;
    *url = *socket = "";
    if (session->mariadb == NULL) {
        fprintf(session->out, "starting a MariaDB of this run's own …\n");
        fflush(session->out);
        status = mariadb_start(session->scratch, &session->mariadb, error);
    }
    if (status == OUTFALL_OK) {
        *url = mariadb_url(session->mariadb);
        *socket = mariadb_socket(session->mariadb);
    }
    return status;
#else
    (void)session;
    *url = *socket = "";
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                             "this build has no MariaDB scenarios");
#endif
}

/* Whether the scenario at hand is on this database, by its own driver or by ODBC; or on both. */
static int uses(const struct session *session, const char *driver, const char *odbc)
{
    return session->driver != NULL &&
           (strcmp(session->driver, driver) == 0 || strcmp(session->driver, odbc) == 0 ||
            strcmp(session->driver, SESSION_BOTH) == 0);
}

double session_server_cpu_s(const struct session *session)
{
    double seconds = NAN;
    if (session_is_users_server(session))
        return NAN;
#ifdef BENCH_POSTGRESQL
    if (session->server != NULL && uses(session, "postgresql", "odbc-postgresql"))
        seconds = server_cpu_s(session->server);
#endif
#ifdef BENCH_MYSQL
    if (session->mariadb != NULL && uses(session, "mysql", "odbc-mariadb"))
        seconds = mariadb_cpu_s(session->mariadb) + (isnan(seconds) ? 0 : seconds);
#endif
    return seconds;
}

int session_is_users_server(const struct session *session)
{
    return session->url != NULL && uses(session, "postgresql", "odbc-postgresql");
}

int session_runs(const struct session *session, int normal, int quick)
{
    return session->runs > 0 ? session->runs : session->quick ? quick : normal;
}
