/* SPDX-License-Identifier: Apache-2.0 */
/* Names of prepared transactions of any bytes: what is taken is written again as it was. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "txn/gid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char again[OF_GID_BYTES + 1];
    const char *text = (const char *)data;
    of_gid gid;
    if (of_gid_parse(text, size, &gid)) {
        of_gid_format(&gid, again);
        if (memcmp(again, text, OF_GID_BYTES) != 0 || !of_gid_is_own(gid.sink, text, size))
            abort();
    }
    if (of_gid_parse_xid(text, size, OF_GID_GTRID_BYTES, OF_GID_BQUAL_BYTES, &gid)) {
        of_gid_format_gtrid(&gid, again);
        if (memcmp(again, text, OF_GID_GTRID_BYTES) != 0)
            abort();
        of_gid_format_bqual(&gid, again);
        if (memcmp(again, text + OF_GID_GTRID_BYTES, OF_GID_BQUAL_BYTES) != 0)
            abort();
    }
    return 0;
}
