/* SPDX-License-Identifier: Apache-2.0 */
/* outfall drivers: which databases this installation knows. */
#ifndef OF_CLI_DRIVERS_H
#define OF_CLI_DRIVERS_H

#include "args.h"

extern const of_command of_drivers_command;

#endif
