/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/key.h"

#define UPSERT OUTFALL_MODE_UPSERT
#define REPLACE OUTFALL_MODE_REPLACE
#define IGNORE OUTFALL_MODE_IGNORE
#define NAMES_MAX 4

/* ---- A table ---------------------------------------------------------------------- */

/* Rows of id, region, amount, note. */
static const outfall_column columns[] = {
    {.name = "id", .type = OUTFALL_TYPE_INT64, .flags = OUTFALL_COLUMN_KEY},
    {.name = "region", .type = OUTFALL_TYPE_TEXT},
    {.name = "amount", .type = OUTFALL_TYPE_INT64},
    {.name = "note", .type = OUTFALL_TYPE_TEXT},
};

static const char *const id[] = {"id"}, *const region[] = {"region"}, *const note[] = {"note"},
                         *const amount[] = {"amount"}, *const elsewhere[] = {"elsewhere"},
                         *const expression[] = {NULL},
                         *const region_amount[] = {"region", "amount"};

static const drv_index primary = {"t_pkey", id, 1, DRV_INDEX_PRIMARY};
static const drv_index by_id_too = {"t_id", id, 1, 0};
static const drv_index by_region = {"t_region", region, 1, 0};
static const drv_index by_both = {"t_both", region_amount, 2, 0};
static const drv_index by_note_part = {"t_part", note, 1, DRV_INDEX_PARTIAL};
static const drv_index by_note_later = {"t_later", note, 1, DRV_INDEX_DEFERRABLE};
static const drv_index by_note_prefix = {"t_prefix", note, 1, DRV_INDEX_PREFIX};
static const drv_index by_note_invalid = {"t_invalid", note, 1, DRV_INDEX_INVALID};
static const drv_index by_note = {NULL, note, 1, 0};
static const drv_index by_expression = {"t_lower", expression, 1, 0};
static const drv_index by_amount_later = {"t_amount", amount, 1,
                                          DRV_INDEX_PRIMARY | DRV_INDEX_DEFERRABLE};
static const drv_index by_absent = {"t_absent", elsewhere, 1, DRV_INDEX_PRIMARY};

typedef struct request {
    uint32_t mode;
    const char *key[NAMES_MAX]; /* None: the primary key. */
    const char *update[NAMES_MAX];
    const drv_index *indexes[NAMES_MAX];
} request;

static size_t count_of(const char *const *names)
{
    size_t count = 0;
    while (count < NAMES_MAX && names[count] != NULL)
        count++;
    return count;
}

static int resolve(const request *wanted, int (*same)(const char *, const char *), drv_key *key,
                   outfall_error *error)
{
    static drv_index indexes[NAMES_MAX]; /* The key that is found points into it. */
    uint32_t index_count = 0;
    for (; index_count < NAMES_MAX && wanted->indexes[index_count] != NULL; index_count++)
        indexes[index_count] = *wanted->indexes[index_count];
    const drv_key_table table = {
        .table = "t",
        .display = "\"s\".\"t\"",
        .quote = '"',
        .same = same,
        .columns = columns,
        .column_count = sizeof columns / sizeof columns[0],
        .indexes = indexes,
        .index_count = index_count,
    };
    const outfall_describe_options options = {
        .struct_size = sizeof options,
        .mode = wanted->mode,
        .key = wanted->key[0] != NULL ? wanted->key : NULL,
        .key_count = count_of(wanted->key),
        .update = wanted->update[0] != NULL ? wanted->update : NULL,
        .update_count = count_of(wanted->update),
    };
    return drv_key_resolve(&options, &table, key, error);
}

/* ---- What is found ---------------------------------------------------------------- */

/* Indices as digits: "12"; updates as one digit a column: "0011". */
static void describe(const drv_key *key, char *found, char *updates)
{
    size_t length = 0;
    for (uint32_t i = 0; i < key->count; i++)
        found[length++] = (char)('0' + key->columns[i]);
    found[length] = '\0';
    for (length = 0; length < sizeof columns / sizeof columns[0]; length++)
        updates[length] = (char)('0' + key->updates[length]);
    updates[length] = '\0';
}

