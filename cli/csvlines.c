/* SPDX-License-Identifier: Apache-2.0 */
#include "csvlines.h"

#include <stdlib.h>
#include <string.h>

#include <csv.h>

/* libcsv grows its field buffer by this much at a time; its own 128 bytes are few for long text. */
enum { ENTRY_GROWTH_BYTES = 16 * 1024 };

struct of_csv {
    struct csv_parser parser;
    size_t record_bytes_max;
    of_rows *rows; /* Of the call under way. */
    bool ended;    /* The record's end was seen in this call. */
    bool header;   /* Of the call under way: any number of fields will do. */
    const char *kind_column;
    bool open;           /* A record was begun and has not ended. */
    uint64_t first_line; /* Where it began. */
    /* The lines of a record that takes several; a record of one line is never copied. */
    char *raw;
    size_t raw_bytes;
    size_t raw_capacity;
};

/* libcsv trims what this calls a space: nothing. */
static int no_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

static int parser_init(of_csv *csv)
{
    if (csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0)
        return -1;
    csv_set_space_func(&csv->parser, no_space);
    csv_set_blk_size(&csv->parser, ENTRY_GROWTH_BYTES);
    return 0;
}

int of_csv_open(size_t record_bytes_max, of_csv **out, outfall_error *error)
{
    of_csv *csv = calloc(1, sizeof *csv);

    *out = NULL;
    if (csv == NULL || parser_init(csv) != 0) {
        free(csv);
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    }
    csv->record_bytes_max = record_bytes_max;
    *out = csv;
    return OUTFALL_OK;
}

void of_csv_close(of_csv *csv)
{
    if (csv == NULL)
        return;
    csv_free(&csv->parser);
    free(csv->raw);
    free(csv);
}

void of_csv_kind_column(of_csv *csv, const char *name)
{
    csv->kind_column = name;
}

/* libcsv keeps its state after an error, so a new parser is the only way back to a clean one. */
void of_csv_reset(of_csv *csv)
{
    csv_free(&csv->parser);
    (void)parser_init(csv); /* Allocates nothing: libcsv's buffer comes with the first byte. */
    csv->open = false;
    csv->raw_bytes = 0;
}

static void take_field(void *text, size_t length, void *context)
{
    of_csv *csv = context;
    if (text == NULL)
        of_rows_put_null(csv->rows);
    else
        of_rows_put_text(csv->rows, OUTFALL_TYPE_TEXT, text, length);
}

static void take_record(int terminator, void *context)
{
    (void)terminator;
    ((of_csv *)context)->ended = true;
}

/* Keeps a line of a record of several lines. */
static int keep_line(of_csv *csv, const of_line *line)
{
    if (csv->raw_capacity - csv->raw_bytes < line->length) {
        size_t capacity = (csv->raw_bytes + line->length) * 2;
        char *grown = realloc(csv->raw, capacity);
        if (grown == NULL)
            return -1;
        csv->raw = grown;
        csv->raw_capacity = capacity;
    }
    memcpy(csv->raw + csv->raw_bytes, line->text, line->length);
    csv->raw_bytes += line->length;
    return 0;
}

static bool is_blank(const of_line *line)
{
    return line->text[0] == '\n' || line->text[0] == '\r';
}

/* Points the rejection at the record's text and makes ready for the next line. */
static enum of_record reject(of_csv *csv, const of_line *line, bool cut, of_rejection *rejection)
{
    if (csv->raw_bytes > 0)
        of_reject_raw(rejection, csv->raw, csv->raw_bytes, cut);
    else if (line != NULL)
        of_reject_raw(rejection, line->text, line->length, cut);
    of_rows_drop(csv->rows);
    of_csv_reset(csv); /* Keeps the bytes of csv->raw: only their count goes. */
    return OF_RECORD_REJECTED;
}

static enum of_record end_record(of_csv *csv, const of_line *line, of_rejection *rejection)
{
    of_rows *rows = csv->rows;

    if (csv->header && rows->fields <= rows->columns)
        rows->columns = rows->fields;
    size_t width = of_rows_width(rows);
    if (rows->fields != width) {
        of_reject(rejection, csv->first_line, "%zu field%s, expected %zu: %s", rows->fields,
                  rows->fields == 1 ? "" : "s", width,
                  rows->fields < width ? "add the missing ones, empty for NULL"
                                       : "quote a field that has a comma in it");
        return reject(csv, line, false, rejection);
    }
    if (rows->kind_field != OF_ROWS_NO_KIND && rows->kind.kind < 0) {
        of_kind_reject(&rows->kind, csv->kind_column, csv->first_line, rejection);
        return reject(csv, line, false, rejection);
    }
    of_rows_end(rows, csv->first_line);
    csv->open = false;
    csv->raw_bytes = 0;
    return OF_RECORD_ROW;
}

static enum of_record reject_malformed(of_csv *csv, const of_line *line, size_t used,
                                       of_rejection *rejection)
{
    of_reject(rejection, csv->first_line,
              "a quote out of place at byte %zu of line %llu: quote the whole field and double "
              "the quotes inside it",
              used + 1, (unsigned long long)line->number);
    return reject(csv, line, false, rejection);
}

static enum of_record feed(of_csv *csv, const of_line *line, of_rejection *rejection)
{
    size_t used;

    csv->ended = false;
    if (!csv->open) {
        if (is_blank(line))
            return OF_RECORD_NONE;
        csv->open = true;
        csv->first_line = line->number;
    } else if (keep_line(csv, line) != 0) {
        return OF_RECORD_FAILED;
    }
    if (line->cut || csv->raw_bytes > csv->record_bytes_max) {
        of_reject(rejection, csv->first_line,
                  "the record is larger than %zu bytes: close its quote, or raise row.bytes.max",
                  csv->record_bytes_max);
        return reject(csv, line, line->cut, rejection);
    }
    used = csv_parse(&csv->parser, line->text, line->length, take_field, take_record, csv);
    if (used != line->length)
        return csv_error(&csv->parser) == CSV_EPARSE ? reject_malformed(csv, line, used, rejection)
                                                     : OF_RECORD_FAILED;
    if (csv->ended)
        return end_record(csv, line, rejection);
    /* The record goes on: its lines are kept from the first one. */
    if (csv->raw_bytes == 0 && keep_line(csv, line) != 0)
        return OF_RECORD_FAILED;
    return OF_RECORD_NONE;
}

enum of_record of_csv_feed(of_csv *csv, const of_line *line, of_rows *rows, of_rejection *rejection)
{
    csv->rows = rows;
    csv->header = false;
    return feed(csv, line, rejection);
}

enum of_record of_csv_feed_header(of_csv *csv, const of_line *line, of_rows *rows,
                                  of_rejection *rejection)
{
    csv->rows = rows;
    csv->header = true;
    return feed(csv, line, rejection);
}

enum of_record of_csv_end(of_csv *csv, of_rows *rows, of_rejection *rejection)
{
    csv->ended = false;
    if (!csv->open)
        return OF_RECORD_NONE;
    csv->rows = rows;
    if (csv_fini(&csv->parser, take_field, take_record, csv) != 0) {
        of_reject(rejection, csv->first_line,
                  "the quote opened in this record is not closed before the end of the file");
        return reject(csv, NULL, false, rejection);
    }
    return end_record(csv, NULL, rejection);
}
