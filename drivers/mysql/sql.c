/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/sql.h"

#include <string.h>

#include <outfall/encoding.h>

#include "common/identifier.h"

/* https://mariadb.com/kb/en/identifier-names/: 64 characters, U+0001 to U+FFFF. */
#define NAME_CHARACTERS_MAX 64
#define SHOWN_BYTES_MAX 64

void drv_my_add_literal(drv_text *to, const char *text)
{
    drv_text_add(to, "'");
    while (*text != '\0') {
        size_t plain = strcspn(text, "'\\");
        drv_text_add_bytes(to, text, plain);
        text += plain;
        if (*text != '\0') {
            drv_text_add_bytes(to, text, 1);
            drv_text_add_bytes(to, text++, 1);
        }
    }
    drv_text_add(to, "'");
}

void drv_my_add_name(drv_text *to, const char *name)
{
    drv_identifier_quote(to, name, '`');
}

void drv_my_add_relation(drv_text *to, const char *schema, const char *table)
{
    if (schema != NULL) {
        drv_my_add_name(to, schema);
        drv_text_add(to, ".");
    }
    drv_my_add_name(to, table);
}

static int refuse(const char *what, const char *name, const char *why, outfall_error *error)
{
    int shown = (int)strlen(name);
    if (shown > SHOWN_BYTES_MAX) {
        shown = SHOWN_BYTES_MAX;
        while (shown > 0 && ((unsigned char)name[shown] & 0xC0) == 0x80)
            shown--; /* Not through the middle of a character. */
    }
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "the %s name \"%.*s%s\" %s", what, shown, name,
                             name[shown] != '\0' ? "..." : "", why);
}

int drv_my_check_name(const char *name, const char *what, outfall_error *error)
{
    int status = drv_identifier_check(name, what, 0, error);
    if (status != OUTFALL_OK)
        return status;
    size_t length = strlen(name);
    size_t characters = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char at = (unsigned char)name[i];
        characters += (at & 0xC0) != 0x80;
        if (at >= 0xF0)
            return refuse(what, name,
                          "has a character beyond U+FFFF, which MySQL and MariaDB keep in no name; "
                          "leave it out",
                          error);
    }
    if (characters > NAME_CHARACTERS_MAX)
        return refuse(what, name, "is longer than the database's 64 characters; shorten it", error);
    if (name[length - 1] == ' ')
        return refuse(what, name, "ends with a blank, which the database refuses; leave it out",
                      error);
    return OUTFALL_OK;
}

int drv_my_check_table_name(const outfall_table_name *name, outfall_error *error)
{
    int status = OUTFALL_OK;
    if (name->schema != NULL)
        status = drv_my_check_name(name->schema, "database", error);
    if (status == OUTFALL_OK)
        status = drv_my_check_name(name->table, "table", error);
    return status;
}
