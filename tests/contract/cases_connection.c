/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <dirent.h>
#include <string.h>

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static void the_table_is_complete(contract_suite *suite)
{
    const outfall_driver *driver = &suite->driver;
    assert_int_equal(driver->struct_size, sizeof *driver);
    assert_string_equal(driver->name, suite->quirks->driver);
    assert_true(driver->description != NULL && driver->description[0] != '\0');
    assert_int_equal(driver->capabilities & suite->quirks->capabilities,
                     suite->quirks->capabilities);
    assert_true(driver->connect && driver->disconnect && driver->ping && driver->reset &&
                driver->sever && driver->describe && driver->target_free && driver->create_table &&
                driver->begin && driver->write && driver->savepoint && driver->commit &&
                driver->rollback);
}

static void it_connects_and_answers_a_ping(contract_suite *suite)
{
    char description[128] = "";
    expect_ok(suite, suite->driver.ping(suite->connection, description, sizeof description,
                                        suite_deadline(), &suite->error));
    assert_true(strlen(description) > 0);
    expect_ok(suite,
              suite->driver.ping(suite->connection, NULL, 0, suite_deadline(), &suite->error));
    char small[4] = "xxx"; /* Must be cut, not overrun. */
    expect_ok(suite, suite->driver.ping(suite->connection, small, sizeof small, suite_deadline(),
                                        &suite->error));
    assert_true(strlen(small) < sizeof small);
}

static void nothing_is_legal_to_close(contract_suite *suite)
{
    suite->driver.disconnect(NULL);
    suite->driver.target_free(NULL);
}

static void a_failed_connect_leaves_nothing_and_tells_no_secret(contract_suite *suite)
{
    size_t before = open_descriptors();
    for (size_t i = 0; suite->quirks->bad_urls[i] != NULL; i++) {
        outfall_connect_options options = {.struct_size = sizeof options,
                                           .create = 1,
                                           .url = suite->quirks->bad_urls[i],
                                           .application_name = "contract"};
        outfall_connection *connection = (outfall_connection *)suite;
        memset(&suite->error, 0, sizeof suite->error);
        int status =
            suite->driver.connect(&options, suite_now_us() + 5000000, &connection, &suite->error);
        if (status == OUTFALL_OK)
            fail_msg("%s: connected", options.url);
        assert_null(connection);
        assert_int_equal(suite->error.status, status);
        assert_int_not_equal(suite->error.action, OUTFALL_ACTION_NONE);
        assert_true(strlen(suite->error.message) > 10);
        /* In a path it is no secret; in a password or a key it is. */
        if (strstr(suite->error.message, "canary") != NULL &&
            strstr(options.url, "/canary/") == NULL)
            fail_msg("%s: the error tells a secret: %s", options.url, suite->error.message);
    }
    assert_int_equal(open_descriptors(), before);
}

static void a_connection_closed_leaves_no_descriptor(contract_suite *suite)
{
    /* A client library may open what it keeps for good when it is first used. */
    suite->driver.disconnect(suite_connect(suite));
    size_t before = open_descriptors();
    for (int i = 0; i < 3; i++)
        suite->driver.disconnect(suite_connect(suite));
    assert_int_equal(open_descriptors(), before);
}

static void options_reach_the_driver(contract_suite *suite)
{
    static const outfall_driver_option settings[] = {{"sqlite.synchronous", "normal"},
                                                     {"sqlite.journal", "wal"},
                                                     {"postgresql.copy.rows.min", "10"}};
    outfall_connect_options options = {.struct_size = sizeof options,
                                       .create = 1,
                                       .url = suite->url,
                                       .application_name = "contract",
                                       .options = settings,
                                       .option_count = 3};
    outfall_connection *connection = NULL;
    expect_ok(suite, suite->driver.connect(&options, suite_deadline(), &connection, &suite->error));
    suite->driver.disconnect(connection);
}

const contract_case connection_cases[] = {
    {"the table is complete", the_table_is_complete, NEEDS_NOTHING},
    {"it connects and answers a ping", it_connects_and_answers_a_ping, NEEDS_NOTHING},
    {"nothing is legal to close", nothing_is_legal_to_close, NEEDS_NOTHING},
    {"a failed connect leaves nothing and tells no secret",
     a_failed_connect_leaves_nothing_and_tells_no_secret, NEEDS_NOTHING},
    {"a connection closed leaves no descriptor", a_connection_closed_leaves_no_descriptor,
     NEEDS_NOTHING},
    {"options reach the driver", options_reach_the_driver, NEEDS_NOTHING},
    {NULL, NULL, 0},
};
