/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tables and columns: whatever is in them, they are names and nothing else. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned traits; /* enum name_trait, or-ed. */
} names[] = {
    {"a\"b", NAME_QUOTE},
    {"a\"\"b\"", NAME_QUOTE},
    {"\"; DROP TABLE victims; --", NAME_QUOTE},
    {"'; DROP TABLE victims; --", NAME_PLAIN},
    {"`; DROP TABLE victims; --", NAME_PLAIN},
    {"]; DROP TABLE victims; --", NAME_PLAIN},
    {"id) VALUES (1); DELETE FROM victims; --", NAME_PLAIN},
    {"`tick`", NAME_PLAIN},
    {"ti``ck", NAME_PLAIN},
    {"[bracket]", NAME_PLAIN},
    {"{brace}", NAME_PLAIN},
    {"{d '2020-01-01'}", NAME_PLAIN},
    {"with space", NAME_PLAIN},
    {" leading", NAME_PLAIN},
    {"trailing ", NAME_BLANK_END},
    {"tab\there", NAME_PLAIN},
    {"line\nend", NAME_PLAIN},
    {"back\\slash", NAME_PLAIN},
    {"%s%n%d", NAME_PLAIN},
    {"$1", NAME_PLAIN},
    {"?1", NAME_PLAIN},
    {"a?b", NAME_PLAIN},
    {":name", NAME_PLAIN},
    {"@variable", NAME_PLAIN},
    {"select", NAME_PLAIN},
    {"values", NAME_PLAIN},
    {"excluded", NAME_PLAIN},
    {"outfall_target", NAME_PLAIN},
    {"UPPER and lower", NAME_PLAIN},
    {"dot.ted", NAME_PLAIN},
    {"semi;colon", NAME_PLAIN},
    {"123", NAME_PLAIN},
    {"a--b", NAME_PLAIN},
    {"a#b", NAME_PLAIN},
    {"/* c */", NAME_PLAIN},
    {"\xC3\xA9t\xC3\xA9", NAME_PLAIN},
    {"\xE9\xB3\xA5", NAME_PLAIN},
    {"\xF0\x9F\x90\xA6 bird", NAME_SUPPLEMENTARY},
};

/* Quoted by this test's own rule: double quotes, doubled. */
static void quote(const char *name, char *out)
{
    *out++ = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"')
            *out++ = '"';
        *out++ = *name;
    }
    *out++ = '"';
    *out = '\0';
}

/* The table and a column are of that name; a second column's name ends in a 2. */
static void check_taken(contract_suite *suite, const char *name)
{
    char quoted[128], other[80];
    outfall_write_result result;
    snprintf(other, sizeof other, "%s2", name);
    const outfall_column columns[] = {
        {.name = name, .type = OUTFALL_TYPE_TEXT},
        {.name = other, .type = OUTFALL_TYPE_INT64, .flags = OUTFALL_COLUMN_KEY}};
    outfall_table_name table = {NULL, name};
    quote(name, quoted);
    database_run(suite->database, "DROP TABLE IF EXISTS %s", quoted);
    if (suite_create_table(suite, &table, columns, 2) != OUTFALL_OK)
        fail_msg("%s: %s", name, suite->error.message);
    outfall_target *target = suite_describe_as(
        suite, name,
        &(suite_wanted){.mode = OUTFALL_MODE_UPSERT, .columns = {other, name}, .key = {other}});
    assert_string_equal(target->columns[1].name, name);
    test_rows rows;
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"7", "before"});
    test_rows_add(&rows, (const char *const[]){"8", "gone"});
    test_rows_add(&rows, (const char *const[]){"7", "it's"});
    suite_begin(suite);
    if (suite_write(suite, target, &rows, 0, 2, &result) != OUTFALL_OK ||
        suite_write(suite, target, &rows, 2, 1, &result) != OUTFALL_OK ||
        suite_write_part(suite, target, &rows, &(suite_part){.first = 1, .count = 1, .deletion = 1},
                         suite_deadline(), &result) != OUTFALL_OK)
        fail_msg("%s: %s", name, suite->error.message);
    suite_commit(suite);
    char *cell = database_text(suite->database, "SELECT %s FROM %s", quoted, quoted);
    assert_string_equal(cell, "it's");
    free(cell);
    database_run(suite->database, "DROP TABLE %s", quoted);
    test_rows_free(&rows);
    suite->driver.target_free(target);
}

