/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrow arrays of any shape and content, in buffers of just the size that the ABI asks a producer
 * for: no crash, no byte read beyond them. What is refused says why; what is taken is a value.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <outfall/encoding.h>

#include "arrays.h"
#include "arrow/table.h"
#include "row/convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define BUFFERS_MAX 64
#define NUMBER_MAX 24 /* Of lengths and offsets. */

/* Each with the bytes of a value in its second buffer; 0: bits. */
static const struct {
    const char *format;
    size_t bytes;
} formats[] = {
    {"n", 0},    {"b", 0},     {"c", 1},    {"C", 1},        {"s", 2},       {"S", 2},
    {"i", 4},    {"I", 4},     {"l", 8},    {"L", 8},        {"e", 2},       {"f", 4},
    {"g", 8},    {"u", 4},     {"U", 8},    {"vu", 16},      {"z", 4},       {"Z", 8},
    {"vz", 16},  {"w:16", 16}, {"w:3", 3},  {"d:9,2,32", 4}, {"d:38,9", 16}, {"d:76,-5,256", 32},
    {"tdD", 4},  {"tdm", 8},   {"tts", 4},  {"ttm", 4},      {"ttu", 8},     {"ttn", 8},
    {"tss:", 8}, {"tsm:Z", 8}, {"tsu:", 8}, {"tsn:UTC", 8},  {"w:0", 1},     {"d:5,99", 16},
};

/* Lengths in the byte order of most machines; on others it is an error like any. */
static const char *const metadata[] = {
    NULL, "\x01\0\0\0\x14\0\0\0ARROW:extension:name\x0a\0\0\0arrow.uuid",
    "\x01\0\0\0\x14\0\0\0ARROW:extension:name\x0a\0\0\0arrow.json", "\0\0\0\0"};

/* The input, read from its front, and what was allocated for it. */
static struct {
    const uint8_t *at;
    size_t left;
    void *memory[BUFFERS_MAX];
    size_t count;
} input;

static uint8_t next(void)
{
    if (input.left == 0)
        return 0;
    input.left--;
    return *input.at++;
}

/* Mostly small and good, now and then one that cannot be. */
static int64_t next_number(void)
{
    uint8_t byte = next();
    return byte == 0xff ? INT64_MAX - 3 : byte == 0xfe ? -1 : byte % NUMBER_MAX;
}

static void *buffer_of(size_t bytes)
{
    uint8_t *buffer = calloc(bytes > 0 ? bytes : 1, 1);
    if (buffer == NULL || input.count == BUFFERS_MAX)
        abort();
    input.memory[input.count++] = buffer;
    for (size_t i = 0; i < bytes; i++)
        buffer[i] = next();
    return buffer;
}

/* The data behind offsets reach to the last one: it is made one that memory has. */
static const void *data_behind(void *offsets, size_t bytes, size_t last)
{
    uint8_t *at = (uint8_t *)offsets + last * bytes;
    size_t end = *at % 64;
    memset(at, 0, bytes);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    at[bytes - 1] = (uint8_t)end;
#else
    *at = (uint8_t)end;
#endif
    return buffer_of(end);
}

static void fill_parts(test_array_column *column)
{
    int64_t parts = next() % 3, *sizes = buffer_of((size_t)parts * sizeof *sizes);
    for (int64_t i = 0; i < parts; i++) {
        sizes[i] = next() % 40;
        column->buffers[2 + i] = next() % 16 == 1 ? NULL : buffer_of((size_t)sizes[i]);
    }
    column->buffers[2 + parts] = sizes;
    column->n_buffers = 3 + parts;
}

