/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and their options as tables, from which parsing, --help and completion are made. */
#ifndef OF_CLI_ARGS_H
#define OF_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#define OF_ARGS_MESSAGE_MAX 512

/* A table of these ends with a NULL name. */
typedef struct of_arg {
    const char *name;  /* Without the dashes. */
    const char *value; /* What its value is called: "FILE"; NULL: it takes none. */
    const char *words; /* The values that there are, "csv|ndjson"; NULL: any. */
    const char *help;
} of_arg;

typedef struct of_args of_args;

typedef struct of_command {
    const char *name;
    const char *synopsis; /* What follows the name in its usage. */
    const char *summary;
    const of_arg *options;
    size_t operands_min;
    size_t operands_max;
    const char *notes;               /* Shown at the end of its help; may be NULL. */
    int (*run)(const of_args *args); /* Returns the exit code. */
} of_command;

/* What was given; borrows from argv. */
struct of_args {
    const of_command *command;
    size_t given_count;
    struct of_given {
        const of_arg *option;
        const char *value; /* "" where the option takes none. */
    } * given;             /* In their order. */
    size_t operand_count;
    const char **operands;
    bool help;
};

/*
 * Reads the arguments that follow a command's name. 0, or -1 with the reason in `message`, where an
 * unknown option names the nearest one. Free with of_args_free in either case.
 */
int of_args_parse(const of_command *command, int argc, char **argv, of_args *out,
                  char message[OF_ARGS_MESSAGE_MAX]);
void of_args_free(of_args *args);

/* The last value given of an option, or NULL. */
const char *of_args_value(const of_args *args, const char *name);

/* An unsigned integer of at most `most`, or `otherwise` where it was not given. False: it is none.
 */
bool of_args_number(const of_args *args, const char *name, unsigned long most,
                    unsigned long otherwise, unsigned long *out);

void of_args_print_help(const of_command *command);

/* The name of `names`, ended by NULL, that is nearest to `name`; NULL where none is near. */
const char *of_args_nearest(const char *name, const char *const *names);

#endif
