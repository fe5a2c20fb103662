/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL Server. Sources: https://learn.microsoft.com/sql/t-sql/statements/merge-transact-sql (and the
 * need of HOLDLOCK: two of them may otherwise insert one key), .../data-types; limits:
 * https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server (2,100
 * parameters; 1,000 rows of VALUES). Never run against SQL Server.
 */
#include "odbc/dialect.h"

static const char *const dbms[] = {"Microsoft SQL Server", "SQL Server", NULL};

/* Row counts are wanted, and a failed statement alone is undone. */
static const char *const session[] = {"SET NOCOUNT OFF", "SET XACT_ABORT OFF", NULL};

static const drv_odbc_spelling spellings[] = {
    [OUTFALL_TYPE_BOOL] = {"bit", NULL, 0, NULL},
    [OUTFALL_TYPE_INT16] = {"smallint", NULL, 0, NULL},
    [OUTFALL_TYPE_INT32] = {"int", NULL, 0, NULL},
    [OUTFALL_TYPE_INT64] = {"bigint", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT32] = {"real", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT64] = {"float", NULL, 0, NULL},
    [OUTFALL_TYPE_DECIMAL] = {"decimal(38, 10)", "decimal(#)", 38, NULL},
    [OUTFALL_TYPE_TEXT] = {"nvarchar(max)", "nvarchar(#)", 4000, "nvarchar(255)"},
    [OUTFALL_TYPE_BYTES] = {"varbinary(max)", "varbinary(#)", 8000, "varbinary(255)"},
    [OUTFALL_TYPE_DATE] = {"date", NULL, 0, NULL},
    [OUTFALL_TYPE_TIME] = {"time(6)", "time(#)", 6, NULL},
    [OUTFALL_TYPE_TIMESTAMP] = {"datetime2(6)", "datetime2(#)", 6, NULL},
    [OUTFALL_TYPE_TIMESTAMPTZ] = {"datetimeoffset(6)", "datetimeoffset(#)", 6, NULL},
    [OUTFALL_TYPE_UUID] = {"uniqueidentifier", NULL, 0, NULL},
    [OUTFALL_TYPE_JSON] = {"nvarchar(max)", NULL, 0, NULL},
    [OUTFALL_TYPE_OTHER] = {NULL, NULL, 0, NULL},
};

