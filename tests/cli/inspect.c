/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a driver alone whether a database can keep the promise of exactly-once, for the tests in
 * Python: what the command does at open, also for transactions that are to be prepared.
 *
 *   inspect MODULE URL TABLE PREPARED
 *
 * The exit status is 0, or 2 where it cannot: the message is printed.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <outfall/driver.h>

static outfall_error error;

static int64_t deadline(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + INT64_C(20000000);
}

static void check(int status)
{
    if (status == OUTFALL_OK)
        return;
    printf("%s\n", error.message);
    exit(status == OUTFALL_ERR_UNSUPPORTED && error.action == OUTFALL_ACTION_STOP ? 2 : 1);
}

static const outfall_driver *load(const char *path)
{
    outfall_driver_entry_function entry;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) {
        fprintf(stderr, "inspect: %s\n", dlerror());
        exit(1);
    }
    *(void **)&entry = dlsym(module, OUTFALL_DRIVER_ENTRY);
    return entry();
}

int main(int argc, char **argv)
{
    outfall_connection *connection;
    outfall_target *target;
    if (argc != 5)
        return 1;
    const outfall_driver *driver = load(argv[1]);
    const outfall_connect_options connect = {.struct_size = sizeof connect, .url = argv[2]};
    const outfall_describe_options describe = {.struct_size = sizeof describe};
    const outfall_table_name name = {NULL, argv[3]};
    const outfall_inspect_options options = {.struct_size = sizeof options,
                                             .prepared = (uint32_t)strtoul(argv[4], NULL, 10)};
    check(driver->connect(&connect, deadline(), &connection, &error));
    check(driver->describe(connection, &name, &describe, deadline(), &target, &error));
    check(driver->inspect(connection, target, &options, deadline(), &error));
    /* It has left nothing behind: no transaction that a second look would be in. */
    check(driver->inspect(connection, target, &options, deadline(), &error));
    driver->target_free(target);
    driver->disconnect(connection);
    return 0;
}
