/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "config/config.h"

static outfall_config *new_config(void)
{
    outfall_config *config = NULL;
    assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
    return config;
}

static void every_option_is_complete_and_takes_its_own_default(void **state)
{
    outfall_config *config = new_config();
    (void)state;
    assert_int_equal(outfall_option_count(), OF_OPTION_COUNT);
    for (size_t i = 0; i < outfall_option_count(); i++) {
        outfall_option option;
        char value[256];
        assert_int_equal(outfall_option_at(i, &option), OUTFALL_OK);
        assert_true(strlen(option.doc) > 10);
        assert_int_equal(option.doc[strlen(option.doc) - 1], '.');
        assert_int_equal(outfall_config_get(config, option.key, value, sizeof value, NULL),
                         OUTFALL_OK);
        assert_string_equal(value, option.default_value);
        assert_int_equal(outfall_config_set(config, option.key, option.default_value, NULL),
                         OUTFALL_OK);
        if (strcmp(option.type, "text") != 0)
            assert_true(strlen(option.range) > 0);
        if (strcmp(option.type, "choice") == 0)
            assert_true(strlen(option.default_value) > 0);
    }
    outfall_config_free(config);
}

static void an_index_past_the_last_option_is_invalid(void **state)
{
    outfall_option option;
    (void)state;
    assert_int_equal(outfall_option_at(outfall_option_count(), &option), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_option_at(0, NULL), OUTFALL_ERR_INVALID);
}

static void a_value_is_parsed_and_read_back(void **state)
{
    outfall_config *config = new_config();
    char value[64];
    (void)state;
    assert_int_equal(outfall_config_set(config, "batch.rows", "1000000", NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "create", "if-missing", NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "application.name", "first", NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "application.name", "second", NULL), OUTFALL_OK);
    assert_int_equal(config->values.batch_rows, 1000000);
    assert_int_equal(config->values.create, OF_CREATE_IF_MISSING);
    assert_string_equal(config->values.application_name, "second");
    assert_int_equal(outfall_config_get(config, "create", value, sizeof value, NULL), OUTFALL_OK);
    assert_string_equal(value, "if-missing");
    assert_int_equal(outfall_config_get(config, "create", value, 10, NULL), OUTFALL_ERR_INVALID);
    outfall_config_free(config);
}

static void a_bad_value_names_the_option_and_its_range(void **state)
{
    static const struct {
        const char *key, *value, *says;
    } cases[] = {
        {"batch.rows", "0", "option batch.rows: \"0\" is not a whole number from 1 to 1000000"},
        {"batch.rows", "1000001", "from 1 to 1000000"},
        {"batch.rows", "", "from 1 to 1000000"},
        {"batch.rows", "-", "from 1 to 1000000"},
        {"batch.rows", "-1", "from 1 to 1000000"},
        {"batch.rows", " 5", "from 1 to 1000000"},
        {"batch.rows", "+5", "from 1 to 1000000"},
        {"batch.rows", "5k", "from 1 to 1000000"},
        {"batch.rows", "0x5", "from 1 to 1000000"},
        {"batch.rows", "99999999999999999999", "from 1 to 1000000"},
        {"create", "always", "option create: \"always\" is not one of: never, if-missing"},
        {"create", "", "is not one of"},
        {"create", "nev", "is not one of"},
        {"create", "never, if-missing", "is not one of"},
        {"create", "a\nb\x7f", "\"a?b?\""},
        {"create", "0123456789012345678901234567890123456789012345678901234567890123456789",
         "\"012345678901234567890123456789012345678901234567890123456789012\""},
        /* Cut before the two bytes that would not fit whole. */
        {"create", "01234567890123456789012345678901234567890123456789012345678901\xc3\xa9",
         "\"01234567890123456789012345678901234567890123456789012345678901\""},
    };
    outfall_config *config = new_config();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error = {0};
        assert_int_equal(outfall_config_set(config, cases[i].key, cases[i].value, &error),
                         OUTFALL_ERR_CONFIG);
        if (strstr(error.message, cases[i].says) == NULL)
            fail_msg("\"%s\": %s", cases[i].value, error.message);
        /* The value from before stays. */
        assert_int_equal(config->values.batch_rows, 10000);
        assert_int_equal(config->values.create, OF_CREATE_NEVER);
    }
    outfall_config_free(config);
}

static void an_unknown_key_names_the_nearest(void **state)
{
    static const struct {
        const char *key, *nearest;
    } cases[] = {
        {"batch.row", "batch.rows"},       {"batch_rows", "batch.rows"},
        {"BATCH.ROWS", "batch.rows"},      {"linger", "linger.ms"},
        {"linger-ms", "linger.ms"},        {"pool.size", "pool.min"},
        {"pool.mx", "pool.max"},           {"flusher", "flushers"},
        {"sqlite.sync", "sqlite.journal"}, {"sqlite.synchron", "sqlite.synchronous"},
    };
    outfall_config *config = new_config();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_error error = {0};
        char want[128];
        char value[64];
        snprintf(want, sizeof want, "\"%s\"; the nearest is \"%s\"", cases[i].key,
                 cases[i].nearest);
        assert_int_equal(outfall_config_set(config, cases[i].key, "1", &error), OUTFALL_ERR_CONFIG);
        if (strstr(error.message, want) == NULL)
            fail_msg("%s: %s", want, error.message);
        assert_int_equal(outfall_config_get(config, cases[i].key, value, sizeof value, NULL),
                         OUTFALL_ERR_CONFIG);
    }
    char longest[4096];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(outfall_config_set(config, longest, "1", NULL), OUTFALL_ERR_CONFIG);
    assert_int_equal(outfall_config_set(config, "", "1", NULL), OUTFALL_ERR_CONFIG);
    outfall_config_free(config);
}

