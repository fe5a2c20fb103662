/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of Oracle's SQL, as far as they are needed here.
 *
 * Source: Oracle Database 19c, SQL Language Reference, "Lexical Conventions" and "Database Object
 * Names and Qualifiers": a quoted identifier holds neither a double quote nor a NUL.
 */
#ifndef STI_TOKEN_H
#define STI_TOKEN_H

#include <stddef.h>

#include "native.h"

enum sti_token_kind {
    STI_TOKEN_END,
    STI_TOKEN_WORD,   /* Unquoted: a keyword or an alias. */
    STI_TOKEN_QUOTED, /* "an identifier" */
    STI_TOKEN_NUMBER,
    STI_TOKEN_STRING, /* 'a literal' */
    STI_TOKEN_PARAM,  /* ? */
    STI_TOKEN_PUNCTUATION
};

struct sti_token {
    enum sti_token_kind kind;
    const char *start; /* With its quotes. */
    size_t length;
};

/*
 * Reads the token at *cursor and steps over it. Identifiers of more than `identifier_max` bytes are
 * refused, as are comments. Returns 0, or -1 with `failure` filled.
 */
int sti_token_next(const char **cursor, size_t identifier_max, struct sti_token *token,
                   struct sti_failure *failure);

/* Whether a token is this keyword, in whatever case, or this punctuation. */
int sti_token_is(const struct sti_token *token, const char *text);

#endif
