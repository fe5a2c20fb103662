/* SPDX-License-Identifier: Apache-2.0 */
#include "syntax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dictionary.h"
#include "ledger.h"
#include "reader.h"
#include "xa.h"

const char *const sti_statement_names[STI_KINDS] = {
    [STI_INSERT] = "insert",           [STI_MERGE] = "merge",
    [STI_DELETE] = "delete",           [STI_CREATE] = "create",
    [STI_SELECT] = "select",           [STI_DICTIONARY] = "dictionary",
    [STI_SAVEPOINT] = "savepoint",     [STI_ROLLBACK_TO] = "rollback_to",
    [STI_SESSION] = "session",         [STI_LEDGER] = "ledger",
    [STI_XA_START] = "xa_start",       [STI_XA_END] = "xa_end",
    [STI_XA_PREPARE] = "xa_prepare",   [STI_XA_COMMIT] = "xa_commit",
    [STI_XA_ROLLBACK] = "xa_rollback", [STI_XA_LAST] = "xa_last",
    [STI_HOLDER] = "holder",           [STI_KILL] = "kill",
};

static int read_insert(struct sti_reader *reader)
{
    struct sti_syntax *out = reader->out;
    if (sti_reader_expect(reader, "INTO") != 0 || sti_reader_table(reader) != 0 ||
        sti_reader_names(reader, &out->columns) != 0 || sti_reader_expect(reader, "VALUES") != 0 ||
        sti_reader_expect(reader, "(") != 0)
        return -1;
    for (size_t i = 0; i < out->columns.count; i++) {
        if (i > 0 && !sti_reader_at(reader, ","))
            return sti_fail(reader->failure, sti_reader_at(reader, ")") ? 947 : 917, "%s", "");
        if ((i > 0 && sti_reader_step(reader) != 0) ||
            sti_reader_parameter(reader, &out->columns.items[i], 0) != 0)
            return -1;
    }
    if (sti_reader_at(reader, ","))
        return sti_fail(reader->failure, 913, "%s", "");
    return sti_reader_expect(reader, ")");
}

/* USING (SELECT ? AS c, … FROM dual) s: the source's columns are those of `columns`. */
static int read_source(struct sti_reader *reader, struct sti_name *alias)
{
    static const char *const start[] = {"USING", "(", "SELECT"};
    static const char *const end[] = {"FROM", "dual", ")"};
    struct sti_syntax *out = reader->out;
    if (sti_reader_expect_all(reader, start, 3) != 0)
        return -1;
    for (;;) {
        /* The parameter stands before the name of its column. */
        struct sti_name name = {""};
        if (sti_reader_parameter(reader, &name, 1) != 0 || sti_reader_expect(reader, "AS") != 0 ||
            sti_reader_name(reader, 923, &name) != 0)
            return -1;
        if (sti_names_have(&out->columns, &name))
            return sti_fail(reader->failure, 918, "%s", "");
        out->parameters.items[out->parameters.count - 1] = name;
        sti_names_add(&out->columns, &name);
        if (!sti_reader_at(reader, ","))
            break;
        if (sti_reader_step(reader) != 0)
            return -1;
    }
    return sti_reader_expect_all(reader, end, 3) != 0 ? -1 : sti_reader_word(reader, alias);
}

/* s.c, where the source has c. */
static int read_source_column(struct sti_reader *reader, const struct sti_name *alias,
                              struct sti_name *name)
{
    if (sti_reader_member(reader, alias, name) != 0)
        return -1;
    if (!sti_names_have(&reader->out->columns, name))
        return sti_fail(reader->failure, 904, "\"%s\".\"%s\"", alias->text, name->text);
    return 0;
}

/* ON (t.k = s.k AND …) */
static int read_matches(struct sti_reader *reader, const struct sti_name *target,
                        const struct sti_name *source)
{
    if (sti_reader_expect(reader, "ON") != 0 || sti_reader_expect(reader, "(") != 0)
        return -1;
    for (;;) {
        struct sti_name left, right;
        if (sti_reader_member(reader, target, &left) != 0 || sti_reader_expect(reader, "=") != 0 ||
            read_source_column(reader, source, &right) != 0)
            return -1;
        if (strcmp(left.text, right.text) != 0)
            return sti_fail(reader->failure, STI_REFUSED, "\"%.100s\" is matched with \"%.100s\"",
                            left.text, right.text);
        sti_names_add(&reader->out->compared, &left);
        if (!sti_reader_at(reader, "AND"))
            return sti_reader_expect(reader, ")");
        if (sti_reader_step(reader) != 0)
            return -1;
    }
}

