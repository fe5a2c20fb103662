/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/key.h"

#include <endian.h>

#include "base/alloc.h"
#include "base/fail.h"

/* A key's field in a row, in the order of the key. */
typedef struct key_field {
    const uint8_t *data;
    int32_t length;
} key_field;

int of_room_reserve(of_room *room, size_t bytes, outfall_error *error)
{
    if (bytes <= room->bytes)
        return OUTFALL_OK;
    size_t grown = 2 * room->bytes < bytes ? bytes : 2 * room->bytes;
    of_room_free(room);
    room->data = of_alloc(grown);
    if (room->data == NULL)
        return of_fail_nomem(error);
    room->bytes = grown;
    return OUTFALL_OK;
}

void of_room_free(of_room *room)
{
    of_free(room->data);
    *room = (of_room){0};
}

void of_keys_free(of_keys *keys)
{
    of_room_free(&keys->word_room);
    of_room_free(&keys->bytes_room);
    of_room_free(&keys->flag_room);
    of_room_free(&keys->field_room);
    of_room_free(&keys->text);
}

/* ---- One field -------------------------------------------------------------------- */

static void write_be16(uint32_t number, uint8_t *out)
{
    out[0] = (uint8_t)(number >> 8);
    out[1] = (uint8_t)number;
}

/* Writes the low `bytes` of a number, and zeros up to the eighth. */
static void write_be(uint64_t number, int bytes, uint8_t *out)
{
    number = htobe64(number << (64 - 8 * bytes));
    memcpy(out, &number, sizeof number);
}

/* A field of a fixed size of up to 8 bytes, as a number of that size which sorts as its value. */
static uint64_t ordered(uint32_t type, const uint8_t *data)
{
    switch (type) {
    case OUTFALL_TYPE_BOOL:
        return data[0];
    case OUTFALL_TYPE_INT16:
        return (uint16_t)outfall_read_i16(data) ^ UINT64_C(0x8000);
    case OUTFALL_TYPE_INT32:
    case OUTFALL_TYPE_DATE:
        return (uint32_t)outfall_read_i32(data) ^ UINT64_C(0x80000000);
    case OUTFALL_TYPE_FLOAT32: {
        uint32_t bits = (uint32_t)outfall_read_i32(data);
        if ((bits & 0x7FFFFFFF) > 0x7F800000)
            return UINT32_MAX; /* NaN, after all others. */
        if (bits == 0x80000000)
            bits = 0;
        return (bits & 0x80000000) != 0 ? (uint32_t)~bits : bits | 0x80000000;
    }
    case OUTFALL_TYPE_FLOAT64: {
        uint64_t bits = (uint64_t)outfall_read_i64(data);
        if ((bits & (UINT64_MAX >> 1)) > UINT64_C(0x7FF0000000000000))
            return UINT64_MAX;
        if (bits == UINT64_C(1) << 63)
            bits = 0;
        return (bits >> 63) != 0 ? ~bits : bits | UINT64_C(1) << 63;
    }
    default: /* int64, time and the timestamps. */
        return (uint64_t)outfall_read_i64(data) ^ UINT64_C(1) << 63;
    }
}

/*
 * A class byte (-infinity, negative, zero, positive, infinity, NaN), then the weight and the
 * digits that are not leading or trailing zeros, each plus one, and a zero to end them; all of it
 * inverted for a negative number. At most as long as the field.
 */
