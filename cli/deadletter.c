/* SPDX-License-Identifier: Apache-2.0 */
#include "deadletter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jsontext.h"
#include "say.h"

/* So many rejections are shown on standard error where no file takes them. */
enum { SHOWN_MAX = 10 };

struct of_deadletters {
    const char *path; /* Borrowed; NULL: no file. */
    int descriptor;
    bool broken; /* The file could not be written. */
    uint64_t count;
    of_jsontext text;
};

/* A load that reads its own dead letters would never end. */
static int check_inputs(const of_deadletters *letters, const char *const *inputs, size_t count,
                        outfall_error *error)
{
    struct stat own, input;
    if (fstat(letters->descriptor, &own) != 0 || !S_ISREG(own.st_mode))
        return OUTFALL_OK;
    for (size_t i = 0; i < count; i++) {
        int failed =
            strcmp(inputs[i], "-") == 0 ? fstat(STDIN_FILENO, &input) : stat(inputs[i], &input);
        if (failed == 0 && input.st_dev == own.st_dev && input.st_ino == own.st_ino)
            return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                     "the dead-letter file %s is also what is loaded: name another",
                                     letters->path);
    }
    return OUTFALL_OK;
}

int of_deadletters_open(const char *path, const char *const *inputs, size_t input_count,
                        of_deadletters **out, outfall_error *error)
{
    of_deadletters *letters = calloc(1, sizeof *letters);

    *out = NULL;
    if (letters == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    letters->path = path;
    letters->descriptor = -1;
    if (path != NULL) {
        letters->descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (letters->descriptor < 0) {
            free(letters);
            return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                     "cannot open the dead-letter file %s: %s", path,
                                     strerror(errno));
        }
    }
    if (path != NULL) {
        int status = check_inputs(letters, inputs, input_count, error);
        if (status != OUTFALL_OK) {
            close(letters->descriptor);
            free(letters);
            return status;
        }
    }
    *out = letters;
    return OUTFALL_OK;
}

static void member(of_jsontext *text, const char *key, const char *value)
{
    of_jsontext_format(text, ", \"%s\": ", key);
    of_jsontext_string(text, value, strlen(value));
}

/* The row's kind as its first member, so that the row can be loaded again as it is. */
static void compose_kind(of_jsontext *text, const of_rejection *rejection)
{
    of_jsontext_string(text, rejection->kind_column, strlen(rejection->kind_column));
    of_jsontext_raw(text, ": ", 2);
    of_jsontext_string(text, rejection->kind, strlen(rejection->kind));
}

static void compose_object(of_jsontext *text, const of_rejection *rejection)
{
    const char *json = rejection->json;
    size_t length = rejection->json_bytes;

    of_jsontext_format(text, ", \"row\": ");
    /* A line of JSON may end with its line end. */
    while (length > 0 && strchr("\r\n", json[length - 1]) != NULL)
        length--;
    if (rejection->kind_column != NULL && length > 0) { /* Without its brace it goes on. */
        of_jsontext_raw(text, "{", 1);
        compose_kind(text, rejection);
        json++;
        length--;
        if (*json != '}')
            of_jsontext_raw(text, ", ", 2);
    }
    of_jsontext_raw(text, json, length);
}

static void compose_row(of_jsontext *text, const of_rejection *rejection)
{
    if (rejection->json != NULL) {
        compose_object(text, rejection);
    } else if (rejection->values != NULL) {
        of_jsontext_format(text, ", \"row\": {");
        if (rejection->kind_column != NULL)
            compose_kind(text, rejection);
        for (size_t i = 0; i < rejection->names->count; i++) {
            if (i > 0 || rejection->kind_column != NULL)
                of_jsontext_raw(text, ", ", 2);
            of_jsontext_string(text, rejection->names->names[i], rejection->names->lengths[i]);
            of_jsontext_raw(text, ": ", 2);
            of_jsontext_value(text, &rejection->values[i]);
        }
        of_jsontext_raw(text, "}", 1);
    } else if (rejection->raw != NULL) {
        of_jsontext_format(text, ", \"raw\": ");
        of_jsontext_string(text, rejection->raw, rejection->raw_bytes);
        if (rejection->cut)
            of_jsontext_format(text, ", \"cut\": true");
    }
}

