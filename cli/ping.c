/* SPDX-License-Identifier: Apache-2.0 */
#include "ping.h"

#include <stdio.h>

#include <outfall/outfall.h>

#include "exit.h"
#include "progress.h"
#include "say.h"

static int run(const of_args *args)
{
    char description[256] = "";
    outfall_error error;
    int64_t started_us = of_now_us();
    int status = outfall_ping(args->operands[0], NULL, description, sizeof description, &error);

    if (status != OUTFALL_OK) {
        of_say("%s", error.message);
        return of_exit_of(status);
    }
    printf("%s answered in %.1f ms\n", description, (double)(of_now_us() - started_us) / 1e3);
    return OF_EXIT_DONE;
}

static const of_arg options[] = {{NULL, NULL, NULL, NULL}};

const of_command of_ping_command = {
    .name = "ping",
    .synopsis = "URL",
    .summary = "Connects to a database, asks for one answer and prints its name and version.",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .notes = "Exit codes: 0 it answered; 1 a bad URL; 2 it did not.",
    .run = run,
};
