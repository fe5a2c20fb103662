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

/* A created column that is described as another type, or with kept 0 cannot be created. */
typedef struct contract_stored {
    uint32_t asked, kept; /* enum outfall_type; asked 0 ends the list. */
} contract_stored;

/* What is a database's, whichever the way to it. */
typedef struct contract_rules {
    size_t name_max;             /* Longer names are refused: bytes, */
    uint32_t name_in_characters; /* or with 1 characters. */
    uint32_t names_refused;      /* enum name_trait, or-ed. */
    const char *lock;            /* SQL that makes a write to table %s wait, */
    const char *unlock;          /* and that ends it. */
    const char *retype;          /* SQL that makes column n of %s a bigint; NULL: none. */
    uint32_t count_most;         /* What a server may count for a row that an upsert writes. */
    uint32_t conflict_unnamed;   /* 1: an upsert matches any unique index, and so refuses others. */
    uint32_t decimal_limited;    /* 1: a decimal without a precision has one all the same. */
    uint32_t empty_is_null;      /* 1: an empty text, or no bytes, would be NULL: refused. */
    uint32_t uuid_versions;      /* 1: a uuid has to be of a version that there is. */
} contract_rules;

typedef struct contract_quirks {
    const char *suite;
    const char *driver; /* The module's name. */
    enum database_kind database;
    const contract_rules *rules;
    const char *url_format;      /* The driver's URL: constant, or of a file's path; or else */
    const char *url_variable;    /* the environment's variable that has it, */
    const char *tcp_variable;    /* the one that has it with a password, */
    const char *native_variable; /* and the one of the same database's URL for its own client. */
    uint32_t capabilities;       /* Of enum outfall_driver_capability, which must be set. */
    uint32_t refused;            /* Those that the driver has, but refuses for this database. */
    const contract_stored *stored;
    const char *const *bad_urls; /* Nothing can be connected to; ended by NULL. */
    const contract_exception *exceptions;
} contract_quirks;

/* The type that a created column is described as; 0: it cannot be created. */
uint32_t quirks_stored(const contract_quirks *quirks, uint32_t type);

extern const contract_quirks all_quirks[];
extern const size_t all_quirks_count;

#endif
