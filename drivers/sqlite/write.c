/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/write.h"

#include <stdio.h>

#include "common/count.h"
#include "sqlite/action.h"
#include "sqlite/plan.h"
#include "sqlite/target.h"

/* Rows lie together where a page takes as many of them. */
#define SCATTERED_ROWS 8

static int in_transaction(const outfall_connection *connection)
{
    return sqlite3_get_autocommit(connection->db) == 0;
}

/* SQLite rolls back by itself on some errors: a full disk, or a cut write. */
static int fail_not_in_transaction(outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_RETRY,
                             "sqlite: no transaction is open: it was rolled back, or never begun");
}

/* ---- Transactions ----------------------------------------------------------------- */

/* Rows written to a file that has lost its name would be lost with it. */
static int check_moved(outfall_connection *connection, outfall_error *error)
{
    int moved = 0;
    int code = sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (code != SQLITE_OK || !moved)
        return OUTFALL_OK;
    connection->dead = 1;
    return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY,
                             "sqlite: %s was moved or deleted while it was open; put it back",
                             connection->file);
}

/* Pages written since the last call. */
static uint64_t take_pages(outfall_connection *connection)
{
    int pages = 0, highest = 0;
    sqlite3_db_status(connection->db, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 1);
    return pages > 0 ? (uint64_t)pages : 0;
}

/* Says of the target that was written last how its rows lay: see `choose`. */
static void note_scatter(outfall_connection *connection)
{
    if (connection->plans != NULL && connection->rows_written > 0)
        connection->plans->scattered =
            take_pages(connection) * SCATTERED_ROWS > connection->rows_written;
}

int lite_begin(outfall_connection *connection, const outfall_begin_options *options,
               int64_t deadline_us, outfall_error *error)
{
    (void)options;
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK && in_transaction(connection))
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "sqlite: a transaction is open already; end it first");
    if (status == OUTFALL_OK)
        status = check_moved(connection, error);
    if (status == OUTFALL_OK)
        status = lite_run(connection, LITE_BEGIN, "begin", NULL, error);
    if (status == OUTFALL_OK) {
        (void)take_pages(connection);
        connection->rows_written = 0;
    }
    return status;
}

int lite_savepoint(outfall_connection *connection, int step, int64_t deadline_us,
                   outfall_error *error)
{
    static const enum lite_statement statements[] = {
        [OUTFALL_SAVEPOINT_SET] = LITE_SAVEPOINT,
        [OUTFALL_SAVEPOINT_RELEASE] = LITE_RELEASE,
        [OUTFALL_SAVEPOINT_ROLLBACK] = LITE_ROLLBACK_TO,
    };
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK && !in_transaction(connection))
        status = fail_not_in_transaction(error);
    if (status == OUTFALL_OK)
        status = lite_run(connection, statements[step], "savepoint", NULL, error);
    return status;
}

int lite_commit(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK && !in_transaction(connection))
        return fail_not_in_transaction(error);
    if (status == OUTFALL_OK)
        status = lite_run(connection, LITE_COMMIT, "commit", NULL, error);
    if (status == OUTFALL_OK)
        note_scatter(connection);
    /* A COMMIT that fails has committed nothing and leaves the transaction open. */
    if (status != OUTFALL_OK && in_transaction(connection))
        (void)lite_run(connection, LITE_ROLLBACK, "rollback", NULL, NULL);
    return status;
}

int lite_rollback(outfall_connection *connection, int64_t deadline_us, outfall_error *error)
{
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK && in_transaction(connection))
        status = lite_run(connection, LITE_ROLLBACK, "rollback", NULL, error);
    return status;
}

/* ---- Write ------------------------------------------------------------------------ */

/* Fills `error` for a value that SQLite would have changed, or could not be read. */
static int fail_refused(const lite_rows *rows, const lite_target *target, outfall_error *error)
{
    const outfall_column *column = &target->columns[rows->refused_column];
    int status = OUTFALL_ERR_REFUSED, action = OUTFALL_ACTION_ROW;
    const char *why = "";
    switch (rows->refusal) {
    case LITE_REFUSED_NAN:
        why = "NaN would be stored as NULL; send NULL, or declare the column as TEXT";
        break;
    case LITE_REFUSED_NUMBER:
        why = "the text would be turned into a number and spelled anew; declare the column as TEXT";
        break;
    case LITE_REFUSED_RANGE:
        why = "the decimal is out of a double's range; declare the column as DECIMAL_TEXT";
        break;
    default:
        status = OUTFALL_ERR_INVALID;
        action = OUTFALL_ACTION_STOP;
        why = "the row's bytes are not an encoding of the table's columns";
        break;
    }
    outfall_error_set(error, status, action, "sqlite: column \"%s\" (%s) of %s: %s", column->name,
                      column->type_name, target->display_name, why);
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column->name);
    return status;
}

static int fail_statement(outfall_connection *connection, int code, const char *doing,
                          const lite_target *target, outfall_error *error)
{
    char column[OUTFALL_COLUMN_NAME_MAX];
    lite_action_column(sqlite3_errmsg(connection->db), target->table, column, sizeof column);
    int status = lite_fail(connection, code, doing, target->display_name, error);
    if (error != NULL)
        memcpy(error->column, column, sizeof error->column);
    return status;
}

/* Compares the table with its description where anything in the file's schema has changed. */
static int check_target(outfall_connection *connection, const lite_target *target, lite_plan *plan,
                        outfall_error *error)
{
    int64_t version = 0;
    int status =
        lite_run(connection, LITE_SCHEMA_VERSION, "read the schema version", &version, error);
    if (status != OUTFALL_OK || version == plan->schema_version)
        return status;
    status = lite_target_check(connection, target, error);
    if (status == OUTFALL_OK)
        plan->schema_version = version;
    return status;
}