static void compose(of_jsontext *text, const of_rejection *rejection)
{
    of_jsontext_clear(text);
    of_jsontext_format(text, "{\"file\": ");
    of_jsontext_string(text, rejection->file, strlen(rejection->file));
    of_jsontext_format(text, ", \"line\": %" PRIu64, rejection->line);
    if (rejection->column[0] != '\0')
        member(text, "column", rejection->column);
    member(text, "reason", rejection->reason);
    if (rejection->sqlstate[0] != '\0')
        member(text, "sqlstate", rejection->sqlstate);
    compose_row(text, rejection);
    of_jsontext_raw(text, "}\n", 2);
}

static int write_all(int descriptor, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t put = write(descriptor, data, length);
        if (put < 0 && errno != EINTR)
            return -1;
        if (put > 0) {
            data += put;
            length -= (size_t)put;
        }
    }
    return 0;
}

static void show(const of_rejection *rejection)
{
    char quoted[OUTFALL_COLUMN_NAME_MAX + 2];

    snprintf(quoted, sizeof quoted, "\"%s\"", rejection->column);
    /* Most reasons name the column themselves. */
    if (rejection->column[0] != '\0' && strstr(rejection->reason, quoted) == NULL)
        of_say("%s line %" PRIu64 ", column %s: %s", rejection->file, rejection->line, quoted,
               rejection->reason);
    else
        of_say("%s line %" PRIu64 ": %s", rejection->file, rejection->line, rejection->reason);
}

int of_deadletters_add(of_deadletters *letters, const of_rejection *rejection, outfall_error *error)
{
    letters->count++;
    if (letters->path == NULL) {
        if (letters->count <= SHOWN_MAX)
            show(rejection);
        return OUTFALL_OK;
    }
    compose(&letters->text, rejection);
    if (letters->text.failed)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP,
                                 "out of memory for the dead letter of %s line %" PRIu64,
                                 rejection->file, rejection->line);
    if (!letters->broken &&
        write_all(letters->descriptor, letters->text.data, letters->text.length) == 0)
        return OUTFALL_OK;
    int status = outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
                                   "cannot write the dead-letter file %s: %s; the rejected rows "
                                   "follow on standard error",
                                   letters->path, strerror(errno));
    letters->broken = true;
    (void)write_all(STDERR_FILENO, letters->text.data, letters->text.length);
    return status;
}

uint64_t of_deadletters_count(const of_deadletters *letters)
{
    return letters->count;
}

static void report(const of_deadletters *letters)
{
    if (letters->path == NULL && letters->count > SHOWN_MAX)
        of_say("%" PRIu64 " more rows were rejected; --dead-letter FILE keeps them all",
               letters->count - SHOWN_MAX);
    else if (letters->path != NULL && letters->count > 0 && !letters->broken)
        of_say("rejected rows are in %s", letters->path);
}

int of_deadletters_close(of_deadletters *letters, outfall_error *error)
{
    int status = OUTFALL_OK;

    if (letters == NULL)
        return OUTFALL_OK;
    report(letters);
    /* A pipe or a terminal cannot be synced (EINVAL), nor does it need to be. */
    if (letters->count > 0 && letters->descriptor >= 0 && fsync(letters->descriptor) != 0 &&
        errno != EINVAL && errno != EROFS)
        status = outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
                                   "cannot make the dead-letter file %s durable: %s", letters->path,
                                   strerror(errno));
    if (letters->descriptor >= 0 && close(letters->descriptor) != 0 && status == OUTFALL_OK)
        status = outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
                                   "cannot write the dead-letter file %s: %s", letters->path,
                                   strerror(errno));
    of_jsontext_free(&letters->text);
    free(letters);
    return status;
}