static void the_key_and_the_updates_are_found(void **state)
{
    static const struct {
        const char *why;
        request wanted;
        const char *key, *updates, *index, *other;
        int partial;
    } cases[] = {
        {"insert has no key and asks nothing of the table",
         {OUTFALL_MODE_INSERT, {NULL}, {NULL}, {NULL}},
         "",
         "0000",
         "",
         "",
         0},
        {"the primary key, and all else is updated",
         {UPSERT, {NULL}, {NULL}, {&primary}},
         "0",
         "0111",
         "t_pkey",
         "",
         0},
        {"another key by its name",
         {UPSERT, {"region"}, {NULL}, {&primary, &by_region}},
         "1",
         "1011",
         "t_region",
         "t_pkey",
         0},
        {"of two columns, in the order they are named",
         {UPSERT, {"amount", "region"}, {NULL}, {&by_both}},
         "21",
         "1001",
         "t_both",
         "",
         0},
        {"named updates alone",
         {UPSERT, {NULL}, {"note"}, {&primary}},
         "0",
         "0001",
         "t_pkey",
         "",
         1},
        {"named updates that are all there is",
         {UPSERT, {"region", "amount"}, {"note", "id"}, {&by_both}},
         "12",
         "1001",
         "t_both",
         "",
         0},
        {"replace updates all, whatever is named",
         {REPLACE, {NULL}, {"note"}, {&primary}},
         "0",
         "0111",
         "t_pkey",
         "",
         0},
        {"ignore updates nothing",
         {IGNORE, {NULL}, {NULL}, {&primary}},
         "0",
         "0000",
         "t_pkey",
         "",
         0},
        {"the primary key is taken before an index that is the same",
         {UPSERT, {"id"}, {NULL}, {&by_id_too, &primary}},
         "0",
         "0111",
         "t_pkey",
         "t_id",
         0},
        {"a usable index after one that is not",
         {UPSERT, {"note"}, {NULL}, {&by_note_part, &by_note}},
         "3",
         "1110",
         "",
         "t_part",
         0},
        {"an expression's index is another unique index",
         {UPSERT, {NULL}, {NULL}, {&primary, &by_expression}},
         "0",
         "0111",
         "t_pkey",
         "t_lower",
         0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[NAMES_MAX + 1], updates[NAMES_MAX + 1];
        outfall_error error;
        drv_key key;
        if (resolve(&cases[i].wanted, drv_name_same, &key, &error) != OUTFALL_OK)
            fail_msg("%s: %s", cases[i].why, error.message);
        describe(&key, found, updates);
        if (strcmp(found, cases[i].key) != 0 || strcmp(updates, cases[i].updates) != 0)
            fail_msg("%s: key %s, updates %s", cases[i].why, found, updates);
        assert_string_equal(key.index != NULL && key.index->name != NULL ? key.index->name : "",
                            cases[i].index);
        assert_string_equal(key.other != NULL ? key.other->name : "", cases[i].other);
        assert_int_equal(key.partial, cases[i].partial);
        drv_key_free(&key);
    }
}

static void what_cannot_be_is_refused_with_its_fix(void **state)
{
    static const struct {
        request wanted;
        int status;
        const char *column, *message;
    } cases[] = {
        {{UPSERT, {NULL}, {NULL}, {NULL}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=upsert: \"s\".\"t\" has no primary key; add one to it, or set key to columns that "
         "have a unique index"},
        {{IGNORE, {"note"}, {NULL}, {&primary}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=ignore: \"s\".\"t\" has no unique index on just the key's columns; make one: CREATE "
         "UNIQUE INDEX \"t_outfall_key\" ON \"s\".\"t\" (\"note\")"},
        {{REPLACE, {"region"}, {NULL}, {&by_both}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=replace: \"s\".\"t\" has no unique index on just the key's columns; make one: "
         "CREATE UNIQUE INDEX \"t_outfall_key\" ON \"s\".\"t\" (\"region\")"},
        {{UPSERT, {"id", "region"}, {NULL}, {&primary, &by_both}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=upsert: \"s\".\"t\" has no unique index on just the key's columns; make one: CREATE "
         "UNIQUE INDEX \"t_outfall_key\" ON \"s\".\"t\" (\"id\", \"region\")"},
        {{UPSERT, {"note"}, {NULL}, {&by_note_part}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=upsert: the unique index t_part of \"s\".\"t\" holds some of the rows only; make "
         "another: CREATE UNIQUE INDEX \"t_outfall_key\" ON \"s\".\"t\" (\"note\")"},
        {{UPSERT, {"note"}, {NULL}, {&by_note_later}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=upsert: the unique index t_later of \"s\".\"t\" is deferrable; make another: CREATE "
         "UNIQUE INDEX \"t_outfall_key\" ON \"s\".\"t\" (\"note\")"},
        {{UPSERT, {NULL}, {NULL}, {&by_amount_later}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=upsert: the unique index t_amount of \"s\".\"t\" is deferrable; make another: "
         "CREATE "
         "UNIQUE INDEX \"t_outfall_key\" ON \"s\".\"t\" (\"amount\")"},
        {{UPSERT, {"note"}, {NULL}, {&by_note_prefix}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=upsert: the unique index t_prefix of \"s\".\"t\" looks at the beginning of a column "
         "only; make another: CREATE UNIQUE INDEX \"t_outfall_key\" ON \"s\".\"t\" (\"note\")"},
        {{UPSERT, {"note"}, {NULL}, {&by_note_invalid}},
         OUTFALL_ERR_UNSUPPORTED,
         "",
         "mode=upsert: the unique index t_invalid of \"s\".\"t\" is not valid; make another: "
         "CREATE UNIQUE INDEX \"t_outfall_key\" ON \"s\".\"t\" (\"note\")"},
        {{UPSERT, {"regoin"}, {NULL}, {&primary}},
         OUTFALL_ERR_NOT_FOUND,
         "regoin",
         "key: column \"regoin\" of \"s\".\"t\" is not among the rows' columns; did you mean "
         "\"region\"?"},
        {{UPSERT, {NULL}, {NULL}, {&by_absent}},
         OUTFALL_ERR_NOT_FOUND,
         "elsewhere",
         "primary key: column \"elsewhere\" of \"s\".\"t\" is not among the rows' columns; add it "
         "to them, or set key to columns that are"},
        {{UPSERT, {"REGION"}, {NULL}, {&by_region}},
         OUTFALL_ERR_NOT_FOUND,
         "REGION",
         "key: column \"REGION\" of \"s\".\"t\" is not among the rows' columns; did you mean "
         "\"region\"?"},
        {{UPSERT, {"id", "id"}, {NULL}, {&primary}},
         OUTFALL_ERR_INVALID,
         "id",
         "key: column \"id\" is named twice; name it once"},
        {{UPSERT, {NULL}, {"nothing"}, {&primary}},
         OUTFALL_ERR_NOT_FOUND,
         "nothing",
         "update.columns: column \"nothing\" of \"s\".\"t\" is not among the rows' columns; add it "
         "to them, or set update.columns to columns that are"},
        {{UPSERT, {NULL}, {"note", "note"}, {&primary}},
         OUTFALL_ERR_INVALID,
         "note",
         "update.columns: column \"note\" is named twice; name it once"},
        {{UPSERT, {NULL}, {"note", "id"}, {&primary}},
         OUTFALL_ERR_INVALID,
         "id",
         "update.columns: column \"id\" is in the key, which finds the row and stays as it is; "
         "leave it out"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error;
        drv_key key;
        assert_int_equal(resolve(&cases[i].wanted, drv_name_same, &key, &error), cases[i].status);
        drv_key_free(&key);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(error.column, cases[i].column);
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
        assert_int_equal(resolve(&cases[i].wanted, drv_name_same, &key, NULL), cases[i].status);
        drv_key_free(&key);
    }
}

static void names_are_the_same_as_the_database_says(void **state)
{
    static const request wanted = {UPSERT, {"Amount", "REGION"}, {NULL}, {&by_both}};
    drv_key key;
    outfall_error error;
    (void)state;
    assert_int_equal(resolve(&wanted, drv_name_same, &key, &error), OUTFALL_ERR_NOT_FOUND);
    drv_key_free(&key);
    assert_int_equal(resolve(&wanted, drv_name_same_nocase, &key, &error), OUTFALL_OK);
    assert_int_equal(key.count, 2);
    assert_int_equal(key.columns[0], 2);
    assert_int_equal(key.columns[1], 1);
    drv_key_free(&key);
    assert_false(drv_name_same_nocase("a", "ab"));
    assert_false(drv_name_same_nocase("ab", "a"));
    assert_false(drv_name_same_nocase("\xC3\xA4", "\xC3\x84")); /* Only ASCII has a case here. */
    assert_true(drv_name_same_nocase("aZ", "Az"));
    assert_false(drv_name_same_nocase("[", "{")); /* As far apart as A and a. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_and_the_updates_are_found),
        cmocka_unit_test(what_cannot_be_is_refused_with_its_fix),
        cmocka_unit_test(names_are_the_same_as_the_database_says),
    };
    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
