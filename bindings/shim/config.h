/* SPDX-License-Identifier: Apache-2.0 */
/* Options as one buffer: "key\0value\0key\0value\0". */
#ifndef OUTFALL_SHIM_CONFIG_H
#define OUTFALL_SHIM_CONFIG_H

#include <stddef.h>

#include <outfall/config.h>

/* Makes a configuration of them, for the caller to free; NULL, 0: of defaults alone. */
int of_shim_config_read(const char *options, size_t bytes, outfall_config **out);

#endif
