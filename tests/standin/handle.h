/* SPDX-License-Identifier: Apache-2.0 */
/* The handles that the driver manager holds, and their diagnostics. */
#ifndef STI_HANDLE_H
#define STI_HANDLE_H

#include "backend.h"
#include "columns.h"
#include "native.h"
#include "script.h"
#include "syntax.h"
#include "xa.h"

struct sti_record {
    char state[6];
    int native;
    char message[640];
};

/* What every handle begins with. One record a handle: Oracle's driver gives no more either. */
struct sti_handle {
    int kind; /* SQL_HANDLE_ENV, _DBC, _STMT */
    int has_record;
    struct sti_record record;
};

struct sti_environment {
    struct sti_handle handle;
    SQLHENV backend;
};

struct sti_connection {
    struct sti_handle handle;
    SQLHDBC backend;
    SQLHSTMT own; /* For the stand-in's own queries. */
    int connected;
    int dead; /* The session is gone, though the handle is not. */
    int autocommit;
    SQLULEN login_timeout;
    char version[32];      /* As SQL_DBMS_VER. */
    size_t identifier_max; /* 128, or 30 before 12.2. */
    struct sti_name schema;
    struct sti_name database, user;
    int numbers_have_points, dates_have_format; /* NLS settings were made. */
    struct sti_name zone;                       /* TIME_ZONE, once it was set; */
    int zone_kept;                              /* and whether a rollback would leave it. */
    struct sti_script *script;
    int changed; /* The session is in a transaction of its own, that has written. */
    struct sti_branch branch;
};

/* A parameter as SQLBindParameter had it. */
struct sti_binding {
    int is_output;
    SQLSMALLINT c_type, sql_type;
    SQLULEN column_size;
    SQLSMALLINT digits;
    char *value;
    SQLLEN buffer_length;
    SQLLEN *indicator;
    struct sti_text narrow; /* A wide value, as UTF-8. */
    SQLLEN forwarded;       /* The length or SQL_NULL_DATA that psqlODBC reads. */
};

struct sti_statement {
    struct sti_handle handle;
    struct sti_connection *connection;
    SQLHSTMT backend;
    char *text; /* As prepared; NULL: not. */
    struct sti_syntax syntax;
    struct sti_columns columns; /* Of the table that is written. */
    struct sti_binding *bindings;
    size_t binding_count, binding_capacity; /* Bound; made room for. */
    SQLULEN paramset_size, bind_type;
    SQLULEN *bind_offset;
    SQLUSMALLINT *status, *operation;
    SQLULEN *processed;
    SQLLEN row_count;
    int sent; /* Rows went out: what they left is as it is to be. */
    int has_result;
};

/* Clears a handle's diagnostics: every function does so first. */
void sti_clear(void *handle);

/* Records a failure. Returns SQL_ERROR. */
SQLRETURN sti_report(void *handle, const struct sti_failure *failure);

/* Records an error of the driver itself: HY010 and the like, without a number of Oracle's. */
SQLRETURN sti_report_state(void *handle, const char *state, const char *message);

/*
 * Records what psqlODBC says of its handle, as Oracle would, and marks the connection as dead where
 * it is. Returns SQL_ERROR.
 */
SQLRETURN sti_report_backend(void *handle, struct sti_connection *connection, SQLSMALLINT kind,
                             SQLHANDLE backend, const struct sti_syntax *syntax);

/* As sti_report_backend, but only tells. */
void sti_backend_failure(struct sti_connection *connection, SQLSMALLINT kind, SQLHANDLE backend,
                         const struct sti_syntax *syntax, struct sti_failure *failure);

/* The session is gone: what it had open is rolled back. */
void sti_connection_die(struct sti_connection *connection);

#endif
