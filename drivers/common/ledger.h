/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's statements, which are the same in every database but for how a table is made and a
 * text is spelled. A driver brings a way to run them.
 */
#ifndef DRV_LEDGER_H
#define DRV_LEDGER_H

#include <outfall/driver.h>

#include "common/text.h"

#define DRV_LEDGER_TABLE "outfall_fence"

/* By client library or ODBC, the table of a database is the same. */
#define DRV_LEDGER_POSTGRESQL                                                                      \
    "CREATE TABLE IF NOT EXISTS " DRV_LEDGER_TABLE                                                 \
    " (sink text NOT NULL, writer text NOT NULL, slot integer NOT NULL, owner bigint NOT NULL, "   \
    "epoch bigint NOT NULL, checkpoint bigint NOT NULL, source_offset bigint NOT NULL, "           \
    "PRIMARY KEY (sink, writer, slot)) WITH (fillfactor = 50)"
#define DRV_LEDGER_MYSQL                                                                           \
    "CREATE TABLE IF NOT EXISTS " DRV_LEDGER_TABLE                                                 \
    " (sink varbinary(255) NOT NULL, writer varbinary(64) NOT NULL, slot int NOT NULL, owner "     \
    "bigint NOT NULL, "                                                                            \
    "epoch bigint NOT NULL, checkpoint bigint NOT NULL, source_offset bigint NOT NULL, "           \
    "PRIMARY KEY (sink, writer, slot)) ENGINE=InnoDB"
#define DRV_LEDGER_SQLITE                                                                          \
    "CREATE TABLE IF NOT EXISTS main." DRV_LEDGER_TABLE                                            \
    " (sink TEXT NOT NULL, writer TEXT NOT NULL, slot INTEGER NOT NULL, owner INTEGER NOT NULL, "  \
    "epoch INTEGER NOT NULL, checkpoint INTEGER NOT NULL, source_offset INTEGER NOT NULL, "        \
    "PRIMARY KEY (sink, writer, slot)) WITHOUT ROWID"

/* Epoch, checkpoint and source offset. */
#define DRV_LEDGER_NUMBERS 3

typedef struct drv_ledger_dialect {
    void (*add_literal)(drv_text *to, const char *text);
    /*
     * Runs one statement. *count: rows changed or answered. `numbers`, where not NULL, gets the
     * integers of the first row answered.
     */
    int (*run)(outfall_connection *connection, const char *sql, int64_t *count, int64_t *numbers,
               int64_t deadline_us, outfall_error *error);
} drv_ledger_dialect;

/* Spells a text as '…', a quote in it doubled; or its bytes as X'…'. */
void drv_ledger_add_quoted(drv_text *to, const char *text);
void drv_ledger_add_hex(drv_text *to, const char *text);

/* As the functions of outfall_driver. */
int drv_ledger_takeover(const drv_ledger_dialect *dialect, outfall_connection *connection,
                        outfall_fence *fence, int mine, int64_t deadline_us, outfall_error *error);
int drv_ledger_fence(const drv_ledger_dialect *dialect, outfall_connection *connection,
                     outfall_fence *fence, int64_t deadline_us, outfall_error *error);

#endif
