/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "procfs.h"

#define START_TRIES 300 /* Of 100 ms each. */
#define STOP_TRIES 600  /* Of 50 ms each. */

struct server {
    char directory[PATH_MAX];
    char url[PATH_MAX * 3 + 64]; /* Each byte of a path may take three. */
    char postgres[PATH_MAX], initdb[PATH_MAX];
    pid_t pid; /* 0: not running. */
    uid_t uid;
    gid_t gid;
};

static int failed(outfall_error *error, const char *what, const char *on, const char *why)
{
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
                             "cannot %s %s: %s; or name a server with --url", what, on, why);
}

/* The newest of Debian's versioned directories that has the program. */
static int by_debian_directory(const char *name, char *out, size_t capacity)
{
    char pattern[PATH_MAX];
    glob_t found;
    long best = -1;
    snprintf(pattern, sizeof pattern, "/usr/lib/postgresql/*/bin/%s", name);
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        long version = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
        if (version > best && access(found.gl_pathv[i], X_OK) == 0) {
            best = version;
            snprintf(out, capacity, "%s", found.gl_pathv[i]);
        }
    }
    globfree(&found);
    return best >= 0;
}

static int by_path(const char *name, char *out, size_t capacity)
{
    char copy[PATH_MAX], *rest = copy;
    const char *path = getenv("PATH");
    snprintf(copy, sizeof copy, "%s", path == NULL ? "/usr/bin:/bin" : path);
    for (char *entry = strsep(&rest, ":"); entry != NULL; entry = strsep(&rest, ":")) {
        snprintf(out, capacity, "%s/%s", entry, name);
        if (entry[0] == '/' && access(out, X_OK) == 0)
            return 1;
    }
    return 0;
}

int server_program(const char *name, char *out, size_t capacity, outfall_error *error)
{
    if (by_path(name, out, capacity) || by_debian_directory(name, out, capacity))
        return OUTFALL_OK;
    return outfall_error_set(
        error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
        "PostgreSQL's %s is not in PATH; add its directory, install the server "
        "(Debian: postgresql), or name one with --url",
        name);
}

/* In the child: become the server's user and run `argv`, its output in `log`. No return. */
static void run_as_server(const struct server *server, const char *log, char *const argv[])
{
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0)
        _exit(126);
    if (geteuid() == 0 &&
        (setgroups(0, NULL) != 0 || setgid(server->gid) != 0 || setuid(server->uid) != 0))
        _exit(126);
    setsid();                         /* A terminal's Ctrl-C is ours, not the server's. */
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* After setuid, which clears it. */
    if (chdir(server->directory) != 0)
        _exit(126);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[0], argv);
    _exit(127);
}

static pid_t spawn(const struct server *server, const char *log, char *const argv[])
{
    pid_t pid = fork();
    if (pid == 0)
        run_as_server(server, log, argv);
    return pid;
}

/* The log's last line, for an error message. */
static const char *last_line(const char *log, char *out, size_t capacity)
{
    FILE *file = fopen(log, "re");
    char line[256];
    snprintf(out, capacity, "see %s", log);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            snprintf(out, capacity, "%s", line);
    }
    if (file != NULL)
        fclose(file);
    return out;
}

/* Its own directory, owned by whom the server runs as. */
static int make_directory(struct server *server, const char *directory, outfall_error *error)
{
    snprintf(server->directory, sizeof server->directory, "%s/postgresql", directory);
    if (strlen(server->directory) + sizeof "/.s.PGSQL.5432" >
        sizeof((struct sockaddr_un){0}).sun_path)
        return failed(error, "put a socket into", server->directory,
                      "the path is too long; set TMPDIR to a shorter one");
    if (mkdir(server->directory, 0700) != 0)
        return failed(error, "make", server->directory, strerror(errno));
    if (geteuid() != 0)
        return OUTFALL_OK;
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL)
        user = getpwnam("nobody");
    if (user == NULL)
        return failed(error, "find a user to run", "postgres",
                      "neither postgres nor nobody exists");
    server->uid = user->pw_uid;
    server->gid = user->pw_gid;
    /* Its user has to pass through the directory above. */
    if (chmod(directory, 0711) != 0 || chown(server->directory, server->uid, server->gid) != 0)
        return failed(error, "give away", server->directory, strerror(errno));
    return OUTFALL_OK;
}

