/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/bind.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <outfall/encoding.h>

#include "odbc/utf16.h"

#define SECONDS_DIGITS 6 /* Of a fraction. */

#define INT64_TEXT_MAX 21 /* "-9223372036854775808" and the NUL. */

/* ---- Parameters ------------------------------------------------------------------- */

static const drv_odbc_parameter parameters[DRV_ODBC_BINDS] = {
    [DRV_ODBC_BIND_INT16] = {SQL_C_SSHORT, SQL_SMALLINT, 5, 0, sizeof(SQLSMALLINT)},
    [DRV_ODBC_BIND_INT32] = {SQL_C_SLONG, SQL_INTEGER, 10, 0, sizeof(SQLINTEGER)},
    [DRV_ODBC_BIND_INT64] = {SQL_C_SBIGINT, SQL_BIGINT, 19, 0, sizeof(SQLBIGINT)},
    [DRV_ODBC_BIND_INT64_TEXT] = {SQL_C_CHAR, SQL_DECIMAL, 19, 0, INT64_TEXT_MAX},
    [DRV_ODBC_BIND_FLOAT32] = {SQL_C_FLOAT, SQL_REAL, 7, 0, sizeof(SQLREAL)},
    [DRV_ODBC_BIND_FLOAT64] = {SQL_C_DOUBLE, SQL_DOUBLE, 15, 0, sizeof(SQLDOUBLE)},
    [DRV_ODBC_BIND_BOOL] = {SQL_C_BIT, SQL_BIT, 1, 0, sizeof(SQLCHAR)},
    [DRV_ODBC_BIND_DECIMAL] = {SQL_C_CHAR, SQL_DECIMAL, 0, 0, 0},
    [DRV_ODBC_BIND_DECIMAL_TEXT] = {SQL_C_CHAR, SQL_VARCHAR, 0, 0, 0},
    [DRV_ODBC_BIND_TEXT] = {SQL_C_CHAR, SQL_VARCHAR, 0, 0, 0},
    [DRV_ODBC_BIND_BYTES] = {SQL_C_BINARY, SQL_VARBINARY, 0, 0, 0},
    [DRV_ODBC_BIND_DATE] = {SQL_C_TYPE_DATE, SQL_TYPE_DATE, 10, 0, sizeof(SQL_DATE_STRUCT)},
    [DRV_ODBC_BIND_DATE_TEXT] = {SQL_C_CHAR, SQL_VARCHAR, 0, 0, OUTFALL_TEMPORAL_TEXT_MAX},
    [DRV_ODBC_BIND_TIME] = {SQL_C_TYPE_TIME, SQL_TYPE_TIME, 8, 0, sizeof(SQL_TIME_STRUCT)},
    [DRV_ODBC_BIND_TIME_TEXT] = {SQL_C_CHAR, SQL_VARCHAR, 0, 0, OUTFALL_TEMPORAL_TEXT_MAX},
    [DRV_ODBC_BIND_TIMESTAMP] = {SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP, 26, SECONDS_DIGITS,
                                 sizeof(SQL_TIMESTAMP_STRUCT)},
    [DRV_ODBC_BIND_TIMESTAMP_TEXT] = {SQL_C_CHAR, SQL_VARCHAR, 0, 0, OUTFALL_TEMPORAL_TEXT_MAX},
    [DRV_ODBC_BIND_ZONED_TEXT] = {SQL_C_CHAR, SQL_VARCHAR, 0, 0, OUTFALL_TEMPORAL_TEXT_MAX},
    [DRV_ODBC_BIND_UUID_TEXT] = {SQL_C_CHAR, SQL_VARCHAR, 36, 0, OUTFALL_UUID_TEXT_MAX},
    [DRV_ODBC_BIND_UUID_BYTES] = {SQL_C_BINARY, SQL_BINARY, 16, 0, 16},
};

static bool is_text(int sql_type)
{
    return sql_type == SQL_CHAR || sql_type == SQL_VARCHAR || sql_type == SQL_LONGVARCHAR ||
           sql_type == SQL_WCHAR || sql_type == SQL_WVARCHAR || sql_type == SQL_WLONGVARCHAR;
}

