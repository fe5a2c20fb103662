/* SPDX-License-Identifier: Apache-2.0 */
/* The table behind a view. Pure. */
#ifndef DRV_MY_VIEW_H
#define DRV_MY_VIEW_H

#include <stdbool.h>

#include "common/text.h"

/*
 * Finds the one table that a view selects from, in its definition as the server spells it: "select
 * … from `schema`.`table` where …". False where it is not one, or no memory is left.
 */
bool drv_my_view_base(const char *definition, drv_text *schema, drv_text *table);

#endif
