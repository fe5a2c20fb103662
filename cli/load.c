/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <outfall/outfall.h>

#include "columns.h"
#include "deadletter.h"
#include "delivery.h"
#include "exit.h"
#include "input.h"
#include "origin.h"
#include "progress.h"
#include "report.h"
#include "say.h"
#include "stop.h"

enum {
    BLOCK_ROWS = 256,
    SAMPLE_ROWS_DEFAULT = 1000,
    SAMPLE_ROWS_MAX = 1000000,
    SAMPLE_BYTES_MAX = 8 * 1024 * 1024,
    WAIT_MS = 200,
    LEDGER_FILES_MAX = 32768 /* The ledger holds 63 bits of an offset: 15 for the file. */
};

typedef struct of_load {
    const of_args *args;
    const char *url;
    const char *table;
    const char *source_id;   /* NULL: at-least-once. */
    const char *kind_column; /* NULL: every row is an insert. */
    bool create;
    enum of_format format;
    size_t sample_rows;
    outfall_config *config;
    outfall_schema *given; /* --schema */
    outfall_schema *schema;
    of_input *input;
    of_deadletters *letters;
    of_progress progress;
    of_delivery *delivery;
    of_rows rows;
    size_t record_bytes_max;
    bool unbound; /* A signal came before the source was known for the right one: no row may go. */
    bool input_failed; /* Else what fails once rows flow is the database, or the dead letters. */
} of_load;

static int usage(outfall_error *error, const char *format, ...) OUTFALL_PRINTF(2, 3);

static int usage(outfall_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status =
        outfall_error_vset(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- Options ---------------------------------------------------------------------- */

static bool has_suffix(const char *path, const char *suffix)
{
    size_t length = strlen(path), end = strlen(suffix);
    return length >= end && strcmp(path + length - end, suffix) == 0;
}

static enum of_format choose_format(const of_args *args)
{
    const char *format = of_args_value(args, "format");
    const char *path = args->operands[0];

    if (format != NULL)
        return strcmp(format, "csv") == 0 ? OF_FORMAT_CSV : OF_FORMAT_NDJSON;
    return has_suffix(path, ".ndjson") || has_suffix(path, ".jsonl") || has_suffix(path, ".json")
               ? OF_FORMAT_NDJSON
               : OF_FORMAT_CSV;
}

static int set_pair(outfall_config *config, const char *pair, outfall_error *error)
{
    char key[64];
    const char *equals = strchr(pair, '=');

    if (equals == NULL || (size_t)(equals - pair) >= sizeof key)
        return usage(error, "--set takes KEY=VALUE, such as --set batch.rows=1000");
    snprintf(key, sizeof key, "%.*s", (int)(equals - pair), pair);
    return outfall_config_set(config, key, equals + 1, error);
}

/* The library's option that this one sets, or NULL. */
static const char *library_key(const of_arg *option)
{
    static const struct {
        const char *name, *key;
    } keys[] = {{"mode", "mode"},
                {"key", "key"},
                {"update", "update.columns"},
                {"batch-rows", "batch.rows"},
                {"linger-ms", "linger.ms"},
                {"delivery", "delivery"},
                {"dead-letter-table", "deadletter.table"}};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].name, option->name) == 0)
            return keys[i].key;
    }
    return NULL;
}

/* Options in the order in which they were given: the last one wins. */
static int configure(of_load *load, outfall_error *error)
{
    int status = outfall_config_new(&load->config, error);

    /* Short waits in the library, so that signals and dead letters are seen to in between. */
    if (status == OUTFALL_OK)
        status = outfall_config_set(load->config, "buffer.block.ms", "100", error);
    if (status == OUTFALL_OK && load->create)
        status = outfall_config_set(load->config, "create", "if-missing", error);
    for (size_t i = 0; i < load->args->given_count && status == OUTFALL_OK; i++) {
        const struct of_given *given = &load->args->given[i];
        const char *key = library_key(given->option);
        if (key != NULL)
            status = outfall_config_set(load->config, key, given->value, error);
        else if (strcmp(given->option->name, "set") == 0)
            status = set_pair(load->config, given->value, error);
    }
    /* The URL has the last word, so what is read from here on is what the sink will have. */
    if (status == OUTFALL_OK)
        status = outfall_config_set_url(load->config, load->url, error);
    return status;
}

