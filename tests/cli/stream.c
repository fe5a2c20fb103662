/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a change stream by the public API, for the tests in Python: several writers, each in a
 * thread of its own; rejected rows and the sink's figures come back as JSON lines.
 *
 *   stream URL TABLE SCHEMA [KEY=VALUE…] <lines
 *
 * SCHEMA is as for outfall_schema_parse; empty: the table's columns. A line is: the writer's
 * number, the kind (i, u or d), the values; with tabs between them, \N for NULL, and \t \n
 * \\ inside values.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/outfall.h>

enum { WRITERS_MAX = 10, VALUES_MAX = 64, SLICE_MS = 50 };

typedef struct line {
    int writer;
    int kind;
    size_t values;
    char *texts[VALUES_MAX]; /* NULL is NULL. */
    size_t lengths[VALUES_MAX];
} line;

static char *input;
static size_t line_count;
static line *lines;
static outfall_sink *sink;
static atomic_int running;
static atomic_int failed;
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what, const outfall_error *error)
{
    fprintf(stderr, "stream: %s: %s\n", what, error->message);
    atomic_store(&failed, 1);
}

/* ---- Input ------------------------------------------------------------------------ */

/* Undoes the escapes in place; returns the length. */
static size_t unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '\\' && from[1] != '\0')
            from++;
        else {
            *to++ = *from;
            continue;
        }
        *to++ = (char)(*from == 't' ? '\t' : *from == 'n' ? '\n' : *from);
    }
    *to = '\0';
    return (size_t)(to - text);
}

static bool parse_line(char *text, line *out)
{
    size_t field = 0;
    for (char *at = text; at != NULL; field++) {
        char *end = strchr(at, '\t');
        if (end != NULL)
            *end++ = '\0';
        if (field == 0) {
            out->writer = (int)strtol(at, NULL, 10);
        } else if (field == 1) {
            out->kind = *at == 'i'   ? OUTFALL_ROW_INSERT
                        : *at == 'u' ? OUTFALL_ROW_UPDATE
                                     : OUTFALL_ROW_DELETE;
        } else if (out->values < VALUES_MAX) {
            out->texts[out->values] = strcmp(at, "\\N") == 0 ? NULL : at;
            out->lengths[out->values] = out->texts[out->values] != NULL ? unescape(at) : 0;
            out->values++;
        }
        at = end;
    }
    return field >= 2 && out->writer >= 0 && out->writer < WRITERS_MAX;
}

static bool read_lines(void)
{
    size_t length = 0, capacity = 1 << 16, got;

    input = malloc(capacity);
    while (input != NULL && (got = fread(input + length, 1, capacity - length - 1, stdin)) > 0) {
        length += got;
        if (capacity - length >= 2)
            continue;
        char *grown = realloc(input, capacity *= 2);
        if (grown == NULL)
            return false;
        input = grown;
    }
    if (input == NULL)
        return false;
    input[length] = '\0';
    for (const char *at = input; (at = strchr(at, '\n')) != NULL; at++)
        line_count++;
    lines = calloc(line_count + 1, sizeof *lines);
    char *at = input;
    for (size_t i = 0; lines != NULL && i < line_count; i++) {
        char *end = strchr(at, '\n');
        *end = '\0';
        if (!parse_line(at, &lines[i])) {
            fprintf(stderr, "stream: line %zu is none\n", i + 1);
            return false;
        }
        at = end + 1;
    }
    return lines != NULL;
}

/* ---- Output ----------------------------------------------------------------------- */

static void print_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void print_rejected(const char *by, uint64_t number, const outfall_error *why)
{
    pthread_mutex_lock(&output);
    printf("{\"line\": %llu, \"by\": \"%s\", \"column\": ", (unsigned long long)number, by);
    print_string(why->column);
    printf(", \"sqlstate\": \"%s\", \"reason\": ", why->sqlstate);
    print_string(why->message);
    printf("}\n");
    pthread_mutex_unlock(&output);
}

static int print_stats(outfall_error *error)
{
    static char text[16384];
    int status = outfall_stats_json(sink, text, sizeof text, NULL, error);
    if (status == OUTFALL_OK)
        printf("{\"stats\": %s}\n", text);
    return status;
}

/* Prints dead letters until none comes for `timeout_ms`. */
static int print_events(outfall_event *event, uint32_t timeout_ms, outfall_error *error)
{
    for (;;) {
        int status = outfall_poll(sink, timeout_ms, event, error);
        if (status != OUTFALL_OK || event->type == OUTFALL_EVENT_NONE)
            return status;
        if (event->type == OUTFALL_EVENT_REJECTED)
            print_rejected("database", event->source_offset, &event->error);
        if (event->type == OUTFALL_EVENT_ERROR) {
            *error = event->error;
            return error->status;
        }
    }
}

