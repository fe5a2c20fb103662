/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "config/url.h"

static void a_url_splits_into_scheme_and_rest(void **state)
{
    static const struct {
        const char *text, *scheme, *rest;
    } cases[] = {
        {"sqlite:data.db", "sqlite", "sqlite:data.db"},
        {"sqlite:/var/lib/a b@c.db", "sqlite", "sqlite:/var/lib/a b@c.db"},
        {"sqlite:///abs.db", "sqlite", "sqlite:///abs.db"},
        {"sqlite:file:x.db?mode=ro", "sqlite", "sqlite:file:x.db?mode=ro"},
        {"SQLite:x", "sqlite", "SQLite:x"},
        {"null:", "null", "null:"},
        {"null://", "null", "null://"},
        {"postgresql:///db", "postgresql", "postgresql:///db"},
        {"postgres://u:p@h:1/db?sslmode=require", "postgresql",
         "postgres://u:p@h:1/db?sslmode=require"},
        {"postgresql:host=h dbname=d", "postgresql", "postgresql:host=h dbname=d"},
        {"postgresql:", "postgresql", "postgresql:"},
        {"mysql://u@h/db", "mysql", "mysql://u@h/db"},
        {"MariaDB://u@h/db", "mysql", "MariaDB://u@h/db"},
        {"mysql:", "mysql", "mysql:"},
        {"odbc:DSN=x;PWD=a?b&c", "odbc", "odbc:DSN=x;PWD=a?b&c"},
        {"x-y.z+1:what", "x-y.z+1", "x-y.z+1:what"},
        {"mysql:?&a=1&", "mysql", "mysql:?&a=1&"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_config *config = NULL;
        of_url url;
        outfall_error error = {0};
        assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
        assert_int_equal(of_url_parse(cases[i].text, config, &url, &error), OUTFALL_OK);
        assert_string_equal(url.scheme, cases[i].scheme);
        assert_string_equal(url.rest, cases[i].rest);
        of_url_free(&url);
        outfall_config_free(config);
    }
}

static void parameters_with_our_prefix_are_taken_out(void **state)
{
    static const struct {
        const char *text, *rest, *rows, *name;
    } cases[] = {
        {"null:?outfall.batch.rows=7", "null:", "7", "outfall"},
        {"sqlite:a?outfall.batch.rows=7&mode=ro", "sqlite:a?mode=ro", "7", "outfall"},
        {"sqlite:a?mode=ro&outfall.batch.rows=7", "sqlite:a?mode=ro", "7", "outfall"},
        {"sqlite:a?b=1&outfall.batch.rows=7&c=%20", "sqlite:a?b=1&c=%20", "7", "outfall"},
        {"null:?outfall.batch.rows=7&outfall.batch.rows=8", "null:", "8", "outfall"},
        {"null:?outfall.application.name=a%26b%3D%C3%A9", "null:", "10000", "a&b=\xc3\xa9"},
        {"null:?outfall%2Ebatch.rows=7", NULL, NULL, NULL},
        {"null:?outfall.batch%2Erows=7", "null:", "7", "outfall"},
        {"null:?outfall.application.name=", "null:", "10000", ""},
        {"mysql:?&outfall.batch.rows=7", "mysql:", "7", "outfall"},
        {"mysql:?xoutfall.batch.rows=7", "mysql:?xoutfall.batch.rows=7", "10000", "outfall"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_config *config = NULL;
        of_url url;
        char value[64];
        assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
        int status = of_url_parse(cases[i].text, config, &url, NULL);
        assert_int_equal(status, cases[i].rest != NULL ? OUTFALL_OK : OUTFALL_ERR_CONFIG);
        if (cases[i].rest != NULL) {
            assert_string_equal(url.rest, cases[i].rest);
            assert_int_equal(outfall_config_get(config, "batch.rows", value, sizeof value, NULL),
                             OUTFALL_OK);
            assert_string_equal(value, cases[i].rows);
            assert_int_equal(
                outfall_config_get(config, "application.name", value, sizeof value, NULL),
                OUTFALL_OK);
            assert_string_equal(value, cases[i].name);
        }
        of_url_free(&url);
        outfall_config_free(config);
    }
}

static void what_a_url_sets_can_be_read_before_it_is_opened(void **state)
{
    static const struct {
        const char *url;
        int status;
        const char *mode;
    } cases[] = {
        {"null:", OUTFALL_OK, "replace"},
        {"sqlite:a?outfall.mode=upsert&mode=ro", OUTFALL_OK, "upsert"},
        {"sqlite:a?outfall.mode=none", OUTFALL_ERR_CONFIG, "replace"},
        {"sqlite", OUTFALL_ERR_CONFIG, "replace"},
        {NULL, OUTFALL_ERR_INVALID, "replace"},
    };
    char mode[16];
    outfall_error error;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_config *config = NULL;
        assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
        assert_int_equal(outfall_config_set(config, "mode", "replace", NULL), OUTFALL_OK);
        assert_int_equal(outfall_config_set_url(config, cases[i].url, &error), cases[i].status);
        assert_int_equal(outfall_config_get(config, "mode", mode, sizeof mode, NULL), OUTFALL_OK);
        assert_string_equal(mode, cases[i].mode);
        outfall_config_free(config);
    }
    assert_int_equal(outfall_config_set_url(NULL, "null:", &error), OUTFALL_ERR_INVALID);
}

static void a_bad_url_is_an_error_that_shows_a_good_one(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "no scheme; a URL looks like sqlite:PATH"},
        {"data.db", "no scheme"},
        {"/var/lib/data.db", "no scheme"},
        {":x", "no scheme"},
        {"1a:x", "no scheme"},
        {"host=h password=canary", "no scheme"},
        {"abcdefghijklmnopqrstuvwxyzabcdefghi:x", "scheme is too long"},
        {"sqlite:", "looks like sqlite:PATH"},
        {"sqlite:?mode=ro", "looks like sqlite:PATH"},
        {"sqlite:?outfall.batch.rows=1", "looks like sqlite:PATH"},
        {"sqlite://data.db", "looks like sqlite:PATH"},
        {"postgresql:mydb", "looks like postgresql://"},
        {"postgres:/mydb", "looks like postgresql://"},
        {"null:table", "looks like null:"},
        {"mysql:mydb", "looks like mysql://"},
        {"mariadb:/mydb", "looks like mysql://"},
        {"odbc:warehouse", "looks like odbc:KEY=VALUE"},
        {"null:?outfall.batch.row=1", "the nearest is \"batch.rows\""},
        {"null:?outfall.batch.rows=0", "\"0\" is not a whole number from 1 to 1000000"},
        {"null:?outfall.batch.rows", "has no value"},
        {"null:?outfall.batch.rows=%3", "bad %XX"},
        {"null:?outfall.batch.rows=%zz", "bad %XX"},
        {"null:?outfall.application.name=a%00b", "bad %XX"},
        {"postgresql://u:canary@h/db?outfall.batch.rows=x", "in the URL: option batch.rows"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outfall_config *config = NULL;
        of_url url;
        outfall_error error = {0};
        assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
        assert_int_equal(of_url_parse(cases[i].text, config, &url, &error), OUTFALL_ERR_CONFIG);
        if (strstr(error.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, error.message);
        assert_null(strstr(error.message, "canary"));
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
        assert_null(url.rest);
        outfall_config_free(config);
    }
}

static void a_password_is_replaced_by_stars(void **state)
{
    static const struct {
        const char *text, *redacted;
    } cases[] = {
        {"sqlite:me@home:1.db", "sqlite:me@home:1.db"},
        {"null:", "null:"},
        {"postgresql://u@h/db", "postgresql://u@h/db"},
        {"postgresql://h:5432/db", "postgresql://h:5432/db"},
        {"postgresql://u:canary@h:5432/db", "postgresql://u:***@h:5432/db"},
        {"postgresql://u:@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:ca@nary@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:canary/canary@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:canary?canary@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:canary@h/pwd=1", "postgresql://u:***@h/pwd=1"},
        {"postgresql:///db?user=u&password=canary&sslmode=require",
         "postgresql:///db?user=u&password=***&sslmode=require"},
        {"postgresql:///db?password=can'ary&x=1", "postgresql:///db?password=***&x=1"},
        {"postgresql:///db?password='a'canary&x=1", "postgresql:///db?password=***&x=1"},
        {"postgresql:///db?sslpassword=canary", "postgresql:///db?sslpassword=***"},
        {"postgresql:///db?p%61ssword=canary", "postgresql:///db?p%61ssword=***"},
        {"postgresql:///db?passfile=/x&a=1", "postgresql:///db?passfile=/x&a=1"},
        {"postgresql:host=h password=canary dbname=d", "postgresql:host=h password=*** dbname=d"},
        {"postgresql:password = canary dbname=d", "postgresql:password = *** dbname=d"},
        {"postgresql:password='can\\'ary canary' a=1", "postgresql:password=*** a=1"},
        {"postgresql:password=can\\ ary a=1", "postgresql:password=*** a=1"},
        {"postgresql:password=can;ary&canary a=1", "postgresql:password=*** a=1"},
        {"postgresql:user=a@b host=h", "postgresql:user=a@b host=h"},
        {"odbc:DSN=x;UID=u;PWD=canary canary;A=1", "odbc:DSN=x;UID=u;PWD=***;A=1"},
        {"odbc:DSN=x;pwd={can;ary}}canary};A=1", "odbc:DSN=x;pwd=***;A=1"},
        {"odbc:PWD=can&ary;A=1", "odbc:PWD=***;A=1"},
        {"mysql:?user=u&password=canary&a=1", "mysql:?user=u&password=***&a=1"},
        {"host=h password=canary", "host=h password=***"},
        {"u:canary@h/db", "u:***@h/db"},
        {"//u:canary@h/db", "//u:***@h/db"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[256];
        of_url_redact(cases[i].text, out, sizeof out);
        assert_string_equal(out, cases[i].redacted);
        assert_null(strstr(out, "nary"));
    }
}

static void a_redacted_url_fits_its_buffer(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity < 40; capacity++) {
        char out[40];
        memset(out, 'x', sizeof out);
        of_url_redact("postgresql://u:canary@h/db", out, capacity);
        assert_true(strlen(out) < capacity);
        assert_null(strstr(out, "can"));
    }
}

static void out_of_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 6; nth++) {
        outfall_config *config = NULL;
        of_url url;
        assert_int_equal(outfall_config_new(&config, NULL), OUTFALL_OK);
        of_alloc_fail_from(nth);
        int status = of_url_parse("null:?outfall.batch.rows=7", config, &url, NULL);
        if (nth <= 2)
            assert_int_equal(status, OUTFALL_ERR_NOMEM);
        of_alloc_fail_from(0);
        of_url_free(&url);
        outfall_config_free(config);
    }
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
        cmocka_unit_test(a_url_splits_into_scheme_and_rest),
        cmocka_unit_test(parameters_with_our_prefix_are_taken_out),
        cmocka_unit_test(what_a_url_sets_can_be_read_before_it_is_opened),
        cmocka_unit_test(a_bad_url_is_an_error_that_shows_a_good_one),
        cmocka_unit_test(a_password_is_replaced_by_stars),
        cmocka_unit_test(a_redacted_url_fits_its_buffer),
        cmocka_unit_test(out_of_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, forget_environment, NULL);
}
