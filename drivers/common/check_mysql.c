/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: https://mariadb.com/kb/en/innodb-system-variables/,
 * https://mariadb.com/kb/en/replication-and-binary-log-system-variables/,
 * https://mariadb.com/kb/en/xa-transactions/, https://dev.mysql.com/doc/refman/8.0/en/xa.html.
 */
#include "common/check.h"
#include "common/ledger.h"

/* A view has no engine: which table is behind it was seen when it was described. */
#define ENGINE(schema, table)                                                                      \
    "(SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = " schema                   \
    " AND TABLE_NAME = " table ")"
#define TARGET_ENGINE                                                                              \
    "the engine of $t is $v: its rows are not committed along with the ledger's, or not kept at "  \
    "all; run ALTER TABLE $t ENGINE = InnoDB"
#define LEDGER_ENGINE(table)                                                                       \
    "the engine of " table ", the ledger, is $v: it is not committed along with the rows; run "    \
    "ALTER TABLE " table " ENGINE = InnoDB"

/* Changes nothing: no line meets the condition. Needs the right to select as well. */
static const char update_fence[] = "UPDATE " DRV_LEDGER_TABLE " SET epoch = epoch WHERE FALSE";
#define GRANT(table, rights)                                                                       \
    "the ledger cannot be kept without all rights to " table ": have GRANT CREATE, " rights        \
    " ON " table " TO $u run" /* By CREATE the table need not be there yet. */
#define GRANT_FENCE GRANT(DRV_LEDGER_TABLE, "SELECT, INSERT, UPDATE")
#define GRANT_LINES GRANT(DRV_LEDGER_LINES, "SELECT, INSERT, DELETE")

#define READ_ONLY                                                                                  \
    "transactions are read-only from their beginning: run SET GLOBAL TRANSACTION READ WRITE, and " \
    "take transaction-read-only out of the server's configuration"

static const drv_check list[] = {
    /* Of all sessions' transactions; its name was changed. */
    {.name = "tx_read_only", .source = DRV_CHECK_VARIABLE, .good = "OFF", .text = READ_ONLY},
    {.name = "transaction_read_only",
     .source = DRV_CHECK_VARIABLE,
     .good = "OFF",
     .text = READ_ONLY},
    {.name = "read_only",
     .source = DRV_CHECK_TRIED,
     .sql = update_fence,
     .good = "denied",
     .text = "the server takes no writes from this account: name the primary in the URL, or run "
             "SET GLOBAL read_only = OFF there"},
    {.name = "rights to " DRV_LEDGER_TABLE,
     .source = DRV_CHECK_TRIED,
     .sql = update_fence,
     .good = "read-only",
     .text = GRANT_FENCE},
    {.name = "rights to " DRV_LEDGER_TABLE,
     .source = DRV_CHECK_TRIED,
     .sql = "INSERT INTO " DRV_LEDGER_TABLE
            " (sink, writer, slot, owner, epoch, checkpoint, source_offset, source, target) "
            "SELECT '', '', 0, 0, 0, 0, 0, '', '' FROM DUAL WHERE FALSE",
     .good = "read-only",
     .text = GRANT_FENCE},
    {.name = "rights to " DRV_LEDGER_LINES,
     .source = DRV_CHECK_TRIED,
     .flags = DRV_CHECK_PREPARED,
     .sql = "INSERT INTO " DRV_LEDGER_LINES " (sink, writer, checkpoint, epoch, rows_written) "
            "SELECT '', '', 0, 0, 0 FROM DUAL WHERE FALSE",
     .good = "read-only",
     .text = GRANT_LINES},
    {.name = "rights to " DRV_LEDGER_LINES,
     .source = DRV_CHECK_TRIED,
     .flags = DRV_CHECK_PREPARED,
     .sql = "DELETE FROM " DRV_LEDGER_LINES " WHERE checkpoint < 0 AND FALSE",
     .good = "read-only",
     .text = GRANT_LINES},
    {.name = "the target's engine",
     .sql = ENGINE("$s", "$t"),
     .good = "InnoDB",
     .text = TARGET_ENGINE},
    {.name = "the ledger's engine",
     .sql = ENGINE("DATABASE()", "'" DRV_LEDGER_TABLE "'"),
     .good = "InnoDB",
     .text = LEDGER_ENGINE(DRV_LEDGER_TABLE)},
    {.name = "the ledger's engine",
     .flags = DRV_CHECK_PREPARED,
     .sql = ENGINE("DATABASE()", "'" DRV_LEDGER_LINES "'"),
     .good = "InnoDB",
     .text = LEDGER_ENGINE(DRV_LEDGER_LINES)},
    {.name = "wsrep_on",
     .source = DRV_CHECK_VARIABLE,
     .flags = DRV_CHECK_PREPARED,
     .good = "OFF",
     .text = "wsrep_on is $v: a Galera cluster prepares no transactions; leave two-phase commit "
             "out, which the ledger alone does without, or write to a server outside of the "
             "cluster"},
    /* MariaDB asks for no right; by ODBC its client library cannot even read the answer. */
    {.name = "the right to XA RECOVER",
     .source = DRV_CHECK_TRIED,
     .flags = DRV_CHECK_PREPARED,
     .sql = "/*M! DO 0 */ /*!80000 XA RECOVER */",
     .good = "read-only",
     .text = "prepared transactions cannot be listed: have GRANT XA_RECOVER_ADMIN ON *.* TO $u "
             "run"},
    {.name = "innodb_flush_log_at_trx_commit",
     .source = DRV_CHECK_VARIABLE,
     .flags = DRV_CHECK_DURABLE,
     .good = "1 3",
     .text = "innodb_flush_log_at_trx_commit is $v: a crash may undo what was committed; run SET "
             "GLOBAL innodb_flush_log_at_trx_commit = 1, and set it in the server's configuration"},
    /* With a binary log it is this log that decides, after a crash, what was committed. */
    {.name = "sync_binlog",
     .flags = DRV_CHECK_DURABLE,
     .sql = "IF(@@GLOBAL.log_bin, @@GLOBAL.sync_binlog, NULL)",
     .good = "1",
     .text = "sync_binlog is $v: a power cut may undo what was committed; run SET GLOBAL "
             "sync_binlog = 1, and set it in the server's configuration"},
};

const drv_checks drv_checks_mysql = {
    .account = "CONCAT(QUOTE(LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - "
               "CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1)), '@', "
               "QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)))",
    .count = sizeof list / sizeof list[0],
    .list = list,
};
