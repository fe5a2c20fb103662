/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL 12 or newer, and what speaks like it. Sources:
 * https://www.postgresql.org/docs/15/sql-insert.html, .../datatype.html, .../catalogs.html.
 */
#include "common/ledger.h"
#include "odbc/dialect.h"

static const char *const dbms[] = {"PostgreSQL", NULL};
static const char *const session[] = {
    "SET client_encoding = 'UTF8'",
    "SET TIME ZONE 'UTC'",
    "SET DateStyle = 'ISO, MDY'",
    "SET standard_conforming_strings = on",
    NULL,
};

static const drv_odbc_spelling spellings[] = {
    [OUTFALL_TYPE_BOOL] = {"boolean", NULL, 0, NULL},
    [OUTFALL_TYPE_INT16] = {"smallint", NULL, 0, NULL},
    [OUTFALL_TYPE_INT32] = {"integer", NULL, 0, NULL},
    [OUTFALL_TYPE_INT64] = {"bigint", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT32] = {"real", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT64] = {"double precision", NULL, 0, NULL},
    [OUTFALL_TYPE_DECIMAL] = {"numeric", "numeric(#)", 1000, NULL},
    [OUTFALL_TYPE_TEXT] = {"text", "varchar(#)", 10485760, NULL},
    [OUTFALL_TYPE_BYTES] = {"bytea", NULL, 0, NULL},
    [OUTFALL_TYPE_DATE] = {"date", NULL, 0, NULL},
    [OUTFALL_TYPE_TIME] = {"time", "time(#)", 6, NULL},
    [OUTFALL_TYPE_TIMESTAMP] = {"timestamp", "timestamp(#)", 6, NULL},
    [OUTFALL_TYPE_TIMESTAMPTZ] = {"timestamptz", "timestamptz(#)", 6, NULL},
    [OUTFALL_TYPE_UUID] = {"uuid", NULL, 0, NULL},
    [OUTFALL_TYPE_JSON] = {"json", NULL, 0, NULL},
    [OUTFALL_TYPE_OTHER] = {NULL, NULL, 0, NULL},
};

/*
 * By pg_type.typname. Floats are no keys to rely on (NaN, −0), nor is jsonb, which compares values.
 * Dates and times go as text: the C structures of ODBC have neither infinities nor, for a time,
 * fractions of a second.
 */