/* Told by name: the message says which name it is about. */
static void expect_refused(contract_suite *suite, const char *name, int status)
{
    if (status == OUTFALL_OK)
        fail_msg("%s: taken", name);
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
    if (strstr(suite->error.message, name) == NULL)
        fail_msg("%s is not named in: %s", name, suite->error.message);
}

static void check_refused(contract_suite *suite, const char *name)
{
    const outfall_column bad[] = {{.name = name, .type = OUTFALL_TYPE_TEXT}};
    const outfall_column good[] = {{.name = "a", .type = OUTFALL_TYPE_TEXT}};
    outfall_table_name bad_table = {NULL, name}, good_table = {NULL, "contract_t"};
    database_run(suite->database, "DROP TABLE IF EXISTS contract_t");
    expect_refused(suite, name, suite_create_table(suite, &bad_table, good, 1));
    expect_refused(suite, name, suite_create_table(suite, &good_table, bad, 1));
}

static void hostile_names_are_only_names(contract_suite *suite)
{
    suite_create_sql(suite, "victims", "id INTEGER");
    database_run(suite->database, "INSERT INTO victims VALUES (1)");
    for (size_t i = 0; i < LENGTH(names); i++) {
        if ((names[i].traits & suite->quirks->rules->names_refused) != 0)
            check_refused(suite, names[i].name);
        else
            check_taken(suite, names[i].name);
    }
    assert_int_equal(suite_count(suite, "victims"), 1);
    database_run(suite->database, "DROP TABLE victims");
}

/* `count` letters: of two bytes where the limit is in characters. */
static void make_name(const contract_suite *suite, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++) {
        if (suite->quirks->rules->name_in_characters)
            *out++ = '\xC3';
        *out++ = suite->quirks->rules->name_in_characters ? '\xA9' : 'x';
    }
    *out = '\0';
}

static void names_are_refused_not_cut(contract_suite *suite)
{
    char longest[1024], longer[1024];
    make_name(suite, suite->quirks->rules->name_max, longest);
    make_name(suite, suite->quirks->rules->name_max + 1, longer);
    const struct {
        const char *table, *column;
    } bad[] = {
        {longer, "a"},      {"contract_t", longer}, {"", "a"},
        {"contract_t", ""}, {"bad\xFFutf8", "a"},   {"contract_t", "bad\xC3"},
    };
    outfall_target *target;
    database_run(suite->database, "DROP TABLE IF EXISTS contract_t");
    for (size_t i = 0; i < LENGTH(bad); i++) {
        outfall_column columns[] = {{.name = bad[i].column, .type = OUTFALL_TYPE_TEXT}};
        outfall_table_name name = {NULL, bad[i].table};
        if (suite_create_table(suite, &name, columns, 1) == OUTFALL_OK)
            fail_msg("bad name %zu was taken", i);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
    }
    outfall_column columns[] = {{.name = longest, .type = OUTFALL_TYPE_INT64}};
    suite_create(suite, longest, columns, 1);
    target = suite_describe(suite, longest, NULL, 0);
    assert_string_equal(target->columns[0].name, longest);
    suite->driver.target_free(target);
    suite_drop(suite, longest);
    assert_int_not_equal(suite_try_describe(suite, longer, NULL, 0, &target), OUTFALL_OK);
    assert_null(target);
}

const contract_case identifier_cases[] = {
    {"hostile names are only names", hostile_names_are_only_names, NEEDS_TABLES},
    {"names are refused, not cut", names_are_refused_not_cut, NEEDS_TABLES},
    {NULL, NULL, 0},
};
