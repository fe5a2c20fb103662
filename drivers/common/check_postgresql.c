/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: https://www.postgresql.org/docs/15/runtime-config-wal.html, sql-createtable.html. */
#include "common/check.h"
#include "common/ledger.h"

/*
 * The first relation that `condition` is true of, among those that rows for the target go to: its
 * partitions, and the one table behind a view.
 */
#define FIRST_OF_TARGET(condition)                                                                 \
    "(WITH RECURSIVE tree(oid) AS (SELECT pg_catalog.to_regclass($d)::oid UNION SELECT part.oid "  \
    "FROM tree, LATERAL (SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class" \
    " p ON p.oid = i.inhparent AND p.relkind = 'p' WHERE i.inhparent = tree.oid UNION ALL SELECT " \
    "min(d.refobjid) FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d ON d.classid = "     \
    "'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = "                    \
    "'pg_catalog.pg_class'::regclass AND d.refobjid <> w.ev_class WHERE w.ev_class = tree.oid AND" \
    " w.ev_type = '1' HAVING count(DISTINCT d.refobjid) = 1) AS part(oid)) SELECT "                \
    "c.oid::regclass::text FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid "              \
    "WHERE " condition " LIMIT 1)"

#define FENCE "pg_catalog.to_regclass('" DRV_LEDGER_TABLE "')"
#define LINES "pg_catalog.to_regclass('" DRV_LEDGER_LINES "')"

/* A right to some columns will do: whoever gave it knows which. */
#define LACKS(right)                                                                               \
    "CASE WHEN NOT has_any_column_privilege(c.oid, '" right "') THEN '" right "' END"
#define LACKING(table, rights)                                                                     \
    "(SELECT nullif(concat_ws(', ', " rights                                                       \
    "), '') FROM pg_catalog.pg_class c WHERE c.oid = " table ")"

static const drv_check list[] = {
    {.name = "a standby",
     .sql = "CASE WHEN pg_is_in_recovery() THEN 'a standby' END",
     .text = "the server is a standby, which takes no writes: name the primary in the URL, or all "
             "hosts and target_session_attrs=read-write"},
    {.name = "transaction_read_only",
     .sql = "current_setting('transaction_read_only')",
     .good = "off",
     .text = "transaction_read_only is $v: nothing can be written; run ALTER ROLE $u SET "
             "default_transaction_read_only = off, and take it out of the URL's options"},
    {.name = "an unlogged table",
     .sql = FIRST_OF_TARGET("c.relpersistence = 'u'"),
     .text = "$v is unlogged: a crash of the server empties it, while the ledger says that its "
             "rows are loaded; run ALTER TABLE $v SET LOGGED"},
    {.name = "a foreign table",
     .sql = FIRST_OF_TARGET("c.relkind = 'f'"),
     .text = "$v is a foreign table: its rows are committed apart from the ledger's, so that a "
             "crash may part them; write to the server that has it"},
    {.name = "an unlogged ledger",
     .sql = "(SELECT min(c.oid::regclass::text) FROM pg_catalog.pg_class c WHERE c.oid IN (" FENCE
            ", " LINES ") AND c.relpersistence <> 'p')",
     .text = "$v, the ledger, is unlogged: after a crash of the server it is empty, and rows come "
             "twice; run ALTER TABLE $v SET LOGGED"},
    {.name = "rights to " DRV_LEDGER_TABLE,
     .sql = LACKING(FENCE, LACKS("SELECT") ", " LACKS("INSERT") ", " LACKS("UPDATE")),
     .text = "the ledger cannot be kept without the right to $v on " DRV_LEDGER_TABLE
             ": have GRANT SELECT, INSERT, UPDATE ON " DRV_LEDGER_TABLE " TO $u run"},
    {.name = "rights to " DRV_LEDGER_LINES,
     .flags = DRV_CHECK_PREPARED,
     .sql = LACKING(LINES, LACKS("SELECT") ", " LACKS(
                               "INSERT") ", CASE WHEN NOT has_table_privilege(c.oid, 'DELETE') "
                                         "THEN 'DELETE' END"),
     .text = "the ledger cannot be kept without the right to $v on " DRV_LEDGER_LINES
             ": have GRANT SELECT, INSERT, DELETE ON " DRV_LEDGER_LINES " TO $u run"},
    {.name = "max_prepared_transactions",
     .flags = DRV_CHECK_PREPARED | DRV_CHECK_NUMBER,
     .sql =
         "(SELECT concat(s, ' (', s - (SELECT count(*) FROM pg_catalog.pg_prepared_xacts), "
         "' free)') FROM (SELECT current_setting('max_prepared_transactions')::integer) AS m(s))",
     .text = "max_prepared_transactions is $v, and $n transactions are to be prepared at once: run "
             "ALTER SYSTEM SET max_prepared_transactions = $n, or more, and restart the server"},
    /* Any process but the one of before: there is something between, and not in session mode. */
    {.name = "a pooler",
     .flags = DRV_CHECK_AGAIN,
     .sql = "CASE WHEN pg_backend_pid() <> $b THEN pg_backend_pid()::text END",
     .text = "the server's process changes from one transaction to the next, as behind PgBouncer "
             "in transaction mode: set pool_mode = session there, or name the server itself in "
             "the URL"},
    {.name = "fsync",
     .flags = DRV_CHECK_DURABLE,
     .sql = "current_setting('fsync')",
     .good = "on",
     .text = "fsync is $v: a power cut may damage the database and undo what was committed; run "
             "ALTER SYSTEM SET fsync = on and SELECT pg_reload_conf()"},
    {.name = "synchronous_commit",
     .flags = DRV_CHECK_DURABLE,
     .sql = "current_setting('synchronous_commit')",
     .good = "on local remote_write remote_apply",
     .text = "synchronous_commit is $v: a crash of the server may undo what was committed; run "
             "ALTER ROLE $u SET synchronous_commit = on, and take it out of the URL's options"},
};

const drv_checks drv_checks_postgresql = {
    .account = "quote_ident(current_user)",
    .count = sizeof list / sizeof list[0],
    .list = list,
};
