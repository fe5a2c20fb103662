/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario.h"

#include <string.h>

static const struct scenario scenarios[] = {
    {"append/array", "append", "null", 0, append_array,
     "cost of outfall_write, per row, into an empty buffer"},
    {"append/put", "append", "null", 0, append_put,
     "cost of five puts and outfall_row_end, per row, into an empty buffer"},
    {"arrow/array", "arrow", "null", 0, arrow_array,
     "outfall_write_arrow of arrays of 65,536 rows against outfall_write of the same rows"},
    {"throughput/null/1", "throughput", "null", 1, append_writers,
     "one writer, array calls, first row to last acknowledged"},
    {"throughput/null/2", "throughput", "null", 2, append_writers, "two writers at once"},
    {"throughput/null/4", "throughput", "null", 4, append_writers, "four writers at once"},
#ifdef BENCH_POSTGRESQL
    {"throughput/insert/100", "throughput", "postgresql", 100, insert_postgresql_array,
     "sink against a loop of COPY BINARY, 100 rows a transaction"},
    {"throughput/insert/1000", "throughput", "postgresql", 1000, insert_postgresql_array,
     "sink against a loop of COPY BINARY, 1,000 rows a transaction"},
    {"throughput/insert/10000", "throughput", "postgresql", 10000, insert_postgresql_array,
     "sink against a loop of COPY BINARY, 10,000 rows a transaction"},
    {"throughput/put/10000", "throughput", "postgresql", 10000, insert_postgresql_put,
     "as throughput/insert/10000, with one call a value"},
#endif
#ifdef BENCH_SQLITE
    {"throughput/insert/10000", "throughput", "sqlite", 10000, pair_insert,
     "sink against a loop of prepared inserts, 10,000 rows a transaction"},
#endif
#ifdef BENCH_MYSQL
    {"throughput/insert/1000", "throughput", "mysql", 1000, pair_insert,
     "sink against the fastest raw loop (bulk arrays), 1,000 rows a transaction"},
    {"throughput/insert/10000", "throughput", "mysql", 10000, pair_insert,
     "sink against the fastest raw loop (bulk arrays), 10,000 rows a transaction"},
#endif
#if defined BENCH_ODBC && defined BENCH_POSTGRESQL
    {"throughput/insert/1000", "throughput", "odbc-postgresql", 1000, pair_insert,
     "sink against the fastest raw ODBC loop, 1,000 rows a transaction"},
    {"throughput/insert/10000", "throughput", "odbc-postgresql", 10000, pair_insert,
     "sink against the fastest raw ODBC loop, 10,000 rows a transaction"},
#endif
#if defined BENCH_ODBC && defined BENCH_MYSQL
    {"throughput/insert/1000", "throughput", "odbc-mariadb", 1000, pair_insert,
     "sink against the fastest raw ODBC loop, 1,000 rows a transaction"},
    {"throughput/insert/10000", "throughput", "odbc-mariadb", 10000, pair_insert,
     "sink against the fastest raw ODBC loop, 10,000 rows a transaction"},
#endif
#if defined BENCH_ODBC && defined BENCH_SQLITE
    {"throughput/insert/1000", "throughput", "odbc-sqlite", 1000, pair_insert,
     "sink against the fastest raw ODBC loop, 1,000 rows a transaction"},
    {"throughput/insert/10000", "throughput", "odbc-sqlite", 10000, pair_insert,
     "sink against the fastest raw ODBC loop, 10,000 rows a transaction"},
#endif
#ifdef BENCH_POSTGRESQL
    {"ledger/insert/1000", "ledger", "postgresql", 1000, pair_ledger,
     "delivery=exactly-once against at-least-once, 1,000 rows a transaction"},
    {"ledger/insert/5000", "ledger", "postgresql", 5000, pair_ledger,
     "delivery=exactly-once against at-least-once, 5,000 rows a transaction"},
#endif
#ifdef BENCH_MYSQL
    {"ledger/insert/1000", "ledger", "mysql", 1000, pair_ledger,
     "delivery=exactly-once against at-least-once, 1,000 rows a transaction"},
    {"ledger/insert/5000", "ledger", "mysql", 5000, pair_ledger,
     "delivery=exactly-once against at-least-once, 5,000 rows a transaction"},
#endif
#ifdef BENCH_SQLITE
    {"ledger/insert/1000", "ledger", "sqlite", 1000, pair_ledger,
     "delivery=exactly-once against at-least-once, 1,000 rows a transaction"},
    {"ledger/insert/5000", "ledger", "sqlite", 5000, pair_ledger,
     "delivery=exactly-once against at-least-once, 5,000 rows a transaction"},
#endif
#ifdef BENCH_POSTGRESQL
    {"two-phase/1000", "two-phase", "postgresql", 1000, two_phase_external,
     "prepared and committed against plain commits, 1,000 rows each"},
    {"two-phase/10000", "two-phase", "postgresql", 10000, two_phase_external,
     "prepared and committed against plain commits, 10,000 rows each"},
#endif
#ifdef BENCH_MYSQL
    {"two-phase/1000", "two-phase", "mysql", 1000, two_phase_external,
     "prepared and committed against plain commits, 1,000 rows each"},
    {"two-phase/10000", "two-phase", "mysql", 10000, two_phase_external,
     "prepared and committed against plain commits, 10,000 rows each"},
#endif
#if defined BENCH_POSTGRESQL && defined BENCH_MYSQL
    {"two-phase/home/1000", "two-phase", SESSION_BOTH, 1000, two_phase_home,
     "both together, decided by PostgreSQL, against plain commits in each, 1,000 rows each"},
    {"two-phase/home/10000", "two-phase", SESSION_BOTH, 10000, two_phase_home,
     "both together, decided by PostgreSQL, against plain commits in each, 10,000 rows each"},
#endif
#ifdef BENCH_POSTGRESQL
    {"checkpoint/1", "checkpoint", "postgresql", 1, checkpoint_cost,
     "percent of time that one outfall_checkpoint a second takes, and pauses of puts"},
    {"checkpoint/10", "checkpoint", "postgresql", 10, checkpoint_cost,
     "percent of time that 10 outfall_checkpoint a second take, and pauses of puts"},
#endif
#ifdef BENCH_MYSQL
    {"checkpoint/1", "checkpoint", "mysql", 1, checkpoint_cost,
     "percent of time that one outfall_checkpoint a second takes, and pauses of puts"},
    {"checkpoint/10", "checkpoint", "mysql", 10, checkpoint_cost,
     "percent of time that 10 outfall_checkpoint a second take, and pauses of puts"},
#endif
#ifdef BENCH_SQLITE
    {"checkpoint/1", "checkpoint", "sqlite", 1, checkpoint_cost,
     "percent of time that one outfall_checkpoint a second takes, and pauses of puts"},
    {"checkpoint/10", "checkpoint", "sqlite", 10, checkpoint_cost,
     "percent of time that 10 outfall_checkpoint a second take, and pauses of puts"},
#endif
#ifdef BENCH_POSTGRESQL
    {"recovery/commit/1", "recovery", "postgresql", 1, recovery_commit,
     "outfall_recover of one prepared transaction, all named: committed"},
    {"recovery/commit/10", "recovery", "postgresql", 10, recovery_commit,
     "outfall_recover of 10 prepared transactions, all named: committed"},
    {"recovery/commit/100", "recovery", "postgresql", 100, recovery_commit,
     "outfall_recover of 100 prepared transactions, all named: committed"},
    {"recovery/commit/1000", "recovery", "postgresql", 1000, recovery_commit,
     "outfall_recover of 1,000 prepared transactions, all named: committed"},
    {"recovery/rollback/1", "recovery", "postgresql", 1, recovery_rollback,
     "outfall_recover of one prepared transaction, none named: rolled back"},
    {"recovery/rollback/10", "recovery", "postgresql", 10, recovery_rollback,
     "outfall_recover of 10 prepared transactions, none named: rolled back"},
    {"recovery/rollback/100", "recovery", "postgresql", 100, recovery_rollback,
     "outfall_recover of 100 prepared transactions, none named: rolled back"},
    {"recovery/rollback/1000", "recovery", "postgresql", 1000, recovery_rollback,
     "outfall_recover of 1,000 prepared transactions, none named: rolled back"},
#endif
#ifdef BENCH_MYSQL
    {"recovery/commit/1", "recovery", "mysql", 1, recovery_commit,
     "outfall_recover of one prepared transaction, all named: committed"},
    {"recovery/commit/10", "recovery", "mysql", 10, recovery_commit,
     "outfall_recover of 10 prepared transactions, all named: committed"},
    {"recovery/commit/100", "recovery", "mysql", 100, recovery_commit,
     "outfall_recover of 100 prepared transactions, all named: committed"},
    {"recovery/commit/1000", "recovery", "mysql", 1000, recovery_commit,
     "outfall_recover of 1,000 prepared transactions, all named: committed"},
    {"recovery/rollback/1", "recovery", "mysql", 1, recovery_rollback,
     "outfall_recover of one prepared transaction, none named: rolled back"},
    {"recovery/rollback/10", "recovery", "mysql", 10, recovery_rollback,
     "outfall_recover of 10 prepared transactions, none named: rolled back"},
    {"recovery/rollback/100", "recovery", "mysql", 100, recovery_rollback,
     "outfall_recover of 100 prepared transactions, none named: rolled back"},
    {"recovery/rollback/1000", "recovery", "mysql", 1000, recovery_rollback,
     "outfall_recover of 1,000 prepared transactions, none named: rolled back"},
#endif
#ifdef BENCH_POSTGRESQL
    {"upsert/new/1000", "upsert", "postgresql", 1000, pair_upsert_new,
     "sink against the fastest raw upsert, no key in the table, 1,000 rows each"},
    {"upsert/new/10000", "upsert", "postgresql", 10000, pair_upsert_new,
     "sink against the fastest raw upsert, no key in the table, 10,000 rows each"},
    {"upsert/existing/1000", "upsert", "postgresql", 1000, pair_upsert_existing,
     "sink against the fastest raw upsert, every key in the table, 1,000 rows each"},
    {"upsert/existing/10000", "upsert", "postgresql", 10000, pair_upsert_existing,
     "sink against the fastest raw upsert, every key in the table, 10,000 rows each"},
#endif
#ifdef BENCH_MYSQL
    {"upsert/new/1000", "upsert", "mysql", 1000, pair_upsert_new,
     "sink against the fastest raw upsert, no key in the table, 1,000 rows each"},
    {"upsert/new/10000", "upsert", "mysql", 10000, pair_upsert_new,
     "sink against the fastest raw upsert, no key in the table, 10,000 rows each"},
    {"upsert/existing/1000", "upsert", "mysql", 1000, pair_upsert_existing,
     "sink against the fastest raw upsert, every key in the table, 1,000 rows each"},
    {"upsert/existing/10000", "upsert", "mysql", 10000, pair_upsert_existing,
     "sink against the fastest raw upsert, every key in the table, 10,000 rows each"},
#endif
#ifdef BENCH_SQLITE
    {"upsert/new/1000", "upsert", "sqlite", 1000, pair_upsert_new,
     "sink against the fastest raw upsert, no key in the table, 1,000 rows each"},
    {"upsert/new/10000", "upsert", "sqlite", 10000, pair_upsert_new,
     "sink against the fastest raw upsert, no key in the table, 10,000 rows each"},
    {"upsert/existing/1000", "upsert", "sqlite", 1000, pair_upsert_existing,
     "sink against the fastest raw upsert, every key in the table, 1,000 rows each"},
    {"upsert/existing/10000", "upsert", "sqlite", 10000, pair_upsert_existing,
     "sink against the fastest raw upsert, every key in the table, 10,000 rows each"},
#endif
#ifdef BENCH_POSTGRESQL
    {"raw/unnest/100", "raw", "postgresql", 100, insert_postgresql_unnest,
     "loop of unnest arrays against loop of COPY BINARY, 100 rows a transaction"},
    {"raw/unnest/1000", "raw", "postgresql", 1000, insert_postgresql_unnest,
     "loop of unnest arrays against loop of COPY BINARY, 1,000 rows a transaction"},
    {"raw/unnest/10000", "raw", "postgresql", 10000, insert_postgresql_unnest,
     "loop of unnest arrays against loop of COPY BINARY, 10,000 rows a transaction"},
    {"raw/copy-alone/100", "raw", "postgresql", 100, insert_postgresql_alone,
     "COPY BINARY as its own transaction against BEGIN, COPY, COMMIT, 100 rows each"},
    {"raw/copy-alone/1000", "raw", "postgresql", 1000, insert_postgresql_alone,
     "COPY BINARY as its own transaction against BEGIN, COPY, COMMIT, 1,000 rows each"},
    {"raw/psql-copy", "raw", "postgresql", 0, insert_postgresql_psql,
     "loop of COPY BINARY against psql \\copy, all rows in one transaction"},
    {"raw/psql-copy/10000", "raw", "postgresql", 10000, insert_postgresql_psql,
     "loop of COPY BINARY against psql \\copy, 10,000 rows a transaction"},
    {"latency/durable/100000", "latency", "postgresql", 100000, latency_durable,
     "write to durable at 100,000 rows/s offered, linger 5 ms"},
#endif
#ifdef BENCH_SQLITE
    {"latency/durable/100000", "latency", "sqlite", 100000, latency_durable,
     "write to durable at 100,000 rows/s offered, linger 5 ms"},
#endif
    {"lease/warm", "lease", "null", 0, lease_warm,
     "a lease of an idle connection and its return, one thread alone"},
    {"lease/cold", "lease", "null", 0, lease_cold, "a lease that has to connect, one thread alone"},
#ifdef BENCH_SQLITE
    {"lease/cold", "lease", "sqlite", 0, lease_cold,
     "a lease that has to connect, one thread alone"},
#endif
#ifdef BENCH_POSTGRESQL
    {"lease/cold", "lease", "postgresql", 0, lease_cold,
     "a lease that has to connect, one thread alone"},
#endif
#ifdef BENCH_MYSQL
    {"lease/cold", "lease", "mysql", 0, lease_cold,
     "a lease that has to connect, one thread alone"},
#endif
    {"lease/threads/10", "lease", "null", 10, lease_threads,
     "p99 of a lease, 10 threads on 8 connections"},
    {"lease/threads/50", "lease", "null", 50, lease_threads,
     "p99 of a lease, 50 threads on 8 connections"},
    {"lease/threads/100", "lease", "null", 100, lease_threads,
     "p99 of a lease, 100 threads on 8 connections"},
    {"utilisation/steps", "utilisation", "null", 0, utilisation_steps,
     "seconds until connections are in use for 50 to 80 % again, under a load in steps"},
#ifdef BENCH_POSTGRESQL
    {"utilisation/steps", "utilisation", "postgresql", 0, utilisation_steps,
     "seconds until connections are in use for 50 to 80 % again, under a load in steps"},
#endif
    {"memory/resident", "memory", "null", 0, memory_resident,
     "resident memory of a fresh process with one sink of defaults"},
    {"memory/allocations", "memory", "null", 0, memory_allocations,
     "calls to the allocator after warm-up"},
#ifdef BENCH_SQLITE
    {"memory/resident", "memory", "sqlite", 0, memory_resident,
     "resident memory of a fresh process with one sink of defaults"},
    {"memory/allocations", "memory", "sqlite", 0, memory_allocations,
     "calls to the allocator after warm-up"},
#endif
#ifdef BENCH_POSTGRESQL
    {"memory/resident", "memory", "postgresql", 0, memory_resident,
     "resident memory of a fresh process with one sink of defaults"},
    {"memory/allocations", "memory", "postgresql", 0, memory_allocations,
     "calls to the allocator after warm-up"},
#endif
};

