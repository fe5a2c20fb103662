/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oracle. Sources: Oracle Database SQL Language Reference 19c, "MERGE", "Data Types", "Database
 * Object Naming Rules". Verified against a stand-in, never run against Oracle.
 */
#include "common/ledger.h"
#include "odbc/dialect.h"

static const char *const dbms[] = {"Oracle", NULL};

/* So that text means the same whatever NLS settings the server or the client has. */
static const char *const session[] = {
    "ALTER SESSION SET TIME_ZONE = '+00:00'",
    "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,'",
    "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS'",
    "ALTER SESSION SET NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6'",
    "ALTER SESSION SET NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6 TZH:TZM'",
    NULL,
};

/*
 * VARCHAR2(n CHAR) holds n characters only while they are at most 4,000 bytes: 1,000 of any. A CLOB
 * cannot be in a key. There is no type for a time of day.
 */
static const drv_odbc_spelling spellings[] = {
    [OUTFALL_TYPE_BOOL] = {"NUMBER(1)", NULL, 0, NULL},
    [OUTFALL_TYPE_INT16] = {"NUMBER(5)", NULL, 0, NULL},
    [OUTFALL_TYPE_INT32] = {"NUMBER(10)", NULL, 0, NULL},
    [OUTFALL_TYPE_INT64] = {"NUMBER(19)", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT32] = {"BINARY_FLOAT", NULL, 0, NULL},
    [OUTFALL_TYPE_FLOAT64] = {"BINARY_DOUBLE", NULL, 0, NULL},
    [OUTFALL_TYPE_DECIMAL] = {"NUMBER", "NUMBER(#)", 38, NULL},
    [OUTFALL_TYPE_TEXT] = {"CLOB", "VARCHAR2(# CHAR)", 1000, "VARCHAR2(255 CHAR)"},
    [OUTFALL_TYPE_BYTES] = {"BLOB", "RAW(#)", 2000, "RAW(255)"},
    [OUTFALL_TYPE_DATE] = {"DATE", NULL, 0, NULL},
    [OUTFALL_TYPE_TIME] = {NULL, NULL, 0, NULL},
    [OUTFALL_TYPE_TIMESTAMP] = {"TIMESTAMP(6)", "TIMESTAMP(#)", 6, NULL},
    [OUTFALL_TYPE_TIMESTAMPTZ] = {"TIMESTAMP(6) WITH TIME ZONE", "TIMESTAMP(#) WITH TIME ZONE", 6,
                                  NULL},
    [OUTFALL_TYPE_UUID] = {"RAW(16)", NULL, 0, NULL},
    [OUTFALL_TYPE_JSON] = {"CLOB", NULL, 0, NULL},
    [OUTFALL_TYPE_OTHER] = {NULL, NULL, 0, NULL},
};

/*
 * A NUMBER without a scale is a float of 38 digits: a decimal of no fixed scale. DATE has a time of
 * day, to the second. Text is compared as NLS_COMP, NLS_SORT and the column's collation say, which
 * is not looked at.
 */
