/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "args.h"

static const of_arg options[] = {
    {"to", "URL", NULL, "Where to."},
    {"create", NULL, NULL, "A flag."},
    {"format", "csv|ndjson", "csv|ndjson", "One of two."},
    {"dead-letter", "FILE", NULL, "A file."},
    {NULL, NULL, NULL, NULL},
};

static const of_command command = {
    .name = "load",
    .synopsis = "--to URL FILE…",
    .summary = "Loads.",
    .options = options,
    .operands_min = 1,
    .operands_max = 2,
};

/* Words parted by '|'. */
static int parse(const char *line, of_args *args, char *message)
{
    static char text[256];
    char *argv[16];
    int argc = 0;

    snprintf(text, sizeof text, "%s", line);
    for (char *word = text; word != NULL;) {
        char *end = strchr(word, '|');
        if (end != NULL)
            *end++ = '\0';
        argv[argc++] = word;
        word = end;
    }
    return of_args_parse(&command, argc, argv, args, message);
}

static void options_and_operands_are_told_apart(void **state)
{
    static const struct {
        const char *line, *to, *format;
        size_t operands;
        const char *first;
    } cases[] = {
        {"--to|u|f", "u", NULL, 1, "f"},         {"--to=u|f", "u", NULL, 1, "f"},
        {"f|--to|u", "u", NULL, 1, "f"},         {"f|g|--to=", "", NULL, 2, "f"},
        {"--to|a|--to|b|f", "b", NULL, 1, "f"},  {"-", NULL, NULL, 1, "-"},
        {"--format=csv|-", NULL, "csv", 1, "-"}, {"--to|-|f", "-", NULL, 1, "f"},
        {"--|--to", NULL, NULL, 1, "--to"},      {"--to=a=b|f", "a=b", NULL, 1, "f"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[OF_ARGS_MESSAGE_MAX];
        of_args args;
        assert_int_equal(parse(cases[i].line, &args, message), 0);
        assert_int_equal(args.operand_count, cases[i].operands);
        assert_string_equal(args.operands[0], cases[i].first);
        const char *to = of_args_value(&args, "to");
        assert_true(cases[i].to == NULL ? to == NULL : strcmp(to, cases[i].to) == 0);
        const char *format = of_args_value(&args, "format");
        assert_true(cases[i].format == NULL ? format == NULL
                                            : strcmp(format, cases[i].format) == 0);
        of_args_free(&args);
    }
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"--taable|x|f", "unknown option --taable; see outfall load --help"},
        {"--dead-leter|x|f", "unknown option --dead-leter; did you mean --dead-letter?"},
        {"--dead|x|f", "unknown option --dead; did you mean --dead-letter?"},
        {"--formt=csv|f", "unknown option --formt; did you mean --format?"},
        {"--craete|f", "unknown option --craete; did you mean --create?"},
        {"--hlep", "unknown option --hlep; did you mean --help?"},
        {"--too=postgresql://u:canary@h|f", "unknown option --too; did you mean --to?"},
        {"-x|f", "unknown option -x; options start with two dashes: outfall load --help"},
        {"f|--to", "--to needs a value: --to URL"},
        {"--to|--create|f", "--to needs a value: --to URL"},
        {"--create=yes|f", "--create takes no value"},
        {"--format|xml|f", "--format takes csv|ndjson, not \"xml\""},
        {"--format=|f", "--format takes csv|ndjson, not \"\""},
        {"--format=postgresql://u:canary@h|f", "--format takes csv|ndjson, not \"postgresql\""},
        {"--format=cs|f", "--format takes csv|ndjson, not \"cs\""},
        {"--to|u", "an argument is missing; usage: outfall load --to URL FILE…"},
        {"a|b|c", "too many arguments; usage: outfall load --to URL FILE…"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[OF_ARGS_MESSAGE_MAX];
        of_args args;
        assert_int_equal(parse(cases[i].line, &args, message), -1);
        assert_string_equal(message, cases[i].message);
        of_args_free(&args);
    }
}

static void help_needs_no_operand(void **state)
{
    static const char *const lines[] = {"--help", "-h", "--to|u|--help"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char message[OF_ARGS_MESSAGE_MAX];
        of_args args;
        assert_int_equal(parse(lines[i], &args, message), 0);
        assert_true(args.help);
        of_args_free(&args);
    }
}

static void numbers_are_read_whole(void **state)
{
    static const struct {
        const char *line;
        bool good;
        unsigned long number;
    } cases[] = {
        {"f", true, 5},
        {"--to=0|f", true, 0},
        {"--to=100|f", true, 100},
        {"--to=101|f", false, 0},
        {"--to=1x|f", false, 0},
        {"--to=|f", false, 0},
        {"--to=-1|f", false, 0},
        {"--to= 1|f", false, 0},
        {"--to=99999999999999999999|f", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[OF_ARGS_MESSAGE_MAX];
        of_args args;
        unsigned long number;
        assert_int_equal(parse(cases[i].line, &args, message), 0);
        assert_int_equal(of_args_number(&args, "to", 100, 5, &number), cases[i].good);
        if (cases[i].good)
            assert_int_equal(number, cases[i].number);
        of_args_free(&args);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_operands_are_told_apart),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(help_needs_no_operand),
        cmocka_unit_test(numbers_are_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
