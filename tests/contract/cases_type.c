/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each type becomes, holds and refuses. What is seen to hold here is what docs/types.md says:
 * report.py makes it of these reports.
 */
#include "existing.h"
#include "report.h"
#include "suite.h"
#include "value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TABLE "contract_y"

/* ---- Columns in words ------------------------------------------------------------- */

typedef struct words {
    char text[4096];
    size_t used;
} words;

static void say(words *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(words *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(out->text + out->used, sizeof out->text - out->used, format, arguments);
    va_end(arguments);
    assert_true(added >= 0 && out->used + (size_t)added < sizeof out->text);
    out->used += (size_t)added;
}

/* One more of a list of literals; report.py parts them again. */
static void say_item(words *out, const char *literal)
{
    say(out, "%s%s", out->used > 0 ? "\x1f" : "", literal[0] != '\0' ? literal : "''");
}

/* A bound as outfall_value has it. */
static void say_bound(words *out, uint32_t type, int64_t bound)
{
    char text[OUTFALL_TEMPORAL_TEXT_MAX];
    switch (type) {
    case OUTFALL_TYPE_DATE:
        outfall_date_text((int32_t)(bound - OUTFALL_EPOCH_DAYS), text);
        say(out, "%s", text);
        break;
    case OUTFALL_TYPE_TIME:
        outfall_time_text(bound, text);
        say(out, "%s", text);
        break;
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        outfall_timestamp_text(bound - OUTFALL_EPOCH_US, 0, text);
        say(out, "%s", text);
        break;
    default:
        say(out, "%" PRId64, bound);
        break;
    }
}

static void say_arguments(words *out, const outfall_column *column)
{
    if (column->type == OUTFALL_TYPE_DECIMAL && column->precision > 0 &&
        (column->flags & OUTFALL_COLUMN_APPROXIMATE) == 0)
        say(out, "(%u,%d)", column->precision, column->scale);
    else if (column->length_max > 0)
        say(out, "(%u)", column->length_max);
    else if (column->type >= OUTFALL_TYPE_TIME && column->type <= OUTFALL_TYPE_TIMESTAMPTZ &&
             column->fraction_digits >= 0 && column->fraction_digits < 6)
        say(out, "(%d)", column->fraction_digits);
}

/* As "int16, -128 to 127" or "float64, no NaN". */
static void say_column(words *out, const outfall_column *column)
{
    say(out, "%s", outfall_type_name((int)column->type));
    say_arguments(out, column);
    if ((column->flags & OUTFALL_COLUMN_LIMITED) != 0) {
        say(out, ", ");
        say_bound(out, column->type, column->least);
        say(out, " to ");
        say_bound(out, column->type, column->most);
    }
    if ((column->flags & OUTFALL_COLUMN_APPROXIMATE) != 0)
        say(out, ", %u digits", column->precision);
    if ((column->flags & OUTFALL_COLUMN_NO_NAN) != 0)
        say(out, ", no NaN");
    if ((column->flags & OUTFALL_COLUMN_NO_INFINITY) != 0)
        say(out, ", no infinity");
    if ((column->flags & OUTFALL_COLUMN_PADDED) != 0)
        say(out, ", padded");
}

/* ---- Values ----------------------------------------------------------------------- */

/* What is read back as text, whatever the type. */
static char *read_back(contract_suite *suite)
{
    return database_text(suite->database, "SELECT v FROM " TABLE " WHERE id = 1");
}

/* Writes one value and reads it back: it has to be the same. 0: the database refused it. */
static int check_value(contract_suite *suite, outfall_target *target, const char *what,
                       const char *literal, const char *stored, int refusable)
{
    test_rows rows;
    const outfall_column *column = &target->columns[1];
    database_run(suite->database, "DELETE FROM " TABLE);
    test_rows_init(&rows, target);
    test_rows_add(&rows, (const char *const[]){"1", literal});
    int status = suite_try(suite, target, &rows, suite_deadline());
    test_rows_free(&rows);
    if (status != OUTFALL_OK && refusable && suite->error.action == OUTFALL_ACTION_ROW)
        return 0;
    if (status != OUTFALL_OK)
        fail_msg("%s: \"%s\": %s", what, literal, suite->error.message);
    char *cell = read_back(suite);
    if (!test_value_same(suite->quirks, column, stored, cell))
        fail_msg("%s: \"%s\" came back as \"%s\"", what, literal, cell != NULL ? cell : "NULL");
    free(cell);
    return 1;
}

/* ---- Types that are made ----------------------------------------------------------- */

static const struct {
    const char *name;
    outfall_column column;
} made[] = {
    {"bool", {.type = OUTFALL_TYPE_BOOL}},
    {"int16", {.type = OUTFALL_TYPE_INT16}},
    {"int32", {.type = OUTFALL_TYPE_INT32}},
    {"int64", {.type = OUTFALL_TYPE_INT64}},
    {"float32", {.type = OUTFALL_TYPE_FLOAT32}},
    {"float64", {.type = OUTFALL_TYPE_FLOAT64}},
    {"decimal", {.type = OUTFALL_TYPE_DECIMAL}},
    {"decimal(30,5)", {.type = OUTFALL_TYPE_DECIMAL, .precision = 30, .scale = 5}},
    {"text", {.type = OUTFALL_TYPE_TEXT}},
    {"text(64)", {.type = OUTFALL_TYPE_TEXT, .length_max = 64}},
    {"bytes", {.type = OUTFALL_TYPE_BYTES}},
    {"bytes(64)", {.type = OUTFALL_TYPE_BYTES, .length_max = 64}},
    {"date", {.type = OUTFALL_TYPE_DATE}},
    {"time", {.type = OUTFALL_TYPE_TIME, .fraction_digits = -1}},
    {"timestamp", {.type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = -1}},
    {"timestamp(3)", {.type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = 3}},
    {"timestamptz", {.type = OUTFALL_TYPE_TIMESTAMPTZ, .fraction_digits = -1}},
    {"uuid", {.type = OUTFALL_TYPE_UUID}},
    {"json", {.type = OUTFALL_TYPE_JSON}},
};

/* The database's own word for the type of column v. */
static char *catalog_type(contract_suite *suite, const outfall_column *column)
{
    switch (suite->quirks->database) {
    case DATABASE_SQLITE:
        return database_text(suite->database,
                             "SELECT type FROM pragma_table_info('" TABLE "') WHERE name = 'v'");
    case DATABASE_POSTGRESQL:
        return database_text(suite->database,
                             "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE "
                             "attrelid = '" TABLE "'::regclass AND attname = 'v'");
    case DATABASE_MARIADB:
        return database_text(suite->database,
                             "SELECT column_type FROM information_schema.columns WHERE "
                             "table_schema = database() AND table_name = '" TABLE
                             "' AND column_name = 'v'");
    default: /* What lies behind the stand-in is not Oracle's. */
        return strdup(column->type_name != NULL ? column->type_name : "");
    }
}

/* Tries the values of a type in the column that was made of it. */
static void try_values(contract_suite *suite, size_t i, outfall_target *target, words *tried,
                       words *refused)
{
    const outfall_column *column = &target->columns[1];
    for (size_t v = 0; v < test_value_count; v++) {
        const test_value *value = &test_values[v];
        char room[TEST_LITERAL_MAX], stored_room[TEST_LITERAL_MAX];
        if (value->type != made[i].column.type || !test_value_fits(&made[i].column, value->literal))
            continue;
        const char *literal = test_value_literal(column, value->type, value->literal, room);
        const char *stored = value->stored != NULL ? value->stored : value->literal;
        stored = test_value_literal(column, value->type, stored, stored_room);
        say_item(tried, value->literal);
        if (!test_value_fits(column, literal) ||
            !check_value(suite, target, made[i].name, literal, stored,
                         !test_value_taken(suite->quirks, column, literal)))
            say_item(refused, value->literal);
    }
}

static void make_type(contract_suite *suite, size_t i)
{
    words described = {.used = 0}, refused = {.used = 0}, tried = {.used = 0};
    outfall_column columns[] = {{.name = "id", .type = OUTFALL_TYPE_INT64}, made[i].column};
    columns[1].name = "v";
    if (quirks_stored(suite->quirks, made[i].column.type) == 0) {
        report_type("made", made[i].name, "");
        return;
    }
    suite_create(suite, TABLE, columns, 2);
    outfall_target *target = suite_describe(suite, TABLE, NULL, 0);
    try_values(suite, i, target, &tried, &refused);
    assert_true(tried.used > 0 && refused.used < tried.used);
    char *word = catalog_type(suite, &target->columns[1]);
    say_column(&described, &target->columns[1]);
    report_type("made", made[i].name, word);
    report_type("described", made[i].name, described.text);
    report_type("tried", made[i].name, tried.text);
    report_type("not held", made[i].name, refused.text);
    free(word);
    suite->driver.target_free(target);
}

static void a_type_that_is_made_holds_its_values(contract_suite *suite)
{
    for (size_t i = 0; i < LENGTH(made); i++)
        make_type(suite, i);
    suite_drop(suite, TABLE);
}

/* ---- Types that are there ---------------------------------------------------------- */

static void report_refusal(contract_suite *suite, const char *type)
{
    assert_int_equal(suite->error.action, OUTFALL_ACTION_STOP);
    if (strcmp(suite->error.column, "v") != 0 || strstr(suite->error.message, "v") == NULL)
        fail_msg("%s: the column is not named: %s", type, suite->error.message);
    report_type("existing", type, "refused");
}

static void check_existing(contract_suite *suite, const existing_type *type)
{
    const char *subject = type->name[0] != '\0' ? type->name : "none";
    words described = {.used = 0}, refused = {.used = 0}, held = {.used = 0};
    outfall_target *target;
    suite_drop(suite, TABLE);
    if (type->before != NULL)
        database_run(suite->database, "%s", type->before);
    database_run(suite->database, "CREATE TABLE " TABLE " (id INTEGER, v %s)", type->name);
    if (suite_try_describe(suite, TABLE, NULL, 0, &target) != OUTFALL_OK) {
        report_refusal(suite, subject);
        return;
    }
    const outfall_column *column = &target->columns[1];
    say_column(&described, column);
    assert_non_null(type->values[0].literal); /* Else nothing would be shown. */
    for (size_t i = 0; i < LENGTH(type->values) && type->values[i].literal != NULL; i++) {
        char room[TEST_LITERAL_MAX];
        const char *literal = type->values[i].literal, *stored = type->values[i].stored;
        int is_bool = strcmp(literal, "true") == 0 || strcmp(literal, "false") == 0;
        if (is_bool)
            literal = test_value_literal(column, OUTFALL_TYPE_BOOL, literal, room);
        int fits = test_value_fits(column, literal) &&
                   check_value(suite, target, type->name, literal,
                               stored != NULL ? stored : literal, type->values[i].refusable);
        say_item(fits ? &held : &refused, type->values[i].literal);
    }
    report_type("existing", subject, described.text);
    report_type("held", subject, held.text);
    report_type("not held", subject, refused.text);
    suite->driver.target_free(target);
}

static void a_type_that_is_there_is_read_right_or_refused(contract_suite *suite)
{
    const existing_list *list = &existing_types[suite->quirks->database];
    if (list->types == NULL)
        suite_skip(suite, "the stand-in has no types but those that are made");
    for (size_t i = 0; i < list->count; i++)
        check_existing(suite, &list->types[i]);
    suite_drop(suite, TABLE);
}

const contract_case type_cases[] = {
    {"a type that is made holds its values", a_type_that_is_made_holds_its_values, NEEDS_TABLES},
    {"a type that is there is read right, or refused",
     a_type_that_is_there_is_read_right_or_refused, NEEDS_TABLES},
    {NULL, NULL, 0},
};
