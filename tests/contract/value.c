/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

/* Of no version that RFC 9562 knows. */
#define UUID_FREE "12345678-9abc-def0-1234-56789abcdef0"
#define DIGITS30 "123456789012345678901234567890"

const test_value test_values[] = {
    {OUTFALL_TYPE_BOOL, "true", NULL},
    {OUTFALL_TYPE_BOOL, "false", NULL},
    {OUTFALL_TYPE_INT16, "-32768", NULL},
    {OUTFALL_TYPE_INT16, "32767", NULL},
    {OUTFALL_TYPE_INT32, "-2147483648", NULL},
    {OUTFALL_TYPE_INT32, "2147483647", NULL},
    {OUTFALL_TYPE_INT64, "-9223372036854775808", NULL},
    {OUTFALL_TYPE_INT64, "9223372036854775807", NULL},
    {OUTFALL_TYPE_INT64, "0", NULL},
    {OUTFALL_TYPE_FLOAT32, "0.5", NULL},
    {OUTFALL_TYPE_FLOAT32, "-3.4028234663852886e38", NULL},
    {OUTFALL_TYPE_FLOAT32, "1.401298464324817e-45", NULL},
    {OUTFALL_TYPE_FLOAT64, "0.1", NULL},
    {OUTFALL_TYPE_FLOAT64, "1.7976931348623157e308", NULL},
    {OUTFALL_TYPE_FLOAT64, "4.9406564584124654e-324", NULL},
    {OUTFALL_TYPE_FLOAT64, "9007199254740993.0", "9007199254740992"},
    {OUTFALL_TYPE_FLOAT64, "inf", "inf"},
    {OUTFALL_TYPE_FLOAT64, "-inf", "-inf"},
    {OUTFALL_TYPE_FLOAT64, "nan", NULL},
    {OUTFALL_TYPE_DECIMAL, "0", NULL},
    {OUTFALL_TYPE_DECIMAL, "0.000", NULL},
    {OUTFALL_TYPE_DECIMAL, "-12.340", NULL},
    {OUTFALL_TYPE_DECIMAL, "0.00012", NULL},
    {OUTFALL_TYPE_DECIMAL, "10000", NULL},
    {OUTFALL_TYPE_DECIMAL, "100000000.0000001", NULL},
    {OUTFALL_TYPE_DECIMAL, DIGITS30 ".5", NULL},
    {OUTFALL_TYPE_DECIMAL, "-0." DIGITS30 DIGITS30, NULL},
    {OUTFALL_TYPE_DECIMAL, "NaN", NULL},
    {OUTFALL_TYPE_TEXT, "", NULL},
    {OUTFALL_TYPE_TEXT, "plain", NULL},
    {OUTFALL_TYPE_TEXT, "007", NULL},
    {OUTFALL_TYPE_TEXT, "1.0", NULL},
    {OUTFALL_TYPE_TEXT, "NULL", NULL},
    {OUTFALL_TYPE_TEXT, "\\N", NULL},
    {OUTFALL_TYPE_TEXT, "\\.", NULL},
    {OUTFALL_TYPE_TEXT, "{a,\"b\"}", NULL},
    {OUTFALL_TYPE_TEXT, "tab\t line\n return\r quote' \"double\" back\\slash", NULL},
    {OUTFALL_TYPE_TEXT, "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xA6", NULL},
    {OUTFALL_TYPE_TEXT, "   trailing   ", NULL},
    {OUTFALL_TYPE_BYTES, "", NULL},
    {OUTFALL_TYPE_BYTES, "00", NULL},
    {OUTFALL_TYPE_BYTES, "00ff5c272200", NULL},
    {OUTFALL_TYPE_DATE, "1970-01-01", NULL},
    {OUTFALL_TYPE_DATE, "1969-12-31", NULL},
    {OUTFALL_TYPE_DATE, "2000-02-29", NULL},
    {OUTFALL_TYPE_DATE, "0001-01-01", NULL},
    {OUTFALL_TYPE_DATE, "-0043-03-15", "0044-03-15 BC"},
    {OUTFALL_TYPE_DATE, "9999-12-31", NULL},
    {OUTFALL_TYPE_DATE, "12345-06-07", NULL},
    {OUTFALL_TYPE_DATE, "infinity", NULL},
    {OUTFALL_TYPE_DATE, "-infinity", NULL},
    {OUTFALL_TYPE_TIME, "00:00:00", NULL},
    {OUTFALL_TYPE_TIME, "23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIME, "12:34:56.5", NULL},
    {OUTFALL_TYPE_TIME, "24:00:00", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 12:34:56.789", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 00:00:00", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 00:00:00.000001", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 23:59:59.99999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "2024-02-01 00:00:00", NULL}, /* The next day, and the one before. */
    {OUTFALL_TYPE_TIMESTAMP, "2024-01-31 23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "1969-12-31 23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "1999-12-31 23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "0001-01-01 00:00:00", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "-0043-03-15 01:02:03", "0044-03-15 01:02:03 BC"},
    {OUTFALL_TYPE_TIMESTAMP, "-0043-03-15 01:02:04", "0044-03-15 01:02:04 BC"},
    {OUTFALL_TYPE_TIMESTAMP, "294276-12-31 23:59:59.999999", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "294276-12-31 23:59:59.999998", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "infinity", NULL},
    {OUTFALL_TYPE_TIMESTAMP, "-infinity", NULL},
    {OUTFALL_TYPE_TIMESTAMPTZ, "2024-01-31 12:34:56.789", "2024-01-31 12:34:56.789+00"},
    {OUTFALL_TYPE_TIMESTAMPTZ, "2024-01-31 12:34:57", "2024-01-31 12:34:57+00"},
    {OUTFALL_TYPE_TIMESTAMPTZ, "1969-07-20 20:17:40", "1969-07-20 20:17:40+00"},
    {OUTFALL_TYPE_TIMESTAMPTZ, "infinity", NULL},
    {OUTFALL_TYPE_UUID, "00000000-0000-0000-0000-000000000000", NULL},
    {OUTFALL_TYPE_UUID, "12345678-9abc-4ef0-9234-56789abcdef0", NULL},
    {OUTFALL_TYPE_UUID, "ffffffff-ffff-ffff-ffff-ffffffffffff", NULL},
    {OUTFALL_TYPE_UUID, UUID_FREE, NULL},
    {OUTFALL_TYPE_JSON, "{\"a\": [1, 2.50, null], \"b\": \"\\u00e9\"}", NULL},
    {OUTFALL_TYPE_JSON, "1.0", NULL},
    {OUTFALL_TYPE_JSON, "null", NULL},
    {OUTFALL_TYPE_JSON, "\"\xF0\x9F\x90\xA6\"", NULL},
};

const size_t test_value_count = sizeof test_values / sizeof test_values[0];

const char *test_value_literal(const outfall_column *column, uint32_t type, const char *literal,
                               char *room)
{
    if (type == OUTFALL_TYPE_BOOL && column->type != type)
        return strcmp(literal, "true") == 0 ? "1" : "0";
    if (type != OUTFALL_TYPE_DATE || column->type == type || strstr(literal, "inf") != NULL)
        return literal;
    const char *era = strstr(literal, " BC"); /* The time of day goes before it. */
    size_t date = era != NULL ? (size_t)(era - literal) : strlen(literal);
    snprintf(room, TEST_LITERAL_MAX, "%.*s 00:00:00%s", (int)date, literal, era != NULL ? era : "");
    return room;
}

/* ---- Does a value fit? ------------------------------------------------------------ */

/* The number of a literal as outfall_value has it: since 1970. */
static int64_t number_of(const outfall_column *column, const char *literal)
{
    outfall_target target = {.columns = column, .column_count = 1};
    test_rows rows;
    test_rows_init(&rows, &target);
    test_rows_put(&rows, literal);
    const uint8_t *field = rows.bytes + 6; /* Behind the count of fields and the length. */
    int32_t length = outfall_read_i32(rows.bytes + 2);
    int64_t number = length == 2   ? outfall_read_i16(field)
                     : length == 4 ? outfall_read_i32(field)
                                   : outfall_read_i64(field);
    test_rows_free(&rows);
    if (column->type == OUTFALL_TYPE_DATE)
        return number + OUTFALL_EPOCH_DAYS;
    if (column->type == OUTFALL_TYPE_TIMESTAMP || column->type == OUTFALL_TYPE_TIMESTAMPTZ)
        return number > INT64_MAX - OUTFALL_EPOCH_US ? INT64_MAX : number + OUTFALL_EPOCH_US;
    return number;
}

static int decimal_fits(const outfall_column *column, const char *literal)
{
    size_t sign = literal[0] == '-';
    size_t whole = strspn(literal + sign, "0123456789"), zeros = strspn(literal + sign, "0");
    const char *point = strchr(literal, '.');
    size_t scale = point != NULL ? strlen(point + 1) : 0;
    if (column->precision == 0)
        return 1;
    if ((column->flags & OUTFALL_COLUMN_APPROXIMATE) != 0)
        return whole + scale <= column->precision;
    whole -= zeros < whole ? zeros : whole;
    while (scale > 0 && point[scale] == '0')
        scale--; /* A zero at the end is not lost. */
    return (int64_t)whole <= (int64_t)column->precision - column->scale &&
           (int64_t)scale <= column->scale;
}

static int temporal_fits(const outfall_column *column, const char *literal)
{
    const char *point = strchr(literal, '.');
    if (point != NULL && column->fraction_digits >= 0 &&
        strlen(point + 1) > (size_t)column->fraction_digits)
        return 0;
    if ((column->flags & OUTFALL_COLUMN_LIMITED) == 0)
        return 1;
    int64_t number = number_of(column, literal);
    return number >= column->least && number <= column->most;
}

int test_value_fits(const outfall_column *column, const char *literal)
{
    int is_nan = strcmp(literal, "nan") == 0 || strcmp(literal, "NaN") == 0;
    int is_infinite = strstr(literal, "inf") != NULL;
    switch (column->type) {
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64:
    case OUTFALL_TYPE_DECIMAL:
        if (is_nan)
            return (column->flags & OUTFALL_COLUMN_NO_NAN) == 0;
        if (is_infinite)
            return (column->flags & OUTFALL_COLUMN_NO_INFINITY) == 0;
        return column->type != OUTFALL_TYPE_DECIMAL || decimal_fits(column, literal);
    case OUTFALL_TYPE_DATE:
    case OUTFALL_TYPE_TIME:
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        if (is_infinite && (column->flags & OUTFALL_COLUMN_NO_INFINITY) != 0)
            return 0;
        return temporal_fits(column, literal);
    case OUTFALL_TYPE_INT16:
    case OUTFALL_TYPE_INT32:
    case OUTFALL_TYPE_INT64:
        if ((column->flags & OUTFALL_COLUMN_LIMITED) == 0)
            return 1;
        return number_of(column, literal) >= column->least &&
               number_of(column, literal) <= column->most;
    default:
        return 1;
    }
}

int test_value_taken(const contract_quirks *quirks, const outfall_column *column,
                     const char *literal)
{
    if (quirks->rules->empty_is_null && literal[0] == '\0')
        return 0;
    return !(quirks->rules->uuid_versions && column->type == OUTFALL_TYPE_UUID &&
             strcmp(literal, UUID_FREE) == 0);
}

/* ---- Is it the same? -------------------------------------------------------------- */

static void without_zeros(const char *decimal, char *out, size_t capacity)
{
    snprintf(out, capacity, "%s", decimal);
    size_t end = strlen(out);
    if (strchr(out, '.') == NULL)
        return;
    while (out[end - 1] == '0')
        out[--end] = '\0';
    if (out[end - 1] == '.')
        out[end - 1] = '\0';
}

static int same_decimal(const outfall_column *column, const char *want, const char *got)
{
    char left[256], right[256];
    if (column->precision == 0) /* No scale is fixed: the digits are those that were sent. */
        return strcmp(want, got) == 0;
    without_zeros(want, left, sizeof left);
    without_zeros(got, right, sizeof right);
    return strcmp(left, right) == 0;
}

/* All are in UTC; some say so, as +00 or +00:00. */
static int same_zoned(const contract_quirks *quirks, const char *want, const char *got)
{
    char plain[64];
    snprintf(plain, sizeof plain, "%s", got);
    char *zone = strstr(plain, "+00");
    if (zone == NULL)
        return quirks->database == DATABASE_MARIADB && strncmp(want, got, strlen(got)) == 0 &&
               strcmp(want + strlen(got), "+00") == 0;
    if (strcmp(zone, "+00:00") == 0)
        zone[3] = '\0';
    return strcmp(plain, want) == 0;
}

static int same_bool(const char *want, const char *got)
{
    int is_true = strcmp(got, "t") == 0 || strcmp(got, "1") == 0 || strcmp(got, "\\x01") == 0;
    int is_false = strcmp(got, "f") == 0 || strcmp(got, "0") == 0 || strcmp(got, "\\x00") == 0;
    return strcmp(want, "true") == 0 ? is_true : is_false;
}

/* As text, or as its bytes. */
static int same_uuid(const char *want, const char *got)
{
    if (strncmp(got, "\\x", 2) != 0)
        return strcmp(want, got) == 0;
    for (got += 2; *want != '\0'; want++)
        if (*want != '-' && *want != *got++)
            return 0;
    return *got == '\0';
}

static int same_number(double left, double right)
{
    return isnan(left) ? isnan(right) : left == right;
}

int test_value_same(const contract_quirks *quirks, const outfall_column *column, const char *want,
                    const char *got)
{
    if (want == NULL || got == NULL)
        return want == got;
    switch (column->type) {
    case OUTFALL_TYPE_BOOL:
        return same_bool(want, got);
    case OUTFALL_TYPE_FLOAT32:
        return same_number(strtof(want, NULL), strtof(got, NULL));
    case OUTFALL_TYPE_FLOAT64:
        return same_number(strtod(want, NULL), strtod(got, NULL));
    case OUTFALL_TYPE_DECIMAL:
        return same_decimal(column, want, got);
    case OUTFALL_TYPE_BYTES:
        return strncmp(got, "\\x", 2) == 0 && strcmp(got + 2, want) == 0;
    case OUTFALL_TYPE_UUID:
        return same_uuid(want, got);
    case OUTFALL_TYPE_TIMESTAMPTZ:
        return strstr(want, "+00") == NULL ? strcmp(want, got) == 0 : same_zoned(quirks, want, got);
    default:
        return strcmp(got, want) == 0;
    }
}
