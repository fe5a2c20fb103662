/* SPDX-License-Identifier: Apache-2.0 */
/* outfall ping: whether a database answers. */
#ifndef OF_CLI_PING_H
#define OF_CLI_PING_H

#include "args.h"

extern const of_command of_ping_command;

#endif
