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

#define DRV_LEDGER_LINES "outfall_ledger"

/*
 * The statements that make the ledger's tables: by client library or ODBC, those of a database are
 * the same.
 */
#define DRV_LEDGER_TABLES 2
extern const char *const drv_ledger_postgresql[DRV_LEDGER_TABLES];
extern const char *const drv_ledger_mysql[DRV_LEDGER_TABLES];
extern const char *const drv_ledger_sqlite[DRV_LEDGER_TABLES];
extern const char *const drv_ledger_oracle[DRV_LEDGER_TABLES];

/*
 * The first row of an answer: epoch, checkpoint, and source offset or rows; then, where the query
 * has them, source and target.
 */
#define DRV_LEDGER_NUMBERS 3
#define DRV_LEDGER_TEXTS 2
#define DRV_LEDGER_TEXT_MAX (OUTFALL_SOURCE_BYTES_MAX + 1)

typedef struct drv_ledger_row {
    int64_t numbers[DRV_LEDGER_NUMBERS];
    char texts[DRV_LEDGER_TEXTS][DRV_LEDGER_TEXT_MAX];
} drv_ledger_row;

/* Takes a field of it, by its place in the query; NULL is 0 or empty, other places are ignored. */
void drv_ledger_take(drv_ledger_row *row, size_t place, const char *text);

typedef struct drv_ledger_dialect {
    /*
     * 1: old lines are dropped one by one. To delete a range MySQL locks the line behind it, which
     * may be that of another branch that waits for this one.
     */
    int singly;
    int empty_is_null; /* 1: '' is NULL. */
    void (*add_literal)(drv_text *to, const char *text);
    void (*add_text)(drv_text *to, const char *text); /* Of source and target; NULL: the same. */
    /*
     * Runs one statement. *count: rows changed or answered. `row`, where not NULL, gets the first
     * row answered.
     */
    int (*run)(outfall_connection *connection, const char *sql, int64_t *count, drv_ledger_row *row,
               int64_t deadline_us, outfall_error *error);
} drv_ledger_dialect;

/* Spells a text as '…', a quote in it doubled; or its bytes as X'…' or HEXTORAW('…'). */
void drv_ledger_add_quoted(drv_text *to, const char *text);
void drv_ledger_add_hex(drv_text *to, const char *text);
void drv_ledger_add_raw(drv_text *to, const char *text);

/* As the functions of outfall_driver. */
int drv_ledger_takeover(const drv_ledger_dialect *dialect, outfall_connection *connection,
                        outfall_fence *fence, int mine, int64_t deadline_us, outfall_error *error);
int drv_ledger_fence(const drv_ledger_dialect *dialect, outfall_connection *connection,
                     outfall_fence *fence, int64_t deadline_us, outfall_error *error);
int drv_ledger_write(const drv_ledger_dialect *dialect, outfall_connection *connection,
                     const outfall_ledger_line *line, int64_t deadline_us, outfall_error *error);
int drv_ledger_read(const drv_ledger_dialect *dialect, outfall_connection *connection,
                    outfall_ledger_line *line, int64_t deadline_us, outfall_error *error);

/* The single statements of fence and write, for drivers that send several at once. */
void drv_ledger_add_fence(const drv_ledger_dialect *dialect, const outfall_fence *fence,
                          drv_text *to);
void drv_ledger_add_prune(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                          drv_text *to);
void drv_ledger_add_line(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                         drv_text *to);

/*
 * The same for those that drop lines one by one: a query of the old ones' checkpoints, and the
 * statement that drops one, which ends with "checkpoint = ".
 */
void drv_ledger_add_old(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                        drv_text *to);
void drv_ledger_add_drop(const drv_ledger_dialect *dialect, const outfall_ledger_line *line,
                         drv_text *to);

/*
 * What the database says of the ledger is never a row's fault, and describing the target again does
 * not mend it: makes actions ROW and RESTART STOP. A column that is not there is one of another
 * version.
 */
void drv_ledger_judge(outfall_error *error);

#endif
