/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/wide.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "odbc/utf16.h"

int drv_odbc_wide_set(drv_odbc_wide *to, const char *text)
{
    size_t length = strlen(text);
    if (to->capacity < DRV_ODBC_UTF16_MAX(length) + 1) {
        SQLWCHAR *units = realloc(to->units, (DRV_ODBC_UTF16_MAX(length) + 1) * sizeof *to->units);
        if (units == NULL)
            return 0;
        to->units = units;
        to->capacity = DRV_ODBC_UTF16_MAX(length) + 1;
    }
    to->length = drv_odbc_to_utf16(text, length, to->units);
    to->units[to->length] = 0;
    return 1;
}

void drv_odbc_wide_free(drv_odbc_wide *wide)
{
    if (wide->units != NULL)
        explicit_bzero(wide->units, wide->capacity * sizeof *wide->units);
    free(wide->units);
    memset(wide, 0, sizeof *wide);
}
