/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file or standard input as numbered physical lines, read with one large buffer. Taking a line
 * never waits; filling the buffer is a call of its own, so that the caller decides when to wait.
 */
#ifndef OF_CLI_SOURCE_H
#define OF_CLI_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outfall/error.h>

typedef struct of_source of_source;

typedef struct of_line {
    const char *text; /* Borrowed until the next fill. */
    size_t length;    /* Its line end included. */
    uint64_t number;  /* From 1. */
    bool cut;         /* Longer than line_bytes_max: only its beginning is here. */
} of_line;

enum of_source_step {
    OF_SOURCE_LINE,  /* *line is the next one. */
    OF_SOURCE_EMPTY, /* No whole line in the buffer: fill it. */
    OF_SOURCE_END
};

/*
 * Opens `path`; "-" is standard input. A line ends with LF, with CR LF, and where `cr_ends` also
 * with CR alone. A leading byte order mark is skipped. `line_bytes_max` bounds the memory.
 * OUTFALL_ERR_NOT_FOUND (missing, unreadable, a directory), OUTFALL_ERR_NOMEM.
 */
int of_source_open(const char *path, size_t line_bytes_max, bool cr_ends, of_source **out,
                   outfall_error *error);

/* NULL is legal. */
void of_source_close(of_source *source);

enum of_source_step of_source_line(of_source *source, of_line *line);

/* One read(2); waits for a pipe. OUTFALL_OK (also when a signal came first), OUTFALL_ERR_IO. */
int of_source_fill(of_source *source, outfall_error *error);

/* Before the first fill: keeps a copy of the first `bytes_max` bytes, as they come. */
int of_source_keep_head(of_source *source, size_t bytes_max, outfall_error *error);

/* What was read of them, byte order mark and all; borrowed until the close. */
const char *of_source_head(const of_source *source, size_t *bytes);

/* Whether all has been read. */
bool of_source_at_end(const of_source *source);

/* To wait on, before a fill. */
int of_source_descriptor(const of_source *source);

/* How it is called in messages. */
const char *of_source_name(const of_source *source);

/* Bytes of the lines taken so far. */
uint64_t of_source_bytes(const of_source *source);

/*
 * Keeps every line from here on in memory, for of_source_rewind to give them once more. The caller
 * bounds how much that is. Rewinding ends the keeping.
 */
void of_source_keep(of_source *source);
size_t of_source_kept_bytes(const of_source *source);
void of_source_rewind(of_source *source);

/* Whether a path is a URL given by mistake. */
bool of_source_is_url(const char *path);

/* A path for messages: of a URL no more than its scheme and host, never a password. */
void of_source_display(const char *path, char *out, size_t capacity);

#endif
