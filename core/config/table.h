/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of options: it makes the parser, the defaults, docs/OPTIONS.md, the command's
 * `outfall options` and shell completion. A new option is one more line here.
 *
 *   INTEGER(key, field, default, least, most, doc)
 *   CHOICE(key, field, default index, "first, second", doc)
 *   TEXT(key, field, default, doc)
 */
#ifndef OF_CONFIG_TABLE_H
#define OF_CONFIG_TABLE_H

#include <stdint.h>

#include <outfall/error.h>

/* One option, one line. */
/* clang-format off */
#define OF_OPTION_TABLE(INTEGER, CHOICE, TEXT)                                                     \
    INTEGER("batch.rows", batch_rows, 10000, 1, 1000000, "A batch is closed once it holds this many rows.") \
    INTEGER("batch.bytes", batch_bytes, 4194304, 1024, 1073741824, "A batch is closed once its rows take this many bytes.") \
    INTEGER("linger.ms", linger_ms, 5, 0, 3600000, "A batch is closed once its oldest row has waited this long, in milliseconds. 0: at once.") \
    INTEGER("flushers", flushers, 1, 1, 64, "Threads, each with a connection, that deliver batches; shared by the sinks on one URL. A writer's rows always go through the same one, so they stay in order.") \
    INTEGER("buffer.bytes", buffer_bytes, 16777216, 131072, 1099511627776, "The sink's memory bound for rows that are not yet durable. Reserved when the sink is opened. With mode=upsert and replace each flusher may keep a copy of a batch on top, of about batch.bytes.") \
    INTEGER("buffer.chunk.bytes", buffer_chunk_bytes, 65536, 4096, 16777216, "The unit in which writers take buffer memory; each open writer holds at least one.") \
    INTEGER("buffer.block.ms", buffer_block_ms, 60000, 0, 3600000, "How long a writer waits for buffer memory before it gets OUTFALL_ERR_FULL, in milliseconds. 0: it never waits.") \
    INTEGER("row.bytes.max", row_bytes_max, 4194304, 1024, 1073741824, "The largest row accepted, encoded; at most a third of buffer.bytes.") \
    INTEGER("connect.timeout.ms", connect_timeout_ms, 10000, 1, 3600000, "Deadline for opening a connection, in milliseconds.") \
    INTEGER("request.timeout.ms", request_timeout_ms, 30000, 1, 3600000, "Deadline for each call to the database, in milliseconds; a connection that overruns it is cut.") \
    INTEGER("retry.base.ms", retry_base_ms, 50, 1, 60000, "The first pause before a failed batch is tried again; it doubles each time, with jitter.") \
    INTEGER("retry.max.ms", retry_max_ms, 5000, 1, 3600000, "The longest pause between two tries.") \
    INTEGER("retry.timeout.ms", retry_timeout_ms, 120000, 0, 86400000, "How long one batch is tried again before the sink stops with the error. 0: one try.") \
    INTEGER("rejected.max", rejected_max, 0, 0, 1000000000000, "The sink stops once more rows than this have been rejected. 0: no limit.") \
    INTEGER("deadletter.bytes", deadletter_bytes, 4194304, 65536, 1073741824, "Memory bound for dead letters that wait to be polled; those of the batch at hand come on top.") \
    INTEGER("deadletter.wait.ms", deadletter_wait_ms, 30000, 0, 3600000, "How long delivery waits for a full dead-letter queue to be polled before the sink stops.") \
    TEXT("deadletter.table", deadletter_table, "", "A table in the same database, name or schema.name, that rows which the database refuses are written to, in the transaction of their batch; it is made where it is missing. They are then not polled. Empty: they wait to be polled.") \
    INTEGER("pool.max", pool_max, 8, 1, 1000, "The most connections to one URL.") \
    INTEGER("pool.min", pool_min, 0, 0, 1000, "Connections to one URL that are opened ahead and kept open; at most pool.max. From 1 on their number is adapted between the two, so that each is used for 50 to 80 % of the time. 0: opened when they are needed.") \
    INTEGER("pool.idle.ms", pool_idle_ms, 600000, 0, 86400000, "A connection that is not needed is closed once nobody has used it for this long, in milliseconds, less up to a fifth by chance. 0: never.") \
    INTEGER("pool.lifetime.ms", pool_lifetime_ms, 1800000, 0, 86400000, "The longest that a connection is used, in milliseconds, less up to a fifth by chance; it is closed between two leases. 0: for ever.") \
    INTEGER("pool.check.ms", pool_check_ms, 30000, 0, 86400000, "A connection that nobody has used for this long, in milliseconds, is asked whether it is alive before it is used again. 0: never.") \
    INTEGER("pool.leak.ms", pool_leak_ms, 0, 0, 86400000, "A connection that is held for longer than this, in milliseconds, is counted and logged as a leak. 0: never.") \
    CHOICE("create", create, 0, "never, if-missing", "Whether a table that does not exist is created from the schema, and with SQLite its file too.") \
    CHOICE("mode", mode, 0, "insert, upsert, replace, ignore", "What is done with a row whose key is in the table: it is an error (insert), it updates the columns that rows have (upsert), it updates the whole row and columns that rows do not have take their defaults (replace), or it is dropped (ignore).") \
    TEXT("key", key, "", "The columns that identify a row, with commas between them; a name with a comma in double quotes. Empty: the primary key. With mode=insert only for the table that create makes, whose primary key it becomes.") \
    TEXT("update.columns", update_columns, "", "The columns that mode=upsert changes in a row that exists, as in key. Empty: all but the key.") \
    CHOICE("unique.other", unique_other, 0, "refuse, allow", "Whether upsert, replace and ignore write to a table with unique indexes besides the key, where the database (MySQL, MariaDB) would take a conflict with any of them for one with the key.") \
    CHOICE("convert.lossy", convert_lossy, 0, "refuse, round", "What happens to a value that would be rounded, trimmed or truncated to fit its column.") \
    CHOICE("identity", identity, 0, "default, override", "Whether GENERATED ALWAYS AS IDENTITY columns take our values (override) or the database's.") \
    CHOICE("delivery", delivery, 0, "at-least-once, exactly-once, two-phase", "What is promised where a connection breaks while COMMIT is under way: rows may be written twice (at-least-once), or the ledger, a table beside the rows, tells what became of them (exactly-once). two-phase: as exactly-once, but rows are committed by outfall_txn_checkpoint only, together with those of other sinks.") \
    CHOICE("durability", durability, 0, "refuse, allow", "What exactly-once and two-phase delivery do where the database's settings let a crash undo what was committed: the sink is not opened (refuse), or is, with a warning in the log (allow).") \
    TEXT("sink.id", sink_id, "", "The sink's name in the ledger, at most 255 bytes; with a writer's name it identifies what has been written. Empty: the table's qualified name.") \
    TEXT("application.name", application_name, "outfall", "How connections show in the database's own lists.") \
    TEXT("driver.path", driver_path, "", "A directory with driver modules, searched before the installed one. Absolute.") \
    CHOICE("sqlite.synchronous", sqlite_synchronous, 0, "full, normal, off", "SQLite's synchronous pragma. With normal, a power cut may undo acknowledged rows.") \
    CHOICE("sqlite.journal", sqlite_journal, 0, "wal, delete", "SQLite's journal mode.") \
    INTEGER("postgresql.copy.rows.min", postgresql_copy_rows_min, 1500, 1, 1000000, "From this many rows a batch goes by COPY, below it by arrays.") \
    CHOICE("mysql.method", mysql_method, 0, "auto, bulk, rows, load", "How rows are sent: arrays bound to one statement (bulk, MariaDB servers), one statement with many rows (rows), LOAD DATA LOCAL (load, mode=insert only, off unless named here). auto: bulk where the server has it, else rows.") \
    CHOICE("mysql.tls", mysql_tls, 0, "auto, verify, require, off", "auto: TLS with a verified certificate for hosts that are not local. verify: always. require: encrypted, whoever it is. off: plaintext.") \
    CHOICE("odbc.dialect", odbc_dialect, 0, "auto, ansi, postgresql, mysql, sqlite, oracle, mssql", "The SQL that the database behind ODBC speaks. auto: by the name that its driver gives.") \
    CHOICE("odbc.method", odbc_method, 0, "auto, array, rows", "How rows are sent: parameter arrays (array), or one statement with many rows (rows). auto: what was measured to be faster with that driver.")