/* The ledger knows a source by its name, and that only. */
static int check_source(of_load *load, outfall_error *error)
{
    char delivery[16];
    int status = outfall_config_get(load->config, "delivery", delivery, sizeof delivery, error);

    if (status != OUTFALL_OK)
        return status;
    bool exactly_once = strcmp(delivery, "exactly-once") == 0;
    load->source_id = of_args_value(load->args, "source-id");
    if (exactly_once && load->source_id == NULL)
        return usage(error,
                     "--delivery exactly-once needs --source-id ID: by it a load that is run "
                     "again knows what it has loaded");
    if (exactly_once && load->args->operand_count > LEDGER_FILES_MAX)
        return usage(error, "at most %d files go into one load with --delivery exactly-once",
                     LEDGER_FILES_MAX);
    if (!exactly_once && load->source_id != NULL)
        return usage(error, "--source-id goes with --delivery exactly-once");
    return OUTFALL_OK;
}

/* What goes with some modes only; the mode may have come by any way. */
static int check_mode(of_load *load, outfall_error *error)
{
    char mode[16];
    int status = outfall_config_get(load->config, "mode", mode, sizeof mode, error);

    if (status != OUTFALL_OK)
        return status;
    bool insert = strcmp(mode, "insert") == 0, upsert = strcmp(mode, "upsert") == 0;
    if (load->kind_column != NULL && !upsert && strcmp(mode, "replace") != 0)
        return usage(error, "--kind-column goes with --mode upsert or --mode replace: updates and "
                            "deletes find their row by its key");
    if (of_args_value(load->args, "update") != NULL && !upsert)
        return usage(error, "--update goes with --mode upsert: it names what is updated");
    status = check_source(load, error);
    if (status != OUTFALL_OK)
        return status;
    if (of_args_value(load->args, "key") != NULL && insert && !load->create)
        return usage(error, "--key goes with --mode upsert, replace or ignore, or with --create");
    return OUTFALL_OK;
}

static int read_options(of_load *load, outfall_error *error)
{
    const of_args *args = load->args;
    const char *schema = of_args_value(args, "schema");
    const char *progress = of_args_value(args, "progress");
    unsigned long sample_rows;

    load->url = of_args_value(args, "to");
    load->table = of_args_value(args, "table");
    load->kind_column = of_args_value(args, "kind-column");
    load->create = of_args_value(args, "create") != NULL;
    load->format = choose_format(args);
    if (load->url == NULL || load->table == NULL)
        return usage(error, "--%s is needed; usage: outfall load %s",
                     load->url == NULL ? "to URL" : "table TABLE", args->command->synopsis);
    if (schema != NULL && !load->create)
        return usage(error, "--schema says how to create the table: it goes with --create");
    if (!of_args_number(args, "sample-rows", SAMPLE_ROWS_MAX, SAMPLE_ROWS_DEFAULT, &sample_rows) ||
        sample_rows == 0)
        return usage(error, "--sample-rows takes a number from 1 to %d", (int)SAMPLE_ROWS_MAX);
    load->sample_rows = sample_rows;
    (void)of_progress_start(&load->progress, progress != NULL ? progress : "auto");
    int status = outfall_schema_new(&load->given, error);
    if (status == OUTFALL_OK && schema != NULL)
        status = outfall_schema_parse(load->given, schema, error);
    if (status == OUTFALL_OK)
        status = configure(load, error);
    return status == OUTFALL_OK ? check_mode(load, error) : status;
}

/* The text of a row may be larger than the row: twice leaves room for quotes and escapes. */
static int bound_records(of_load *load, outfall_error *error)
{
    char text[32];
    int status = outfall_config_get(load->config, "row.bytes.max", text, sizeof text, error);
    if (status == OUTFALL_OK)
        load->record_bytes_max = (size_t)strtoull(text, NULL, 10) * 2;
    return status;
}

static int open_files(of_load *load, outfall_error *error)
{
    int status = bound_records(load, error);

    if (status == OUTFALL_OK)
        status = of_input_open(load->format, load->args->operands, load->args->operand_count,
                               load->record_bytes_max, &load->input, error);
    if (status == OUTFALL_OK && load->kind_column != NULL)
        of_input_kind_column(load->input, load->kind_column);
    if (status == OUTFALL_OK && load->source_id != NULL)
        status =
            of_origin_keep(load->args->operands, load->args->operand_count, load->input, error);
    if (status == OUTFALL_OK)
        status = of_deadletters_open(of_args_value(load->args, "dead-letter"), load->args->operands,
                                     load->args->operand_count, &load->letters, error);
    return status;
}

/* ---- Waiting ---------------------------------------------------------------------- */

/*
 * Waits until the input can be read, or a signal comes. What has been read goes to the sink first:
 * rows from a slow pipe shall not wait for the ones behind them.
 */