static void the_environment_overrides_defaults(void **state)
{
    outfall_config *config = NULL;
    (void)state;
    setenv("OUTFALL_BATCH_ROWS", "77", 1);
    setenv("OUTFALL_LINGER_MS", "", 1);
    setenv("OUTFALL_NOT_AN_OPTION", "x", 1);
    assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
    assert_int_equal(config->values.batch_rows, 77);
    assert_int_equal(config->values.linger_ms, 5);
    assert_int_equal(outfall_config_set(config, "batch.rows", "78", NULL), OUTFALL_OK);
    assert_int_equal(config->values.batch_rows, 78);
    outfall_config_free(config);

    outfall_error error = {0};
    setenv("OUTFALL_BATCH_ROWS", "many", 1);
    assert_int_equal(outfall_config_new(&config, &error), OUTFALL_ERR_CONFIG);
    assert_null(config);
    assert_non_null(strstr(error.message, "environment variable OUTFALL_BATCH_ROWS: "));
    assert_non_null(strstr(error.message, "from 1 to 1000000"));
    unsetenv("OUTFALL_BATCH_ROWS");
    unsetenv("OUTFALL_LINGER_MS");
    unsetenv("OUTFALL_NOT_AN_OPTION");
}

static void a_copy_stands_on_its_own(void **state)
{
    outfall_config *config = new_config();
    outfall_config *copy = NULL;
    (void)state;
    assert_int_equal(outfall_config_set(config, "application.name", "loader", NULL), OUTFALL_OK);
    assert_int_equal(outfall_config_set(config, "batch.rows", "3", NULL), OUTFALL_OK);
    assert_int_equal(of_config_copy(config, &copy, NULL), OUTFALL_OK);
    outfall_config_free(config);
    assert_string_equal(copy->values.application_name, "loader");
    assert_int_equal(copy->values.batch_rows, 3);
    assert_int_equal(copy->values.flushers, 1);
    outfall_config_free(copy);
}

static void a_driver_gets_the_options_under_its_name(void **state)
{
    outfall_driver_option options[OF_OPTION_COUNT];
    outfall_config *config = new_config();
    (void)state;
    assert_int_equal(outfall_config_set(config, "sqlite.journal", "delete", NULL), OUTFALL_OK);
    assert_int_equal(of_config_driver_options(config, "sqlite", options), 2);
    assert_string_equal(options[0].key, "sqlite.synchronous");
    assert_string_equal(options[0].value, "full");
    assert_string_equal(options[1].key, "sqlite.journal");
    assert_string_equal(options[1].value, "delete");
    assert_int_equal(of_config_driver_options(config, "sql", options), 0);
    assert_int_equal(of_config_driver_options(config, "null", options), 0);
    outfall_config_free(config);
}

static void null_arguments_are_invalid(void **state)
{
    outfall_config *config = new_config();
    char value[8];
    (void)state;
    assert_int_equal(outfall_config_new(NULL, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_config_set(NULL, "a", "b", NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_config_set(config, NULL, "b", NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_config_set(config, "a", NULL, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_config_get(NULL, "a", value, 8, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_config_get(config, NULL, value, 8, NULL), OUTFALL_ERR_INVALID);
    assert_int_equal(outfall_config_get(config, "a", NULL, 8, NULL), OUTFALL_ERR_INVALID);
    outfall_config_free(NULL);
    outfall_config_free(config);
}

static void out_of_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    outfall_config *config = new_config();
    outfall_config *copy = NULL;
    assert_int_equal(outfall_config_set(config, "batch.rows", "3", NULL), OUTFALL_OK);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        of_alloc_fail_from(nth);
        assert_int_equal(of_config_copy(config, &copy, NULL), OUTFALL_ERR_NOMEM);
        assert_null(copy);
    }
    of_alloc_fail_from(1);
    assert_int_equal(outfall_config_new(&copy, NULL), OUTFALL_ERR_NOMEM);
    assert_int_equal(outfall_config_set(config, "batch.rows", "4", NULL), OUTFALL_ERR_NOMEM);
    of_alloc_fail_from(0);
    assert_int_equal(config->values.batch_rows, 3);
    outfall_config_free(config);
}

/* What the tests are run with is no part of them. */
static int forget_environment(void **state)
{
    (void)state;
    return clearenv();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_complete_and_takes_its_own_default),
        cmocka_unit_test(an_index_past_the_last_option_is_invalid),
        cmocka_unit_test(a_value_is_parsed_and_read_back),
        cmocka_unit_test(a_bad_value_names_the_option_and_its_range),
        cmocka_unit_test(an_unknown_key_names_the_nearest),
        cmocka_unit_test(the_environment_overrides_defaults),
        cmocka_unit_test(a_copy_stands_on_its_own),
        cmocka_unit_test(a_driver_gets_the_options_under_its_name),
        cmocka_unit_test(null_arguments_are_invalid),
        cmocka_unit_test(out_of_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, forget_environment, NULL);
}