static void make_url(struct server *server)
{
    size_t used =
        (size_t)snprintf(server->url, sizeof server->url, "postgresql://bench@/postgres?host=");
    for (const char *c = server->directory; *c != '\0'; c++) {
        int plain = isalnum((unsigned char)*c) || strchr("/-_.", *c) != NULL;
        used += (size_t)snprintf(server->url + used, sizeof server->url - used,
                                 plain ? "%c" : "%%%02X", (unsigned char)*c);
    }
}

static int make_cluster(const struct server *server, outfall_error *error)
{
    char log[PATH_MAX + 16], data[PATH_MAX + 16], program[PATH_MAX], line[256];
    snprintf(log, sizeof log, "%s/initdb.log", server->directory);
    snprintf(data, sizeof data, "%s/data", server->directory);
    snprintf(program, sizeof program, "%s", server->initdb);
    char *argv[] = {program, "-D", data,   "-U",         "bench", "-A",
                    "trust", "-E", "UTF8", "--locale=C", NULL};
    int state = 0;
    pid_t pid = spawn(server, log, argv);
    while (pid > 0 && waitpid(pid, &state, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0 || !WIFEXITED(state) || WEXITSTATUS(state) != 0)
        return failed(error, "run", program, last_line(log, line, sizeof line));
    return OUTFALL_OK;
}

static int launch(struct server *server, outfall_error *error)
{
    char log[PATH_MAX + 16], data[PATH_MAX + 16], line[256];
    snprintf(log, sizeof log, "%s/server.log", server->directory);
    snprintf(data, sizeof data, "%s/data", server->directory);
    /*
     * WAL enough for the longest scenario without a checkpoint inside of a run; scenarios ask for
     * one between runs, which recycles the segments. No autovacuum: it would fall on one side.
     */
    char *argv[] = {server->postgres,
                    "-D",
                    data,
                    "-k",
                    server->directory,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=on",
                    "-c",
                    "max_wal_size=4GB",
                    "-c",
                    "min_wal_size=1GB",
                    "-c",
                    "checkpoint_timeout=1h",
                    "-c",
                    "autovacuum=off",
                    "-c",
                    "max_prepared_transactions=16",
                    NULL};
    server->pid = spawn(server, log, argv);
    if (server->pid < 0) {
        server->pid = 0;
        return failed(error, "start", server->postgres, strerror(errno));
    }
    for (int i = 0; i < START_TRIES; i++) {
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            return failed(error, "start", server->postgres, last_line(log, line, sizeof line));
        }
        if (PQping(server->url) == PQPING_OK)
            return OUTFALL_OK;
        usleep(100000);
    }
    return failed(error, "reach", server->url, "it did not answer within 30 s");
}

int server_start(const char *directory, struct server **out, outfall_error *error)
{
    struct server *server = calloc(1, sizeof *server);
    *out = NULL;
    if (server == NULL)
        return failed(error, "start", "a server", "out of memory");
    int status = server_program("initdb", server->initdb, sizeof server->initdb, error);
    if (status == OUTFALL_OK)
        status = server_program("postgres", server->postgres, sizeof server->postgres, error);
    if (status == OUTFALL_OK)
        status = make_directory(server, directory, error);
    if (status == OUTFALL_OK) {
        make_url(server);
        status = make_cluster(server, error);
    }
    if (status == OUTFALL_OK)
        status = launch(server, error);
    if (status != OUTFALL_OK)
        server_stop(server);
    else
        *out = server;
    return status;
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    if (server->pid > 0) {
        int gone = 0;
        kill(server->pid, SIGINT); /* Fast shutdown. */
        for (int i = 0; i < STOP_TRIES && !gone; i++) {
            gone = waitpid(server->pid, NULL, WNOHANG) != 0;
            if (!gone)
                usleep(50000);
        }
        if (!gone) {
            kill(server->pid, SIGQUIT); /* Immediate. */
            waitpid(server->pid, NULL, 0);
        }
    }
    free(server);
}

const char *server_url(const struct server *server)
{
    return server->url;
}

double server_cpu_s(const struct server *server)
{
    return procfs_tree_cpu_s(server->pid);
}
