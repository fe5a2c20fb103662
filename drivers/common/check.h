/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database has to be like for exactly-once delivery: a table of checks for each, and the
 * judgement on what was found. Pure: inspect.h asks.
 */
#ifndef DRV_CHECK_H
#define DRV_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <outfall/driver.h>

#include "common/text.h"

#define DRV_CHECKS_MAX 16

enum drv_check_source {
    DRV_CHECK_ASKED,    /* `sql` is an expression. */
    DRV_CHECK_VARIABLE, /* The server variable `name`, for which a name may be unknown. */
    /* `sql` is a statement that changes nothing, and is tried: it finds "denied" or "read-only". */
    DRV_CHECK_TRIED
};

enum drv_check_flag {
    DRV_CHECK_DURABLE = 1,  /* What was committed may be lost: can be allowed. */
    DRV_CHECK_PREPARED = 2, /* Only where transactions are to be prepared. */
    DRV_CHECK_NUMBER = 4,   /* At least as many as are to be prepared. */
    DRV_CHECK_AGAIN = 8     /* What is found is asked for once more, with it as $b. */
};

/*
 * One check. In `sql`: $d, $s, $t are literals: the target as statements name it, its schema and
 * its table; $b is a number. In `text`: $t the target, $u the account, $v what was found, $n how
 * many transactions are to be prepared.
 */
typedef struct drv_check {
    const char *name; /* For lists: "fsync". */
    enum drv_check_source source;
    const char *sql;
    const char *good; /* What passes, with blanks between, in any case; NULL: nothing does. */
    unsigned flags;   /* enum drv_check_flag, or-ed. */
    const char *text; /* What is wrong, why it matters, and the remedy. */
} drv_check;

/* Of one database, the most telling first. */
typedef struct drv_checks {
    const char *account; /* An expression: the account as GRANT names it; NULL: it has none. */
    size_t count;
    const drv_check *list;
} drv_checks;

extern const drv_checks drv_checks_postgresql;
extern const drv_checks drv_checks_mysql;
extern const drv_checks drv_checks_sqlite;

/* What was found. A value is NULL where it is not known, or does not apply: that passes. */
typedef struct drv_findings {
    const char *target; /* As messages name it. */
    char *account;
    char *values[DRV_CHECKS_MAX]; /* By the checks' places. */
} drv_findings;

/* Whether a check is to be made at all. */
bool drv_check_applies(const drv_check *check, const outfall_inspect_options *options);

/* As the driver's `inspect`: OUTFALL_ERR_UNSUPPORTED, or what may be allowed into
 * options->allowed. */
int drv_check_judge(const drv_checks *checks, const drv_findings *findings,
                    const outfall_inspect_options *options, outfall_error *error);

#endif
