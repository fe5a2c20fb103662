/* SPDX-License-Identifier: Apache-2.0 */
/* Loads one driver module, or takes a built-in one, and checks its table. */
#ifndef OF_DRIVER_LOADER_H
#define OF_DRIVER_LOADER_H

#include <outfall/driver.h>

/*
 * Copies what a driver offers into `out`, zeroing what an older driver lacks. Refuses a table of
 * another ABI or without a required entry; `source` names it in the error.
 */
int of_driver_check(const outfall_driver *driver, const char *source, outfall_driver *out,
                    outfall_error *error);

/* Loads the module at an absolute path, for good: modules are never unloaded. */
int of_driver_load(const char *path, outfall_driver *out, outfall_error *error);

#endif
