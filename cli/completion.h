/* SPDX-License-Identifier: Apache-2.0 */
/* outfall completion: a script for bash, from the tables of commands and options. */
#ifndef OF_CLI_COMPLETION_H
#define OF_CLI_COMPLETION_H

#include "args.h"

extern const of_command of_completion_command;

/* Sets the commands that the script knows, ended by NULL; borrowed. */
void of_completion_set(const of_command *const *commands);

#endif
