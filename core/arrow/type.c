/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/type.h"

#include <stdlib.h>
#include <string.h>

#include <outfall/encoding.h>

#include "base/fail.h"
#include "row/refuse.h"

/* More of either than any schema has: what claims more is not metadata. */
#define METADATA_PAIRS_MAX 65536
#define METADATA_BYTES_MAX (1 << 26)

/* ---- Formats ---------------------------------------------------------------------- */

/* The formats without an argument. An unsigned type is made a column of the next wider one. */
static const struct {
    const char *format;
    int layout, kind;
    uint32_t type, width;
    int64_t per_second;
} plain[] = {
    {"n", OF_ARROW_NOTHING, OF_ARROW_NULL, OUTFALL_TYPE_NULL, 0, 0},
    {"b", OF_ARROW_BITS, OF_ARROW_BOOL, OUTFALL_TYPE_BOOL, 0, 0},
    {"c", OF_ARROW_FIXED, OF_ARROW_INT, OUTFALL_TYPE_INT16, 1, 0},
    {"C", OF_ARROW_FIXED, OF_ARROW_UINT, OUTFALL_TYPE_INT16, 1, 0},
    {"s", OF_ARROW_FIXED, OF_ARROW_INT, OUTFALL_TYPE_INT16, 2, 0},
    {"S", OF_ARROW_FIXED, OF_ARROW_UINT, OUTFALL_TYPE_INT32, 2, 0},
    {"i", OF_ARROW_FIXED, OF_ARROW_INT, OUTFALL_TYPE_INT32, 4, 0},
    {"I", OF_ARROW_FIXED, OF_ARROW_UINT, OUTFALL_TYPE_INT64, 4, 0},
    {"l", OF_ARROW_FIXED, OF_ARROW_INT, OUTFALL_TYPE_INT64, 8, 0},
    {"L", OF_ARROW_FIXED, OF_ARROW_UINT, OUTFALL_TYPE_DECIMAL, 8, 0},
    {"e", OF_ARROW_FIXED, OF_ARROW_FLOAT, OUTFALL_TYPE_FLOAT32, 2, 0},
    {"f", OF_ARROW_FIXED, OF_ARROW_FLOAT, OUTFALL_TYPE_FLOAT32, 4, 0},
    {"g", OF_ARROW_FIXED, OF_ARROW_FLOAT, OUTFALL_TYPE_FLOAT64, 8, 0},
    {"u", OF_ARROW_OFFSETS32, OF_ARROW_DATA, OUTFALL_TYPE_TEXT, 0, 0},
    {"U", OF_ARROW_OFFSETS64, OF_ARROW_DATA, OUTFALL_TYPE_TEXT, 0, 0},
    {"vu", OF_ARROW_VIEWS, OF_ARROW_DATA, OUTFALL_TYPE_TEXT, 0, 0},
    {"z", OF_ARROW_OFFSETS32, OF_ARROW_DATA, OUTFALL_TYPE_BYTES, 0, 0},
    {"Z", OF_ARROW_OFFSETS64, OF_ARROW_DATA, OUTFALL_TYPE_BYTES, 0, 0},
    {"vz", OF_ARROW_VIEWS, OF_ARROW_DATA, OUTFALL_TYPE_BYTES, 0, 0},
    {"tdD", OF_ARROW_FIXED, OF_ARROW_DATE, OUTFALL_TYPE_DATE, 4, 0},
    {"tdm", OF_ARROW_FIXED, OF_ARROW_DATE, OUTFALL_TYPE_DATE, 8, 1000},
    {"tts", OF_ARROW_FIXED, OF_ARROW_TIME, OUTFALL_TYPE_TIME, 4, 1},
    {"ttm", OF_ARROW_FIXED, OF_ARROW_TIME, OUTFALL_TYPE_TIME, 4, 1000},
    {"ttu", OF_ARROW_FIXED, OF_ARROW_TIME, OUTFALL_TYPE_TIME, 8, 1000000},
    {"ttn", OF_ARROW_FIXED, OF_ARROW_TIME, OUTFALL_TYPE_TIME, 8, 1000000000},
};

/* What a zone follows. */
static const struct {
    const char *format;
    int64_t per_second;
} timestamps[] = {{"tss:", 1}, {"tsm:", 1000}, {"tsu:", 1000000}, {"tsn:", 1000000000}};