static int wait_for_input(of_load *load, outfall_error *error)
{
    struct pollfd waits[3] = {
        {.fd = of_input_descriptor(load->input), .events = POLLIN},
        {.fd = of_stop_descriptor(), .events = POLLIN},
        {.fd = load->delivery != NULL ? of_delivery_descriptor(load->delivery) : -1,
         .events = POLLIN},
    };
    int timeout_ms = 0; /* The first look does not wait: files are always ready. */
    int status = OUTFALL_OK;

    while (status == OUTFALL_OK && of_stop_signal() == 0) {
        int ready = poll(waits, 3, timeout_ms);
        if (ready < 0 && errno != EINTR)
            return usage(error, "cannot wait for input: %s", strerror(errno));
        if (ready > 0 && waits[0].revents != 0)
            return OUTFALL_OK;
        if (load->delivery == NULL) {
            timeout_ms = WAIT_MS;
            continue;
        }
        status = timeout_ms == 0 ? of_delivery_rows(load->delivery, &load->rows, error)
                                 : of_delivery_tick(load->delivery, error);
        timeout_ms = WAIT_MS;
    }
    return status;
}

/* ---- Columns ---------------------------------------------------------------------- */

static bool sampled_enough(const of_load *load, size_t sampled)
{
    if (of_input_has_columns(load->input) &&
        (!load->create ||
         outfall_schema_count(load->given) >= of_input_columns(load->input)->count))
        return true;
    return sampled >= load->sample_rows || of_input_sampled_bytes(load->input) >= SAMPLE_BYTES_MAX;
}

/* Reads the header, and as many rows as it takes to know the columns and their types. */
static int sample(of_load *load, outfall_error *error)
{
    size_t sampled = 0;
    int status = OUTFALL_OK;

    while (status == OUTFALL_OK && !sampled_enough(load, sampled)) {
        enum of_input_step step = of_input_sample(load->input, error);
        if (step == OF_INPUT_END)
            break;
        if (step == OF_INPUT_FAILED)
            return error->status;
        sampled += step == OF_INPUT_ROW || step == OF_INPUT_REJECTED;
        if (step != OF_INPUT_EMPTY)
            continue;
        status = wait_for_input(load, error);
        if (of_stop_signal() != 0)
            break;
        if (status == OUTFALL_OK)
            status = of_input_fill(load->input, error);
    }
    if (status == OUTFALL_OK)
        of_input_begin(load->input);
    return status;
}

static int make_schema(of_load *load, outfall_error *error)
{
    const of_columns from = {.input = load->input,
                             .given = load->given,
                             .kind_column = load->kind_column,
                             .format = load->format,
                             .create = load->create};
    return of_columns_schema(&from, &load->schema, error);
}

/* ---- The load --------------------------------------------------------------------- */

/* Where a table or a file is missing: what the command has for it, not what a program would do. */
static void add_hint(const of_load *load, outfall_error *error)
{
    static const char *const advices[] = {"; create it, or set create=if-missing",
                                          ", or set create=if-missing to have it made"};
    char *advice = NULL;
    for (size_t i = 0; i < sizeof advices / sizeof advices[0] && advice == NULL; i++)
        advice = strstr(error->message, advices[i]);
    if (advice == NULL && strstr(error->message, "no table ") != NULL)
        advice = error->message + strlen(error->message);
    if (advice != NULL && !load->create)
        snprintf(advice, sizeof error->message - (size_t)(advice - error->message), "%s",
                 "; --create makes it");
}

/* Closes what no row was given to. */
static void close_delivery(of_load *load)
{
    of_delivered nothing;
    outfall_error later;

    if (load->delivery != NULL)
        (void)of_delivery_close(load->delivery, &nothing, &later);
    load->delivery = NULL;
}

static int open_delivery(of_load *load, outfall_error *error)
{
    int status =
        of_delivery_open(load->url, load->table, load->schema, load->config, load->source_id,
                         load->input, load->letters, &load->progress, &load->delivery, error);

    if (status != OUTFALL_OK) {
        add_hint(load, error);
        return status;
    }
    status = of_rows_init(&load->rows, of_input_columns(load->input)->count, BLOCK_ROWS,
                          load->record_bytes_max, error);
    if (status == OUTFALL_OK && load->kind_column != NULL)
        status = of_rows_add_kinds(&load->rows, error);
    return status;
}

/* Waits for more input and reads it. False: a signal came, or *status says what failed. */
static bool read_more(of_load *load, int *status, outfall_error *error)
{
    *status = wait_for_input(load, error);
    if (*status != OUTFALL_OK || of_stop_signal() != 0)
        return false;
    *status = of_input_fill(load->input, error);
    load->input_failed = *status != OUTFALL_OK;
    return !load->input_failed;
}

