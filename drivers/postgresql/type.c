/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/type.h"

#include <stddef.h>

#define NAME_OID 19
#define NAME_BYTES_MAX 63
#define VARCHAR_OID 1043
#define BPCHAR_OID 1042
#define MODIFIER_HEADER 4 /* Length modifiers count the four bytes of a value's own length. */

/* Source of the numbers: pg_type.dat of PostgreSQL; they do not change between versions. */
static const drv_pg_type types[] = {
    {16, OUTFALL_TYPE_BOOL, 0, "bool"},
    {17, OUTFALL_TYPE_BYTES, 0, "bytea"},
    {NAME_OID, OUTFALL_TYPE_TEXT, 0, "name"},
    {20, OUTFALL_TYPE_INT64, 0, "int8"},
    {21, OUTFALL_TYPE_INT16, 0, "int2"},
    {23, OUTFALL_TYPE_INT32, 0, "int4"},
    {DRV_PG_TEXT_OID, OUTFALL_TYPE_TEXT, 0, "text"},
    {114, OUTFALL_TYPE_JSON, 0, "json"},
    {700, OUTFALL_TYPE_FLOAT32, 0, "float4"},
    {701, OUTFALL_TYPE_FLOAT64, 0, "float8"},
    {BPCHAR_OID, OUTFALL_TYPE_TEXT, OUTFALL_COLUMN_PADDED, "bpchar"},
    {VARCHAR_OID, OUTFALL_TYPE_TEXT, 0, "varchar"},
    {1082, OUTFALL_TYPE_DATE, 0, "date"},
    {1083, OUTFALL_TYPE_TIME, 0, "time"},
    {1114, OUTFALL_TYPE_TIMESTAMP, 0, "timestamp"},
    {1184, OUTFALL_TYPE_TIMESTAMPTZ, 0, "timestamptz"},
    {1700, OUTFALL_TYPE_DECIMAL, 0, "numeric"},
    {2950, OUTFALL_TYPE_UUID, 0, "uuid"},
    {3802, OUTFALL_TYPE_JSON, OUTFALL_COLUMN_JSONB, "jsonb"},
};

const drv_pg_type *drv_pg_type_of(uint32_t oid)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].oid == oid)
            return &types[i];
    return NULL;
}

/*
 * numeric(p,s): p in the upper half, s in the lowest eleven bits as two's complement, the whole
 * offset by the header. https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/utils/
 * adt/numeric.c, make_numeric_typmod
 */
static void numeric_limits(int32_t modifier, outfall_column *column)
{
    uint32_t packed = (uint32_t)(modifier - MODIFIER_HEADER);
    column->precision = packed >> 16 & 0xFFFF;
    column->scale = (int32_t)((packed & 0x7FF) ^ 0x400) - 0x400;
    column->flags |= OUTFALL_COLUMN_NO_INFINITY; /* Only numeric without (p,s) holds them. */
}

void drv_pg_type_limits(const drv_pg_type *type, int32_t modifier, outfall_column *column)
{
    column->fraction_digits = -1;
    switch (type->type) {
    case OUTFALL_TYPE_TEXT:
        if (type->oid == NAME_OID)
            column->length_max = NAME_BYTES_MAX;
        else if (type->oid != DRV_PG_TEXT_OID && modifier >= MODIFIER_HEADER)
            column->length_max = (uint32_t)(modifier - MODIFIER_HEADER);
        break;
    case OUTFALL_TYPE_DECIMAL:
        if (modifier >= MODIFIER_HEADER)
            numeric_limits(modifier, column);
        break;
    case OUTFALL_TYPE_TIME:
    case OUTFALL_TYPE_TIMESTAMP:
    case OUTFALL_TYPE_TIMESTAMPTZ:
        if (modifier >= 0)
            column->fraction_digits = modifier;
        break;
    default:
        break;
    }
}

bool drv_pg_type_rounds(uint32_t oid, int32_t modifier)
{
    /* https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/catalog/pg_type.dat */
    static const struct {
        uint32_t oid;
        bool always; /* Else only with a modifier. */
    } rounding[] = {
        {790, true},   /* money */
        {791, true},   /* money[] */
        {1186, false}, /* interval */
        {1187, false}, /* interval[] */
        {1266, false}, /* timetz */
        {1270, false}, /* timetz[] */
        {1183, false}, /* time[] */
        {1115, false}, /* timestamp[] */
        {1185, false}, /* timestamptz[] */
        {1231, false}, /* numeric[] */
        {1014, false}, /* bpchar[] */
        {1015, false}, /* varchar[] */
    };
    for (size_t i = 0; i < sizeof rounding / sizeof rounding[0]; i++)
        if (rounding[i].oid == oid)
            return rounding[i].always || modifier >= 0;
    return false;
}
