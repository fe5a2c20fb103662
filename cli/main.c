/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <outfall/outfall.h>

#include "args.h"
#include "completion.h"
#include "drivers.h"
#include "exit.h"
#include "load.h"
#include "options.h"
#include "ping.h"
#include "say.h"
#include "source.h"
#include "txn.h"

static const of_command *const commands[] = {
    &of_load_command,
    &of_txn_command,
    &of_ping_command,
    &of_drivers_command,
    &of_options_command,
    &of_completion_command,
    NULL,
};

static void print_usage(FILE *to)
{
    fprintf(to, "usage: outfall COMMAND [arguments]\n\n");
    for (size_t i = 0; commands[i] != NULL; i++)
        fprintf(to, "  %-12s%s\n", commands[i]->name, commands[i]->summary);
    fprintf(to, "\noutfall COMMAND --help says more; outfall --version prints the version.\n");
}

static int unknown_command(const char *name)
{
    const char *names[16];
    size_t count = 0;

    for (; commands[count] != NULL; count++)
        names[count] = commands[count]->name;
    names[count] = NULL;
    const char *nearest = of_args_nearest(name, names);
    if (of_source_is_url(name))
        of_say("a URL is not a command: outfall ping URL, outfall load --to URL");
    else if (nearest != NULL)
        of_say("unknown command %.64s; did you mean %s?", name, nearest);
    else
        of_say("unknown command %.64s; outfall --help lists them", name);
    return OF_EXIT_USAGE;
}

static int run_command(const of_command *command, int argc, char **argv)
{
    char message[OF_ARGS_MESSAGE_MAX];
    of_args args;
    int code = OF_EXIT_DONE;

    if (of_args_parse(command, argc, argv, &args, message) != 0) {
        of_say("%s", message);
        code = OF_EXIT_USAGE;
    } else if (args.help) {
        of_args_print_help(command);
    } else {
        code = command->run(&args);
    }
    of_args_free(&args);
    return code;
}

static int dispatch(int argc, char **argv)
{
    of_completion_set(commands);
    if (argc < 2) {
        print_usage(stderr);
        return OF_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("outfall %s\n", outfall_version());
        return OF_EXIT_DONE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return OF_EXIT_DONE;
    }
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, argv[1]) == 0)
            return run_command(commands[i], argc - 2, argv + 2);
    }
    return unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
    int code = dispatch(argc, argv);

    /* A full disk behind standard output shows only here. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        of_say("cannot write standard output");
        code = code == OF_EXIT_DONE ? OF_EXIT_USAGE : code;
    }
    return code;
}
