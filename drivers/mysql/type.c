/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/type.h"

#include <inttypes.h>
#include <string.h>

#include <outfall/encoding.h>

#define LONG_64BIT_TIMESTAMP 110500 /* MariaDB: to 2106. */
#define NATIVE_UUID 100700          /* MariaDB. */
#define BYTES_COLLATION 80017       /* MySQL: utf8mb4_0900_bin. */

#define DECIMAL_DIGITS_MAX 65
#define MARIADB_SCALE_MAX 38
#define MYSQL_SCALE_MAX 30
#define FREE_SCALE 30 /* Of a decimal without precision: 35 digits before the point, 30 after. */
#define VARCHAR_CHARACTERS_MAX 16383 /* Of four bytes, in a row of 65,535. */
#define CHAR_CHARACTERS_MAX 255
#define KEY_LENGTH 255 /* Of a key without one; 3,072 bytes fit into an index. */

/* ---- From the table --------------------------------------------------------------------- */

/* An integer's range, signed and unsigned. UINT64_MAX has no int64: a decimal of 20 digits. */
typedef struct integer_type {
    const char *name;
    uint32_t type;
    uint32_t unsigned_type;
    int64_t least;
    int64_t most;
    int64_t unsigned_most;
} integer_type;

static const integer_type integers[] = {
    {"tinyint", OUTFALL_TYPE_INT16, OUTFALL_TYPE_INT16, INT8_MIN, INT8_MAX, UINT8_MAX},
    {"smallint", OUTFALL_TYPE_INT16, OUTFALL_TYPE_INT32, INT16_MIN, INT16_MAX, UINT16_MAX},
    {"mediumint", OUTFALL_TYPE_INT32, OUTFALL_TYPE_INT32, -8388608, 8388607, 16777215},
    {"int", OUTFALL_TYPE_INT32, OUTFALL_TYPE_INT64, INT32_MIN, INT32_MAX, UINT32_MAX},
    {"bigint", OUTFALL_TYPE_INT64, OUTFALL_TYPE_DECIMAL, INT64_MIN, INT64_MAX, 0},
};

static void limit(outfall_column *column, int64_t least, int64_t most)
{
    column->flags |= OUTFALL_COLUMN_LIMITED;
    column->least = least;
    column->most = most;
}

/* A 64-bit number without sign: the server refuses what is below 0 or above. */
static void make_unsigned_64(outfall_column *column)
{
    column->type = OUTFALL_TYPE_DECIMAL;
    column->flags |= OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY;
    column->precision = 20;
    column->scale = 0;
}

static bool read_integer(const drv_my_type *type, outfall_column *column)
{
    const integer_type *found = NULL;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++)
        if (strcmp(integers[i].name, type->data_type) == 0)
            found = &integers[i];
    if (found == NULL)
        return false;
    bool is_unsigned = strstr(type->column_type, "unsigned") != NULL;
    column->type = is_unsigned ? found->unsigned_type : found->type;
    if (strcmp(type->column_type, "tinyint(1)") == 0)
        column->type = OUTFALL_TYPE_BOOL; /* What BOOLEAN is declared as. */
    else if (column->type == OUTFALL_TYPE_DECIMAL)
        make_unsigned_64(column);
    else if (is_unsigned)
        limit(column, 0, found->unsigned_most);
    else if (strcmp(found->name, "tinyint") == 0 || strcmp(found->name, "mediumint") == 0)
        limit(column, found->least, found->most);
    return true;
}

static void read_bit(const drv_my_type *type, outfall_column *column)
{
    if (type->precision >= 64) {
        make_unsigned_64(column);
    } else if (type->precision == 1) {
        column->type = OUTFALL_TYPE_BOOL;
    } else {
        column->type = OUTFALL_TYPE_INT64;
        limit(column, 0, (int64_t)((UINT64_C(1) << type->precision) - 1));
    }
}

static bool read_number(const drv_my_type *type, outfall_column *column, bool *rounds)
{
    bool is_float = strcmp(type->data_type, "float") == 0;
    if (is_float || strcmp(type->data_type, "double") == 0) {
        column->type = is_float ? OUTFALL_TYPE_FLOAT32 : OUTFALL_TYPE_FLOAT64;
        column->flags |= OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY;
        *rounds = type->scale >= 0; /* FLOAT(7,2) */
    } else if (strcmp(type->data_type, "decimal") == 0) {
        column->type = OUTFALL_TYPE_DECIMAL;
        column->flags |= OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY;
        column->precision = (uint32_t)type->precision;
        column->scale = (int32_t)type->scale;
    } else if (strcmp(type->data_type, "bit") == 0) {
        read_bit(type, column);
    } else if (strcmp(type->data_type, "year") == 0) {
        /* 0 to 99 mean other years to the server; 0000 is left to whoever has it. */
        column->type = OUTFALL_TYPE_INT16;
        limit(column, 1901, 2155);
    } else {
        return false;
    }
    return true;
}

