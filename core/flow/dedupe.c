/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/dedupe.h"

#include "base/alloc.h"
#include "base/fail.h"
#include "flow/key.h"
#include "flow/keyset.h"
#include "flow/keysort.h"

_Static_assert(OF_KEY_NONE == OF_DEDUPE_NONE, "previous has one word for no row");

#define ROWS_MAX (UINT32_C(1) << 31)

/* What is kept from batch to batch. */
typedef struct scratch {
    of_keys keys;
    of_room order, previous; /* Shown as those of of_dedupe. */
    of_room heads;           /* Each key's last row. */
    of_room table, items;    /* Of the search for equal keys, of the sort. */
} scratch;

void of_dedupe_free(of_dedupe *dedupe)
{
    scratch *kept = dedupe->scratch;
    if (kept != NULL) {
        of_keys_free(&kept->keys);
        of_room_free(&kept->order);
        of_room_free(&kept->previous);
        of_room_free(&kept->heads);
        of_room_free(&kept->items);
        of_room_free(&kept->table);
        of_free(kept);
    }
    *dedupe = (of_dedupe){0};
}

static int reserve(of_dedupe *dedupe, uint32_t rows, outfall_error *error)
{
    scratch *kept = dedupe->scratch;
    if (kept == NULL)
        dedupe->scratch = kept = of_calloc(1, sizeof *kept);
    if (kept == NULL)
        return of_fail_nomem(error);
    int status = of_room_reserve(&kept->order, rows * sizeof *dedupe->order, error);
    if (status == OUTFALL_OK)
        status = of_room_reserve(&kept->previous, rows * sizeof *dedupe->previous, error);
    if (status == OUTFALL_OK)
        status = of_room_reserve(&kept->heads, rows * sizeof *dedupe->order, error);
    dedupe->order = kept->order.data;
    dedupe->previous = kept->previous.data;
    if (status != OUTFALL_OK)
        dedupe->capacity = 0;
    else if (rows > dedupe->capacity)
        dedupe->capacity = rows;
    return status;
}

/* Finds equal keys, which lie side by side in `order`: all rows but those with nulls. */
static void link_neighbours(of_keys *keys, const uint32_t *order, uint32_t count,
                            uint32_t *previous)
{
    for (uint32_t row = 0; row < keys->rows && keys->nulls > 0; row++)
        previous[row] = OF_KEY_NONE;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = order[i], before = i > 0 ? order[i - 1] : OF_KEY_NONE;
        bool equal = i > 0 && of_keys_equal(keys, row, before);
        previous[row] = equal ? before : OF_KEY_NONE;
        keys->flags[row] |= OF_KEY_LAST;
        if (equal)
            keys->flags[before] &= (uint8_t)~OF_KEY_LAST;
    }
}

/* Lists the rows whose key has no null, and of these all or only the last ones of their keys. */
static uint32_t list_rows(const of_keys *keys, bool last_only, uint32_t *rows)
{
    uint8_t mask = last_only ? OF_KEY_LAST : OF_KEY_NULL, wanted = last_only ? OF_KEY_LAST : 0;
    uint32_t count = 0;
    for (uint32_t row = 0; row < keys->rows; row++) {
        rows[count] = row;
        count += (keys->flags[row] & mask) == wanted;
    }
    return count;
}

/* Of rows in order, those that are the last of their keys. */
static uint32_t keep_last(const of_keys *keys, uint32_t *rows, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        rows[kept] = row;
        kept += (keys->flags[row] & OF_KEY_LAST) != 0;
    }
    return kept;
}

/* The last delete of the key of `row`, or OF_KEY_NONE. */
static uint32_t find_delete(const of_dedupe *dedupe, const of_keys *keys, uint32_t row)
{
    while (row != OF_KEY_NONE && (keys->flags[row] & OF_KEY_DELETE) == 0)
        row = dedupe->previous[row];
    return row;
}

/* Appends the rows with nulls in their keys that have just these flags. */
static void append_nulls(of_dedupe *dedupe, const of_keys *keys, uint8_t flags)
{
    for (uint32_t row = 0; row < keys->rows && keys->nulls > 0; row++) /* Seldom any. */
        if (keys->flags[row] == flags)
            dedupe->order[dedupe->count++] = row;
}

/* Fills order from each key's last row, in key order. */
static void emit(of_dedupe *dedupe, const of_keys *keys, const uint32_t *heads, uint32_t count)
{
    dedupe->count = 0;
    for (uint32_t i = 0; i < count && keys->deletes > 0; i++) {
        uint32_t row = find_delete(dedupe, keys, heads[i]);
        if (row != OF_KEY_NONE)
            dedupe->order[dedupe->count++] = row;
    }
    append_nulls(dedupe, keys, OF_KEY_NULL | OF_KEY_DELETE);
    dedupe->deletes = dedupe->count;
    for (uint32_t i = 0; i < count; i++)
        if ((keys->flags[heads[i]] & OF_KEY_DELETE) == 0)
            dedupe->order[dedupe->count++] = heads[i];
    append_nulls(dedupe, keys, OF_KEY_NULL);
}

/* Finds equal keys, and lists each key's last row in `heads`, in key order. */
static int group(of_dedupe *dedupe, uint32_t *count, outfall_error *error)
{
    scratch *kept = dedupe->scratch;
    of_keys *keys = &kept->keys;
    uint32_t *heads = kept->heads.data;
    int status = OUTFALL_OK;
    bool linked = false;
    if (!keys->ascending) {
        status = of_room_reserve(&kept->table, of_keyset_bytes(keys->rows), error);
        if (status == OUTFALL_OK)
            status = of_room_reserve(&kept->items, of_keys_sort_bytes(keys->rows), error);
        if (status != OUTFALL_OK)
            return status;
        linked = of_keyset_link(keys, kept->table.data, dedupe->previous);
    }
    *count = list_rows(keys, linked, heads);
    if (!keys->ascending)
        of_keys_sort(keys, heads, *count, kept->items.data);
    if (!linked) {
        link_neighbours(keys, heads, *count, dedupe->previous);
        *count = keep_last(keys, heads, *count);
    }
    return status;
}

int of_dedupe_run(of_dedupe *dedupe, const outfall_target *target, const outfall_batch *batch,
                  outfall_error *error)
{
    uint32_t heads = 0;
    dedupe->count = dedupe->deletes = 0;
    if (batch->rows > ROWS_MAX)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "a batch of %llu rows is too large to find equal keys in: set batch.rows to "
                       "at most %u",
                       (unsigned long long)batch->rows, ROWS_MAX);
    int status = reserve(dedupe, (uint32_t)batch->rows, error);
    if (status != OUTFALL_OK)
        return status;
    scratch *kept = dedupe->scratch;
    status = of_keys_read(&kept->keys, target, batch, error);
    if (status == OUTFALL_OK)
        status = group(dedupe, &heads, error);
    if (status == OUTFALL_OK)
        emit(dedupe, &kept->keys, kept->heads.data, heads);
    return status;
}
