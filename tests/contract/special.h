/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets that are not plain tables, for each kind of database: cases_special.c writes to them. In
 * every mode but insert the rows are written twice; under upsert they are then deleted.
 *
 * Each has a schema of its own, `special`, that starts empty and in which its SQL is run; on SQLite
 * it is the database file, and what is there is dropped before.
 */
#ifndef CONTRACT_SPECIAL_H
#define CONTRACT_SPECIAL_H

#include <stddef.h>

#include "suite.h"

#define SPECIAL_SCHEMA "special"
#define SPECIAL_FIELDS_MAX 8

#define IN(mode) (1u << OUTFALL_MODE_##mode)
#define WITH_KEY (IN(UPSERT) | IN(REPLACE) | IN(IGNORE))
#define EVERY (IN(INSERT) | WITH_KEY)

typedef struct special_target {
    const char *why;
    const char *setup;                      /* SQL; the target is named t. */
    suite_wanted wanted;                    /* But for the schema. */
    const char *fields[SPECIAL_FIELDS_MAX]; /* Literals: # is the row's number, ^ the write's. NULL:
                                               NULL. */
    const char *right;   /* Answers how many rows are right; ^ is the write that counts. */
    const char *refused; /* or else what the refusal's message holds. */
    int refused_action;  /* 0: describe refuses. Else write does, with this action. */
    const char *or_told; /* Where a driver may refuse it at describe as well: what it has to say. */
    unsigned modes;      /* Tried in each of these; 0: in the one that is wanted. */
    int limited;         /* 1: by a role of PostgreSQL's that row security holds. */
} special_target;

extern const special_target special_postgresql[];
extern const special_target special_mariadb[];
extern const special_target special_sqlite[];
extern const size_t special_postgresql_count;
extern const size_t special_mariadb_count;
extern const size_t special_sqlite_count;

#endif