static bool read_time(const drv_my_type *type, drv_my_dialect dialect, outfall_column *column)
{
    int64_t first = outfall_date_join(1, 1, 1);
    int64_t last = outfall_date_join(9999, 12, 31);
    if (strcmp(type->data_type, "date") == 0) {
        column->type = OUTFALL_TYPE_DATE;
        limit(column, first, last);
        return true;
    }
    column->fraction_digits = type->fraction >= 0 ? (int32_t)type->fraction : 0;
    if (strcmp(type->data_type, "time") == 0) {
        column->type = OUTFALL_TYPE_TIME;
    } else if (strcmp(type->data_type, "datetime") == 0) {
        column->type = OUTFALL_TYPE_TIMESTAMP;
        limit(column, first * OUTFALL_DAY_US, (last + 1) * OUTFALL_DAY_US - 1);
    } else if (strcmp(type->data_type, "timestamp") == 0) {
        bool wide = dialect.mariadb && dialect.version >= LONG_64BIT_TIMESTAMP;
        int64_t seconds = wide ? UINT32_MAX : INT32_MAX;
        column->type = OUTFALL_TYPE_TIMESTAMPTZ;
        limit(column, 1000000, seconds * 1000000 + 999999);
    } else {
        column->fraction_digits = -1;
        return false;
    }
    return true;
}

static bool read_text(const drv_my_type *type, outfall_column *column)
{
    static const struct {
        const char *name;
        uint32_t type;
        uint32_t flags;
    } texts[] = {
        {"char", OUTFALL_TYPE_TEXT, OUTFALL_COLUMN_PADDED},
        {"varchar", OUTFALL_TYPE_TEXT, 0},
        {"tinytext", OUTFALL_TYPE_TEXT, 0},
        {"text", OUTFALL_TYPE_TEXT, 0},
        {"mediumtext", OUTFALL_TYPE_TEXT, 0},
        {"longtext", OUTFALL_TYPE_TEXT, 0},
        {"binary", OUTFALL_TYPE_BYTES, 0},
        {"varbinary", OUTFALL_TYPE_BYTES, 0},
        {"tinyblob", OUTFALL_TYPE_BYTES, 0},
        {"blob", OUTFALL_TYPE_BYTES, 0},
        {"mediumblob", OUTFALL_TYPE_BYTES, 0},
        {"longblob", OUTFALL_TYPE_BYTES, 0},
        {"json", OUTFALL_TYPE_JSON, 0},
        {"uuid", OUTFALL_TYPE_UUID, 0},
        {"enum", OUTFALL_TYPE_OTHER, 0},
        {"set", OUTFALL_TYPE_OTHER, 0},
        {"inet4", OUTFALL_TYPE_OTHER, 0},
        {"inet6", OUTFALL_TYPE_OTHER, 0},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i].name, type->data_type) != 0)
            continue;
        column->type = texts[i].type;
        column->flags |= texts[i].flags;
        if (type->is_json)
            column->type = OUTFALL_TYPE_JSON;
        else if ((column->type == OUTFALL_TYPE_TEXT || column->type == OUTFALL_TYPE_BYTES) &&
                 type->length > 0 && type->length < UINT32_MAX)
            column->length_max = (uint32_t)type->length; /* TEXT's is in bytes: never too low. */
        return true;
    }
    return false;
}

const char *drv_my_type_read(const drv_my_type *type, drv_my_dialect dialect,
                             outfall_column *column, bool *rounds)
{
    *rounds = false;
    column->fraction_digits = -1;
    if (read_integer(type, column) || read_number(type, column, rounds) ||
        read_time(type, dialect, column) || read_text(type, column))
        return NULL;
    return "a type that Outfall has no form for; leave the column out, or write to one of another "
           "type";
}

bool drv_my_type_pads_bytes(const drv_my_type *type)
{
    return strcmp(type->data_type, "binary") == 0;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text);
    size_t size = strlen(ending);
    return length >= size && strcmp(text + length - size, ending) == 0;
}

bool drv_my_type_is_bytewise(const char *collation)
{
    return collation[0] == '\0' || strcmp(collation, "binary") == 0 ||
           ends_with(collation, "_nopad_bin") || ends_with(collation, "_0900_bin");
}

/* ---- To a table ------------------------------------------------------------------------- */

