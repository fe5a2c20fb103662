/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
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

#define START_TRIES 300 /* Of 100 ms each. */
#define STOP_TRIES 600  /* Of 50 ms each. */

static int failed(outfall_error *error, const char *what, const char *on, const char *why)
{
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP, "cannot %s %s: %s", what,
                             on, why);
}

/* ---- Finding ---------------------------------------------------------------------- */

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

int daemon_program(const char *name, const char *pattern, char *out, size_t capacity)
{
    glob_t found;
    const char *best = NULL;
    if (by_path(name, out, capacity))
        return 1;
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (access(found.gl_pathv[i], X_OK) == 0 &&
            (best == NULL || strverscmp(found.gl_pathv[i], best) > 0))
            best = found.gl_pathv[i];
    }
    if (best != NULL)
        snprintf(out, capacity, "%s", best);
    globfree(&found);
    return best != NULL;
}

/* ---- Running ---------------------------------------------------------------------- */

int daemon_directory(struct daemon *daemon, const char *parent, const char *name, const char *user,
                     const char *socket, outfall_error *error)
{
    snprintf(daemon->directory, sizeof daemon->directory, "%s/%s", parent, name);
    if (strlen(daemon->directory) + 1 + strlen(socket) >= sizeof((struct sockaddr_un){0}).sun_path)
        return failed(error, "put a socket into", daemon->directory,
                      "the path is too long; set TMPDIR to a shorter one");
    if (mkdir(daemon->directory, 0700) != 0)
        return failed(error, "make", daemon->directory, strerror(errno));
    if (geteuid() != 0)
        return OUTFALL_OK;
    const struct passwd *account = getpwnam(user);
    if (account == NULL)
        account = getpwnam("nobody");
    if (account == NULL)
        return failed(error, "find a user to run the server as", user, "nor is there a nobody");
    daemon->uid = account->pw_uid;
    daemon->gid = account->pw_gid;
    /* Its user has to pass through the directory above. */
    if (chmod(parent, 0711) != 0 || chown(daemon->directory, daemon->uid, daemon->gid) != 0)
        return failed(error, "give away", daemon->directory, strerror(errno));
    return OUTFALL_OK;
}

/* In the child: become the server's user and run `argv`, its output in `log`. No return. */
static void run_as_user(const struct daemon *daemon, const char *log, char *const argv[])
{
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0 || dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0)
        _exit(126);
    if (geteuid() == 0 &&
        (setgroups(0, NULL) != 0 || setgid(daemon->gid) != 0 || setuid(daemon->uid) != 0))
        _exit(126);
    setsid();                         /* A terminal's Ctrl-C is ours, not the server's. */
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* After setuid, which clears it. */
    if (chdir(daemon->directory) != 0)
        _exit(126);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[0], argv);
    _exit(127);
}

static pid_t spawn(const struct daemon *daemon, const char *log, char *const argv[])
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", daemon->directory, log);
    pid_t pid = fork();
    if (pid == 0)
        run_as_user(daemon, path, argv);
    return pid;
}

/* The log's last line as the reason. */
static int failed_by_log(const struct daemon *daemon, const char *log, const char *what,
                         const char *program, outfall_error *error)
{
    char path[PATH_MAX + 32], line[256], last[256];
    snprintf(path, sizeof path, "%s/%s", daemon->directory, log);
    snprintf(last, sizeof last, "it said nothing");
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            memcpy(last, line, sizeof last);
    }
    if (file != NULL)
        fclose(file);
    return failed(error, what, program, last);
}

int daemon_run(const struct daemon *daemon, const char *log, char *const argv[],
               outfall_error *error)
{
    int state = 0;
    pid_t pid = spawn(daemon, log, argv);
    while (pid > 0 && waitpid(pid, &state, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0 || !WIFEXITED(state) || WEXITSTATUS(state) != 0)
        return failed_by_log(daemon, log, "run", argv[0], error);
    return OUTFALL_OK;
}

int daemon_start(struct daemon *daemon, const char *log, char *const argv[],
                 int (*answers)(void *context), void *context, outfall_error *error)
{
    daemon->pid = spawn(daemon, log, argv);
    if (daemon->pid < 0) {
        daemon->pid = 0;
        return failed(error, "start", argv[0], strerror(errno));
    }
    for (int i = 0; i < START_TRIES; i++) {
        if (waitpid(daemon->pid, NULL, WNOHANG) == daemon->pid) {
            daemon->pid = 0;
            return failed_by_log(daemon, log, "start", argv[0], error);
        }
        if (answers(context))
            return OUTFALL_OK;
        usleep(100000);
    }
    return failed(error, "reach", argv[0], "it did not answer within 30 s");
}

void daemon_stop(struct daemon *daemon, int signal, int harder)
{
    int gone = 0;
    if (daemon->pid <= 0)
        return;
    kill(daemon->pid, signal);
    for (int i = 0; i < STOP_TRIES && !gone; i++) {
        gone = waitpid(daemon->pid, NULL, WNOHANG) != 0;
        if (!gone)
            usleep(50000);
    }
    if (!gone) {
        kill(daemon->pid, harder);
        waitpid(daemon->pid, NULL, 0);
    }
    daemon->pid = 0;
}
