/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/url.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "common/identifier.h"

#define FORMS                                                                                      \
    "it looks like mysql://user:password@host:port/database?parameter=value or "                   \
    "mysql:?default-group=name"
#define PORT_MAX 65535

static const struct {
    const char *name;
    size_t offset;
} parameters[] = {
    {"default-file", offsetof(drv_my_url, default_file)},
    {"default-group", offsetof(drv_my_url, default_group)},
    {"socket", offsetof(drv_my_url, socket)},
    {"ssl-ca", offsetof(drv_my_url, ssl_ca)},
    {"ssl-capath", offsetof(drv_my_url, ssl_capath)},
    {"ssl-cert", offsetof(drv_my_url, ssl_cert)},
    {"ssl-key", offsetof(drv_my_url, ssl_key)},
};

#define PARAMETERS (sizeof parameters / sizeof parameters[0])

static int refuse(outfall_error *error, const char *what)
{
    return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP, "MySQL URL: %s", what);
}

/* ---- Characters ------------------------------------------------------------------------- */

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Decodes %XX in place. False: not two hex digits, or a NUL. */
static bool decode(char *text)
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

/* Ends `text` at the first of `ends` and returns what follows it; NULL where there is none. */
static char *split(char *text, char end)
{
    char *found = strchr(text, end);
    if (found != NULL)
        *found++ = '\0';
    return found;
}

/* ---- Parts ------------------------------------------------------------------------------ */

/* A parameter's name may be quoted where it can be nothing but one. */
static bool is_word(const char *name)
{
    return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz-_") == strlen(name) &&
           strlen(name) <= 32;
}

static const char *parameter_name(const void *context, size_t index)
{
    (void)context;
    return parameters[index].name;
}

static int refuse_mark(outfall_error *error)
{
    return refuse(error, "a parameter is not known; in a user or password write '?' as %3F and '&' "
                         "as %26");
}

static int refuse_parameter(const char *name, outfall_error *error)
{
    if (!is_word(name))
        return refuse_mark(error);
    const char *near = drv_identifier_nearest(name, PARAMETERS, parameter_name, NULL);
    return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                             "MySQL URL: no such parameter: \"%s\"%s%s%s", name,
                             near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                             near != NULL ? "\"?" : "; see docs/drivers/mysql.md");
}

static int read_parameter(char *text, drv_my_url *out, outfall_error *error)
{
    char *value = split(text, '=');
    for (size_t i = 0; i < PARAMETERS; i++) {
        if (strcmp(parameters[i].name, text) != 0)
            continue;
        if (value == NULL || value[0] == '\0' || !decode(value))
            return outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                     "MySQL URL: the parameter \"%s\" has no value, or a bad %%XX "
                                     "in it",
                                     text);
        *(const char **)((char *)out + parameters[i].offset) = value;
        return OUTFALL_OK;
    }
    return refuse_parameter(text, error);
}

static int read_query(char *query, drv_my_url *out, outfall_error *error)
{
    int status = OUTFALL_OK;
    while (status == OUTFALL_OK && query != NULL) {
        char *next = split(query, '&');
        if (query[0] != '\0')
            status = read_parameter(query, out, error);
        query = next;
    }
    return status;
}

static int read_port(const char *text, drv_my_url *out, outfall_error *error)
{
    unsigned long port = 0;
    if (text[0] != '\0' && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text))
        port = strtoul(text, NULL, 10);
    if (port == 0 || port > PORT_MAX)
        return refuse(error, "the port is not a number from 1 to 65535; in a password write ':', "
                             "'/' and '@' as %3A, %2F and %40");
    out->port = (unsigned)port;
    return OUTFALL_OK;
}

static int read_host(char *text, drv_my_url *out, outfall_error *error)
{
    char *port = NULL;
    char *host = text;
    if (text[0] == '[') {
        char *end = split(text, ']');
        host = text + 1;
        if (end == NULL || (*end != '\0' && *end != ':'))
            return refuse(error, "an IPv6 address has to stand in [brackets]");
        port = *end == ':' ? end + 1 : NULL;
    } else {
        port = split(text, ':');
    }
    if (!decode(host))
        return refuse(error, "the host has a bad %XX");
    out->host = host[0] != '\0' ? host : NULL;
    return port != NULL ? read_port(port, out, error) : OUTFALL_OK;
}

/* "user:password@host:port/database", without the query. */
static int read_authority(char *text, drv_my_url *out, outfall_error *error)
{
    char *at = strchr(text, '@');
    char *slash = strchr(text, '/');
    if (at != NULL && ((slash != NULL && slash < at) || strchr(at + 1, '@') != NULL))
        return refuse(error, "write '@' in a user, password or database name as %40, and '/' in a "
                             "user or password as %2F");
    if (slash != NULL)
        *slash++ = '\0';
    if (at != NULL) {
        *at++ = '\0';
        char *password = split(text, ':');
        if (!decode(text) || (password != NULL && !decode(password)))
            return refuse(error, "the user or the password has a bad %XX; write '%' as %25");
        out->user = text[0] != '\0' ? text : NULL;
        out->password = password;
    }
    if (slash != NULL && !decode(slash))
        return refuse(error, "the database name has a bad %XX; write '%' as %25");
    out->database = slash != NULL && slash[0] != '\0' ? slash : NULL;
    return read_host(at != NULL ? at : text, out, error);
}

int drv_my_url_read(const char *text, drv_my_url *out, outfall_error *error)
{
    memset(out, 0, sizeof *out);
    const char *colon = strchr(text, ':');
    out->memory = strdup(colon != NULL ? colon + 1 : text);
    if (out->memory == NULL)
        return drv_fail_nomem(error);
    char *body = out->memory;
    char *query = split(body, '?');
    if (body[0] != '\0' && strncmp(body, "//", 2) != 0)
        return refuse(error, FORMS);
    /* Without a user before it, what looks like a query may be the rest of a password. */
    if (query != NULL && strchr(query, '@') != NULL && strchr(body, '@') == NULL)
        return refuse_mark(error);
    int status = body[0] != '\0' ? read_authority(body + 2, out, error) : OUTFALL_OK;
    if (status == OUTFALL_OK && query != NULL)
        status = read_query(query, out, error);
    return status;
}

void drv_my_url_free(drv_my_url *url)
{
    free(url->memory);
    memset(url, 0, sizeof *url);
}

bool drv_my_url_is_local(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}
