/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/action.h"

#include <stddef.h>
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

typedef struct rule {
    unsigned code;
    int status;
    int action;
    const char *advice;
} rule;

/*
 * By number: a header of one of the two servers lacks names of the other.
 * https://mariadb.com/kb/en/mariadb-error-codes/
 * https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
 */
static const rule rules[] = {
    /* The server's files: errors of its own system calls. */
    {3, DATABASE, RETRY, FREE_SPACE}, /* EE_WRITE */
    {5, DATABASE, RETRY, "the server is out of memory"},
    {28, DATABASE, RETRY, FREE_SPACE},

    {1020, DATABASE, RETRY, NULL}, /* ER_CHECKREAD: the row has changed since it was read. */
    {1021, DATABASE, RETRY, FREE_SPACE},
    {1026, DATABASE, RETRY, FREE_SPACE}, /* ER_ERROR_ON_WRITE */
    {1030, DATABASE, RETRY, "see the server's log: its storage failed"},
    {1036, DATABASE, STOP, WRITABLE}, /* ER_OPEN_AS_READONLY */
    {1037, DATABASE, RETRY, "the server is out of memory"},
    {1038, DATABASE, RETRY, "the server is out of sort memory"},
    {1040, IO, RETRY, "raise max_connections, or lower pool.max"},
    {1041, DATABASE, RETRY, "the server is out of memory"},
    {1042, IO, RETRY, NULL},
    {1043, IO, RETRY, NULL},
    {1044, DATABASE, STOP, GRANT},
    {1045, AUTH, STOP, CREDENTIALS},
    {1046, CONFIG, STOP, "name the database in the URL, or write the table as database.table"},
    {1047, IO, RETRY, NULL}, /* A cluster's node that is not ready for use. */
    {1048, DATABASE, ROW, NULL},
    {1049, NOT_FOUND, STOP, "create the database, or correct its name"},
    {1053, IO, RETRY, NULL}, /* Shutting down. */
    {1054, CHANGED, RESTART, NULL},
    {1062, DATABASE, ROW, NULL},
    {1080, IO, RETRY, NULL},
    {1095, DATABASE, STOP, NULL},
    {1105, DATABASE, STOP, NULL}, /* "Unknown error" */
    {1109, CHANGED, RESTART, NULL},
    {1114, DATABASE, RETRY, "the table or the server's disk is full: make room"},
    {1118, DATABASE, ROW, NULL}, /* A row too long for its page. */
    {1129, IO, STOP, "the server has blocked this host: FLUSH HOSTS there"},
    {1130, AUTH, STOP, "the server does not let this host in: CREATE USER for it"},
    {1136, CHANGED, RESTART, NULL},
    {1142, DATABASE, STOP, "GRANT SELECT, INSERT, UPDATE, DELETE as the mode needs"},
    {1143, DATABASE, STOP, GRANT},
    {1146, CHANGED, RESTART, NULL},
    {1152, IO, RETRY, NULL},
    {1153, IO, STOP, "raise max_allowed_packet on the server"},
    {1158, IO, RETRY, NULL}, /* Network errors, as the server saw them. */
    {1159, IO, RETRY, NULL},
    {1160, IO, RETRY, NULL},
    {1161, IO, RETRY, NULL},
    {1169, DATABASE, ROW, NULL}, /* ER_DUP_UNIQUE */
    {1180, DATABASE, RETRY, NULL},
    {1184, IO, RETRY, NULL},
    {1203, IO, RETRY, "the user has too many connections: lower pool.max"},
    {1205, DATABASE, RETRY, "another transaction holds the rows' locks"},
    {1206, DATABASE, RETRY, NULL}, /* The lock table is full. */
    {1213, DATABASE, RETRY, NULL},
    {1216, DATABASE, ROW, NULL},
    {1217, DATABASE, ROW, NULL},
    {1223, DATABASE, RETRY, NULL}, /* FLUSH TABLES WITH READ LOCK */
    {1226, IO, RETRY, "the user's limit for the hour is used up"},
    {1227, DATABASE, STOP, GRANT},
    {1251, AUTH, STOP, "the account's authentication is not one that this client has"},
    {1263, DATABASE, ROW, NULL},
    {1264, DATABASE, ROW, NULL},
    {1265, DATABASE, ROW, NULL},
    {1290, DATABASE, STOP, WRITABLE},
    {1292, DATABASE, ROW, NULL},
    {1300, DATABASE, ROW, NULL},
    {1305, DATABASE, RETRY, NULL}, /* A savepoint that went with its transaction. */
    {1317, DATABASE, RETRY, "the statement was killed"},
    {1364, DATABASE, ROW, NULL},
    {1366, DATABASE, ROW, NULL},
    {1367, DATABASE, ROW, NULL},
    {1369, DATABASE, ROW, NULL},
    {1406, DATABASE, ROW, NULL},
    {1411, DATABASE, ROW, NULL},
    {1412, CHANGED, RESTART, NULL},
    {1416, DATABASE, ROW, NULL},
    {1441, DATABASE, ROW, NULL},
    {1451, DATABASE, ROW, NULL},
    {1452, DATABASE, ROW, NULL},
    {1526, DATABASE, ROW, NULL}, /* No partition for it. */
    {1557, DATABASE, ROW, NULL}, /* A foreign key that would make a duplicate. */
    {1586, DATABASE, ROW, NULL},
    {1598, DATABASE, STOP, NULL},
    {1614, DATABASE, RETRY, NULL}, /* XA: the branch was rolled back by a deadlock. */
    {1615, DATABASE, RETRY, NULL}, /* A statement that has to be prepared again. */
    {1644, DATABASE, ROW, NULL},   /* SIGNAL in a trigger. */
    {1665, DATABASE, STOP, "set binlog_format=ROW or MIXED on the server"},
    {1690, DATABASE, ROW, NULL},
    {1698, AUTH, STOP, CREDENTIALS},
    {1748, DATABASE, ROW, NULL},
    {1761, DATABASE, ROW, NULL},
    {1762, DATABASE, ROW, NULL},
    {1792, DATABASE, STOP, WRITABLE},
    {1820, AUTH, STOP, "the password has expired: set a new one"},
    {1836, DATABASE, STOP, WRITABLE},
    {1862, AUTH, STOP, "the password has expired: set a new one"},
    {1906, CHANGED, RESTART, NULL}, /* The column is generated now: MariaDB, */
    {1907, CHANGED, RESTART, NULL},
    {1927, IO, RETRY, "the connection was killed"},
    {1932, DATABASE, STOP, NULL},
    {1969, DATABASE, RETRY, "see max_statement_time on the server"},

    {2000, IO, STOP, NULL}, /* A server that breaks the protocol, or asks for a file. */
    {2002, IO, RETRY, NULL},
    {2003, IO, RETRY, NULL},
    {2004, IO, RETRY, NULL},
    {2005, IO, RETRY, "check the host's name"},
    {2006, IO, RETRY, NULL},
    {2008, NOMEM, RETRY, NULL},
    {2012, IO, RETRY, NULL},
    {2013, IO, RETRY, NULL},
    {2014, IO, RETRY, NULL},
    {2020, IO, STOP, "raise max_allowed_packet in my.cnf and on the server"},
    {2026, CONFIG, STOP, "see mysql.tls, and ssl-ca in the URL"},
    {2027, IO, RETRY, NULL},
    {2049, AUTH, STOP, "the account's password has a format that is no longer taken: set it anew"},
    {2055, IO, RETRY, NULL},
    {2056, IO, RETRY, NULL},
    {2057, CHANGED, RESTART, NULL},
    {2059, CONFIG, STOP, "install the authentication plugin, or give the user another one"},
    {2061, AUTH, STOP, NULL},
    {2068, IO, STOP, NULL}, /* The server asked for a file, and was refused. */

    {3024, DATABASE, RETRY, "see max_execution_time on the server"},
    {3032, IO, RETRY, NULL},
    {3105, CHANGED, RESTART, NULL}, /* MySQL. */
    {3118, AUTH, STOP, "the account is locked"},
    {3140, DATABASE, ROW, NULL}, /* Not JSON. */
    {3141, DATABASE, ROW, NULL},
    {3168, IO, RETRY, NULL}, /* Taken off its pool, or the server is starting. */
    {3572, DATABASE, RETRY, NULL},
    {3819, DATABASE, ROW, NULL}, /* A check: MySQL, */
    {3955, AUTH, STOP, NULL},
    {4025, DATABASE, ROW, NULL}, /* MariaDB. */
    {4031, IO, RETRY, NULL},     /* Closed for inactivity. */
    {4151, AUTH, STOP, "the account is locked"},

    {5010, AUTH, STOP,
     "the server asks for the password itself: that needs mysql.tls=verify, or a unix socket"},
    {5012, CONFIG, STOP, NULL},
    {5013, IO, RETRY, NULL},
    {5014, IO, RETRY, NULL},
};

typedef struct class_rule {
    const char *prefix; /* The beginning of a SQLSTATE. */
    int status;
    int action;
} class_rule;

/* The first that fits. */
static const class_rule classes[] = {
    {"08", IO, RETRY},          {"22", DATABASE, ROW},   {"23", DATABASE, ROW},
    {"28", AUTH, STOP},         {"40", DATABASE, RETRY}, {"45", DATABASE, ROW},
    {"70100", DATABASE, RETRY}, {"", DATABASE, STOP},
};

drv_my_action drv_my_action_of(unsigned code, const char *sqlstate)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].code == code)
            return (drv_my_action){rules[i].status, rules[i].action, rules[i].advice};
    const class_rule *found = classes;
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
