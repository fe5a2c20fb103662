/* SPDX-License-Identifier: Apache-2.0 */
/* How far a load has come, on standard error: a line that is redrawn, or JSON lines. */
#ifndef OF_CLI_PROGRESS_H
#define OF_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum of_progress_mode { OF_PROGRESS_NEVER, OF_PROGRESS_LINE, OF_PROGRESS_JSON };

typedef struct of_progress {
    enum of_progress_mode mode;
    bool colour;
    bool drawn; /* A line stands on the terminal. */
    int64_t started_us;
    int64_t next_us;
} of_progress;

typedef struct of_figures {
    uint64_t rows;  /* Durable. */
    uint64_t bytes; /* Read from the files. */
    uint64_t rejected;
    double queue_fill; /* 0 to 1: how much of the buffer is taken. */
} of_figures;

/* CLOCK_MONOTONIC, microseconds. */
int64_t of_now_us(void);

/* `when` is auto, never or json; auto draws where standard error is a terminal. False: neither. */
bool of_progress_start(of_progress *progress, const char *when);

/* Whether it is time to show figures again. */
bool of_progress_due(const of_progress *progress);
void of_progress_show(of_progress *progress, const of_figures *figures);

/* Takes the line off the terminal: before a message, and at the end. */
void of_progress_erase(of_progress *progress);

#endif
