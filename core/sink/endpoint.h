/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An endpoint: one URL's pool and flushers, shared by the sinks on it, so that many tables are not
 * many threads.
 */
#ifndef OF_SINK_ENDPOINT_H
#define OF_SINK_ENDPOINT_H

#include <stdint.h>

#include "config/config.h"
#include "config/url.h"
#include "flow/flusher.h"
#include "pool/pool.h"

typedef struct of_endpoint of_endpoint;

/*
 * The endpoint of that URL and of the same connection options: one that is open, or a new one.
 * Nothing is connected yet. The URL and the configuration are copied.
 */
int of_endpoint_get(const of_url *url, const outfall_config *config, of_endpoint **out,
                    outfall_error *error);

/*
 * Lets go of it; the last sink's endpoint ends, waiting for its flushers until deadline_us. A
 * flusher that is stuck then is left to end it later. NULL is legal.
 */
void of_endpoint_put(of_endpoint *endpoint, int64_t deadline_us);

of_pool *of_endpoint_pool(const of_endpoint *endpoint);
uint32_t of_endpoint_flusher_count(const of_endpoint *endpoint);
of_flusher *of_endpoint_flusher(const of_endpoint *endpoint, uint32_t index);

#endif