/* Types that have no column. The first prefix that fits says which. */
static const struct {
    const char *prefix, *name, *fix;
} refused[] = {
    {"tD", "duration", "cast it to int64"},
    {"ti", "interval", "cast it to text, and load it into a column of the database's own type"},
    {"+l", "list", "spell it as JSON, or give each item a row"},
    {"+L", "large list", "spell it as JSON, or give each item a row"},
    {"+v", "list view", "spell it as JSON, or give each item a row"},
    {"+w", "fixed-size list", "spell it as JSON, or give each item a column"},
    {"+s", "struct", "flatten it: one column for each field"},
    {"+m", "map", "spell it as JSON"},
    {"+u", "union", "give each of its types a column"},
    {"+r", "run-end encoded array", "decode it"},
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* An int in decimal within limits, and what has to follow it; returns the place behind, or NULL. */
static const char *read_number(const char *text, long least, long most, long *out)
{
    char *end;
    if ((*text < '0' || *text > '9') && *text != '-')
        return NULL;
    *out = strtol(text, &end, 10); /* Out of range is LONG_MIN or LONG_MAX, out of these too. */
    return end == text || *out < least || *out > most ? NULL : end;
}

/* "w:16" */
static bool read_fixed_bytes(const char *format, of_arrow_type *out)
{
    long width = 0;
    const char *end = read_number(format + 2, 0, INT32_MAX, &width);
    *out = (of_arrow_type){.layout = OF_ARROW_FIXED,
                           .kind = OF_ARROW_DATA,
                           .type = OUTFALL_TYPE_BYTES,
                           .width = (uint32_t)width};
    return end != NULL && *end == '\0';
}

/* "d:10,2" or "d:10,2,256" */
static bool read_decimal(const char *format, of_arrow_type *out)
{
    long precision = 0, scale = 0, bits = 128;
    const char *end = read_number(format + 2, 1, 76, &precision);
    if (end == NULL || *end != ',')
        return false;
    end = read_number(end + 1, INT32_MIN + 1L, INT32_MAX, &scale);
    if (end != NULL && *end == ',')
        end = read_number(end + 1, 32, 256, &bits);
    if (end == NULL || *end != '\0' || (bits != 32 && bits != 64 && bits != 128 && bits != 256))
        return false;
    *out = (of_arrow_type){.layout = OF_ARROW_FIXED,
                           .kind = OF_ARROW_DECIMAL,
                           .type = OUTFALL_TYPE_DECIMAL,
                           .width = (uint32_t)bits / 8,
                           .precision = (uint32_t)precision,
                           .scale = (int32_t)scale};
    return true;
}

static bool read_timestamp(const char *format, of_arrow_type *out)
{
    for (size_t i = 0; i < sizeof timestamps / sizeof timestamps[0]; i++) {
        const char *zone = format + strlen(timestamps[i].format);
        if (!starts_with(format, timestamps[i].format))
            continue;
        *out = (of_arrow_type){.layout = OF_ARROW_FIXED,
                               .kind = OF_ARROW_TIMESTAMP,
                               .type = *zone == '\0' ? OUTFALL_TYPE_TIMESTAMP
                                                     : OUTFALL_TYPE_TIMESTAMPTZ,
                               .width = 8,
                               .per_second = timestamps[i].per_second};
        return true;
    }
    return false;
}

static int read_format(const char *format, const char *name, of_arrow_type *out,
                       outfall_error *error)
{
    char shown[OF_QUOTE_MAX];
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcmp(plain[i].format, format) == 0) {
            *out = (of_arrow_type){.layout = plain[i].layout,
                                   .kind = plain[i].kind,
                                   .type = plain[i].type,
                                   .width = plain[i].width,
                                   .per_second = plain[i].per_second};
            return OUTFALL_OK;
        }
    }
    if ((starts_with(format, "w:") && read_fixed_bytes(format, out)) ||
        (starts_with(format, "d:") && read_decimal(format, out)) || read_timestamp(format, out))
        return OUTFALL_OK;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (starts_with(format, refused[i].prefix))
            return of_fail_column(error, OUTFALL_ERR_UNSUPPORTED, name,
                                  "column \"%.63s\" is an Arrow %s, which no column takes: %s",
                                  name, refused[i].name, refused[i].fix);
    of_quote(format, strlen(format), shown);
    return of_fail_column(error, OUTFALL_ERR_INVALID, name,
                          "column \"%.63s\" has the Arrow format %s, which is none that is known: "
                          "export it as another type",
                          name, shown);
}

/* ---- Extension types -------------------------------------------------------------- */

/* One length or count of metadata, in the machine's own byte order. */
static bool read_length(const char **at, int32_t most, int32_t *out)
{
    memcpy(out, *at, sizeof *out);
    *at += sizeof *out;
    return *out >= 0 && *out <= most;
}

/*
 * Finds the value of the key that names an extension type. The metadata does not say how long it
 * is: lengths that cannot be end the search. Returns false for those.
 */
