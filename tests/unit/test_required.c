/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns JSON lines may not leave out: by the mode, the key and the columns updated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "required.h"
#include "sinks.h"

/* Of each column: w for a record that writes, k for one that deletes too, u where --update helps.
 */
static void spell(const uint8_t *required, size_t count, char *out)
{
    for (size_t i = 0; required != NULL && i < count; i++) {
        if (i > 0)
            *out++ = ',';
        if ((required[i] & OF_REQUIRED_WRITTEN) != 0)
            *out++ = 'w';
        if ((required[i] & OF_REQUIRED_KEY) != 0)
            *out++ = 'k';
        if ((required[i] & OF_REQUIRED_UPDATED) != 0)
            *out++ = 'u';
    }
    *out = '\0';
}

static void what_is_required_follows_from_the_options(void **state)
{
    static const struct {
        const char *mode, *key, *update;
        bool kinds;
        const char *want; /* Empty: nothing is. */
    } cases[] = {
        {"insert", "", "", false, ""},
        {"ignore", "id", "", false, ""},
        {"replace", "", "", false, ""},
        {"replace", "", "", true, "wk,w,w"},
        {"upsert", "", "", false, "wku,wu,wu"},
        {"upsert", "  ", "  ", true, "wku,wu,wu"},
        {"upsert", "id", "v", true, "wk,wu,"},
        {"upsert", "", " v ", true, "wk,wu,"},
        {"upsert", "id", "\"a \"\"quoted\"\", name\"", true, "wk,,wu"},
        {"upsert", " \"id\" ", "\"a \"\"quoted\"\", name\" , v", true, "wk,wu,wu"},
        {"upsert", "v, \"a \"\"quoted\"\", name\"", "id", true, "wu,wk,wk"},
    };
    static const char *const names[] = {"id", "v", "a \"quoted\", name"};
    of_names columns = {0};
    outfall_schema *schema;
    char got[32];
    (void)state;
    assert_int_equal(outfall_schema_new(&schema, NULL), OUTFALL_OK);
    for (size_t i = 0; i < 3; i++) {
        outfall_column column = {.name = names[i], .type = OUTFALL_TYPE_INT64};
        column.flags = i == 0 ? OUTFALL_COLUMN_KEY : 0;
        assert_int_equal(outfall_schema_add(schema, &column, NULL), OUTFALL_OK);
        assert_int_equal(of_names_add(&columns, names[i], strlen(names[i])), 0);
    }
    query("SELECT 1"); /* Makes the file. */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_config *config;
        outfall_sink *sink = NULL;
        outfall_error error;
        uint8_t *required;
        assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
        assert_int_equal(outfall_config_set(config, "create", "if-missing", NULL), OUTFALL_OK);
        if (outfall_sink_open(sink_url, "required", schema, config, &sink, &error) != OUTFALL_OK)
            fail_msg("%s", error.message);
        assert_int_equal(outfall_config_set(config, "mode", cases[i].mode, NULL), OUTFALL_OK);
        assert_int_equal(outfall_config_set(config, "key", cases[i].key, NULL), OUTFALL_OK);
        assert_int_equal(outfall_config_set(config, "update.columns", cases[i].update, NULL),
                         OUTFALL_OK);
        assert_int_equal(
            of_required_read(config, sink, &columns, cases[i].kinds, &required, &error),
            OUTFALL_OK);
        spell(required, columns.count, got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("case %zu: %s, not %s", i, got, cases[i].want);
        free(required);
        outfall_config_free(config);
        assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    }
    outfall_schema_free(schema);
    of_names_clear(&columns);
}

/* A list that is longer than any buffer of a fixed size. */
static void a_long_list_is_read_whole(void **state)
{
    enum { COLUMNS = 200 };
    static char list[COLUMNS * 16];
    outfall_config *config;
    of_names columns = {0};
    uint8_t *required;
    size_t at = 0;
    (void)state;
    for (int i = 0; i < COLUMNS; i++) {
        char name[16];
        int length = snprintf(name, sizeof name, "column %d", i);
        assert_int_equal(of_names_add(&columns, name, (size_t)length), 0);
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? "," : "", name);
    }
    assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "mode", "replace", NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "key", list, NULL), OUTFALL_OK);
    assert_int_equal(of_required_read(config, NULL, &columns, true, &required, NULL), OUTFALL_OK);
    for (int i = 0; i < COLUMNS; i++)
        assert_int_equal(required[i], OF_REQUIRED_WRITTEN | OF_REQUIRED_KEY);
    free(required);
    of_names_clear(&columns);
    outfall_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_required_follows_from_the_options),
        cmocka_unit_test(a_long_list_is_read_whole),
    };
    return cmocka_run_group_tests_name("required", tests, sinks_make_directory,
                                       sinks_remove_directory);
}
