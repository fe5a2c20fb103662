/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/handle.h"

#include "base/fail.h"
#include "base/fork.h"

int of_sink_check(const outfall_sink *sink, outfall_error *error)
{
    if (sink == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "the sink is NULL");
    if (sink->fork_generation != of_fork_generation)
        return of_fail(error, OUTFALL_ERR_CLOSED,
                       "the sink belongs to the parent process: open one after fork");
    return OUTFALL_OK;
}

int of_timeout_check(uint32_t timeout_ms, outfall_error *error)
{
    if (timeout_ms > OUTFALL_TIMEOUT_MS_MAX)
        return of_fail(error, OUTFALL_ERR_INVALID, "timeout of %u ms: at most %u", timeout_ms,
                       OUTFALL_TIMEOUT_MS_MAX);
    return OUTFALL_OK;
}
