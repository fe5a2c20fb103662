/* SPDX-License-Identifier: Apache-2.0 */
/* The public pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include <outfall/driver.h>
#include <outfall/outfall.h>

static outfall_pool *open_pool(const char *url)
{
    outfall_pool *pool;
    outfall_error error = {0};
    if (outfall_pool_open(url, NULL, &pool, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    return pool;
}

static outfall_lease lease_of(outfall_pool *pool)
{
    outfall_lease lease;
    outfall_error error = {0};
    if (outfall_pool_lease(pool, 1000, &lease, &error) != OUTFALL_OK)
        fail_msg("%s", error.message);
    assert_int_not_equal(lease, 0);
    return lease;
}

static outfall_pool_stats look(outfall_pool *pool)
{
    outfall_pool_stats stats = {.struct_size = sizeof stats};
    assert_int_equal(outfall_pool_stats_get(pool, &stats, NULL), OUTFALL_OK);
    return stats;
}

static void a_lease_ends_once(void **state)
{
    outfall_pool *pool = open_pool("null:");
    outfall_error error;
    char version[64];
    (void)state;
    outfall_lease first = lease_of(pool);
    assert_int_equal(outfall_pool_ping(pool, first, 1000, version, sizeof version, NULL),
                     OUTFALL_OK);
    assert_non_null(strstr(version, "null"));
    assert_int_equal(outfall_pool_return(pool, first, 0, NULL), OUTFALL_OK);
    assert_int_equal(outfall_pool_return(pool, first, 0, &error), OUTFALL_ERR_INVALID);
    assert_non_null(strstr(error.message, "returned already"));
    outfall_lease second = lease_of(pool); /* The same connection. */
    assert_int_not_equal(first, second);
    assert_int_equal(look(pool).created, 1);
    assert_int_equal(outfall_pool_return(pool, first, 0, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_ping(pool, first, 1000, NULL, 0, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_return(pool, second, 1, NULL), OUTFALL_OK);
    assert_int_equal(look(pool).closed[OUTFALL_POOL_CLOSED_BROKEN], 1);
    for (outfall_lease wrong = 0; wrong < 20; wrong++)
        assert_int_equal(outfall_pool_return(pool, wrong, 0, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_return(pool, UINT64_MAX, 0, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_close(pool, 1000, NULL), OUTFALL_OK);
}

static void a_connection_can_be_used_by_its_drivers_table(void **state)
{
    outfall_pool *pool = open_pool("null:");
    const outfall_driver *driver;
    outfall_connection *connection;
    (void)state;
    outfall_lease lease = lease_of(pool);
    assert_int_equal(outfall_pool_connection(pool, lease, &driver, &connection, NULL), OUTFALL_OK);
    assert_string_equal(driver->name, "null");
    assert_int_equal(driver->ping(connection, NULL, 0, INT64_MAX, NULL), OUTFALL_OK);
    assert_int_equal(outfall_pool_return(pool, lease, 0, NULL), OUTFALL_OK);
    assert_int_equal(outfall_pool_connection(pool, lease, &driver, &connection, NULL),
                     OUTFALL_ERR_INVALID);
    assert_null(connection);
    assert_int_equal(outfall_pool_close(pool, 1000, NULL), OUTFALL_OK);
}

static void closing_waits_for_what_is_on_lease(void **state)
{
    outfall_pool *pool = open_pool("null:");
    outfall_lease refused;
    (void)state;
    outfall_lease lease = lease_of(pool);
    assert_int_equal(outfall_pool_close(pool, 10, NULL), OUTFALL_ERR_TIMEOUT);
    assert_int_equal(outfall_pool_lease(pool, 10, &refused, NULL), OUTFALL_ERR_CLOSED);
    assert_int_equal(refused, 0);
    assert_int_equal(outfall_pool_return(pool, lease, 0, NULL), OUTFALL_OK);
    assert_int_equal(outfall_pool_close(pool, 10, NULL), OUTFALL_OK);
    assert_int_equal(outfall_pool_close(NULL, 10, NULL), OUTFALL_OK);
}

static void options_come_by_the_url_and_are_checked(void **state)
{
    outfall_error error;
    outfall_pool *pool = open_pool("null:?outfall.pool.max=3&outfall.pool.min=2");
    (void)state;
    assert_int_equal(look(pool).connections_max, 3);
    assert_int_equal(look(pool).connections_min, 2);
    assert_int_equal(outfall_pool_close(pool, 1000, NULL), OUTFALL_OK);
    assert_int_equal(
        outfall_pool_open("null:?outfall.pool.max=3&outfall.pool.min=4", NULL, &pool, &error),
        OUTFALL_ERR_CONFIG);
    assert_null(pool);
    assert_non_null(strstr(error.message, "pool.min is 4"));
    assert_int_equal(outfall_pool_open("nothing:", NULL, &pool, NULL), OUTFALL_ERR_NOT_FOUND);
    assert_int_equal(outfall_pool_open(NULL, NULL, &pool, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_open("null:", NULL, NULL, NULL), OUTFALL_ERR_INVALID);
}

static void misuse_is_an_error(void **state)
{
    outfall_pool *pool = open_pool("null:");
    outfall_pool_stats stats = {.struct_size = 4};
    outfall_lease lease;
    char text[1];
    (void)state;
    assert_int_equal(outfall_pool_lease(NULL, 0, &lease, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_lease(pool, 0, NULL, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_lease(pool, 3600001, &lease, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_return(NULL, 1, 0, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_ping(pool, 1, 1, text, 0, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_connection(pool, 1, NULL, NULL, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_stats_get(pool, NULL, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_stats_get(pool, &stats, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_close(pool, 3600001, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_pool_close(pool, 0, NULL), OUTFALL_OK);
}

static void a_child_of_fork_is_told_to_open_its_own(void **state)
{
    outfall_pool *pool = open_pool("null:");
    outfall_lease lease;
    int result = -1;
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(outfall_pool_lease(pool, 100, &lease, NULL) == OUTFALL_ERR_CLOSED &&
                      outfall_pool_close(pool, 100, NULL) == OUTFALL_ERR_CLOSED
                  ? 0
                  : 1);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(outfall_pool_close(pool, 1000, NULL), OUTFALL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_ends_once),
        cmocka_unit_test(a_connection_can_be_used_by_its_drivers_table),
        cmocka_unit_test(closing_waits_for_what_is_on_lease),
        cmocka_unit_test(options_come_by_the_url_and_are_checked),
        cmocka_unit_test(misuse_is_an_error),
        cmocka_unit_test(a_child_of_fork_is_told_to_open_its_own),
    };
    return cmocka_run_group_tests_name("pool_handle", tests, NULL, NULL);
}
