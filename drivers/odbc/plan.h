/* SPDX-License-Identifier: Apache-2.0 */
/* What a session keeps for a target: frames, and statements prepared for counts of rows. */
#ifndef DRV_ODBC_PLAN_H
#define DRV_ODBC_PLAN_H

#include "odbc/frame.h"
#include "odbc/session.h"
#include "odbc/target.h"

/* Counts of rows that statements are kept prepared for; the one unused longest makes room. */
#define DRV_ODBC_STATEMENTS_MAX 16

#define DRV_ODBC_ARRAY UINT32_MAX

typedef struct drv_odbc_statement {
    SQLHSTMT handle;
    uint32_t rows; /* 0: the slot is free. DRV_ODBC_ARRAY: one row, for parameter arrays. */
    uint64_t used;
    uint64_t generation; /* The frame's that it is bound to. */
} drv_odbc_statement;

/* One kind of statement of a target. */
typedef struct drv_odbc_writer {
    enum drv_odbc_kind kind;
    drv_odbc_frame frame;
    uint32_t *widths; /* Scratch: one an array of the frame. */
    int32_t *places;  /* One a column of the target: its array in the frame, or -1. */
    drv_odbc_statement statements[DRV_ODBC_STATEMENTS_MAX];
    uint64_t clock;
    bool binary; /* A binary parameter is among them. */
} drv_odbc_writer;

struct drv_odbc_plan {
    drv_odbc_plan *next;
    uint64_t serial; /* The target's. */
    SQLHSTMT probe;
    drv_odbc_writer write;
    drv_odbc_writer erase; /* Made when first used: frame.arrays is NULL until then. */
};

/* The plan for a target, made where there is none; the session's own. */
int drv_odbc_plan_for(outfall_connection *connection, const drv_odbc_target *target,
                      drv_odbc_plan **out, outfall_error *error);

/* The plan's writer for a batch. */
int drv_odbc_plan_writer(drv_odbc_plan *plan, const drv_odbc_target *target, bool deletion,
                         drv_odbc_writer **out, outfall_error *error);

/*
 * A statement of `rows` rows, or one for parameter arrays (DRV_ODBC_ARRAY), prepared and bound to
 * the frame as it is now. Within drv_odbc_enter.
 */
int drv_odbc_plan_statement(outfall_connection *connection, drv_odbc_writer *writer,
                            const drv_odbc_target *target, uint32_t rows, SQLHSTMT *out,
                            outfall_error *error);

/* Drops a statement: it is prepared anew when it is next wanted. */
void drv_odbc_plan_drop(drv_odbc_writer *writer, SQLHSTMT statement);

void drv_odbc_plans_free(outfall_connection *connection);

#endif
