/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/type.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <sql.h>
#include <sqlext.h>

#define NAME_BYTES_MAX 128
#define INT64_DIGITS 18 /* That any number of fits 64 bits. */
#define FRACTION_MAX 6

/* ---- To the database -------------------------------------------------------------- */

/* The '#' of a sized spelling; false where the column has no size. */
static int add_size(drv_text *to, const outfall_column *column)
{
    switch (column->type) {
    case OUTFALL_TYPE_DECIMAL:
        drv_text_format(to, "%u, %d", column->precision, column->scale);
        return column->precision > 0;
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_BYTES:
        drv_text_format(to, "%u", column->length_max);
        return column->length_max > 0;
    default:
        drv_text_format(to, "%d", column->fraction_digits);
        return column->fraction_digits >= 0 && column->fraction_digits < FRACTION_MAX;
    }
}

static int fits(const drv_odbc_spelling *spelling, const outfall_column *column)
{
    switch (column->type) {
    case OUTFALL_TYPE_DECIMAL:
        return column->precision <= spelling->size_max;
    case OUTFALL_TYPE_TEXT:
    case OUTFALL_TYPE_BYTES:
        return column->length_max <= spelling->size_max;
    default:
        return 1;
    }
}

int drv_odbc_type_declare(drv_text *to, const drv_odbc_dialect *dialect,
                          const outfall_column *column)
{
    drv_text size = {0};
    if (column->type == OUTFALL_TYPE_NULL || column->type > OUTFALL_TYPE_OTHER)
        return 0;
    const drv_odbc_spelling *spelling = &dialect->spellings[column->type];
    if (spelling->plain == NULL)
        return 0;
    const char *hole = spelling->sized != NULL ? strchr(spelling->sized, '#') : NULL;
    if (hole != NULL && fits(spelling, column) && add_size(&size, column) && !size.failed) {
        drv_text_add_bytes(to, spelling->sized, (size_t)(hole - spelling->sized));
        drv_text_add(to, size.data);
        drv_text_add(to, hole + 1);
    } else if ((column->flags & OUTFALL_COLUMN_KEY) != 0 && spelling->key != NULL) {
        drv_text_add(to, spelling->key);
    } else {
        drv_text_add(to, spelling->plain);
    }
    to->failed |= size.failed;
    drv_text_free(&size);
    return 1;
}

/* ---- From the database ------------------------------------------------------------ */

/* In lower case, without what stands in brackets: "timestamp with time zone". */
static void simplify(const char *name, char *out)
{
    size_t length = 0;
    int depth = 0;
    for (; *name != '\0' && length + 1 < NAME_BYTES_MAX; name++) {
        depth += *name == '(';
        if (depth == 0 && !(*name == ' ' && (length == 0 || out[length - 1] == ' ')))
            out[length++] = (char)tolower((unsigned char)*name);
        depth -= *name == ')' && depth > 0;
    }
    while (length > 0 && out[length - 1] == ' ')
        length--;
    out[length] = '\0';
}

static int names(const drv_odbc_type *type, const char *name)
{
    return type->name[0] == '*' ? strstr(name, type->name + 1) != NULL
                                : strcmp(type->name, name) == 0;
}

static const drv_odbc_type *find(const drv_odbc_dialect *dialect, const char *name, int64_t size)
{
    for (const drv_odbc_type *type = dialect->types; type->name != NULL; type++)
        if (names(type, name) && (type->length == 0 || type->length == size))
            return type;
    return NULL;
}

const drv_odbc_type *drv_odbc_type_named(const drv_odbc_dialect *dialect, const char *name,
                                         int64_t size)
{
    char plain[NAME_BYTES_MAX];
    simplify(name, plain);
    return find(dialect, plain, size);
}

