/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source of the syntax: ODBC Programmer's Reference, "SQLDriverConnect Function", Connection
 * Strings.
 */
#include "odbc/connstr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"

#define BLANKS " \t\r\n"
#define FORM "it looks like odbc:DSN=name;UID=user;PWD={pass;word}"

static int fail_config(outfall_error *error, const char *what)
{
    return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP, "ODBC URL: %s; " FORM,
                             what);
}

int drv_odbc_connstr_is_secret(const char *key)
{
    static const char *const secrets[] = {"PWD", "PASSWORD", "PASSWD", "PASS", "SECRET", "TOKEN"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        size_t length = strlen(secrets[i]), key_length = strlen(key);
        if (key_length >= length && strcasecmp(key + key_length - length, secrets[i]) == 0)
            return 1;
    }
    return 0;
}

/* ---- Reading ---------------------------------------------------------------------- */

/* A copy without the blanks around it. */
static char *copy_trimmed(const char *from, size_t length)
{
    while (length > 0 && strchr(BLANKS, from[0]) != NULL) {
        from++;
        length--;
    }
    while (length > 0 && strchr(BLANKS, from[length - 1]) != NULL)
        length--;
    return strndup(from, length);
}

/* The value at *at, which moves on to what ends it; NULL with *wrong set where it never does. */
static char *take_value(const char **at, const char **wrong)
{
    const char *from = *at + strspn(*at, BLANKS);
    if (*from != '{') {
        size_t length = strcspn(*at, ";");
        char *value = copy_trimmed(*at, length);
        *at += length;
        return value;
    }
    char *value = malloc(strlen(from) + 1);
    char *to = value;
    for (from++; *from != '\0' && (*from != '}' || from[1] == '}'); from++) {
        from += *from == '}';
        if (to != NULL)
            *to++ = *from;
    }
    if (*from != '}')
        *wrong = "a value begins with '{' and has no closing '}' (a '}' in it is written '}}')";
    else
        from += 1 + strspn(from + 1, BLANKS);
    if (*wrong == NULL && *from != '\0' && *from != ';')
        *wrong = "something follows the '}' of a value (a '}' in it is written '}}')";
    if (to != NULL)
        *to = '\0';
    *at = from;
    return value;
}

static void wipe_free(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

static int add(drv_odbc_connstr *to, char *key, char *value, outfall_error *error)
{
    if (key == NULL || value == NULL || to->count == DRV_ODBC_PAIRS_MAX) {
        int nomem = key == NULL || value == NULL;
        free(key);
        wipe_free(value);
        return nomem ? drv_fail_nomem(error) : fail_config(error, "it has more than 64 keys");
    }
    to->pairs[to->count].key = key;
    to->pairs[to->count].value = value;
    to->count++;
    return OUTFALL_OK;
}

int drv_odbc_connstr_read(const char *text, drv_odbc_connstr *out, outfall_error *error)
{
    memset(out, 0, sizeof *out);
    for (const char *at = text; *at != '\0'; at += *at == ';') {
        const char *wrong = NULL;
        size_t length = strcspn(at, "=;");
        if (at[length] != '=') {
            if (strspn(at, BLANKS) < length) /* Not quoted: it may be a part of a password. */
                return fail_config(error, "a part between two ';' has no '='; put a value that "
                                          "holds ';' in {…}");
            at += length;
            continue;
        }
        char *key = copy_trimmed(at, length);
        at += length + 1;
        char *value = take_value(&at, &wrong);
        if (wrong == NULL && key != NULL && (key[0] == '\0' || strpbrk(key, "[]{}(),?*!@") != NULL))
            wrong = "a key is empty or holds one of []{}(),?*!@";
        int status = add(out, key, value, error);
        if (status == OUTFALL_OK && wrong != NULL)
            status = fail_config(error, wrong);
        if (status != OUTFALL_OK)
            return status;
    }
    return out->count > 0 ? OUTFALL_OK : fail_config(error, "it is empty");
}

const char *drv_odbc_connstr_get(const drv_odbc_connstr *string, const char *key)
{
    for (size_t i = 0; i < string->count; i++)
        if (strcasecmp(string->pairs[i].key, key) == 0)
            return string->pairs[i].value; /* Of equal keys the first counts. */
    return NULL;
}

int drv_odbc_connstr_default(drv_odbc_connstr *string, const char *key, const char *value,
                             outfall_error *error)
{
    if (drv_odbc_connstr_get(string, key) != NULL)
        return OUTFALL_OK;
    return add(string, strdup(key), strdup(value), error);
}

void drv_odbc_connstr_free(drv_odbc_connstr *string)
{
    for (size_t i = 0; i < string->count; i++) {
        free(string->pairs[i].key);
        wipe_free(string->pairs[i].value);
    }
    memset(string, 0, sizeof *string);
}

/* ---- Writing ---------------------------------------------------------------------- */

/*
 * Not every driver takes braces around every value: psqlODBC takes them as a part of all but the
 * password, SQLite's of all. So only a value that would be misread is quoted; but a password
 * always, since psqlODBC decodes a bare one's '+' and '%'.
 */
static int needs_braces(const drv_odbc_pair *pair)
{
    const char *value = pair->value;
    size_t length = strlen(value);
    if (length == 0)
        return 0;
    if (drv_odbc_connstr_is_secret(pair->key))
        return 1;
    return strpbrk(value, ";{}") != NULL || strchr(BLANKS, value[0]) != NULL ||
           strchr(BLANKS, value[length - 1]) != NULL;
}

void drv_odbc_connstr_write(const drv_odbc_connstr *string, drv_text *to)
{
    for (size_t i = 0; i < string->count; i++) {
        const drv_odbc_pair *pair = &string->pairs[i];
        int braces = needs_braces(pair);
        drv_text_add(to, pair->key);
        drv_text_add(to, braces ? "={" : "=");
        for (const char *at = pair->value; *at != '\0'; at++) {
            drv_text_add_bytes(to, at, 1);
            if (braces && *at == '}')
                drv_text_add_bytes(to, at, 1);
        }
        drv_text_add(to, braces ? "};" : ";");
    }
}
