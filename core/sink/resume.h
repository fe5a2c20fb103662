/* SPDX-License-Identifier: Apache-2.0 */
/* A writer and its line in the ledger. */
#ifndef OF_SINK_RESUME_H
#define OF_SINK_RESUME_H

#include "sink/handle.h"

/*
 * Takes the writer over and learns where it goes on, unless its rows are in a table that is no
 * more. Blocks; no lock may be held.
 */
int of_writer_take_over(outfall_writer *writer, outfall_error *error);

/*
 * Records the source of a writer without rows, whatever there was. OUTFALL_ERR_FENCED: another
 * process has it by now.
 */
int of_writer_record(outfall_writer *writer, const char *source, outfall_error *error);

/* Whether the next row may have this source offset; it is then the last. */
int of_writer_check_offset(outfall_writer *writer, uint64_t source_offset, outfall_error *error);

#endif
