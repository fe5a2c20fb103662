/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/action.h"

#include <string.h>

#include <outfall/error.h>

/* Short names, so that the table can be read as one. */
enum {
    RETRY = OUTFALL_ACTION_RETRY,
    RESTART = OUTFALL_ACTION_RESTART,
    ROW = OUTFALL_ACTION_ROW,
    STOP = OUTFALL_ACTION_STOP
};
enum {
    IO = OUTFALL_ERR_IO,
    DATABASE = OUTFALL_ERR_DATABASE,
    NOT_FOUND = OUTFALL_ERR_NOT_FOUND,
    CONFIG = OUTFALL_ERR_CONFIG,
    AUTH = OUTFALL_ERR_AUTH,
    NOMEM = OUTFALL_ERR_NOMEM,
    CHANGED = OUTFALL_ERR_CHANGED
};

#define FREE_SPACE "free space on the server's disk"
#define CREDENTIALS "check the user and the password (URL, or my.cnf)"
#define GRANT "GRANT the right to this user"
#define WRITABLE "the server is read-only: connect to the primary"

/*
 * By number: a header of one of the two servers lacks names of the other.
 * https://mariadb.com/kb/en/mariadb-error-codes/
 * https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
 */
const drv_my_rule drv_my_rules[] = {
    /* The server's files: errors of its own system calls. */
    {3, "the server cannot write to its disk", DATABASE, RETRY, FREE_SPACE},
    {5, "the server is out of memory", DATABASE, RETRY, "the server is out of memory"},
    {28, "the server's disk is full", DATABASE, RETRY, FREE_SPACE},

    {1020, "the row has changed since it was read", DATABASE, RETRY, NULL},
    {1021, "disk full", DATABASE, RETRY, FREE_SPACE},
    {1022, "the key is there already", DATABASE, ROW, NULL},
    {1026, "the server cannot write a file", DATABASE, RETRY, FREE_SPACE},
    {1030, "the storage engine failed", DATABASE, RETRY,
     "see the server's log: its storage failed"},
    {1036, "the table is read-only", DATABASE, STOP, WRITABLE},
    {1037, "the server is out of memory", DATABASE, RETRY, "the server is out of memory"},
    {1038, "the server is out of sort memory", DATABASE, RETRY, "the server is out of sort memory"},
    {1040, "too many connections", IO, RETRY, "raise max_connections, or lower pool.max"},
    {1041, "the server is out of memory", DATABASE, RETRY, "the server is out of memory"},
    {1042, "the server cannot find the host's name", IO, RETRY, NULL},
    {1043, "the handshake failed", IO, RETRY, NULL},
    {1044, "no right to the database", DATABASE, STOP, GRANT},
    {1045, "wrong user or password", AUTH, STOP, CREDENTIALS},
    {1046, "no database is named", CONFIG, STOP,
     "name the database in the URL, or write the table as database.table"},
    {1047, "a cluster's node that is not ready", IO, RETRY, NULL},
    {1048, "NULL in a column that takes none", DATABASE, ROW, NULL},
    {1049, "no such database", NOT_FOUND, STOP, "create the database, or correct its name"},
    {1051, "no such table", CHANGED, RESTART, NULL},
    {1053, "shutting down", IO, RETRY, NULL},
    {1054, "no such column", CHANGED, RESTART, NULL},
    {1062, "unique constraint", DATABASE, ROW, NULL},
    {1071, "a key too long for its index", DATABASE, ROW, NULL},
    {1077, "shutting down", IO, RETRY, NULL},
    {1079, "shut down", IO, RETRY, NULL},
    {1080, "the server ended the connection", IO, RETRY, NULL},
    {1095, "no right to end a session", DATABASE, STOP,
     "it is another account's: GRANT CONNECTION ADMIN (MySQL: CONNECTION_ADMIN) to this user"},
    {1105, "an error the server has no number for", DATABASE, STOP, NULL},
    {1109, "no such table", CHANGED, RESTART, NULL},
    {1114, "the table, or its disk, is full", DATABASE, RETRY,
     "the table or the server's disk is full: make room"},
    {1118, "a row too long for its page", DATABASE, ROW, NULL},
    {1129, "the server has blocked this host", IO, STOP,
     "the server has blocked this host: FLUSH HOSTS there"},
    {1130, "the server does not let this host in", AUTH, STOP,
     "the server does not let this host in: CREATE USER for it"},
    {1136, "another number of columns", CHANGED, RESTART, NULL},
    {1142, "no right to the table", DATABASE, STOP,
     "GRANT SELECT, INSERT, UPDATE, DELETE as the mode needs"},
    {1143, "no right to the column", DATABASE, STOP, GRANT},
    {1146, "no such table", CHANGED, RESTART, NULL},
    {1152, "the connection was aborted", IO, RETRY, NULL},
    {1153, "larger than max_allowed_packet", IO, STOP, "raise max_allowed_packet on the server"},
    {1158, "network error, as the server saw it", IO, RETRY, NULL},
    {1159, "network timeout, as the server saw it", IO, RETRY, NULL},
    {1160, "network error, as the server saw it", IO, RETRY, NULL},
    {1161, "network timeout, as the server saw it", IO, RETRY, NULL},
    {1169, "unique constraint", DATABASE, ROW, NULL},
    {1180, "the commit failed", DATABASE, RETRY, NULL},
    {1184, "the connection was aborted", IO, RETRY, NULL},
    {1203, "too many connections of the user", IO, RETRY,
     "the user has too many connections: lower pool.max"},
    {1205, "lock timeout", DATABASE, RETRY, "another transaction holds the rows' locks"},
    {1206, "the lock table is full", DATABASE, RETRY, NULL},
    {1213, "deadlock", DATABASE, RETRY, NULL},
    {1216, "foreign key: no such parent", DATABASE, ROW, NULL},
    {1217, "foreign key: there are children", DATABASE, ROW, NULL},
    {1223, "FLUSH TABLES WITH READ LOCK", DATABASE, RETRY, NULL},
    {1226, "the user's limit is used up", IO, RETRY, "the user's limit for the hour is used up"},
    {1227, "no right to the operation", DATABASE, STOP, GRANT},
    {1251, "an authentication that the client does not have", AUTH, STOP,
     "the account's authentication is not one that this client has"},
    {1263, "NULL in a column that takes none", DATABASE, ROW, NULL},
    {1264, "out of range", DATABASE, ROW, NULL},
    {1265, "the value does not fit its column", DATABASE, ROW, NULL},
    {1290, "read-only, or another setting of the server's", DATABASE, STOP, WRITABLE},
    {1292, "not a value of the type", DATABASE, ROW, NULL},
    {1300, "not text of the character set", DATABASE, ROW, NULL},
    {1305, "the savepoint went with its transaction", DATABASE, RETRY, NULL},
    {1317, "the statement was killed", DATABASE, RETRY, "the statement was killed"},
    {1364, "no value for a column without a default", DATABASE, ROW, NULL},
    {1366, "not a value of the type", DATABASE, ROW, NULL},
    {1367, "not a number of the type", DATABASE, ROW, NULL},
    {1369, "a view's check option", DATABASE, ROW, NULL},
    {1397, "XA: no transaction of that name", NOT_FOUND, STOP, NULL},
    {1399, "XA: the transaction may only be rolled back", DATABASE, RETRY, NULL},
    {1400, "XA: another transaction is open", DATABASE, RETRY, NULL},
    {1401, "XA: the server could not do it", DATABASE, RETRY, NULL},
    {1402, "XA: the server has rolled it back", DATABASE, RETRY, NULL},
    {1406, "too long", DATABASE, ROW, NULL},
    {1411, "not a value of the type", DATABASE, ROW, NULL},
    {1412, "the table changed", CHANGED, RESTART, NULL},
    {1416, "not a geometry", DATABASE, ROW, NULL},
    {1440, "XA: a transaction of that name is there", DATABASE, RETRY,
     "another session has begun or prepared it: end that one"},
    {1441, "a date out of range", DATABASE, ROW, NULL},
    {1451, "foreign key: there are children", DATABASE, ROW, NULL},
    {1452, "foreign key: no such parent", DATABASE, ROW, NULL},
    {1526, "no partition for the row", DATABASE, ROW, NULL},
    {1557, "foreign key: a change would make a duplicate", DATABASE, ROW, NULL},
    {1586, "unique constraint", DATABASE, ROW, NULL},
    {1598, "the binary log cannot be written", DATABASE, STOP, NULL},
    {1613, "XA: rolled back after a lock timeout", DATABASE, RETRY, NULL},
    {1614, "the branch was rolled back by a deadlock", DATABASE, RETRY, NULL},
    {1615, "the statement has to be prepared again", DATABASE, RETRY, NULL},
    {1644, "SIGNAL in a trigger", DATABASE, ROW, NULL},
    {1665, "the binary log takes no such statement", DATABASE, STOP,
     "set binlog_format=ROW or MIXED on the server"},
    {1690, "out of range", DATABASE, ROW, NULL},
    {1698, "wrong user or password", AUTH, STOP, CREDENTIALS},
    {1748, "no partition for the row", DATABASE, ROW, NULL},
    {1761, "foreign key: a change would make a duplicate", DATABASE, ROW, NULL},
    {1762, "foreign key: a change would make a duplicate", DATABASE, ROW, NULL},
    {1792, "read-only transaction", DATABASE, STOP, WRITABLE},
    {1820, "the password has expired", AUTH, STOP, "the password has expired: set a new one"},
    {1836, "read-only server", DATABASE, STOP, WRITABLE},
    {1862, "the password has expired", AUTH, STOP, "the password has expired: set a new one"},
    {1906, "the column is generated now (MariaDB)", CHANGED, RESTART, NULL},
    {1907, "the column is generated now (MariaDB)", CHANGED, RESTART, NULL},
    {1927, "the connection was killed", IO, RETRY, "the connection was killed"},
    {1932, "the table's file is missing", DATABASE, STOP, NULL},
    {1969, "max_statement_time", DATABASE, RETRY, "see max_statement_time on the server"},

    {2000, "the server broke the protocol, or asked for a file", IO, STOP, NULL},
    {2002, "cannot connect by the unix socket", IO, RETRY, NULL},
    {2003, "cannot connect", IO, RETRY, NULL},
    {2004, "no socket could be made", IO, RETRY, NULL},
    {2005, "no such host", IO, RETRY, "check the host's name"},
    {2006, "the connection is gone", IO, RETRY, NULL},
    {2008, "the client is out of memory", NOMEM, RETRY, NULL},
    {2012, "the handshake failed", IO, RETRY, NULL},
    {2013, "the connection was lost", IO, RETRY, NULL},
    {2014, "answers out of order", IO, RETRY, NULL},
    {2020, "larger than the client's max_allowed_packet", IO, STOP,
     "raise max_allowed_packet in my.cnf and on the server"},
    {2026, "TLS failed", CONFIG, STOP, "see mysql.tls, and ssl-ca in the URL"},
    {2027, "a malformed packet", IO, RETRY, NULL},
    {2049, "a password of an old format", AUTH, STOP,
     "the account's password has a format that is no longer taken: set it anew"},
    {2055, "the connection was lost", IO, RETRY, NULL},
    {2056, "the statement went with its connection", IO, RETRY, NULL},
    {2057, "another number of columns", CHANGED, RESTART, NULL},
    {2059, "an authentication plugin is missing", CONFIG, STOP,
     "install the authentication plugin, or give the user another one"},
    {2061, "the authentication failed", AUTH, STOP, NULL},
    {2068, "the server asked for a file", IO, STOP, NULL},

    {3024, "max_execution_time", DATABASE, RETRY, "see max_execution_time on the server"},
    {3032, "the server is going off line", IO, RETRY, NULL},
    {3105, "the column is generated now (MySQL)", CHANGED, RESTART, NULL},
    {3118, "the account is locked", AUTH, STOP, "the account is locked"},
    {3140, "not JSON", DATABASE, ROW, NULL},
    {3141, "not JSON", DATABASE, ROW, NULL},
    {3168, "the server is starting, or left its pool", IO, RETRY, NULL},
    {3572, "lock timeout, with NOWAIT", DATABASE, RETRY, NULL},
    {3819, "check constraint (MySQL)", DATABASE, ROW, NULL},
    {3955, "the account is locked", AUTH, STOP, NULL},
    {4025, "check constraint (MariaDB)", DATABASE, ROW, NULL},
    {4031, "closed for inactivity (MySQL)", IO, RETRY, NULL},
    {4038, "malformed JSON (MariaDB)", DATABASE, ROW, NULL},
    {4151, "the account is locked", AUTH, STOP, "the account is locked"},

    {5010, "the server asks for the password itself", AUTH, STOP,
     "the server asks for the password itself: that needs mysql.tls=verify, or a unix socket"},
    {5012, "an authentication plugin cannot be loaded", CONFIG, STOP, NULL},
    {5013, "the connection was lost", IO, RETRY, NULL},
    {5014, "the connection was lost", IO, RETRY, NULL},
};

