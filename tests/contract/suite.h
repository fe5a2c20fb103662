/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of outfall/driver.h as cases that run on every driver. A driver is loaded as a
 * module and called directly: no code of the library is between it and the case.
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
#include "rows.h"

/* How a driver differs from the rest, each for a reason: suite.c has them. */
typedef struct contract_quirks {
    const char *driver;
    const char *url_variable;    /* The environment's; NULL: the suite makes the URL. */
    uint32_t capabilities;       /* Of enum outfall_driver_capability, which must be set. */
    size_t identifier_bytes_max; /* Longer names are refused. */
    uint32_t narrow_integers;    /* 1: int16 and int32 columns stay what they are. */
    uint32_t narrow_floats;      /* 1: float32 columns stay what they are. */
    const char *lock;            /* SQL that makes a write to table %s wait. */
    const char *retype;          /* SQL that makes column n of %s a bigint; NULL: none. */
    const char *const *bad_urls; /* Nothing can be connected to; ended by NULL. */
} contract_quirks;

typedef struct contract_suite {
    const contract_quirks *quirks;
    outfall_driver driver;
    char url[1024];
    char directory[256];            /* The suite's own, where it made one. */
    test_database *database;        /* NULL: the driver keeps nothing. */
    outfall_connection *connection; /* Open when a case starts. */
    outfall_error error;            /* Of the last call. */
    int not_applicable; /* Set by a case that finds it cannot be run, before it skips. */
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
extern const contract_case write_cases[];
extern const contract_case transaction_cases[];
extern const contract_case fault_cases[];
extern const contract_case change_cases[];

extern const contract_quirks all_quirks[];
extern const size_t all_quirks_count;

/* The status of a call must be OUTFALL_OK; else the test fails with its message. */
#define expect_ok(suite, call)                                                                     \
    do {                                                                                           \
        if ((call) != OUTFALL_OK)                                                                  \
            fail_msg("%s: %s", #call, (suite)->error.message);                                     \
    } while (0)

/* 1 where the suite is ready; 0 where the driver's database is not there. Fails the test run. */
int suite_open(contract_suite *suite, const contract_quirks *quirks);
void suite_close(contract_suite *suite);

int64_t suite_now_us(void);
/* A deadline that no healthy call meets. */
int64_t suite_deadline(void);

outfall_connection *suite_connect(contract_suite *suite);

/* Describes a table by the suite's connection: all its columns, or the ones named. */
outfall_target *suite_describe(contract_suite *suite, const char *table, const char *const *names,
                               size_t count);

/* The same without expecting success: returns the driver's status. */
int suite_try_describe(contract_suite *suite, const char *table, const char *const *names,
                       size_t count, outfall_target **out);

/* Drops the table of that name, and makes it of a schema by the driver. */
void suite_create(contract_suite *suite, const char *table, const outfall_column *columns,
                  size_t count);
/* The same by SQL: "CREATE TABLE table (…)". */
void suite_create_sql(contract_suite *suite, const char *table, const char *columns);

/* create_table's status; the columns become a schema. */
int suite_create_table(contract_suite *suite, const outfall_table_name *name,
                       const outfall_column *columns, size_t count);

/* begin, write of all rows in spans of `span_rows`, commit. */
void suite_deliver(contract_suite *suite, outfall_target *target, const test_rows *rows,
                   size_t span_rows);

/* One write within a transaction; returns its status. */
int suite_write(contract_suite *suite, outfall_target *target, const test_rows *rows, size_t first,
                size_t count, outfall_write_result *result);

/* begin, one write and rollback on failure or commit: the status of what failed. */
int suite_try(contract_suite *suite, outfall_target *target, const test_rows *rows,
              int64_t deadline_us);

int64_t suite_count(contract_suite *suite, const char *table);

#endif
