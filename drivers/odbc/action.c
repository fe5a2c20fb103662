/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/action.h"

#include <string.h>

#include <outfall/error.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Short names, so that the tables can be read as such. */
enum {
    RETRY = OUTFALL_ACTION_RETRY,
    RESTART = OUTFALL_ACTION_RESTART,
    ROW = OUTFALL_ACTION_ROW,
    RESOLVE = OUTFALL_ACTION_RESOLVE,
    STOP = OUTFALL_ACTION_STOP
};
enum {
    IO = OUTFALL_ERR_IO,
    DATABASE = OUTFALL_ERR_DATABASE,
    NOT_FOUND = OUTFALL_ERR_NOT_FOUND,
    AUTH = OUTFALL_ERR_AUTH,
    CHANGED = OUTFALL_ERR_CHANGED,
    CONFIG = OUTFALL_ERR_CONFIG,
    NOMEM = OUTFALL_ERR_NOMEM
};

#define FULL_ADVICE "free space on the server's disk, and the load goes on by itself"
#define BUSY_ADVICE "raise the server's limit on connections, or lower pool.max"
#define READ_ONLY_ADVICE "connect to a server that takes writes"
#define RIGHT_ADVICE "GRANT the right to this user"
#define LOGIN_ADVICE "check UID and PWD, and who the server lets in"
#define DRIVER_ADVICE "see odbcinst -q -d and odbcinst -q -s for the names that there are"

/* ---- By the database's own number -------------------------------------------------- */

typedef struct number_rule {
    int32_t number;
    int status;
    int action;
    const char *advice;
} number_rule;

