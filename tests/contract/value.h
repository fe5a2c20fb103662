/* SPDX-License-Identifier: Apache-2.0 */
/* Values of every type, and what is to come back of them. */
#ifndef CONTRACT_VALUE_H
#define CONTRACT_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "quirks.h"

typedef struct test_value {
    uint32_t type;
    const char *literal; /* As tests/support/rows.h has it. */
    const char *stored;  /* As it is read back; NULL: as the literal. */
} test_value;

extern const test_value test_values[];
extern const size_t test_value_count;

/* What a value is called in a column that keeps its type as another: room for any literal. */
#define TEST_LITERAL_MAX 256
const char *test_value_literal(const outfall_column *column, uint32_t type, const char *literal,
                               char *room);

/*
 * 1 where the column's description lets the value through. What it does not let through, the
 * library refuses at put, and the driver never sees it.
 */
int test_value_fits(const outfall_column *column, const char *literal);

/* 0 where a value that fits is refused all the same; the row is then at fault. */
int test_value_taken(const contract_quirks *quirks, const outfall_column *column,
                     const char *literal);

/* 1 where a cell holds the value: databases spell a bool, a zone and bytes in ways of their own. */
int test_value_same(const contract_quirks *quirks, const outfall_column *column, const char *want,
                    const char *got);

#endif
