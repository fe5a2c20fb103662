/* SPDX-License-Identifier: Apache-2.0 */
/* outfall options: the library's options, from its own table. */
#ifndef OF_CLI_OPTIONS_H
#define OF_CLI_OPTIONS_H

#include "args.h"

extern const of_command of_options_command;

#endif