/* ---- Writing ---------------------------------------------------------------------- */

static int put_line(outfall_writer *writer, const line *from, uint64_t number, outfall_error *error)
{
    int status = outfall_put_kind(writer, from->kind, error);
    for (size_t i = 0; i < from->values && status == OUTFALL_OK; i++) {
        status = from->texts[i] == NULL
                     ? outfall_put_null(writer, error)
                     : outfall_put_text(writer, from->texts[i], from->lengths[i], error);
    }
    int ended = status == OUTFALL_ERR_FULL ? status : outfall_row_end(writer, number, error);
    return status == OUTFALL_OK ? ended : status;
}

static void *write_lines(void *context)
{
    int number = (int)(intptr_t)context;
    char name[16];
    outfall_writer *writer = NULL;
    outfall_error error;

    snprintf(name, sizeof name, "writer %d", number);
    int status = outfall_writer_open(sink, name, &writer, &error);
    for (size_t i = 0; i < line_count && status == OUTFALL_OK; i++) {
        if (lines[i].writer != number)
            continue;
        do {
            status = put_line(writer, &lines[i], i + 1, &error);
        } while (status == OUTFALL_ERR_FULL);
        if (status == OUTFALL_ERR_REFUSED) {
            print_rejected("put", i + 1, &error);
            status = OUTFALL_OK;
        }
    }
    if (status != OUTFALL_OK)
        fail(name, &error);
    outfall_writer_close(writer);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static int stream(outfall_error *error)
{
    bool used[WRITERS_MAX] = {false};
    pthread_t threads[WRITERS_MAX];
    outfall_event event = {.struct_size = sizeof event};
    int status = OUTFALL_OK;

    for (size_t i = 0; i < line_count; i++)
        used[lines[i].writer] = true;
    for (int i = 0; i < WRITERS_MAX; i++) {
        if (!used[i])
            continue;
        atomic_fetch_add(&running, 1);
        if (pthread_create(&threads[i], NULL, write_lines, (void *)(intptr_t)i) != 0)
            abort();
    }
    while (status == OUTFALL_OK && atomic_load(&running) > 0)
        status = print_events(&event, SLICE_MS, error);
    for (int i = 0; i < WRITERS_MAX; i++) {
        if (used[i])
            pthread_join(threads[i], NULL);
    }
    int flushed = OUTFALL_ERR_TIMEOUT;
    while (status == OUTFALL_OK && flushed == OUTFALL_ERR_TIMEOUT) {
        flushed = outfall_flush(sink, SLICE_MS, error);
        if (flushed == OUTFALL_OK || flushed == OUTFALL_ERR_TIMEOUT)
            status = print_events(&event, 0, error);
    }
    outfall_event_clear(&event);
    return status == OUTFALL_OK ? flushed : status;
}

static int configure(outfall_config *config, int count, char **pairs, outfall_error *error)
{
    int status = OUTFALL_OK;
    for (int i = 0; i < count && status == OUTFALL_OK; i++) {
        char *equals = strchr(pairs[i], '=');
        if (equals == NULL)
            return outfall_error_set(error, OUTFALL_ERR_INVALID, 0, "%s has no =", pairs[i]);
        *equals = '\0';
        status = outfall_config_set(config, pairs[i], equals + 1, error);
    }
    return status;
}

int main(int argc, char **argv)
{
    outfall_config *config = NULL;
    outfall_schema *schema = NULL;
    outfall_error error;

    if (argc < 4 || !read_lines()) {
        fprintf(stderr, "usage: stream URL TABLE SCHEMA [KEY=VALUE...] <lines\n");
        return 1;
    }
    int status = outfall_config_new(&config, &error);
    if (status == OUTFALL_OK)
        status = configure(config, argc - 4, argv + 4, &error);
    if (status == OUTFALL_OK && argv[3][0] != '\0')
        status = outfall_schema_new(&schema, &error);
    if (status == OUTFALL_OK && schema != NULL)
        status = outfall_schema_parse(schema, argv[3], &error);
    if (status == OUTFALL_OK)
        status = outfall_sink_open(argv[1], argv[2], schema, config, &sink, &error);
    if (status == OUTFALL_OK) {
        status = stream(&error);
        outfall_error last;
        int printed = print_stats(&last);
        int closed = outfall_close(sink, 10000, NULL, NULL, &last);
        if (status == OUTFALL_OK && (printed != OUTFALL_OK || closed != OUTFALL_OK)) {
            status = printed != OUTFALL_OK ? printed : closed;
            error = last;
        }
    }
    if (status != OUTFALL_OK)
        fail(outfall_status_name(status), &error);
    outfall_schema_free(schema);
    outfall_config_free(config);
    free(lines);
    free(input);
    return atomic_load(&failed);
}