static const drv_odbc_type types[] = {
    DRV_ODBC_TYPE("number", DECIMAL, DECIMAL, WHOLE, ALWAYS, .flags = DRV_ODBC_NO_SPECIALS,
                  .precision = 38),
    DRV_ODBC_TYPE("float", DECIMAL, DECIMAL, NONE, NEVER,
                  .flags = DRV_ODBC_NO_SPECIALS | OUTFALL_COLUMN_APPROXIMATE, .precision = 38),
    DRV_ODBC_TYPE("binary_float", FLOAT32, FLOAT32, NONE, NEVER),
    DRV_ODBC_TYPE("binary_double", FLOAT64, FLOAT64, NONE, NEVER),
    DRV_ODBC_TYPE("varchar2", TEXT, TEXT, LENGTH, NEVER),
    DRV_ODBC_TYPE("nvarchar2", TEXT, TEXT, LENGTH, NEVER),
    DRV_ODBC_TYPE("char", TEXT, TEXT, LENGTH, NEVER, .flags = OUTFALL_COLUMN_PADDED),
    DRV_ODBC_TYPE("nchar", TEXT, TEXT, LENGTH, NEVER, .flags = OUTFALL_COLUMN_PADDED),
    DRV_ODBC_TYPE("clob", TEXT, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("nclob", TEXT, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("long", TEXT, TEXT, NONE, NEVER),
    DRV_ODBC_TYPE("raw", UUID, UUID_BYTES, NONE, ALWAYS, .length = 16),
    DRV_ODBC_TYPE("raw", BYTES, BYTES, LENGTH, ALWAYS),
    DRV_ODBC_TYPE("blob", BYTES, BYTES, NONE, NEVER),
    DRV_ODBC_TYPE("long raw", BYTES, BYTES, NONE, NEVER),
    DRV_ODBC_TYPE("date", TIMESTAMP, TIMESTAMP, FRACTION, ALWAYS, DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("timestamp", TIMESTAMP, TIMESTAMP, FRACTION, ALWAYS, DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("timestamp with time zone", TIMESTAMPTZ, TIMESTAMP, FRACTION, ALWAYS,
                  DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("timestamp with local time zone", TIMESTAMPTZ, TIMESTAMP, FRACTION, ALWAYS,
                  DRV_ODBC_MOMENTS),
    DRV_ODBC_TYPE("json", JSON, TEXT, NONE, NEVER),
    {.name = NULL},
};

/*
 * Source: Oracle Database PL/SQL Packages and Types Reference 19c, "DBMS_XA", "DBMS_SESSION". The
 * list is asked for by the name of its public synonym, so that a view of one's own can take its
 * place. A schema is told by when it was made, too: names of databases are not unique.
 */
#define XID "DBMS_XA_XID(20294, HEXTORAW(?), HEXTORAW(?))"
static const drv_odbc_two_phase two_phase = {
    .calls =
        {
            "BEGIN ? := DBMS_XA.XA_START(" XID ", DBMS_XA.TMNOFLAGS); "
            "DBMS_SESSION.SET_IDENTIFIER(?); END;",
            "BEGIN ? := DBMS_XA.XA_END(" XID ", DBMS_XA.TMSUCCESS); END;",
            "BEGIN ? := DBMS_XA.XA_PREPARE(" XID "); DBMS_SESSION.CLEAR_IDENTIFIER; END;",
            "BEGIN ? := DBMS_XA.XA_COMMIT(" XID ", FALSE); END;",
            "BEGIN ? := DBMS_XA.XA_ROLLBACK(" XID "); DBMS_SESSION.CLEAR_IDENTIFIER; END;",
        },
    .last = "BEGIN ? := DBMS_XA.XA_GETLASTOER(); END;",
    .list = "SELECT formatid, RAWTOHEX(globalid), RAWTOHEX(branchid) FROM "
            "dba_pending_transactions",
    .list_right = "GRANT SELECT ON SYS.DBA_PENDING_TRANSACTIONS to this user",
    .identify = "SELECT SYS_CONTEXT('USERENV', 'DB_NAME') || '/' || "
                "SYS_CONTEXT('USERENV', 'CON_NAME') || '/' || username || '@' || "
                "TO_CHAR(created, 'YYYYMMDDHH24MISS') FROM all_users WHERE username = "
                "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')",
    .identify_right = "Oracle 12.1 or later",
    .holder = "SELECT sid || ',' || serial# || ',@' || inst_id FROM gv$session WHERE "
              "client_identifier = ?",
    .holder_right = "GRANT SELECT ON SYS.GV_$SESSION, and ALTER SYSTEM, to this user",
    .kill = {"ALTER SYSTEM KILL SESSION ", " IMMEDIATE"},
    .gone = {30, 31},
};

#define MERGE "MERGE INTO $t t USING ($r) s ON ($m)"
#define NEW "WHEN NOT MATCHED THEN INSERT ($c) VALUES ($v)"

const drv_odbc_dialect drv_odbc_oracle = {
    .name = "oracle",
    .dbms = dbms,
    .names = {'"', '"', .undoubled = 1, .most = 128, .most_before = 30, .since = 1202},
    .statements =
        {
            .insert = "INSERT INTO $t ($c) VALUES $a",
            .upsert = MERGE " WHEN MATCHED THEN UPDATE SET $u " NEW,
            .ignore = MERGE " " NEW,
            .erase = "DELETE FROM $t WHERE $d",
            .erase_wide = "DELETE FROM $t WHERE $d",
            .row = "SELECT $p FROM dual",
            .parameter = "$p AS $n",
            .cast = NULL,
            .set = "$n = s.$n",
            .match = "t.$n = s.$n",
            .value = "s.$n",
            .overriding = NULL,
            .reset = "$n = DEFAULT",
        },
    .queries =
        {
            .ping = "SELECT 1 FROM dual",
            .schema = "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual",
            .columns =
                "SELECT column_name, 'generated', NULL, NULL, NULL, NULL, NULL FROM all_tab_cols "
                "WHERE owner = ? AND table_name = ? AND virtual_column = 'YES' AND "
                "hidden_column = 'NO'",
            .identity = "SELECT 'oid:' || object_id FROM all_objects WHERE owner = ? AND "
                        "object_name = ? AND object_type = 'TABLE'",
        },
    .create = "CREATE TABLE $t ($b)",
    .ledger = drv_ledger_oracle,
    .two_phase = &two_phase,
    .ledger_in_raw = 1,
    .ledger_is_asked_for = 1,
    .savepoint = {"SAVEPOINT outfall", NULL, "ROLLBACK TO SAVEPOINT outfall"},
    .wide = 1,
    .session = session,
    .parameters_max = 65535,
    .rows_max = 1,
    .empty_is_null = 1,
    .spellings = spellings,
    .types = types,
};
