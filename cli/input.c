/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <outfall/encoding.h>

#include "csvlines.h"
#include "ndjson.h"
#include "source.h"

enum { FILE_SHIFT = 48, FILES_MAX = 65536, KIND_BITS = 2 };

struct of_input {
    enum of_format format;
    const char *const *paths; /* Borrowed. */
    size_t count;
    size_t index; /* Of the file that is being read. */
    size_t record_bytes_max;
    of_source *source; /* NULL between files. */
    of_csv *csv;
    of_ndjson *ndjson;
    const char *kind_column; /* Borrowed; NULL: none. */
    size_t kind_field;       /* Which field of this file's records it is. */
    bool has_header;         /* Of this file. */
    bool learnt;             /* The columns are known: later headers are compared with them. */
    of_names columns;
    of_infer *samples;
    of_rows scratch;       /* A header, or a sample: one row. */
    size_t *map;           /* Where field i of this file's CSV rows goes. */
    bool in_order;         /* It is the identity. */
    outfall_value *fields; /* One row, while it is put in order. */
    uint64_t bytes;        /* Of the files that are done. */
    uint64_t last;
    char name[512]; /* Of the current file, for rejections. */
};

static int no_memory(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
}

/* ---- Opening ---------------------------------------------------------------------- */

/* What is certain to fail shall fail before the first row is loaded. */
static int check_files(const of_input *input, outfall_error *error)
{
    char name[512];
    struct stat info;

    if (input->count > FILES_MAX)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "%zu files; at most %d can be loaded at once", input->count,
                                 (int)FILES_MAX);
    for (size_t i = 0; i < input->count; i++) {
        const char *path = input->paths[i];
        if (strcmp(path, "-") == 0)
            continue;
        of_source_display(path, name, sizeof name);
        if (stat(path, &info) != 0 || access(path, R_OK) != 0)
            return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                     "cannot open %s: %s%s", name, strerror(errno),
                                     of_source_is_url(path) ? " (a URL goes after --to)" : "");
        if (S_ISDIR(info.st_mode))
            return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                     "cannot read %s: it is a directory; name the files in it",
                                     name);
    }
    return OUTFALL_OK;
}

static int open_source(of_input *input, outfall_error *error)
{
    int status = of_source_open(input->paths[input->index], input->record_bytes_max,
                                input->format == OF_FORMAT_CSV, &input->source, error);
    if (status != OUTFALL_OK)
        return status;
    snprintf(input->name, sizeof input->name, "%s", of_source_name(input->source));
    input->has_header = false;
    input->kind_field = OF_ROWS_NO_KIND;
    of_rows_drop(&input->scratch);
    of_rows_clear(&input->scratch);
    input->scratch.columns = OF_COLUMNS_MAX;
    input->scratch.kind_field = OF_ROWS_NO_KIND;
    return OUTFALL_OK;
}

static int open_parser(of_input *input, outfall_error *error)
{
    if (input->format == OF_FORMAT_NDJSON)
        return of_ndjson_open(input->record_bytes_max, &input->ndjson, error);
    return of_csv_open(input->record_bytes_max, &input->csv, error);
}

int of_input_open(enum of_format format, const char *const *paths, size_t count,
                  size_t record_bytes_max, of_input **out, outfall_error *error)
{
    of_input *input = calloc(1, sizeof *input);
    int status;

    *out = NULL;
    if (input == NULL)
        return no_memory(error);
    input->format = format;
    input->paths = paths;
    input->count = count;
    input->record_bytes_max = record_bytes_max;
    input->samples = calloc(OF_COLUMNS_MAX, sizeof input->samples[0]);
    input->map = calloc(OF_COLUMNS_MAX, sizeof input->map[0]);
    input->fields = calloc(OF_COLUMNS_MAX, sizeof input->fields[0]);
    status = input->samples != NULL && input->map != NULL && input->fields != NULL
                 ? check_files(input, error)
                 : no_memory(error);
    if (status == OUTFALL_OK)
        status = of_rows_init(&input->scratch, OF_COLUMNS_MAX, 1, record_bytes_max, error);
    if (status == OUTFALL_OK)
        status = open_parser(input, error);
    if (status == OUTFALL_OK)
        status = open_source(input, error);
    if (status == OUTFALL_OK) {
        of_source_keep(input->source);
        *out = input;
        input = NULL;
    }
    of_input_close(input);
    return status;
}

void of_input_kind_column(of_input *input, const char *name)
{
    input->kind_column = name;
    if (input->csv != NULL)
        of_csv_kind_column(input->csv, name);
    else
        of_ndjson_kind_key(input->ndjson, name);
}

