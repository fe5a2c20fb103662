/* SPDX-License-Identifier: Apache-2.0 */
#include "config/url.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <outfall/encoding.h>

#include "base/alloc.h"
#include "base/fail.h"

#define URL_MAX 65536
#define PARAMETER_PREFIX "outfall."
#define URL_LOOKS                                                                                  \
    "a URL looks like sqlite:PATH, postgresql://user@host:port/database, "                         \
    "mysql://user@host/database, "                                                                 \
    "odbc:DSN=name or null:"

/* ---- Scheme and form -------------------------------------------------------------- */

static bool is_letter(char at)
{
    return (at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z');
}

static char lower(char at)
{
    return (char)(at >= 'A' && at <= 'Z' ? at - 'A' + 'a' : at);
}

/*
 * The length of the scheme, without its colon; 0 where there is none. As RFC 3986, section 3.1,
 * has it: a letter, then letters, digits, '+', '-' and '.'.
 */
static size_t scheme_length(const char *text)
{
    size_t length = 0;
    if (!is_letter(text[0]))
        return 0;
    while (is_letter(text[length]) || (text[length] >= '0' && text[length] <= '9') ||
           (text[length] != '\0' && strchr("+-.", text[length]) != NULL))
        length++;
    return text[length] == ':' ? length : 0;
}

static bool form_path(const char *body)
{
    /* sqlite://data.db would be a host by RFC 3986, and the file /data.db by POSIX. */
    return body[0] != '\0' && body[0] != '?' && !(strncmp(body, "//", 2) == 0 && body[2] != '/');
}

static bool form_postgresql(const char *body)
{
    return body[0] == '\0' || strncmp(body, "//", 2) == 0 || strchr(body, '=') != NULL;
}

static bool form_mysql(const char *body)
{
    return body[0] == '\0' || body[0] == '?' || strncmp(body, "//", 2) == 0;
}

static bool form_odbc(const char *body)
{
    return strchr(body, '=') != NULL;
}

static bool form_null(const char *body)
{
    return body[0] == '\0' || strcmp(body, "//") == 0;
}

/* What may follow a scheme that we know, once the outfall.* parameters are gone. */
static const struct {
    const char *scheme;
    bool (*accepts)(const char *body);
    const char *looks;
} forms[] = {
    {"sqlite", form_path, "sqlite:PATH, such as sqlite:data.db or sqlite:/var/lib/data.db"},
    {"postgresql", form_postgresql,
     "postgresql://user@host:port/database or postgresql:host=… dbname=…"},
    {"mysql", form_mysql, "mysql://user@host:port/database or mysql:?default-group=…"},
    {"odbc", form_odbc, "odbc:KEY=VALUE;…, such as odbc:DSN=warehouse;UID=me"},
    {"null", form_null, "null:"},
};

static const struct {
    const char *scheme;
    const char *driver;
} aliases[] = {{"postgres", "postgresql"}, {"mariadb", "mysql"}};

static int check_form(const of_url *url, outfall_error *error)
{
    const char *body = strchr(url->rest, ':') + 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i].scheme, url->scheme) == 0 && !forms[i].accepts(body))
            return of_fail(error, OUTFALL_ERR_CONFIG, "bad %s URL; it looks like %s", url->scheme,
                           forms[i].looks);
    }
    return OUTFALL_OK;
}

/* ---- Parameters ------------------------------------------------------------------- */

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = lower(digit);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Decodes %XX in place. False: not two hex digits, or a NUL. */
static bool percent_decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = hex_value(from[1]);
        int low = high < 0 ? -1 : hex_value(from[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
    return true;
}

/* `parameter` is a copy of "outfall.KEY=VALUE" to be taken apart. */
static int set_parameter(char *parameter, outfall_config *config, outfall_error *error)
{
    char *key = parameter + sizeof PARAMETER_PREFIX - 1;
    char *value = strchr(key, '=');
    if (value == NULL)
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "a URL parameter has no value; it looks like " PARAMETER_PREFIX "KEY=VALUE");
    *value++ = '\0';
    if (!percent_decode(key) || !percent_decode(value))
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "a URL parameter " PARAMETER_PREFIX
                       "KEY has a bad %%XX; write a percent sign as %%25");
    outfall_error detail = {0};
    int status = outfall_config_set(config, key, value, &detail);
    if (status != OUTFALL_OK)
        of_fail(error, status, "in the URL: %s", detail.message);
    return status;
}

