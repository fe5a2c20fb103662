/* SPDX-License-Identifier: Apache-2.0 */
/* The key that the ODBC driver knows rows by: which index it takes, and what an upsert changes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/driver.h>
#include <outfall/error.h>

#include "odbc/key.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { FIELDS = 4, PARTS_MAX = 4 };
enum { K, L, V, D }; /* D is not among the rows' columns; it has a default. */

/* One column of an index of the table that a case has. */
typedef struct part {
    const char *index; /* NULL: no more. */
    uint32_t field;
    bool primary, partial, bytewise, deferrable;
    bool dependent; /* Of the first: the table's rows are. */
} part;

typedef struct key_case {
    const char *why;
    const drv_odbc_dialect *dialect;
    const char *type; /* Of the fields. */
    part parts[PARTS_MAX];
    uint32_t mode;
    const char *key;    /* NULL: the primary one. */
    const char *update; /* NULL: all. */
    uint32_t other_unique;
    int want;         /* A status, */
    const char *part; /* and a part of the message; */
    uint32_t column;  /* or the key's first column, */
    enum drv_odbc_kind kind;
    bool bytewise;
    uint32_t resets;
} key_case;

static int resolve(const key_case *from, drv_odbc_target *target, outfall_error *error)
{
    static const char *const names[FIELDS] = {"k", "l", "v", "d"};
    static const uint32_t fields[] = {K, L, V};
    drv_odbc_field all[FIELDS] = {{.name = NULL}};
    drv_odbc_part parts[PARTS_MAX] = {{.index = NULL}};
    drv_odbc_table table = {.fields = all, .field_count = FIELDS, .parts = parts};
    table.dependent = from->parts[0].dependent;
    char type[32];
    const outfall_describe_options options = {.mode = from->mode,
                                              .other_unique = from->other_unique,
                                              .key = from->key != NULL ? &from->key : NULL,
                                              .key_count = from->key != NULL,
                                              .update = from->update != NULL ? &from->update : NULL,
                                              .update_count = from->update != NULL};
    snprintf(type, sizeof type, "%s", from->type);
    for (size_t i = 0; i < FIELDS; i++) {
        all[i].name = (char *)(uintptr_t)names[i];
        all[i].type_name = type;
    }
    for (; table.part_count < PARTS_MAX && from->parts[table.part_count].index != NULL;
         table.part_count++) {
        const part *one = &from->parts[table.part_count];
        parts[table.part_count] = (drv_odbc_part){.index = (char *)(uintptr_t)one->index,
                                                  .field = one->field,
                                                  .primary = one->primary,
                                                  .partial = one->partial,
                                                  .deferrable = one->deferrable,
                                                  .bytewise = one->bytewise};
        if (one->primary)
            all[one->field].primary = true;
    }
    return drv_odbc_key_resolve(from->dialect, &table, &options, fields, target, error);
}

static drv_odbc_target *target_of(const key_case *from)
{
    static const char *const names[] = {"k", "l", "v"};
    drv_odbc_target *target = drv_odbc_target_new(from->dialect, COUNT(names));
    assert_non_null(target);
    target->base.column_count = COUNT(names);
    target->shape.column_count = COUNT(names);
    for (size_t i = 0; i < COUNT(names); i++)
        target->columns[i].name = strdup(names[i]);
    target->display = strdup("\"t\"");
    return target;
}

static void check(const key_case *one)
{
    outfall_error error = {0};
    drv_odbc_target *target = target_of(one);
    int status = resolve(one, target, &error);
    if (status != one->want)
        fail_msg("%s: status %d: %s", one->why, status, error.message);
    if (status != OUTFALL_OK && strstr(error.message, one->part) == NULL)
        fail_msg("%s: %s", one->why, error.message);
    if (status == OUTFALL_OK) {
        bool bytewise = (target->base.flags & OUTFALL_TARGET_BYTEWISE) != 0;
        if (target->kind != one->kind || bytewise != one->bytewise ||
            target->reset_count != one->resets ||
            (target->base.key_count > 0 && target->key[0] != one->column))
            fail_msg("%s: kind %d, bytewise %d, %u resets", one->why, (int)target->kind, bytewise,
                     target->reset_count);
    }
    drv_odbc_target_free(&target->base);
}

