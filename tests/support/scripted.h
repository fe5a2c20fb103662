/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver without a database, for unit tests of what the library does about errors: it keeps the
 * committed rows' first fields (an int64), and fails where the test says so.
 */
#ifndef OUTFALL_TEST_SCRIPTED_H
#define OUTFALL_TEST_SCRIPTED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#define SCRIPTED_ROWS_MAX 100000
#define SCRIPTED_LETTERS_MAX 2000

/* A table of this name takes what columns it is asked for: dead letters. */
#define SCRIPTED_LETTERS "letters"

enum scripted_step {
    SCRIPTED_CONNECT,
    SCRIPTED_BEGIN,
    SCRIPTED_WRITE,
    SCRIPTED_COMMIT,
    SCRIPTED_DESCRIBE,
    SCRIPTED_WRITE_LETTERS,
    SCRIPTED_CREATE_TABLE,
    SCRIPTED_STEPS
};

typedef struct scripted {
    /* The next `failures` calls of a step fail with this status and action. */
    struct {
        atomic_int failures;
        int status;
        int action;
    } at[SCRIPTED_STEPS];
    int64_t bad_id;     /* A write with a row of this id fails with ROW; -1: none. */
    bool bad_at_commit; /* It is the commit that fails, as a deferred constraint does. */
    bool names_rows;    /* The failed write says which row it was. */
    atomic_bool hang;   /* Writes wait until severed … */
    atomic_bool deaf;   /* … or, where this is set, until `hang` is cleared. */
    atomic_uint calls[SCRIPTED_STEPS];
    atomic_uint severed;
    atomic_uint open;    /* Connections. */
    atomic_uint targets; /* Described and not freed. */
    atomic_uint rows;    /* Committed. */
    int64_t ids[SCRIPTED_ROWS_MAX];
    atomic_bool no_letters;                  /* Their table is missing. */
    atomic_uint letters;                     /* Committed. */
    int64_t positions[SCRIPTED_LETTERS_MAX]; /* Theirs. */
} scripted;

/* The one script, and the driver that follows it. */
extern scripted script;
extern const outfall_driver scripted_driver;

void scripted_reset(void);

#endif