/* A deferred foreign key would fail the COMMIT, where no row can be found at fault any more. */
static int check_foreign_keys(outfall_connection *connection, const char *doing,
                              const lite_target *target, outfall_error *error)
{
    int pending = 0, highest = 0;
    int code =
        sqlite3_db_status(connection->db, SQLITE_DBSTATUS_DEFERRED_FKS, &pending, &highest, 0);
    if (code != SQLITE_OK || pending == 0)
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_ROW,
                             "sqlite: %s %s: FOREIGN KEY constraint failed (deferred)", doing,
                             target->display_name);
}

/*
 * The row at fault is the one being read, unless a trigger or a foreign key made SQLite read them
 * all first.
 */
static void name_row(const lite_rows *rows, const outfall_batch *batch,
                     outfall_write_result *result, outfall_error *error)
{
    if (error != NULL && error->action != OUTFALL_ACTION_ROW)
        return;
    if (rows->index < batch->rows)
        result->bad_row = (int64_t)rows->index;
    else if (batch->rows == 1)
        result->bad_row = 0;
    if (error != NULL)
        error->row = result->bad_row;
}

static const char *doing(enum lite_write which)
{
    return which == LITE_REMOVE_EACH ? "delete from" : "insert into";
}

/* Runs a statement to its end; `counted` grows by the rows that it wrote. */
static int step(outfall_connection *connection, const lite_target *target, enum lite_write which,
                sqlite3_stmt *statement, uint64_t *counted, outfall_error *error)
{
    int code = sqlite3_step(statement);
    int status = OUTFALL_OK;
    if (connection->rows.refusal != LITE_REFUSED_NOT)
        status = fail_refused(&connection->rows, target, error);
    else if (code != SQLITE_DONE)
        status = fail_statement(connection, code, doing(which), target, error);
    else
        *counted += (uint64_t)sqlite3_changes64(connection->db);
    sqlite3_reset(statement);
    return status;
}

/* The statement is run once a row, which is then known if it is at fault. */
static int step_each(outfall_connection *connection, const lite_target *target,
                     enum lite_write which, sqlite3_stmt *statement, uint64_t *counted,
                     outfall_error *error)
{
    lite_rows *rows = &connection->rows;
    int code = lite_rows_first(rows);
    while (code == SQLITE_OK && !lite_rows_end(rows)) {
        int status = step(connection, target, which, statement, counted, error);
        if (status != OUTFALL_OK)
            return status;
        code = lite_rows_next(rows);
    }
    return code == SQLITE_OK ? OUTFALL_OK : fail_refused(rows, target, error);
}

/*
 * Deletes take their rows one by one: a list of keys would first be gathered and sorted. For an
 * update within one statement of many rows SQLite may keep a copy of every page that it changes,
 * which is dear where each row is on a page of its own, and little where rows lie together.
 */
static enum lite_write choose(const lite_target *target, const lite_plan *plan,
                              const outfall_batch *batch)
{
    if (batch->deletion)
        return LITE_REMOVE_EACH;
    return plan->scattered && target->sql[LITE_WRITE_EACH] != NULL ? LITE_WRITE_EACH
                                                                   : LITE_WRITE_ALL;
}

static int write_rows(outfall_connection *connection, const lite_target *target, lite_plan *plan,
                      enum lite_write which, const outfall_batch *batch,
                      outfall_write_result *result, outfall_error *error)
{
    lite_rows *rows = &connection->rows;
    lite_rows_start(rows, batch, plan->readers, plan->slots, plan->columns);
    result->statements = 1;
    int status = (which == LITE_WRITE_ALL ? step : step_each)(
        connection, target, which, plan->statements[which], &result->rows_written, error);
    if (status == OUTFALL_OK)
        status = check_foreign_keys(connection, doing(which), target, error);
    if (status != OUTFALL_OK) {
        name_row(rows, batch, result, error);
        return status;
    }
    connection->rows_written += batch->rows;
    return drv_count_check(target->count_mode, batch->deletion, DRV_COUNT_PLAIN, batch->rows,
                           result->rows_written, "sqlite: ", target->display_name,
                           "a trigger or an ON CONFLICT clause of the table drops the others; "
                           "remove it",
                           error);
}

int lite_write(outfall_connection *connection, outfall_target *target, const outfall_batch *batch,
               int64_t deadline_us, outfall_write_result *result, outfall_error *error)
{
    const lite_target *own = (const lite_target *)target;
    lite_plan *plan = NULL;
    result->statements = 0;
    result->rows_written = 0;
    result->bad_row = -1;
    int status = lite_enter(connection, deadline_us, error);
    if (status == OUTFALL_OK && !in_transaction(connection))
        return fail_not_in_transaction(error);
    if (status == OUTFALL_OK && batch->deletion && own->sql[LITE_REMOVE_EACH] == NULL)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "sqlite: deletes from %s need a key, which mode=insert has not; "
                                 "use mode=upsert or mode=replace",
                                 own->display_name);
    if (status == OUTFALL_OK)
        status = lite_plan_for(connection, own, &plan, error);
    if (status == OUTFALL_OK)
        status = check_target(connection, own, plan, error);
    if (status == OUTFALL_OK)
        status = lite_plan_prepare(connection, own, plan, choose(own, plan, batch), error);
    if (status == OUTFALL_OK)
        status = write_rows(connection, own, plan, choose(own, plan, batch), batch, result, error);
    return status;
}
