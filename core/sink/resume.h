/* SPDX-License-Identifier: Apache-2.0 */
/* A writer and its line in the ledger. */
#ifndef OF_SINK_RESUME_H
#define OF_SINK_RESUME_H

#include "sink/handle.h"

/* Takes the writer over and learns where it goes on. Blocks; no lock may be held. */
int of_writer_take_over(outfall_writer *writer, outfall_error *error);

/* Whether the next row may have this source offset; it is then the last. */
int of_writer_check_offset(outfall_writer *writer, uint64_t source_offset, outfall_error *error);

#endif
