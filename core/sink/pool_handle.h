/* SPDX-License-Identifier: Apache-2.0 */
/* Pools from configurations, and the public handle of one. */
#ifndef OF_SINK_POOL_HANDLE_H
#define OF_SINK_POOL_HANDLE_H

#include "config/config.h"
#include "pool/pool.h"

/*
 * A pool for the URL as a driver gets it, by the options of `config`. Both are copied. Nothing is
 * connected yet, unless pool.min asks for it. OUTFALL_ERR_CONFIG where pool.min is over pool.max.
 */
int of_pool_open(const char *url, const outfall_config *config, const outfall_driver *driver,
                 of_pool **out, outfall_error *error);

#endif
