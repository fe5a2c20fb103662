/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MariaDB and MySQL. Sources: https://mariadb.com/kb/en/insert-on-duplicate-key-update/,
 * https://mariadb.com/kb/en/data-types/, https://mariadb.com/kb/en/identifier-names/.
 */
#include "common/ledger.h"
#include "odbc/dialect.h"

static const char *const dbms[] = {"MySQL", "MariaDB", NULL};

/*
 * Strict: what does not fit is an error and not a warning. NO_AUTO_VALUE_ON_ZERO: a 0 stays one.
 * HIGH_NOT_PRECEDENCE and the like do not matter here; ANSI_QUOTES may stay as it is.
 */
static const char *const session[] = {
    "SET SESSION sql_mode = CONCAT_WS(',', @@SESSION.sql_mode, 'STRICT_ALL_TABLES', "
    "'NO_ZERO_DATE', 'NO_ZERO_IN_DATE', 'ERROR_FOR_DIVISION_BY_ZERO', 'NO_AUTO_VALUE_ON_ZERO')",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION character_set_client = utf8mb4, character_set_connection = utf8mb4, "
    "character_set_results = utf8mb4",
    NULL,
};

/* A key of text or bytes needs a length; utf8mb4 takes four bytes of the index's 3,072 for each. */
static const drv_odbc_spelling spellings[] = {
    [OUTFALL_TYPE_BOOL] = {"TINYINT(1)", NULL, 0, NULL},
    [OUTFALL_TYPE_INT16] = {"SMALLINT", NULL, 0, NULL},
    [OUTFALL_TYPE_INT32] = {"INT", NULL, 0, NULL},
    [OUTFALL_TYPE_INT64] = {"BIGINT", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT32] = {"FLOAT", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT64] = {"DOUBLE", NULL, 0, NULL},
    [OUTFALL_TYPE_DECIMAL] = {"DECIMAL(65, 30)", "DECIMAL(#)", 65, NULL},
    [OUTFALL_TYPE_TEXT] = {"LONGTEXT", "VARCHAR(#)", 4000, "VARCHAR(255)"},
    [OUTFALL_TYPE_BYTES] = {"LONGBLOB", "VARBINARY(#)", 16000, "VARBINARY(255)"},
    [OUTFALL_TYPE_DATE] = {"DATE", NULL, 0, NULL},
    [OUTFALL_TYPE_TIME] = {"TIME(6)", "TIME(#)", 6, NULL},
    [OUTFALL_TYPE_TIMESTAMP] = {"DATETIME(6)", "DATETIME(#)", 6, NULL},
    [OUTFALL_TYPE_TIMESTAMPTZ] = {"TIMESTAMP(6)", "TIMESTAMP(#)", 6, NULL},
    [OUTFALL_TYPE_UUID] = {"CHAR(36) CHARACTER SET ascii COLLATE ascii_bin", NULL, 0, NULL},
    [OUTFALL_TYPE_JSON] = {"JSON", NULL, 0, NULL},
    [OUTFALL_TYPE_OTHER] = {NULL, NULL, 0, NULL},
};

#define LIMITED(least_, most_)                                                                     \
    .flags = OUTFALL_COLUMN_LIMITED, .least = INT64_C(least_), .most = INT64_C(most_)

/*
 * By information_schema's DATA_TYPE, with " unsigned" where it is; TIMESTAMP ends in 2038.
 * BINARY(n) pads with zeros. Dates and times go as text: MariaDB's driver (3.1.15) leaks the copy
 * that it makes of each structure in a parameter array.
 */
