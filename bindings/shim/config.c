/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "error.h"

/* The string that begins at *at, or NULL: there is none with an end. */
static const char *next_string(const char *options, size_t bytes, size_t *at)
{
    const char *string = options + *at;
    const char *end = *at < bytes ? memchr(string, '\0', bytes - *at) : NULL;
    if (end == NULL)
        return NULL;
    *at += (size_t)(end - string) + 1;
    return string;
}

int of_shim_config_read(const char *options, size_t bytes, outfall_config **out)
{
    size_t at = 0;
    int status = outfall_config_new(out, of_shim_error());
    while (status == OUTFALL_OK && at < bytes) {
        const char *key = next_string(options, bytes, &at);
        const char *value = key == NULL ? NULL : next_string(options, bytes, &at);
        status = value == NULL
                     ? of_shim_fail(OUTFALL_ERR_INVALID, "the options do not end in a value's NUL")
                     : outfall_config_set(*out, key, value, of_shim_error());
    }
    if (status != OUTFALL_OK) {
        outfall_config_free(*out);
        *out = NULL;
    }
    return status;
}
