/* SPDX-License-Identifier: Apache-2.0 */
#include "forward.h"

#include <string.h>

#include "names.h"

void sti_forward_text(const char *text, const struct sti_syntax *syntax,
                      const struct sti_columns *columns, struct sti_text *to)
{
    size_t done = 0;
    for (size_t i = 0; i < syntax->edit_count; i++) {
        const struct sti_edit *edit = &syntax->edits[i];
        sti_text_add(to, text + done, edit->at - done);
        done = edit->at + edit->length;
        if (edit->null) {
            sti_text_puts(to, "NULL");
            continue;
        }
        if (!edit->cast) {
            sti_text_quote(to, edit->stored.text, '"');
            continue;
        }
        const struct sti_column *column =
            sti_columns_named(columns, &syntax->parameters.items[edit->parameter]);
        sti_text_puts(to, "CAST(? AS ");
        sti_type_forward(&column->type, 0, to);
        sti_text_puts(to, ")");
    }
    sti_text_puts(to, text + done);
}

static void add_name(const struct sti_name *name, struct sti_text *to)
{
    char stored[STI_NAME_MAX + 1];
    sti_name_stored(name->text, stored);
    sti_text_quote(to, stored, '"');
}

static void add_table(const struct sti_syntax *syntax, struct sti_text *to)
{
    if (syntax->schema.text[0]) {
        add_name(&syntax->schema, to);
        sti_text_puts(to, ".");
    }
    add_name(&syntax->table, to);
}

void sti_forward_create(const struct sti_syntax *syntax, struct sti_text *to)
{
    sti_text_puts(to, "CREATE TABLE ");
    add_table(syntax, to);
    for (size_t i = 0; i < syntax->definition_count; i++) {
        const struct sti_definition *column = &syntax->definitions[i];
        sti_text_puts(to, i ? ", " : " (");
        add_name(&column->name, to);
        sti_text_puts(to, " ");
        sti_type_forward(&column->type, 1, to);
        sti_text_puts(to, column->not_null ? " NOT NULL" : "");
    }
    for (size_t i = 0; i < syntax->columns.count; i++) {
        sti_text_puts(to, i ? ", " : ", PRIMARY KEY (");
        add_name(&syntax->columns.items[i], to);
    }
    sti_text_puts(to, syntax->columns.count ? "))" : ")");
}

void sti_forward_comment(const struct sti_syntax *syntax, const struct sti_definition *column,
                         struct sti_text *to)
{
    struct sti_text comment = {0};
    sti_text_puts(&comment, STI_COMMENT);
    sti_type_spell(&column->type, &comment);
    sti_text_puts(&comment, "\n");
    sti_text_puts(&comment, column->name.text);
    sti_text_puts(to, "COMMENT ON COLUMN ");
    add_table(syntax, to);
    sti_text_puts(to, ".");
    add_name(&column->name, to);
    sti_text_puts(to, " IS ");
    sti_text_quote(to, comment.data, '\'');
    sti_text_free(&comment);
}

int sti_forward_table_comment(const struct sti_syntax *syntax, struct sti_text *to)
{
    char stored[STI_NAME_MAX + 1];
    if (!sti_name_stored(syntax->table.text, stored))
        return 0;
    struct sti_text comment = {0};
    sti_text_puts(&comment, STI_COMMENT);
    sti_text_puts(&comment, syntax->table.text);
    sti_text_puts(to, "COMMENT ON TABLE ");
    add_table(syntax, to);
    sti_text_puts(to, " IS ");
    sti_text_quote(to, comment.data, '\'');
    sti_text_free(&comment);
    return 1;
}