static const drv_odbc_type types[] = {
    DRV_ODBC_TYPE("bool", BOOL, INT16, NONE, ALWAYS),
    DRV_ODBC_TYPE("tinyint", INT16, INT16, NONE, ALWAYS, LIMITED(-128, 127)),
    DRV_ODBC_TYPE("tinyint unsigned", INT16, INT16, NONE, ALWAYS, LIMITED(0, 255)),
    DRV_ODBC_TYPE("smallint", INT16, INT16, NONE, ALWAYS),
    DRV_ODBC_TYPE("smallint unsigned", INT32, INT32, NONE, ALWAYS, LIMITED(0, 65535)),
    DRV_ODBC_TYPE("mediumint", INT32, INT32, NONE, ALWAYS, LIMITED(-8388608, 8388607)),
    DRV_ODBC_TYPE("mediumint unsigned", INT32, INT32, NONE, ALWAYS, LIMITED(0, 16777215)),
    DRV_ODBC_TYPE("int", INT32, INT32, NONE, ALWAYS),
    DRV_ODBC_TYPE("int unsigned", INT64, INT64, NONE, ALWAYS, LIMITED(0, 4294967295)),
    DRV_ODBC_TYPE("bigint", INT64, INT64, NONE, ALWAYS),
    DRV_ODBC_TYPE("bigint unsigned", DECIMAL, DECIMAL_TEXT, DECIMAL, ALWAYS,
                  .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("year", INT16, INT16, NONE, ALWAYS, LIMITED(1901, 2155)),
    DRV_ODBC_TYPE("bit", INT64, INT64, BITS, ALWAYS, .flags = OUTFALL_COLUMN_LIMITED),
    DRV_ODBC_TYPE("float unsigned", FLOAT32, FLOAT32, NONE, NEVER, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("double unsigned", FLOAT64, FLOAT64, NONE, NEVER, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("float", FLOAT32, FLOAT32, NONE, NEVER, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("double", FLOAT64, FLOAT64, NONE, NEVER, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("decimal", DECIMAL, DECIMAL_TEXT, DECIMAL, ALWAYS, .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("decimal unsigned", DECIMAL, DECIMAL_TEXT, DECIMAL, ALWAYS,
                  .flags = DRV_ODBC_NO_SPECIALS),
    DRV_ODBC_TYPE("varchar", TEXT, TEXT, LENGTH, COLLATION),
    DRV_ODBC_TYPE("char", TEXT, TEXT, LENGTH, NEVER, .flags = OUTFALL_COLUMN_PADDED),
    DRV_ODBC_TYPE("tinytext", TEXT, TEXT, NONE, COLLATION),
    DRV_ODBC_TYPE("text", TEXT, TEXT, NONE, COLLATION),
    DRV_ODBC_TYPE("mediumtext", TEXT, TEXT, NONE, COLLATION),
    DRV_ODBC_TYPE("longtext", TEXT, TEXT, NONE, COLLATION),
    DRV_ODBC_TYPE("varbinary", BYTES, BYTES, LENGTH, ALWAYS),
    DRV_ODBC_TYPE("binary", BYTES, BYTES, LENGTH, NEVER, .rounds = 1),
    DRV_ODBC_TYPE("tinyblob", BYTES, BYTES, NONE, ALWAYS),
    DRV_ODBC_TYPE("blob", BYTES, BYTES, NONE, ALWAYS),
    DRV_ODBC_TYPE("mediumblob", BYTES, BYTES, NONE, ALWAYS),
    DRV_ODBC_TYPE("longblob", BYTES, BYTES, NONE, ALWAYS),
    DRV_ODBC_TYPE("date", DATE, DATE_TEXT, NONE, ALWAYS, DRV_ODBC_DAYS),
    DRV_ODBC_TYPE("time", TIME, TIME_TEXT, FRACTION, ALWAYS),
    DRV_ODBC_TYPE("datetime", TIMESTAMP, TIMESTAMP_TEXT, FRACTION, ALWAYS, DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("timestamp", TIMESTAMPTZ, TIMESTAMP_TEXT, FRACTION, ALWAYS,
                  .flags = DRV_ODBC_FINITE, .least = 1000000, .most = INT64_C(2147483647999999)),
    DRV_ODBC_TYPE("uuid", UUID, UUID_TEXT, NONE, ALWAYS),
    DRV_ODBC_TYPE("json", JSON, TEXT, NONE, NEVER),
    {.name = NULL},
};

/*
 * EXTRA tells of generated columns ("VIRTUAL GENERATED"; "DEFAULT_GENERATED" is not one) and of
 * AUTO_INCREMENT. MariaDB's JSON is LONGTEXT with a check. CHAR(36) of ascii_bin is how a UUID is
 * declared here.
 */
#define COLUMNS                                                                                    \
    "SELECT c.column_name, CONCAT_WS(' ', "                                                        \
    "IF(c.extra LIKE '%VIRTUAL%' OR c.extra LIKE '%STORED%' OR c.extra LIKE '%PERSISTENT%', "      \
    "'generated', NULL), IF(c.extra LIKE '%auto_increment%', 'default', NULL), "                   \
    "IF(v.is_updatable = 'NO', 'locked', NULL), IF(e.transactions = 'NO', 'unsafe', NULL), "       \
    "IF(t.engine IS NULL, 'unknown', NULL)), "                                                     \
    "CASE WHEN c.column_type = 'tinyint(1)' THEN 'bool' WHEN c.column_type LIKE '%unsigned%' "     \
    "THEN CONCAT(c.data_type, ' unsigned') WHEN c.column_type = 'char(36)' AND "                   \
    "c.collation_name = 'ascii_bin' THEN 'uuid' /*M!100300 WHEN EXISTS (SELECT 1 FROM "            \
    "information_schema.check_constraints k WHERE k.constraint_schema = c.table_schema AND "       \
    "k.table_name = c.table_name AND k.constraint_name = c.column_name AND k.check_clause LIKE "   \
    "'json_valid(%') THEN 'json' */ ELSE c.data_type END, NULL, NULL, "                            \
    "COALESCE(c.character_maximum_length, c.numeric_precision), "                                  \
    "COALESCE(c.datetime_precision, c.numeric_scale) FROM information_schema.columns c "           \
    "JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = "      \
    "c.table_name LEFT JOIN information_schema.engines e ON e.engine = t.engine LEFT JOIN "        \
    "information_schema.views v ON v.table_schema = c.table_schema AND v.table_name = "            \
    "c.table_name WHERE c.table_schema = ? AND c.table_name = ? ORDER BY c.ordinal_position"

/*
 * An index on an expression or on the first characters of a column is not one on the column. Of the
 * collations only the binary ones without padding compare bytes.
 */
#define UNIQUES                                                                                    \
    "SELECT s.index_name, IF(s.sub_part IS NULL, s.column_name, NULL), "                           \
    "IF(s.index_name = 'PRIMARY', 'primary', 'whole'), IF(c.collation_name = 'binary' OR "         \
    "RIGHT(c.collation_name, 10) = '_nopad_bin' OR RIGHT(c.collation_name, 9) = '_0900_bin', "     \
    "'bytewise', NULL) FROM information_schema.statistics s LEFT JOIN information_schema.columns " \
    "c ON c.table_schema = s.table_schema AND c.table_name = s.table_name AND c.column_name = "    \
    "s.column_name WHERE s.non_unique = 0 AND s.table_schema = ? AND s.table_name = ? "            \
    "ORDER BY s.index_name, s.seq_in_index"

/* Any unique index is a key: ON DUPLICATE KEY would take rows of one that came later. */
#define STATE                                                                                      \
    "SELECT index_name, seq_in_index, column_name, sub_part FROM information_schema.statistics "   \
    "WHERE non_unique = 0 AND table_schema = ? AND table_name = ? ORDER BY index_name, "           \
    "seq_in_index"

/*
 * Rows are not independent where a trigger sees them, they refer to other rows of the table, or to
 * rows that go or change with rows of it. Triggers are not told to who has no right to them: then
 * there may be some. A schema's right may be one of a pattern.
 */
#define IS_OURS                                                                                    \
    "privilege_type = 'TRIGGER' AND "                                                              \
    "grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"
#define DEPENDENT                                                                                  \
    "SELECT 1 FROM information_schema.triggers WHERE event_object_schema = ? AND "                 \
    "event_object_table = ? UNION ALL SELECT 1 FROM information_schema.referential_constraints "   \
    "u JOIN information_schema.referential_constraints d ON d.constraint_schema = "                \
    "u.constraint_schema AND d.table_name = u.referenced_table_name AND "                          \
    "d.unique_constraint_schema = u.constraint_schema AND d.referenced_table_name = "              \
    "u.table_name WHERE u.constraint_schema = ? AND u.table_name = ? AND "                         \
    "(u.referenced_table_name = u.table_name OR d.delete_rule IN ('CASCADE', 'SET NULL', 'SET "    \
    "DEFAULT')) UNION ALL SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM "                     \
    "information_schema.user_privileges WHERE " IS_OURS ") AND NOT EXISTS (SELECT 1 FROM "         \
    "information_schema.schema_privileges WHERE " IS_OURS " AND ? LIKE table_schema AND ? <> "     \
    "'') AND NOT EXISTS (SELECT 1 FROM information_schema.table_privileges WHERE " IS_OURS " "     \
    "AND table_schema = ? AND table_name = ?)"

#define INSERT "INSERT INTO $t ($c) VALUES $a ON DUPLICATE KEY UPDATE "

const drv_odbc_dialect drv_odbc_mysql = {
    .name = "mysql",
    .dbms = dbms,
    .names = {'`', '`', .plane_zero = 1, .no_end_blank = 1, .in_characters = 1, .most = 64},
    .statements =
        {
            .insert = "INSERT INTO $t ($c) VALUES $a",
            .upsert = INSERT "$u",
            .ignore = INSERT "$f = $f",
            .erase = "DELETE FROM $t WHERE $k IN ($l)",
            .erase_wide = "DELETE FROM $t WHERE ($k) IN ($s)",
            .set = "$n = VALUES($n)",
            .reset = "$n = DEFAULT",
        },
    .queries = {.ping = "SELECT 1",
                .cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'",
                .columns = COLUMNS,
                .uniques = UNIQUES,
                .state = STATE,
                .dependent = DEPENDENT,
                .identity =
                    "SELECT SUBSTRING(TABLE_COMMENT, LOCATE('outfall:', TABLE_COMMENT), 24) "
                    "FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND "
                    "TABLE_NAME = ? AND LOCATE('outfall:', TABLE_COMMENT) > 0",
                .schema = "SELECT DATABASE()"},
    .ledger = drv_ledger_mysql,
    .checks = &drv_checks_mysql,
    .ledger_in_hex = 1,
    .create = "CREATE TABLE IF NOT EXISTS $t ($b) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4$x",
    .mark = " COMMENT '#'",
    .nullable = " NULL",
    .savepoint = {"SAVEPOINT outfall", "RELEASE SAVEPOINT outfall",
                  "ROLLBACK TO SAVEPOINT outfall"},
    .fold_names = 1,
    .session = session,
    .parameters_max = 65535,
    .any_unique = 1,
    .schema_is_catalog = 1,
    .found_rows = 1,
    .spellings = spellings,
    .types = types,
};