/*
 * Moves the outfall.* parameters of the query of `rest` into `config`, in order. All else stays
 * as it was; a '?' or '&' that would be left over goes too.
 */
static int take_parameters(char *rest, outfall_config *config, outfall_error *error)
{
    char *query = strchr(rest, '?');
    if (query == NULL)
        return OUTFALL_OK;
    int status = OUTFALL_OK;
    char *from = query + 1;
    char *to = query + 1;
    bool taken = false;
    bool kept = false;
    while (status == OUTFALL_OK && from != NULL) {
        char *next = strchr(from, '&');
        if (next != NULL)
            *next++ = '\0';
        if (strncmp(from, PARAMETER_PREFIX, sizeof PARAMETER_PREFIX - 1) == 0) {
            taken = true;
            status = set_parameter(from, config, error);
        } else {
            size_t length = strlen(from);
            if (kept)
                *to++ = '&';
            kept = true;
            memmove(to, from, length);
            to += length;
        }
        from = next;
    }
    *to = '\0';
    if (taken && to == query + 1)
        *query = '\0';
    return status;
}

int of_url_parse(const char *text, outfall_config *config, of_url *out, outfall_error *error)
{
    memset(out, 0, sizeof *out);
    if (strnlen(text, URL_MAX + 1) > URL_MAX)
        return of_fail(error, OUTFALL_ERR_CONFIG, "the URL is longer than %d bytes", URL_MAX);
    size_t length = scheme_length(text);
    if (length == 0)
        return of_fail(error, OUTFALL_ERR_CONFIG, "the URL has no scheme; " URL_LOOKS);
    if (length >= sizeof out->scheme)
        return of_fail(error, OUTFALL_ERR_CONFIG, "the URL's scheme is too long; " URL_LOOKS);
    for (size_t i = 0; i < length; i++)
        out->scheme[i] = lower(text[i]);
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcmp(out->scheme, aliases[i].scheme) == 0)
            memcpy(out->scheme, aliases[i].driver, strlen(aliases[i].driver) + 1);

    out->rest = of_strdup(text);
    if (out->rest == NULL)
        return of_fail_nomem(error);
    int status = take_parameters(out->rest, config, error);
    if (status == OUTFALL_OK)
        status = check_form(out, error);
    if (status != OUTFALL_OK)
        of_url_free(out);
    return status;
}

int outfall_config_set_url(outfall_config *config, const char *url, outfall_error *error)
{
    of_url parts = {0};
    if (config == NULL || url == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "outfall_config_set_url: config and url may not be NULL");
    int status = of_url_parse(url, config, &parts, error);
    of_url_free(&parts);
    return status;
}

void of_url_free(of_url *url)
{
    if (url == NULL)
        return;
    of_free(url->rest);
    url->rest = NULL;
}

/* ---- Passwords -------------------------------------------------------------------- */

typedef struct text_writer {
    char *out;
    size_t capacity; /* Room for the NUL is kept. */
    size_t length;
} text_writer;

static void emit(text_writer *writer, const char *text, size_t length)
{
    for (size_t i = 0; i < length && writer->length + 1 < writer->capacity; i++)
        writer->out[writer->length++] = text[i];
}

/*
 * The password in "scheme://user:password@host". Where no '@' comes before the first '/', one that
 * comes later still counts: a password with a raw '/' in it is hidden too, at the price of hiding
 * too much. "user:password@host", without a scheme, looks as if the user were the scheme.
 */
