/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round trip of prepared statements: BEGIN, the statement that writes, once or once for each
 * row, and the check of the target. What the check looks at is held still by the lock that the
 * write took before; nothing is committed before its answer is seen.
 */
#ifndef DRV_PG_PIPELINE_H
#define DRV_PG_PIPELINE_H

#include "postgresql/session.h"
#include "postgresql/target.h"

/* The commands, in this order; those that are not needed are left out. */
typedef enum drv_pg_step {
    DRV_PG_STEP_BEGIN,
    DRV_PG_STEP_SHOW, /* Its name, where it has one. */
    DRV_PG_STEP_SAVEPOINT,
    DRV_PG_STEP_PREPARE,
    DRV_PG_STEP_EXECUTE, /* Any number of times. */
    DRV_PG_STEP_RELEASE,
    DRV_PG_STEP_PREPARE_CHECK,
    DRV_PG_STEP_CHECK,
    DRV_PG_STEPS
} drv_pg_step;

typedef struct drv_pg_pipeline {
    outfall_connection *connection;
    const drv_pg_target *target;
    drv_pg_statement *statement;
    drv_pg_purpose purpose;
    bool savepoint;              /* Around the write, for drv_pg_pipeline_undo. */
    uint64_t sent[DRV_PG_STEPS]; /* Commands. */
    uint64_t answered[DRV_PG_STEPS];
    drv_pg_step at;    /* Whose answer comes next. */
    size_t unflushed;  /* Bytes given to libpq since it was last made to send all it has. */
    uint64_t counted;  /* Rows, as the server has them. */
    int64_t failed_at; /* The EXECUTE that failed, from 0; -1. */
    bool changed;      /* The target is no longer as described. */
    int status;        /* Of the first command that failed. */
} drv_pg_pipeline;

/*
 * Starts a pipeline that has its connection, target, purpose and savepoint set and is zero beyond:
 * BEGIN where the server has not heard of it, and the statement where it is not prepared. After a
 * failure nothing more is to be called.
 */
int drv_pg_pipeline_open(drv_pg_pipeline *it, int64_t deadline_us, outfall_error *error);

/*
 * Sends one EXECUTE with the parameters in the connection's arrays. Answers that have come are read
 * meanwhile, so that neither side waits for the other; after one that is an error, it->status is
 * not OUTFALL_OK and no more need be sent.
 */
int drv_pg_pipeline_execute(drv_pg_pipeline *it, uint32_t parameters, int64_t deadline_us,
                            outfall_error *error);

/* Sends the check and reads all answers; also after an execute that failed. */
int drv_pg_pipeline_close(drv_pg_pipeline *it, int64_t deadline_us, outfall_error *error);

/* After a close that failed: back to the savepoint, as if nothing had been sent but BEGIN. */
int drv_pg_pipeline_undo(drv_pg_pipeline *it, int64_t deadline_us, outfall_error *error);

#endif