size_t scenario_count(void)
{
    return sizeof scenarios / sizeof scenarios[0];
}

const struct scenario *scenario_at(size_t index)
{
    return &scenarios[index];
}

int scenario_matches(const struct scenario *scenario, const char *selector)
{
    size_t length = strcspn(selector, "@");
    if (strlen(scenario->name) != length || strncmp(scenario->name, selector, length) != 0)
        return 0;
    return selector[length] == '\0' || strcmp(scenario->driver, selector + length + 1) == 0;
}

/* Levenshtein's distance, of strings cut at 63 bytes. */
static size_t edits(const char *a, const char *b)
{
    size_t row[64], width = strnlen(b, 63);
    for (size_t k = 0; k <= width; k++)
        row[k] = k;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < width; k++) {
            size_t change = corner + (a[i] != b[k]);
            corner = row[k + 1];
            size_t least = row[k] < corner ? row[k] + 1 : corner + 1;
            row[k + 1] = change < least ? change : least;
        }
    }
    return row[width];
}

const struct scenario *scenario_nearest(const char *selector)
{
    const struct scenario *best = &scenarios[0];
    size_t fewest = (size_t)-1;
    for (size_t i = 0; i < scenario_count(); i++) {
        size_t distance = edits(selector, scenarios[i].name);
        if (distance < fewest) {
            fewest = distance;
            best = &scenarios[i];
        }
    }
    return best;
}

const char *scenario_left_out(void)
{
    return ""
#ifndef BENCH_POSTGRESQL
           "left out of this build: scenarios on postgresql; "
#endif
#ifndef BENCH_SQLITE
           "left out of this build: scenarios on sqlite; "
#endif
#ifndef BENCH_MYSQL
           "left out of this build: scenarios on mysql; "
#endif
#ifndef BENCH_ODBC
           "left out of this build: scenarios on odbc; "
#endif
#if !defined BENCH_POSTGRESQL || !defined BENCH_SQLITE || !defined BENCH_MYSQL ||                  \
    !defined BENCH_ODBC
           "see OUTFALL_DRIVERS"
#endif
        ;
}
