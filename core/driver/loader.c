/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/loader.h"

#include <dlfcn.h>
#include <string.h>

#include "base/fail.h"

int of_driver_check(const outfall_driver *driver, const char *source, outfall_driver *out,
                    outfall_error *error)
{
    if (driver == NULL || driver->abi != OUTFALL_DRIVER_ABI)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "driver %s is for another version of the driver contract (%u, not %u): "
                       "install the one that came with this library",
                       source, driver == NULL ? 0 : driver->abi, OUTFALL_DRIVER_ABI);
    size_t size = driver->struct_size < sizeof *out ? driver->struct_size : sizeof *out;
    memset(out, 0, sizeof *out);
    memcpy(out, driver, size);
    if (out->name == NULL || out->description == NULL || out->connect == NULL ||
        out->disconnect == NULL || out->ping == NULL || out->reset == NULL || out->sever == NULL ||
        out->describe == NULL || out->target_free == NULL || out->create_table == NULL ||
        out->begin == NULL || out->write == NULL || out->savepoint == NULL || out->commit == NULL ||
        out->rollback == NULL)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "driver %s lacks a required function: install the one that came with this "
                       "library",
                       source);
    return OUTFALL_OK;
}

int of_driver_load(const char *path, outfall_driver *out, outfall_error *error)
{
    outfall_driver_entry_function entry;
    /* LOCAL: two client libraries never see each other's symbols. */
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "driver %s cannot be loaded (%s): install the database's client library",
                       path, dlerror());
    *(void **)&entry = dlsym(module, OUTFALL_DRIVER_ENTRY);
    if (entry == NULL)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "%s is not an outfall driver: it has no symbol " OUTFALL_DRIVER_ENTRY, path);
    return of_driver_check(entry(), path, out, error);
}