/* WHEN MATCHED THEN UPDATE SET c = s.c | DEFAULT, … */
static int read_updates(struct sti_reader *reader, const struct sti_name *source)
{
    static const char *const start[] = {"MATCHED", "THEN", "UPDATE", "SET"};
    struct sti_names set = {0};
    int status = sti_reader_expect_all(reader, start, 4);
    while (status == 0) {
        struct sti_name left, right;
        status = sti_reader_name(reader, 904, &left);
        if (status == 0 && sti_names_have(&reader->out->compared, &left))
            status = sti_fail(reader->failure, 38104, "\"%s\"", left.text);
        if (status == 0 && sti_names_have(&set, &left))
            status = sti_fail(reader->failure, 957, "%s", "");
        if (status == 0)
            status = sti_reader_expect(reader, "=");
        if (status == 0)
            status = sti_reader_at(reader, "DEFAULT") ? sti_reader_step(reader)
                                                      : read_source_column(reader, source, &right);
        if (status != 0)
            break;
        sti_names_add(&set, &left);
        if (!sti_reader_at(reader, ","))
            break;
        status = sti_reader_step(reader);
    }
    free(set.items);
    return status;
}

/* WHEN NOT MATCHED THEN INSERT (c, …) VALUES (s.c, …) */
static int read_new(struct sti_reader *reader, const struct sti_name *source)
{
    static const char *const start[] = {"NOT", "MATCHED", "THEN", "INSERT"};
    struct sti_names columns = {0};
    int status = sti_reader_expect_all(reader, start, 4);
    if (status == 0)
        status = sti_reader_names(reader, &columns);
    if (status == 0)
        status = sti_reader_expect(reader, "VALUES");
    if (status == 0)
        status = sti_reader_expect(reader, "(");
    for (size_t i = 0; status == 0 && i < columns.count; i++) {
        struct sti_name name;
        if (i > 0)
            status = sti_reader_at(reader, ",") ? sti_reader_step(reader)
                                                : sti_fail(reader->failure, 947, "%s", "");
        if (status == 0)
            status = read_source_column(reader, source, &name);
        if (status == 0 && strcmp(name.text, columns.items[i].text) != 0)
            status = sti_fail(reader->failure, STI_REFUSED, "\"%.100s\" is given \"%.100s\"",
                              columns.items[i].text, name.text);
    }
    if (status == 0)
        status = sti_reader_at(reader, ",") ? sti_fail(reader->failure, 913, "%s", "")
                                            : sti_reader_expect(reader, ")");
    free(columns.items);
    return status;
}

static int read_merge(struct sti_reader *reader)
{
    struct sti_name target, source;
    if (sti_reader_expect(reader, "INTO") != 0 || sti_reader_table(reader) != 0 ||
        sti_reader_word(reader, &target) != 0 || read_source(reader, &source) != 0 ||
        read_matches(reader, &target, &source) != 0)
        return -1;
    if (!sti_reader_at(reader, "WHEN"))
        return sti_fail(reader->failure, 905, "%s", "");
    if (sti_reader_step(reader) != 0)
        return -1;
    if (sti_reader_at(reader, "MATCHED")) {
        if (read_updates(reader, &source) != 0)
            return -1;
        if (!sti_reader_at(reader, "WHEN"))
            return 0;
        if (sti_reader_step(reader) != 0)
            return -1;
    }
    return read_new(reader, &source);
}

/* k = ? AND … */
static int read_conjunction(struct sti_reader *reader)
{
    for (;;) {
        struct sti_name name;
        if (sti_reader_name(reader, 904, &name) != 0 || sti_reader_expect(reader, "=") != 0 ||
            sti_reader_parameter(reader, &name, 0) != 0)
            return -1;
        if (!sti_names_have(&reader->out->compared, &name))
            sti_names_add(&reader->out->compared, &name);
        if (!sti_reader_at(reader, "AND"))
            return 0;
        if (sti_reader_step(reader) != 0)
            return -1;
    }
}

