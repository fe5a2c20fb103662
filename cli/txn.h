/* SPDX-License-Identifier: Apache-2.0 */
/* outfall txn: what is prepared in a database, and its end. */
#ifndef OF_CLI_TXN_H
#define OF_CLI_TXN_H

#include "args.h"

extern const of_command of_txn_command;

#endif