#define PRIMARY(field_)                                                                            \
    {                                                                                              \
        "pk", field_, .primary = true, .bytewise = true                                            \
    }
#define UNIQUE(name_, field_)                                                                      \
    {                                                                                              \
        name_, field_, .bytewise = true                                                            \
    }
#define PG &drv_odbc_postgresql, "int4"
#define MY &drv_odbc_mysql, "int"
#define UPSERT_MODE OUTFALL_MODE_UPSERT, NULL, NULL, 0
#define TAKEN(column_, kind_, bytewise_, resets_)                                                  \
    OUTFALL_OK, NULL, column_, DRV_ODBC_##kind_, bytewise_, resets_
#define REFUSED(part_) OUTFALL_ERR_UNSUPPORTED, part_, 0, DRV_ODBC_INSERT, false, 0

static void a_key_is_found_or_refused(void **state)
{
    static const key_case cases[] = {
        {"insert needs none",
         PG,
         {{.index = NULL}},
         OUTFALL_MODE_INSERT,
         NULL,
         NULL,
         0,
         TAKEN(0, INSERT, false, 0)},
        {"the primary key", PG, {PRIMARY(K)}, UPSERT_MODE, TAKEN(K, UPSERT, true, 0)},
        {"no primary key", PG, {UNIQUE("u", K)}, UPSERT_MODE, REFUSED("ADD PRIMARY KEY")},
        {"a named one",
         PG,
         {UNIQUE("u", L)},
         OUTFALL_MODE_UPSERT,
         "l",
         NULL,
         0,
         TAKEN(L, UPSERT, true, 0)},
        {"no index on it",
         PG,
         {PRIMARY(K)},
         OUTFALL_MODE_UPSERT,
         "l",
         NULL,
         0,
         REFUSED("CREATE UNIQUE INDEX \"l_key\" ON \"t\" (\"l\")")},
        {"a partial one",
         PG,
         {{"u", L, .partial = true}},
         OUTFALL_MODE_UPSERT,
         "l",
         NULL,
         0,
         REFUSED("CREATE UNIQUE INDEX")},
        {"one on more columns",
         PG,
         {UNIQUE("u", L), UNIQUE("u", V)},
         OUTFALL_MODE_UPSERT,
         "l",
         NULL,
         0,
         REFUSED("CREATE UNIQUE INDEX")},
        {"a deferrable one beside the primary key",
         PG,
         {PRIMARY(K), {"u", K, .partial = true, .deferrable = true}},
         UPSERT_MODE,
         REFUSED("DEFERRABLE")},
        {"a deferrable one on another column",
         PG,
         {PRIMARY(K), {"u", V, .partial = true, .deferrable = true}},
         UPSERT_MODE,
         TAKEN(K, UPSERT, false, 0)},
        {"rows that depend on each other",
         PG,
         {{"pk", K, .primary = true, .bytewise = true, .dependent = true}},
         UPSERT_MODE,
         TAKEN(K, UPSERT, false, 0)},
        {"an expression",
         PG,
         {UNIQUE("u", DRV_ODBC_NO_FIELD)},
         OUTFALL_MODE_UPSERT,
         "l",
         NULL,
         0,
         REFUSED("CREATE UNIQUE INDEX")},
        {"a column that is not there",
         PG,
         {PRIMARY(K)},
         OUTFALL_MODE_UPSERT,
         "x",
         NULL,
         0,
         OUTFALL_ERR_NOT_FOUND,
         "no column \"x\"",
         0,
         DRV_ODBC_INSERT,
         false,
         0},
        {"a key that the rows do not have", PG, {PRIMARY(D)}, UPSERT_MODE, REFUSED("\"d\"")},
        {"another unique index",
         PG,
         {PRIMARY(K), UNIQUE("u", V)},
         UPSERT_MODE,
         TAKEN(K, UPSERT, false, 0)},
        {"another one in MySQL",
         MY,
         {PRIMARY(K), UNIQUE("u", V)},
         UPSERT_MODE,
         REFUSED("unique.other=allow")},
        {"another one in MySQL, allowed",
         MY,
         {PRIMARY(K), UNIQUE("u", V)},
         OUTFALL_MODE_UPSERT,
         NULL,
         NULL,
         1,
         TAKEN(K, UPSERT, false, 0)},
        {"ignore, too",
         MY,
         {PRIMARY(K), UNIQUE("u", V)},
         OUTFALL_MODE_IGNORE,
         NULL,
         NULL,
         0,
         REFUSED("\"u\"")},
        {"ignore", PG, {PRIMARY(K)}, OUTFALL_MODE_IGNORE, NULL, NULL, 0, TAKEN(K, IGNORE, true, 0)},
        {"replace sets what the rows do not have",
         PG,
         {PRIMARY(K)},
         OUTFALL_MODE_REPLACE,
         NULL,
         NULL,
         0,
         TAKEN(K, UPSERT, true, 1)},
        {"some columns: the last row is not enough",
         PG,
         {PRIMARY(K)},
         OUTFALL_MODE_UPSERT,
         NULL,
         "v",
         0,
         TAKEN(K, UPSERT, false, 0)},
        {"a column of the key to update",
         PG,
         {PRIMARY(K)},
         OUTFALL_MODE_UPSERT,
         NULL,
         "k",
         0,
         OUTFALL_ERR_INVALID,
         "update.columns",
         0,
         DRV_ODBC_INSERT,
         false,
         0},
        {"one that is not there to update",
         PG,
         {PRIMARY(K)},
         OUTFALL_MODE_UPSERT,
         NULL,
         "x",
         0,
         OUTFALL_ERR_NOT_FOUND,
         "update.columns",
         0,
         DRV_ODBC_INSERT,
         false,
         0},
        {"all in the key",
         PG,
         {PRIMARY(K), PRIMARY(L), PRIMARY(V)},
         UPSERT_MODE,
         TAKEN(K, IGNORE, true, 0)},
        {"floating point",
         &drv_odbc_postgresql,
         "float8",
         {PRIMARY(K)},
         UPSERT_MODE,
         TAKEN(K, UPSERT, false, 0)},
        {"text of a bytewise collation",
         &drv_odbc_postgresql,
         "text",
         {PRIMARY(K)},
         UPSERT_MODE,
         TAKEN(K, UPSERT, true, 0)},
        {"text of another",
         &drv_odbc_mysql,
         "varchar",
         {{"pk", K, .primary = true}},
         UPSERT_MODE,
         TAKEN(K, UPSERT, false, 0)},
        {"padded text",
         &drv_odbc_postgresql,
         "bpchar",
         {PRIMARY(K)},
         UPSERT_MODE,
         TAKEN(K, UPSERT, false, 0)},
        {"a type nobody knows",
         &drv_odbc_postgresql,
         "citext",
         {PRIMARY(K)},
         UPSERT_MODE,
         TAKEN(K, UPSERT, false, 0)},
        {"Oracle's text",
         &drv_odbc_oracle,
         "VARCHAR2",
         {PRIMARY(K)},
         UPSERT_MODE,
         TAKEN(K, UPSERT, false, 0)},
        {"another case of letters in MySQL",
         MY,
         {PRIMARY(K)},
         OUTFALL_MODE_UPSERT,
         "K",
         NULL,
         0,
         TAKEN(K, UPSERT, true, 0)},
        {"another case of letters in PostgreSQL",
         PG,
         {PRIMARY(K)},
         OUTFALL_MODE_UPSERT,
         "K",
         NULL,
         0,
         OUTFALL_ERR_NOT_FOUND,
         "no column \"K\"",
         0,
         DRV_ODBC_INSERT,
         false,
         0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
