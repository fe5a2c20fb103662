/* SPDX-License-Identifier: Apache-2.0 */
#include "completion.h"

#include <stdio.h>
#include <string.h>

#include <outfall/config.h>

#include "exit.h"
#include "say.h"

static const of_command *const *known;

void of_completion_set(const of_command *const *commands)
{
    known = commands;
}

/* "csv|ndjson" as "csv ndjson". */
static void print_words(const char *words)
{
    for (; *words != '\0'; words++)
        putchar(*words == '|' ? ' ' : *words);
}

/* One case per option whose values are known, then one per command. */
static void print_command(const of_command *command)
{
    for (const of_arg *option = command->options; option->name != NULL; option++) {
        if (option->words == NULL)
            continue;
        printf("    %s:--%s)\n        COMPREPLY=($(compgen -W \"", command->name, option->name);
        print_words(option->words);
        printf("\" -- \"$current\"))\n        return ;;\n");
    }
    printf("    %s:*)\n        [[ $current == -* ]] && COMPREPLY=($(compgen -W \"--help",
           command->name);
    for (const of_arg *option = command->options; option->name != NULL; option++)
        printf(" --%s", option->name);
    printf("\" -- \"$current\"))\n        return ;;\n");
}

static void print_set(void)
{
    outfall_option option;

    printf("    load:--set)\n        COMPREPLY=($(compgen -S = -W \"");
    for (size_t i = 0; i < outfall_option_count(); i++) {
        if (outfall_option_at(i, &option) == OUTFALL_OK)
            printf("%s%s", i > 0 ? " " : "", option.key);
    }
    printf("\" -- \"$current\"))\n        compopt -o nospace\n        return ;;\n");
}

static int run(const of_args *args)
{
    if (strcmp(args->operands[0], "bash") != 0) {
        of_say("completion is made for bash only: outfall completion bash");
        return OF_EXIT_USAGE;
    }
    printf("_outfall() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    COMPREPLY=()\n"
           "    if ((COMP_CWORD == 1)); then\n"
           "        COMPREPLY=($(compgen -W \"--help --version");
    for (size_t i = 0; known[i] != NULL; i++)
        printf(" %s", known[i]->name);
    printf("\" -- \"$current\"))\n        return\n    fi\n"
           "    case ${COMP_WORDS[1]}:$previous in\n");
    print_set();
    for (size_t i = 0; known[i] != NULL; i++)
        print_command(known[i]);
    printf("    esac\n}\ncomplete -o default -F _outfall outfall\n");
    return OF_EXIT_DONE;
}

static const of_arg options[] = {{NULL, NULL, NULL, NULL}};

const of_command of_completion_command = {
    .name = "completion",
    .synopsis = "bash",
    .summary = "Prints a completion script: source <(outfall completion bash).",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
