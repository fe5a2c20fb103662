/* SPDX-License-Identifier: Apache-2.0 */
#include "txn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <outfall/outfall.h>

#include "exit.h"
#include "say.h"

#define ROOM_FIRST 256

/* What an action works on. */
typedef struct of_place {
    const of_args *args;
    const char *url;
    const char *id; /* Or NULL. */
} of_place;

static int fail(const outfall_error *error)
{
    of_say("%s", error->message);
    return of_exit_of(error->status);
}

/* ---- list ------------------------------------------------------------------------- */

/* All entries, to be freed; NULL on failure. */
static outfall_txn_entry *read_all(const of_place *place, size_t *count, outfall_error *error)
{
    for (size_t room = ROOM_FIRST;; room = *count + ROOM_FIRST) {
        outfall_txn_entry *entries = calloc(room, sizeof *entries);
        *count = room;
        if (entries == NULL) {
            outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
            return NULL;
        }
        if (outfall_txn_list(place->url, NULL, place->id, entries, count, error) != OUTFALL_OK) {
            free(entries);
            return NULL;
        }
        if (*count <= room)
            return entries;
        free(entries);
    }
}

/* In the unit in which it has two digits or three. */
static void print_age(int64_t age_us)
{
    int64_t seconds = age_us / 1000000;
    if (age_us < 0)
        printf("%8s", "-");
    else if (seconds < 120)
        printf("%7" PRId64 "s", seconds);
    else if (seconds < 7200)
        printf("%7" PRId64 "m", seconds / 60);
    else
        printf("%7" PRId64 "h", seconds / 3600);
}

static void print_table(const outfall_txn_entry *entries, size_t count, bool knows_decisions)
{
    if (count == 0) {
        printf("nothing is prepared\n");
        return;
    }
    printf("%-57s %8s  %-9s %-12s %s\n", "NAME", "AGE", "DECIDED", "OWNER", "BLOCKS");
    for (size_t i = 0; i < count; i++) {
        const outfall_txn_entry *entry = &entries[i];
        printf("%-57s ", entry->name);
        print_age(entry->age_us);
        printf("  %-9s %-12s %s\n",
               !knows_decisions ? "?"
               : entry->decided ? "commit"
                                : "not here",
               entry->owner[0] != '\0' ? entry->owner : "-",
               entry->blocks[0] != '\0' ? entry->blocks : "-");
    }
}

static json_t *to_json(const outfall_txn_entry *entry, bool knows_decisions)
{
    char sink[17];
    snprintf(sink, sizeof sink, "%016" PRIx64, entry->sink);
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:s}", "name", entry->name, "sink", sink,
                  "checkpoint", (json_int_t)entry->checkpoint, "epoch", (json_int_t)entry->epoch,
                  "branch", (json_int_t)entry->branch, "resource", (json_int_t)entry->resource,
                  "owner", entry->owner, "blocks", entry->blocks);
    if (object == NULL)
        return NULL;
    json_object_set_new(object, "age_seconds",
                        entry->age_us < 0 ? json_null() : json_real((double)entry->age_us / 1e6));
    json_object_set_new(object, "decided",
                        knows_decisions ? json_boolean(entry->decided) : json_null());
    return object;
}

static int print_json(const outfall_txn_entry *entries, size_t count, bool knows_decisions)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, to_json(&entries[i], knows_decisions));
    int failed = json_dumpf(list, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(list);
    return failed == 0 ? OF_EXIT_DONE : OF_EXIT_USAGE;
}

static int run_list(const of_place *place)
{
    outfall_error error;
    size_t count;
    outfall_txn_entry *entries = read_all(place, &count, &error);
    int code = OF_EXIT_DONE;
    if (entries == NULL)
        return fail(&error);
    if (of_args_value(place->args, "json") != NULL)
        code = print_json(entries, count, place->id != NULL);
    else
        print_table(entries, count, place->id != NULL);
    free(entries);
    return code;
}

/* ---- commit, rollback, recover ------------------------------------------------------- */

static int run_end(const of_place *place, int commit)
{
    outfall_error error;
    bool force = of_args_value(place->args, "force") != NULL;
    if (place->args->operand_count != 2) {
        of_say("txn %s needs the name of one transaction, as `outfall txn list` tells it",
               place->args->operands[0]);
        return OF_EXIT_USAGE;
    }
    const char *name = place->args->operands[1];
    if (outfall_txn_end(place->url, NULL, place->id, name, commit, force, &error) != OUTFALL_OK)
        return fail(&error);
    printf("%s is %s\n", name, commit ? "committed" : "rolled back");
    return OF_EXIT_DONE;
}

static int run_commit(const of_place *place)
{
    return run_end(place, 1);
}

static int run_rollback(const of_place *place)
{
    return run_end(place, 0);
}

static int run_recover(const of_place *place)
{
    outfall_error error;
    outfall_recovery done = {.struct_size = sizeof done};
    if (place->id == NULL) {
        of_say("txn recover needs --sink ID: the id of the transaction");
        return OF_EXIT_USAGE;
    }
    if (outfall_txn_recover(place->url, of_args_value(place->args, "home"), NULL, place->id, &done,
                            &error) != OUTFALL_OK)
        return fail(&error);
    printf("%" PRIu64 " committed, %" PRIu64 " rolled back\n", done.committed, done.rolled_back);
    return OF_EXIT_DONE;
}

/* ---- The command ------------------------------------------------------------------ */

static const struct {
    const char *name;
    size_t operands;
    int (*run)(const of_place *place);
} actions[] = {
    {"list", 1, run_list},
    {"commit", 2, run_commit},
    {"rollback", 2, run_rollback},
    {"recover", 1, run_recover},
};

static int run(const of_args *args)
{
    const of_place place = {args, of_args_value(args, "to"), of_args_value(args, "sink")};
    if (place.url == NULL) {
        of_say("txn needs --to URL: the database to look into");
        return OF_EXIT_USAGE;
    }
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, args->operands[0]) != 0)
            continue;
        if (args->operand_count > actions[i].operands) {
            of_say("txn %s: %.80s is one argument too many", actions[i].name,
                   args->operands[actions[i].operands]);
            return OF_EXIT_USAGE;
        }
        return actions[i].run(&place);
    }
    of_say("txn %.64s: there are list, commit, rollback and recover", args->operands[0]);
    return OF_EXIT_USAGE;
}

static const of_arg options[] = {
    {"to", "URL", NULL, "The database to look into. Needed."},
    {"sink", "ID", NULL,
     "Only of the transaction of that id; its decisions are looked up in this database's ledger."},
    {"home", "URL", NULL, "With recover: the database that decides, if it is another one."},
    {"json", NULL, NULL, "With list: a JSON array."},
    {"force", NULL, NULL,
     "With commit and rollback: also against the ledger, or without its knowing. Rows may then be "
     "in one database and not in another."},
    {NULL, NULL, NULL, NULL},
};

const of_command of_txn_command = {
    .name = "txn",
    .synopsis = "list|commit|rollback|recover --to URL [--sink ID] [options] [NAME]",
    .summary = "Lists prepared transactions, or ends them as their ledger says.",
    .options = options,
    .operands_min = 1,
    .operands_max = 2,
    .notes = "Exit codes: 0 done; 1 usage, or refused; 2 the database, or no such transaction.",
    .run = run,
};
