/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of exactly-once delivery, in the file that the rows go to. */
#ifndef LITE_LEDGER_H
#define LITE_LEDGER_H

#include <outfall/driver.h>

int lite_ledger_create(outfall_connection *connection, int64_t deadline_us, outfall_error *error);
int lite_takeover(outfall_connection *connection, outfall_fence *fence, int mine,
                  int64_t deadline_us, outfall_error *error);
int lite_fence(outfall_connection *connection, outfall_fence *fence, int64_t deadline_us,
               outfall_error *error);
int lite_ledger_write(outfall_connection *connection, const outfall_ledger_line *line,
                      int64_t deadline_us, outfall_error *error);
int lite_ledger_read(outfall_connection *connection, outfall_ledger_line *line, int64_t deadline_us,
                     outfall_error *error);

#endif
