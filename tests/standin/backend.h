/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psqlODBC, to which the stand-in forwards. It is called by its own functions, not through the
 * driver manager: that one would come back to the stand-in.
 */
#ifndef STI_BACKEND_H
#define STI_BACKEND_H

#include <sql.h>
#include <sqlext.h>

#define STI_BACKEND_FUNCTIONS(F)                                                                   \
    F(SQLAllocHandle)                                                                              \
    F(SQLBindCol)                                                                                  \
    F(SQLBindParameter)                                                                            \
    F(SQLCancel)                                                                                   \
    F(SQLCloseCursor)                                                                              \
    F(SQLColAttribute)                                                                             \
    F(SQLDescribeCol)                                                                              \
    F(SQLDisconnect)                                                                               \
    F(SQLDriverConnect)                                                                            \
    F(SQLEndTran)                                                                                  \
    F(SQLExecDirect)                                                                               \
    F(SQLExecute)                                                                                  \
    F(SQLFetch)                                                                                    \
    F(SQLFreeHandle)                                                                               \
    F(SQLFreeStmt)                                                                                 \
    F(SQLGetConnectAttr)                                                                           \
    F(SQLGetData)                                                                                  \
    F(SQLGetDiagRec)                                                                               \
    F(SQLNumResultCols)                                                                            \
    F(SQLPrepare)                                                                                  \
    F(SQLRowCount)                                                                                 \
    F(SQLSetConnectAttr)                                                                           \
    F(SQLSetEnvAttr)

struct sti_backend {
#define STI_BACKEND_MEMBER(name) __typeof__(name) *name;
    STI_BACKEND_FUNCTIONS(STI_BACKEND_MEMBER)
#undef STI_BACKEND_MEMBER
};

/* Loads psqlODBC once. NULL where it cannot be had. Any thread. */
const struct sti_backend *sti_backend(void);

#endif
