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

enum { COLUMNS = 3 };

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
        {"upsert", "", "", false, "wk,wu,wu"},
        {"upsert", "id", "v", true, "wk,wu,"},
        {"upsert", "", " v ", true, "wk,wu,"},
        {"upsert", "id", "\"a \"\"quoted\"\", name\"", true, "wk,,wu"},
        {"upsert", " \"id\" ", "\"a \"\"quoted\"\", name\" , v", true, "wk,wu,wu"},
        {"upsert", "v", "\"a \"\"quoted\"\", name\"", true, ",wk,wu"},
    };
    static const char *const names[COLUMNS] = {"id", "v", "a \"quoted\", name"};
    outfall_schema *schema;
    char got[32];
    (void)state;
    assert_int_equal(outfall_schema_new(&schema, NULL), OUTFALL_OK);
    for (size_t i = 0; i < COLUMNS; i++) {
        outfall_column column = {.name = names[i], .type = OUTFALL_TYPE_INT64};
        assert_int_equal(outfall_schema_add(schema, &column, NULL), OUTFALL_OK);
    }
    sqlite3 *database = stall(); /* In a transaction. */
    assert_int_equal(
        sqlite3_exec(database,
                     "CREATE TABLE required (id INTEGER PRIMARY KEY, v INTEGER NOT NULL UNIQUE, "
                     "\"a \"\"quoted\"\", name\" INTEGER); COMMIT",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(database);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_config *config;
        outfall_sink *sink = NULL;
        outfall_error error;
        uint8_t *required;
        assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
        assert_int_equal(outfall_config_set(config, "mode", cases[i].mode, NULL), OUTFALL_OK);
        assert_int_equal(outfall_config_set(config, "key", cases[i].key, NULL), OUTFALL_OK);
        assert_int_equal(outfall_config_set(config, "update.columns", cases[i].update, NULL),
                         OUTFALL_OK);
        if (outfall_sink_open(sink_url, "required", schema, config, &sink, &error) != OUTFALL_OK)
            fail_msg("case %zu: %s", i, error.message);
        assert_int_equal(of_required_read(config, sink, COLUMNS, cases[i].kinds, &required, &error),
                         OUTFALL_OK);
        spell(required, COLUMNS, got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("case %zu: %s, not %s", i, got, cases[i].want);
        free(required);
        outfall_config_free(config);
        assert_int_equal(outfall_close(sink, 10000, NULL, NULL, NULL), OUTFALL_OK);
    }
    outfall_schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_required_follows_from_the_options),
    };
    return cmocka_run_group_tests_name("required", tests, sinks_make_directory,
                                       sinks_remove_directory);
}