static size_t write_decimal(const uint8_t *data, uint8_t *out)
{
    int32_t count = outfall_read_i16(data);
    int32_t weight = outfall_read_i16(data + 2);
    int32_t sign = (uint16_t)outfall_read_i16(data + 4);
    const uint8_t *digits = data + 8;
    uint32_t invert = sign == OUTFALL_DECIMAL_NEGATIVE ? UINT16_MAX : 0;
    size_t size = 1;
    while (count > 0 && outfall_read_i16(digits + 2 * (count - 1)) == 0)
        count--;
    for (; count > 0 && outfall_read_i16(digits) == 0; count--, digits += 2)
        weight--;
    if (sign >= OUTFALL_DECIMAL_NAN || count == 0) {
        out[0] = sign == OUTFALL_DECIMAL_MINUS_INFINITY ? 0
                 : sign == OUTFALL_DECIMAL_INFINITY     ? 4
                 : sign == OUTFALL_DECIMAL_NAN          ? 5
                                                        : 2;
        return size;
    }
    out[0] = invert != 0 ? 1 : 3;
    write_be16((uint32_t)(weight ^ 0x8000) ^ invert, out + size);
    for (size += 2; count > 0; count--, digits += 2, size += 2)
        write_be16((uint32_t)(outfall_read_i16(digits) + 1) ^ invert, out + size);
    write_be16(invert, out + size);
    return size + 2;
}

/* Ends in 00 00, and a 00 within is 00 FF: no key runs into its next field, and order is kept. */
static size_t write_text(const uint8_t *data, size_t length, bool zeros, uint8_t *out)
{
    size_t size = 0;
    while (length > 0) {
        const uint8_t *zero = zeros ? memchr(data, 0, length) : NULL;
        size_t run = zero == NULL ? length : (size_t)(zero - data) + 1;
        memcpy(out + size, data, run);
        size += run;
        if (zero != NULL)
            out[size++] = 0xFF;
        data += run;
        length -= run;
    }
    out[size] = out[size + 1] = 0;
    return size + 2;
}

/* Writes a field of a key, at most twice its length and two bytes; then eight may be spoilt. */
static size_t write_field(uint32_t type, const key_field *field, uint8_t *out)
{
    int32_t fixed = outfall_type_fixed_bytes(type);
    if (fixed > OF_KEY_WORD_BYTES) {
        memcpy(out, field->data, (size_t)fixed);
        return (size_t)fixed;
    }
    if (fixed > 0) {
        write_be(ordered(type, field->data), fixed, out);
        return (size_t)fixed;
    }
    if (type == OUTFALL_TYPE_DECIMAL)
        return write_decimal(field->data, out);
    return write_text(field->data, (size_t)field->length, type == OUTFALL_TYPE_BYTES, out);
}

/* ---- One row ---------------------------------------------------------------------- */

/* What a target's keys are like. */
typedef struct key_plan {
    const outfall_target *target;
    uint32_t columns;  /* Those to walk: up to the key's last. */
    bool wide;         /* More than a word. */
    bool as_it_lies;   /* One field whose bytes are the key. */
    bool one_word;     /* One field of at most a word. */
    uint32_t type;     /* Of the key's first. */
    key_field *fields; /* Room for `columns`. */
} key_plan;

static key_plan make_plan(const outfall_target *target)
{
    key_plan plan = {.target = target};
    int32_t bytes = 0;
    for (uint32_t i = 0; i < target->key_count; i++) {
        uint32_t column = target->key[i];
        int32_t fixed = outfall_type_fixed_bytes(target->columns[column].type);
        if (column >= plan.columns)
            plan.columns = column + 1;
        if (fixed < 0 || bytes + fixed > OF_KEY_WORD_BYTES)
            plan.wide = true;
        else
            bytes += fixed;
    }
    plan.type = target->columns[target->key[0]].type;
    plan.one_word = !plan.wide && target->key_count == 1;
    plan.as_it_lies = plan.wide && target->key_count == 1 && plan.type != OUTFALL_TYPE_DECIMAL;
    return plan;
}

/* Finds the fields of a row up to the key's last; false: one of the key's is null. */
static bool find_fields(const key_plan *plan, const uint8_t *row)
{
    const uint8_t *cursor = row + 2;
    for (uint32_t i = 0; i < plan->columns; i++)
        plan->fields[i].length = outfall_field_next(&cursor, &plan->fields[i].data);
    for (uint32_t i = 0; i < plan->target->key_count; i++)
        if (plan->fields[plan->target->key[i]].length < 0)
            return false;
    return true;
}

