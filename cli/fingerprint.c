/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL /* Nothing to link. */
#include <xxhash.h>

#include "source.h"

/* ---- One file --------------------------------------------------------------------- */

static bool is_regular(const char *path, uint64_t *size)
{
    struct stat info;
    if (strcmp(path, "-") == 0 || stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *size = (uint64_t)info.st_size;
    return true;
}

static int fail_read(const char *path, outfall_error *error)
{
    char name[512];
    int code = errno;
    of_source_display(path, name, sizeof name);
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_STOP, "cannot read %s: %s", name,
                             strerror(code));
}

/* Reads the first `wanted` bytes, or all there are; *got: how many. */
static int read_bytes(const char *path, char *to, size_t wanted, size_t *got, outfall_error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int status = OUTFALL_OK;
    *got = 0;
    if (descriptor < 0)
        return fail_read(path, error);
    while (status == OUTFALL_OK && *got < wanted) {
        ssize_t count = read(descriptor, to + *got, wanted - *got);
        if (count == 0)
            break;
        if (count > 0)
            *got += (size_t)count;
        else if (errno != EINTR)
            status = fail_read(path, error);
    }
    close(descriptor);
    return status;
}

/* Hashes at most `wanted` bytes of a file; *got: how many. One that cannot be read twice has none.
 */
static int hash_head(const of_heads *heads, size_t index, size_t wanted, size_t *got,
                     uint64_t *hash, outfall_error *error)
{
    const char *path = heads->paths[index];
    uint64_t size;
    int status = OUTFALL_OK;
    char *buffer = NULL;
    const char *bytes = "";

    *got = 0;
    if (of_fingerprint_is_pipe(heads)) {
        *got = heads->head_bytes < wanted ? heads->head_bytes : wanted;
        bytes = heads->head;
    } else if (is_regular(path, &size) && wanted > 0) {
        buffer = malloc(wanted);
        if (buffer == NULL)
            return outfall_error_set(error, OUTFALL_ERR_NOMEM, OUTFALL_ACTION_STOP,
                                     "out of memory");
        status = read_bytes(path, buffer, wanted, got, error);
        bytes = buffer;
    }
    *hash = XXH3_64bits(*got > 0 ? bytes : "", *got);
    free(buffer);
    return status;
}

/* ---- All of them ------------------------------------------------------------------ */

static void put_number(uint8_t to[8], uint64_t number)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* Of the first `count` files: each hashed with the hash of those before it. */
static int hash_before(const of_heads *heads, size_t count, uint64_t *out, outfall_error *error)
{
    uint64_t chain = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t size = 0, hash = 0;
        uint8_t both[16];
        size_t got;
        (void)is_regular(heads->paths[i], &size);
        int status = hash_head(heads, i, OF_HEAD_BYTES_MAX, &got, &hash, error);
        if (status != OUTFALL_OK)
            return status;
        put_number(both, size);
        put_number(both + 8, hash);
        chain = XXH3_64bits_withSeed(both, sizeof both, chain);
    }
    *out = chain;
    return OUTFALL_OK;
}

bool of_fingerprint_is_pipe(const of_heads *heads)
{
    uint64_t size;
    return heads->count == 1 && !is_regular(heads->paths[0], &size);
}

int of_fingerprint_make(const of_heads *heads, of_fingerprint *out, outfall_error *error)
{
    *out = (of_fingerprint){.files = heads->count};
    int status = hash_before(heads, heads->count - 1, &out->before, error);
    if (status == OUTFALL_OK)
        status = hash_head(heads, heads->count - 1, OF_HEAD_BYTES_MAX, &out->head_bytes, &out->head,
                           error);
    return status;
}

int of_fingerprint_match(const of_heads *heads, const of_fingerprint *known, bool *same, char *why,
                         size_t capacity, outfall_error *error)
{
    uint64_t before = 0, head = 0;
    size_t got = 0, last = known->files - 1;
    char name[512];
    int status;

    *same = false;
    if (known->files > heads->count) {
        snprintf(why, capacity, "%zu files are fewer than the %zu that were loaded", heads->count,
                 known->files);
        return OUTFALL_OK;
    }
    status = hash_before(heads, last, &before, error);
    if (status == OUTFALL_OK)
        status = hash_head(heads, last, known->head_bytes, &got, &head, error);
    if (status != OUTFALL_OK)
        return status;
    of_source_display(heads->paths[last], name, sizeof name);
    *same = before == known->before && got == known->head_bytes && head == known->head;
    if (before != known->before)
        snprintf(why, capacity,
                 "of the %zu files before %s one is not as it was when they were loaded: only the "
                 "last may have grown",
                 last, name);
    else if (!*same)
        snprintf(why, capacity, "%s does not begin as the one that was loaded", name);
    return OUTFALL_OK;
}

/* ---- Text ------------------------------------------------------------------------- */

#define FORMAT "outfall-load files:%zu before:%016" PRIx64 " head:%zu:%016" PRIx64

void of_fingerprint_format(const of_fingerprint *fingerprint,
                           char out[OUTFALL_SOURCE_BYTES_MAX + 1])
{
    snprintf(out, OUTFALL_SOURCE_BYTES_MAX + 1, FORMAT, fingerprint->files, fingerprint->before,
             fingerprint->head_bytes, fingerprint->head);
}

/* Reads a number behind `prefix`; NULL where it is not there. */
static const char *read_number(const char *text, const char *prefix, int base, uint64_t *out)
{
    size_t length = strlen(prefix);
    char *end;
    if (text == NULL || strncmp(text, prefix, length) != 0)
        return NULL;
    *out = strtoull(text + length, &end, base);
    return end;
}

bool of_fingerprint_parse(const char *text, of_fingerprint *out)
{
    char again[OUTFALL_SOURCE_BYTES_MAX + 1];
    uint64_t files = 0, head_bytes = 0;
    *out = (of_fingerprint){0};
    const char *rest = read_number(text, "outfall-load files:", 10, &files);
    rest = read_number(rest, " before:", 16, &out->before);
    rest = read_number(rest, " head:", 10, &head_bytes);
    rest = read_number(rest, ":", 16, &out->head);
    if (rest == NULL || files == 0 || head_bytes > OF_HEAD_BYTES_MAX)
        return false;
    out->files = (size_t)files;
    out->head_bytes = (size_t)head_bytes;
    of_fingerprint_format(out, again); /* It has to be spelled just so. */
    return strcmp(text, again) == 0;
}
