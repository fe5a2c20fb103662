/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 32, HELP_COLUMN = 26, HELP_WIDTH = 96 };

/* ---- Nearest name ----------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits from one name to the other; a swap of two neighbours is one (optimal string alignment). */
static size_t distance(const char *from, const char *to)
{
    size_t cost[NAME_MAX_BYTES + 1][NAME_MAX_BYTES + 1];
    size_t rows = strlen(from), columns = strlen(to);

    if (rows > NAME_MAX_BYTES || columns > NAME_MAX_BYTES)
        return NAME_MAX_BYTES;
    for (size_t i = 0; i <= rows; i++) {
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = least(least(cost[i - 1][j], cost[i][j - 1]) + 1,
                               cost[i - 1][j - 1] + (from[i - 1] != to[j - 1]));
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[rows][columns];
}

const char *of_args_nearest(const char *name, const char *const *names)
{
    const char *nearest = NULL;
    /* More edits than half the name is another word. */
    size_t best = strlen(name) / 2 + 1;

    for (; *names != NULL; names++) {
        size_t edits = strncmp(name, *names, strlen(name)) == 0 ? 0 : distance(name, *names);
        if (edits < best) {
            best = edits;
            nearest = *names;
        }
    }
    return nearest;
}

/* ---- Parsing ---------------------------------------------------------------------- */

static const of_arg *find_option(const of_command *command, const char *name, size_t length)
{
    for (const of_arg *option = command->options; option->name != NULL; option++) {
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

/* `name` has no value on it: a value may hold a password. */
static void unknown_option(const of_command *command, const char *name, char *message)
{
    const char *names[64] = {"help"};
    size_t count = 1;

    for (const of_arg *option = command->options; option->name != NULL && count < 63; option++)
        names[count++] = option->name;
    const char *nearest = of_args_nearest(name, names);
    if (nearest != NULL)
        snprintf(message, OF_ARGS_MESSAGE_MAX, "unknown option --%s; did you mean --%s?", name,
                 nearest);
    else
        snprintf(message, OF_ARGS_MESSAGE_MAX, "unknown option --%s; see outfall %s --help", name,
                 command->name);
}

/* Whether `value` is one of "csv|ndjson". */
static bool is_word(const char *words, const char *value)
{
    size_t length = strlen(value);
    for (const char *at = words; length > 0; at++) {
        size_t word = strcspn(at, "|");
        if (word == length && memcmp(at, value, word) == 0)
            return true;
        at += word;
        if (*at == '\0')
            break;
    }
    return false;
}

static int check_value(const of_arg *option, const char *value, char *message)
{
    if (option->words == NULL || is_word(option->words, value))
        return 0;
    /* Behind a colon may be a password, where a URL has come to the wrong place. */
    size_t shown = strcspn(value, ":");
    snprintf(message, OF_ARGS_MESSAGE_MAX, "--%s takes %s, not \"%.*s\"", option->name,
             option->words, (int)(shown < 100 ? shown : 100), value);
    return -1;
}

/* Takes argv[*at], which starts with "--", and its value where that is the next one. */
static int parse_option(of_args *out, int argc, char **argv, int *at, char *message)
{
    const char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const of_arg *option = find_option(out->command, name, length);

    if (option == NULL && length == 4 && memcmp(name, "help", 4) == 0) {
        out->help = true;
        return 0;
    }
    if (option == NULL) {
        char bare[NAME_MAX_BYTES + 1];
        snprintf(bare, sizeof bare, "%.*s", (int)length, name);
        unknown_option(out->command, bare, message);
        return -1;
    }
    if (option->value == NULL && value != NULL) {
        snprintf(message, OF_ARGS_MESSAGE_MAX, "--%s takes no value", option->name);
        return -1;
    }
    if (option->value != NULL && value == NULL) {
        if (*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0) {
            snprintf(message, OF_ARGS_MESSAGE_MAX, "--%s needs a value: --%s %s", option->name,
                     option->name, option->value);
            return -1;
        }
        value = argv[++*at];
    }
    out->given[out->given_count].option = option;
    out->given[out->given_count++].value = value != NULL ? value : "";
    return check_value(option, value != NULL ? value : "", message);
}

static int check_operands(const of_args *args, char *message)
{
    const of_command *command = args->command;
    if (args->operand_count >= command->operands_min &&
        args->operand_count <= command->operands_max)
        return 0;
    snprintf(message, OF_ARGS_MESSAGE_MAX, "%s; usage: outfall %s %s",
             args->operand_count < command->operands_min ? "an argument is missing"
                                                         : "too many arguments",
             command->name, command->synopsis);
    return -1;
}

int of_args_parse(const of_command *command, int argc, char **argv, of_args *out,
                  char message[OF_ARGS_MESSAGE_MAX])
{
    bool only_operands = false;

    memset(out, 0, sizeof *out);
    message[0] = '\0';
    out->command = command;
    out->given = calloc((size_t)argc + 1, sizeof out->given[0]);
    out->operands = calloc((size_t)argc + 1, sizeof out->operands[0]);
    if (out->given == NULL || out->operands == NULL) {
        snprintf(message, OF_ARGS_MESSAGE_MAX, "out of memory");
        return -1;
    }
    for (int i = 0; i < argc; i++) {
        if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
            out->operands[out->operand_count++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (strcmp(argv[i], "-h") == 0) {
            out->help = true;
        } else if (argv[i][1] != '-') {
            snprintf(message, OF_ARGS_MESSAGE_MAX,
                     "unknown option %.2s; options start with two dashes: outfall %s --help",
                     argv[i], command->name);
            return -1;
        } else if (parse_option(out, argc, argv, &i, message) != 0) {
            return -1;
        }
    }
    return out->help ? 0 : check_operands(out, message);
}

void of_args_free(of_args *args)
{
    free(args->given);
    free(args->operands);
    memset(args, 0, sizeof *args);
}

const char *of_args_value(const of_args *args, const char *name)
{
    for (size_t i = args->given_count; i-- > 0;) {
        if (strcmp(args->given[i].option->name, name) == 0)
            return args->given[i].value;
    }
    return NULL;
}

bool of_args_number(const of_args *args, const char *name, unsigned long most,
                    unsigned long otherwise, unsigned long *out)
{
    const char *value = of_args_value(args, name);
    char *end;

    *out = otherwise;
    if (value == NULL)
        return true;
    errno = 0;
    *out = strtoul(value, &end, 10);
    return value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0 && *out <= most;
}

/* ---- Help ------------------------------------------------------------------------- */

/* Words of `text`, wrapped; the line has HELP_COLUMN characters already. */
static void print_wrapped(const char *text)
{
    int at = HELP_COLUMN;
    while (*text != '\0') {
        int word = (int)strcspn(text, " ");
        if (at > HELP_COLUMN && at + 1 + word > HELP_WIDTH) {
            printf("\n%*s", HELP_COLUMN, "");
            at = HELP_COLUMN;
        }
        at += printf("%s%.*s", at > HELP_COLUMN ? " " : "", word, text);
        text += word;
        text += *text == ' ';
    }
    putchar('\n');
}

static void print_option(const of_arg *option)
{
    int column = printf("  --%s", option->name);
    if (option->value != NULL)
        column += printf(" %s", option->value);
    if (column >= HELP_COLUMN) {
        putchar('\n');
        column = 0;
    }
    printf("%*s", HELP_COLUMN - column, "");
    print_wrapped(option->help);
}

void of_args_print_help(const of_command *command)
{
    static const of_arg help = {"help", NULL, NULL, "Print this."};

    printf("usage: outfall %s%s%s\n\n%s\n\n", command->name,
           command->synopsis[0] != '\0' ? " " : "", command->synopsis, command->summary);
    for (const of_arg *option = command->options; option->name != NULL; option++)
        print_option(option);
    print_option(&help);
    if (command->notes != NULL)
        printf("\n%s\n", command->notes);
}
