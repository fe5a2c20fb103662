/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024 };
#define NONE ((size_t)-1)

struct of_source {
    char *buffer;
    size_t capacity;
    size_t start;     /* Of the next line. */
    size_t end;       /* Of what was read. */
    size_t scanned;   /* No LF lies between start and here. */
    size_t line_feed; /* The first LF at or after start; NONE: not known. */
    size_t keep;      /* Nothing from here on is dropped; NONE: nothing is kept. */
    uint64_t number;
    uint64_t keep_number;
    uint64_t bytes;
    uint64_t keep_bytes;
    bool keep_skipping;
    size_t line_bytes_max;
    int descriptor;
    bool cr_ends;
    bool at_end;
    bool skipping; /* The rest of a cut line is being dropped. */
    char *head;    /* The first bytes; NULL: they are not kept. */
    size_t head_bytes;
    size_t head_bytes_max;
    bool started; /* The byte order mark has been looked for. */
    char name[512];
};

/* The schemes behind which a password may stand without a host: odbc:PWD=…, mysql:?password=… */
static size_t keyword_scheme(const char *path)
{
    static const char *const schemes[] = {"odbc:", "mysql:", "postgresql:", "postgres:"};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncasecmp(path, schemes[i], strlen(schemes[i])) == 0)
            return strlen(schemes[i]);
    }
    return 0;
}

bool of_source_is_url(const char *path)
{
    return strstr(path, "://") != NULL || keyword_scheme(path) > 0;
}

void of_source_display(const char *path, char *out, size_t capacity)
{
    const char *scheme_end = strstr(path, "://");
    const char *host, *end, *at;
    size_t scheme = keyword_scheme(path);

    if (strcmp(path, "-") == 0) {
        snprintf(out, capacity, "standard input");
        return;
    }
    if (scheme > 0 && strncmp(path + scheme, "//", 2) != 0) {
        snprintf(out, capacity, "%.*s***", (int)scheme, path);
        return;
    }
    if (scheme_end == NULL) {
        snprintf(out, capacity, "%s", path);
        return;
    }
    host = scheme_end + 3;
    /* The last @ before the query: a password may itself hold one, or a slash. */
    end = host + strcspn(host, "?#");
    for (at = end; at > host && at[-1] != '@'; at--)
        ;
    if (at == host && strchr(end, '@') != NULL) {
        /* A ? or # in a password that is not percent-encoded, or an @ in the query: who can tell?
         */
        snprintf(out, capacity, "%.*s://***", (int)(scheme_end - path), path);
        return;
    }
    host = at > host ? at : host;
    snprintf(out, capacity, "%.*s://%.*s", (int)(scheme_end - path), path,
             (int)strcspn(host, "/?#"), host);
}

static int open_descriptor(of_source *source, const char *path, outfall_error *error)
{
    struct stat info;

    of_source_display(path, source->name, sizeof source->name);
    if (strcmp(path, "-") == 0) {
        source->descriptor = STDIN_FILENO;
        return OUTFALL_OK;
    }
    source->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (source->descriptor < 0)
        return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                 "cannot open %s: %s%s", source->name, strerror(errno),
                                 of_source_is_url(path) ? " (a URL goes after --to)" : "");
    if (fstat(source->descriptor, &info) == 0 && S_ISDIR(info.st_mode))
        return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                 "cannot read %s: it is a directory; name the files in it",
                                 source->name);
    return OUTFALL_OK;
}

