/* SPDX-License-Identifier: Apache-2.0 */
/* A database that is visited by its URL, to see to what is prepared in it. */
#ifndef OF_SINK_VISIT_H
#define OF_SINK_VISIT_H

#include <outfall/txn.h>

#include "sink/endpoint.h"
#include "txn/recovery.h"

typedef struct of_visit {
    outfall_config *config;
    of_url url;
    of_endpoint *endpoint;
    of_pool *pool;
} of_visit;

/* OUTFALL_ERR_UNSUPPORTED: its driver has not all of `capabilities`. On failure there is nothing to
 * leave. */
int of_visit_enter(of_visit *visit, const char *url, const outfall_config *config,
                   uint64_t capabilities, outfall_error *error);

/* OUTFALL_ERR_UNSUPPORTED: its driver prepares transactions, but not in this database. */
int of_visit_check_prepares(const of_visit *visit, outfall_error *error);
void of_visit_leave(of_visit *visit);

of_limits of_visit_limits(const of_visit *visit);

/* A recovery in the database, by somebody who is no process of the transaction's. */
of_recovery of_visit_recovery(const of_visit *visit, const char *id);

/* What one has done; `out` may be NULL. */
void of_visit_report(const of_recovery *recovery, outfall_recovery *out);

#endif
