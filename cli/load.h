/* SPDX-License-Identifier: Apache-2.0 */
/* outfall load: files into a table. */
#ifndef OF_CLI_LOAD_H
#define OF_CLI_LOAD_H

#include "args.h"

extern const of_command of_load_command;

#endif
