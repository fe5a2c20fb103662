/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <string.h>
#include <strings.h>

static int is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static int is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static int read_quoted(const char **cursor, size_t identifier_max, struct sti_token *token,
                       struct sti_failure *failure)
{
    const char *end = strchr(token->start + 1, '"');
    if (!end)
        return sti_fail(failure, 1740, "%s", "");
    if (end[1] == '"') /* Doubling a quote does not put one into a name. */
        return sti_fail(failure, end == token->start + 1 ? 1741 : 3001, "%s", "");
    if (end == token->start + 1)
        return sti_fail(failure, 1741, "%s", "");
    token->kind = STI_TOKEN_QUOTED;
    token->length = (size_t)(end + 1 - token->start);
    if (token->length - 2 > identifier_max)
        return sti_fail(failure, 972, "%s", "");
    *cursor = end + 1;
    return 0;
}

static int read_string(const char **cursor, struct sti_token *token, struct sti_failure *failure)
{
    const char *end = token->start;
    do {
        end = strchr(end + 1, '\'');
        if (!end)
            return sti_fail(failure, 1756, "%s", "");
    } while (end[1] == '\'' && end++);
    token->kind = STI_TOKEN_STRING;
    token->length = (size_t)(end + 1 - token->start);
    *cursor = end + 1;
    return 0;
}

int sti_token_next(const char **cursor, size_t identifier_max, struct sti_token *token,
                   struct sti_failure *failure)
{
    const char *at = *cursor + strspn(*cursor, " \n");
    token->start = at;
    token->length = 1;
    if (*at == '\0') {
        token->kind = STI_TOKEN_END;
        token->length = 0;
        *cursor = at;
        return 0;
    }
    if (*at == '"')
        return read_quoted(cursor, identifier_max, token, failure);
    if (*at == '\'')
        return read_string(cursor, token, failure);
    if (is_letter(*at)) {
        while (is_letter(*at) || is_digit(*at) || *at == '_' || *at == '$' || *at == '#')
            at++;
        token->kind = STI_TOKEN_WORD;
        token->length = (size_t)(at - token->start);
        *cursor = at;
        return token->length <= identifier_max ? 0 : sti_fail(failure, 972, "%s", "");
    }
    if (is_digit(*at)) {
        while (is_digit(*at) || (*at == '.' && is_digit(at[1])))
            at++;
        token->kind = STI_TOKEN_NUMBER;
        token->length = (size_t)(at - token->start);
        *cursor = at;
        return 0;
    }
    if (!strchr("(),.=?*-+<>|:", *at)) /* A semicolon among them: it is no part of a statement. */
        return sti_fail(failure, 911, "%s", "");
    if ((at[0] == ':' && at[1] == '=') || (at[0] == '|' && at[1] == '|'))
        token->length = 2;
    token->kind = *at == '?' ? STI_TOKEN_PARAM : STI_TOKEN_PUNCTUATION;
    *cursor = at + token->length;
    return 0;
}

int sti_token_is(const struct sti_token *token, const char *text)
{
    return (token->kind == STI_TOKEN_WORD || token->kind == STI_TOKEN_PUNCTUATION) &&
           token->length == strlen(text) && strncasecmp(token->start, text, token->length) == 0;
}
