/* SPDX-License-Identifier: Apache-2.0 */
#include "branch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void branch_pause(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

int branch_stays(const contract_suite *suite)
{
    return (suite->driver.capabilities & OUTFALL_DRIVER_PREPARED_STAYS) != 0;
}

/* ---- Names ------------------------------------------------------------------------ */

outfall_xid branch_name_of(uint64_t sink, unsigned checkpoint, unsigned branch)
{
    outfall_xid xid;
    snprintf(xid.gtrid, sizeof xid.gtrid, "of1.%016llx.%08x.%016x", (unsigned long long)sink, 3u,
             checkpoint);
    snprintf(xid.bqual, sizeof xid.bqual, "%04x.%04x", branch & 0xFFFF, 1u);
    return xid;
}

outfall_xid branch_name(unsigned checkpoint)
{
    return branch_name_of(BRANCH_SINK, checkpoint, 0);
}

int branch_is_same(const outfall_xid *one, const outfall_xid *other)
{
    return strcmp(one->gtrid, other->gtrid) == 0 && strcmp(one->bqual, other->bqual) == 0;
}

/* By a connection of its own: one that has prepared may be able to do nothing else. */
size_t branch_list(contract_suite *suite, const char *prefix, outfall_prepared *out,
                   size_t capacity)
{
    size_t count = 0;
    outfall_connection *connection = suite_connect(suite);
    expect_ok(suite, suite->driver.list_prepared(connection, prefix, out, capacity, &count,
                                                 suite_deadline(), &suite->error));
    suite->driver.disconnect(connection);
    return count;
}

int branch_is_listed(contract_suite *suite, const outfall_xid *xid)
{
    outfall_prepared found[4];
    size_t count = branch_list(suite, xid->gtrid, found, LENGTH(found));
    assert_true(count <= LENGTH(found));
    for (size_t i = 0; i < count; i++)
        if (branch_is_same(&found[i].xid, xid))
            return 1;
    return 0;
}

/* ---- Steps ------------------------------------------------------------------------ */

int branch_try_end(contract_suite *suite, outfall_connection *connection, const outfall_xid *xid,
                   int commit)
{
    memset(&suite->error, 0, sizeof suite->error);
    return (commit ? suite->driver.commit_prepared : suite->driver.rollback_prepared)(
        connection, xid, suite_deadline(), &suite->error);
}

/* Once its connection is closed any other can end it, be it a moment later. */
void branch_end_elsewhere(contract_suite *suite, const outfall_xid *xid, int commit)
{
    outfall_connection *connection = suite_connect(suite);
    int status = branch_try_end(suite, connection, xid, commit);
    for (int i = 0; i < BRANCH_TRIES && status == OUTFALL_ERR_NOT_FOUND; i++) {
        branch_pause(5);
        status = branch_try_end(suite, connection, xid, commit);
    }
    suite->driver.disconnect(connection);
    if (status != OUTFALL_OK)
        fail_msg("%s.%s: %s", xid->gtrid, xid->bqual, suite->error.message);
}

/* A case that failed may have left some behind, and what they lock. */
void branch_start(contract_suite *suite)
{
    outfall_prepared left[64];
    if ((suite->driver.capabilities & OUTFALL_DRIVER_TWO_PHASE) == 0)
        suite_skip(suite, "the driver prepares no transactions");
    if ((suite->quirks->refused & OUTFALL_DRIVER_TWO_PHASE) != 0)
        suite_skip(suite, "the driver prepares no transactions in this database");
    size_t count = branch_list(suite, "of1.", left, LENGTH(left));
    for (size_t i = 0; i < count && i < LENGTH(left); i++)
        branch_end_elsewhere(suite, &left[i].xid, 0);
    suite_drop(suite, "outfall_fence");
    suite_drop(suite, "outfall_ledger");
    expect_ok(suite,
              suite->driver.ledger_create(suite->connection, suite_deadline(), &suite->error));
    suite_create_sql(suite, BRANCH_TABLE,
                     "id INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL, note VARCHAR(64)");
}

outfall_target *branch_describe(contract_suite *suite, uint32_t mode)
{
    return suite_describe_as(suite, BRANCH_TABLE, &(suite_wanted){.mode = mode});
}

void branch_rows(test_rows *rows, const outfall_target *target, int first, size_t count)
{
    test_rows_init(rows, target);
    for (size_t i = 0; i < count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%d", first + (int)i);
        test_rows_add(rows, (const char *const[]){id, id, "note"});
    }
}

