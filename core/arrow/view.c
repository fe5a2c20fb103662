/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/view.h"

#include "base/fail.h"

#define VIEW_BYTES 16

/* What is wrong with an array of this column. */
static int malformed(const of_arrow_view *view, outfall_error *error, const char *what)
{
    return of_fail_column(
        error, OUTFALL_ERR_INVALID, view->name,
        "the Arrow array of column \"%.63s\" %s: it is malformed, export it again", view->name,
        what);
}

/* Buffers that a layout has; of views, the least. */
static int64_t buffer_count(int layout)
{
    switch (layout) {
    case OF_ARROW_NOTHING:
        return 0;
    case OF_ARROW_BITS:
    case OF_ARROW_FIXED:
        return 2;
    default:
        return 3;
    }
}

/* Bytes that a value takes in the second buffer: what is multiplied must not overflow. */
static int64_t value_bytes(const of_arrow_type *type)
{
    switch (type->layout) {
    case OF_ARROW_FIXED:
        return type->width > 0 ? type->width : 1;
    case OF_ARROW_OFFSETS32:
        return 4;
    case OF_ARROW_OFFSETS64:
        return 8;
    case OF_ARROW_VIEWS:
        return VIEW_BYTES;
    default:
        return 1;
    }
}

static int check_shape(const struct ArrowArray *array, const of_arrow_view *view,
                       outfall_error *error)
{
    int64_t wanted = buffer_count(view->type->layout);
    bool views = view->type->layout == OF_ARROW_VIEWS;
    int64_t most = INT64_MAX / 2 / value_bytes(view->type);
    if (array->length < 0 || array->offset < 0)
        return malformed(view, error, "has a negative length or offset");
    if (array->length >= most || array->offset >= most - array->length)
        return malformed(view, error, "has a length or an offset beyond any memory");
    if (array->n_children != 0)
        return malformed(view, error, "has children, its type has none");
    if (views ? array->n_buffers < wanted : array->n_buffers != wanted)
        return malformed(view, error, "has another number of buffers than its type");
    if (wanted > 0 && array->buffers == NULL)
        return malformed(view, error, "has no buffers");
    if (array->null_count < -1 || array->null_count > array->length)
        return malformed(view, error, "counts more nulls than values");
    return OUTFALL_OK;
}

/* Where views point: n buffers, and behind them one that says how large each is. */
static int open_parts(const struct ArrowArray *array, of_arrow_view *view, outfall_error *error)
{
    view->part_count = array->n_buffers - 3;
    view->parts = array->buffers + 2;
    view->part_bytes = array->buffers[array->n_buffers - 1];
    if (view->part_count > INT32_MAX)
        return malformed(view, error, "has more buffers than a view can tell");
    if (view->part_count > 0 && view->part_bytes == NULL)
        return malformed(view, error, "does not say how large its buffers are");
    return OUTFALL_OK;
}

/* The first and the last offset, which bound all others. */
static int open_offsets(const struct ArrowArray *array, of_arrow_view *view, outfall_error *error)
{
    int64_t first, end = view->start + view->length;
    view->data = array->buffers[2];
    if (view->type->layout == OF_ARROW_OFFSETS32) {
        first = of_arrow_load32(view->fixed, view->start);
        view->data_end = of_arrow_load32(view->fixed, end);
    } else {
        first = of_arrow_load64(view->fixed, view->start);
        view->data_end = of_arrow_load64(view->fixed, end);
    }
    if (first < 0 || view->data_end < first)
        return malformed(view, error, "has offsets that are negative or decrease");
    if (view->data == NULL && view->data_end > first)
        return malformed(view, error, "has no buffer of data");
    return OUTFALL_OK;
}

int of_arrow_view_open(const struct ArrowArray *array, const of_arrow_type *type, const char *name,
                       of_arrow_view *out, outfall_error *error)
{
    *out = (of_arrow_view){.type = type, .name = name};
    if (array == NULL || array->release == NULL)
        return malformed(out, error, array == NULL ? "is missing" : "has been released");
    int status = check_shape(array, out, error);
    if (status != OUTFALL_OK)
        return status;
    out->start = array->offset;
    out->length = array->length;
    if (array->length == 0 || type->layout == OF_ARROW_NOTHING)
        return OUTFALL_OK; /* Nothing is read: buffers may be NULL. */
    out->valid = array->buffers[0];
    out->fixed = array->buffers[1];
    if (out->valid == NULL && array->null_count > 0)
        return malformed(out, error, "counts nulls, but does not say which they are");
    if (out->fixed == NULL && (type->layout != OF_ARROW_FIXED || type->width > 0))
        return malformed(out, error, "has no buffer of values");
    if (type->layout == OF_ARROW_VIEWS)
        return open_parts(array, out, error);
    if (type->layout == OF_ARROW_OFFSETS32 || type->layout == OF_ARROW_OFFSETS64)
        return open_offsets(array, out, error);
    return OUTFALL_OK;
}