/* Collations are not looked at; all of them pad with blanks when they compare. */
static const drv_odbc_type types[] = {
    DRV_ODBC_TYPE("bit", BOOL, BOOL, NONE, ALWAYS),
    DRV_ODBC_TYPE("tinyint", INT16, INT16, NONE, ALWAYS, .flags = OUTFALL_COLUMN_LIMITED,
                  .least = 0, .most = 255),
    DRV_ODBC_TYPE("smallint", INT16, INT16, NONE, ALWAYS),
    DRV_ODBC_TYPE("int", INT32, INT32, NONE, ALWAYS),
    DRV_ODBC_TYPE("bigint", INT64, INT64, NONE, ALWAYS),
    DRV_ODBC_TYPE("real", FLOAT32, FLOAT32, NONE, NEVER, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("float", FLOAT64, FLOAT64, NONE, NEVER, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("decimal", DECIMAL, DECIMAL, DECIMAL, ALWAYS, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("numeric", DECIMAL, DECIMAL, DECIMAL, ALWAYS, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("money", DECIMAL, DECIMAL, DECIMAL, ALWAYS, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("varchar", TEXT, TEXT, LENGTH, NEVER),
    DRV_ODBC_TYPE("nvarchar", TEXT, TEXT, LENGTH, NEVER),
    DRV_ODBC_TYPE("char", TEXT, TEXT, LENGTH, NEVER, .flags = OUTFALL_COLUMN_PADDED),
    DRV_ODBC_TYPE("nchar", TEXT, TEXT, LENGTH, NEVER, .flags = OUTFALL_COLUMN_PADDED),
    DRV_ODBC_TYPE("text", TEXT, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("ntext", TEXT, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("binary", BYTES, BYTES, LENGTH, NEVER, .rounds = 1),
    DRV_ODBC_TYPE("varbinary", BYTES, BYTES, LENGTH, NEVER),
    DRV_ODBC_TYPE("image", BYTES, BYTES, NONE, NEVER),
    DRV_ODBC_TYPE("date", DATE, DATE, NONE, ALWAYS, DRV_ODBC_DAYS),
    DRV_ODBC_TYPE("time", TIME, TIME_TEXT, FRACTION, ALWAYS, .flags = OUTFALL_COLUMN_LIMITED,
                  .least = 0, .most = DRV_ODBC_DAY_US - 1),
    DRV_ODBC_TYPE("datetime", TIMESTAMP, TIMESTAMP, NONE, ALWAYS, DRV_ODBC_MOMENTS, .rounds = 1),
    DRV_ODBC_TYPE("smalldatetime", TIMESTAMP, TIMESTAMP, NONE, ALWAYS, DRV_ODBC_MOMENTS,
                  .rounds = 1),
    DRV_ODBC_TYPE("datetime2", TIMESTAMP, TIMESTAMP, FRACTION, ALWAYS, DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("datetimeoffset", TIMESTAMPTZ, ZONED_TEXT, FRACTION, ALWAYS, DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("uniqueidentifier", UUID, UUID_TEXT, NONE, ALWAYS),
    {.name = NULL},
};

#define MERGE "MERGE INTO $t WITH (HOLDLOCK) AS t USING (VALUES $a) AS s ($c) ON $m"
#define NEW "WHEN NOT MATCHED THEN INSERT ($c) VALUES ($v);"

const drv_odbc_dialect drv_odbc_mssql = {
    .name = "mssql",
    .dbms = dbms,
    .names = {'[', ']', .in_characters = 1, .most = 128},
    .statements =
        {
            .insert = "INSERT INTO $t ($c) VALUES $a",
            .upsert = MERGE " WHEN MATCHED THEN UPDATE SET $u " NEW,
            .ignore = MERGE " " NEW,
            .erase = "DELETE FROM $t WHERE $k IN ($l)",
            .erase_wide = "DELETE FROM $t WHERE $d",
            .set = "$n = s.$n",
            .match = "t.$n = s.$n",
            .value = "s.$n",
            .reset = "$n = DEFAULT",
        },
    .queries =
        {
            .ping = "SELECT 1",
            .schema = "SELECT SCHEMA_NAME()",
            .columns =
                "SELECT c.name, CASE WHEN c.is_computed = 1 OR c.generated_always_type <> 0 "
                "THEN 'generated' WHEN c.is_identity = 1 THEN 'always' ELSE '' END, NULL, NULL, "
                "d.definition, NULL, NULL FROM sys.columns c LEFT JOIN sys.default_constraints d "
                "ON "
                "d.object_id = c.default_object_id WHERE c.object_id = "
                "OBJECT_ID(QUOTENAME(?) + '.' + QUOTENAME(?)) AND (c.is_computed = 1 OR "
                "c.generated_always_type <> 0 OR c.is_identity = 1)",
            .uniques =
                "SELECT i.name, c.name, CASE WHEN i.has_filter = 1 THEN 'partial' WHEN "
                "i.is_primary_key = 1 THEN 'primary' ELSE 'whole' END, NULL FROM sys.indexes i "
                "JOIN "
                "sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id AND "
                "x.is_included_column = 0 JOIN sys.columns c ON c.object_id = x.object_id AND "
                "c.column_id = x.column_id WHERE i.is_unique = 1 AND i.is_disabled = 0 AND "
                "i.object_id = OBJECT_ID(QUOTENAME(?) + '.' + QUOTENAME(?)) ORDER BY i.index_id, "
                "x.key_ordinal",
            .dependent =
                "SELECT 1 FROM sys.triggers WHERE is_disabled = 0 AND parent_id = "
                "OBJECT_ID(QUOTENAME(?) + '.' + QUOTENAME(?)) UNION ALL SELECT 1 FROM "
                "sys.foreign_keys u JOIN sys.foreign_keys d ON d.parent_object_id = "
                "u.referenced_object_id AND d.referenced_object_id = u.parent_object_id WHERE "
                "u.parent_object_id = OBJECT_ID(QUOTENAME(?) + '.' + QUOTENAME(?)) AND "
                "(u.referenced_object_id = u.parent_object_id OR d.delete_referential_action <> 0)",
        },
    .create = "CREATE TABLE $t ($b)",
    .nullable = " NULL",
    .savepoint = {"SAVE TRANSACTION outfall", NULL, "ROLLBACK TRANSACTION outfall"},
    .wide = 1,
    .session = session,
    .parameters_max = 2000,
    .rows_max = 1000,
    .one_upsert = 1,
    .one_ignore = 1,
    .spellings = spellings,
    .types = types,
};
