/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's types and ours: one table. Pure. */
#ifndef DRV_PG_TYPE_H
#define DRV_PG_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/row.h>

typedef struct drv_pg_type {
    uint32_t oid;     /* Of the catalog; fixed for built-in types. */
    uint32_t type;    /* enum outfall_type */
    uint32_t flags;   /* enum outfall_column_flag, or-ed. */
    const char *name; /* In pg_catalog. */
} drv_pg_type;

#define DRV_PG_TEXT_OID 25

/* The type of that oid; NULL where it has no encoding of ours and travels as text. */
const drv_pg_type *drv_pg_type_of(uint32_t oid);

/* Sets the limits of `column`, whose type is set, from the type and its modifier (-1: none). */
void drv_pg_type_limits(const drv_pg_type *type, int32_t modifier, outfall_column *column);

/*
 * Whether the type's own input, or its modifier, would round or trim a value in silence. Such a
 * type has no encoding of ours, so the library cannot check a value against it.
 */
bool drv_pg_type_rounds(uint32_t oid, int32_t modifier);

#endif