/* As find_fields, for a key of one field: its length. */
static inline int32_t find_one(const uint8_t *row, uint32_t columns, const uint8_t **data)
{
    const uint8_t *cursor = row + 2;
    int32_t length = outfall_field_next(&cursor, data);
    for (uint32_t i = 1; i < columns; i++)
        length = outfall_field_next(&cursor, data);
    return length;
}

static uint64_t make_word(const key_plan *plan)
{
    const outfall_target *target = plan->target;
    uint64_t word = 0;
    for (uint32_t i = 0; i < target->key_count; i++) {
        uint32_t type = target->columns[target->key[i]].type;
        /* A shift by 64 is undefined, and there is nothing to shift then. */
        if (i > 0)
            word <<= 8 * outfall_type_fixed_bytes(type);
        word |= ordered(type, plan->fields[target->key[i]].data);
    }
    return word;
}

/* Room for the key of the next row: it may grow by a half and by the ends of its texts. */
static int reserve_text(of_keys *keys, uint32_t row, size_t bytes, outfall_error *error)
{
    if (keys->text.bytes - keys->text_used >= bytes)
        return OUTFALL_OK;
    size_t grown = 2 * keys->text.bytes + bytes + 4096;
    uint8_t *data = of_alloc(grown);
    if (data == NULL)
        return of_fail_nomem(error);
    if (keys->text_used > 0)
        memcpy(data, keys->text.data, keys->text_used);
    for (uint32_t i = 0; i < row; i++)
        if ((keys->flags[i] & OF_KEY_NULL) == 0)
            keys->bytes[i].data = data + (keys->bytes[i].data - (const uint8_t *)keys->text.data);
    of_free(keys->text.data);
    keys->text = (of_room){.data = data, .bytes = grown};
    return OUTFALL_OK;
}

static int make_bytes(of_keys *keys, const key_plan *plan, uint32_t row, uint32_t row_bytes,
                      outfall_error *error)
{
    const outfall_target *target = plan->target;
    /* A field of n bytes takes n + 4 in the row and at most 2n + 2 in the key. */
    int status = reserve_text(keys, row, 2 * (size_t)row_bytes + OF_KEY_WORD_BYTES, error);
    if (status != OUTFALL_OK)
        return status;
    uint8_t *out = (uint8_t *)keys->text.data + keys->text_used;
    size_t size = 0;
    for (uint32_t i = 0; i < target->key_count; i++) {
        uint32_t column = target->key[i];
        size += write_field(target->columns[column].type, &plan->fields[column], out + size);
    }
    keys->bytes[row] = (of_key_bytes){out, (uint32_t)size};
    keys->text_used += size;
    return OUTFALL_OK;
}

/* ---- All rows --------------------------------------------------------------------- */

static int reserve(of_keys *keys, key_plan *plan, outfall_error *error)
{
    size_t rows = keys->rows;
    int status = of_room_reserve(&keys->flag_room, rows, error);
    if (status == OUTFALL_OK)
        status = of_room_reserve(&keys->field_room, plan->columns * sizeof *plan->fields, error);
    if (status == OUTFALL_OK && plan->wide)
        status = of_room_reserve(&keys->bytes_room, rows * sizeof *keys->bytes, error);
    if (status == OUTFALL_OK && !plan->wide)
        status = of_room_reserve(&keys->word_room, rows * sizeof *keys->words, error);
    keys->flags = keys->flag_room.data;
    keys->bytes = keys->bytes_room.data;
    keys->words = keys->word_room.data;
    plan->fields = keys->field_room.data;
    return status;
}

/* A row's flags, but for OF_KEY_LAST; counted. */
static inline void set_flags(of_keys *keys, uint32_t row, const outfall_row_entry *entry, bool null)
{
    bool delete = entry->kind == OUTFALL_ROW_DELETE;
    keys->flags[row] = (uint8_t)((delete ? OF_KEY_DELETE : 0) | (null ? OF_KEY_NULL : 0));
    keys->deletes += delete;
    keys->nulls += null;
}

/* Something to hash, though nobody looks for it. */
static void set_empty(of_keys *keys, uint32_t row, const uint8_t *anywhere)
{
    if (keys->wide)
        keys->bytes[row] = (of_key_bytes){anywhere, 0};
    else
        keys->words[row] = 0;
}

