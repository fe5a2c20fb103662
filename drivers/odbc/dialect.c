/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/dialect.h"

#include <string.h>
#include <strings.h>

static const drv_odbc_dialect *const dialects[] = {
    &drv_odbc_oracle, &drv_odbc_mssql,  &drv_odbc_postgresql,
    &drv_odbc_mysql,  &drv_odbc_sqlite, &drv_odbc_ansi,
};

const drv_odbc_dialect *drv_odbc_dialect_named(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
        if (strcmp(dialects[i]->name, name) == 0)
            return dialects[i];
    return NULL;
}

const drv_odbc_dialect *drv_odbc_dialect_of(const char *dbms_name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
        for (const char *const *dbms = dialects[i]->dbms; *dbms != NULL; dbms++)
            if (strncasecmp(dbms_name, *dbms, strlen(*dbms)) == 0)
                return dialects[i];
    return &drv_odbc_ansi;
}

uint32_t drv_odbc_name_most(const drv_odbc_dialect *dialect, uint32_t version)
{
    const drv_odbc_names *names = &dialect->names;
    return names->most_before != 0 && version < names->since ? names->most_before : names->most;
}
