/* SPDX-License-Identifier: Apache-2.0 */
/* MySQL's types and ours: one table each way. Pure. */
#ifndef DRV_MY_TYPE_H
#define DRV_MY_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/row.h>

#include "common/text.h"

/* A server, as far as types depend on it. */
typedef struct drv_my_dialect {
    bool mariadb;
    unsigned long version; /* 101119 is 10.11.19. */
} drv_my_dialect;

/* A column's type as information_schema.columns has it; -1 for a number that is NULL. */
typedef struct drv_my_type {
    const char *data_type;   /* "int" */
    const char *column_type; /* "int(10) unsigned" */
    int64_t length;          /* character_maximum_length */
    int64_t precision;       /* numeric_precision */
    int64_t scale;           /* numeric_scale */
    int64_t fraction;        /* datetime_precision */
    bool is_json;            /* By its metadata: MariaDB's JSON is LONGTEXT here. */
} drv_my_type;

/*
 * Sets type, limits and the type's own flags of `column`. NULL, or why the type cannot be written:
 * the rest of "column … is …: ". *rounds: its own digits would round values in silence.
 */
const char *drv_my_type_read(const drv_my_type *type, drv_my_dialect dialect,
                             outfall_column *column, bool *rounds);

/* BINARY(n): the server fills up what is shorter. */
bool drv_my_type_pads_bytes(const drv_my_type *type);

/* Equal under the collation is equal in bytes: none without, or one without padding by bytes. */
bool drv_my_type_is_bytewise(const char *collation);

/*
 * Adds the type that a column is made with. `key`: it is part of the primary key, which needs a
 * length. NULL, or why it cannot be made.
 */
const char *drv_my_type_add(drv_text *to, const outfall_column *column, bool key,
                            drv_my_dialect dialect);

/* The collation of tables that are made: by bytes, blanks at the end included. */
const char *drv_my_type_collation(drv_my_dialect dialect);

#endif
