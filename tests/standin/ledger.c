/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reader.h"

#define PREFIX "outfall_"

/* Source: Oracle Database 19c, SQL Language Reference, "Oracle SQL Reserved Words". */
static const char *const RESERVED[] = {
    "ACCESS",    "ADD",     "ALL",        "ALTER",      "AND",        "ANY",       "AS",
    "ASC",       "AUDIT",   "BETWEEN",    "BY",         "CHAR",       "CHECK",     "CLUSTER",
    "COLUMN",    "COMMENT", "COMPRESS",   "CONNECT",    "CREATE",     "CURRENT",   "DATE",
    "DECIMAL",   "DEFAULT", "DELETE",     "DESC",       "DISTINCT",   "DROP",      "ELSE",
    "EXCLUSIVE", "EXISTS",  "FILE",       "FLOAT",      "FOR",        "FROM",      "GRANT",
    "GROUP",     "HAVING",  "IDENTIFIED", "IMMEDIATE",  "IN",         "INCREMENT", "INDEX",
    "INITIAL",   "INSERT",  "INTEGER",    "INTERSECT",  "INTO",       "IS",        "LEVEL",
    "LIKE",      "LOCK",    "LONG",       "MAXEXTENTS", "MINUS",      "MLSLABEL",  "MODE",
    "MODIFY",    "NOAUDIT", "NOCOMPRESS", "NOT",        "NOWAIT",     "NULL",      "NUMBER",
    "OF",        "OFFLINE", "ON",         "ONLINE",     "OPTION",     "OR",        "ORDER",
    "PCTFREE",   "PRIOR",   "PUBLIC",     "RAW",        "RENAME",     "RESOURCE",  "REVOKE",
    "ROW",       "ROWID",   "ROWNUM",     "ROWS",       "SELECT",     "SESSION",   "SET",
    "SHARE",     "SIZE",    "SMALLINT",   "START",      "SUCCESSFUL", "SYNONYM",   "SYSDATE",
    "TABLE",     "THEN",    "TO",         "TRIGGER",    "UID",        "UNION",     "UNIQUE",
    "UPDATE",    "USER",    "VALIDATE",   "VALUES",     "VARCHAR",    "VARCHAR2",  "VIEW",
    "WHENEVER",  "WHERE",   "WITH",
};

static int is_ours(const struct sti_token *token)
{
    return token->kind == STI_TOKEN_WORD && token->length > strlen(PREFIX) &&
           strncasecmp(token->start, PREFIX, strlen(PREFIX)) == 0;
}

int sti_ledger_is(const char *text, size_t identifier_max)
{
    struct sti_failure ignored = {0};
    struct sti_token token = {0};
    do {
        if (sti_token_next(&text, identifier_max, &token, &ignored) != 0)
            return 0;
    } while (token.kind != STI_TOKEN_END && !is_ours(&token));
    return token.kind != STI_TOKEN_END;
}

