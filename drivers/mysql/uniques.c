/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/uniques.h"

#include <string.h>

#include "common/fail.h"
#include "mysql/query.h"
#include "mysql/sql.h"

/* ---- Text ------------------------------------------------------------------------------- */

/* The next line at `*at` that defines a unique index, less the comma; NULL: there is none. */
static const char *next_line(const char **at, size_t *length)
{
    static const char *const heads[] = {"  PRIMARY KEY ", "  UNIQUE KEY "};
    while (**at != '\0') {
        const char *line = *at;
        size_t whole = strcspn(line, "\n");
        *at += whole + (line[whole] == '\n');
        *length = whole > 0 && line[whole - 1] == ',' ? whole - 1 : whole;
        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
            if (strncmp(line, heads[i], strlen(heads[i])) == 0)
                return line;
    }
    return NULL;
}

void drv_my_uniques_add(drv_text *to, const char *create)
{
    size_t length = 0;
    for (const char *line; (line = next_line(&create, &length)) != NULL;) {
        drv_text_add_bytes(to, line, length);
        drv_text_add(to, "\n");
    }
}

bool drv_my_uniques_are(const char *create, const char *uniques)
{
    size_t length = 0;
    for (const char *line; (line = next_line(&create, &length)) != NULL;) {
        if (strncmp(line, uniques, length) != 0 || uniques[length] != '\n')
            return false;
        uniques += length + 1;
    }
    return *uniques == '\0';
}

/* ---- Server ----------------------------------------------------------------------------- */

static bool flags_show_all(const drv_my_target *target)
{
    for (uint32_t i = 0; i < target->shape_count; i++)
        if ((target->shapes[i].flags & (MULTIPLE_KEY_FLAG | UNIQUE_KEY_FLAG)) != 0)
            return false;
    return true;
}

int drv_my_uniques_learn(outfall_connection *connection, drv_my_target *target, int64_t deadline_us,
                         outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    drv_text text = {0};
    if (target->base.key_count == 0 || (connection->mariadb && flags_show_all(target)))
        return OUTFALL_OK;
    drv_text_format(&text, "SHOW CREATE TABLE %s", target->display);
    target->question = drv_text_take(&text);
    if (target->question == NULL)
        return drv_fail_nomem(error);
    int status = drv_my_query(connection, target->question, deadline_us, &answer, error);
    if (status != OUTFALL_OK)
        return status;
    MYSQL_ROW row = mysql_fetch_row(answer);
    drv_text_add(&text, ""); /* None is a text too: what is to be found fails then. */
    if (row != NULL && mysql_num_fields(answer) > 1 && row[1] != NULL)
        drv_my_uniques_add(&text, row[1]);
    mysql_free_result(answer);
    target->uniques = drv_text_take(&text);
    return target->uniques != NULL ? OUTFALL_OK : drv_fail_nomem(error);
}
