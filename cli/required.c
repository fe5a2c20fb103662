/* SPDX-License-Identifier: Apache-2.0 */
#include "required.h"

#include <stdlib.h>
#include <string.h>

int of_required_read(const outfall_config *config, const outfall_sink *sink, size_t columns,
                     bool kinds, uint8_t **out, outfall_error *error)
{
    char mode[16];
    int status = outfall_config_get(config, "mode", mode, sizeof mode, error);

    *out = NULL;
    bool upsert = status == OUTFALL_OK && strcmp(mode, "upsert") == 0;
    if (status != OUTFALL_OK || (!upsert && !kinds))
        return status;
    *out = calloc(columns + 1, sizeof **out);
    if (*out == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    for (size_t i = 0; i < columns; i++) {
        unsigned use = outfall_sink_column_use(sink, i);
        (*out)[i] = use != 0 ? OF_REQUIRED_WRITTEN : 0;
        (*out)[i] |= (use & OUTFALL_USE_KEY) != 0 ? OF_REQUIRED_KEY : 0;
        (*out)[i] |= upsert && (use & OUTFALL_USE_UPDATE) != 0 ? OF_REQUIRED_UPDATED : 0;
    }
    return OUTFALL_OK;
}
