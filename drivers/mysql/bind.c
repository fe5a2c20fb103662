/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/bind.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

#define SLOTS_MIN 64
#define NO_DAY INT64_MIN

/* ---- Fields ----------------------------------------------------------------------------- */

void drv_my_field_init(drv_my_field *field, uint32_t type)
{
    static const uint8_t kinds[] = {
        [OUTFALL_TYPE_NULL] = DRV_MY_TEXT,          [OUTFALL_TYPE_BOOL] = DRV_MY_BOOL,
        [OUTFALL_TYPE_INT16] = DRV_MY_INT16,        [OUTFALL_TYPE_INT32] = DRV_MY_INT32,
        [OUTFALL_TYPE_INT64] = DRV_MY_INT64,        [OUTFALL_TYPE_FLOAT32] = DRV_MY_FLOAT32,
        [OUTFALL_TYPE_FLOAT64] = DRV_MY_FLOAT64,    [OUTFALL_TYPE_DECIMAL] = DRV_MY_DECIMAL,
        [OUTFALL_TYPE_TEXT] = DRV_MY_TEXT,          [OUTFALL_TYPE_BYTES] = DRV_MY_BYTES,
        [OUTFALL_TYPE_DATE] = DRV_MY_DATE,          [OUTFALL_TYPE_TIME] = DRV_MY_TIME,
        [OUTFALL_TYPE_TIMESTAMP] = DRV_MY_DATETIME, [OUTFALL_TYPE_TIMESTAMPTZ] = DRV_MY_DATETIME,
        [OUTFALL_TYPE_UUID] = DRV_MY_UUID,          [OUTFALL_TYPE_JSON] = DRV_MY_TEXT,
        [OUTFALL_TYPE_OTHER] = DRV_MY_TEXT,
    };
    *field = (drv_my_field){.kind = kinds[type], .fixed = outfall_type_fixed_bytes(type)};
}

/* ---- Memory ----------------------------------------------------------------------------- */

int drv_my_slots_reserve(drv_my_slots *slots, size_t count, outfall_error *error)
{
    if (count <= slots->capacity)
        return OUTFALL_OK;
    size_t capacity = count > SLOTS_MIN ? count : SLOTS_MIN;
    drv_my_slots_free(slots);
    slots->slots = calloc(capacity, sizeof *slots->slots);
    slots->binds = calloc(capacity, sizeof *slots->binds);
    if (slots->slots == NULL || slots->binds == NULL) {
        drv_my_slots_free(slots);
        return drv_fail_nomem(error);
    }
    slots->capacity = capacity;
    return OUTFALL_OK;
}

void drv_my_slots_free(drv_my_slots *slots)
{
    free(slots->slots);
    free(slots->binds);
    *slots = (drv_my_slots){0};
}

/* ---- Values ----------------------------------------------------------------------------- */

void drv_my_bind_init(const drv_my_field *field, drv_my_slot *slot, MYSQL_BIND *bind)
{
    static const enum enum_field_types types[] = {
        [DRV_MY_BOOL] = MYSQL_TYPE_TINY,          [DRV_MY_INT16] = MYSQL_TYPE_SHORT,
        [DRV_MY_INT32] = MYSQL_TYPE_LONG,         [DRV_MY_INT64] = MYSQL_TYPE_LONGLONG,
        [DRV_MY_FLOAT32] = MYSQL_TYPE_FLOAT,      [DRV_MY_FLOAT64] = MYSQL_TYPE_DOUBLE,
        [DRV_MY_DECIMAL] = MYSQL_TYPE_NEWDECIMAL, [DRV_MY_TEXT] = MYSQL_TYPE_STRING,
        [DRV_MY_BYTES] = MYSQL_TYPE_BLOB,         [DRV_MY_DATE] = MYSQL_TYPE_DATE,
        [DRV_MY_TIME] = MYSQL_TYPE_TIME,          [DRV_MY_DATETIME] = MYSQL_TYPE_DATETIME,
        [DRV_MY_UUID] = MYSQL_TYPE_STRING,
    };
    memset(bind, 0, sizeof *bind);
    memset(&slot->as.time, 0, sizeof slot->as.time);
    slot->day = NO_DAY;
    slot->is_null = 0;
    slot->indicator = 0;
    bind->buffer_type = types[field->kind];
    bind->buffer = &slot->as;
    bind->is_null = &slot->is_null;
    drv_my_client_set_indicator(bind, &slot->indicator);
    if (field->kind == DRV_MY_DATE || field->kind == DRV_MY_DATETIME)
        slot->as.time.time_type =
            field->kind == DRV_MY_DATE ? MYSQL_TIMESTAMP_DATE : MYSQL_TIMESTAMP_DATETIME;
    else if (field->kind == DRV_MY_TIME)
        slot->as.time.time_type = MYSQL_TIMESTAMP_TIME;
}

