/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of LOAD DATA LOCAL: memory of ours, under a name of ours, while our own statement runs.
 * A server may ask for any file after any statement; it gets nothing else.
 */
#ifndef DRV_MY_INFILE_H
#define DRV_MY_INFILE_H

#include "mysql/session.h"

/* Puts our handler in the library's place, for good. Whatever is asked for is refused. */
void drv_my_infile_guard(outfall_connection *connection);

/* Offers `data` under `name` until disarmed. Both are borrowed. */
void drv_my_infile_arm(outfall_connection *connection, const char *name, const char *data,
                       size_t length);
void drv_my_infile_disarm(outfall_connection *connection);

#endif
