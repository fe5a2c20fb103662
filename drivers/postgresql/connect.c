/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/connect.h"

#include <ctype.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "common/text.h"
#include "postgresql/action.h"
#include "postgresql/fault.h"
#include "postgresql/wait.h"

#define SERVER_VERSION_MIN 120000
#define PARAMETERS_MAX 16
#define TEXT_MAX 260
#define FORMS                                                                                      \
    "it looks like postgresql://user@host:port/database?sslmode=require or "                       \
    "postgresql:host=h dbname=d (a '%' in it is written %25)"

/* libpq's keyword and value arrays; a later entry wins, and dbname's expansion counts in place. */
typedef struct parameters {
    const char *keywords[PARAMETERS_MAX + 1];
    const char *values[PARAMETERS_MAX + 1];
    size_t count;
} parameters;

/* What the URL and the client's own settings say, as far as the choice of parameters needs it. */
typedef struct settings {
    bool remote;     /* A host that is neither a socket nor this machine. */
    bool tls_chosen; /* The user named an sslmode. */
    bool gss_chosen; /* The user named a gssencmode. */
} settings;

static int fail_config(outfall_error *error, const char *what)
{
    return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP, "PostgreSQL URL: %s",
                             what);
}

/* ---- The URL ---------------------------------------------------------------------------- */

/* What libpq takes as dbname: a URI as it is, or what follows "postgresql:". */
static const char *connection_string(const char *url)
{
    const char *colon = strchr(url, ':');
    if (colon == NULL)
        return url;
    return strncmp(colon, "://", 3) == 0 ? url : colon + 1;
}

static bool is_uri(const char *string)
{
    return strncmp(string, "postgresql://", 13) == 0 || strncmp(string, "postgres://", 11) == 0;
}

/*
 * A password in the wrong place ends up in the host, port or database name, which the messages of
 * libpq and of the server quote. Such strings are refused here, unquoted.
 */
static int check_string(const char *string, outfall_error *error)
{
    if (!is_uri(string)) {
        bool is_name = strchr(string, '=') == NULL;
        return is_name && strpbrk(string, ":@") != NULL ? fail_config(error, FORMS) : OUTFALL_OK;
    }
    const char *authority = strstr(string, "://") + 3;
    size_t length = strcspn(authority, "?");
    const char *first = memchr(authority, '@', length);
    if (first == NULL)
        return OUTFALL_OK;
    size_t before = (size_t)(first - authority);
    if (before > strcspn(authority, "/") || memchr(first + 1, '@', length - before - 1) != NULL)
        return fail_config(error, "write '@' in a user, password or database name as %40, and '/' "
                                  "in a user or password as %2F");
    return OUTFALL_OK;
}

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
    for (; options != NULL && options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val;
    return NULL;
}

