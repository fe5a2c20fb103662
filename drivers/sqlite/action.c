/* SPDX-License-Identifier: Apache-2.0 */
/* Source of the codes: https://www.sqlite.org/rescode.html */
#include "sqlite/action.h"

#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include <outfall/error.h>

#define FULL_ADVICE "the disk is full: free space, and the load goes on by itself"

static const lite_action actions[] = {
    {SQLITE_BUSY, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
     "another connection holds the file's lock: end its transaction"},
    {SQLITE_LOCKED, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY, NULL},
    {SQLITE_PROTOCOL, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY, NULL},
    {SQLITE_SCHEMA, OUTFALL_ERR_CHANGED, OUTFALL_ACTION_RESTART, NULL},
    {SQLITE_INTERRUPT, OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY, NULL},
    {SQLITE_ABORT, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY, NULL},

    {SQLITE_CONSTRAINT, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW, NULL},
    {SQLITE_MISMATCH, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW, NULL},
    {SQLITE_TOOBIG, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW,
     "the value is larger than SQLite's SQLITE_MAX_LENGTH"},

    {SQLITE_FULL, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, FULL_ADVICE},
    {SQLITE_IOERR_NOMEM, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_RETRY, NULL},
    {SQLITE_IOERR_CORRUPTFS, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
     "the file system is damaged: check it"},
    {SQLITE_IOERR, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, "check the disk"},
    {SQLITE_NOMEM, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_RETRY, NULL},

    {SQLITE_READONLY_DBMOVED, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
     "the file was moved or deleted while open"},
    {SQLITE_READONLY, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
     "make the file and its directory writable for this user"},
    {SQLITE_CANTOPEN, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
     "check the path, and that this user may write to the directory"},
    {SQLITE_PERM, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP, "check the file's permissions"},
    {SQLITE_AUTH, OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP, NULL},
    {SQLITE_NOTADB, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
     "it is some other file, or encrypted: check the path"},
    {SQLITE_CORRUPT, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
     "the file is damaged: run PRAGMA integrity_check and restore it"},
    {SQLITE_NOLFS, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
     "the file system takes no larger files: move the database"},
};

static const lite_action other = {SQLITE_ERROR, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, NULL};

static const lite_action *find(int code)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (actions[i].code == code)
            return &actions[i];
    return NULL;
}

const lite_action *lite_action_of(int extended_code, int system_error)
{
    int primary = extended_code & 0xFF;
    /* Only a write that fails is "full" to SQLite; a sync or a grown wal-index is an I/O error. */
    if (primary == SQLITE_IOERR && (system_error == ENOSPC || system_error == EDQUOT))
        return find(SQLITE_FULL);
    const lite_action *found = find(extended_code);
    if (found == NULL)
        found = find(primary);
    return found != NULL ? found : &other;
}

void lite_action_column(const char *message, const char *table, char *out, size_t capacity)
{
    static const char *const leads[] = {
        "UNIQUE constraint failed: ",
        "NOT NULL constraint failed: ",
    };
    size_t table_length = strlen(table);
    const char *at = NULL;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++)
        if (strncmp(message, leads[i], strlen(leads[i])) == 0)
            at = message + strlen(leads[i]);
    /* Of a STRICT table: "cannot store TEXT value in INT column table.column". */
    if (at == NULL && strncmp(message, "cannot store ", 13) == 0) {
        at = strstr(message, " column ");
        at = at != NULL ? at + strlen(" column ") : NULL;
    }
    if (at == NULL || strncmp(at, table, table_length) != 0 || at[table_length] != '.')
        return;
    at += table_length + 1;
    /* Columns follow as ", table.column"; a name may itself hold a comma. */
    const char *end = at;
    while (*end != '\0' &&
           !(strncmp(end, ", ", 2) == 0 && strncmp(end + 2, table, table_length) == 0 &&
             end[2 + table_length] == '.'))
        end++;
    size_t length = (size_t)(end - at);
    if (length >= capacity)
        return;
    memcpy(out, at, length);
    out[length] = '\0';
}
