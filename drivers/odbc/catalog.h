/* SPDX-License-Identifier: Apache-2.0 */
/* A table as the database has it. Within drv_odbc_enter and leave. */
#ifndef DRV_ODBC_CATALOG_H
#define DRV_ODBC_CATALOG_H

#include "odbc/session.h"

typedef struct drv_odbc_field {
    char *name;
    char *type_name;
    char *cast;          /* The type that its parameter is cast to; NULL: none. */
    char *default_value; /* As SQL; NULL: none. */
    int sql_type;        /* ODBC's number. */
    int64_t size;        /* COLUMN_SIZE */
    int digits;          /* DECIMAL_DIGITS, or DRV_ODBC_NO_DIGITS. */
    bool not_null;
    bool generated;
    bool identity_always;
    bool identity_default;
    bool rounds;  /* Would change values in silence. */
    bool locked;  /* This user has no right to write it, or the view cannot. */
    bool ruled;   /* Its table has a rule, and takes no upsert. */
    bool unsafe;  /* Its table takes part in no transaction, */
    bool unknown; /* or that is not told. */
    bool only;    /* Its table may have children, whose rows are not its own. */
    bool primary;
} drv_odbc_field;

/* One column of a unique index. */
typedef struct drv_odbc_part {
    char *index;
    uint32_t field; /* Its index into `fields`; DRV_ODBC_NO_FIELD: an expression. */
    bool primary;
    bool partial;    /* The index does not hold for all rows, or not at once. */
    bool deferrable; /* That is why it is partial. */
    bool bytewise;   /* Its collation compares bytes. */
    char *collation; /* Quoted, where statements must name it; NULL: they need not. */
} drv_odbc_part;

#define DRV_ODBC_NO_FIELD UINT32_MAX

typedef struct drv_odbc_table {
    char *schema; /* NULL: the database has none. */
    char *name;
    drv_odbc_field *fields;
    size_t field_count;
    drv_odbc_part *parts; /* The parts of one index stand together, in order. */
    size_t part_count;
    bool dependent;                                /* Its rows are not independent of each other. */
    char identity[OUTFALL_IDENTITY_BYTES_MAX + 1]; /* Empty: there is none. */
    uint64_t state; /* drv_odbc_probe_state, from before the indexes were read. */
} drv_odbc_table;

/*
 * Reads a table; free it whatever is returned. OUTFALL_ERR_NOT_FOUND names the nearest;
 * OUTFALL_ERR_UNSUPPORTED: it is nothing that takes rows, or there are several of the name.
 */
int drv_odbc_catalog_read(outfall_connection *connection, const outfall_table_name *name,
                          drv_odbc_table *out, outfall_error *error);
void drv_odbc_table_free(drv_odbc_table *table);

/* OUTFALL_OK where there is such a table, else as drv_odbc_catalog_read. */
int drv_odbc_catalog_exists(outfall_connection *connection, const outfall_table_name *name,
                            outfall_error *error);

/* Checks the names of a table before they are used. */
int drv_odbc_catalog_check_name(const outfall_connection *connection,
                                const outfall_table_name *name, outfall_error *error);

/* The field of that name, as the database matches names; DRV_ODBC_NO_FIELD where there is none. */
uint32_t drv_odbc_table_field(const drv_odbc_table *table, const drv_odbc_dialect *dialect,
                              const char *name);

#endif