void of_input_require(of_input *input, const uint8_t *required)
{
    if (input->ndjson != NULL)
        of_ndjson_require(input->ndjson, required);
}

void of_input_close(of_input *input)
{
    if (input == NULL)
        return;
    of_source_close(input->source);
    of_csv_close(input->csv);
    of_ndjson_close(input->ndjson);
    of_names_clear(&input->columns);
    of_rows_free(&input->scratch);
    free(input->samples);
    free(input->map);
    free(input->fields);
    free(input);
}

/* ---- Headers ---------------------------------------------------------------------- */

static int header_error(const of_input *input, outfall_error *error, const char *format, ...)
    OUTFALL_PRINTF(3, 4);

static int header_error(const of_input *input, outfall_error *error, const char *format, ...)
{
    char what[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP, "header of %s: %s",
                             input->name, what);
}

static int check_name(const of_input *input, size_t field, const outfall_value *value,
                      outfall_error *error)
{
    const char *name = value->as.data;

    if (value->type == OUTFALL_TYPE_NULL || value->length == 0)
        return header_error(input, error, "column %zu has no name: give it one", field + 1);
    if (memchr(name, '\0', value->length) != NULL || !outfall_utf8_valid(name, value->length))
        return header_error(input, error,
                            "the name of column %zu is not UTF-8 text: convert the file to UTF-8",
                            field + 1);
    if (value->length >= OUTFALL_COLUMN_NAME_MAX)
        return header_error(input, error, "the name of column %zu is longer than %d bytes",
                            field + 1, OUTFALL_COLUMN_NAME_MAX - 1);
    for (size_t i = 0; i < field; i++) {
        const outfall_value *other = &input->scratch.values[i];
        if (other->length == value->length && memcmp(other->as.data, name, value->length) == 0)
            return header_error(input, error,
                                "columns %zu and %zu are both called \"%.*s\": rename one", i + 1,
                                field + 1, (int)value->length, name);
    }
    return OUTFALL_OK;
}

/* Takes the kind column out of the names in the scratch row. */
static int take_kind_column(of_input *input, outfall_error *error)
{
    of_rows *header = &input->scratch;
    const char *name = input->kind_column;
    size_t field = 0;

    if (name == NULL)
        return OUTFALL_OK;
    while (field < header->columns &&
           (header->values[field].length != strlen(name) ||
            memcmp(header->values[field].as.data, name, strlen(name)) != 0))
        field++;
    if (field == header->columns)
        return header_error(input, error, "no column \"%s\", which --kind-column names", name);
    if (header->columns == 1)
        return header_error(input, error, "no column besides \"%s\", the kinds of rows", name);
    header->columns--;
    memmove(&header->values[field], &header->values[field + 1],
            (header->columns - field) * sizeof header->values[0]);
    input->kind_field = field;
    return OUTFALL_OK;
}

static int add_names(of_input *input, outfall_error *error)
{
    for (size_t i = 0; i < input->scratch.columns; i++) {
        const outfall_value *value = &input->scratch.values[i];
        if (of_names_add(&input->columns, value->as.data, value->length) != 0)
            return no_memory(error);
    }
    return OUTFALL_OK;
}

/* The names in the scratch row, distinct by now, against those of the first file. */
static int map_names(of_input *input, outfall_error *error)
{
    const of_rows *header = &input->scratch;
    char first[512];

    of_source_display(input->paths[0], first, sizeof first);
    input->in_order = true;
    for (size_t i = 0; i < header->columns; i++) {
        const outfall_value *value = &header->values[i];
        size_t column = of_names_find(&input->columns, value->as.data, value->length, i);
        if (column == input->columns.count)
            return header_error(input, error, "%s has no column \"%.*s\"; load it on its own",
                                first, (int)value->length, (const char *)value->as.data);
        input->map[i] = column;
        input->in_order = input->in_order && column == i;
    }
    if (header->columns != input->columns.count)
        return header_error(input, error, "%zu of the %zu columns of %s; load it on its own",
                            header->columns, input->columns.count, first);
    return OUTFALL_OK;
}

