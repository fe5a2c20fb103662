/* SPDX-License-Identifier: Apache-2.0 */
/* A described table: its columns, and the statements that write it. */
#ifndef DRV_MY_TARGET_H
#define DRV_MY_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "mysql/bind.h"
#include "mysql/client.h"

#define DRV_MY_NOT_SENT UINT32_MAX

/* A column as its metadata has it: what must not change between describe and write. */
typedef struct drv_my_shape {
    enum enum_field_types type;
    unsigned long length;
    unsigned flags;
    unsigned decimals;
    unsigned charset;
} drv_my_shape;

typedef struct drv_my_target {
    outfall_target base;     /* First: the library's pointer is ours. */
    uint64_t serial;         /* Never used twice in a process. */
    uint32_t mode;           /* enum outfall_write_mode */
    bool updates;            /* An upsert that has something to update. */
    bool dependent;          /* Deletes have to act one by one: see drv_my_dependence_learn. */
    outfall_column *columns; /* base.columns; names and type names are ours. */
    drv_my_field *fields;    /* One a column. */
    uint32_t *key;           /* base.key */
    drv_my_field *key_fields;
    uint32_t *delete_params; /* For each column its place in the key, or DRV_MY_NOT_SENT. */
    char *display;           /* base.display_name, and how statements name it. */
    char *schema;            /* The names alone, unquoted. */
    char *table;
    char *check;                                   /* SELECT … LIMIT 0 */
    char identity[OUTFALL_IDENTITY_BYTES_MAX + 1]; /* base.identity, where it is not empty. */
    char *question;       /* Of what the check cannot see, asked after a write, */
    char *uniques;        /* to be answered by these unique indexes; NULL: by 1. */
    drv_my_shape *shapes; /* NULL: there is no right to the check. */
    uint32_t shape_count;
    /* INSERT … VALUES is head, rows with commas between, tail; a DELETE of many rows likewise. */
    char *insert_head;
    char *insert_row;
    char *insert_tail;
    char *delete_head;
    char *delete_row;
    char *delete_bulk; /* The DELETE of one row. */
    char *load;        /* LOAD DATA …, less the file's name in front of its " INTO TABLE". */
} drv_my_target;

/* A column's part in the statements of a target, beside what the target itself knows. */
typedef struct drv_my_target_plan {
    /* Names of the table's columns: those that a conflict updates, and those it resets. */
    const char **updates;
    size_t update_count;
    const char **resets;
    size_t reset_count;
    const char **others; /* Those that are not written, for the check; modes but insert. */
    size_t other_count;
} drv_my_target_plan;

/* Makes the statements of a target whose columns, key and names are set. OUTFALL_ERR_NOMEM. */
int drv_my_target_finish(drv_my_target *target, const drv_my_target_plan *plan,
                         outfall_error *error);

/* Frees all of it; NULL is legal. */
void drv_my_target_free(outfall_target *target);

#endif
