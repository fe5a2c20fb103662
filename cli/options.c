/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>

#include <outfall/config.h>

#include "exit.h"

static void print_plain(const outfall_option *option)
{
    printf("%s = %s\n    %s", option->key,
           option->default_value[0] != '\0' ? option->default_value : "\"\"", option->type);
    if (option->range[0] != '\0')
        printf(", %s", option->range);
    printf("\n    %s\n", option->doc);
}

static void print_markdown_head(void)
{
    printf("# Options\n\n"
           "Made by `outfall options --markdown` from the library's option table; do not edit.\n\n"
           "An option is set by `outfall_config_set`, by `outfall load --set KEY=VALUE`, in a "
           "URL's query as\n`outfall.KEY=VALUE`, or in the environment: `OUTFALL_BATCH_ROWS` is "
           "`batch.rows`. Where it is given more\nthan once, the last of these wins: its default, "
           "the environment, the program, the URL.\n\n"
           "| option | type | default | range | |\n|---|---|---|---|---|\n");
}

static void print_markdown(const outfall_option *option)
{
    printf("| `%s` | %s | ", option->key, option->type);
    if (option->default_value[0] != '\0')
        printf("`%s`", option->default_value);
    printf(" | %s | %s |\n", option->range, option->doc);
}

static int run(const of_args *args)
{
    bool markdown = of_args_value(args, "markdown") != NULL;
    outfall_option option;

    if (markdown)
        print_markdown_head();
    for (size_t i = 0; i < outfall_option_count(); i++) {
        if (outfall_option_at(i, &option) != OUTFALL_OK)
            return OF_EXIT_DATABASE;
        if (markdown)
            print_markdown(&option);
        else
            print_plain(&option);
    }
    return OF_EXIT_DONE;
}

static const of_arg options[] = {
    {"markdown", NULL, NULL, "As docs/OPTIONS.md."},
    {NULL, NULL, NULL, NULL},
};

const of_command of_options_command = {
    .name = "options",
    .synopsis = "[--markdown]",
    .summary = "Lists the library's options with their defaults.",
    .options = options,
    .notes =
        "Set one with outfall load --set KEY=VALUE, in a URL's query as outfall.KEY=VALUE, or in "
        "the\nenvironment: OUTFALL_BATCH_ROWS is batch.rows.",
    .run = run,
};
