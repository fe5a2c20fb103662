/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/sql.h"

#include <string.h>

#include "common/identifier.h"
#include "postgresql/session.h"

void drv_pg_add_literal(drv_text *to, const char *text)
{
    drv_text_add(to, "E'");
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

void drv_pg_add_relation(drv_text *to, const char *schema, const char *table)
{
    if (schema != NULL) {
        drv_identifier_quote(to, schema, '"');
        drv_text_add(to, ".");
    }
    drv_identifier_quote(to, table, '"');
}

int drv_pg_check_table_name(const outfall_table_name *name, outfall_error *error)
{
    int status = OUTFALL_OK;
    if (name->schema != NULL)
        status = drv_identifier_check(name->schema, "schema", DRV_PG_NAME_BYTES_MAX, error);
    if (status == OUTFALL_OK)
        status = drv_identifier_check(name->table, "table", DRV_PG_NAME_BYTES_MAX, error);
    return status;
}
