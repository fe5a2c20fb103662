/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver's connection strings: read into pairs, written anew, and no secret told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/error.h>

#include "odbc/connstr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_string_is_read_and_written_anew(void **state)
{
    static const struct {
        const char *why, *text, *want;
    } cases[] = {
        {"plain", "DSN=w;UID=me", "DSN=w;UID=me;"},
        {"braces that are not needed", "DRIVER={PostgreSQL Unicode};SERVER=h",
         "DRIVER=PostgreSQL Unicode;SERVER=h;"},
        {"a password, always", "PWD=plain", "PWD={plain};"},
        {"a password that psqlODBC would decode", "PWD=a+b%41", "PWD={a+b%41};"},
        {"a secret by another name", "SSLKEYPASSWORD=x", "SSLKEYPASSWORD={x};"},
        {"a semicolon", "PWD={a;b}", "PWD={a;b};"},
        {"a brace", "PWD={a}}b}", "PWD={a}}b};"},
        {"a brace at the end", "PWD={a}}}", "PWD={a}}};"},
        {"an opening brace within", "PWD={a{b}", "PWD={a{b};"},
        {"bare braces within", "DB=a{b}c", "DB={a{b}}c};"},
        {"quotes and blanks", "PWD={ a'\"b }", "PWD={ a'\"b };"},
        {"a blank at the end of a value that is quoted", "DB={a }", "DB={a };"},
        {"a key in a value", "PWD={x;UID=root;}", "PWD={x;UID=root;};"},
        {"an equals sign", "PWD=a=b;UID=u", "PWD={a=b};UID=u;"},
        {"an empty password", "PWD=;UID=u", "PWD=;UID=u;"},
        {"an empty one in braces", "PWD={}", "PWD=;"},
        {"blanks around", " DSN = w ; UID = me ; ", "DSN=w;UID=me;"},
        {"blanks around braces", "PWD = {a} ;UID=u", "PWD={a};UID=u;"},
        {"empty parts", ";;DSN=w;;", "DSN=w;"},
        {"UTF-8", "UID=\xC3\xA9\xF0\x9F\x90\xA6", "UID=\xC3\xA9\xF0\x9F\x90\xA6;"},
        {"a key twice stays so: the first counts", "UID=a;uid=b", "UID=a;uid=b;"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_odbc_connstr string, again;
        drv_text text = {0}, second = {0};
        outfall_error error = {0};
        if (drv_odbc_connstr_read(cases[i].text, &string, &error) != OUTFALL_OK)
            fail_msg("%s: %s", cases[i].why, error.message);
        drv_odbc_connstr_write(&string, &text);
        if (strcmp(text.data, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].why, text.data);
        /* What was written reads as the same. */
        assert_int_equal(drv_odbc_connstr_read(text.data, &again, &error), OUTFALL_OK);
        assert_int_equal(again.count, string.count);
        for (size_t j = 0; j < again.count; j++)
            assert_string_equal(again.pairs[j].value, string.pairs[j].value);
        drv_odbc_connstr_write(&again, &second);
        assert_string_equal(second.data, text.data);
        drv_odbc_connstr_free(&again);
        drv_odbc_connstr_free(&string);
        drv_text_free(&second);
        drv_text_free(&text);
    }
}

/* Every text of three of these characters is a password that comes back as it is. */
static void any_password_comes_back(void **state)
{
    static const char letters[] = "a;{}'\" =%";
    enum { LETTERS = sizeof letters - 1 };
    (void)state;
    for (size_t code = 0; code < (size_t)LETTERS * LETTERS * LETTERS; code++) {
        const char password[] = {letters[code % LETTERS], letters[code / LETTERS % LETTERS],
                                 letters[code / LETTERS / LETTERS], '\0'};
        drv_odbc_connstr string, again;
        drv_text text = {0};
        outfall_error error = {0};
        assert_int_equal(drv_odbc_connstr_read("UID=u", &string, &error), OUTFALL_OK);
        assert_int_equal(drv_odbc_connstr_default(&string, "PWD", password, &error), OUTFALL_OK);
        assert_int_equal(drv_odbc_connstr_default(&string, "DATABASE", "d", &error), OUTFALL_OK);
        drv_odbc_connstr_write(&string, &text);
        if (drv_odbc_connstr_read(text.data, &again, &error) != OUTFALL_OK)
            fail_msg("\"%s\": %s", password, error.message);
        if (again.count != 3 || strcmp(again.pairs[1].value, password) != 0)
            fail_msg("\"%s\": %s", password, text.data);
        drv_odbc_connstr_free(&again);
        drv_odbc_connstr_free(&string);
        drv_text_free(&text);
    }
}

static void a_bad_string_is_refused_and_tells_no_value(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "empty"},
        {" ; ;", "empty"},
        {"PWD=canary;canary", "no '='"},
        {"PWD=can;ary;UID=u", "no '='"},
        {"PWD={canary", "no closing '}'"},
        {"PWD={can}}ary", "no closing '}'"},
        {"PWD={can}ary};UID=u", "something follows"},
        {"PWD={canary} x;UID=u", "something follows"},
        {"=canary", "a key is empty"},
        {"{canary=x}", "a key is empty or holds"},
        {"canary(=x", "a key is empty or holds"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_odbc_connstr string;
        outfall_error error = {0};
        int status = drv_odbc_connstr_read(cases[i].text, &string, &error);
        drv_odbc_connstr_free(&string);
        assert_int_equal(status, OUTFALL_ERR_CONFIG);
        assert_int_equal(error.action, OUTFALL_ACTION_STOP);
        if (strstr(error.message, cases[i].part) == NULL ||
            strstr(error.message, "canary") != NULL || strstr(error.message, "ary;") != NULL)
            fail_msg("\"%s\": %s", cases[i].text, error.message);
    }
}