static bool find_userinfo(const char *body, bool is_path, const char **password, const char **end)
{
    if (strncmp(body, "//", 2) != 0) {
        *password = body;
        *end = strrchr(body, '@');
        return !is_path && *end != NULL && strchr(body, '=') == NULL;
    }
    const char *user = body + 2;
    const char *at = NULL;
    const char *authority_end = user + strcspn(user, "/?#");
    for (const char *i = user; i < authority_end; i++) {
        if (*i == '@')
            at = i;
    }
    if (at == NULL)
        at = strrchr(user, '@');
    if (at == NULL)
        return false;
    const char *colon = memchr(user, ':', (size_t)(at - user));
    if (colon == NULL)
        return false;
    *password = colon + 1;
    *end = at;
    return true;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t name_length = strlen(name);
    size_t length = strlen(ending);
    if (name_length < length)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (lower(name[name_length - length + i]) != ending[i])
            return false;
    }
    return true;
}

#define BLANKS " \t\r\n"

/*
 * Where `text` starts with "password=" or the like (PWD, sslpassword, passwd; percent-encoded
 * too), the length up to its value; else 0.
 */
static size_t secret_key_length(const char *text)
{
    char name[64];
    size_t length = strcspn(text, "=?&;:@/" BLANKS);
    size_t after = length + strspn(text + length, BLANKS);
    if (text[after] != '=')
        return 0;
    size_t cut = length < sizeof name ? 0 : length - (sizeof name - 1);
    memcpy(name, text + cut, length - cut);
    name[length - cut] = '\0';
    (void)percent_decode(name); /* What cannot be decoded is compared as far as it was. */
    if (!ends_with(name, "password") && !ends_with(name, "passwd") && !ends_with(name, "pwd"))
        return 0;
    after++;
    return after + strspn(text + after, BLANKS);
}

/* The length of a value that ends at one of `ends`; {…}, '…' and \x hide such a character. */
static size_t secret_length(const char *value, const char *ends)
{
    const char *at = value;
    char closing = '\0';
    if (*at == '{')
        closing = '}';
    else if (*at == '\'')
        closing = '\'';
    if (closing != '\0') {
        for (at++; *at != '\0'; at++) {
            bool escapes = (*at == '\\' && closing == '\'' && at[1] != '\0') ||
                           (*at == closing && at[1] == closing);
            if (escapes)
                at++;
            else if (*at == closing)
                break;
        }
    }
    for (; *at != '\0' && strchr(ends, *at) == NULL; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
    }
    return (size_t)(at - value);
}

/* What ends a parameter's value: depends on the kind of URL, else on what stands before its key. */
static const char *value_ends(const char *text, size_t scheme, const char *key)
{
    const char *body = text + scheme;
    if (strncmp(body, "//", 2) == 0)
        return "&";
    if ((scheme == 5 && strncmp(text, "odbc:", 5) == 0) || (key > text && key[-1] == ';'))
        return ";";
    if (key > text && (key[-1] == '?' || key[-1] == '&'))
        return "&";
    return BLANKS;
}

void of_url_redact(const char *text, char *out, size_t capacity)
{
    static const char stars[] = "***";
    text_writer writer = {out, capacity, 0};
    size_t scheme = scheme_length(text);
    const char *password = NULL;
    const char *password_end = NULL;
    if (capacity == 0)
        return;
    if (scheme != 0)
        scheme++; /* The colon. */
    bool is_path = scheme == 0 || strncmp(text, "sqlite:", 7) == 0;
    if (!find_userinfo(text + scheme, is_path, &password, &password_end))
        password = NULL;
    const char *at = text;
    while (*at != '\0') {
        bool key_may_start =
            at == text || at == text + scheme || strchr("?&;" BLANKS, at[-1]) != NULL;
        size_t key = key_may_start ? secret_key_length(at) : 0;
        if (at == password) {
            emit(&writer, stars, sizeof stars - 1);
            at = password_end;
            password = NULL;
        } else if (key != 0) {
            const char *ends = value_ends(text, scheme, at);
            emit(&writer, at, key);
            emit(&writer, stars, sizeof stars - 1);
            at += key + secret_length(at + key, ends);
        } else {
            emit(&writer, at++, 1);
        }
    }
    out[writer.length] = '\0';
}
