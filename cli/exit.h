/* SPDX-License-Identifier: Apache-2.0 */
/* Exit codes; docs/cli.md explains them. A load that a signal ended exits with 128 + its number. */
#ifndef OF_CLI_EXIT_H
#define OF_CLI_EXIT_H

#include <outfall/error.h>

enum of_exit {
    OF_EXIT_DONE = 0,
    OF_EXIT_USAGE = 1, /* Also a file that cannot be read, or not as what it was said to be. */
    OF_EXIT_DATABASE = 2,
    OF_EXIT_REJECTED = 3
};

/* For an error of the library: a bad option or URL is usage, all else is the database. */
static inline enum of_exit of_exit_of(int status)
{
    return status == OUTFALL_ERR_CONFIG || status == OUTFALL_ERR_INVALID ? OF_EXIT_USAGE
                                                                         : OF_EXIT_DATABASE;
}

#endif
