/* SPDX-License-Identifier: Apache-2.0 */
#include "arrays.h"

#include <string.h>

int test_array_releases[3];

static void release_schema(struct ArrowSchema *schema)
{
    test_array_releases[0]++;
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    test_array_releases[1]++;
    array->release = NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    test_array_releases[2]++;
    stream->release = NULL;
}

static void make_one(const test_array_column *column, struct ArrowSchema *schema,
                     struct ArrowArray *array, const void **buffers)
{
    memcpy(buffers, column->buffers, sizeof column->buffers);
    *schema = (struct ArrowSchema){.format = column->format,
                                   .name = column->name,
                                   .metadata = column->metadata,
                                   .flags = column->flags,
                                   .n_children = column->n_children,
                                   .release = release_schema};
    *array = (struct ArrowArray){.length = column->length,
                                 .null_count = column->null_count,
                                 .offset = column->offset,
                                 .n_buffers = column->n_buffers,
                                 .n_children = column->n_children,
                                 .buffers = buffers,
                                 .release = release_array};
}

void test_array_make(test_array *out, const test_array_column *columns, size_t count, int64_t rows)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        make_one(&columns[i], &out->fields[i], &out->children[i], out->buffers[i]);
        out->field_list[i] = &out->fields[i];
        out->child_list[i] = &out->children[i];
        if (columns[i].dictionary == NULL)
            continue;
        make_one(columns[i].dictionary, &out->field_dictionaries[i], &out->dictionaries[i],
                 out->dictionary_buffers[i]);
        out->fields[i].dictionary = &out->field_dictionaries[i];
        out->children[i].dictionary = &out->dictionaries[i];
    }
    out->schema = (struct ArrowSchema){.format = "+s",
                                       .n_children = (int64_t)count,
                                       .children = out->field_list,
                                       .release = release_schema};
    out->array = (struct ArrowArray){.length = rows,
                                     .n_buffers = 1,
                                     .n_children = (int64_t)count,
                                     .buffers = out->valid,
                                     .children = out->child_list,
                                     .release = release_array};
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    test_stream *own = stream->private_data;
    *out = own->arrays[0].schema;
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    test_stream *own = stream->private_data;
    memset(out, 0, sizeof *out);
    if (own->next < own->count)
        *out = own->arrays[own->next++].array;
    else
        return own->code;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the source has gone";
}

void test_stream_make(test_stream *out, test_array *arrays, size_t count)
{
    *out = (test_stream){.stream = {.get_schema = get_schema,
                                    .get_next = get_next,
                                    .get_last_error = get_last_error,
                                    .release = release_stream,
                                    .private_data = out},
                         .arrays = arrays,
                         .count = count};
}
