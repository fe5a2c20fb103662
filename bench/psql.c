/* SPDX-License-Identifier: Apache-2.0 */
#include "psql.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "procfs.h"

#define DONE "outfall-bench: done"

struct psql {
    pid_t pid;
    FILE *in, *out; /* Its standard input and output. */
};

static int failed(outfall_error *error, const char *why)
{
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, "psql: %s", why);
}

/* The URL's parts go by the environment, since others can read a process's arguments. */
static int set_environment(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL)
        return -1;
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL && option->envvar != NULL)
            setenv(option->envvar, option->val, 1);
    }
    PQconninfoFree(options);
    return 0;
}

/* In the child. No return. */
static void run_psql(const char *program, const char *url, int end)
{
    if (dup2(end, STDIN_FILENO) < 0 || dup2(end, STDOUT_FILENO) < 0 || set_environment(url) != 0)
        _exit(126);
    setpgid(0, 0); /* A terminal's Ctrl-C is ours alone. */
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execl(program, program, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", (char *)NULL);
    _exit(127);
}

int psql_open(struct psql **out, const char *program, const char *url, outfall_error *error)
{
    int ends[2];
    struct psql *psql = calloc(1, sizeof *psql);
    *out = psql;
    if (psql == NULL)
        return failed(error, "out of memory");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return failed(error, strerror(errno));
    psql->pid = fork();
    if (psql->pid == 0)
        run_psql(program, url, ends[1]);
    close(ends[1]);
    psql->in = fdopen(ends[0], "we");
    psql->out = fdopen(dup(ends[0]), "re");
    if (psql->pid < 0 || psql->in == NULL || psql->out == NULL)
        return failed(error, strerror(errno));
    return psql_execute(psql, "", error);
}

int psql_execute(struct psql *psql, const char *commands, outfall_error *error)
{
    char line[512];
    if (fprintf(psql->in, "%s\\echo " DONE "\n", commands) < 0 || fflush(psql->in) != 0)
        return failed(error, "it has ended; its own message is above");
    while (fgets(line, sizeof line, psql->out) != NULL) {
        if (strcmp(line, DONE "\n") == 0)
            return OUTFALL_OK;
    }
    return failed(error, "it has ended; its own message is above");
}

double psql_cpu_s(const struct psql *psql)
{
    return procfs_tree_cpu_s(psql->pid);
}

void psql_close(struct psql *psql)
{
    if (psql == NULL)
        return;
    if (psql->in != NULL)
        fclose(psql->in);
    if (psql->out != NULL)
        fclose(psql->out); /* End of file: psql leaves. */
    if (psql->pid > 0)
        waitpid(psql->pid, NULL, 0);
    free(psql);
}
