/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/gid.h"

#include <stdio.h>
#include <string.h>

#define MARK "of1."
#define PARTS 6 /* of1, sink, epoch, checkpoint; writer, resource. */
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789."

_Static_assert(sizeof((outfall_xid *)0)->gtrid + sizeof((outfall_xid *)0)->bqual == DRV_PG_GID_MAX,
               "the dot takes the place of a NUL");

static bool is_plain(const char *text, size_t capacity)
{
    size_t length = strnlen(text, capacity);
    return length > 0 && length < capacity && strspn(text, LETTERS) == length;
}

bool drv_pg_gid_join(const outfall_xid *xid, char out[DRV_PG_GID_MAX])
{
    if (!is_plain(xid->gtrid, sizeof xid->gtrid) || !is_plain(xid->bqual, sizeof xid->bqual))
        return false;
    snprintf(out, DRV_PG_GID_MAX, "%s.%s", xid->gtrid, xid->bqual);
    return true;
}

bool drv_pg_gid_split(const char *gid, outfall_xid *out)
{
    outfall_xid found = {{0}, {0}};
    const char *bqual = NULL;
    int parts = 1;
    if (strncmp(gid, MARK, sizeof MARK - 1) != 0)
        return false;
    for (const char *at = gid; *at != '\0'; at++)
        if (*at == '.' && ++parts == PARTS - 1)
            bqual = at + 1;
    if (parts != PARTS || strstr(gid, "..") != NULL || gid[strlen(gid) - 1] == '.')
        return false;
    size_t gtrid_length = (size_t)(bqual - gid) - 1, bqual_length = strlen(bqual);
    if (gtrid_length >= sizeof found.gtrid || bqual_length >= sizeof found.bqual)
        return false;
    memcpy(found.gtrid, gid, gtrid_length);
    memcpy(found.bqual, bqual, bqual_length);
    if (!is_plain(found.gtrid, sizeof found.gtrid) || !is_plain(found.bqual, sizeof found.bqual))
        return false;
    *out = found;
    return true;
}