/* Source: Oracle Database Error Messages, 19c. */
static const number_rule oracle[] = {
    {1, DATABASE, ROW, NULL},     /* Unique constraint violated. */
    {1400, DATABASE, ROW, NULL},  /* NULL into a column that takes none: on insert, */
    {1407, DATABASE, ROW, NULL},  /* on update. */
    {2290, DATABASE, ROW, NULL},  /* Check. */
    {2291, DATABASE, ROW, NULL},  /* No parent. */
    {2292, DATABASE, ROW, NULL},  /* A child is there. */
    {12899, DATABASE, ROW, NULL}, /* Too long. */
    {1461, DATABASE, ROW, NULL},  /* A LONG for a column that is none: too long. */
    {1401, DATABASE, ROW, NULL},
    {1438, DATABASE, ROW, NULL}, /* Larger than the precision. */
    {1426, DATABASE, ROW, NULL}, /* Numeric overflow. */
    {1722, DATABASE, ROW, NULL}, /* No number. */
    {1830, DATABASE, ROW, NULL}, /* Dates that do not parse. */
    {1839, DATABASE, ROW, NULL},
    {1841, DATABASE, ROW, NULL},
    {1843, DATABASE, ROW, NULL},
    {1847, DATABASE, ROW, NULL},
    {1861, DATABASE, ROW, NULL},
    {20000, DATABASE, ROW, NULL}, /* RAISE_APPLICATION_ERROR of a trigger. */
    {1450, DATABASE, ROW, NULL},  /* A key too long for its index. */
    {54, DATABASE, RETRY, NULL},  /* Busy, NOWAIT or its timeout. */
    {60, DATABASE, RETRY, NULL},  /* Deadlock. */
    {8177, DATABASE, RETRY, NULL},
    {8176, DATABASE, RETRY, NULL},
    {6550, DATABASE, STOP, "GRANT EXECUTE ON SYS.DBMS_XA to this user, if that is what it lacks"},
    {2089, DATABASE, STOP, NULL},   /* COMMIT within a distributed transaction. */
    {24761, DATABASE, RETRY, NULL}, /* Such a one was rolled back. */
    {2049, DATABASE, RETRY, NULL},  /* A distributed lock's timeout. */
    {30006, DATABASE, RETRY, NULL},
    {1591, DATABASE, RETRY, "a transaction in doubt holds the row: see DBA_2PC_PENDING"},
    {18, IO, RETRY, BUSY_ADVICE}, /* Sessions, */
    {20, IO, RETRY, BUSY_ADVICE}, /* processes. */
    {2391, IO, RETRY, BUSY_ADVICE},
    {12516, IO, RETRY, BUSY_ADVICE},
    {12519, IO, RETRY, BUSY_ADVICE},
    {12520, IO, RETRY, BUSY_ADVICE},
    {16000, DATABASE, STOP, READ_ONLY_ADVICE},
    {1456, DATABASE, STOP, READ_ONLY_ADVICE},
    {372, DATABASE, STOP, READ_ONLY_ADVICE},
    {12081, DATABASE, STOP, READ_ONLY_ADVICE},
    {28, IO, RETRY, NULL},   /* The session was killed. */
    {1012, IO, RETRY, NULL}, /* Not logged on. */
    {1033, IO, RETRY, NULL}, /* Starting or stopping. */
    {1034, IO, RETRY, NULL},
    {1089, IO, RETRY, NULL},
    {1090, IO, RETRY, NULL},
    {1092, IO, RETRY, NULL},
    {2396, IO, RETRY, NULL},
    {3113, IO, RETRY, NULL}, /* The end of the channel. */
    {3114, IO, RETRY, NULL},
    {3135, IO, RETRY, NULL},
    {12170, IO, RETRY, NULL},
    {12514, IO, RETRY, NULL}, /* The listener does not know the service: yet. */
    {12528, IO, RETRY, NULL},
    {12537, IO, RETRY, NULL},
    {12541, IO, RETRY, NULL},
    {12543, IO, RETRY, NULL},
    {12545, IO, RETRY, NULL},
    {12547, IO, RETRY, NULL},
    {25408, IO, RETRY, NULL},
    {12154, CONFIG, STOP, "correct the connect identifier, or tnsnames.ora"},
    {257, DATABASE, RETRY, "the archiver is stuck: free space for it"},
    {1536, DATABASE, RETRY, "raise the user's quota on the tablespace"},
    {1628, DATABASE, RETRY, FULL_ADVICE},
    {1652, DATABASE, RETRY, FULL_ADVICE},
    {1653, DATABASE, RETRY, FULL_ADVICE},
    {1654, DATABASE, RETRY, FULL_ADVICE},
    {1658, DATABASE, RETRY, FULL_ADVICE},
    {1688, DATABASE, RETRY, FULL_ADVICE},
    {30036, DATABASE, RETRY, "the undo tablespace is full"},
    {4031, DATABASE, RETRY, NULL}, /* Shared memory. */
    {1017, AUTH, STOP, LOGIN_ADVICE},
    {1005, AUTH, STOP, LOGIN_ADVICE},
    {1045, AUTH, STOP, "GRANT CREATE SESSION to this user"},
    {28000, AUTH, STOP, "unlock the account"},
    {28001, AUTH, STOP, "the password has expired: set a new one"},
    {1031, DATABASE, STOP, RIGHT_ADVICE},
    {942, CHANGED, RESTART, NULL},   /* No such table, or no right to see it. */
    {904, CHANGED, RESTART, NULL},   /* No such column. */
    {947, CHANGED, RESTART, NULL},   /* Too few values: columns changed. */
    {913, CHANGED, RESTART, NULL},   /* Too many. */
    {932, CHANGED, RESTART, NULL},   /* Types that do not go together. */
    {54013, CHANGED, RESTART, NULL}, /* The column is virtual now. */
    {32795, DATABASE, STOP, "leave the GENERATED ALWAYS identity out"},
    {38104, DATABASE, STOP, "a MERGE cannot update the columns of its ON clause"},
    {30926, DATABASE, STOP, "a MERGE met one row twice"},
};

/* Source:
 * https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
 */