static int take_header(of_input *input, outfall_error *error)
{
    of_rows *header = &input->scratch;
    int status = OUTFALL_OK;

    for (size_t i = 0; i < header->columns && status == OUTFALL_OK; i++)
        status = check_name(input, i, &header->values[i], error);
    if (status == OUTFALL_OK)
        status = take_kind_column(input, error);
    if (status == OUTFALL_OK && !input->learnt)
        status = add_names(input, error);
    if (status == OUTFALL_OK)
        status = map_names(input, error);
    of_rows_clear(header);
    header->kind_field = input->kind_field;
    if (status == OUTFALL_OK && !input->learnt)
        of_source_keep(input->source); /* What is read twice starts after the header. */
    input->has_header = status == OUTFALL_OK;
    input->learnt = input->learnt || input->has_header;
    return status;
}

/* OF_INPUT_ROW: the header is there. */
static enum of_input_step read_header(of_input *input, outfall_error *error)
{
    of_rejection rejection;
    of_line line;
    enum of_record record = OF_RECORD_NONE;

    while (record == OF_RECORD_NONE) {
        enum of_source_step step = of_source_line(input->source, &line);
        if (step == OF_SOURCE_EMPTY)
            break;
        record = step == OF_SOURCE_LINE
                     ? of_csv_feed_header(input->csv, &line, &input->scratch, &rejection)
                     : of_csv_end(input->csv, &input->scratch, &rejection);
        if (step == OF_SOURCE_END && record == OF_RECORD_NONE) {
            (void)header_error(input, error, "the file is empty; a line of column names is needed");
            return OF_INPUT_FAILED;
        }
    }
    if (record == OF_RECORD_NONE)
        return OF_INPUT_EMPTY;
    if (record == OF_RECORD_REJECTED)
        (void)header_error(input, error, "%s", rejection.reason);
    else if (record == OF_RECORD_FAILED)
        (void)no_memory(error);
    return record == OF_RECORD_ROW && take_header(input, error) == OUTFALL_OK ? OF_INPUT_ROW
                                                                              : OF_INPUT_FAILED;
}

/* ---- Rows ------------------------------------------------------------------------- */

static enum of_input_step step_of(enum of_record record, outfall_error *error)
{
    if (record == OF_RECORD_FAILED)
        (void)no_memory(error);
    return record == OF_RECORD_ROW        ? OF_INPUT_ROW
           : record == OF_RECORD_REJECTED ? OF_INPUT_REJECTED
                                          : OF_INPUT_FAILED;
}

/* The next record of the current file; OF_INPUT_END at its end. */
static enum of_input_step read_record(of_input *input, of_rows *rows, of_rejection *rejection,
                                      outfall_error *error)
{
    enum of_record record = OF_RECORD_NONE;
    of_line line;

    while (record == OF_RECORD_NONE) {
        enum of_source_step step = of_source_line(input->source, &line);
        if (step == OF_SOURCE_EMPTY)
            return OF_INPUT_EMPTY;
        if (step == OF_SOURCE_LINE && input->csv != NULL)
            record = of_csv_feed(input->csv, &line, rows, rejection);
        else if (step == OF_SOURCE_LINE)
            record = of_ndjson_feed(input->ndjson, &line, &input->columns, rows, rejection);
        else if (input->csv != NULL)
            record = of_csv_end(input->csv, rows, rejection);
        if (step == OF_SOURCE_END && record == OF_RECORD_NONE)
            return OF_INPUT_END;
    }
    return step_of(record, error);
}

static void put_in_order(of_input *input, of_rows *rows)
{
    outfall_value *row = &rows->values[(rows->count - 1) * rows->columns];

    memcpy(input->fields, row, rows->columns * sizeof row[0]);
    for (size_t i = 0; i < rows->columns; i++)
        row[input->map[i]] = input->fields[i];
}

/* Goes to the next file; OF_INPUT_END where there is none. */
static enum of_input_step next_file(of_input *input, outfall_error *error)
{
    input->bytes += of_source_bytes(input->source);
    of_source_close(input->source);
    input->source = NULL;
    if (input->index + 1 == input->count)
        return OF_INPUT_END;
    input->index++;
    return open_source(input, error) == OUTFALL_OK ? OF_INPUT_ROW : OF_INPUT_FAILED;
}

static uint64_t offset_of(const of_input *input, uint64_t line)
{
    return (uint64_t)input->index << FILE_SHIFT | line << KIND_BITS;
}

