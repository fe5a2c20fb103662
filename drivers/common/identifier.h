/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tables, columns and schemas: checked before use, then quoted. */
#ifndef DRV_IDENTIFIER_H
#define DRV_IDENTIFIER_H

#include <stddef.h>

#include <outfall/error.h>

#include "common/text.h"

/*
 * Checks a name: not NULL or empty, UTF-8, at most `bytes_max` bytes (0: no limit). A name that is
 * too long is refused, never cut: a cut one could name another table.
 *
 * `what` is "table", "column" or "schema", for the message.
 * Returns OUTFALL_OK or OUTFALL_ERR_INVALID (action STOP).
 */
int drv_identifier_check(const char *name, const char *what, size_t bytes_max,
                         outfall_error *error);

/* Adds the name in `quote` characters, those in it doubled: my"table becomes "my""table". */
void drv_identifier_quote(drv_text *to, const char *name, char quote);

/*
 * The name of `count` that `wanted` was most likely meant to be, or NULL where none is near: the
 * least edits, at most a third of its length, letter case left aside. name(context, i) gives them.
 */
const char *drv_identifier_nearest(const char *wanted, size_t count,
                                   const char *(*name)(const void *context, size_t index),
                                   const void *context);

#endif