static const number_rule mssql[] = {
    {2627, DATABASE, ROW, NULL}, /* A primary or unique key. */
    {2601, DATABASE, ROW, NULL}, /* A unique index. */
    {515, DATABASE, ROW, NULL},  /* NULL. */
    {547, DATABASE, ROW, NULL},  /* Check or foreign key. */
    {8152, DATABASE, ROW, NULL}, /* Too long. */
    {2628, DATABASE, ROW, NULL},
    {8115, DATABASE, ROW, NULL}, /* Overflow. */
    {220, DATABASE, ROW, NULL},
    {241, DATABASE, ROW, NULL}, /* Text that does not convert. */
    {242, DATABASE, ROW, NULL},
    {245, DATABASE, ROW, NULL},
    {248, DATABASE, ROW, NULL},
    {8114, DATABASE, ROW, NULL},
    {8169, DATABASE, ROW, NULL},
    {1946, DATABASE, ROW, NULL},   /* A key too long for its index. */
    {511, DATABASE, ROW, NULL},    /* A row too long. */
    {50000, DATABASE, ROW, NULL},  /* RAISERROR of a trigger. */
    {3609, DATABASE, ROW, NULL},   /* A trigger rolled back. */
    {1205, DATABASE, RETRY, NULL}, /* Deadlock. */
    {1222, DATABASE, RETRY, NULL}, /* Lock timeout. */
    {3960, DATABASE, RETRY, NULL}, /* Snapshot. */
    {3961, DATABASE, RETRY, NULL},
    {8645, DATABASE, RETRY, NULL},
    {8651, DATABASE, RETRY, NULL},
    {701, DATABASE, RETRY, NULL}, /* Memory. */
    {17809, IO, RETRY, BUSY_ADVICE},
    {10928, IO, RETRY, BUSY_ADVICE},
    {10929, IO, RETRY, BUSY_ADVICE},
    {40501, IO, RETRY, NULL},
    {40613, IO, RETRY, NULL},
    {40197, IO, RETRY, NULL},
    {4060, NOT_FOUND, STOP, "create the database, or correct the URL"},
    {6005, IO, RETRY, NULL}, /* Shutdown. */
    {6001, IO, RETRY, NULL},
    {1105, DATABASE, RETRY, FULL_ADVICE},
    {1101, DATABASE, RETRY, FULL_ADVICE},
    {9002, DATABASE, RETRY, "the transaction log is full: back it up, or let it grow"},
    {3906, DATABASE, STOP, READ_ONLY_ADVICE},
    {3908, DATABASE, STOP, READ_ONLY_ADVICE},
    {18456, AUTH, STOP, LOGIN_ADVICE},
    {229, DATABASE, STOP, RIGHT_ADVICE},
    {230, DATABASE, STOP, RIGHT_ADVICE},
    {262, DATABASE, STOP, RIGHT_ADVICE},
    {208, CHANGED, RESTART, NULL}, /* No such table, */
    {207, CHANGED, RESTART, NULL}, /* column. */
    {271, CHANGED, RESTART, NULL}, /* The column is computed now. */
    {206, CHANGED, RESTART, NULL}, /* Types that do not go together. */
    {257, CHANGED, RESTART, NULL},
    {544, DATABASE, STOP, "leave the identity column out"},
};

