/* SPDX-License-Identifier: Apache-2.0 */
#include "rejection.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void of_reject(of_rejection *rejection, uint64_t line, const char *format, ...)
{
    va_list arguments;

    memset(rejection, 0, sizeof *rejection);
    rejection->line = line;
    va_start(arguments, format);
    vsnprintf(rejection->reason, sizeof rejection->reason, format, arguments);
    va_end(arguments);
}

void of_reject_raw(of_rejection *rejection, const char *raw, size_t raw_bytes, bool cut)
{
    while (raw_bytes > 0 && (raw[raw_bytes - 1] == '\n' || raw[raw_bytes - 1] == '\r'))
        raw_bytes--;
    rejection->raw = raw;
    rejection->raw_bytes = raw_bytes;
    rejection->cut = cut;
}