/* True where the value comes from a variable or a service file, not from libpq's own default. */
static bool is_set_outside(const PQconninfoOption *options, const char *keyword)
{
    for (; options != NULL && options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val != NULL &&
                   (options->compiled == NULL || strcmp(options->val, options->compiled) != 0);
    return false;
}

static bool is_local(const char *host, size_t length)
{
    return length == 0 || host[0] == '/' || host[0] == '@' ||
           (length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
           (length > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") >= length) ||
           (length == 3 && strncmp(host, "::1", 3) == 0);
}

/* `hosts` is a list with commas; NULL is local. */
static bool any_remote(const char *hosts)
{
    while (hosts != NULL && *hosts != '\0') {
        size_t length = strcspn(hosts, ",");
        if (!is_local(hosts, length))
            return true;
        hosts += length + (hosts[length] == ',');
    }
    return false;
}

/* hostaddr, where given, is what is connected to, and host only a name; each may be a list. */
static bool is_remote(const char *host, const char *hostaddr)
{
    bool all_by_address = hostaddr != NULL && hostaddr[0] != '\0' && hostaddr[0] != ',' &&
                          strstr(hostaddr, ",,") == NULL && hostaddr[strlen(hostaddr) - 1] != ',';
    return any_remote(hostaddr) || (!all_by_address && any_remote(host));
}

static int check_port(const char *port, outfall_error *error)
{
    if (port != NULL && strspn(port, "0123456789,") != strlen(port))
        return fail_config(error, "the port is not a number; write ':', '/' and '@' in a password "
                                  "as %3A, %2F and %40");
    return OUTFALL_OK;
}

static int read_settings(const char *string, settings *out, outfall_error *error)
{
    memset(out, 0, sizeof *out);
    int status = check_string(string, error);
    if (status != OUTFALL_OK)
        return status;
    PQconninfoOption *defaults = PQconndefaults();
    PQconninfoOption *given = NULL;
    char *why = NULL; /* Not shown: it quotes what it could not read. */
    bool is_string = is_uri(string) || strchr(string, '=') != NULL;
    if (is_string)
        given = PQconninfoParse(string, &why);
    if (defaults == NULL) {
        status = drv_fail_nomem(error);
    } else if (is_string && given == NULL) {
        status = fail_config(error, "libpq cannot read it; " FORMS);
    } else {
        const char *host = option_value(given, "host");
        const char *hostaddr = option_value(given, "hostaddr");
        out->remote = is_remote(host != NULL ? host : option_value(defaults, "host"),
                                hostaddr != NULL ? hostaddr : option_value(defaults, "hostaddr"));
        out->tls_chosen =
            option_value(given, "sslmode") != NULL || is_set_outside(defaults, "sslmode");
        out->gss_chosen =
            option_value(given, "gssencmode") != NULL || is_set_outside(defaults, "gssencmode");
        status = check_port(option_value(given, "port"), error);
    }
    PQfreemem(why);
    PQconninfoFree(given);
    PQconninfoFree(defaults);
    return status;
}

/* ---- Parameters ------------------------------------------------------------------------- */

static void add(parameters *to, const char *keyword, const char *value)
{
    to->keywords[to->count] = keyword;
    to->values[to->count] = value;
    to->count++;
}

/* What stands before dbname yields to the URL; what stands after it does not. */
static void collect(parameters *to, const outfall_connect_options *options, const settings *found,
                    bool verify_tls)
{
    memset(to, 0, sizeof *to);
    add(to, "fallback_application_name", "outfall");
    if (options->application_name != NULL && options->application_name[0] != '\0')
        add(to, "fallback_application_name", options->application_name);
    add(to, "keepalives_idle", "30");
    add(to, "keepalives_interval", "10");
    add(to, "keepalives_count", "3");
    add(to, "tcp_user_timeout", "60000");
    if (!found->gss_chosen)
        add(to, "gssencmode", "disable"); /* Its probe costs each connection a ticket look-up. */
    if (verify_tls)
        add(to, "sslmode", "verify-full");
    add(to, "dbname", connection_string(options->url));
    add(to, "client_encoding", "UTF8");
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result; /* libpq would print it on stderr. */
}

/* Begins; the messages of a failing server then carry their SQLSTATE. NULL: no memory. */
static PGconn *start(const outfall_connect_options *options, const settings *found, bool verify_tls)
{
    parameters chosen;
    collect(&chosen, options, found, verify_tls);
    PGconn *pg = PQconnectStartParams(chosen.keywords, chosen.values, 1);
    if (pg != NULL) {
        PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
        PQsetNoticeReceiver(pg, ignore_notice, NULL);
    }
    return pg;
}

/* Only libpq reads a service file that the URL names: what it says shows in the started PGconn. */
static bool service_needs_tls(PGconn *pg, const settings *found)
{
    if (found->tls_chosen)
        return false;
    PQconninfoOption *effective = PQconninfo(pg);
    bool needed = effective != NULL &&
                  is_remote(option_value(effective, "host"), option_value(effective, "hostaddr")) &&
                  !is_set_outside(effective, "sslmode");
    PQconninfoFree(effective);
    return needed;
}

/* ---- Errors ----------------------------------------------------------------------------- */

/*
 * libpq gives a failed connection's SQLSTATE only within the verbose message, as
 * "FATAL:  28P01: text". Copies it to `sqlstate` and the message without it, to the line's end, to
 * `text`; copies the whole message where there is none.
 */
static void split_message(const char *message, char sqlstate[6], char *text, size_t capacity)
{
    sqlstate[0] = '\0';
    for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        const char *code = at + 3;
        size_t length = 0;
        while (length < 5 &&
               (isdigit((unsigned char)code[length]) || isupper((unsigned char)code[length])))
            length++;
        if (length != 5 || strncmp(code + 5, ": ", 2) != 0)
            continue;
        memcpy(sqlstate, code, 5);
        sqlstate[5] = '\0';
        char line[TEXT_MAX * 2];
        snprintf(line, sizeof line, "%.*s: %.*s", (int)(at - message), message,
                 (int)strcspn(code + 7, "\n"), code + 7);
        drv_text_line(line, text, capacity);
        return;
    }
    drv_text_line(message, text, capacity);
}

/* TLS was being set up, and failed for a reason that another try will not change. */
static bool is_tls_refusal(ConnStatusType stage, const char *message)
{
    return stage == CONNECTION_SSL_STARTUP && strstr(message, "SYSCALL") == NULL &&
           (strstr(message, "SSL") != NULL || strstr(message, "certificate") != NULL);
}

/* `stage`: how far it had come. `verify_tls`: by our default, not the user's word. */
static int fail_connect(PGconn *pg, ConnStatusType stage, bool verify_tls, outfall_error *error)
{
    char sqlstate[6];
    char text[TEXT_MAX];
    const char *message = PQerrorMessage(pg);
    split_message(message, sqlstate, text, sizeof text);
    drv_pg_action found = drv_pg_action_of(sqlstate, NULL, true);
    if (PQconnectionNeedsPassword(pg)) {
        found = (drv_pg_action){OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP,
                                "give one in the URL, in PGPASSWORD or in ~/.pgpass"};
    } else if (is_tls_refusal(stage, message)) {
        found = (drv_pg_action){
            OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
            verify_tls ? "a host that is not local is connected to with sslmode=verify-full unless "
                         "the URL names another sslmode; see docs/drivers/postgresql.md"
                       : "see sslmode and sslrootcert in the URL"};
    } else if (stage == CONNECTION_BAD && strncmp(message, "invalid ", 8) == 0) {
        found = (drv_pg_action){OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP, "correct the URL"};
    }
    outfall_error_set(error, found.status, found.action, "cannot connect to PostgreSQL: %s%s%s",
                      text, found.advice != NULL ? "; " : "",
                      found.advice != NULL ? found.advice : "");
    if (error != NULL)
        memcpy(error->sqlstate, sqlstate, sizeof sqlstate);
    return found.status;
}

/* ---- Connecting ------------------------------------------------------------------------- */

static int finish_handshake(PGconn *pg, bool verify_tls, int64_t deadline_us, outfall_error *error)
{
    ConnStatusType stage = CONNECTION_BAD;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    if (PQstatus(pg) == CONNECTION_BAD)
        return fail_connect(pg, stage, verify_tls, error);
    while (next != PGRES_POLLING_OK) {
        stage = PQstatus(pg);
        int ready = drv_pg_poll(PQsocket(pg), next == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                                deadline_us);
        if (ready == 0)
            return outfall_error_set(error, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY,
                                     "cannot connect to PostgreSQL at \"%.120s\", port %.12s: no "
                                     "answer before the deadline (see connect.timeout.ms)",
                                     PQhost(pg), PQport(pg));
        if (ready < 0)
            return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                                     "cannot connect to PostgreSQL: poll failed");
        next = PQconnectPoll(pg);
        if (next == PGRES_POLLING_FAILED)
            return fail_connect(pg, stage, verify_tls, error);
    }
    return OUTFALL_OK;
}

static int check_server(PGconn *pg, outfall_error *error)
{
    const char *encoding = PQparameterStatus(pg, "client_encoding");
    if (PQserverVersion(pg) < SERVER_VERSION_MIN)
        return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                 "PostgreSQL %d is too old: 12 or newer is needed",
                                 PQserverVersion(pg) / 10000);
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
        return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                                 "the session's client_encoding is %.30s, not UTF8: a pooler "
                                 "between us and the server ignores it; set it there",
                                 encoding != NULL ? encoding : "not known");
    return OUTFALL_OK;
}

