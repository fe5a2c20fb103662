/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite. Sources: https://www.sqlite.org/lang_upsert.html, .../datatype3.html, .../limits.html.
 * The types are those of Outfall's own sqlite driver (docs/drivers/sqlite.md), so that both may
 * write the same tables.
 */
#include "common/ledger.h"
#include "odbc/dialect.h"

static const char *const dbms[] = {"SQLite", NULL};
static const char *const session[] = {"PRAGMA foreign_keys = ON", NULL};

/* INTEGER PRIMARY KEY is the table's own row key. */
static const drv_odbc_spelling spellings[] = {
    [OUTFALL_TYPE_BOOL] = {"BOOLEAN", NULL, 0, NULL},
    [OUTFALL_TYPE_INT16] = {"SMALLINT", NULL, 0, "INTEGER"},
    [OUTFALL_TYPE_INT32] = {"INT", NULL, 0, "INTEGER"},
    [OUTFALL_TYPE_INT64] = {"BIGINT", NULL, 0, "INTEGER"},
    [OUTFALL_TYPE_FLOAT32] = {"FLOAT", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT64] = {"DOUBLE", NULL, 0, NULL},
    [OUTFALL_TYPE_DECIMAL] = {"DECIMAL_TEXT", "DECIMAL_TEXT(#)", UINT32_MAX, NULL},
    [OUTFALL_TYPE_TEXT] = {"TEXT", "VARCHAR(#)", UINT32_MAX, NULL},
    [OUTFALL_TYPE_BYTES] = {"BLOB", NULL, 0, NULL},
    [OUTFALL_TYPE_DATE] = {"DATE", NULL, 0, NULL},
    [OUTFALL_TYPE_TIME] = {"TIME", NULL, 0, NULL},
    [OUTFALL_TYPE_TIMESTAMP] = {"TIMESTAMP", NULL, 0, NULL},
    [OUTFALL_TYPE_TIMESTAMPTZ] = {"TIMESTAMPTZ", NULL, 0, NULL},
    [OUTFALL_TYPE_UUID] = {"UUID", NULL, 0, NULL},
    [OUTFALL_TYPE_JSON] = {"JSON_TEXT", NULL, 0, NULL},
    [OUTFALL_TYPE_OTHER] = {NULL, NULL, 0, NULL},
};

#define NO_NAN .flags = OUTFALL_COLUMN_NO_NAN
#define DOUBLE_DIGITS .flags = OUTFALL_COLUMN_APPROXIMATE | DRV_ODBC_NO_SPECIALS, .precision = 15

/*
 * Exact names first, then SQLite's own rules for what a name has in it ("*int"). What is left has
 * numeric affinity: text that looks like a number becomes one, so such columns are refused.
 */
