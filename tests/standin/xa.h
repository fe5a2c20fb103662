/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DBMS_XA, as far as the driver calls it, and what it finds and ends hanging sessions by. Each text
 * is one of these, letter by letter:
 *
 *   BEGIN ? := DBMS_XA.XA_START(XID, DBMS_XA.TMNOFLAGS); DBMS_SESSION.SET_IDENTIFIER(?); END;
 *   BEGIN ? := DBMS_XA.XA_END(XID, DBMS_XA.TMSUCCESS); END;
 *   BEGIN ? := DBMS_XA.XA_PREPARE(XID); DBMS_SESSION.CLEAR_IDENTIFIER; END;
 *   BEGIN ? := DBMS_XA.XA_COMMIT(XID, FALSE); END;
 *   BEGIN ? := DBMS_XA.XA_ROLLBACK(XID); DBMS_SESSION.CLEAR_IDENTIFIER; END;
 *   BEGIN ? := DBMS_XA.XA_GETLASTOER(); END;
 *   SELECT sid || ',' || serial# || ',@' || inst_id FROM gv$session WHERE client_identifier = ?
 *   ALTER SYSTEM KILL SESSION 'sid,serial,@instance' IMMEDIATE
 *
 * where XID is DBMS_XA_XID(20294, HEXTORAW(?), HEXTORAW(?)). Behind it: a branch is a transaction
 * of PostgreSQL's, prepared there; its name is kept by an advisory lock while a session is in it.
 *
 * Sources: Oracle Database 19c, PL/SQL Packages and Types Reference, "DBMS_XA"; X/Open, The XA
 * Specification, chapter 5.
 */
#ifndef STI_XA_H
#define STI_XA_H

#include "native.h"

struct sti_connection;
struct sti_statement;
struct sti_syntax;

enum sti_xa_state {
    STI_XA_NONE,
    STI_XA_ACTIVE, /* Between XA_START and XA_END. */
    STI_XA_ENDED   /* Until it is prepared or rolled back. */
};

/* Of a connection. */
struct sti_branch {
    enum sti_xa_state state;
    char gid[200]; /* As PostgreSQL has it. */
    int last;      /* The error behind the last answer. */
};

/* Whether a text is of these, by how it begins. */
int sti_xa_is(const char *text);

/* Reads it into `syntax`. Returns 0, or -1 with `failure` filled: ORA-06550 for a block. Pure. */
int sti_xa_read(const char *text, struct sti_syntax *syntax, struct sti_failure *failure);

/* Runs it. Returns 0, or -1 with `failure` filled. */
int sti_xa_run(struct sti_statement *statement, struct sti_failure *failure);

/* Has it answer `code` without being run; what that code says has become of the branch comes true.
 */
int sti_xa_answer(struct sti_statement *statement, int code, int last, struct sti_failure *failure);

#endif
