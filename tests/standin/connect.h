/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the connection to PostgreSQL behind one to "Oracle". */
#ifndef STI_CONNECT_H
#define STI_CONNECT_H

#include "handle.h"

/*
 * Connects by a connection string. Its keywords: SERVER, PORT, DATABASE, UID, PWD go to psqlODBC;
 * VERSION is what SQL_DBMS_VER says ("19.00.0000"); FAULT is a script (script.h). Values may stand
 * in braces, a closing one doubled. Others are refused.
 */
SQLRETURN sti_connect(struct sti_connection *connection, const char *string);
void sti_disconnect(struct sti_connection *connection);

#endif
