/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the database can keep the promise of exactly-once: see drivers/common/check.h. */
#ifndef LITE_INSPECT_H
#define LITE_INSPECT_H

#include <outfall/driver.h>

int lite_inspect(outfall_connection *connection, const outfall_target *target,
                 const outfall_inspect_options *options, int64_t deadline_us, outfall_error *error);

#endif
