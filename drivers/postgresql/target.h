/* SPDX-License-Identifier: Apache-2.0 */
/* A described table: its columns, and the statements that write it. */
#ifndef DRV_PG_TARGET_H
#define DRV_PG_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "common/text.h"

/* One column as the catalog has it. */
typedef struct drv_pg_column {
    int number;         /* attnum */
    uint32_t type;      /* atttypid: the column's own type, a domain perhaps. */
    int32_t modifier;   /* atttypmod */
    uint32_t base_type; /* What values are encoded as: a domain's base type, through all domains. */
    char *base_name;    /* schema.type of it, quoted; for the cast of a type without encoding. */
    char *equals;       /* A key's column: the index's equality, "pg_catalog.=". */
    char *collation;    /* The same: the index's collation, quoted; NULL: the type has none. */
} drv_pg_column;

/* The statements that a session prepares for a target. */
typedef enum drv_pg_purpose {
    DRV_PG_WRITE,     /* A batch, by arrays: INSERT … SELECT unnest($1), … */
    DRV_PG_WRITE_ROW, /* One row: INSERT … VALUES ($1, …) */
    DRV_PG_DELETE,    /* Keys, by arrays: DELETE … USING (SELECT unnest($1), …) */
    DRV_PG_CHECK,     /* SELECT …: true while the table is as described. */
    DRV_PG_PURPOSES
} drv_pg_purpose;

typedef struct drv_pg_target {
    outfall_target base;     /* First: the library's pointer is ours. */
    uint64_t serial;         /* Never used twice in a process; names prepared statements. */
    bool copy;               /* COPY does what arrays do for this target. */
    outfall_column *columns; /* base.columns; names and type names are ours. */
    drv_pg_column *sources;  /* One a column. */
    uint32_t oid;            /* Of the relation. */
    char identity[OUTFALL_IDENTITY_BYTES_MAX + 1]; /* base.identity, where it is not empty. */
    char kind;                                     /* relkind */
    char *name;                 /* The relation's name, unquoted: it is in COPY's error context. */
    char *display;              /* base.display_name, and how statements name it. */
    char *sql[DRV_PG_PURPOSES]; /* NULL: the mode does without. */
    char *lock;                 /* LOCK TABLE … */
    char *copy_in;              /* COPY … FROM STDIN (FORMAT binary) */
    /* Not in mode insert. */
    uint32_t *key;       /* base.key */
    int32_t *key_places; /* By column: its place in the key, or -1. */
    char *conflict;      /* ON CONFLICT (…) DO … */
    bool in_order;       /* It updates: equal keys in one statement would be an error. */
    uint32_t count_mode; /* For drv_count_check. */
    uint32_t key_index;  /* The oid of the key's unique index. */
} drv_pg_target;

/*
 * Makes the statements of a target whose other members are set. `overriding`: a GENERATED ALWAYS
 * identity is among its columns. OUTFALL_ERR_NOMEM.
 */
int drv_pg_target_finish(drv_pg_target *target, bool overriding, outfall_error *error);

/* Frees all of it; NULL is legal. */
void drv_pg_target_free(outfall_target *target);

#endif
