/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration: the values of the option table. */
#ifndef OF_CONFIG_CONFIG_H
#define OF_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/config.h>
#include <outfall/driver.h>

#include "config/table.h"

struct outfall_config {
    of_options values;           /* Parsed, for the library. */
    char *text[OF_OPTION_COUNT]; /* As given; NULL where it is the default. */
};

/* A copy that the caller owns. */
int of_config_copy(const outfall_config *from, outfall_config **out, outfall_error *error);

/*
 * The options whose keys start with "prefix.", for a driver's connect; `out` has room for
 * OF_OPTION_COUNT entries. Returns how many. Borrowed from the configuration.
 */
size_t of_config_driver_options(const outfall_config *config, const char *prefix,
                                outfall_driver_option *out);

/* Option `index` as text, given or default. */
const char *of_config_text(const outfall_config *config, size_t index);

/*
 * Whether option `index` belongs to the connections and flushers that the sinks on one URL share,
 * so that sinks that differ in it do not share them.
 */
bool of_config_is_shared(size_t index);

#endif
