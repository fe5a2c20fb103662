/* SPDX-License-Identifier: Apache-2.0 */
/* Source of the codes: https://www.sqlite.org/rescode.html */
#include "sqlite/action.h"

#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include <outfall/error.h>

#define FULL_ADVICE "the disk is full: free space, and the load goes on by itself"
#define ANY_CODE (-1)
#define CODE(name) name, #name

const lite_action lite_actions[] = {
    {CODE(SQLITE_BUSY), 0, "another connection holds the file's lock", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_RETRY, "another connection holds the file's lock: end its transaction"},
    {CODE(SQLITE_LOCKED), 0, "a table is locked, with a shared cache", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_RETRY, NULL},
    {CODE(SQLITE_PROTOCOL), 0, "the WAL's locks were too busy", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_RETRY, NULL},
    {CODE(SQLITE_SCHEMA), 0, "the file's schema changed", OUTFALL_ERR_CHANGED,
     OUTFALL_ACTION_RESTART, NULL},
    {CODE(SQLITE_INTERRUPT), 0, "cut at its deadline", OUTFALL_ERR_TIMEOUT, OUTFALL_ACTION_RETRY,
     NULL},
    {CODE(SQLITE_ABORT), 0, "rolled back in between", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
     NULL},

    {CODE(SQLITE_CONSTRAINT_UNIQUE), 0, "unique index", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW,
     NULL},
    {CODE(SQLITE_CONSTRAINT_PRIMARYKEY), 0, "primary key", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW,
     NULL},
    {CODE(SQLITE_CONSTRAINT_NOTNULL), 0, "not-null constraint", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_ROW, NULL},
    {CODE(SQLITE_CONSTRAINT_CHECK), 0, "check constraint", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW,
     NULL},
    {CODE(SQLITE_CONSTRAINT_FOREIGNKEY), 0, "foreign key", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW,
     NULL},
    {CODE(SQLITE_CONSTRAINT_DATATYPE), 0, "not of a `STRICT` table's type", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_ROW, NULL},
    {CODE(SQLITE_CONSTRAINT_TRIGGER), 0, "`RAISE` in a trigger", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_ROW, NULL},
    {CODE(SQLITE_CONSTRAINT), 0, "another constraint", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW,
     NULL},
    {CODE(SQLITE_MISMATCH), 0, "a row key that is no integer", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_ROW, NULL},
    {CODE(SQLITE_TOOBIG), 0, "too long", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW,
     "the value is larger than SQLite's SQLITE_MAX_LENGTH"},

    {CODE(SQLITE_FULL), 0, "the disk is full", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, FULL_ADVICE},
    /* Only a write that fails is "full" to SQLite; a sync or a grown wal-index is an I/O error. */
    {CODE(SQLITE_IOERR), 1, "the disk is full", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, FULL_ADVICE},
    {CODE(SQLITE_IOERR_NOMEM), 0, "out of memory", OUTFALL_ERR_NOMEM, OUTFALL_ACTION_RETRY, NULL},
    {CODE(SQLITE_IOERR_CORRUPTFS), 0, "the file system is damaged", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_STOP, "the file system is damaged: check it"},
    {CODE(SQLITE_IOERR), 0, "the disk failed", OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
     "check the disk"},
    {CODE(SQLITE_NOMEM), 0, "out of memory", OUTFALL_ERR_NOMEM, OUTFALL_ACTION_RETRY, NULL},

    {CODE(SQLITE_READONLY_DBMOVED), 0, "the file was moved or deleted while open", OUTFALL_ERR_IO,
     OUTFALL_ACTION_RETRY, "the file was moved or deleted while open"},
    {CODE(SQLITE_READONLY), 0, "read-only", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
     "make the file and its directory writable for this user"},
    {CODE(SQLITE_CANTOPEN), 0, "the file cannot be opened", OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
     "check the path, and that this user may write to the directory"},
    {CODE(SQLITE_PERM), 0, "permission denied", OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
     "check the file's permissions"},
    {CODE(SQLITE_AUTH), 0, "not authorised", OUTFALL_ERR_AUTH, OUTFALL_ACTION_STOP, NULL},
    {CODE(SQLITE_NOTADB), 0, "no SQLite file, or an encrypted one", OUTFALL_ERR_DATABASE,
     OUTFALL_ACTION_STOP, "it is some other file, or encrypted: check the path"},
    {CODE(SQLITE_CORRUPT), 0, "the file is damaged", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
     "the file is damaged: run PRAGMA integrity_check and restore it"},
    {CODE(SQLITE_NOLFS), 0, "the file system takes no larger files", OUTFALL_ERR_IO,
     OUTFALL_ACTION_STOP, "the file system takes no larger files: move the database"},
    {ANY_CODE, "", 0, "any other", OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, NULL},
};

const size_t lite_action_count = sizeof lite_actions / sizeof lite_actions[0];

const lite_action *lite_action_of(int extended_code, int system_error)
{
    const int is_full = system_error == ENOSPC || system_error == EDQUOT;
    const lite_action *at = lite_actions;
    while (at->code != ANY_CODE &&
           ((at->code != extended_code && at->code != (extended_code & 0xFF)) ||
            (at->disk_full && !is_full)))
        at++;
    return at;
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
