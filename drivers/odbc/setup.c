/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/setup.h"

#include <stdio.h>
#include <stdlib.h>

#include "odbc/api.h"
#include "odbc/fault.h"
#include "odbc/query.h"

#define INFO_MAX 128

/* "12.02.0001" is 1202. */
static uint32_t read_version(const char *text)
{
    char *end = NULL;
    unsigned long major = strtoul(text, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return major > 9999 || minor > 99 ? 0 : (uint32_t)(major * 100 + minor);
}

static int find_dialect(outfall_connection *connection)
{
    char name[INFO_MAX], version[INFO_MAX], library[INFO_MAX], escape[INFO_MAX];
    drv_odbc_api_info(connection, SQL_DBMS_NAME, name, sizeof name);
    drv_odbc_api_info(connection, SQL_DBMS_VER, version, sizeof version);
    drv_odbc_api_info(connection, SQL_DRIVER_NAME, library, sizeof library);
    drv_odbc_api_info(connection, SQL_SEARCH_PATTERN_ESCAPE, escape, sizeof escape);
    connection->escape = escape[0];
    snprintf(connection->server, sizeof connection->server, "%s%s%s by %s",
             name[0] != '\0' ? name : "a database", version[0] != '\0' ? " " : "", version,
             library[0] != '\0' ? library : "ODBC");
    if (connection->dialect == NULL)
        connection->dialect = drv_odbc_dialect_of(name);
    connection->method = drv_odbc_method_of(library);
    connection->narrow = connection->method->narrow;
    connection->name_most = drv_odbc_name_most(connection->dialect, read_version(version));
    if (connection->name_most == 0)
        connection->name_most = drv_odbc_api_info_short(connection, SQL_MAX_COLUMN_NAME_LEN);
    connection->counts_by_set =
        drv_odbc_api_info_long(connection, SQL_PARAM_ARRAY_ROW_COUNTS) == SQL_PARC_BATCH;
    return OUTFALL_OK;
}

static int refuse(outfall_error *error, const char *what)
{
    return outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP, "odbc: %s", what);
}

/* MariaDB's driver takes a server without TLS for one that does not need to be asked for it. */
static int check_tls(outfall_connection *connection, outfall_error *error)
{
    const char *query = connection->dialect->queries.cipher;
    drv_odbc_answer answer = {0};
    if (!connection->tls_wanted || query == NULL)
        return OUTFALL_OK;
    int status = drv_odbc_query(connection, query, NULL, NULL, &answer, error);
    const char *cipher =
        status == OUTFALL_OK && answer.rows > 0 ? drv_odbc_cell(&answer, 0, 1) : NULL;
    if (status == OUTFALL_OK && (cipher == NULL || cipher[0] == '\0'))
        status = outfall_error_set(error, OUTFALL_ERR_CONFIG, OUTFALL_ACTION_STOP,
                                   "odbc: the server offers no TLS, which the URL asks for; turn "
                                   "it on there, or do not ask for it");
    drv_odbc_answer_free(&answer);
    return status;
}

int drv_odbc_setup(outfall_connection *connection, outfall_error *error)
{
    int status = find_dialect(connection);
    const drv_odbc_dialect *dialect = connection->dialect;
    if (drv_odbc_api_info_short(connection, SQL_TXN_CAPABLE) == SQL_TC_NONE)
        return refuse(error,
                      "the driver has no transactions, without which rows could land in part");
    if (status == OUTFALL_OK)
        status = check_tls(connection, error);
    for (const char *const *sql = dialect->session; status == OUTFALL_OK && *sql != NULL; sql++)
        status = drv_odbc_run(connection, *sql, error);
    if (status != OUTFALL_OK || dialect->begin != NULL)
        return status; /* With autocommit on a session's settings are settled, too. */
    if (!SQL_SUCCEEDED(SQLSetConnectAttr(connection->dbc, SQL_ATTR_AUTOCOMMIT,
                                         (SQLPOINTER)SQL_AUTOCOMMIT_OFF, 0)))
        status = drv_odbc_fail(connection, SQL_HANDLE_DBC, connection->dbc, error);
    return status;
}
