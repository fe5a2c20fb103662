/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/pool_handle.h"

#include "base/fail.h"

int of_pool_open(const char *url, const outfall_config *config, const outfall_driver *driver,
                 of_pool **out, outfall_error *error)
{
    const of_options *values = &config->values;
    outfall_driver_option driver_options[OF_OPTION_COUNT];
    const outfall_connect_options connect = {
        .struct_size = sizeof connect,
        .option_count = (uint32_t)of_config_driver_options(config, driver->name, driver_options),
        .url = url,
        .application_name = values->application_name,
        .options = driver_options,
        .create = values->create == OF_CREATE_IF_MISSING,
    };
    const of_pool_options options = {
        .connections_max = (uint32_t)values->pool_max,
        .connections_min = (uint32_t)values->pool_min,
        .connect_timeout_ms = values->connect_timeout_ms,
        .connect = &connect,
        .rules = {.idle_us = values->pool_idle_ms * 1000,
                  .lifetime_us = values->pool_lifetime_ms * 1000,
                  .check_us = values->pool_check_ms * 1000,
                  .leak_us = values->pool_leak_ms * 1000},
    };
    *out = NULL;
    if (values->pool_min > values->pool_max)
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "pool.min is %lld, over pool.max, which is %lld: lower one or raise the "
                       "other",
                       (long long)values->pool_min, (long long)values->pool_max);
    return of_pool_new(driver, &options, out, error);
}
