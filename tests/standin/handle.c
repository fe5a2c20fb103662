/* SPDX-License-Identifier: Apache-2.0 */
#include "handle.h"

#include <stdio.h>
#include <string.h>

void sti_clear(void *handle)
{
    ((struct sti_handle *)handle)->has_record = 0;
}

static SQLRETURN set_record(void *handle, const char *state, int native, const char *message)
{
    struct sti_handle *to = handle;
    to->has_record = 1;
    to->record.native = native;
    snprintf(to->record.state, sizeof to->record.state, "%s", state);
    snprintf(to->record.message, sizeof to->record.message, "%s", message);
    return SQL_ERROR;
}

SQLRETURN sti_report(void *handle, const struct sti_failure *failure)
{
    struct sti_text message = {0};
    sti_native_message(failure, &message);
    set_record(handle, sti_native_sqlstate(failure), failure->code, message.data);
    sti_text_free(&message);
    return SQL_ERROR;
}

SQLRETURN sti_report_state(void *handle, const char *state, const char *message)
{
    struct sti_text text = {0};
    sti_text_puts(&text, "[Oracle][ODBC]");
    sti_text_puts(&text, message);
    set_record(handle, state, 0, text.data);
    sti_text_free(&text);
    return SQL_ERROR;
}

void sti_connection_die(struct sti_connection *connection)
{
    const struct sti_backend *backend = sti_backend();
    if (connection->dead)
        return;
    connection->dead = 1;
    backend->SQLEndTran(SQL_HANDLE_DBC, connection->backend, SQL_ROLLBACK);
}

void sti_backend_failure(struct sti_connection *connection, SQLSMALLINT kind, SQLHANDLE backend,
                         const struct sti_syntax *syntax, struct sti_failure *failure)
{
    SQLCHAR state[6] = "", message[512] = "";
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;
    SQLUINTEGER dead = SQL_CD_FALSE;
    const struct sti_backend *functions = sti_backend();
    functions->SQLGetDiagRec(kind, backend, 1, state, &native, message, sizeof message, &length);
    if (connection->connected)
        functions->SQLGetConnectAttr(connection->backend, SQL_ATTR_CONNECTION_DEAD, &dead, 0, NULL);
    const char *schema =
        syntax && syntax->schema.text[0] ? syntax->schema.text : connection->schema.text;
    struct sti_failure told = {0};
    sti_native_translate(&told, (const char *)state, (const char *)message, schema,
                         syntax ? syntax->table.text : "");
    if (dead == SQL_CD_TRUE && !sti_native_ends_session(told.code))
        sti_fail(failure, 3113, "%s", "");
    else
        *failure = told;
}

SQLRETURN sti_report_backend(void *handle, struct sti_connection *connection, SQLSMALLINT kind,
                             SQLHANDLE backend, const struct sti_syntax *syntax)
{
    struct sti_failure failure = {0};
    sti_backend_failure(connection, kind, backend, syntax, &failure);
    if (connection->connected && sti_native_ends_session(failure.code))
        sti_connection_die(connection);
    return sti_report(handle, &failure);
}