static void it_has_at_most_64_keys(void **state)
{
    char text[8 * (DRV_ODBC_PAIRS_MAX + 1)] = "";
    drv_odbc_connstr string;
    outfall_error error = {0};
    size_t length = 0;
    (void)state;
    for (int i = 0; i < DRV_ODBC_PAIRS_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "k%d=v;", i);
    assert_int_equal(drv_odbc_connstr_read(text, &string, &error), OUTFALL_OK);
    assert_int_equal(drv_odbc_connstr_default(&string, "K7", "w", &error), OUTFALL_OK);
    assert_int_equal(drv_odbc_connstr_default(&string, "more", "w", &error), OUTFALL_ERR_CONFIG);
    assert_int_equal(string.count, DRV_ODBC_PAIRS_MAX);
    drv_odbc_connstr_free(&string);
    snprintf(text + length, sizeof text - length, "k=v;");
    assert_int_equal(drv_odbc_connstr_read(text, &string, &error), OUTFALL_ERR_CONFIG);
    assert_non_null(strstr(error.message, "64"));
    drv_odbc_connstr_free(&string);
}

static void a_key_that_is_there_stays(void **state)
{
    drv_odbc_connstr string;
    outfall_error error = {0};
    (void)state;
    assert_int_equal(drv_odbc_connstr_read("DSN=w;charset=latin1;CHARSET=x", &string, &error),
                     OUTFALL_OK);
    assert_int_equal(drv_odbc_connstr_default(&string, "CHARSET", "utf8mb4", &error), OUTFALL_OK);
    assert_string_equal(drv_odbc_connstr_get(&string, "Charset"), "latin1");
    assert_null(drv_odbc_connstr_get(&string, "CHAR"));
    assert_int_equal(drv_odbc_connstr_default(&string, "OPTION", "2", &error), OUTFALL_OK);
    assert_string_equal(drv_odbc_connstr_get(&string, "option"), "2");
    drv_odbc_connstr_free(&string);
    assert_null(drv_odbc_connstr_get(&string, "DSN")); /* Freed is empty. */
}

static void a_secret_is_known_by_its_key(void **state)
{
    static const char *const secrets[] = {"PWD",         "pwd",    "Password",
                                          "SSLPASSWORD", "Passwd", "AccessToken"};
    static const char *const others[] = {"UID", "DSN", "PWDX", "PASSWORDFILE", "WD", ""};
    (void)state;
    for (size_t i = 0; i < COUNT(secrets); i++)
        if (!drv_odbc_connstr_is_secret(secrets[i]))
            fail_msg("%s", secrets[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        if (drv_odbc_connstr_is_secret(others[i]))
            fail_msg("%s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_is_read_and_written_anew),
        cmocka_unit_test(any_password_comes_back),
        cmocka_unit_test(a_bad_string_is_refused_and_tells_no_value),
        cmocka_unit_test(it_has_at_most_64_keys),
        cmocka_unit_test(a_key_that_is_there_stays),
        cmocka_unit_test(a_secret_is_known_by_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
