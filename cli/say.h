/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on standard error. */
#ifndef OF_CLI_SAY_H
#define OF_CLI_SAY_H

#include <outfall/export.h>

/*
 * One line, "outfall: …". Control characters become '?': what a file or a server says shall not
 * steer the terminal.
 */
OUTFALL_PRINTF(1, 2)
void of_say(const char *format, ...);

#endif