int of_source_open(const char *path, size_t line_bytes_max, bool cr_ends, of_source **out,
                   outfall_error *error)
{
    of_source *source = calloc(1, sizeof *source);
    int status;

    *out = NULL;
    if (source == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    source->descriptor = -1;
    source->keep = NONE;
    source->line_feed = NONE;
    source->cr_ends = cr_ends;
    source->line_bytes_max = line_bytes_max;
    status = open_descriptor(source, path, error);
    if (status != OUTFALL_OK)
        goto done;
    source->capacity = READ_BYTES;
    source->buffer = malloc(source->capacity);
    if (source->buffer == NULL) {
        status = outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
        goto done;
    }
    *out = source;
    source = NULL;
done:
    of_source_close(source);
    return status;
}

void of_source_close(of_source *source)
{
    if (source == NULL)
        return;
    if (source->descriptor > STDIN_FILENO)
        close(source->descriptor);
    free(source->head);
    free(source->buffer);
    free(source);
}

/*
 * The length of the line at `start`, or 0 where its end has not been read. The LF found is
 * remembered: a file with no LF at all would else be searched to its end for every CR.
 */
static size_t line_length(of_source *source)
{
    const char *found;
    size_t limit;

    if (source->line_feed == NONE || source->line_feed < source->start) {
        size_t from = source->scanned > source->start ? source->scanned : source->start;
        found = memchr(source->buffer + from, '\n', source->end - from);
        source->line_feed = found != NULL ? (size_t)(found - source->buffer) : NONE;
        source->scanned = found != NULL ? source->line_feed : source->end;
    }
    limit = source->line_feed != NONE ? source->line_feed : source->end;
    found = NULL;
    if (source->cr_ends)
        found = memchr(source->buffer + source->start, '\r', limit - source->start);
    if (found != NULL) {
        size_t after = (size_t)(found - source->buffer) + 1;
        if (after < source->end)
            return after - source->start + (source->buffer[after] == '\n');
        /* Whether an LF follows is not known before more has been read. */
        return source->at_end ? after - source->start : 0;
    }
    if (source->line_feed != NONE)
        return source->line_feed + 1 - source->start;
    return source->at_end ? source->end - source->start : 0;
}

static void advance(of_source *source, size_t length)
{
    source->start += length;
    source->bytes += length;
}

/* Drops what follows of a cut line; false while its end has not been read. */
static bool drop_rest(of_source *source)
{
    size_t length = line_length(source);
    size_t there = source->end - source->start;

    if (length > 0) {
        advance(source, length);
        source->skipping = false;
        return true;
    }
    /* A CR at the end may be the line's end, or half of it. */
    if (there > 0 && source->cr_ends && source->buffer[source->end - 1] == '\r')
        there--;
    advance(source, there);
    return false;
}

static void skip_byte_order_mark(of_source *source)
{
    if (source->started || (source->end - source->start < 3 && !source->at_end))
        return;
    source->started = true;
    if (source->end - source->start >= 3 &&
        memcmp(source->buffer + source->start, "\xEF\xBB\xBF", 3) == 0)
        advance(source, 3);
}

enum of_source_step of_source_line(of_source *source, of_line *line)
{
    size_t length;

    skip_byte_order_mark(source);
    if ((source->skipping && !drop_rest(source)) || !source->started ||
        source->start == source->end)
        return source->at_end ? OF_SOURCE_END : OF_SOURCE_EMPTY;
    length = line_length(source);
    if (length == 0 && source->end - source->start <= source->line_bytes_max)
        return OF_SOURCE_EMPTY;
    line->cut = length == 0 || length > source->line_bytes_max;
    line->text = source->buffer + source->start;
    line->length = line->cut ? source->line_bytes_max : length;
    line->number = ++source->number;
    source->skipping = length == 0;
    advance(source, length > 0 ? length : line->length);
    return OF_SOURCE_LINE;
}

/* Room for one more read: moves what is still needed to the front, or grows. */
static int make_room(of_source *source, outfall_error *error)
{
    size_t from = source->keep < source->start ? source->keep : source->start;
    char *grown;

    if (from > 0 && source->capacity - source->end < READ_BYTES / 4) {
        memmove(source->buffer, source->buffer + from, source->end - from);
        source->start -= from;
        source->end -= from;
        source->keep -= source->keep != NONE ? from : 0;
        source->scanned = source->scanned > from ? source->scanned - from : 0;
        source->line_feed = NONE;
    }
    if (source->capacity - source->end >= READ_BYTES / 4)
        return OUTFALL_OK;
    grown = realloc(source->buffer, source->capacity * 2);
    if (grown == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP,
                                 "out of memory for line %llu of %s",
                                 (unsigned long long)source->number + 1, source->name);
    source->buffer = grown;
    source->capacity *= 2;
    return OUTFALL_OK;
}

static void take_bytes(of_source *source, size_t count)
{
    size_t room = source->head_bytes_max - source->head_bytes;
    size_t kept = count < room ? count : room;

    if (kept > 0)
        memcpy(source->head + source->head_bytes, source->buffer + source->end, kept);
    source->head_bytes += kept;
    source->end += count;
}

int of_source_keep_head(of_source *source, size_t bytes_max, outfall_error *error)
{
    source->head = malloc(bytes_max);
    if (source->head == NULL)
        return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP, "out of memory");
    source->head_bytes_max = bytes_max;
    return OUTFALL_OK;
}

const char *of_source_head(const of_source *source, size_t *bytes)
{
    *bytes = source->head_bytes;
    return source->head;
}

bool of_source_at_end(const of_source *source)
{
    return source->at_end;
}

int of_source_fill(of_source *source, outfall_error *error)
{
    ssize_t got;
    int status = make_room(source, error);

    if (status != OUTFALL_OK)
        return status;
    got = read(source->descriptor, source->buffer + source->end, source->capacity - source->end);
    if (got > 0)
        take_bytes(source, (size_t)got);
    else if (got == 0)
        source->at_end = true;
    else if (errno != EINTR && errno != EAGAIN)
        status = outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP,
                                   "cannot read %s after line %llu: %s", source->name,
                                   (unsigned long long)source->number, strerror(errno));
    return status;
}

int of_source_descriptor(const of_source *source)
{
    return source->descriptor;
}

const char *of_source_name(const of_source *source)
{
    return source->name;
}

uint64_t of_source_bytes(const of_source *source)
{
    return source->bytes;
}

void of_source_keep(of_source *source)
{
    source->keep = source->start;
    source->keep_number = source->number;
    source->keep_bytes = source->bytes;
    source->keep_skipping = source->skipping;
}

size_t of_source_kept_bytes(const of_source *source)
{
    return source->keep == NONE ? 0 : source->start - source->keep;
}

void of_source_rewind(of_source *source)
{
    if (source->keep == NONE)
        return;
    source->start = source->keep;
    source->number = source->keep_number;
    source->bytes = source->keep_bytes;
    source->skipping = source->keep_skipping;
    source->scanned = source->start;
    source->line_feed = NONE;
    source->keep = NONE;
}
