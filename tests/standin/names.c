/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define HEAD_MAX 46 /* Bytes kept before "~" and 16 digits. */

int sti_name_stored(const char *name, char *stored)
{
    size_t length = strlen(name);
    if (length <= STI_STORED_MAX) {
        memcpy(stored, name, length + 1);
        return 0;
    }
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(1099511628211);
    size_t head = HEAD_MAX;
    while (((unsigned char)name[head] & 0xc0) == 0x80) /* Not in the middle of a character. */
        head--;
    memcpy(stored, name, head);
    snprintf(stored + head, STI_STORED_MAX + 1 - head, "~%016" PRIx64, hash);
    return 1;
}
