/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite_suite.h"

#include <string.h>

contract_suite here;

int sqlite_set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < all_quirks_count; i++)
        if (strcmp(all_quirks[i].driver, "sqlite") == 0 && !suite_open(&here, &all_quirks[i]))
            return -1;
    here.connection = suite_connect(&here);
    return 0;
}

int sqlite_tear_down(void **state)
{
    (void)state;
    here.driver.disconnect(here.connection);
    suite_close(&here);
    return 0;
}

int sqlite_try_row(const char *columns, const char *const *literals)
{
    test_rows rows;
    suite_create_sql(&here, "lite_t", columns);
    outfall_target *target = suite_describe(&here, "lite_t", NULL, 0);
    test_rows_init(&rows, target);
    test_rows_add(&rows, literals);
    int status = suite_try(&here, target, &rows, suite_deadline());
    test_rows_free(&rows);
    here.driver.target_free(target);
    return status;
}

int sqlite_connect(const char *url, const outfall_driver_option *options, uint32_t count,
                   outfall_connection **out)
{
    outfall_connect_options connect = {.struct_size = sizeof connect,
                                       .create = 1,
                                       .url = url,
                                       .application_name = "contract",
                                       .options = options,
                                       .option_count = count};
    memset(&here.error, 0, sizeof here.error);
    return here.driver.connect(&connect, suite_deadline(), out, &here.error);
}
