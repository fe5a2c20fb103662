/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as PostgreSQL can store them. Its limit is 63 bytes, Oracle's 128: a longer name is stored
 * as its beginning and a hash, and kept whole in a comment.
 */
#ifndef STI_NAMES_H
#define STI_NAMES_H

#include <stddef.h>

#define STI_STORED_MAX 63

/* The name to store. `stored` has room for 128 bytes and a NUL. Returns 1 where it differs. */
int sti_name_stored(const char *name, char *stored);

#endif
