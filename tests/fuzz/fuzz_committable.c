/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Committables of any bytes, as they are and with a CRC that matches, so that what is behind it is
 * tried too: what is taken is written again as it was.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "txn/committable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *bytes, size_t length)
{
    static uint8_t again[OF_COMMITTABLE_BYTES_MAX];
    of_committable it;
    outfall_error error;
    size_t written;
    if (of_committable_decode(bytes, length, &it, &error) != OUTFALL_OK) {
        if (error.message[0] == '\0' || it.driver != NULL)
            abort();
        return;
    }
    if (of_committable_encode(&it, again, sizeof again, &written, NULL) != OUTFALL_OK ||
        written != length || memcmp(again, bytes, length) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode(data, size);
    if (size < 14 || size > OF_COMMITTABLE_BYTES_MAX)
        return 0;
    uint8_t *sealed = of_alloc(size);
    if (sealed == NULL)
        return 0;
    memcpy(sealed, data, size);
    sealed[6] = sealed[7] = 0;
    sealed[8] = (uint8_t)(size >> 8);
    sealed[9] = (uint8_t)size;
    uint32_t crc = of_crc32c(0, sealed, size - 4);
    for (size_t i = 0; i < 4; i++)
        sealed[size - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
    decode(sealed, size);
    of_free(sealed);
    return 0;
}