/* Source: https://mariadb.com/kb/en/mariadb-error-code-reference/ */
static const number_rule mysql[] = {
    {1062, DATABASE, ROW, NULL}, /* Unique. */
    {1586, DATABASE, ROW, NULL},
    {1022, DATABASE, ROW, NULL},
    {1169, DATABASE, ROW, NULL},
    {1048, DATABASE, ROW, NULL}, /* NULL. */
    {1364, DATABASE, ROW, NULL}, /* No default. */
    {1263, DATABASE, ROW, NULL},
    {1216, DATABASE, ROW, NULL}, /* Foreign keys. */
    {1217, DATABASE, ROW, NULL},
    {1451, DATABASE, ROW, NULL},
    {1452, DATABASE, ROW, NULL},
    {1557, DATABASE, ROW, NULL},
    {1761, DATABASE, ROW, NULL},
    {1762, DATABASE, ROW, NULL},
    {3819, DATABASE, ROW, NULL}, /* Check, in MySQL; */
    {4025, DATABASE, ROW, NULL}, /* in MariaDB. */
    {1406, DATABASE, ROW, NULL}, /* Too long. */
    {1264, DATABASE, ROW, NULL}, /* Out of range. */
    {1265, DATABASE, ROW, NULL}, /* Truncated. */
    {1292, DATABASE, ROW, NULL}, /* A date that does not parse. */
    {1366, DATABASE, ROW, NULL}, /* A value that does not convert. */
    {1367, DATABASE, ROW, NULL},
    {1690, DATABASE, ROW, NULL},
    {1411, DATABASE, ROW, NULL},
    {1441, DATABASE, ROW, NULL}, /* A date out of range. */
    {1300, DATABASE, ROW, NULL}, /* No text of the character set. */
    {1416, DATABASE, ROW, NULL}, /* No geometry. */
    {3140, DATABASE, ROW, NULL}, /* JSON. */
    {3141, DATABASE, ROW, NULL},
    {4038, DATABASE, ROW, NULL},
    {1644, DATABASE, ROW, NULL}, /* SIGNAL of a trigger. */
    {1369, DATABASE, ROW, NULL}, /* A view's check option. */
    {1071, DATABASE, ROW, NULL}, /* A key too long for its index. */
    {1118, DATABASE, ROW, NULL}, /* A row too long. */
    {1526, DATABASE, ROW, NULL}, /* No partition for the row. */
    {1748, DATABASE, ROW, NULL},
    {1153, DATABASE, ROW, "raise max_allowed_packet, or send smaller values"},
    {1205, DATABASE, RETRY, NULL}, /* Lock timeout. */
    {1213, DATABASE, RETRY, NULL}, /* Deadlock. */
    {1020, DATABASE, RETRY, NULL}, /* Changed since the snapshot. */
    {1206, DATABASE, RETRY, NULL}, /* The lock table is full. */
    {1223, DATABASE, RETRY, NULL}, /* FLUSH TABLES WITH READ LOCK. */
    {1305, DATABASE, RETRY, NULL}, /* The savepoint went with its transaction. */
    {1399, DATABASE, RETRY, NULL}, /* XA, with the five below. */
    {1400, DATABASE, RETRY, NULL},
    {1401, DATABASE, RETRY, NULL},
    {1402, DATABASE, RETRY, NULL},
    {1440, DATABASE, RETRY, NULL},
    {1613, DATABASE, RETRY, NULL},
    {1614, DATABASE, RETRY, NULL}, /* A deadlock rolled the branch back. */
    {1615, DATABASE, RETRY, NULL}, /* A prepared statement has to be made anew. */
    {3572, DATABASE, RETRY, NULL}, /* Lock timeout, with NOWAIT. */
    {1317, DATABASE, RETRY, NULL}, /* KILL QUERY. */
    {1969, DATABASE, RETRY, "see max_statement_time where this comes again"},
    {3024, DATABASE, RETRY, "see max_execution_time where this comes again"},
    {1180, DATABASE, RETRY, NULL},
    {1037, DATABASE, RETRY, NULL}, /* Memory. */
    {1038, DATABASE, RETRY, NULL},
    {1041, DATABASE, RETRY, NULL},
    {5, DATABASE, RETRY, NULL},
    {1040, IO, RETRY, BUSY_ADVICE},
    {1203, IO, RETRY, BUSY_ADVICE},
    {1226, IO, RETRY, BUSY_ADVICE},
    {1042, IO, RETRY, NULL},
    {1043, IO, RETRY, NULL},
    {1047, IO, RETRY, NULL}, /* A cluster's node that is not ready. */
    {3168, IO, RETRY, NULL},
    {1053, IO, RETRY, NULL}, /* Shutdown. */
    {1077, IO, RETRY, NULL},
    {1079, IO, RETRY, NULL},
    {1080, IO, RETRY, NULL},
    {3032, IO, RETRY, NULL},
    {1129, IO, STOP, "the server has blocked this host: mariadb-admin flush-hosts"},
    {1152, IO, RETRY, NULL}, /* The connection was aborted. */
    {1184, IO, RETRY, NULL},
    {1158, IO, RETRY, NULL}, /* The network. */
    {1159, IO, RETRY, NULL},
    {1160, IO, RETRY, NULL},
    {1161, IO, RETRY, NULL},
    {1927, IO, RETRY, NULL}, /* KILL. */
    {4031, IO, RETRY, NULL}, /* Closed for inactivity. */
    {2002, IO, RETRY, NULL}, /* The client: no server there, */
    {2003, IO, RETRY, NULL},
    {2004, IO, RETRY, NULL},
    {2005, IO, RETRY, NULL},
    {2006, IO, RETRY, NULL}, /* gone, */
    {2012, IO, RETRY, NULL},
    {2013, IO, RETRY, NULL}, /* lost, */
    {2014, IO, RETRY, NULL},
    {2027, IO, RETRY, NULL},
    {2026, IO, STOP, "TLS failed: see the driver's SSL keywords"},
    {2055, IO, RETRY, NULL},
    {2056, IO, RETRY, NULL},
    {5013, IO, RETRY, NULL},
    {5014, IO, RETRY, NULL},
    {2008, NOMEM, RETRY, NULL},
    {3, DATABASE, RETRY, FULL_ADVICE},
    {28, DATABASE, RETRY, FULL_ADVICE},
    {1021, DATABASE, RETRY, FULL_ADVICE},
    {1026, DATABASE, RETRY, FULL_ADVICE},
    {1030, DATABASE, RETRY, NULL}, /* The storage engine. */
    {1114, DATABASE, RETRY, FULL_ADVICE},
    {1290, DATABASE, STOP, READ_ONLY_ADVICE},
    {1792, DATABASE, STOP, READ_ONLY_ADVICE},
    {1836, DATABASE, STOP, READ_ONLY_ADVICE},
    {1045, AUTH, STOP, LOGIN_ADVICE},
    {1698, AUTH, STOP, LOGIN_ADVICE},
    {1044, AUTH, STOP, RIGHT_ADVICE},
    {1862, AUTH, STOP, "the password has expired: set a new one"},
    {1130, AUTH, STOP, LOGIN_ADVICE},
    {1251, AUTH, STOP, LOGIN_ADVICE},
    {2059, AUTH, STOP, "the client lacks the server's authentication plugin"},
    {1049, NOT_FOUND, STOP, "create the database, or correct the URL"},
    {1142, DATABASE, STOP, RIGHT_ADVICE},
    {1143, DATABASE, STOP, RIGHT_ADVICE},
    {1227, DATABASE, STOP, RIGHT_ADVICE},
    {1146, CHANGED, RESTART, NULL}, /* No such table, */
    {1051, CHANGED, RESTART, NULL},
    {1054, CHANGED, RESTART, NULL}, /* column. */
    {1109, CHANGED, RESTART, NULL},
    {1136, CHANGED, RESTART, NULL},
    {2057, CHANGED, RESTART, NULL},
    {1412, CHANGED, RESTART, NULL},
    {1906, CHANGED, RESTART, NULL}, /* The column is generated now. */
    {1907, CHANGED, RESTART, NULL},
    {3105, CHANGED, RESTART, NULL},
};

