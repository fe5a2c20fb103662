/* SPDX-License-Identifier: Apache-2.0 */
/* How rows are sent, by driver: chosen by measurement (docs/drivers/odbc.md has the figures). Pure.
 */
#ifndef DRV_ODBC_METHOD_H
#define DRV_ODBC_METHOD_H

#include <stdint.h>

#include "odbc/dialect.h"

enum drv_odbc_way {
    DRV_ODBC_WAY_AUTO,  /* Of odbc.method alone. */
    DRV_ODBC_WAY_ARRAY, /* One row a statement, a parameter array of many. */
    DRV_ODBC_WAY_ROWS   /* One statement of many rows. */
};

typedef struct drv_odbc_keyword {
    const char *key;   /* Of the connection string. */
    const char *value; /* Set where the URL does not have the key. */
} drv_odbc_keyword;

#define DRV_ODBC_KEYWORDS_MAX 3

/* What one ODBC driver is known to do. */
typedef struct drv_odbc_method {
    const char *file;    /* A part of its name, in lower case; NULL: any other. */
    const char *dialect; /* Of errors before the connection tells its own; NULL: ansi. */
    enum drv_odbc_way way;
    uint32_t array_rows;     /* Sets of a parameter array. */
    uint32_t statement_rows; /* Rows of a statement, as far as its parameters' limit lets. */
    uint32_t parameters_max; /* Of a statement, below the dialect's; 0: as the dialect has it. */
    drv_odbc_keyword keywords[DRV_ODBC_KEYWORDS_MAX];
    const char *forced_tls; /* A keyword that asks for TLS and is not insisted on; NULL: none. */
    uint8_t stale_bytes; /* 1: a binary parameter keeps its first length until it is bound anew. */
    uint8_t narrow;      /* 1: it has no wide functions, and its others take UTF-8. */
    uint8_t fresh_columns; /* 1: a prepared query tells its columns anew at each execution. */
    uint8_t tells_loss;    /* 1: COMMIT fails where the connection does; asking is a trip more. */
    uint8_t silent_arrays; /* 1: an array may fail without a word: only its row count tells. */
} drv_odbc_method;

/* The method of a driver's file (SQL_DRIVER_NAME, or odbcinst.ini's Driver); never NULL. */
const drv_odbc_method *drv_odbc_method_of(const char *library);

/* The way to send, and how many rows at most, of `columns` parameters each. */
enum drv_odbc_way drv_odbc_method_choose(const drv_odbc_method *method,
                                         const drv_odbc_dialect *dialect, enum drv_odbc_way wanted,
                                         uint32_t columns, uint32_t *rows);

#endif
