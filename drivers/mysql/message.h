/* SPDX-License-Identifier: Apache-2.0 */
/* What a server's message says of where the error was: which row, which column. Pure. */
#ifndef DRV_MY_MESSAGE_H
#define DRV_MY_MESSAGE_H

#include <stdint.h>

#include <outfall/row.h>

/* The index of the row from "… at row 7" (from 1), below `rows`; -1 where it names none. */
int64_t drv_my_message_row(const char *message, uint64_t rows);

/*
 * The column that the message names, "Column 'a' cannot be null", "… for column `d`.`t`.`a` at …";
 * NULL where it names none of them. Messages in other languages than English name none.
 */
const char *drv_my_message_column(const char *message, const outfall_column *columns,
                                  uint32_t count);

#endif
