/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/xid.h"

#include <string.h>

static bool is_plain(const char *text, size_t capacity)
{
    static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.";
    const char *end = memchr(text, '\0', capacity);
    return end != NULL && strspn(text, plain) == (size_t)(end - text);
}

bool drv_my_xid_is_valid(const outfall_xid *xid)
{
    return xid->gtrid[0] != '\0' && is_plain(xid->gtrid, sizeof xid->gtrid) &&
           is_plain(xid->bqual, sizeof xid->bqual);
}

bool drv_my_xid_is_same(const outfall_xid *one, const outfall_xid *other)
{
    return strcmp(one->gtrid, other->gtrid) == 0 && strcmp(one->bqual, other->bqual) == 0;
}

void drv_my_xid_add(drv_text *to, const outfall_xid *xid)
{
    drv_text_format(to, "'%s','%s',%d", xid->gtrid, xid->bqual, DRV_MY_XID_FORMAT);
}

void drv_my_xid_add_lock(drv_text *to, const outfall_xid *xid)
{
    drv_text_format(to, "'%s.%s'", xid->gtrid, xid->bqual);
}

bool drv_my_xid_take(outfall_xid *out, const char *prefix, long format, size_t gtrid_length,
                     size_t bqual_length, const char *data, size_t length)
{
    outfall_xid xid = {{0}, {0}};
    size_t wanted = strlen(prefix);
    if (format != DRV_MY_XID_FORMAT || gtrid_length >= sizeof xid.gtrid ||
        bqual_length >= sizeof xid.bqual || gtrid_length + bqual_length != length ||
        gtrid_length < wanted || memcmp(data, prefix, wanted) != 0)
        return false;
    memcpy(xid.gtrid, data, gtrid_length);
    memcpy(xid.bqual, data + gtrid_length, bqual_length);
    if (strlen(xid.gtrid) != gtrid_length || strlen(xid.bqual) != bqual_length ||
        !drv_my_xid_is_valid(&xid))
        return false;
    *out = xid;
    return true;
}