void branch_take_over(contract_suite *suite, outfall_fence *fence)
{
    suite_begin(suite);
    expect_ok(suite,
              suite->driver.takeover(suite->connection, fence, 0, suite_deadline(), &suite->error));
    suite_commit(suite);
}

outfall_fence branch_take_fence(contract_suite *suite, const char *writer)
{
    outfall_fence fence = {
        .struct_size = sizeof fence, .sink = BRANCH_TRANSACTION, .writer = writer, .owner = 7};
    branch_take_over(suite, &fence);
    fence.checkpoint = 1;
    fence.found = 0;
    return fence;
}

int branch_try_begin(contract_suite *suite, const outfall_xid *xid)
{
    outfall_begin_options options = {.struct_size = sizeof options, .xid = xid};
    memset(&suite->error, 0, sizeof suite->error);
    return suite->driver.begin(suite->connection, &options, suite_deadline(), &suite->error);
}

/* Begins by that name, and writes rows of those ids. */
int branch_try_write(contract_suite *suite, const outfall_xid *xid, int first, size_t count)
{
    test_rows rows;
    outfall_write_result result;
    outfall_target *target = branch_describe(suite, OUTFALL_MODE_INSERT);
    branch_rows(&rows, target, first, count);
    int status = branch_try_begin(suite, xid);
    if (status == OUTFALL_OK)
        status = suite_write(suite, target, &rows, 0, count, &result);
    test_rows_free(&rows);
    suite->driver.target_free(target);
    return status;
}

void branch_write(contract_suite *suite, const outfall_xid *xid, int first, size_t count)
{
    expect_ok(suite, branch_try_write(suite, xid, first, count));
}

static outfall_ledger_line line_of(const outfall_xid *xid, int64_t checkpoint)
{
    return (outfall_ledger_line){.struct_size = sizeof(outfall_ledger_line),
                                 .sink = BRANCH_TRANSACTION,
                                 .writer = xid->bqual,
                                 .checkpoint = checkpoint,
                                 .epoch = 3,
                                 .rows = 77};
}

int branch_prepare_by(contract_suite *suite, const outfall_xid *xid, outfall_fence *fences,
                      uint32_t fence_count, int64_t checkpoint, int64_t deadline_us)
{
    outfall_ledger_line line = line_of(xid, checkpoint);
    memset(&suite->error, 0, sizeof suite->error);
    return suite->driver.prepare(suite->connection, xid, fences, fence_count, &line, deadline_us,
                                 &suite->error);
}

int branch_try_prepare(contract_suite *suite, const outfall_xid *xid, int64_t checkpoint)
{
    return branch_prepare_by(suite, xid, NULL, 0, checkpoint, suite_deadline());
}

void branch_prepare(contract_suite *suite, const outfall_xid *xid, int64_t checkpoint)
{
    expect_ok(suite, branch_try_prepare(suite, xid, checkpoint));
}

void branch_end(contract_suite *suite, const outfall_xid *xid, int commit)
{
    expect_ok(suite, branch_try_end(suite, suite->connection, xid, commit));
}

/* It said no: nothing is prepared, and the connection is as after a rollback, or dead. */
void branch_expect_refused(contract_suite *suite, const outfall_xid *xid, int status)
{
    outfall_error ignored;
    if (status == OUTFALL_OK || suite->error.action == OUTFALL_ACTION_RESOLVE)
        fail_msg("status %d, action %d: %s", status, suite->error.action, suite->error.message);
    assert_true(strlen(suite->error.message) > 10);
    assert_int_equal(branch_is_listed(suite, xid), 0);
    if (suite->driver.reset(suite->connection, suite_deadline(), &ignored) != OUTFALL_OK)
        suite_reconnect(suite);
    suite_begin(suite);
    suite_commit(suite);
}

void branch_expect_line(contract_suite *suite, int64_t checkpoint, uint32_t found)
{
    const outfall_xid first = branch_name(0);
    outfall_ledger_line line = line_of(&first, checkpoint);
    outfall_connection *connection = suite_connect(suite);
    line.rows = line.epoch = 0;
    expect_ok(suite, suite->driver.ledger_read(connection, &line, suite_deadline(), &suite->error));
    suite->driver.disconnect(connection);
    assert_int_equal(line.found, found);
    assert_int_equal(line.rows, found ? 77 : 0);
}

void branch_expect_not_found(contract_suite *suite, outfall_connection *connection,
                             const outfall_xid *xid)
{
    for (int commit = 0; commit < 4; commit++) {
        assert_int_equal(branch_try_end(suite, connection, xid, commit & 1), OUTFALL_ERR_NOT_FOUND);
        assert_int_equal(suite->error.action, OUTFALL_ACTION_RESOLVE);
    }
}
