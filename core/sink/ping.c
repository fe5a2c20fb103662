/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <outfall/outfall.h>

#include "base/clock.h"
#include "base/fail.h"
#include "driver/registry.h"
#include "pool/lease.h"
#include "sink/endpoint.h"

static const atomic_int_fast64_t never_us = INT64_MAX;

static int ping(of_endpoint *endpoint, const outfall_config *config, char *description,
                size_t capacity, outfall_error *error)
{
    of_lease lease;
    const of_limits limits = {config->values.connect_timeout_ms, &never_us};
    int status = of_lease_take(of_endpoint_pool(endpoint), &limits, &lease, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_ping(&lease, description, capacity, error);
    of_lease_return(&lease);
    return status;
}

int outfall_ping(const char *url, const outfall_config *config, char *description, size_t capacity,
                 outfall_error *error)
{
    outfall_config *copy = NULL;
    of_url parsed = {{0}, NULL};
    of_endpoint *endpoint = NULL;
    if (url == NULL || (description != NULL && capacity == 0))
        return of_fail(error, OUTFALL_ERR_INVALID, "%s",
                       url == NULL ? "url is NULL" : "there is no room for the description");
    if (description != NULL)
        description[0] = '\0';
    int status =
        config == NULL ? outfall_config_new(&copy, error) : of_config_copy(config, &copy, error);
    if (status == OUTFALL_OK)
        status = of_url_parse(url, copy, &parsed, error);
    if (status == OUTFALL_OK)
        status = of_endpoint_get(&parsed, copy, &endpoint, error);
    if (status == OUTFALL_OK)
        status = ping(endpoint, copy, description, capacity, error);
    of_endpoint_put(endpoint, of_deadline_us(1000));
    of_url_free(&parsed);
    outfall_config_free(copy);
    return status;
}

static int read_driver(const char *extra_path, size_t index, outfall_driver_info *out,
                       outfall_error *error)
{
    of_driver_place place;
    const outfall_driver *driver;
    outfall_driver_info info = {0};
    if (!of_driver_place_at(index, extra_path, &place))
        return of_fail(error, OUTFALL_ERR_NOT_FOUND, "there is no driver number %zu", index);
    info.struct_size = out->struct_size;
    info.built_in = place.path[0] == '\0';
    memcpy(info.name, place.name, sizeof info.name);
    memcpy(info.path, place.path, sizeof info.path);
    int status = of_driver_find(place.name, extra_path, &driver, error);
    if (status == OUTFALL_OK)
        snprintf(info.description, sizeof info.description, "%s", driver->description);
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
    return status;
}

int outfall_driver_at(const outfall_config *config, size_t index, outfall_driver_info *out,
                      outfall_error *error)
{
    outfall_config *defaults = NULL;
    int status = OUTFALL_OK;
    if (out == NULL || out->struct_size < offsetof(outfall_driver_info, description))
        return of_fail(error, OUTFALL_ERR_INVALID, "out is NULL or its struct_size is not set");
    if (config == NULL)
        status = outfall_config_new(&defaults, error);
    if (status == OUTFALL_OK)
        status = read_driver((config != NULL ? config : defaults)->values.driver_path, index, out,
                             error);
    outfall_config_free(defaults);
    return status;
}
