/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oracle's types: how they are written, what the ODBC driver reports for them, and the type of
 * PostgreSQL that stands for each.
 *
 * Source: Oracle Database 19c, SQL Language Reference, "Data Types"; the ODBC numbers are those of
 * Oracle's own driver.
 */
#ifndef STI_TYPE_H
#define STI_TYPE_H

#include <sql.h>

#include "native.h"
#include "token.h"

enum sti_base {
    STI_NUMBER,
    STI_FLOAT,
    STI_BINARY_FLOAT,
    STI_BINARY_DOUBLE,
    STI_VARCHAR2,
    STI_NVARCHAR2,
    STI_CHAR,
    STI_NCHAR,
    STI_CLOB,
    STI_NCLOB,
    STI_RAW,
    STI_BLOB,
    STI_DATE,
    STI_TIMESTAMP,
    STI_TIMESTAMP_TZ,
    STI_TIMESTAMP_LTZ
};

struct sti_type {
    enum sti_base base;
    int size;  /* Length, precision, or digits of seconds; -1: none was given. */
    int scale; /* NUMBER only, with a size. */
    int bytes; /* 1: the length is in bytes though the type is text. */
};

/*
 * Reads a type at `token`, the first of it, and leaves the token behind it there. Returns 0, or -1
 * with `failure` filled.
 */
int sti_type_read(struct sti_token *token, const char **cursor, struct sti_type *type,
                  struct sti_failure *failure);

/* The type that a column has: from its comment where CREATE TABLE left one, or from format_type. */
void sti_type_of_column(const char *comment, const char *format_type, struct sti_type *type);

/* Adds the type as Oracle's catalog spells it: TIMESTAMP(6) WITH TIME ZONE, NUMBER, VARCHAR2. */
void sti_type_catalog(const struct sti_type *type, struct sti_text *text);

/* Adds the type as CREATE TABLE has it: "NUMBER(10, 2)", "VARCHAR2(20 CHAR)". */
void sti_type_spell(const struct sti_type *type, struct sti_text *text);

/* Adds PostgreSQL's type, with its size where `sized`. */
void sti_type_forward(const struct sti_type *type, int sized, struct sti_text *text);

SQLSMALLINT sti_type_odbc(const struct sti_type *type);
long sti_type_column_size(const struct sti_type *type);
#define STI_NO_DIGITS (-1000L)
long sti_type_digits(const struct sti_type *type); /* DECIMAL_DIGITS, or STI_NO_DIGITS. */

int sti_type_is_lob(const struct sti_type *type);
int sti_type_is_text(const struct sti_type *type);
int sti_type_is_binary(const struct sti_type *type);
int sti_type_is_time(const struct sti_type *type);

#endif