const size_t drv_my_rule_count = sizeof drv_my_rules / sizeof drv_my_rules[0];

const drv_my_class_rule drv_my_class_rules[] = {
    {"08", "connection lost or refused", IO, RETRY},
    {"22", "bad value: too long, out of range, malformed", DATABASE, ROW},
    {"23", "a constraint", DATABASE, ROW},
    {"28", "user or password", AUTH, STOP},
    {"40", "transaction rolled back", DATABASE, RETRY},
    {"45", "SIGNAL in a trigger", DATABASE, ROW},
    {"70100", "the statement was killed", DATABASE, RETRY},
    {"", "any other", DATABASE, STOP},
};
const size_t drv_my_class_rule_count = sizeof drv_my_class_rules / sizeof drv_my_class_rules[0];

drv_my_action drv_my_action_of(unsigned code, const char *sqlstate)
{
    for (size_t i = 0; i < drv_my_rule_count; i++)
        if (drv_my_rules[i].code == code)
            return (drv_my_action){drv_my_rules[i].status, drv_my_rules[i].action,
                                   drv_my_rules[i].advice};
    const drv_my_class_rule *found = drv_my_class_rules;
    while (strncmp(sqlstate != NULL ? sqlstate : "", found->prefix, strlen(found->prefix)) != 0)
        found++; /* Ends at the last, whose prefix is empty. */
    return (drv_my_action){found->status, found->action, NULL};
}

bool drv_my_action_ends_transaction(unsigned code)
{
    return code == 1213 || code == 1020 || code == 1614;
}

bool drv_my_action_is_unknown_commit(unsigned code)
{
    drv_my_action found = drv_my_action_of(code, NULL);
    return found.status == IO || found.status == NOMEM || code == 1317;
}
