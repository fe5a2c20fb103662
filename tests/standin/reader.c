/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "names.h"

int sti_reader_start(struct sti_reader *reader, const char *text, size_t identifier_max,
                     struct sti_syntax *out, struct sti_failure *failure)
{
    *reader = (struct sti_reader){.text = text,
                                  .cursor = text,
                                  .identifier_max = identifier_max,
                                  .out = out,
                                  .failure = failure};
    return sti_reader_step(reader);
}

int sti_reader_step(struct sti_reader *reader)
{
    return sti_token_next(&reader->cursor, reader->identifier_max, &reader->token, reader->failure);
}

int sti_reader_at(const struct sti_reader *reader, const char *text)
{
    return sti_token_is(&reader->token, text);
}

/* What Oracle says where this is missing; 905, "missing keyword", for all others. */
static const struct {
    const char *text;
    int code;
} MISSING[] = {
    {"(", 906}, {")", 907},      {"FROM", 923}, {"INTO", 925}, {"VALUES", 926},
    {"=", 927}, {"SELECT", 928}, {"ON", 969},   {"SET", 971},  {".", 904},
};

int sti_reader_expect(struct sti_reader *reader, const char *text)
{
    if (sti_reader_at(reader, text))
        return sti_reader_step(reader);
    int code = 905;
    for (size_t i = 0; i < sizeof MISSING / sizeof MISSING[0]; i++)
        if (strcmp(MISSING[i].text, text) == 0)
            code = MISSING[i].code;
    return sti_fail(reader->failure, code, "%.*s", (int)reader->token.length, reader->token.start);
}

int sti_reader_expect_all(struct sti_reader *reader, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sti_reader_expect(reader, texts[i]) != 0)
            return -1;
    return 0;
}

int sti_reader_expect_end(struct sti_reader *reader)
{
    return reader->token.kind == STI_TOKEN_END ? 0 : sti_fail(reader->failure, 933, "%s", "");
}

static struct sti_edit *add_edit(struct sti_syntax *syntax)
{
    syntax->edits = sti_resize(syntax->edits, (syntax->edit_count + 1) * sizeof syntax->edits[0]);
    struct sti_edit *edit = &syntax->edits[syntax->edit_count++];
    memset(edit, 0, sizeof *edit);
    return edit;
}

static void set_name(struct sti_name *name, const char *text, size_t length)
{
    memcpy(name->text, text, length);
    name->text[length] = '\0';
}

int sti_reader_name(struct sti_reader *reader, int code, struct sti_name *name)
{
    const struct sti_token *token = &reader->token;
    if (token->kind != STI_TOKEN_QUOTED)
        return sti_fail(reader->failure, code, "%.*s", (int)token->length, token->start);
    set_name(name, token->start + 1, token->length - 2);
    struct sti_name stored = {0};
    if (sti_name_stored(name->text, stored.text)) {
        struct sti_edit *edit = add_edit(reader->out);
        edit->at = (size_t)(token->start - reader->text);
        edit->length = token->length;
        edit->stored = stored;
    }
    return sti_reader_step(reader);
}

int sti_reader_word(struct sti_reader *reader, struct sti_name *word)
{
    if (reader->token.kind != STI_TOKEN_WORD)
        return sti_fail(reader->failure, 905, "%s", "");
    set_name(word, reader->token.start, reader->token.length);
    return sti_reader_step(reader);
}

int sti_reader_table(struct sti_reader *reader)
{
    struct sti_syntax *out = reader->out;
    if (sti_reader_name(reader, 903, &out->table) != 0)
        return -1;
    if (!sti_reader_at(reader, "."))
        return 0;
    out->schema = out->table;
    if (sti_reader_step(reader) != 0)
        return -1;
    return sti_reader_name(reader, 903, &out->table);
}

int sti_reader_names(struct sti_reader *reader, struct sti_names *names)
{
    struct sti_name name;
    if (sti_reader_expect(reader, "(") != 0)
        return -1;
    for (;;) {
        if (sti_reader_name(reader, 904, &name) != 0)
            return -1;
        if (sti_names_have(names, &name))
            return sti_fail(reader->failure, 957, "%s", "");
        sti_names_add(names, &name);
        if (!sti_reader_at(reader, ","))
            return sti_reader_expect(reader, ")");
        if (sti_reader_step(reader) != 0)
            return -1;
    }
}

int sti_reader_member(struct sti_reader *reader, const struct sti_name *alias,
                      struct sti_name *name)
{
    if (!sti_reader_at(reader, alias->text))
        return sti_fail(reader->failure, 904, "%.*s", (int)reader->token.length,
                        reader->token.start);
    if (sti_reader_step(reader) != 0 || sti_reader_expect(reader, ".") != 0)
        return -1;
    return sti_reader_name(reader, 904, name);
}

int sti_reader_parameter(struct sti_reader *reader, const struct sti_name *column, int cast)
{
    struct sti_syntax *out = reader->out;
    if (reader->token.kind != STI_TOKEN_PARAM)
        return sti_fail(reader->failure, 936, "%s", "");
    if (cast) {
        struct sti_edit *edit = add_edit(out);
        edit->at = (size_t)(reader->token.start - reader->text);
        edit->length = 1;
        edit->cast = 1;
        edit->parameter = out->parameters.count;
    }
    sti_names_add(&out->parameters, column);
    return sti_reader_step(reader);
}

void sti_reader_null(struct sti_reader *reader)
{
    struct sti_edit *edit = add_edit(reader->out);
    edit->at = (size_t)(reader->token.start - reader->text);
    edit->length = reader->token.length;
    edit->null = 1;
}

void sti_names_add(struct sti_names *names, const struct sti_name *name)
{
    names->items = sti_resize(names->items, (names->count + 1) * sizeof names->items[0]);
    names->items[names->count++] = *name;
}

int sti_names_have(const struct sti_names *names, const struct sti_name *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].text, name->text) == 0)
            return 1;
    return 0;
}
