/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

static _Thread_local outfall_error last;

outfall_error *of_shim_error(void)
{
    return &last;
}

int of_shim_fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outfall_error_vset(&last, status, OUTFALL_ACTION_NONE, format, arguments);
    va_end(arguments);
    return status;
}