static const drv_odbc_type types[] = {
    DRV_ODBC_TYPE("bool", BOOL, BOOL, NONE, ALWAYS),
    DRV_ODBC_TYPE("int2", INT16, INT16, NONE, ALWAYS),
    DRV_ODBC_TYPE("int4", INT32, INT32, NONE, ALWAYS),
    DRV_ODBC_TYPE("int8", INT64, INT64, NONE, ALWAYS),
    DRV_ODBC_TYPE("float4", FLOAT32, FLOAT32, NONE, NEVER),
    DRV_ODBC_TYPE("float8", FLOAT64, FLOAT64, NONE, NEVER),
    DRV_ODBC_TYPE("numeric", DECIMAL, DECIMAL_TEXT, DECIMAL, ALWAYS),
    DRV_ODBC_TYPE("text", TEXT, TEXT, NONE, COLLATION),
    DRV_ODBC_TYPE("varchar", TEXT, TEXT, LENGTH, COLLATION),
    DRV_ODBC_TYPE("bpchar", TEXT, TEXT, LENGTH, NEVER, .flags = OUTFALL_COLUMN_PADDED),
    DRV_ODBC_TYPE("name", TEXT, TEXT, LENGTH, NEVER),
    DRV_ODBC_TYPE("bytea", BYTES, BYTES, NONE, ALWAYS),
    DRV_ODBC_TYPE("date", DATE, DATE_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("time", TIME, TIME_TEXT, FRACTION, ALWAYS),
    DRV_ODBC_TYPE("timestamp", TIMESTAMP, TIMESTAMP_TEXT, FRACTION, ALWAYS),
    DRV_ODBC_TYPE("timestamptz", TIMESTAMPTZ, ZONED_TEXT, FRACTION, ALWAYS),
    DRV_ODBC_TYPE("uuid", UUID, UUID_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("json", JSON, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("jsonb", JSON, TEXT, NONE, NEVER),
    {.name = NULL},
};

/*
 * A domain is walked to its base type, whose modifier counts. Of numeric's modifier, less 4, the
 * high half is the precision and the low eleven bits are the scale, signed. What rounds or trims in
 * silence: money, "char", intervals and times with zone of few digits, and arrays whose elements
 * have a modifier. The right to insert may be given by columns.
 */
#define COLUMNS                                                                                    \
    "WITH RECURSIVE relation(oid, kind, ruled, instead) AS (SELECT c.oid, c.relkind, "             \
    "c.relhasrules AND c.relkind <> 'v', EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE "       \
    "g.tgrelid = c.oid AND g.tgtype & 68 = 68) FROM pg_catalog.pg_class c "                        \
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND "            \
    "c.relname = ?), base(attnum, typid, typmod) AS (SELECT a.attnum, a.atttypid, a.atttypmod "    \
    "FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND "   \
    "NOT a.attisdropped UNION ALL SELECT b.attnum, t.typbasetype, t.typtypmod FROM base b JOIN "   \
    "pg_catalog.pg_type t ON t.oid = b.typid WHERE t.typtype = 'd') "                              \
    "SELECT a.attname, pg_catalog.concat_ws(' ', "                                                 \
    "CASE WHEN a.attgenerated <> '' THEN 'generated' END, "                                        \
    "CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'default' END, "                      \
    "CASE WHEN t.typname IN ('money', 'char') OR b.typmod >= 0 AND (t.typcategory = 'A' OR "       \
    "t.typname IN "                                                                                \
    "('timetz', 'interval')) THEN 'rounds' END, "                                                  \
    "CASE WHEN NOT pg_catalog.has_column_privilege(r.oid, a.attnum, 'INSERT') OR r.kind = 'v' "    \
    "AND NOT r.instead AND NOT pg_catalog.pg_column_is_updatable(r.oid, a.attnum, true) "          \
    "THEN 'locked' END, CASE WHEN r.ruled THEN 'ruled' END, "                                      \
    "CASE WHEN r.kind = 'r' THEN 'only' END), "                                                    \
    "t.typname, pg_catalog.quote_ident(s.nspname) || '.' || pg_catalog.quote_ident(t.typname), "   \
    "NULL, CASE WHEN t.typname = 'name' THEN 63 WHEN b.typmod < 4 THEN 0 WHEN t.typname = "        \
    "'numeric' THEN (b.typmod - 4) >> 16 ELSE b.typmod - 4 END, "                                  \
    "CASE WHEN t.typname = 'numeric' THEN (((b.typmod - 4) & 2047) # 1024) - 1024 "                \
    "WHEN b.typmod >= 0 THEN b.typmod ELSE 6 END "                                                 \
    "FROM relation r CROSS JOIN base b JOIN pg_catalog.pg_type t ON t.oid = b.typid AND "          \
    "t.typtype <> 'd' JOIN pg_catalog.pg_namespace s ON s.oid = t.typnamespace "                   \
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = b.attnum "                \
    "ORDER BY a.attnum"

/*
 * Columns that an index only includes are no part of its key. An index that takes NULLs for equal
 * does not hold for all rows as we have it, for whom a key's NULL is equal to none. (The column
 * came with version 15: of the row as JSON it is NULL before that.)
 */
#define UNIQUES                                                                                    \
    "SELECT x.relname, a.attname, CASE WHEN NOT i.indimmediate THEN 'partial deferrable' "         \
    "WHEN i.indpred IS NOT NULL OR NOT i.indisvalid OR NOT a.attnotnull AND "                      \
    "(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct') = 'true' THEN 'partial' "                  \
    "WHEN i.indisprimary THEN 'primary' ELSE 'whole' END, "                                        \
    "CASE WHEN l.collisdeterministic THEN 'bytewise' END "                                         \
    "FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid "               \
    "JOIN pg_catalog.pg_class c ON c.oid = i.indrelid "                                            \
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "                                    \
    "CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k "                    \
    "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] "   \
    "AND i.indkey[k] <> 0 LEFT JOIN pg_catalog.pg_collation l ON l.oid = i.indcollation[k] "       \
    "WHERE i.indisunique AND n.nspname = ? AND c.relname = ? "                                     \
    "ORDER BY i.indexrelid, k"

/*
 * `reached` are the table, with what it is a part of and its parts, and those that deletes of its
 * rows change by foreign keys, step by step. A trigger there, a foreign key of the table to one of
 * them, or a partition's own unique index makes its rows depend on each other.
 */
#define DEPENDENT                                                                                  \
    "WITH RECURSIVE r AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace "   \
    "n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?), family(oid) AS (SELECT "  \
    "oid FROM r UNION SELECT p.relid FROM r CROSS JOIN LATERAL "                                   \
    "pg_catalog.pg_partition_tree(pg_catalog.pg_partition_root(r.oid)) p), reached(oid) AS "       \
    "(SELECT oid FROM family UNION SELECT f.conrelid FROM reached d JOIN "                         \
    "pg_catalog.pg_constraint f ON f.confrelid = d.oid AND f.contype = 'f' AND f.confdeltype IN "  \
    "('c', 'n', 'd')) SELECT 1 FROM reached d JOIN pg_catalog.pg_trigger t ON t.tgrelid = d.oid "  \
    "WHERE t.tgenabled <> 'D' AND (t.tgconstraint = 0 OR NOT t.tgisinternal) UNION ALL SELECT 1 "  \
    "FROM reached d JOIN pg_catalog.pg_constraint f ON f.confrelid = d.oid AND f.contype = 'f' "   \
    "WHERE f.conrelid IN (SELECT oid FROM family) UNION ALL SELECT 1 FROM r CROSS JOIN LATERAL "   \
    "pg_catalog.pg_partition_tree(r.oid) p JOIN pg_catalog.pg_index x ON x.indrelid = p.relid "    \
    "AND (x.indisunique OR x.indisexclusion) WHERE p.relid <> r.oid AND NOT EXISTS (SELECT 1 "     \
    "FROM pg_catalog.pg_partition_ancestors(x.indexrelid) u JOIN pg_catalog.pg_index y ON "        \
    "y.indexrelid = u.relid WHERE y.indrelid = r.oid)"

/* A table is found by the search path. */
#define SCHEMA                                                                                     \
    "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "       \
    "c.relnamespace WHERE c.relname = ? AND pg_catalog.pg_table_is_visible(c.oid)"

/* Only with an alias can a table be named "excluded". */
#define INSERT_AS "INSERT INTO $t AS outfall_target ($c) $oVALUES $a"

const drv_odbc_dialect drv_odbc_postgresql = {
    .name = "postgresql",
    .dbms = dbms,
    .names = {'"', '"', .most = 63},
    .statements =
        {
            .insert = "INSERT INTO $t ($c) $oVALUES $a",
            .upsert = INSERT_AS " ON CONFLICT ($k) DO UPDATE SET $u",
            .ignore = INSERT_AS " ON CONFLICT ($k) DO NOTHING",
            .erase = "DELETE FROM $i$t WHERE $k IN ($l)",
            .erase_wide = "DELETE FROM $i$t WHERE ($k) IN ($s)",
            .cast = "CAST($p AS $y)",
            .set = "$n = excluded.$n",
            .overriding = "OVERRIDING SYSTEM VALUE ",
            .only = "ONLY ",
            .reset = "$n = DEFAULT",
        },
    .queries = {.ping = "SELECT 1",
                .columns = COLUMNS,
                .uniques = UNIQUES,
                .dependent = DEPENDENT,
                .identity = "SELECT 'oid:' || CAST(c.oid AS text) FROM pg_catalog.pg_class c JOIN "
                            "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
                            "n.nspname = ? AND c.relname = ?",
                .schema = SCHEMA},
    .ledger = drv_ledger_postgresql,
    .checks = &drv_checks_postgresql,
    .create = "CREATE TABLE IF NOT EXISTS $t ($b)",
    .savepoint = {"SAVEPOINT outfall", "RELEASE SAVEPOINT outfall",
                  "ROLLBACK TO SAVEPOINT outfall"},
    .session = session,
    .parameters_max = 65535,
    .one_upsert = 1,
    .spellings = spellings,
    .types = types,
};
