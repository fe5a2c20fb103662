/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/method.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_LENGTH 128

/*
 * psqlODBC: rollback on error is left to us (Protocol=7.4-0), its own is a savepoint before each
 * statement. It has the server describe a statement's parameters, and libpq up to 18 takes a
 * description of more than 30,000 bytes, four a parameter, for a connection out of step.
 * MariaDB: AUTO_RECONNECT=0 has a COMMIT never go to a new session. OPTION=2 has it count rows
 * found, so that an unchanged one is not a lost one. SQLite: Timeout=100 has it wait for a lock no
 * longer than that at a time, and SyncPragma=FULL has its COMMIT be on the disk, where the driver's
 * own default is NORMAL.
 */
static const drv_odbc_method methods[] = {
    {.file = "psqlodbc",
     .dialect = "postgresql",
     .way = DRV_ODBC_WAY_ROWS,
     .array_rows = 1000,
     .statement_rows = 1000,
     .parameters_max = 7000,
     .keywords = {{"Protocol", "7.4-0"}}},
    {.file = "maodbc",
     .dialect = "mysql",
     .way = DRV_ODBC_WAY_ARRAY,
     .array_rows = 10000,
     .statement_rows = 1000,
     .keywords = {{"CHARSET", "utf8mb4"}, {"OPTION", "2"}, {"AUTO_RECONNECT", "0"}},
     .forced_tls = "FORCETLS",
     .fresh_columns = 1,
     .tells_loss = 1,
     .silent_arrays = 1},
    {.file = "myodbc",
     .dialect = "mysql",
     .way = DRV_ODBC_WAY_ROWS,
     .array_rows = 1000,
     .statement_rows = 1000,
     .keywords = {{"CHARSET", "utf8mb4"}, {"FOUND_ROWS", "1"}}},
    {.file = "sqlite",
     .dialect = "sqlite",
     .way = DRV_ODBC_WAY_ROWS,
     .array_rows = 1000,
     .statement_rows = 1000,
     .keywords = {{"Timeout", "100"}, {"SyncPragma", "FULL"}},
     .stale_bytes = 1,
     .narrow = 1},
    {.file = NULL, .way = DRV_ODBC_WAY_ARRAY, .array_rows = 1000, .statement_rows = 100},
};

const drv_odbc_method *drv_odbc_method_of(const char *library)
{
    char name[NAME_MAX_LENGTH];
    const drv_odbc_method *method = methods;
    size_t length = 0;
    for (; library[length] != '\0' && length + 1 < sizeof name; length++)
        name[length] = (char)tolower((unsigned char)library[length]);
    name[length] = '\0';
    while (method->file != NULL && strstr(name, method->file) == NULL)
        method++;
    return method;
}

static uint32_t least(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

enum drv_odbc_way drv_odbc_method_choose(const drv_odbc_method *method,
                                         const drv_odbc_dialect *dialect, enum drv_odbc_way wanted,
                                         uint32_t columns, uint32_t *rows)
{
    enum drv_odbc_way way = wanted != DRV_ODBC_WAY_AUTO ? wanted : method->way;
    uint32_t parameters = dialect->parameters_max;
    if (method->parameters_max > 0)
        parameters = least(parameters, method->parameters_max);
    uint32_t most = least(method->statement_rows, parameters / columns);
    if (dialect->rows_max > 0)
        most = least(most, dialect->rows_max);
    if (way == DRV_ODBC_WAY_ROWS && most > 1) {
        *rows = most;
        return DRV_ODBC_WAY_ROWS;
    }
    *rows = method->array_rows;
    return DRV_ODBC_WAY_ARRAY;
}