/* Source: https://www.sqlite.org/rescode.html; the ODBC driver gives the primary codes. */
static const number_rule sqlite[] = {
    {4, DATABASE, RETRY, NULL}, /* Rolled back in between. */
    {5, DATABASE, RETRY, "another connection holds the file's lock: end its transaction"},
    {6, DATABASE, RETRY, NULL},
    {7, NOMEM, RETRY, NULL},
    {8, DATABASE, STOP, "make the file and its directory writable for this user"},
    {9, DATABASE, RETRY, NULL}, /* Interrupted. */
    {10, IO, RETRY, "check the disk"},
    {11, DATABASE, STOP, "the file is damaged: run PRAGMA integrity_check and restore it"},
    {13, DATABASE, RETRY, "the disk is full: free space, and the load goes on by itself"},
    {14, IO, STOP, "check the path, and that this user may write to the directory"},
    {15, DATABASE, RETRY, NULL},
    {17, CHANGED, RESTART, NULL},
    {18, DATABASE, ROW, "the value is larger than SQLite's SQLITE_MAX_LENGTH"},
    {19, DATABASE, ROW, NULL}, /* Any constraint. */
    {20, DATABASE, ROW, NULL}, /* A STRICT table's type. */
    {23, AUTH, STOP, NULL},
    {26, DATABASE, STOP, "it is some other file, or encrypted: check the path"},
};

static const struct {
    const char *dialect;
    const number_rule *rules;
    size_t count;
} numbered[] = {
    {"oracle", oracle, COUNT(oracle)},
    {"mssql", mssql, COUNT(mssql)},
    {"mysql", mysql, COUNT(mysql)},
    {"sqlite", sqlite, COUNT(sqlite)},
};

/* ---- By SQLSTATE ------------------------------------------------------------------- */

typedef struct state_rule {
    const char *prefix; /* A SQLSTATE, or the beginning of one. */
    int status;
    int action;
    const char *advice;
} state_rule;

/*
 * ISO SQL's classes, PostgreSQL's codes (https://www.postgresql.org/docs/15/errcodes-appendix.html)
 * and ODBC's own (HY, IM, S). The first that fits is taken.
 */
