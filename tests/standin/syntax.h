/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement of the forms that the oracle dialect may send, read strictly: what is not of these
 * forms fails as Oracle would have it, or as refused where Oracle might take it.
 *
 *   INSERT INTO t (c, …) VALUES (?, …)
 *   MERGE INTO t t USING (SELECT ? AS c, … FROM dual) s ON (t.k = s.k AND …)
 *     [WHEN MATCHED THEN UPDATE SET c = s.c | DEFAULT, …]
 *     [WHEN NOT MATCHED THEN INSERT (c, …) VALUES (s.c, …)]
 *   DELETE FROM t WHERE k = ? AND …            (also in parentheses, and joined by OR)
 *   CREATE TABLE t (c type [NOT NULL], …[, PRIMARY KEY (c, …)])
 *   SELECT x.c, … FROM t x WHERE 1=0        (also without x, and *)
 *   SELECT … FROM dual | a view of the data dictionary …
 *   SAVEPOINT w                                ROLLBACK TO [SAVEPOINT] w
 *   ALTER SESSION SET parameter = 'value'
 *   … outfall_fence …                          (ledger.h has its forms)
 *   BEGIN … END;                               (xa.h has these, and what else there is)
 *
 * Source: Oracle Database 19c, SQL Language Reference, "SQL Statements".
 */
#ifndef STI_SYNTAX_H
#define STI_SYNTAX_H

#include "native.h"
#include "type.h"

#define STI_NAME_MAX 128

enum sti_statement_kind {
    STI_INSERT,
    STI_MERGE,
    STI_DELETE,
    STI_CREATE,
    STI_SELECT,
    STI_DICTIONARY,
    STI_SAVEPOINT,
    STI_ROLLBACK_TO,
    STI_SESSION,
    STI_LEDGER,
    STI_XA_START, /* xa.h has these. */
    STI_XA_END,
    STI_XA_PREPARE,
    STI_XA_COMMIT,
    STI_XA_ROLLBACK,
    STI_XA_LAST,
    STI_HOLDER,
    STI_KILL,
    STI_KINDS
};

/* As a fault script names them: "insert", "merge", … */
extern const char *const sti_statement_names[STI_KINDS];

struct sti_name {
    char text[STI_NAME_MAX + 1];
};

struct sti_names {
    struct sti_name *items;
    size_t count;
};

/* A column of CREATE TABLE. */
struct sti_definition {
    struct sti_name name;
    struct sti_type type;
    int not_null;
};

/* What is written otherwise for PostgreSQL. */
struct sti_edit {
    size_t at, length;
    int null; /* 1: NULL. */
    int cast; /* 1: the parameter gets a cast to the type of the column `parameter`. */
    size_t parameter;
    struct sti_name stored; /* Else: the name to write. */
};

struct sti_syntax {
    enum sti_statement_kind kind;
    struct sti_name schema, table; /* An empty schema: none was given. */
    struct sti_names parameters;   /* The column that each ? is written to or compared with. */
    struct sti_names compared;     /* Columns in an ON or a WHERE. */
    struct sti_names columns;      /* Of CREATE TABLE's key; else those written or selected. */
    struct sti_definition *definitions;
    size_t definition_count;
    struct sti_edit *edits;
    size_t edit_count;
    struct sti_name word;  /* A savepoint's name, a session's parameter, a ledger's verb. */
    struct sti_name value; /* Of the parameter; a session to be ended. */
};

/*
 * Reads `text`. Returns 0, or -1 with `failure` filled. `syntax` is to be freed either way.
 */
int sti_syntax_read(const char *text, size_t identifier_max, struct sti_syntax *syntax,
                    struct sti_failure *failure);
void sti_syntax_free(struct sti_syntax *syntax);

#endif