/* A name without quotes, as PostgreSQL keeps it. */
static int read_bare(struct sti_reader *reader, struct sti_name *name)
{
    for (size_t i = 0; i < sizeof RESERVED / sizeof RESERVED[0]; i++)
        if (sti_reader_at(reader, RESERVED[i]))
            return sti_fail(reader->failure, 904, "%s", RESERVED[i]);
    if (sti_reader_word(reader, name) != 0)
        return -1;
    for (char *at = name->text; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return 0;
}

static int read_table(struct sti_reader *reader)
{
    if (!is_ours(&reader->token))
        return sti_fail(reader->failure, 903, "%s", "");
    return read_bare(reader, &reader->out->table);
}

static int read_bares(struct sti_reader *reader)
{
    struct sti_name name;
    if (sti_reader_expect(reader, "(") != 0)
        return -1;
    for (;;) {
        if (read_bare(reader, &name) != 0)
            return -1;
        if (sti_names_have(&reader->out->columns, &name))
            return sti_fail(reader->failure, 957, "%s", "");
        sti_names_add(&reader->out->columns, &name);
        if (!sti_reader_at(reader, ","))
            return sti_reader_expect(reader, ")");
        if (sti_reader_step(reader) != 0)
            return -1;
    }
}

static int read_number(struct sti_reader *reader)
{
    if (sti_reader_at(reader, "-") && sti_reader_step(reader) != 0)
        return -1;
    if (reader->token.kind != STI_TOKEN_NUMBER)
        return sti_fail(reader->failure, 936, "%s", "");
    return sti_reader_step(reader);
}

/* HEXTORAW('…') */
static int read_bytes(struct sti_reader *reader)
{
    if (sti_reader_step(reader) != 0 || sti_reader_expect(reader, "(") != 0)
        return -1;
    const struct sti_token *token = &reader->token;
    if (token->kind != STI_TOKEN_STRING)
        return sti_fail(reader->failure, 936, "%s", "");
    if (token->length == 2)
        return sti_fail(reader->failure, STI_REFUSED, "no bytes, which are NULL");
    for (size_t i = 1; i + 1 < token->length; i++)
        if (!isxdigit((unsigned char)token->start[i]))
            return sti_fail(reader->failure, 1465, "%s", "");
    if (token->length % 2 != 0)
        return sti_fail(reader->failure, STI_REFUSED, "half a byte");
    return sti_reader_step(reader) != 0 ? -1 : sti_reader_expect(reader, ")");
}

static int read_literal(struct sti_reader *reader)
{
    if (reader->token.kind == STI_TOKEN_STRING)
        return sti_fail(reader->failure, STI_REFUSED, "a text, which has a character set");
    return sti_reader_at(reader, "HEXTORAW") ? read_bytes(reader) : read_number(reader);
}

static int read_case(struct sti_reader *reader);

/* A literal, a text, or a choice. */
static int read_value(struct sti_reader *reader)
{
    if (sti_reader_at(reader, "CASE"))
        return read_case(reader);
    if (reader->token.kind != STI_TOKEN_STRING)
        return read_literal(reader);
    if (reader->token.length == 2)
        sti_reader_null(reader);
    return sti_reader_step(reader);
}

/* CASE WHEN c = literal OR c IS NULL THEN value ELSE c END */
static int read_case(struct sti_reader *reader)
{
    static const char *const start[] = {"CASE", "WHEN"}, *const is_null[] = {"IS", "NULL", "THEN"};
    struct sti_name name;
    if (sti_reader_expect_all(reader, start, 2) != 0 || read_bare(reader, &name) != 0 ||
        sti_reader_expect(reader, "=") != 0 || read_literal(reader) != 0 ||
        sti_reader_expect(reader, "OR") != 0 || read_bare(reader, &name) != 0 ||
        sti_reader_expect_all(reader, is_null, 3) != 0 || read_value(reader) != 0 ||
        sti_reader_expect(reader, "ELSE") != 0 || read_bare(reader, &name) != 0)
        return -1;
    return sti_reader_expect(reader, "END");
}

static int read_condition(struct sti_reader *reader);

/* SELECT max(c) FROM t WHERE condition ) */
static int read_newest(struct sti_reader *reader)
{
    static const char *const start[] = {"SELECT", "MAX", "("}, *const middle[] = {")", "FROM"};
    struct sti_name name;
    if (sti_reader_expect_all(reader, start, 3) != 0 || read_bare(reader, &name) != 0 ||
        sti_reader_expect_all(reader, middle, 2) != 0 || read_table(reader) != 0 ||
        sti_reader_expect(reader, "WHERE") != 0 || read_condition(reader) != 0)
        return -1;
    return sti_reader_expect(reader, ")");
}

static int read_comparison(struct sti_reader *reader)
{
    struct sti_name name;
    int number = reader->token.kind == STI_TOKEN_NUMBER; /* 1 = 0 */
    if ((number ? sti_reader_step(reader) : read_bare(reader, &name)) != 0)
        return -1;
    if (!sti_reader_at(reader, "<") && !sti_reader_at(reader, "="))
        return sti_fail(reader->failure, 920, "%s", "");
    if (sti_reader_step(reader) != 0)
        return -1;
    if (!sti_reader_at(reader, "("))
        return read_literal(reader);
    return sti_reader_step(reader) != 0 ? -1 : read_newest(reader);
}

static int read_condition(struct sti_reader *reader)
{
    for (;;) {
        if (read_comparison(reader) != 0)
            return -1;
        if (!sti_reader_at(reader, "AND"))
            return 0;
        if (sti_reader_step(reader) != 0)
            return -1;
    }
}

static int read_where(struct sti_reader *reader)
{
    if (sti_reader_expect(reader, "WHERE") != 0)
        return -1;
    return read_condition(reader);
}

/* ---- Statements --------------------------------------------------------------------------- */

static int read_insert(struct sti_reader *reader)
{
    if (sti_reader_expect(reader, "INTO") != 0 || read_table(reader) != 0 ||
        read_bares(reader) != 0 || sti_reader_expect(reader, "VALUES") != 0 ||
        sti_reader_expect(reader, "(") != 0)
        return -1;
    for (size_t i = 0; i < reader->out->columns.count; i++) {
        if (i > 0 && !sti_reader_at(reader, ","))
            return sti_fail(reader->failure, 947, "%s", "");
        if ((i > 0 && sti_reader_step(reader) != 0) || read_value(reader) != 0)
            return -1;
    }
    if (sti_reader_at(reader, ","))
        return sti_fail(reader->failure, 913, "%s", "");
    return sti_reader_expect(reader, ")");
}

static int read_update(struct sti_reader *reader)
{
    struct sti_name name;
    if (read_table(reader) != 0)
        return -1;
    if (!sti_reader_at(reader, "SET"))
        return sti_fail(reader->failure, 971, "%s", "");
    do {
        if (sti_reader_step(reader) != 0 || read_bare(reader, &name) != 0 ||
            sti_reader_expect(reader, "=") != 0)
            return -1;
        int is_sum = reader->token.kind == STI_TOKEN_WORD && !sti_reader_at(reader, "HEXTORAW") &&
                     !sti_reader_at(reader, "CASE");
        if (is_sum && (read_bare(reader, &name) != 0 || sti_reader_expect(reader, "+") != 0))
            return -1;
        if ((is_sum ? read_literal(reader) : read_value(reader)) != 0)
            return -1;
    } while (sti_reader_at(reader, ","));
    return read_where(reader);
}

static int read_delete(struct sti_reader *reader)
{
    if (sti_reader_expect(reader, "FROM") != 0 || read_table(reader) != 0)
        return -1;
    return read_where(reader);
}

static int read_select(struct sti_reader *reader)
{
    struct sti_name name;
    for (;;) {
        if (read_bare(reader, &name) != 0)
            return -1;
        sti_names_add(&reader->out->columns, &name);
        if (!sti_reader_at(reader, ","))
            break;
        if (sti_reader_step(reader) != 0)
            return -1;
    }
    if (sti_reader_expect(reader, "FROM") != 0 || read_table(reader) != 0)
        return -1;
    return read_where(reader);
}

static int read_definition(struct sti_reader *reader)
{
    struct sti_syntax *out = reader->out;
    out->definitions =
        sti_resize(out->definitions, (out->definition_count + 1) * sizeof out->definitions[0]);
    struct sti_definition *column = &out->definitions[out->definition_count];
    memset(column, 0, sizeof *column);
    if (read_bare(reader, &column->name) != 0)
        return -1;
    out->definition_count++;
    if (sti_type_read(&reader->token, &reader->cursor, &column->type, reader->failure) != 0)
        return -1;
    column->not_null = sti_reader_at(reader, "NOT");
    if (!column->not_null)
        return 0;
    return sti_reader_step(reader) != 0 ? -1 : sti_reader_expect(reader, "NULL");
}

static int read_create(struct sti_reader *reader)
{
    if (sti_reader_expect(reader, "TABLE") != 0 || read_table(reader) != 0 ||
        sti_reader_expect(reader, "(") != 0)
        return -1;
    while (!sti_reader_at(reader, "PRIMARY"))
        if (read_definition(reader) != 0 || sti_reader_expect(reader, ",") != 0)
            return -1;
    if (sti_reader_step(reader) != 0 || sti_reader_expect(reader, "KEY") != 0 ||
        read_bares(reader) != 0)
        return -1;
    return sti_reader_expect(reader, ")");
}

static const struct {
    const char *word;
    int (*read)(struct sti_reader *);
} FORMS[] = {
    {"CREATE", read_create}, {"INSERT", read_insert}, {"UPDATE", read_update},
    {"DELETE", read_delete}, {"SELECT", read_select},
};

int sti_ledger_read(struct sti_reader *reader)
{
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (!sti_reader_at(reader, FORMS[i].word))
            continue;
        if (sti_reader_word(reader, &reader->out->word) != 0 || FORMS[i].read(reader) != 0)
            return -1;
        return sti_reader_expect_end(reader);
    }
    return sti_fail(reader->failure, 900, "%s", "");
}
