/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON lines: one object a line, checked and decoded by jansson. Numbers and nested values keep the
 * text that they were written in, so that no digit is lost. Blank lines are skipped.
 */
#ifndef OF_CLI_NDJSON_H
#define OF_CLI_NDJSON_H

#include "infer.h"
#include "names.h"
#include "record.h"
#include "rejection.h"
#include "required.h"
#include "rows.h"
#include "source.h"

typedef struct of_ndjson of_ndjson;

/* OUTFALL_ERR_NOMEM. */
int of_ndjson_open(size_t record_bytes_max, of_ndjson **out, outfall_error *error);
void of_ndjson_close(of_ndjson *ndjson);

/* The key that is the row's kind and no column; borrowed. Rows without a kind are rejected then. */
void of_ndjson_kind_key(of_ndjson *ndjson, const char *key);

/*
 * What records may not leave out: enum of_required for each column; borrowed. NULL, as it is at
 * first: nothing.
 */
void of_ndjson_require(of_ndjson *ndjson, const uint8_t *required);

/*
 * Feeds one line. Each key goes to the column of its name, a missing one is NULL or, where it is
 * required, rejects the row, as an unknown one does.
 */
enum of_record of_ndjson_feed(of_ndjson *ndjson, const of_line *line, const of_names *columns,
                              of_rows *rows, of_rejection *rejection);

/*
 * Learns from one line: adds keys not met before to `columns`, and samples of the values to
 * `infer`, an array of OF_COLUMNS_MAX. OF_RECORD_ROW says that it held an object.
 */
enum of_record of_ndjson_learn(of_ndjson *ndjson, const of_line *line, of_names *columns,
                               of_infer *infer);

#endif
