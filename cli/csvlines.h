/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV (RFC 4180) by libcsv, a physical line at a time. An unquoted empty field is NULL, a quoted
 * one the empty string; blanks are never trimmed. Lines with nothing on them are skipped.
 */
#ifndef OF_CLI_CSVLINES_H
#define OF_CLI_CSVLINES_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "rejection.h"
#include "rows.h"
#include "source.h"

typedef struct of_csv of_csv;

/* `record_bytes_max` bounds one record, quoted line ends included. OUTFALL_ERR_NOMEM. */
int of_csv_open(size_t record_bytes_max, of_csv **out, outfall_error *error);
void of_csv_close(of_csv *csv);

/*
 * Names the column that rows->kind_field stands for, for messages; borrowed. A record of which that
 * field is not a kind is rejected.
 */
void of_csv_kind_column(of_csv *csv, const char *name);

/* Forgets a record that was begun. */
void of_csv_reset(of_csv *csv);

/*
 * Feeds one line. A record with other than of_rows_width fields is rejected. After a malformed
 * record reading goes on at the line after the one where the fault showed.
 */
enum of_record of_csv_feed(of_csv *csv, const of_line *line, of_rows *rows,
                           of_rejection *rejection);

/*
 * As of_csv_feed for a header: up to rows->columns fields will do, and rows->columns becomes their
 * number. `rows` holds no other row.
 */
enum of_record of_csv_feed_header(of_csv *csv, const of_line *line, of_rows *rows,
                                  of_rejection *rejection);

/* After the last line: a record without its line end, or an unterminated quote. */
enum of_record of_csv_end(of_csv *csv, of_rows *rows, of_rejection *rejection);

#endif
