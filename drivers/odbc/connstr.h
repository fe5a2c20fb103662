/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ODBC connection strings: KEY=VALUE;…, a value in {…} where it holds what would end it, } doubled.
 * They are read into pairs and written anew with every value quoted that needs it, so that nothing
 * in a password or name becomes a key of its own. Pure.
 */
#ifndef DRV_ODBC_CONNSTR_H
#define DRV_ODBC_CONNSTR_H

#include <stddef.h>

#include <outfall/error.h>

#include "common/text.h"

#define DRV_ODBC_PAIRS_MAX 64

typedef struct drv_odbc_pair {
    char *key;
    char *value; /* As it is meant: without braces. */
} drv_odbc_pair;

typedef struct drv_odbc_connstr {
    drv_odbc_pair pairs[DRV_ODBC_PAIRS_MAX];
    size_t count;
} drv_odbc_connstr;

/*
 * Reads what follows "odbc:" in a URL. Messages never quote a value, nor anything that could be
 * one. OUTFALL_ERR_CONFIG, OUTFALL_ERR_NOMEM; free it whatever is returned.
 */
int drv_odbc_connstr_read(const char *text, drv_odbc_connstr *out, outfall_error *error);

/* The value of a key, in any case; NULL where it is not there. */
const char *drv_odbc_connstr_get(const drv_odbc_connstr *string, const char *key);

/* Sets a key that is not there. OUTFALL_ERR_NOMEM, OUTFALL_ERR_CONFIG (too many). */
int drv_odbc_connstr_default(drv_odbc_connstr *string, const char *key, const char *value,
                             outfall_error *error);

/* Adds the string to `to`. */
void drv_odbc_connstr_write(const drv_odbc_connstr *string, drv_text *to);

/* Wipes and frees what it holds. */
void drv_odbc_connstr_free(drv_odbc_connstr *string);

/* 1 where the key's value is a secret: PWD, PASSWORD and the like. */
int drv_odbc_connstr_is_secret(const char *key);

#endif
