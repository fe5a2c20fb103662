/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of an ENUM or SET column. The server takes "2" for the second member where none is
 * called so, and "A" or "a " for "a": so a value is compared with the members before it is sent.
 * Pure.
 */
#ifndef DRV_MY_MEMBERS_H
#define DRV_MY_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct drv_my_members {
    char *text; /* One member behind another, each with a NUL. NULL: a column of another type. */
    size_t count;
    bool set; /* A value is a list of members, with commas between. */
} drv_my_members;

/*
 * Reads "enum('a','b''c')" or "set(…)", as the catalog spells the column's type. 0: no memory, or
 * not that. Free it in any case.
 */
int drv_my_members_read(const char *column_type, drv_my_members *out);
void drv_my_members_free(drv_my_members *members);

/* Whether a value is a member, or a list of them, byte by byte. */
bool drv_my_members_have(const drv_my_members *members, const char *value, size_t length);

#endif