static const state_rule states[] = {
    {"00", DATABASE, STOP, NULL},
    {"01004", DATABASE, ROW, NULL}, /* Cut in silence, */
    {"01S07", DATABASE, ROW, NULL}, /* or rounded. */
    {"08P01", DATABASE, STOP, NULL},
    {"08004", AUTH, STOP, LOGIN_ADVICE},
    {"08", IO, RETRY, NULL},
    {"09", DATABASE, ROW, NULL},
    {"0A000", CHANGED, RESTART, NULL}, /* A prepared statement's table changed. */
    {"21S01", CHANGED, RESTART, NULL}, /* Another number of columns. */
    {"21", DATABASE, ROW, NULL},
    {"22018", DATABASE, ROW, NULL},
    {"22", DATABASE, ROW, NULL},
    {"23", DATABASE, ROW, NULL},
    {"25006", DATABASE, STOP, READ_ONLY_ADVICE},
    {"25P02", DATABASE, RETRY, NULL},
    {"25P03", IO, RETRY, NULL},
    {"25S", DATABASE, RESOLVE, NULL}, /* The state of a transaction is not known. */
    {"25", DATABASE, STOP, NULL},
    {"26000", IO, RETRY, NULL},
    {"27", DATABASE, ROW, NULL},
    {"28", AUTH, STOP, LOGIN_ADVICE},
    {"3D000", NOT_FOUND, STOP, "create the database, or correct the URL"},
    {"3F000", CHANGED, RESTART, NULL},
    {"40002", DATABASE, ROW, NULL}, /* A constraint, at the commit. */
    {"40", DATABASE, RETRY, NULL},
    {"42501", DATABASE, STOP, RIGHT_ADVICE},
    {"42622", DATABASE, ROW, NULL},
    {"42P05", IO, RETRY, NULL},
    {"42P01", CHANGED, RESTART, NULL}, /* No such table, */
    {"42S02", CHANGED, RESTART, NULL},
    {"42703", CHANGED, RESTART, NULL}, /* column, */
    {"42S22", CHANGED, RESTART, NULL},
    {"42704", CHANGED, RESTART, NULL}, /* type or */
    {"42883", CHANGED, RESTART, NULL}, /* function. */
    {"42804", CHANGED, RESTART, NULL}, /* Types that do not go together. */
    {"42846", CHANGED, RESTART, NULL},
    {"42809", CHANGED, RESTART, NULL},
    {"428C9", CHANGED, RESTART, NULL},
    {"42P10", CHANGED, RESTART, NULL},
    {"44", DATABASE, ROW, NULL},
    {"45", DATABASE, ROW, NULL}, /* SIGNAL of a trigger. */
    {"53100", DATABASE, RETRY, FULL_ADVICE},
    {"53300", IO, RETRY, BUSY_ADVICE},
    {"53400", DATABASE, STOP, NULL},
    {"53", DATABASE, RETRY, NULL},
    {"54001", DATABASE, STOP, NULL},
    {"54000", DATABASE, ROW, NULL},
    {"55P03", DATABASE, RETRY, NULL},
    {"55006", DATABASE, RETRY, NULL},
    {"57014", DATABASE, RETRY, "see the statement's timeout where this comes again"},
    {"57P04", NOT_FOUND, STOP, "the database was dropped"},
    {"57", IO, RETRY, NULL},
    {"58030", DATABASE, RETRY, NULL},
    {"70100", DATABASE, RETRY, NULL}, /* The statement was killed. */
    {"72", DATABASE, RETRY, NULL},
    {"HV", DATABASE, RETRY, NULL},
    {"P0", DATABASE, ROW, NULL},
    {"HY001", NOMEM, RETRY, NULL},
    {"HY008", DATABASE, RETRY, NULL}, /* Cancelled. */
    {"HYT", IO, RETRY, NULL},         /* The driver's own timeouts. */
    {"IM002", CONFIG, STOP, DRIVER_ADVICE},
    {"IM", CONFIG, STOP, DRIVER_ADVICE},
    {"", DATABASE, STOP, NULL},
};

/* ---- By text ----------------------------------------------------------------------- */

/*
 * psqlODBC has one code, 08001, for all that fails when it connects, and none for what row security
 * refuses; unixODBC's own word of a driver that is not there is a warning. English texts only: in
 * other languages the code alone counts.
 */