/* ---- The source ------------------------------------------------------------------- */

static of_origin origin_of(const of_load *load)
{
    return (of_origin){.paths = load->args->operands,
                       .count = load->args->operand_count,
                       .input = load->input,
                       .delivery = load->delivery};
}

/* Binds the source id to the files, unless a signal comes while a pipe is waited for. */
static int bind_source(of_load *load, outfall_error *error)
{
    of_origin origin = origin_of(load);
    int status = OUTFALL_OK;

    while (of_origin_needs_more(&origin)) {
        load->unbound = !read_more(load, &status, error);
        if (load->unbound)
            return status;
    }
    status = of_origin_bind(&origin, error);
    load->input_failed = origin.input_failed;
    return status;
}

static int check_end(of_load *load, outfall_error *error)
{
    const of_origin origin = origin_of(load);
    int status = load->source_id != NULL ? of_origin_check_end(&origin, error) : OUTFALL_OK;
    load->input_failed = status != OUTFALL_OK;
    return status;
}

/* ---- Rows ------------------------------------------------------------------------- */

/* The rows before it go first, so that rejections come in the order of the lines. */
static int reject(of_load *load, const of_rejection *rejection, outfall_error *error)
{
    outfall_error later;
    int status = of_delivery_rows(load->delivery, &load->rows, error);
    int kept;

    if (of_delivery_has(load->delivery, of_input_last(load->input)))
        return status;

    of_progress_erase(&load->progress);
    kept = of_deadletters_add(load->letters, rejection, status == OUTFALL_OK ? error : &later);
    return status == OUTFALL_OK ? kept : status;
}

/* Reads to the end, or until a signal comes and what is in memory has been used up. */
static int stream(of_load *load, outfall_error *error)
{
    of_rejection rejection;
    int status = OUTFALL_OK;

    while (status == OUTFALL_OK) {
        switch (of_input_next(load->input, &load->rows, &rejection, error)) {
        case OF_INPUT_ROW:
            if (of_rows_full(&load->rows))
                status = of_delivery_rows(load->delivery, &load->rows, error);
            break;
        case OF_INPUT_REJECTED:
            status = reject(load, &rejection, error);
            break;
        case OF_INPUT_EMPTY:
            if (!read_more(load, &status, error))
                return status;
            break;
        case OF_INPUT_END:
            return check_end(load, error);
        case OF_INPUT_FAILED:
            load->input_failed = true;
            return error->status;
        }
    }
    return status;
}

/* Delivers what was read, also where reading has failed, and closes. */
static int finish(of_load *load, int status, of_delivered *delivered, outfall_error *error)
{
    outfall_error later;
    int last = of_delivery_rows(load->delivery, &load->rows, status == OUTFALL_OK ? error : &later);
    status = status == OUTFALL_OK ? last : status;
    last = of_delivery_close(load->delivery, delivered, status == OUTFALL_OK ? error : &later);
    load->delivery = NULL;
    return status == OUTFALL_OK ? last : status;
}

static int load_rows(of_load *load, outfall_error *error)
{
    of_delivered delivered = {0};
    int status = finish(load, load->unbound ? OUTFALL_OK : stream(load, error), &delivered, error);
    if (status != OUTFALL_OK)
        of_say("%s", error->message);
    if (status != OUTFALL_OK || of_stop_signal() != 0)
        of_report_place(load->input, &delivered);
    uint64_t rejected = of_deadletters_count(load->letters) + delivered.recorded;
    const of_report report = {.table = load->table,
                              .source_id = load->source_id,
                              .changes = load->kind_column != NULL,
                              .started_us = load->progress.started_us,
                              .complete = status == OUTFALL_OK && of_stop_signal() == 0,
                              .rejected = rejected};
    of_report_summary(&report, &delivered);
    if (status != OUTFALL_OK)
        return load->input_failed ? OF_EXIT_USAGE : OF_EXIT_DATABASE;
    if (of_stop_signal() != 0)
        return 128 + of_stop_signal();
    return rejected > 0 ? OF_EXIT_REJECTED : OF_EXIT_DONE;
}