static bool is_binary(int sql_type)
{
    return sql_type == SQL_BINARY || sql_type == SQL_VARBINARY || sql_type == SQL_LONGVARBINARY;
}

drv_odbc_parameter drv_odbc_bind_parameter(enum drv_odbc_bind bind, const outfall_column *column,
                                           int sql_type, bool wide)
{
    drv_odbc_parameter made = parameters[bind];
    if (bind == DRV_ODBC_BIND_TEXT && wide) {
        /* Of the column's own kind: the index of a VARCHAR is of no use to an NVARCHAR. */
        made.c_type = SQL_C_WCHAR;
        made.sql_type = is_text(sql_type) ? (SQLSMALLINT)sql_type : SQL_WVARCHAR;
        made.size = column->length_max;
    } else if (bind == DRV_ODBC_BIND_BYTES && wide) {
        made.sql_type = is_binary(sql_type) ? (SQLSMALLINT)sql_type : SQL_VARBINARY;
    } else if (bind == DRV_ODBC_BIND_DECIMAL && column->precision == 0) {
        made.sql_type = SQL_VARCHAR; /* A scale would round. */
    } else if (bind == DRV_ODBC_BIND_DECIMAL) {
        made.size = column->precision;
        made.digits = (SQLSMALLINT)(column->scale > 0 ? column->scale : 0);
    } else if (bind == DRV_ODBC_BIND_TIMESTAMP && column->fraction_digits >= 0) {
        made.digits = (SQLSMALLINT)column->fraction_digits;
        made.size = made.digits > 0 ? 20 + (SQLULEN)made.digits : 19;
    }
    return made;
}

/* ---- Values ----------------------------------------------------------------------- */

bool drv_odbc_bind_fits(uint32_t type, int32_t length)
{
    int32_t fixed = outfall_type_fixed_bytes(type);
    return length == -1 || (length >= 0 && (fixed < 0 || fixed == length));
}

/* Of bool, int16, int32 and int64: the length tells which. */
static int64_t read_integer(const uint8_t *field, int32_t length)
{
    switch (length) {
    case 1:
        return field[0];
    case 2:
        return outfall_read_i16(field);
    case 4:
        return outfall_read_i32(field);
    default:
        return outfall_read_i64(field);
    }
}

static double read_real(const uint8_t *field, int32_t length)
{
    return length == 4 ? (double)outfall_read_f32(field) : outfall_read_f64(field);
}

size_t drv_odbc_bind_bytes(enum drv_odbc_bind bind, bool wide, const uint8_t *field, int32_t length)
{
    switch (bind) {
    case DRV_ODBC_BIND_DECIMAL:
    case DRV_ODBC_BIND_DECIMAL_TEXT:
        return outfall_decimal_text_max(field, length);
    case DRV_ODBC_BIND_TEXT:
        return wide ? 2 * DRV_ODBC_UTF16_MAX((size_t)length) + 2 : (size_t)length + 1;
    default:
        return (size_t)length + 1; /* Room for an empty value is not none. */
    }
}

static SQLLEN put_timestamp(drv_day *day, int64_t us_since_2000, uint8_t *out)
{
    uint64_t of_day = drv_day_find(day, us_since_2000);
    uint32_t seconds = (uint32_t)(of_day / 1000000);
    const SQL_TIMESTAMP_STRUCT value = {
        .year = (SQLSMALLINT)day->year,
        .month = (SQLUSMALLINT)day->month,
        .day = (SQLUSMALLINT)day->of_month,
        .hour = (SQLUSMALLINT)(seconds / 3600),
        .minute = (SQLUSMALLINT)(seconds / 60 % 60),
        .second = (SQLUSMALLINT)(seconds % 60),
        .fraction = (SQLUINTEGER)(of_day - (uint64_t)seconds * 1000000) * 1000,
    };
    memcpy(out, &value, sizeof value);
    return sizeof value;
}

static SQLLEN put_date(int32_t days_since_2000, uint8_t *out)
{
    int64_t year;
    int month, day;
    outfall_date_split((int64_t)days_since_2000 + OUTFALL_EPOCH_DAYS, &year, &month, &day);
    const SQL_DATE_STRUCT value = {(SQLSMALLINT)year, (SQLUSMALLINT)month, (SQLUSMALLINT)day};
    memcpy(out, &value, sizeof value);
    return sizeof value;
}