/*
 * The three ways to read a span, whose first row is `row` of the batch; *before is the last row
 * whose key has no null. Apart, because the loop for a key of one field takes a third of the time
 * of the general one.
 */

/* One field of at most a word. */
static void read_words(of_keys *keys, const key_plan *plan, const outfall_span *span, uint32_t row,
                       uint32_t *before)
{
    uint64_t *words = keys->words;
    uint64_t last = *before != OF_KEY_NONE ? words[*before] : 0;
    uint32_t columns = plan->columns, type = plan->type, good = *before;
    bool ascending = keys->ascending;
    for (uint32_t i = 0; i < span->count; i++, row++) {
        const outfall_row_entry *entry = outfall_span_entry(span, i);
        const uint8_t *data;
        bool null = find_one(span->base + entry->start, columns, &data) < 0;
        set_flags(keys, row, entry, null);
        if (null) {
            words[row] = 0; /* As set_empty. */
            continue;
        }
        words[row] = ordered(type, data);
        ascending &= words[row] >= last;
        last = words[row];
        good = row;
    }
    keys->ascending = ascending;
    *before = good;
}

static void note_order(of_keys *keys, uint32_t row, uint32_t *before)
{
    if (keys->ascending && *before != OF_KEY_NONE)
        keys->ascending = keys->wide
                              ? of_key_bytes_compare(&keys->bytes[row], &keys->bytes[*before]) >= 0
                              : keys->words[row] >= keys->words[*before];
    *before = row;
}

/* One field whose bytes are the key. */
static void read_lying(of_keys *keys, const key_plan *plan, const outfall_span *span, uint32_t row,
                       uint32_t *before)
{
    of_key_bytes *bytes = keys->bytes;
    uint32_t columns = plan->columns;
    for (uint32_t i = 0; i < span->count; i++, row++) {
        const outfall_row_entry *entry = outfall_span_entry(span, i);
        const uint8_t *data;
        int32_t length = find_one(span->base + entry->start, columns, &data);
        set_flags(keys, row, entry, length < 0);
        bytes[row] = (of_key_bytes){data, length < 0 ? 0 : (uint32_t)length};
        if (length < 0)
            continue;
        note_order(keys, row, before);
    }
}

static int read_any(of_keys *keys, const key_plan *plan, const outfall_span *span, uint32_t row,
                    uint32_t *before, outfall_error *error)
{
    for (uint32_t i = 0; i < span->count; i++, row++) {
        const outfall_row_entry *entry = outfall_span_entry(span, i);
        int status = OUTFALL_OK;
        bool null = !find_fields(plan, span->base + entry->start);
        set_flags(keys, row, entry, null);
        if (null) {
            set_empty(keys, row, span->base + entry->start);
            continue;
        }
        if (plan->wide)
            status = make_bytes(keys, plan, row, entry->bytes, error);
        else
            keys->words[row] = make_word(plan);
        if (status != OUTFALL_OK)
            return status;
        note_order(keys, row, before);
    }
    return OUTFALL_OK;
}

int of_keys_read(of_keys *keys, const outfall_target *target, const outfall_batch *batch,
                 outfall_error *error)
{
    key_plan plan = make_plan(target);
    uint32_t row = 0, before = OF_KEY_NONE;
    keys->rows = (uint32_t)batch->rows;
    keys->wide = plan.wide;
    keys->ascending = true;
    keys->deletes = keys->nulls = 0;
    keys->text_used = 0;
    int status = reserve(keys, &plan, error);
    for (uint32_t s = 0; s < batch->span_count && status == OUTFALL_OK; s++) {
        const outfall_span *span = &batch->spans[s];
        if (plan.one_word)
            read_words(keys, &plan, span, row, &before);
        else if (plan.as_it_lies)
            read_lying(keys, &plan, span, row, &before);
        else
            status = read_any(keys, &plan, span, row, &before, error);
        row += span->count;
    }
    return status;
}
