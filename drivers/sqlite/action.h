/* SPDX-License-Identifier: Apache-2.0 */
/* What each of SQLite's result codes means for a load. Pure. */
#ifndef LITE_ACTION_H
#define LITE_ACTION_H

#include <stddef.h>

/* One line of the table. */
typedef struct lite_action {
    int code;         /* SQLite's result code; a primary one stands for all its extended ones. */
    const char *name; /* As SQLite writes it. */
    int disk_full;    /* 1: only where the system's error is ENOSPC or EDQUOT. */
    const char *meaning;
    int status;         /* enum outfall_status */
    int action;         /* enum outfall_action */
    const char *advice; /* What to do, or NULL where SQLite's own message is enough. */
} lite_action;

/*
 * The first that fits is taken: extended codes stand before their primary one. The last has no name
 * and fits all. docs/drivers/sqlite.md has the same table.
 */
extern const lite_action lite_actions[];
extern const size_t lite_action_count;

/*
 * The entry for an extended result code. `system_error` is sqlite3_system_errno's: a full disk
 * shows in it for some I/O errors.
 */
const lite_action *lite_action_of(int extended_code, int system_error);

/*
 * Copies the column that a constraint's message names ("UNIQUE constraint failed: table.column"),
 * the first of several, into `out`; empty where it names none. `table` is the table's own name.
 */
void lite_action_column(const char *message, const char *table, char *out, size_t capacity);

#endif
