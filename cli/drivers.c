/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers.h"

#include <stdio.h>
#include <string.h>

#include <outfall/outfall.h>

#include "exit.h"
#include "say.h"

static int run(const of_args *args)
{
    outfall_driver_info info;
    outfall_error error;
    int code = OF_EXIT_DONE;

    (void)args;
    for (size_t i = 0;; i++) {
        memset(&info, 0, sizeof info);
        info.struct_size = sizeof info;
        int status = outfall_driver_at(NULL, i, &info, &error);
        if (status == OUTFALL_ERR_NOT_FOUND)
            return code;
        if (status != OUTFALL_OK) {
            of_say("%s", error.message);
            if (status != OUTFALL_ERR_UNSUPPORTED)
                return OF_EXIT_DATABASE;
            code = OF_EXIT_DATABASE;
            continue;
        }
        printf("%-12s %s  %s\n", info.name, info.description,
               info.built_in ? "(built in)" : info.path);
    }
}

static const of_arg options[] = {{NULL, NULL, NULL, NULL}};

const of_command of_drivers_command = {
    .name = "drivers",
    .synopsis = "",
    .summary = "Lists the database drivers that are installed: scheme, client library, file.",
    .options = options,
    .notes = "Exit codes: 0 done; 2 a driver cannot be loaded, standard error says why.",
    .run = run,
};
