/* SPDX-License-Identifier: Apache-2.0 */
/* A batch's rows, one after another, as values for a statement. */
#ifndef DRV_MY_READER_H
#define DRV_MY_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <outfall/driver.h>

#include "mysql/bind.h"
#include "mysql/target.h"

typedef struct drv_my_reader {
    const drv_my_target *target;
    const outfall_batch *batch;
    const uint8_t *at; /* In the span. */
    const uint8_t *end;
    uint32_t span;               /* The next one. */
    uint32_t span_rows;          /* Left in this one. */
    uint64_t row;                /* In the batch: the next one. */
    enum drv_my_refusal refusal; /* Of the row before `row`, */
    uint32_t column;             /* in this column. */
} drv_my_reader;

void drv_my_reader_start(drv_my_reader *reader, const drv_my_target *target,
                         const outfall_batch *batch);

/* How many values a row of the batch has. */
uint32_t drv_my_reader_width(const drv_my_reader *reader);

/* Ties that many slots and parameters together. */
void drv_my_reader_init(const drv_my_reader *reader, drv_my_slot *slots, MYSQL_BIND *binds);

/* Reads a row into them. False: it is refused; there has to be a row left. */
bool drv_my_reader_next(drv_my_reader *reader, drv_my_slot *slots, MYSQL_BIND *binds);

/*
 * How many of the next rows, at most `most`, fit into `bytes` of a packet. 0: not even one. Rows
 * are as the reader will give them: call it between rows.
 */
uint32_t drv_my_reader_fit(const drv_my_reader *reader, uint32_t most, uint64_t bytes);

/* Fills `error` for the row that was refused. */
int drv_my_reader_fail(const drv_my_reader *reader, outfall_error *error);

#endif
