/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/visit.h"

#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "txn/committable.h"

static const atomic_int_fast64_t never_us = INT64_MAX;

of_limits of_visit_limits(const of_visit *visit)
{
    return (of_limits){visit->config->values.request_timeout_ms, &never_us};
}

void of_visit_leave(of_visit *visit)
{
    of_endpoint_put(visit->endpoint, of_deadline_us(1000));
    of_url_free(&visit->url);
    outfall_config_free(visit->config);
}

int of_visit_enter(of_visit *visit, const char *url, const outfall_config *config,
                   uint64_t capabilities, outfall_error *error)
{
    memset(visit, 0, sizeof *visit);
    if (url == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "url is NULL");
    int status = config == NULL ? outfall_config_new(&visit->config, error)
                                : of_config_copy(config, &visit->config, error);
    if (status == OUTFALL_OK)
        status = of_url_parse(url, visit->config, &visit->url, error);
    if (status == OUTFALL_OK)
        status = of_endpoint_get(&visit->url, visit->config, &visit->endpoint, error);
    if (status == OUTFALL_OK) {
        visit->pool = of_endpoint_pool(visit->endpoint);
        const outfall_driver *driver = of_pool_driver(visit->pool);
        if ((driver->capabilities & capabilities) != capabilities)
            status = of_fail(error, OUTFALL_ERR_UNSUPPORTED, "driver %s %s", driver->name,
                             (capabilities & OUTFALL_DRIVER_TWO_PHASE) != 0
                                 ? "cannot prepare transactions"
                                 : "keeps no ledger");
    }
    if (status != OUTFALL_OK)
        of_visit_leave(visit);
    return status;
}

int of_visit_check_prepares(const of_visit *visit, outfall_error *error)
{
    char identity[OF_COMMITTABLE_TEXT_MAX + 1];
    const of_limits limits = of_visit_limits(visit);
    of_lease lease;
    int status = of_lease_take(visit->pool, &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_identify(&lease, identity, sizeof identity, error);
    of_lease_return(&lease);
    return status;
}

of_recovery of_visit_recovery(const of_visit *visit, const char *id)
{
    return (of_recovery){
        .pool = visit->pool,
        .limits = of_visit_limits(visit),
        .give_up_us = of_deadline_us(visit->config->values.retry_timeout_ms),
        .id = id,
        .epoch = UINT32_MAX, /* It is not a process of the transaction's. */
    };
}

void of_visit_report(const of_recovery *recovery, outfall_recovery *out)
{
    if (out == NULL)
        return;
    const outfall_recovery done = {out->struct_size, 0, recovery->committed, recovery->rolled_back};
    memcpy(out, &done, out->struct_size < sizeof done ? out->struct_size : sizeof done);
}
