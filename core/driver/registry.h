/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which drivers there are: those compiled in, the modules of `driver.path`, and those of the
 * directory outfall/ beside the library itself.
 */
#ifndef OF_DRIVER_REGISTRY_H
#define OF_DRIVER_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include <outfall/driver.h>

/* One place where a driver was found. */
typedef struct of_driver_place {
    char name[32];
    char path[512]; /* Empty: built in. */
} of_driver_place;

/*
 * The driver for a URL scheme. The table lives as long as the process. `extra_path` may be NULL or
 * empty. OUTFALL_ERR_NOT_FOUND names the drivers that there are.
 */
int of_driver_find(const char *name, const char *extra_path, const outfall_driver **out,
                   outfall_error *error);

/* Place `index`, in the order of their names; false past the last. */
bool of_driver_place_at(size_t index, const char *extra_path, of_driver_place *out);

#endif