static const drv_odbc_type types[] = {
    DRV_ODBC_TYPE("boolean", BOOL, INT64, NONE, ALWAYS),
    DRV_ODBC_TYPE("bool", BOOL, INT64, NONE, ALWAYS),
    DRV_ODBC_TYPE("decimal_text", DECIMAL, DECIMAL_TEXT, DECIMAL, NEVER),
    DRV_ODBC_TYPE("json_text", JSON, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("date", DATE, DATE_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("time", TIME, TIME_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("timestamp", TIMESTAMP, TIMESTAMP_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("datetime", TIMESTAMP, TIMESTAMP_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("timestamptz", TIMESTAMPTZ, ZONED_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("timestamp with time zone", TIMESTAMPTZ, ZONED_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("uuid", UUID, UUID_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("numeric", DECIMAL, DECIMAL_TEXT, NONE, NEVER, DOUBLE_DIGITS),
    DRV_ODBC_TYPE("decimal", DECIMAL, DECIMAL_TEXT, NONE, NEVER, DOUBLE_DIGITS),
    DRV_ODBC_TYPE("number", DECIMAL, DECIMAL_TEXT, NONE, NEVER, DOUBLE_DIGITS),
    DRV_ODBC_TYPE("*int", INT64, INT64, NONE, ALWAYS),
    DRV_ODBC_TYPE("*char", TEXT, TEXT, NONE, COLLATION),
    DRV_ODBC_TYPE("*clob", TEXT, TEXT, NONE, COLLATION),
    DRV_ODBC_TYPE("*text", TEXT, TEXT, NONE, COLLATION),
    DRV_ODBC_TYPE("*blob", BYTES, BYTES, NONE, ALWAYS),
    DRV_ODBC_TYPE("", TEXT, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("*real", FLOAT64, FLOAT64, NONE, NEVER, NO_NAN),
    DRV_ODBC_TYPE("*floa", FLOAT64, FLOAT64, NONE, NEVER, NO_NAN),
    DRV_ODBC_TYPE("*doub", FLOAT64, FLOAT64, NONE, NEVER, NO_NAN),
    DRV_ODBC_TYPE("*", TEXT, TEXT, NONE, NEVER, .rounds = 1),
    {.name = NULL},
};

/* Hidden: 1 a virtual table's own column, 2 and 3 generated. An INTEGER key numbers itself. */
#define COLUMNS                                                                                    \
    "SELECT x.name, CASE WHEN x.hidden > 0 THEN 'generated' WHEN x.pk = 1 AND upper(x.type) = "    \
    "'INTEGER' THEN 'default' ELSE '' END, x.type, NULL, x.dflt_value, NULL, NULL "                \
    "FROM (SELECT ? AS s, ? AS t) a CROSS JOIN pragma_table_xinfo(a.t, a.s) x"

/*
 * CROSS JOIN keeps the order in which the arguments become known. A row key has no index. An index
 * may have another collation than its column, and a DELETE has to find what ON CONFLICT would.
 */
#define UNIQUES                                                                                    \
    "SELECT 'primary key', x.name, 'primary', 'bytewise', NULL FROM (SELECT ? AS s, ? AS t) a "    \
    "CROSS JOIN pragma_table_info(a.t, a.s) x WHERE x.pk > 0 AND NOT EXISTS (SELECT 1 FROM "       \
    "pragma_index_list(a.t, a.s) l WHERE l.origin = 'pk') UNION ALL "                              \
    "SELECT l.name, x.name, CASE WHEN l.partial THEN 'partial' WHEN l.origin = 'pk' THEN "         \
    "'primary' ELSE 'whole' END, CASE WHEN x.coll = 'BINARY' THEN 'bytewise' END, "                \
    "'\"' || replace(x.coll, '\"', '\"\"') || '\"' "                                               \
    "FROM (SELECT ? AS s, ? AS t) a CROSS JOIN pragma_index_list(a.t, a.s) l CROSS JOIN "          \
    "pragma_index_xinfo(l.name, a.s) x WHERE l.\"unique\" AND x.key"

/* SQLite keeps the statement that made the table, and its ODBC driver does not tell of NOT NULL. */
#define STATE "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?"

/*
 * `reached` are the table and those that deletes of its rows change by foreign keys, step by step.
 * A trigger there, a foreign key of the table to one of them, or a clause by which it drops rows
 * makes its rows depend on each other.
 */
#define DEPENDENT                                                                                  \
    "WITH RECURSIVE a AS (SELECT ? AS s, lower(?) AS t), reached(name) AS (SELECT t FROM a "       \
    "UNION SELECT lower(t.name) FROM reached r CROSS JOIN main.sqlite_master t CROSS JOIN "        \
    "pragma_foreign_key_list(t.name, 'main') f WHERE t.type = 'table' AND lower(f.\"table\") = "   \
    "r.name AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')) SELECT 1 FROM reached r "   \
    "JOIN main.sqlite_master g ON lower(g.tbl_name) = r.name WHERE g.type = 'trigger' UNION ALL "  \
    "SELECT 1 FROM a JOIN main.sqlite_master g ON lower(g.name) = a.t WHERE g.type = 'table' "     \
    "AND g.sql LIKE '%conflict%' UNION ALL SELECT 1 FROM a CROSS JOIN "                            \
    "pragma_foreign_key_list(a.t, a.s) f JOIN reached r ON r.name = lower(f.\"table\")"

#define INSERT "INSERT INTO $t ($c) VALUES $a"

/* Only with an alias can a table be named "excluded". */
#define INSERT_AS "INSERT INTO $t AS outfall_target ($c) VALUES $a"

const drv_odbc_dialect drv_odbc_sqlite = {
    .name = "sqlite",
    .dbms = dbms,
    .names = {'"', '"', .most = 255},
    .statements =
        {
            .insert = INSERT,
            .upsert = INSERT_AS " ON CONFLICT ($g) DO UPDATE SET $u",
            .ignore = INSERT_AS " ON CONFLICT ($g) DO NOTHING",
            .erase = "DELETE FROM $t WHERE $g IN ($l)",
            .erase_wide = "DELETE FROM $t WHERE ($g) IN (VALUES $s)",
            .set = "$n = excluded.$n",
            .reset = "$n = excluded.$n", /* Of a column that is not given: its default. */
        },
    .queries = {.ping = "SELECT 1",
                .columns = COLUMNS,
                .uniques = UNIQUES,
                .schema = "SELECT 'main'",
                .state = STATE,
                .dependent = DEPENDENT,
                .identity = "SELECT substr(sql, instr(sql, '/* outfall:') + 3, 24) FROM "
                            "main.sqlite_master WHERE ? = 'main' AND name = ? AND type = 'table' "
                            "AND instr(sql, '/* outfall:') > 0"},
    .ledger = drv_ledger_sqlite,
    .checks = &drv_checks_sqlite,
    .create = "CREATE TABLE IF NOT EXISTS $t ($x$b)",
    .mark = "/* # */ ",
    .savepoint = {"SAVEPOINT outfall", "RELEASE SAVEPOINT outfall",
                  "ROLLBACK TO SAVEPOINT outfall"},
    .state_is_whole = 1,
    .one_schema = 1,
    .sizes_in_names = 1,
    .fold_names = 1,
    .busy_code = 5, /* SQLITE_BUSY, after the driver's Timeout. */
    .begin = "BEGIN IMMEDIATE",
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .session = session,
    .parameters_max = 32766,
    .spellings = spellings,
    .types = types,
};