/* clang-format on */

/* The values, parsed. Choices are the index of the word. */
typedef struct of_options {
#define OF_FIELD_INTEGER(key, field, value, least, most, doc) int64_t field;
#define OF_FIELD_CHOICE(key, field, value, choices, doc) int field;
#define OF_FIELD_TEXT(key, field, value, doc) const char *field;
    OF_OPTION_TABLE(OF_FIELD_INTEGER, OF_FIELD_CHOICE, OF_FIELD_TEXT)
} of_options;

enum {
#define OF_INDEX(key, field, ...) OF_OPTION_##field,
    OF_OPTION_TABLE(OF_INDEX, OF_INDEX, OF_INDEX) OF_OPTION_COUNT
};

#define OF_OPTION_KEY_MAX 64 /* The longest key, its NUL included. */

/* Makes every value its default. */
void of_options_default(of_options *values);

/* The index of the option of that name, or -1; the error then names the nearest one. */
int of_option_find(const char *key, outfall_error *error);

/* Key and default as text, of option `index`; static memory. */
const char *of_option_key(int index);
const char *of_option_default(int index);

/*
 * Parses `text` for option `index` into `values`; text is borrowed, not copied.
 * OUTFALL_ERR_CONFIG names the option, what was given and what it takes.
 */
int of_option_parse(int index, const char *text, of_options *values, outfall_error *error);

/* The drivers' own options stand last in the table, this one first. */
#define OF_OPTION_DRIVERS_FIRST OF_OPTION_sqlite_synchronous

enum of_create { OF_CREATE_NEVER = 0, OF_CREATE_IF_MISSING = 1 };
enum of_lossy { OF_LOSSY_REFUSE = 0, OF_LOSSY_ROUND = 1 };
enum of_unique_other { OF_UNIQUE_OTHER_REFUSE = 0, OF_UNIQUE_OTHER_ALLOW = 1 };
enum of_delivery {
    OF_DELIVERY_AT_LEAST_ONCE = 0,
    OF_DELIVERY_EXACTLY_ONCE = 1,
    OF_DELIVERY_TWO_PHASE = 2
};
enum of_durability { OF_DURABILITY_REFUSE = 0, OF_DURABILITY_ALLOW = 1 };
enum of_identity { OF_IDENTITY_DEFAULT = 0, OF_IDENTITY_OVERRIDE = 1 };

#endif