enum of_input_step of_input_next(of_input *input, of_rows *rows, of_rejection *rejection,
                                 outfall_error *error)
{
    enum of_input_step step = OF_INPUT_END;

    while (input->source != NULL) {
        if (input->csv != NULL && !input->has_header) {
            step = read_header(input, error);
            if (step != OF_INPUT_ROW)
                return step;
        }
        rows->kind_field = input->kind_field;
        step = read_record(input, rows, rejection, error);
        if (step != OF_INPUT_END)
            break;
        step = next_file(input, error);
        if (step != OF_INPUT_ROW)
            return step;
    }
    if (step == OF_INPUT_ROW) {
        size_t row = rows->count - 1;
        input->last = offset_of(input, rows->offsets[row]);
        rows->offsets[row] = input->last | (rows->kinds != NULL ? rows->kinds[row] : 0);
        if (!input->in_order && input->csv != NULL)
            put_in_order(input, rows);
    } else if (step == OF_INPUT_REJECTED) {
        input->last = offset_of(input, rejection->line);
        rejection->file = input->name;
    }
    return step;
}

/* ---- Sampling --------------------------------------------------------------------- */

static enum of_input_step sample_csv(of_input *input, outfall_error *error)
{
    of_rejection rejection;
    enum of_input_step step;

    if (!input->has_header) {
        step = read_header(input, error);
        if (step != OF_INPUT_ROW)
            return step;
    }
    step = read_record(input, &input->scratch, &rejection, error);
    for (size_t i = 0; step == OF_INPUT_ROW && i < input->columns.count; i++)
        of_infer_add(&input->samples[i], &input->scratch.values[i]);
    if (step == OF_INPUT_ROW)
        of_rows_clear(&input->scratch);
    return step;
}

/* An empty file says nothing: the columns are learnt from the next one. */
static enum of_input_step sample_ndjson(of_input *input, outfall_error *error)
{
    enum of_record record = OF_RECORD_NONE;
    of_line line;

    while (record == OF_RECORD_NONE) {
        enum of_source_step step = of_source_line(input->source, &line);
        if (step == OF_SOURCE_EMPTY)
            return OF_INPUT_EMPTY;
        if (step == OF_SOURCE_LINE)
            record = of_ndjson_learn(input->ndjson, &line, &input->columns, input->samples);
        else if (of_source_kept_bytes(input->source) > 0 || input->index + 1 == input->count)
            return OF_INPUT_END;
        else if (next_file(input, error) == OF_INPUT_FAILED)
            return OF_INPUT_FAILED;
        else
            of_source_keep(input->source);
    }
    return step_of(record, error);
}

enum of_input_step of_input_sample(of_input *input, outfall_error *error)
{
    return input->csv != NULL ? sample_csv(input, error) : sample_ndjson(input, error);
}

size_t of_input_sampled_bytes(const of_input *input)
{
    return of_source_kept_bytes(input->source);
}

bool of_input_has_columns(const of_input *input)
{
    return input->csv != NULL && input->learnt;
}

of_names *of_input_columns(of_input *input)
{
    return &input->columns;
}

const of_infer *of_input_samples(const of_input *input)
{
    return input->samples;
}

void of_input_begin(of_input *input)
{
    if (input->csv != NULL)
        of_csv_reset(input->csv);
    of_source_rewind(input->source);
}

/* ---- Small things ----------------------------------------------------------------- */

int of_input_fill(of_input *input, outfall_error *error)
{
    return of_source_fill(input->source, error);
}

int of_input_descriptor(const of_input *input)
{
    return of_source_descriptor(input->source);
}

int of_input_keep_head(of_input *input, size_t bytes_max, outfall_error *error)
{
    return of_source_keep_head(input->source, bytes_max, error);
}

const char *of_input_head(const of_input *input, size_t *bytes)
{
    *bytes = 0;
    return input->source != NULL ? of_source_head(input->source, bytes) : NULL;
}

bool of_input_at_end(const of_input *input)
{
    return input->source == NULL || of_source_at_end(input->source);
}

uint64_t of_input_bytes(const of_input *input)
{
    return input->bytes + (input->source != NULL ? of_source_bytes(input->source) : 0);
}

void of_input_place(const of_input *input, uint64_t offset, char *file, size_t capacity,
                    uint64_t *line)
{
    of_source_display(input->paths[offset >> FILE_SHIFT], file, capacity);
    *line = (offset & ((UINT64_C(1) << FILE_SHIFT) - 1)) >> KIND_BITS;
}

const char *of_input_kind(const of_input *input, uint64_t offset, const char **column)
{
    *column = input->kind_column;
    return *column != NULL ? of_kind_name((int)(offset & ((1u << KIND_BITS) - 1))) : NULL;
}

uint64_t of_input_last(const of_input *input)
{
    return input->last;
}

bool of_input_reached(const of_input *input, uint64_t offset)
{
    return input->last >> KIND_BITS >= offset >> KIND_BITS;
}
