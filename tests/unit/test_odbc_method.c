/* SPDX-License-Identifier: Apache-2.0 */
/* How rows are sent by each ODBC driver, and which socket is a connection's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "odbc/method.h"
#include "odbc/socket.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_driver_is_known_by_its_file(void **state)
{
    static const struct {
        const char *file, *want; /* NULL: any other. */
    } cases[] = {
        {"psqlodbcw.so", "psqlodbc"},
        {"psqlodbca.so", "psqlodbc"},
        {"/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so", "psqlodbc"},
        {"PSQLODBC35W.DLL", "psqlodbc"},
        {"libmaodbc.so", "maodbc"},
        {"libmyodbc8w.so", "myodbc"},
        {"sqlite3odbc.so", "sqlite"},
        {"libsqlite3odbc-0.9998.so", "sqlite"},
        {"libsqora.so.19.1", NULL},
        {"libmsodbcsql-18.3.so.2.1", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = drv_odbc_method_of(cases[i].file)->file;
        bool right = found == NULL || cases[i].want == NULL ? found == cases[i].want
                                                            : strcmp(found, cases[i].want) == 0;
        if (!right)
            fail_msg("%s: %s", cases[i].file, found != NULL ? found : "none");
    }
}

/* Without them rows are lost, or counted wrong: docs/drivers/odbc.md. */
static void a_driver_is_given_the_keywords_that_it_needs(void **state)
{
    static const struct {
        const char *file, *key, *value; /* NULL: no key at all. */
    } cases[] = {
        {"psqlodbcw.so", "Protocol", "7.4-0"},    {"libmaodbc.so", "CHARSET", "utf8mb4"},
        {"libmaodbc.so", "OPTION", "2"},          {"libmyodbc8w.so", "FOUND_ROWS", "1"},
        {"sqlite3odbc.so", "SyncPragma", "FULL"}, {"sqlite3odbc.so", "Timeout", "100"},
        {"libmaodbc.so", "AUTO_RECONNECT", "0"},  {"libsqora.so.19.1", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const drv_odbc_keyword *at = drv_odbc_method_of(cases[i].file)->keywords;
        const char *found = NULL;
        for (size_t j = 0; j < DRV_ODBC_KEYWORDS_MAX && at[j].key != NULL; j++)
            if (cases[i].key == NULL || strcmp(at[j].key, cases[i].key) == 0)
                found = at[j].value;
        if (cases[i].key == NULL ? found != NULL
                                 : found == NULL || strcmp(found, cases[i].value) != 0)
            fail_msg("%s: %s", cases[i].file, found != NULL ? found : "none");
    }
}

static void the_way_is_the_drivers_as_far_as_the_dialect_goes(void **state)
{
    static const struct {
        const char *why, *file;
        const drv_odbc_dialect *dialect;
        enum drv_odbc_way wanted;
        uint32_t columns;
        enum drv_odbc_way way;
        uint32_t rows;
    } cases[] = {
        {"psqlODBC", "psqlodbcw.so", &drv_odbc_postgresql, DRV_ODBC_WAY_AUTO, 5, DRV_ODBC_WAY_ROWS,
         1000},
        {"its parameters' limit", "psqlodbcw.so", &drv_odbc_postgresql, DRV_ODBC_WAY_AUTO, 100,
         DRV_ODBC_WAY_ROWS, 70},
        {"what libpq takes of a description", "psqlodbcw.so", &drv_odbc_postgresql,
         DRV_ODBC_WAY_AUTO, 8, DRV_ODBC_WAY_ROWS, 875},
        {"more columns than two rows have", "psqlodbcw.so", &drv_odbc_postgresql, DRV_ODBC_WAY_AUTO,
         40000, DRV_ODBC_WAY_ARRAY, 1000},
        {"arrays by option", "psqlodbcw.so", &drv_odbc_postgresql, DRV_ODBC_WAY_ARRAY, 5,
         DRV_ODBC_WAY_ARRAY, 1000},
        {"MariaDB's", "libmaodbc.so", &drv_odbc_mysql, DRV_ODBC_WAY_AUTO, 5, DRV_ODBC_WAY_ARRAY,
         10000},
        {"rows by option", "libmaodbc.so", &drv_odbc_mysql, DRV_ODBC_WAY_ROWS, 5, DRV_ODBC_WAY_ROWS,
         1000},
        {"SQLite's", "sqlite3odbc.so", &drv_odbc_sqlite, DRV_ODBC_WAY_AUTO, 100, DRV_ODBC_WAY_ROWS,
         327},
        {"Oracle takes no second row", "libsqora.so.19.1", &drv_odbc_oracle, DRV_ODBC_WAY_ROWS, 5,
         DRV_ODBC_WAY_ARRAY, 1000},
        {"a driver nobody knows", "libx.so", &drv_odbc_ansi, DRV_ODBC_WAY_AUTO, 5,
         DRV_ODBC_WAY_ARRAY, 1000},
        {"SQL Server, by option", "libmsodbcsql-18.so", &drv_odbc_mssql, DRV_ODBC_WAY_ROWS, 5,
         DRV_ODBC_WAY_ROWS, 100},
        {"SQL Server, 2,000 parameters", "libmsodbcsql-18.so", &drv_odbc_mssql, DRV_ODBC_WAY_ROWS,
         50, DRV_ODBC_WAY_ROWS, 40},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t rows = 0;
        enum drv_odbc_way way =
            drv_odbc_method_choose(drv_odbc_method_of(cases[i].file), cases[i].dialect,
                                   cases[i].wanted, cases[i].columns, &rows);
        if (way != cases[i].way || rows != cases[i].rows)
            fail_msg("%s: way %d, %u rows", cases[i].why, (int)way, rows);
    }
}

static void the_new_socket_is_found_by_its_inode(void **state)
{
    static const drv_odbc_socket before[] = {{3, 100}, {4, 101}};
    static const drv_odbc_socket after[] = {{3, 100}, {4, 101}, {7, 102}, {9, 102}};
    static const drv_odbc_socket two[] = {{3, 100}, {7, 102}, {8, 103}};
    static const drv_odbc_socket reused[] = {{3, 102}, {4, 101}};
    static const struct {
        const char *why;
        const drv_odbc_socket *after;
        size_t count, want;
        int descriptor;
    } cases[] = {
        {"a duplicate is no other", after, 4, 1, 7},
        {"two came", two, 3, 2, 8},
        {"a descriptor that is used again", reused, 2, 1, 3},
        {"none came", before, 2, 0, -1},
        {"one went", before, 1, 0, -1},
    };
    const drv_odbc_sockets first = {(drv_odbc_socket *)(uintptr_t)before, 2, 2};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const drv_odbc_sockets second = {(drv_odbc_socket *)(uintptr_t)cases[i].after,
                                         cases[i].count, cases[i].count};
        int descriptor = 0;
        size_t found = drv_odbc_sockets_new(&first, &second, &descriptor);
        if (found != cases[i].want || descriptor != cases[i].descriptor)
            fail_msg("%s: %zu, %d", cases[i].why, found, descriptor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_is_known_by_its_file),
        cmocka_unit_test(a_driver_is_given_the_keywords_that_it_needs),
        cmocka_unit_test(the_way_is_the_drivers_as_far_as_the_dialect_goes),
        cmocka_unit_test(the_new_socket_is_found_by_its_inode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
