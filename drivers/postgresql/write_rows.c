/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch in which keys may be equal, for a mode that updates: PostgreSQL refuses to update a row
 * twice in one statement (SQLSTATE 21000). Equal for whom only the server knows, so it is asked:
 * one statement for all rows under a savepoint, and where that is refused one statement a row, in
 * order and in one round trip. Where equal keys keep coming the first is left out for a while.
 */
#include <string.h>

#include "postgresql/pipeline.h"
#include "postgresql/statement.h"
#include "postgresql/write.h"

#define SKIP_MAX 63

static int write_each(outfall_connection *connection, const drv_pg_target *target,
                      const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                      outfall_error *error)
{
    drv_pg_pipeline it = {.connection = connection, .target = target, .purpose = DRV_PG_WRITE_ROW};
    drv_pg_arrays *arrays = &connection->arrays;
    uint32_t columns = target->base.column_count;
    int status = drv_pg_arrays_reserve(arrays, columns, error);
    if (status == OUTFALL_OK)
        status = drv_pg_pipeline_open(&it, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    for (uint32_t i = 0; i < batch->span_count && it.status == OUTFALL_OK; i++) {
        size_t left;
        const uint8_t *row = outfall_span_bytes(&batch->spans[i], &left);
        for (uint32_t n = batch->spans[i].count; n > 0 && it.status == OUTFALL_OK; n--) {
            it.status = drv_pg_arrays_row(arrays, &row, &left, columns, error);
            if (it.status == OUTFALL_OK)
                drv_pg_pipeline_execute(&it, columns, deadline_us, error);
        }
    }
    status = drv_pg_pipeline_close(&it, deadline_us, error);
    if (status != OUTFALL_OK && error->action == OUTFALL_ACTION_ROW)
        error->row = it.failed_at;
    written->rows = it.counted;
    written->statements += (uint32_t)it.sent[DRV_PG_STEP_EXECUTE];
    return status;
}

/* *equal: two rows have one key; what was sent is undone. */
static int write_at_once(outfall_connection *connection, const drv_pg_target *target,
                         const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                         bool *equal, outfall_error *error)
{
    drv_pg_pipeline it = {
        .connection = connection, .target = target, .purpose = DRV_PG_WRITE, .savepoint = true};
    int status = drv_pg_arrays_fill(&connection->arrays, target, batch, error);
    if (status == OUTFALL_OK)
        status = drv_pg_pipeline_open(&it, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    written->statements++;
    drv_pg_pipeline_execute(&it, target->base.column_count, deadline_us, error);
    status = drv_pg_pipeline_close(&it, deadline_us, error);
    written->rows = it.counted;
    *equal = status != OUTFALL_OK && !connection->dead && strcmp(error->sqlstate, "21000") == 0;
    return *equal ? drv_pg_pipeline_undo(&it, deadline_us, error) : status;
}

int drv_pg_write_rows(outfall_connection *connection, const drv_pg_target *target,
                      const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                      outfall_error *error)
{
    drv_pg_statement *statement = NULL;
    bool equal = false;
    int status = drv_pg_statement_slot(connection, target, deadline_us, &statement, error);
    if (status != OUTFALL_OK)
        return status;
    if (statement->skip > 0) {
        statement->skip--;
        return write_each(connection, target, batch, deadline_us, written, error);
    }
    status = write_at_once(connection, target, batch, deadline_us, written, &equal, error);
    if (status == OUTFALL_OK && equal) {
        statement->skip = statement->skip_next;
        statement->skip_next =
            statement->skip_next < SKIP_MAX ? 2 * statement->skip_next + 1 : SKIP_MAX;
        return write_each(connection, target, batch, deadline_us, written, error);
    }
    if (status == OUTFALL_OK)
        statement->skip_next = 0;
    return status;
}