static int read_delete(struct sti_reader *reader)
{
    if (sti_reader_expect(reader, "FROM") != 0 || sti_reader_table(reader) != 0)
        return -1;
    if (!sti_reader_at(reader, "WHERE"))
        return sti_fail(reader->failure, STI_REFUSED, "DELETE without WHERE empties the table");
    do {
        if (sti_reader_step(reader) != 0)
            return -1;
        int open = sti_reader_at(reader, "(");
        if ((open && sti_reader_step(reader) != 0) || read_conjunction(reader) != 0 ||
            (open && sti_reader_expect(reader, ")") != 0))
            return -1;
    } while (sti_reader_at(reader, "OR"));
    return 0;
}

static int read_definition(struct sti_reader *reader)
{
    struct sti_syntax *out = reader->out;
    out->definitions =
        sti_resize(out->definitions, (out->definition_count + 1) * sizeof out->definitions[0]);
    struct sti_definition *column = &out->definitions[out->definition_count];
    memset(column, 0, sizeof *column);
    if (sti_reader_name(reader, 904, &column->name) != 0)
        return -1;
    for (size_t i = 0; i < out->definition_count; i++)
        if (strcmp(out->definitions[i].name.text, column->name.text) == 0)
            return sti_fail(reader->failure, 957, "%s", "");
    if (++out->definition_count > 1000)
        return sti_fail(reader->failure, 1792, "%s", "");
    if (sti_type_read(&reader->token, &reader->cursor, &column->type, reader->failure) != 0)
        return -1;
    if (!sti_reader_at(reader, "NOT"))
        return 0;
    column->not_null = 1;
    return sti_reader_step(reader) != 0 ? -1 : sti_reader_expect(reader, "NULL");
}

/* The key's columns are columns of the table, and of types that a key may have. */
static int check_key(struct sti_reader *reader)
{
    struct sti_syntax *out = reader->out;
    for (size_t i = 0; i < out->columns.count; i++) {
        size_t at = 0;
        while (at < out->definition_count &&
               strcmp(out->definitions[at].name.text, out->columns.items[i].text) != 0)
            at++;
        if (at == out->definition_count)
            return sti_fail(reader->failure, 904, "\"%s\"", out->columns.items[i].text);
        const struct sti_type *type = &out->definitions[at].type;
        if (sti_type_is_lob(type))
            return sti_fail(reader->failure, 2329, "LOB");
        if (type->base == STI_TIMESTAMP_TZ)
            return sti_fail(reader->failure, 2329, "TIME/TIMESTAMP WITH TIME ZONE");
    }
    return 0;
}

static int read_create(struct sti_reader *reader)
{
    if (sti_reader_expect(reader, "TABLE") != 0 || sti_reader_table(reader) != 0 ||
        sti_reader_expect(reader, "(") != 0)
        return -1;
    for (;;) {
        if (sti_reader_at(reader, "PRIMARY")) {
            if (sti_reader_step(reader) != 0 || sti_reader_expect(reader, "KEY") != 0 ||
                sti_reader_names(reader, &reader->out->columns) != 0)
                return -1;
        } else if (read_definition(reader) != 0) {
            return -1;
        }
        if (!sti_reader_at(reader, ","))
            break;
        if (sti_reader_step(reader) != 0)
            return -1;
    }
    return sti_reader_expect(reader, ")") != 0 ? -1 : check_key(reader);
}

/* x.c, …: `alias` is x, or empty where the names stand alone. */
static int read_selected(struct sti_reader *reader, const struct sti_name *alias)
{
    for (;;) {
        struct sti_name name;
        int status = alias->text[0] ? sti_reader_member(reader, alias, &name)
                                    : sti_reader_name(reader, 904, &name);
        if (status != 0)
            return -1;
        sti_names_add(&reader->out->columns, &name);
        if (!sti_reader_at(reader, ","))
            return 0;
        if (sti_reader_step(reader) != 0)
            return -1;
    }
}

/* WHERE 1 = 0 */
static int read_no_rows(struct sti_reader *reader)
{
    static const char want[] = "1=0";
    if (sti_reader_expect(reader, "WHERE") != 0)
        return -1;
    for (int i = 0; i < 3; i++) {
        if (reader->token.length != 1 || *reader->token.start != want[i])
            return sti_fail(reader->failure, STI_REFUSED, "a SELECT that reads rows");
        if (sti_reader_step(reader) != 0)
            return -1;
    }
    return 0;
}

