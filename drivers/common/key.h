/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key by which a mode finds rows, and the columns that it updates: names made into indices, and
 * a unique index found that is the key. Pure.
 */
#ifndef DRV_KEY_H
#define DRV_KEY_H

#include <stdint.h>

#include <outfall/driver.h>

enum drv_index_flag {
    DRV_INDEX_PRIMARY = 1,    /* It is the primary key. */
    DRV_INDEX_PARTIAL = 2,    /* It holds some of the rows only. */
    DRV_INDEX_DEFERRABLE = 4, /* It is checked later than the statement. */
    DRV_INDEX_PREFIX = 8,     /* It looks at the beginning of a column only. */
    DRV_INDEX_INVALID = 16    /* It is not built in full, or switched off. */
};

/* A unique index of a table. */
typedef struct drv_index {
    const char *name;           /* NULL: it has none. */
    const char *const *columns; /* Names; NULL in place of an expression. */
    uint32_t count;
    uint32_t flags; /* enum drv_index_flag, or-ed. */
} drv_index;

/* A table, as a driver has read it. */
typedef struct drv_key_table {
    const char *table;   /* Its plain name; for the statement that makes an index. */
    const char *display; /* As outfall_target.display_name. */
    char quote;          /* Around names. */
    int (*same)(const char *left, const char *right); /* Not 0: the same column's name. */
    const outfall_column *columns;                    /* Those of the rows. */
    uint32_t column_count;
    const drv_index *indexes; /* All its unique indexes, the primary key's too. */
    uint32_t index_count;
} drv_key_table;

typedef struct drv_key {
    uint32_t *columns; /* Indices into the rows' columns, in the order of the key's names. */
    uint32_t count;    /* 0 in mode insert. */
    uint8_t *updates;  /* One of each of the rows' columns; 1: it is updated on a conflict. */
    uint32_t update_count;
    int partial;            /* 1: a column that is neither updated nor in the key is left. */
    const drv_index *index; /* That the key is; NULL in mode insert. */
    const drv_index *other; /* Another unique index, the first; or NULL. */
} drv_key;

/*
 * Finds the key and the updated columns that `options` wants (mode, key, update) for the table.
 * Without named update columns an upsert updates all but the key, as a replace always does; insert
 * and ignore update none. Free the key whatever is returned.
 *
 * OUTFALL_ERR_NOT_FOUND: a key or update column is not among the rows' (nearest name given).
 * OUTFALL_ERR_INVALID: a name is there twice, or a column is both in the key and to be updated.
 * OUTFALL_ERR_UNSUPPORTED: no primary key, or no usable unique index on just the key's columns;
 * the message has the statement that makes one. OUTFALL_ERR_NOMEM. All but the last: action STOP.
 */
int drv_key_resolve(const outfall_describe_options *options, const drv_key_table *table,
                    drv_key *out, outfall_error *error);
void drv_key_free(drv_key *key);

/* "upsert" for OUTFALL_MODE_UPSERT; never NULL. */
const char *drv_mode_name(uint32_t mode);

/* For drv_key_table.same: names are the same byte for byte, or whatever the case of ASCII letters.
 */
int drv_name_same(const char *left, const char *right);
int drv_name_same_nocase(const char *left, const char *right);

#endif
