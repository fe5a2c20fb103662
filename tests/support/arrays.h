/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow arrays, schemas and streams from their parts, good ones and bad ones. */
#ifndef OUTFALL_TEST_ARRAYS_H
#define OUTFALL_TEST_ARRAYS_H

#include <stddef.h>

#include <outfall/arrow.h>

#define TEST_ARRAY_COLUMNS_MAX 8
#define TEST_ARRAY_BUFFERS_MAX 6

/* One column of an array of structs, field by field of the ABI. */
typedef struct test_array_column {
    const char *name, *format, *metadata;
    int64_t flags; /* 0: not nullable. */
    int64_t length, null_count, offset, n_buffers, n_children;
    const void *buffers[TEST_ARRAY_BUFFERS_MAX];
    const struct test_array_column *dictionary;
} test_array_column;

/* An array and its schema. What they point to is in here: it must not move. */
typedef struct test_array {
    struct ArrowSchema schema, fields[TEST_ARRAY_COLUMNS_MAX],
        field_dictionaries[TEST_ARRAY_COLUMNS_MAX];
    struct ArrowArray array, children[TEST_ARRAY_COLUMNS_MAX], dictionaries[TEST_ARRAY_COLUMNS_MAX];
    struct ArrowSchema *field_list[TEST_ARRAY_COLUMNS_MAX];
    struct ArrowArray *child_list[TEST_ARRAY_COLUMNS_MAX];
    const void *buffers[TEST_ARRAY_COLUMNS_MAX][TEST_ARRAY_BUFFERS_MAX];
    const void *dictionary_buffers[TEST_ARRAY_COLUMNS_MAX][TEST_ARRAY_BUFFERS_MAX];
    const void *valid[1];
} test_array;

/* Releases of schemas, arrays and streams, since the start. */
extern int test_array_releases[3];

/* `rows` rows of up to TEST_ARRAY_COLUMNS_MAX columns, which are borrowed. */
void test_array_make(test_array *out, const test_array_column *columns, size_t count, int64_t rows);

/* A stream of arrays that all have the first one's schema; then the end, or `code` as an errno. */
typedef struct test_stream {
    struct ArrowArrayStream stream;
    test_array *arrays;
    size_t count, next;
    int code;
} test_stream;

void test_stream_make(test_stream *out, test_array *arrays, size_t count);

#endif
