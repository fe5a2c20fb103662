/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch as one statement over unnest($1), unnest($2), …, one binary array a column: an INSERT
 * with whatever ON CONFLICT the mode has, or a DELETE by key.
 */
#include "postgresql/pipeline.h"
#include "postgresql/write.h"

int drv_pg_write_arrays(outfall_connection *connection, const drv_pg_target *target,
                        const outfall_batch *batch, int64_t deadline_us, drv_pg_written *written,
                        outfall_error *error)
{
    drv_pg_pipeline it = {
        .connection = connection,
        .target = target,
        .purpose = batch->deletion ? DRV_PG_DELETE : DRV_PG_WRITE,
    };
    uint32_t parameters = batch->deletion ? target->base.key_count : target->base.column_count;
    int status = drv_pg_arrays_fill(&connection->arrays, target, batch, error);
    if (status == OUTFALL_OK)
        status = drv_pg_pipeline_open(&it, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    written->statements++;
    drv_pg_pipeline_execute(&it, parameters, deadline_us, error);
    status = drv_pg_pipeline_close(&it, deadline_us, error);
    written->rows = it.counted;
    return status;
}