static bool find_extension(const char *metadata, const char **value, int32_t *length)
{
    static const char key[] = "ARROW:extension:name";
    const char *at = metadata;
    int32_t pairs, key_length, value_length;
    *value = NULL;
    *length = 0;
    if (metadata == NULL)
        return true;
    if (!read_length(&at, METADATA_PAIRS_MAX, &pairs))
        return false;
    for (int32_t i = 0; i < pairs; i++) {
        if (!read_length(&at, METADATA_BYTES_MAX, &key_length))
            return false;
        const char *found = at;
        at += key_length;
        if (!read_length(&at, METADATA_BYTES_MAX, &value_length))
            return false;
        if (key_length == (int32_t)sizeof key - 1 && memcmp(found, key, sizeof key - 1) == 0) {
            *value = at;
            *length = value_length;
            return true;
        }
        at += value_length;
    }
    return true;
}

static bool is_named(const char *value, int32_t length, const char *name)
{
    return value != NULL && (size_t)length == strlen(name) &&
           memcmp(value, name, strlen(name)) == 0;
}

/* Extension types that are ours too; others are what they are stored as. */
static int apply_extension(const struct ArrowSchema *field, const char *name, of_arrow_type *type,
                           outfall_error *error)
{
    const char *value;
    int32_t length;
    if (!find_extension(field->metadata, &value, &length))
        return of_fail_column(error, OUTFALL_ERR_INVALID, name,
                              "the Arrow metadata of column \"%.63s\" has a length that cannot be: "
                              "export it again",
                              name);
    bool uuid = is_named(value, length, "arrow.uuid");
    bool json = is_named(value, length, "arrow.json");
    if (uuid && (type->kind != OF_ARROW_DATA || type->width != 16))
        return of_fail_column(error, OUTFALL_ERR_INVALID, name,
                              "column \"%.63s\" is an arrow.uuid, but not stored as 16 bytes",
                              name);
    if (json && (type->kind != OF_ARROW_DATA || type->type != OUTFALL_TYPE_TEXT))
        return of_fail_column(error, OUTFALL_ERR_INVALID, name,
                              "column \"%.63s\" is an arrow.json, but not stored as text", name);
    if (uuid)
        type->type = OUTFALL_TYPE_UUID;
    if (json)
        type->type = OUTFALL_TYPE_JSON;
    return OUTFALL_OK;
}

/* ---- Fields ----------------------------------------------------------------------- */

static int check_name(const char *name, outfall_error *error)
{
    if (name == NULL || *name == '\0')
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "a column of the Arrow schema has no name: give it one");
    if (!outfall_utf8_valid(name, strlen(name)))
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "the name of a column of the Arrow schema is not UTF-8: rename it");
    return OUTFALL_OK;
}

static int read_type(const struct ArrowSchema *schema, const char *name, of_arrow_type *out,
                     outfall_error *error)
{
    if (schema->release == NULL || schema->format == NULL)
        return of_fail_column(error, OUTFALL_ERR_INVALID, name,
                              "the Arrow schema of column \"%.63s\" has %s: export it again", name,
                              schema->release == NULL ? "been released" : "no format");
    int status = read_format(schema->format, name, out, error);
    if (status == OUTFALL_OK && schema->n_children != 0)
        status = of_fail_column(error, OUTFALL_ERR_INVALID, name,
                                "column \"%.63s\" has %lld Arrow children, its type has none", name,
                                (long long)schema->n_children);
    return status;
}

int of_arrow_field_read(const struct ArrowSchema *schema, of_arrow_field *out, outfall_error *error)
{
    *out = (of_arrow_field){.name = schema->name};
    int status = check_name(out->name, error);
    if (status == OUTFALL_OK)
        status = read_type(schema, out->name, &out->values, error);
    if (status == OUTFALL_OK && schema->dictionary != NULL) {
        out->dictionary = true;
        out->indices = out->values;
        if (out->indices.kind != OF_ARROW_INT && out->indices.kind != OF_ARROW_UINT)
            return of_fail_column(error, OUTFALL_ERR_INVALID, out->name,
                                  "the Arrow dictionary of column \"%.63s\" is not indexed by "
                                  "integers: export it again",
                                  out->name);
        status = read_type(schema->dictionary, out->name, &out->values, error);
        if (status == OUTFALL_OK && schema->dictionary->dictionary != NULL)
            status = of_fail_column(error, OUTFALL_ERR_UNSUPPORTED, out->name,
                                    "column \"%.63s\" is an Arrow dictionary of dictionaries: "
                                    "decode one of them",
                                    out->name);
    }
    if (status == OUTFALL_OK)
        status = apply_extension(schema, out->name, &out->values, error);
    out->nullable = (schema->flags & ARROW_FLAG_NULLABLE) != 0;
    return status;
}