const drv_odbc_type *drv_odbc_type_numbered(int sql_type)
{
    static const struct {
        int number;
        const char *name;
    } numbers[] = {
        {SQL_BIT, "bit"},           {SQL_TINYINT, "smallint"},    {SQL_SMALLINT, "smallint"},
        {SQL_INTEGER, "integer"},   {SQL_BIGINT, "bigint"},       {SQL_REAL, "real"},
        {SQL_FLOAT, "float"},       {SQL_DOUBLE, "double"},       {SQL_DECIMAL, "decimal"},
        {SQL_NUMERIC, "numeric"},   {SQL_CHAR, "char"},           {SQL_WCHAR, "char"},
        {SQL_VARCHAR, "varchar"},   {SQL_WVARCHAR, "varchar"},    {SQL_LONGVARCHAR, "clob"},
        {SQL_WLONGVARCHAR, "clob"}, {SQL_VARBINARY, "varbinary"}, {SQL_LONGVARBINARY, "blob"},
        {SQL_TYPE_DATE, "date"},    {SQL_TYPE_TIME, "time"},      {SQL_TYPE_TIMESTAMP, "timestamp"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].number == sql_type)
            return find(&drv_odbc_ansi, numbers[i].name, 0);
    return NULL;
}

void drv_odbc_type_arguments(const char *name, int64_t *size, int *digits)
{
    const char *open = strchr(name, '(');
    char *end = NULL;
    *size = 0;
    *digits = DRV_ODBC_NO_DIGITS;
    if (open == NULL)
        return;
    long long first = strtoll(open + 1, &end, 10);
    end += strspn(end, " ");
    long long second = *end == ',' ? strtoll(end + 1, NULL, 10) : 0;
    if (first < 1 || first > INT32_MAX || second < 0 || second > first)
        return;
    *size = first;
    *digits = (int)second;
}

/* A number without a fraction that 64 bits hold, whatever its digits. */
static int is_whole(const drv_odbc_type *type, int64_t size, int digits)
{
    return type->size == DRV_ODBC_SIZE_WHOLE && digits == 0 && size > 0 && size <= INT64_DIGITS;
}

static int64_t power_of_ten(int64_t digits)
{
    int64_t power = 1;
    while (digits-- > 0)
        power *= 10;
    return power;
}

enum drv_odbc_bind drv_odbc_type_read(const drv_odbc_type *type, int64_t size, int digits,
                                      outfall_column *column)
{
    column->type = type->type;
    column->flags |= type->flags;
    column->least = type->least;
    column->most = type->most;
    column->fraction_digits = -1;
    if (is_whole(type, size, digits)) {
        column->type = OUTFALL_TYPE_INT64;
        column->flags &= ~(uint32_t)DRV_ODBC_NO_SPECIALS;
        column->flags |= OUTFALL_COLUMN_LIMITED;
        column->most = power_of_ten(size) - 1;
        column->least = -column->most;
        return DRV_ODBC_BIND_INT64_TEXT;
    }
    switch (type->size) {
    case DRV_ODBC_SIZE_LENGTH:
        column->length_max = size > 0 && size < INT32_MAX ? (uint32_t)size : 0;
        break;
    case DRV_ODBC_SIZE_WHOLE:
    case DRV_ODBC_SIZE_DECIMAL:
        if (size > 0 && digits != DRV_ODBC_NO_DIGITS) {
            column->precision = (uint32_t)size;
            column->scale = digits;
        } else if (type->precision > 0) {
            column->precision = type->precision;
            column->flags |= OUTFALL_COLUMN_APPROXIMATE;
        }
        break;
    case DRV_ODBC_SIZE_BITS:
        column->most = size > 0 && size < 63 ? (INT64_C(1) << size) - 1 : INT64_MAX;
        break;
    case DRV_ODBC_SIZE_FRACTION:
        column->fraction_digits = digits >= 0 && digits < FRACTION_MAX ? digits : -1;
        break;
    default:
        column->precision = type->precision;
        break;
    }
    return type->bind;
}
