/* SPDX-License-Identifier: Apache-2.0 */
/* How the suites differ, in one table: each difference has its reason. */
#ifndef CONTRACT_QUIRKS_H
#define CONTRACT_QUIRKS_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "database.h"

/* Names that a database cannot take: its driver has to refuse them. */
enum name_trait {
    NAME_PLAIN = 0,
    NAME_SUPPLEMENTARY = 1, /* A character beyond U+FFFF. */
    NAME_BLANK_END = 2,     /* A blank at its end. */
    NAME_QUOTE = 4,         /* A double quote in it. */
};

/* A case that a suite cannot be asked for. */
typedef struct contract_exception {
    const char *test; /* The case's name; NULL ends the list. */
    const char *reason;
} contract_exception;

/* A created column that is described as another type. */
typedef struct contract_stored {
    uint32_t asked, kept; /* enum outfall_type; asked 0 ends the list. */
} contract_stored;

typedef struct contract_quirks {
    const char *suite;
    const char *driver; /* The module's name. */
    enum database_kind database;
    const char *url_variable;    /* The environment's, with the driver's URL, */
    const char *native_variable; /* and with the same database's for its own client. */
    const char *tcp_variable;    /* The driver's URL with a password; NULL: has none. */
    const char *url_format;      /* Where there is no variable: of a file's path, or constant. */
    uint32_t capabilities;       /* Of enum outfall_driver_capability, which must be set. */
    size_t name_max;             /* Longer names are refused: bytes, */
    uint32_t name_in_characters; /* or with 1 characters. */
    uint32_t names_refused;      /* enum name_trait, or-ed. */
    const contract_stored *stored;
    const char *lock;            /* SQL that makes a write to table %s wait, */
    const char *unlock;          /* and that ends it. */
    const char *retype;          /* SQL that makes column n of %s a bigint; NULL: none. */
    const char *const *bad_urls; /* Nothing can be connected to; ended by NULL. */
    const contract_exception *exceptions;
    uint32_t count_most;       /* What a server may count for a row that an upsert writes. */
    uint32_t conflict_unnamed; /* 1: an upsert matches any unique index, and so refuses others. */
    uint32_t uuid_versions;    /* 1: a uuid has to be of a version that there is. */
    uint32_t scale_fixed;      /* 1: decimals are stored with all digits of their scale. */
} contract_quirks;

extern const contract_quirks all_quirks[];
extern const size_t all_quirks_count;

#endif