/* Behind SELECT. */
static int read_select(struct sti_reader *reader)
{
    struct sti_name alias = {""}, word;
    int all = sti_reader_at(reader, "*");
    if (reader->token.kind == STI_TOKEN_WORD && *reader->cursor == '.') {
        snprintf(alias.text, sizeof alias.text, "%.*s", (int)reader->token.length,
                 reader->token.start);
    } else if (!all && reader->token.kind != STI_TOKEN_QUOTED) {
        reader->out->kind = STI_DICTIONARY;
        return sti_dictionary_read(reader);
    }
    if ((all ? sti_reader_step(reader) : read_selected(reader, &alias)) != 0 ||
        sti_reader_expect(reader, "FROM") != 0 || sti_reader_table(reader) != 0)
        return -1;
    if (alias.text[0]) {
        if (sti_reader_word(reader, &word) != 0)
            return -1;
        if (strcmp(alias.text, word.text) != 0)
            return sti_fail(reader->failure, 904, "\"%s\"", alias.text);
    }
    return read_no_rows(reader);
}

static int read_savepoint(struct sti_reader *reader)
{
    return sti_reader_word(reader, &reader->out->word);
}

static int read_rollback_to(struct sti_reader *reader)
{
    if (sti_reader_expect(reader, "TO") != 0)
        return -1;
    if (sti_reader_at(reader, "SAVEPOINT") && sti_reader_step(reader) != 0)
        return -1;
    return sti_reader_word(reader, &reader->out->word);
}

/* SESSION SET parameter = 'value' */
static int read_session(struct sti_reader *reader)
{
    struct sti_syntax *out = reader->out;
    if (sti_reader_expect(reader, "SESSION") != 0 || sti_reader_expect(reader, "SET") != 0 ||
        sti_reader_word(reader, &out->word) != 0 || sti_reader_expect(reader, "=") != 0)
        return -1;
    const struct sti_token *token = &reader->token;
    if (token->kind != STI_TOKEN_STRING || token->length - 2 > STI_NAME_MAX)
        return sti_fail(reader->failure, 922, "%s", "");
    memcpy(out->value.text, token->start + 1, token->length - 2);
    out->value.text[token->length - 2] = '\0';
    return sti_reader_step(reader);
}

static const struct {
    const char *word;
    enum sti_statement_kind kind;
    int (*read)(struct sti_reader *);
} FORMS[] = {
    {"INSERT", STI_INSERT, read_insert},
    {"MERGE", STI_MERGE, read_merge},
    {"DELETE", STI_DELETE, read_delete},
    {"CREATE", STI_CREATE, read_create},
    {"SELECT", STI_SELECT, read_select},
    {"SAVEPOINT", STI_SAVEPOINT, read_savepoint},
    {"ROLLBACK", STI_ROLLBACK_TO, read_rollback_to},
    {"ALTER", STI_SESSION, read_session},
};

int sti_syntax_read(const char *text, size_t identifier_max, struct sti_syntax *syntax,
                    struct sti_failure *failure)
{
    struct sti_reader reader;
    memset(syntax, 0, sizeof *syntax);
    if (sti_xa_is(text))
        return sti_xa_read(text, syntax, failure);
    if (sti_reader_start(&reader, text, identifier_max, syntax, failure) != 0)
        return -1;
    if (sti_ledger_is(text, identifier_max)) {
        syntax->kind = STI_LEDGER;
        return sti_ledger_read(&reader);
    }
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (!sti_reader_at(&reader, FORMS[i].word))
            continue;
        syntax->kind = FORMS[i].kind;
        if (sti_reader_step(&reader) != 0 || FORMS[i].read(&reader) != 0)
            return -1;
        return sti_reader_expect_end(&reader);
    }
    return sti_fail(failure, 900, "%s", "");
}

void sti_syntax_free(struct sti_syntax *syntax)
{
    free(syntax->parameters.items);
    free(syntax->compared.items);
    free(syntax->columns.items);
    free(syntax->definitions);
    free(syntax->edits);
    memset(syntax, 0, sizeof *syntax);
}
