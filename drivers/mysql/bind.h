/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row's fields as parameters of a statement. Numbers and times are turned into the client
 * library's own form; text and bytes are sent from where they lie in the batch.
 */
#ifndef DRV_MY_BIND_H
#define DRV_MY_BIND_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "mysql/client.h"
#include "mysql/members.h"

/* Room for a decimal of 65 digits: more than the server's columns hold. */
#define DRV_MY_TEXT_MAX 80

enum drv_my_kind {
    DRV_MY_BOOL,
    DRV_MY_INT16,
    DRV_MY_INT32,
    DRV_MY_INT64,
    DRV_MY_FLOAT32,
    DRV_MY_FLOAT64,
    DRV_MY_DECIMAL,
    DRV_MY_TEXT,
    DRV_MY_BYTES,
    DRV_MY_DATE,
    DRV_MY_TIME,
    DRV_MY_DATETIME,
    DRV_MY_UUID
};

/* How one column's fields are sent. Belongs to a target; never changed after describe. */
typedef struct drv_my_field {
    enum drv_my_kind kind;
    int32_t fixed;  /* Bytes of every field, or -1. */
    uint32_t exact; /* BINARY(n): what is shorter would be padded. 0: any length. */
    drv_my_members members;
} drv_my_field;

/* Sets how a column of that type is sent. `lossy`: the server may pad what it likes. */
void drv_my_field_init(drv_my_field *field, uint32_t type);

/* One value on its way. */
typedef struct drv_my_slot {
    union {
        MYSQL_TIME time;
        int64_t int64;
        int32_t int32;
        int16_t int16;
        int8_t int8;
        double float64;
        float float32;
        char text[DRV_MY_TEXT_MAX];
    } as;
    int64_t day; /* Whose date as.time holds, of a kind with dates. */
    drv_my_bool is_null;
    char indicator;
} drv_my_slot;

/* Memory of a session for values, kept from batch to batch. */
typedef struct drv_my_slots {
    drv_my_slot *slots;
    MYSQL_BIND *binds;
    size_t capacity;
} drv_my_slots;

/* Makes room for so many. OUTFALL_ERR_NOMEM. */
int drv_my_slots_reserve(drv_my_slots *slots, size_t count, outfall_error *error);
void drv_my_slots_free(drv_my_slots *slots);

/* Ties slot and parameter together, for values of that field. */
void drv_my_bind_init(const drv_my_field *field, drv_my_slot *slot, MYSQL_BIND *bind);

enum drv_my_refusal {
    DRV_MY_TAKEN,
    DRV_MY_MALFORMED, /* Bytes that are no encoding of the column's type. */
    DRV_MY_NO_MEMBER, /* Not a member of the ENUM or SET. */
    DRV_MY_WOULD_PAD  /* Shorter than BINARY(n). */
};

/* The rest of drv_my_bind_put: a value that is there, of any kind. */
enum drv_my_refusal drv_my_bind_put_value(const drv_my_field *field, drv_my_slot *slot,
                                          MYSQL_BIND *bind, const uint8_t *data, int32_t length);

/* Puts one field; `length` -1 is NULL. Inline for the kinds that most columns are of. */
static inline enum drv_my_refusal drv_my_bind_put(const drv_my_field *field, drv_my_slot *slot,
                                                  MYSQL_BIND *bind, const uint8_t *data,
                                                  int32_t length)
{
    slot->is_null = length < 0;
    slot->indicator = length < 0 ? DRV_MY_INDICATOR_NULL : 0;
    if (length < 0)
        return DRV_MY_TAKEN;
    if (field->fixed >= 0 && length != field->fixed)
        return DRV_MY_MALFORMED;
    switch (field->kind) {
    case DRV_MY_INT32:
        slot->as.int32 = outfall_read_i32(data);
        return DRV_MY_TAKEN;
    case DRV_MY_INT64:
        slot->as.int64 = outfall_read_i64(data);
        return DRV_MY_TAKEN;
    case DRV_MY_FLOAT64:
        slot->as.float64 = outfall_read_f64(data);
        return DRV_MY_TAKEN;
    case DRV_MY_TEXT:
        if (field->members.text != NULL)
            return drv_my_bind_put_value(field, slot, bind, data, length);
        bind->buffer = (void *)(uintptr_t)data; /* The library only reads it. */
        bind->buffer_length = (unsigned long)length;
        return DRV_MY_TAKEN;
    default:
        return drv_my_bind_put_value(field, slot, bind, data, length);
    }
}

#endif