static SQLLEN put_time(int64_t microseconds, uint8_t *out)
{
    const SQL_TIME_STRUCT value = {(SQLUSMALLINT)(microseconds / 3600000000),
                                   (SQLUSMALLINT)(microseconds / 60000000 % 60),
                                   (SQLUSMALLINT)(microseconds / 1000000 % 60)};
    memcpy(out, &value, sizeof value);
    return sizeof value;
}

static SQLLEN put_text(bool wide, const uint8_t *field, int32_t length, uint8_t *out)
{
    if (wide) /* Columns of a frame are aligned. */
        return (SQLLEN)(2 * drv_odbc_to_utf16((const char *)field, (size_t)length,
                                              (uint16_t *)(void *)out));
    memcpy(out, field, (size_t)length);
    return length;
}

static SQLLEN put_number(enum drv_odbc_bind bind, const uint8_t *field, int32_t length,
                         uint8_t *out)
{
    int64_t integer = bind < DRV_ODBC_BIND_FLOAT32 || bind == DRV_ODBC_BIND_BOOL
                          ? read_integer(field, length)
                          : 0;
    SQLSMALLINT small = (SQLSMALLINT)integer;
    SQLINTEGER middle = (SQLINTEGER)integer;
    float single;
    double real;
    switch (bind) {
    case DRV_ODBC_BIND_INT16:
        memcpy(out, &small, sizeof small);
        return sizeof small;
    case DRV_ODBC_BIND_INT32:
        memcpy(out, &middle, sizeof middle);
        return sizeof middle;
    case DRV_ODBC_BIND_INT64:
        memcpy(out, &integer, sizeof integer);
        return sizeof integer;
    case DRV_ODBC_BIND_INT64_TEXT:
        return snprintf((char *)out, INT64_TEXT_MAX, "%" PRId64, integer);
    case DRV_ODBC_BIND_FLOAT32:
        single = (float)read_real(field, length);
        memcpy(out, &single, sizeof single);
        return sizeof single;
    case DRV_ODBC_BIND_FLOAT64:
        real = read_real(field, length);
        memcpy(out, &real, sizeof real);
        return sizeof real;
    default:
        out[0] = integer != 0;
        return 1;
    }
}

SQLLEN drv_odbc_bind_put_other(enum drv_odbc_bind bind, bool wide, const uint8_t *field,
                               int32_t length, drv_day *day, uint8_t *out)
{
    char *text = (char *)out;
    switch (bind) {
    case DRV_ODBC_BIND_TEXT:
        return put_text(wide, field, length, out);
    case DRV_ODBC_BIND_BYTES:
    case DRV_ODBC_BIND_UUID_BYTES:
        memcpy(out, field, (size_t)length);
        return length;
    case DRV_ODBC_BIND_DECIMAL:
    case DRV_ODBC_BIND_DECIMAL_TEXT:
        return (SQLLEN)outfall_decimal_text(field, length, text);
    case DRV_ODBC_BIND_DATE:
        return put_date(outfall_read_i32(field), out);
    case DRV_ODBC_BIND_DATE_TEXT:
        return (SQLLEN)outfall_date_text(outfall_read_i32(field), text);
    case DRV_ODBC_BIND_TIME:
        return put_time(outfall_read_i64(field), out);
    case DRV_ODBC_BIND_TIME_TEXT:
        return (SQLLEN)outfall_time_text(outfall_read_i64(field), text);
    case DRV_ODBC_BIND_TIMESTAMP:
        return put_timestamp(day, outfall_read_i64(field), out);
    case DRV_ODBC_BIND_TIMESTAMP_TEXT:
        return (SQLLEN)drv_day_timestamp_text(day, outfall_read_i64(field), 0, text);
    case DRV_ODBC_BIND_ZONED_TEXT:
        return (SQLLEN)drv_day_timestamp_text(day, outfall_read_i64(field), 1, text);
    case DRV_ODBC_BIND_UUID_TEXT:
        return (SQLLEN)outfall_uuid_text(field, text);
    default:
        return put_number(bind, field, length, out);
    }
}