/* Days since 2000-01-01. Most rows have the date of the one before. */
static enum drv_my_refusal put_day(drv_my_slot *slot, int64_t day)
{
    int64_t year;
    int month, of_month;
    if (day == slot->day)
        return DRV_MY_TAKEN;
    outfall_date_split(day + OUTFALL_EPOCH_DAYS, &year, &month, &of_month);
    if (year < 0 || year > 9999)
        return DRV_MY_MALFORMED; /* Beyond the column's range, which put has checked. */
    slot->day = day;
    slot->as.time.year = (unsigned)year;
    slot->as.time.month = (unsigned)month;
    slot->as.time.day = (unsigned)of_month;
    return DRV_MY_TAKEN;
}

static enum drv_my_refusal put_time_of_day(drv_my_slot *slot, int64_t us)
{
    if (us < 0 || us > OUTFALL_DAY_US)
        return DRV_MY_MALFORMED;
    uint32_t seconds = (uint32_t)(us / 1000000);
    slot->as.time.second_part = (unsigned long)(us % 1000000);
    slot->as.time.hour = seconds / 3600;
    slot->as.time.minute = seconds / 60 % 60;
    slot->as.time.second = seconds % 60;
    return DRV_MY_TAKEN;
}

static enum drv_my_refusal put_timestamp(drv_my_slot *slot, int64_t us)
{
    int64_t day = us / OUTFALL_DAY_US;
    int64_t of_day = us % OUTFALL_DAY_US;
    if (of_day < 0) {
        of_day += OUTFALL_DAY_US;
        day--;
    }
    enum drv_my_refusal refusal = put_day(slot, day);
    return refusal != DRV_MY_TAKEN ? refusal : put_time_of_day(slot, of_day);
}

static enum drv_my_refusal put_decimal(drv_my_slot *slot, MYSQL_BIND *bind, const uint8_t *data,
                                       int32_t length)
{
    size_t room = outfall_decimal_text_max(data, length);
    if (room == 0 || room > sizeof slot->as.text)
        return DRV_MY_MALFORMED;
    bind->buffer_length = (unsigned long)outfall_decimal_text(data, length, slot->as.text);
    return DRV_MY_TAKEN;
}

static enum drv_my_refusal put_bytes(const drv_my_field *field, MYSQL_BIND *bind,
                                     const uint8_t *data, int32_t length)
{
    bind->buffer = (void *)(uintptr_t)data; /* The library only reads it. */
    bind->buffer_length = (unsigned long)length;
    if (field->members.text != NULL &&
        !drv_my_members_have(&field->members, (const char *)data, (size_t)length))
        return DRV_MY_NO_MEMBER;
    if (field->exact != 0 && (uint32_t)length < field->exact)
        return DRV_MY_WOULD_PAD;
    return DRV_MY_TAKEN;
}

enum drv_my_refusal drv_my_bind_put_value(const drv_my_field *field, drv_my_slot *slot,
                                          MYSQL_BIND *bind, const uint8_t *data, int32_t length)
{
    switch (field->kind) {
    case DRV_MY_BOOL:
        slot->as.int8 = data[0] != 0;
        return DRV_MY_TAKEN;
    case DRV_MY_INT16:
        slot->as.int16 = outfall_read_i16(data);
        return DRV_MY_TAKEN;
    case DRV_MY_FLOAT32:
        slot->as.float32 = outfall_read_f32(data);
        return DRV_MY_TAKEN;
    case DRV_MY_DECIMAL:
        return put_decimal(slot, bind, data, length);
    case DRV_MY_DATE:
        return put_day(slot, outfall_read_i32(data));
    case DRV_MY_TIME:
        return put_time_of_day(slot, outfall_read_i64(data));
    case DRV_MY_DATETIME:
        return put_timestamp(slot, outfall_read_i64(data));
    case DRV_MY_UUID:
        bind->buffer_length = (unsigned long)outfall_uuid_text(data, slot->as.text);
        return DRV_MY_TAKEN;
    default:
        return put_bytes(field, bind, data, length);
    }
}
