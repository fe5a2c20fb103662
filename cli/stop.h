/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM: the first asks for an orderly end, the second ends the process at once. */
#ifndef OF_CLI_STOP_H
#define OF_CLI_STOP_H

#include <stdbool.h>

/* Once per process. 0, or -1 with errno. */
int of_stop_install(void);

/* The signal that came, or 0. */
int of_stop_signal(void);

/* A descriptor that polls readable once a signal has come. */
int of_stop_descriptor(void);

/* A signal came, and the time that an orderly end may take (10 s) has passed. */
bool of_stop_overdue(void);

#endif
