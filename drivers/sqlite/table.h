/* SPDX-License-Identifier: Apache-2.0 */
/* A table as the file has it. */
#ifndef LITE_TABLE_H
#define LITE_TABLE_H

#include "sqlite/connection.h"
#include "sqlite/index.h"

typedef struct lite_field {
    char *name;
    char *declared; /* The type; may be empty. */
    int hidden;     /* 0, or: 1 a virtual table's hidden column, 2 and 3 generated. */
    uint8_t not_null;
    uint8_t has_default;
    uint8_t in_key;
} lite_field;

typedef struct lite_table {
    char *name; /* As it was created: the case may differ from the one asked for. */
    int64_t schema_version;
    uint8_t strict;
    uint8_t row_key;   /* The primary key is the table's own row key, and numbers itself. */
    uint8_t conflicts; /* Has triggers, or ON CONFLICT clauses of its own. */
    uint8_t dependent; /* Rows of other keys may depend on each other, by triggers or references. */
    uint8_t checks;    /* Has CHECK constraints or foreign keys, it may seem. */
    uint8_t is_virtual;                            /* Made by CREATE VIRTUAL TABLE. */
    char identity[OUTFALL_IDENTITY_BYTES_MAX + 1]; /* Its mark, or empty. */
    lite_field *fields;
    size_t count;
    size_t capacity;
    lite_indexes indexes;
} lite_table;

/* Reads a table; OUTFALL_ERR_NOT_FOUND names the nearest. Free it whatever is returned. */
int lite_table_read(outfall_connection *connection, const outfall_table_name *name, lite_table *out,
                    outfall_error *error);
void lite_table_free(lite_table *table);

/* CREATE TABLE IF NOT EXISTS of a schema's columns. */
int lite_table_create(outfall_connection *connection, const outfall_table_name *name,
                      const outfall_column *columns, size_t column_count, int64_t deadline_us,
                      outfall_error *error);

/* As lite_table_create; the mark is in a comment of the statement. NULL: none. */
int lite_table_create_marked(outfall_connection *connection, const outfall_table_name *name,
                             const outfall_column *columns, size_t column_count, const char *mark,
                             int64_t deadline_us, outfall_error *error);

#endif