static const struct {
    const char *sqlstate;
    const char *fragment;
    int status;
    int action;
    const char *advice;
} texts[] = {
    {"08001", "too many connections", IO, RETRY, BUSY_ADVICE},
    {"08001", "connection slots", IO, RETRY, BUSY_ADVICE},
    {"08001", "authentication failed", AUTH, STOP, LOGIN_ADVICE},
    {"08001", "no password supplied", AUTH, STOP, LOGIN_ADVICE},
    {"08001", "pg_hba.conf", AUTH, STOP, LOGIN_ADVICE},
    {"08001", "is not permitted to log in", AUTH, STOP, LOGIN_ADVICE},
    {"08001", "permission denied", AUTH, STOP, "GRANT CONNECT to this user"},
    {"08001", "role \"", AUTH, STOP, LOGIN_ADVICE},
    {"08001", "\" does not exist", NOT_FOUND, STOP, "create the database, or correct the URL"},
    {"08001", "invalid ", CONFIG, STOP, "correct the URL"},
    {"08001", "certificate", IO, STOP, "see the driver's keywords for TLS"},
    {"08001", "server does not support SSL", IO, STOP, "see the driver's keywords for TLS"},
    {"01000", "Can't open lib", CONFIG, STOP, DRIVER_ADVICE},
    {"42501", "row-level security", DATABASE, ROW, NULL},
};

static const number_rule *find_number(const char *dialect, int32_t native)
{
    for (size_t i = 0; i < COUNT(numbered); i++) {
        if (strcmp(numbered[i].dialect, dialect) != 0)
            continue;
        for (size_t j = 0; j < numbered[i].count; j++)
            if (numbered[i].rules[j].number == native)
                return &numbered[i].rules[j];
    }
    return NULL;
}

bool drv_odbc_action_known(const char *dialect, int32_t native)
{
    return native != 0 && find_number(dialect, native) != NULL;
}

drv_odbc_action drv_odbc_action_of(const char *dialect, const char *sqlstate, int32_t native,
                                   const char *message)
{
    static const drv_odbc_action lost = {IO, RETRY, NULL};
    const number_rule *number = native != 0 ? find_number(dialect, native) : NULL;
    if (number != NULL)
        return (drv_odbc_action){number->status, number->action, number->advice};
    if (sqlstate == NULL || sqlstate[0] == '\0')
        return lost;
    for (size_t i = 0; message != NULL && i < COUNT(texts); i++)
        if (strcmp(texts[i].sqlstate, sqlstate) == 0 && strstr(message, texts[i].fragment) != NULL)
            return (drv_odbc_action){texts[i].status, texts[i].action, texts[i].advice};
    const state_rule *found = states;
    while (strncmp(sqlstate, found->prefix, strlen(found->prefix)) != 0)
        found++; /* Ends at the last rule, whose prefix is empty. */
    return (drv_odbc_action){found->status, found->action, found->advice};
}

/* ---- The column -------------------------------------------------------------------- */

/* Steps over one name, quoted or not, at *at; its own text without the quotes in *from. */
static size_t step_name(const char **at, const char **from)
{
    const char *start = *at;
    char close = *start == '[' ? ']' : *start;
    size_t length;
    if (strchr("\"'`[", *start) != NULL && *start != '\0') {
        const char *end = strchr(start + 1, close);
        *from = start + 1;
        length = end != NULL ? (size_t)(end - start) - 1 : strlen(start + 1);
        *at = start + 1 + length + (end != NULL);
    } else {
        *from = start;
        length = strcspn(start, " .,;:)\n");
        *at = start + length;
    }
    return length;
}

const char *drv_odbc_action_column(const char *message, const outfall_column *columns,
                                   uint32_t count)
{
    static const char *const leads[] = {"column ", "Column ",
                                        "constraint failed: ", "cannot insert NULL into ("};
    for (size_t i = 0; message != NULL && i < COUNT(leads); i++) {
        const char *at = strstr(message, leads[i]);
        const char *from = NULL;
        size_t length = 0;
        if (at == NULL)
            continue;
        at += strlen(leads[i]);
        length = step_name(&at, &from);
        /* Schema and table stand before; or a sentence ends. */
        while (*at == '.' && strchr(" \t\r\n", at[1]) == NULL) {
            at++;
            length = step_name(&at, &from);
        }
        for (uint32_t c = 0; c < count; c++)
            if (strlen(columns[c].name) == length && memcmp(columns[c].name, from, length) == 0)
                return columns[c].name;
    }
    return NULL;
}
