/* SPDX-License-Identifier: Apache-2.0 */
/* The kind of a row as change streams spell it. Pure. */
#ifndef OF_CLI_KIND_H
#define OF_CLI_KIND_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

#include "rejection.h"

#define OF_KIND_SHOWN_MAX 40

/* One that was read. */
typedef struct of_kind {
    int kind;                      /* enum outfall_row_kind, or -1: it is none. */
    uint32_t type;                 /* Of the value: a null, text, or neither. */
    uint32_t length;               /* Of text. */
    char shown[OF_KIND_SHOWN_MAX]; /* Of text that is none: its beginning, for a message. */
} of_kind;

/* insert, update, delete, or the one letter that they are in a change stream, in any case. */
void of_kind_read(of_kind *kind, const outfall_value *value);

/* "insert", "update" or "delete". */
const char *of_kind_name(int kind);

/* Says at which line, in which column, what is wrong with it and what would do. */
void of_kind_reject(const of_kind *kind, const char *column, uint64_t line,
                    of_rejection *rejection);

#endif
