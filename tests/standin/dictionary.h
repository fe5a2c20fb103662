/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries of Oracle's data dictionary and of dual. They go to PostgreSQL as they are:
 * dictionary.sql has the views, orafce has dual.
 */
#ifndef STI_DICTIONARY_H
#define STI_DICTIONARY_H

#include "reader.h"

/* Behind SELECT. What is selected from must be known views. Returns 0, or -1 with the failure. */
int sti_dictionary_read(struct sti_reader *reader);

#endif
