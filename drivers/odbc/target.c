/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/target.h"

#include <stdatomic.h>
#include <stdlib.h>

drv_odbc_target *drv_odbc_target_new(const drv_odbc_dialect *dialect, size_t columns)
{
    static atomic_uint_fast64_t last_serial;
    drv_odbc_target *target = calloc(1, sizeof *target);
    if (target == NULL)
        return NULL;
    target->base.struct_size = sizeof target->base;
    target->serial = atomic_fetch_add(&last_serial, 1) + 1;
    target->columns = calloc(columns + 1, sizeof *target->columns); /* Never of size 0. */
    target->sources = calloc(columns + 1, sizeof *target->sources);
    target->casts = calloc(columns + 1, sizeof *target->casts);
    target->collations = calloc(columns + 1, sizeof *target->collations);
    target->updated = calloc(columns + 1, sizeof *target->updated);
    target->key = calloc(columns + 1, sizeof *target->key);
    if (target->columns == NULL || target->sources == NULL || target->casts == NULL ||
        target->collations == NULL || target->updated == NULL || target->key == NULL) {
        drv_odbc_target_free(&target->base);
        return NULL;
    }
    target->base.columns = target->columns;
    target->base.key = target->key;
    target->shape = (drv_odbc_shape){.dialect = dialect,
                                     .columns = target->columns,
                                     .casts = (const char *const *)target->casts,
                                     .key = target->key,
                                     .collations = (const char *const *)target->collations,
                                     .updated = target->updated};
    return target;
}

void drv_odbc_target_free(outfall_target *base)
{
    drv_odbc_target *target = (drv_odbc_target *)base;
    if (target == NULL)
        return;
    for (uint32_t i = 0; i < target->base.column_count; i++) {
        free((void *)(uintptr_t)target->columns[i].name);
        free((void *)(uintptr_t)target->columns[i].type_name);
        free(target->casts[i]);
        free(target->collations[i]);
    }
    for (uint32_t i = 0; i < target->reset_count; i++)
        free(target->resets[i]);
    free(target->columns);
    free(target->sources);
    free(target->casts);
    free(target->collations);
    free(target->updated);
    free(target->resets);
    free(target->key);
    free(target->display);
    free(target->schema);
    free(target->name);
    free(target->probe);
    free(target);
}
