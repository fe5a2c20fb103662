/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of outfall/driver.h as cases that run on every driver. A driver is loaded as a
 * module and called directly: no code of the library is between it and the case.
 *
 * A suite is a driver with a database: `odbc` is run on several. What a suite cannot do, or does in
 * a way of its own, stands in quirks.c with its reason.
 */
#ifndef CONTRACT_SUITE_H
#define CONTRACT_SUITE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <outfall/driver.h>

#include "database.h"
#include "quirks.h"
#include "rows.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef struct contract_suite {
    const contract_quirks *quirks;
    outfall_driver driver;
    char url[1024];
    char native_url[1024];          /* Of the same database, for its own client. */
    char directory[256];            /* The suite's own, where it made one. */
    test_database *database;        /* NULL: the driver keeps nothing. */
    test_database *other;           /* A second session, opened by suite_other. */
    outfall_connection *connection; /* Open when a case starts. */
    outfall_error error;            /* Of the last call. */
    const char *reason;             /* Why the case cannot be run; set by suite_skip. */
} contract_suite;

enum case_need {
    NEEDS_NOTHING = 0,
    NEEDS_TABLES = 1, /* Rows can be read back. */
    NEEDS_SAVEPOINTS = 2,
    NEEDS_DEADLINES = 4, /* Calls end by themselves at their deadline. */
};

typedef struct contract_case {
    const char *name;
    void (*run)(contract_suite *suite);
    unsigned needs; /* enum case_need, or-ed. */
} contract_case;

/* The cases of each file, ended by a NULL name. */
extern const contract_case connection_cases[];
extern const contract_case target_cases[];
extern const contract_case identifier_cases[];
extern const contract_case write_cases[];
extern const contract_case type_cases[];
extern const contract_case transaction_cases[];
extern const contract_case ledger_cases[];
extern const contract_case prepared_cases[];
extern const contract_case indoubt_cases[];
extern const contract_case gid_cases[];
extern const contract_case xa_cases[];
extern const contract_case mode_cases[];
extern const contract_case key_cases[];
extern const contract_case order_cases[];
extern const contract_case kind_cases[];
extern const contract_case special_cases[];
extern const contract_case error_cases[];
extern const contract_case session_cases[];
extern const contract_case fault_cases[];
extern const contract_case change_cases[];

/* The status of a call must be OUTFALL_OK; else the test fails with its message. */
#define expect_ok(suite, call)                                                                     \
    do {                                                                                           \
        if ((call) != OUTFALL_OK)                                                                  \
            fail_msg("%s: %s", #call, (suite)->error.message);                                     \
    } while (0)

/* 1 where the suite is ready; 0 where the driver or its database is not there. */
int suite_open(contract_suite *suite, const contract_quirks *quirks);
void suite_close(contract_suite *suite);

/* Ends the case as one that cannot be run on this suite; static text, told in the matrix. */
_Noreturn void suite_skip(contract_suite *suite, const char *reason);

/* A second session of the native client. */
test_database *suite_other(contract_suite *suite);

int64_t suite_now_us(void);
/* A deadline that no healthy call meets. */
int64_t suite_deadline(void);

outfall_connection *suite_connect(contract_suite *suite);
/* Closes the suite's connection, and opens another. */
void suite_reconnect(contract_suite *suite);

/* ---- Targets ---------------------------------------------------------------------- */

/* Describes a table by the suite's connection: all its columns, or the ones named. */
outfall_target *suite_describe(contract_suite *suite, const char *table, const char *const *names,
                               size_t count);

/* The same without expecting success: returns the driver's status. */
int suite_try_describe(contract_suite *suite, const char *table, const char *const *names,
                       size_t count, outfall_target **out);

/* How a table is to be described; zeros: all columns, mode insert. Lists end in NULL. */
typedef struct suite_wanted {
    uint32_t mode;
    uint32_t other_unique;
    uint32_t identity_override;
    uint32_t lossy;
    const char *schema; /* NULL: none is named. */
    const char *columns[9];
    const char *key[4];
    const char *update[4];
} suite_wanted;

outfall_target *suite_describe_as(contract_suite *suite, const char *table,
                                  const suite_wanted *wanted);
int suite_try_describe_as(contract_suite *suite, const char *table, const suite_wanted *wanted,
                          outfall_target **out);

/* Runs a quirk's statement: a %s in it stands for the table. */
void suite_run(contract_suite *suite, const char *statement, const char *table);

/* Drops the table of that name, if it is there. */
void suite_drop(contract_suite *suite, const char *table);

/* Drops the table of that name, and makes it of a schema by the driver. */
void suite_create(contract_suite *suite, const char *table, const outfall_column *columns,
                  size_t count);
/* Runs statements that make something, in which INTEGER is what the database calls one. */
void suite_sql(contract_suite *suite, const char *sql);
/* Makes a table anew by SQL: "CREATE TABLE table (…)". */
void suite_create_sql(contract_suite *suite, const char *table, const char *columns);

/* create_table's status; the columns become a schema. */
int suite_create_table(contract_suite *suite, const outfall_table_name *name,
                       const outfall_column *columns, size_t count);

/* Rows made by the database itself: `values` are expressions over n, which is `first` and up. */
void suite_fill(contract_suite *suite, const char *table, const char *values, size_t first,
                size_t count);

int64_t suite_count(contract_suite *suite, const char *table);

/* ---- Writes ----------------------------------------------------------------------- */

/* Which rows are written, and how; zeros: all, one span, no flags. */
typedef struct suite_part {
    size_t first, count; /* count 0: all from `first`. */
    size_t span_rows;
    uint32_t flags;    /* Of the batch. */
    uint32_t deletion; /* As in outfall_batch. */
} suite_part;

void suite_begin(contract_suite *suite);
void suite_commit(contract_suite *suite);
void suite_rollback(contract_suite *suite);
void suite_savepoint(contract_suite *suite, int step);

/* One write within a transaction; returns its status. */
int suite_write(contract_suite *suite, outfall_target *target, const test_rows *rows, size_t first,
                size_t count, outfall_write_result *result);
int suite_write_part(contract_suite *suite, outfall_target *target, const test_rows *rows,
                     const suite_part *part, int64_t deadline_us, outfall_write_result *result);

/* begin, write of all rows in spans of `span_rows`, commit; the count is that of an insert. */
void suite_deliver(contract_suite *suite, outfall_target *target, const test_rows *rows,
                   size_t span_rows);
/* begin, write and commit; any count. */
void suite_deliver_part(contract_suite *suite, outfall_target *target, const test_rows *rows,
                        const suite_part *part);

/* begin, one write and rollback on failure or commit: the status of what failed. */
int suite_try(contract_suite *suite, outfall_target *target, const test_rows *rows,
              int64_t deadline_us);

#endif