/* All that comes before the first row; returns the exit code. */
static int prepare_and_load(of_load *load, outfall_error *error)
{
    int status = read_options(load, error);

    if (status == OUTFALL_OK)
        status = open_files(load, error);
    if (status == OUTFALL_OK)
        status = sample(load, error);
    if (status == OUTFALL_OK && of_stop_signal() != 0 &&
        of_input_columns(load->input)->count == 0) {
        of_say("interrupted before the first row");
        return 128 + of_stop_signal();
    }
    if (status == OUTFALL_OK)
        status = make_schema(load, error);
    if (status != OUTFALL_OK) {
        of_say("%s", error->message);
        return OF_EXIT_USAGE;
    }
    status = open_delivery(load, error);
    if (status == OUTFALL_OK && load->source_id != NULL)
        status = bind_source(load, error);
    if (status != OUTFALL_OK) {
        of_say("%s", error->message);
        close_delivery(load);
        return load->input_failed ? OF_EXIT_USAGE : of_exit_of(status);
    }
    return load_rows(load, error);
}

static int run(const of_args *args)
{
    of_load load = {.args = args};
    outfall_error error = {.status = OUTFALL_OK};
    if (of_stop_install() != 0) {
        of_say("cannot handle signals: %s", strerror(errno));
        return OF_EXIT_USAGE;
    }
    int code = prepare_and_load(&load, &error);
    if (of_deadletters_close(load.letters, &error) != OUTFALL_OK) {
        of_say("%s", error.message);
        code = code == OF_EXIT_REJECTED ? OF_EXIT_DATABASE : code;
    }
    of_rows_free(&load.rows);
    of_input_close(load.input);
    outfall_schema_free(load.schema);
    outfall_schema_free(load.given);
    outfall_config_free(load.config);
    return code;
}

static const of_arg options[] = {
    {"to", "URL", NULL,
     "The database: sqlite:PATH, postgresql://user@host/db, mysql://user@host/db, odbc:DSN=NAME, "
     "null:. Needed."},
    {"table", "TABLE", NULL, "The table, as name or schema.name. Needed."},
    {"create", NULL, NULL,
     "Create the table if it is not there; types are inferred from the first rows."},
    {"schema", "'NAME TYPE, …'", NULL,
     "With --create: the types of these columns, such as 'id int64 not null primary key, "
     "price decimal(10,2)'."},
    {"mode", "insert|upsert|replace|ignore", "insert|upsert|replace|ignore",
     "What becomes of a row whose key is in the table: an error (insert, the default), an update "
     "of the columns in the file (upsert) or of the whole row (replace), or nothing (ignore)."},
    {"key", "A,B", NULL,
     "The columns that identify a row; else the table's primary key. With --create they become "
     "it."},
    {"update", "A,B", NULL, "The columns that --mode upsert updates; else all but the key."},
    {"kind-column", "COLUMN", NULL,
     "The column of the file that says of each row insert, update or delete; with --mode upsert "
     "or replace."},
    {"format", "csv|ndjson", "csv|ndjson",
     "The files' format. Without it, ndjson where the first file ends in .ndjson, .jsonl or "
     ".json, else csv."},
    {"delivery", "at-least-once|exactly-once", "at-least-once|exactly-once",
     "Whether a row may be loaded twice where a connection breaks or a load is run again; "
     "exactly-once keeps a ledger beside the table."},
    {"source-id", "ID", NULL,
     "With --delivery exactly-once: the name of these files. A load of the same name goes on where "
     "the last one stopped."},
    {"dead-letter", "FILE", NULL, "Append rejected rows to FILE as JSON lines."},
    {"dead-letter-table", "TABLE", NULL,
     "Write rows that the database refuses to this table, in one transaction with the others; it "
     "is made if it is not there. Rows that do not get as far are rejected as without it."},
    {"batch-rows", "N", NULL, "Rows in a batch, and so in a transaction (--set batch.rows=N)."},
    {"linger-ms", "N", NULL, "How long a row waits for its batch to fill (--set linger.ms=N)."},
    {"set", "KEY=VALUE", NULL, "Set an option of the library; outfall options lists them."},
    {"progress", "auto|never|json", "auto|never|json",
     "Progress on standard error: a line on a terminal (auto), or a JSON object a second."},
    {"sample-rows", "N", NULL, "Rows from which columns and types are inferred; 1000."},
    {NULL, NULL, NULL, NULL},
};

const of_command of_load_command = {
    .name = "load",
    .synopsis = "--to URL --table TABLE [options] FILE…|-",
    .summary = "Loads files into a table. - is standard input.",
    .options = options,
    .operands_min = 1,
    .operands_max = (size_t)-1,
    .notes = "Exit codes: 0 all rows are loaded; 1 usage, or a file that cannot be read; 2 the\n"
             "database; 3 some rows were rejected, the others are loaded; 130 or 143 interrupted.",
    .run = run,
};