int drv_pg_connect_beside(PGconn *pg, int64_t deadline_us, PGconn **out)
{
    size_t count = 0;
    outfall_error ignored;
    *out = NULL;
    PQconninfoOption *options = PQconninfo(pg);
    for (PQconninfoOption *at = options; at != NULL && at->keyword != NULL; at++)
        count++;
    const char **keywords = calloc(2 * (count + 1), sizeof *keywords);
    for (size_t i = 0, to = 0; keywords != NULL && i < count; i++)
        if (options[i].val != NULL) {
            keywords[to] = options[i].keyword;
            keywords[count + 1 + to++] = options[i].val;
        }
    PGconn *beside =
        keywords != NULL ? PQconnectStartParams(keywords, keywords + count + 1, 0) : NULL;
    free(keywords);
    PQconninfoFree(options);
    int status =
        beside == NULL ? OUTFALL_ERR_NOMEM : finish_handshake(beside, false, deadline_us, &ignored);
    if (status == OUTFALL_OK)
        *out = beside;
    else
        PQfinish(beside);
    return status;
}

int drv_pg_connect_open(const outfall_connect_options *options, int64_t deadline_us, PGconn **out,
                        outfall_error *error)
{
    settings found;
    *out = NULL;
    int status = read_settings(connection_string(options->url), &found, error);
    if (status != OUTFALL_OK)
        return status;
    bool verify_tls = found.remote && !found.tls_chosen;
    PGconn *pg = start(options, &found, verify_tls);
    if (pg != NULL && !verify_tls && service_needs_tls(pg, &found)) {
        PQfinish(pg);
        verify_tls = true;
        pg = start(options, &found, verify_tls);
    }
    status =
        pg == NULL ? drv_fail_nomem(error) : finish_handshake(pg, verify_tls, deadline_us, error);
    if (status == OUTFALL_OK)
        status = check_server(pg, error);
    if (status == OUTFALL_OK)
        PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
    if (status == OUTFALL_OK && PQsetnonblocking(pg, 1) != 0)
        status = drv_fail_nomem(error);
    if (status == OUTFALL_OK) {
        *out = pg;
        pg = NULL; /* The caller owns it now. */
    }
    PQfinish(pg);
    return status;
}
