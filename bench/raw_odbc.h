/* SPDX-License-Identifier: Apache-2.0 */
/* What a careful author writes against ODBC without Outfall: the yardstick. */
#ifndef BENCH_RAW_ODBC_H
#define BENCH_RAW_ODBC_H

#include "raw.h"

/*
 * Column-wise parameter arrays of a batch (MariaDB's driver sends row-wise ones row by row), and
 * prepared statements of 100 or 1,000 rows; each batch a transaction. Which is the fastest differs
 * from driver to driver. The URL is odbc:CONNECTION-STRING.
 */
extern const struct raw_client raw_odbc_insert;

#endif
