/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISO SQL, for databases nobody has told us of: MERGE of SQL:2003, the types of SQL:1999, one row a
 * statement, sent as parameter arrays. Their types are read by the names most of them have.
 */
#include "odbc/dialect.h"

static const char *const dbms[] = {NULL};
static const char *const session[] = {NULL};

static const drv_odbc_spelling spellings[] = {
    [OUTFALL_TYPE_BOOL] = {"BOOLEAN", NULL, 0, NULL},
    [OUTFALL_TYPE_INT16] = {"SMALLINT", NULL, 0, NULL},
    [OUTFALL_TYPE_INT32] = {"INTEGER", NULL, 0, NULL},
    [OUTFALL_TYPE_INT64] = {"BIGINT", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT32] = {"REAL", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT64] = {"DOUBLE PRECISION", NULL, 0, NULL},
    [OUTFALL_TYPE_DECIMAL] = {"DECIMAL(31, 10)", "DECIMAL(#)", 31, NULL},
    [OUTFALL_TYPE_TEXT] = {"VARCHAR(4000)", "VARCHAR(#)", 4000, "VARCHAR(255)"},
    [OUTFALL_TYPE_BYTES] = {"BLOB", "VARBINARY(#)", 4000, "VARBINARY(255)"},
    [OUTFALL_TYPE_DATE] = {"DATE", NULL, 0, NULL},
    [OUTFALL_TYPE_TIME] = {"TIME", NULL, 0, NULL},
    [OUTFALL_TYPE_TIMESTAMP] = {"TIMESTAMP", "TIMESTAMP(#)", 6, NULL},
    [OUTFALL_TYPE_TIMESTAMPTZ] = {NULL, NULL, 0, NULL},
    [OUTFALL_TYPE_UUID] = {"CHAR(36)", NULL, 0, NULL},
    [OUTFALL_TYPE_JSON] = {"VARCHAR(4000)", NULL, 0, NULL},
    [OUTFALL_TYPE_OTHER] = {NULL, NULL, 0, NULL},
};

static const drv_odbc_type types[] = {
    DRV_ODBC_TYPE("boolean", BOOL, BOOL, NONE, ALWAYS),
    DRV_ODBC_TYPE("bit", BOOL, BOOL, NONE, ALWAYS),
    DRV_ODBC_TYPE("smallint", INT16, INT16, NONE, ALWAYS),
    DRV_ODBC_TYPE("integer", INT32, INT32, NONE, ALWAYS),
    DRV_ODBC_TYPE("int", INT32, INT32, NONE, ALWAYS),
    DRV_ODBC_TYPE("bigint", INT64, INT64, NONE, ALWAYS),
    DRV_ODBC_TYPE("real", FLOAT32, FLOAT32, NONE, NEVER),
    DRV_ODBC_TYPE("double precision", FLOAT64, FLOAT64, NONE, NEVER),
    DRV_ODBC_TYPE("double", FLOAT64, FLOAT64, NONE, NEVER),
    DRV_ODBC_TYPE("float", FLOAT64, FLOAT64, NONE, NEVER),
    DRV_ODBC_TYPE("decimal", DECIMAL, DECIMAL, DECIMAL, ALWAYS, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("numeric", DECIMAL, DECIMAL, DECIMAL, ALWAYS, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("varchar", TEXT, TEXT, LENGTH, NEVER),
    DRV_ODBC_TYPE("character varying", TEXT, TEXT, LENGTH, NEVER),
    DRV_ODBC_TYPE("char", TEXT, TEXT, LENGTH, NEVER, .flags = OUTFALL_COLUMN_PADDED),
    DRV_ODBC_TYPE("character", TEXT, TEXT, LENGTH, NEVER, .flags = OUTFALL_COLUMN_PADDED),
    DRV_ODBC_TYPE("text", TEXT, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("clob", TEXT, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("varbinary", BYTES, BYTES, LENGTH, NEVER),
    DRV_ODBC_TYPE("blob", BYTES, BYTES, NONE, NEVER),
    DRV_ODBC_TYPE("date", DATE, DATE, NONE, ALWAYS, DRV_ODBC_DAYS),
    DRV_ODBC_TYPE("time", TIME, TIME_TEXT, FRACTION, ALWAYS, .flags = OUTFALL_COLUMN_LIMITED,
                  .least = 0, .most = DRV_ODBC_DAY_US - 1),
    DRV_ODBC_TYPE("timestamp", TIMESTAMP, TIMESTAMP, FRACTION, ALWAYS, DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("timestamp without time zone", TIMESTAMP, TIMESTAMP, FRACTION, ALWAYS,
                  DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("timestamp with time zone", TIMESTAMPTZ, ZONED_TEXT, FRACTION, ALWAYS,
                  DRV_ODBC_MOMENTS),
    {.name = NULL},
};

#define MERGE "MERGE INTO $t AS t USING (VALUES $a) AS s ($c) ON $m"
#define NEW "WHEN NOT MATCHED THEN INSERT ($c) VALUES ($v)"

const drv_odbc_dialect drv_odbc_ansi = {
    .name = "ansi",
    .dbms = dbms,
    .names = {'"', '"', .most = 0},
    .statements =
        {
            .insert = "INSERT INTO $t ($c) VALUES $a",
            .upsert = MERGE " WHEN MATCHED THEN UPDATE SET $u " NEW,
            .ignore = MERGE " " NEW,
            .erase = "DELETE FROM $t WHERE $d",
            .erase_wide = "DELETE FROM $t WHERE $d",
            .set = "$n = s.$n",
            .match = "t.$n = s.$n",
            .value = "s.$n",
            .reset = "$n = DEFAULT",
        },
    .create = "CREATE TABLE $t ($b)",
    .savepoint = {"SAVEPOINT outfall", "RELEASE SAVEPOINT outfall",
                  "ROLLBACK TO SAVEPOINT outfall"},
    .wide = 1,
    .session = session,
    .parameters_max = 2000,
    .rows_max = 1,
    .one_upsert = 1,
    .one_ignore = 1,
    .spellings = spellings,
    .types = types,
};