static void add_fraction(drv_text *to, const char *type, const outfall_column *column)
{
    int32_t digits = column->fraction_digits;
    if (digits < 0 || digits > 6)
        digits = 6;
    drv_text_format(to, "%s(%" PRId32 ")", type, digits);
}

static const char *add_decimal(drv_text *to, const outfall_column *column, drv_my_dialect dialect)
{
    int32_t scale_max = dialect.mariadb ? MARIADB_SCALE_MAX : MYSQL_SCALE_MAX;
    if (column->precision == 0) {
        drv_text_format(to, "DECIMAL(%d,%d)", DECIMAL_DIGITS_MAX, FREE_SCALE);
        return NULL;
    }
    if (column->precision > DECIMAL_DIGITS_MAX || column->scale < 0 || column->scale > scale_max ||
        (uint32_t)column->scale > column->precision)
        return dialect.mariadb ? "the database has decimals of at most 65 digits, 0 to 38 of them "
                                 "after the point"
                               : "the database has decimals of at most 65 digits, 0 to 30 of them "
                                 "after the point";
    drv_text_format(to, "DECIMAL(%" PRIu32 ",%" PRId32 ")", column->precision, column->scale);
    return NULL;
}

static void add_text(drv_text *to, const outfall_column *column, bool key)
{
    uint32_t length = column->length_max == 0 && key ? KEY_LENGTH : column->length_max;
    if (length == 0 || length > VARCHAR_CHARACTERS_MAX)
        drv_text_add(to, "LONGTEXT");
    else if ((column->flags & OUTFALL_COLUMN_PADDED) != 0 && length <= CHAR_CHARACTERS_MAX)
        drv_text_format(to, "CHAR(%" PRIu32 ")", length);
    else
        drv_text_format(to, "VARCHAR(%" PRIu32 ")", length);
}

static void add_bytes(drv_text *to, const outfall_column *column, bool key)
{
    uint32_t length = column->length_max == 0 && key ? KEY_LENGTH : column->length_max;
    if (length == 0 || length > VARCHAR_CHARACTERS_MAX)
        drv_text_add(to, "LONGBLOB");
    else
        drv_text_format(to, "VARBINARY(%" PRIu32 ")", length);
}

const char *drv_my_type_add(drv_text *to, const outfall_column *column, bool key,
                            drv_my_dialect dialect)
{
    static const char *const fixed[] = {
        [OUTFALL_TYPE_BOOL] = "TINYINT(1)", [OUTFALL_TYPE_INT16] = "SMALLINT",
        [OUTFALL_TYPE_INT32] = "INT",       [OUTFALL_TYPE_INT64] = "BIGINT",
        [OUTFALL_TYPE_FLOAT32] = "FLOAT",   [OUTFALL_TYPE_FLOAT64] = "DOUBLE",
        [OUTFALL_TYPE_DATE] = "DATE",       [OUTFALL_TYPE_JSON] = "JSON",
    };
    switch (column->type) {
    case OUTFALL_TYPE_BOOL:
    case OUTFALL_TYPE_INT16:
    case OUTFALL_TYPE_INT32:
    case OUTFALL_TYPE_INT64:
    case OUTFALL_TYPE_FLOAT32:
    case OUTFALL_TYPE_FLOAT64:
    case OUTFALL_TYPE_DATE:
    case OUTFALL_TYPE_JSON:
        drv_text_add(to, fixed[column->type]);
        return NULL;
    case OUTFALL_TYPE_DECIMAL:
        return add_decimal(to, column, dialect);
    case OUTFALL_TYPE_TEXT:
        add_text(to, column, key);
        return NULL;
    case OUTFALL_TYPE_BYTES:
        add_bytes(to, column, key);
        return NULL;
    case OUTFALL_TYPE_TIME:
        add_fraction(to, "TIME", column);
        return NULL;
    case OUTFALL_TYPE_TIMESTAMP:
        add_fraction(to, "DATETIME", column);
        return NULL;
    case OUTFALL_TYPE_TIMESTAMPTZ:
        add_fraction(to, "TIMESTAMP", column);
        return NULL;
    case OUTFALL_TYPE_UUID:
        drv_text_add(to, dialect.mariadb && dialect.version >= NATIVE_UUID
                             ? "UUID"
                             : "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin");
        return NULL;
    default:
        return "there is no type for it in a schema; create the table with SQL first";
    }
}

const char *drv_my_type_collation(drv_my_dialect dialect)
{
    if (dialect.mariadb)
        return "utf8mb4_nopad_bin";
    return dialect.version >= BYTES_COLLATION ? "utf8mb4_0900_bin" : "utf8mb4_bin";
}
