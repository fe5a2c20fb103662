/* SPDX-License-Identifier: Apache-2.0 */
/* Steps through a statement's tokens and keeps what was read. All return 0, or -1 on a failure. */
#ifndef STI_READER_H
#define STI_READER_H

#include "syntax.h"

struct sti_reader {
    const char *text, *cursor;
    struct sti_token token; /* The one that is looked at. */
    size_t identifier_max;
    struct sti_syntax *out;
    struct sti_failure *failure;
};

int sti_reader_start(struct sti_reader *reader, const char *text, size_t identifier_max,
                     struct sti_syntax *out, struct sti_failure *failure);
int sti_reader_step(struct sti_reader *reader);

/* Whether the token is this keyword or punctuation. */
int sti_reader_at(const struct sti_reader *reader, const char *text);

/* Steps over it, or fails with Oracle's error for its absence. */
int sti_reader_expect(struct sti_reader *reader, const char *text);
/* Steps over several. */
int sti_reader_expect_all(struct sti_reader *reader, const char *const *texts, size_t count);
/* The end of the statement. */
int sti_reader_expect_end(struct sti_reader *reader);

/* A quoted identifier; `code` is the error where there is none. */
int sti_reader_name(struct sti_reader *reader, int code, struct sti_name *name);
/* A word that is no keyword here: an alias, a savepoint. */
int sti_reader_word(struct sti_reader *reader, struct sti_name *word);
/* [schema.]table, into the syntax. */
int sti_reader_table(struct sti_reader *reader);
/* A name list in parentheses. */
int sti_reader_names(struct sti_reader *reader, struct sti_names *names);
/* alias.name */
int sti_reader_member(struct sti_reader *reader, const struct sti_name *alias,
                      struct sti_name *name);
/* A parameter for `column`; `cast`: PostgreSQL has to be told its type. */
int sti_reader_parameter(struct sti_reader *reader, const struct sti_name *column, int cast);

/* The token is written as NULL. */
void sti_reader_null(struct sti_reader *reader);

void sti_names_add(struct sti_names *names, const struct sti_name *name);
int sti_names_have(const struct sti_names *names, const struct sti_name *name);

#endif
