/* SPDX-License-Identifier: Apache-2.0 */
/* Source: https://www.sqlite.org/pragma.html#pragma_synchronous, #pragma_journal_mode. */
#include "common/check.h"

static const drv_check list[] = {
    {.name = "a database in memory",
     .sql = "(SELECT 'in memory' FROM pragma_database_list WHERE name = 'main' AND file = '')",
     .text = "the database is $v and ends with the process, its ledger with it: name a file"},
    {.name = "journal_mode",
     .sql = "(SELECT journal_mode FROM pragma_journal_mode)",
     .good = "wal delete truncate persist",
     .text = "journal_mode is $v: a process that dies within a transaction leaves a part of it, or "
             "a damaged file; set JournalMode=WAL in the connection string"},
    /* In WAL mode with NORMAL a commit waits for no disk; in the others OFF alone does not. */
    {.name = "synchronous",
     .flags = DRV_CHECK_DURABLE,
     .sql = "(SELECT CASE synchronous WHEN 0 THEN 'OFF' WHEN 1 THEN 'NORMAL' ELSE 'FULL' END FROM "
            "pragma_synchronous)",
     .good = "FULL",
     .text = "synchronous is $v: a power cut may undo what was committed; set "
             "sqlite.synchronous=full, or by ODBC SyncPragma=FULL in the connection string"},
};

const drv_checks drv_checks_sqlite = {.count = sizeof list / sizeof list[0], .list = list};
