/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file error.h
 * Status codes, and the error detail that a caller owns.
 *
 * Every function that can fail returns an int: OUTFALL_OK (0) or one of the negative
 * codes below. Detail goes to the caller's outfall_error, which may be NULL; it never
 * allocates and never holds a password.
 */
#ifndef OUTFALL_ERROR_H
#define OUTFALL_ERROR_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

enum outfall_status {
    OUTFALL_OK = 0,
    OUTFALL_ERR_INVALID = -1,     /* Misuse: a bad argument, or a call out of turn. */
    OUTFALL_ERR_NOMEM = -2,       /* Memory could not be had. */
    OUTFALL_ERR_FULL = -3,        /* The buffer is full and buffer.block.ms has passed. */
    OUTFALL_ERR_TIMEOUT = -4,     /* The deadline passed; nothing was undone. */
    OUTFALL_ERR_IO = -5,          /* The database cannot be reached, or the connection broke. */
    OUTFALL_ERR_REFUSED = -6,     /* A value does not fit its column; the row was not taken. */
    OUTFALL_ERR_DATABASE = -7,    /* The database answered with an error. */
    OUTFALL_ERR_NOT_FOUND = -8,   /* No such table, column, driver or option. */
    OUTFALL_ERR_UNSUPPORTED = -9, /* Not offered by this driver, server or version. */
    OUTFALL_ERR_CLOSED = -10,     /* The handle is closing, or belongs to a parent process. */
    OUTFALL_ERR_CONFIG = -11,     /* A bad option or URL. */
    OUTFALL_ERR_AUTH = -12,       /* The database refused the credentials. */
    OUTFALL_ERR_CHANGED = -13,    /* The table or its columns are no longer what they were. */
    OUTFALL_ERR_UNKNOWN = -14,    /* A commit was sent and its outcome is not known. */
    OUTFALL_ERR_FENCED = -15,     /* Another process has taken the writer over. */
    OUTFALL_ERR_ABORTED = -16     /* A two-phase transaction was rolled back. */
};

/** What is to be done about an error; drivers classify, the flusher obeys. */
enum outfall_action {
    OUTFALL_ACTION_NONE = 0,
    OUTFALL_ACTION_RETRY = 1,   /* Back off, reconnect where the connection is dead, try again. */
    OUTFALL_ACTION_RESTART = 2, /* Roll back, describe the target again, replay the batch. */
    OUTFALL_ACTION_ROW = 3,     /* One row is at fault: it becomes a dead letter. */
    OUTFALL_ACTION_RESOLVE = 4, /* The outcome of a commit is unknown. */
    OUTFALL_ACTION_STOP = 5     /* Someone has to act; rows stay queued, nothing is lost. */
};

#define OUTFALL_COLUMN_NAME_MAX 256
#define OUTFALL_MESSAGE_MAX 512

/** Filled only on failure. Owned by the caller; may live on the stack. */
typedef struct outfall_error {
    int32_t status;      /* enum outfall_status */
    int32_t action;      /* enum outfall_action */
    int32_t native_code; /* The client library's or server's own number; 0 where there is none. */
    char sqlstate[6];    /* Five characters, or empty. */
    char reserved[2];
    int64_t row;                          /* Row index in the call or batch; -1 where not known. */
    char column[OUTFALL_COLUMN_NAME_MAX]; /* Column at fault, or empty. */
    char message[OUTFALL_MESSAGE_MAX];    /* What failed, on what, and what to do. UTF-8. */
} outfall_error;

OUTFALL_STATIC_ASSERT(sizeof(outfall_error) == 800, "outfall_error is part of the ABI");

/**
 * Fills `error` from a format and its arguments; for drivers and the library alike.
 *
 * @param error  Caller's, may be NULL. @return `status`, so that a caller can return the call.
 */
OUTFALL_PRINTF(4, 0)
static inline int outfall_error_vset(outfall_error *error, int status, int action,
                                     const char *format, va_list arguments)
{
    if (error == NULL)
        return status;
    memset(error, 0, sizeof *error);
    error->status = status;
    error->action = action;
    error->row = -1;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    return status;
}

/** As outfall_error_vset, with the arguments in the call. */
OUTFALL_PRINTF(4, 5)
static inline int outfall_error_set(outfall_error *error, int status, int action,
                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    status = outfall_error_vset(error, status, action, format, arguments);
    va_end(arguments);
    return status;
}

/** Names a status in words, such as "timeout". Any thread; static memory; never NULL. */
OUTFALL_EXPORT const char *outfall_status_name(int status);

/** Names an action in words, such as "retry". Any thread; static memory; never NULL. */
OUTFALL_EXPORT const char *outfall_action_name(int action);

#ifdef __cplusplus
}
#endif
#endif