static void make_column(test_array_column *column)
{
    size_t which = next() % COUNT(formats), bytes = formats[which].bytes;
    const char *format = formats[which].format;
    *column = (test_array_column){.name = "c",
                                  .format = format,
                                  .metadata = metadata[next() % COUNT(metadata)],
                                  .length = next_number(),
                                  .offset = next_number(),
                                  .null_count = (int8_t)next() / 16,
                                  .n_buffers = *format == 'n' ? 0 : 2};
    size_t values = column->length >= 0 && column->length < NUMBER_MAX && column->offset >= 0 &&
                            column->offset < NUMBER_MAX
                        ? (size_t)(column->length + column->offset)
                        : 0;
    if (*format == 'n')
        return;
    column->buffers[0] = next() % 2 == 0 ? NULL : buffer_of((values + 7) / 8);
    if (strchr("uUzZ", *format) != NULL) {
        void *offsets = buffer_of((values + 1) * bytes);
        column->buffers[1] = offsets;
        column->buffers[2] = data_behind(offsets, bytes, values);
        column->n_buffers = 3;
    } else {
        column->buffers[1] = buffer_of(bytes == 0 ? (values + 7) / 8 : values * bytes);
    }
    if (*format == 'v')
        fill_parts(column);
    uint8_t spoil = next();
    if (spoil >= 0xf0) /* What is missing or one too many. */
        column->buffers[spoil % 3] = NULL;
    else if (spoil >= 0xe0 && *format != 'v') /* Of views the last one has the sizes. */
        column->n_buffers += spoil % 2 == 0 ? 1 : -1;
}

static void check_error(int status, const outfall_error *error)
{
    if (status != error->status || error->message[0] == '\0' ||
        !outfall_utf8_valid(error->message, strlen(error->message)))
        abort();
}

/* The room is exactly what was asked for, so that a sanitizer sees one byte too many. */
static void check_value(const outfall_column *target, const outfall_value *value)
{
    outfall_error error = {0};
    size_t bytes, room = of_convert_bytes_max(target, value);
    uint8_t *out = malloc(room);
    if (out == NULL)
        abort();
    int status = of_convert(target, value, false, out, &bytes, &error);
    if (status == OUTFALL_ERR_INVALID) /* None that the reader makes is misuse. */
        abort();
    if (status != OUTFALL_OK)
        check_error(status, &error);
    else if (bytes > room)
        abort();
    free(out);
}

static void read_rows(const test_array *array, const outfall_column *target, const char *kinds)
{
    of_arrow_table table;
    outfall_error error = {0};
    int status = of_arrow_table_open(&array->schema, target, 1, kinds, &table, &error);
    if (status == OUTFALL_OK)
        status = of_arrow_table_bind(&table, &array->array, &error);
    for (int64_t at = 0; status == OUTFALL_OK && at < table.rows;) {
        size_t count = of_arrow_table_read(&table, at, &status, &error);
        if (status == OUTFALL_OK && count == 0)
            abort();
        for (size_t i = 0; i < count; i++)
            check_value(target, &table.values[i]);
        for (size_t i = 0; kinds != NULL && i < count; i++)
            if (table.kinds[i] > OUTFALL_ROW_DELETE)
                abort();
        at += (int64_t)count;
    }
    if (status != OUTFALL_OK)
        check_error(status, &error);
    of_arrow_table_close(&table);
}

/* Schemas alone may have any format: no buffer has to be as large as it says. */
static void read_schema(test_array *array)
{
    char format[16] = "";
    outfall_error error = {0};
    outfall_schema *schema;
    for (size_t i = 0; i < sizeof format - 1; i++)
        format[i] = (char)next();
    array->fields[0].format = format;
    if (outfall_schema_new(&schema, NULL) != OUTFALL_OK)
        abort();
    int status = outfall_schema_add_arrow(schema, &array->schema, NULL, &error);
    if (status != OUTFALL_OK)
        check_error(status, &error);
    if (outfall_schema_count(schema) !=
        (status == OUTFALL_OK ? (size_t)array->schema.n_children : 0))
        abort();
    outfall_schema_free(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    outfall_column target = {.name = "c", .fraction_digits = -1};
    test_array_column columns[2], dictionary;
    test_array array;
    input.at = data;
    input.left = size;
    input.count = 0;
    uint8_t shape = next();
    bool kinds = shape % 4 == 1;
    target.type = OUTFALL_TYPE_BOOL + next() % OUTFALL_TYPE_OTHER;
    make_column(&columns[0]);
    if (shape % 4 >= 2) {
        make_column(&dictionary);
        columns[0].dictionary = &dictionary;
    }
    if (kinds) {
        make_column(&columns[1]);
        columns[1].name = "k";
    }
    test_array_make(&array, columns, kinds ? 2 : 1, next_number());
    array.array.offset = next_number() % 3;
    if (shape >= 0xf0)
        array.valid[0] = buffer_of(NUMBER_MAX / 8 + 1);
    read_rows(&array, &target, kinds ? "k" : NULL);
    read_schema(&array);
    while (input.count > 0)
        free(input.memory[--input.count]);
    return 0;
}
