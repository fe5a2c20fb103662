/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be polled: dead letters, bounded in bytes, and last words of closed writers. */
#ifndef OF_FLOW_EVENTS_H
#define OF_FLOW_EVENTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <outfall/sink.h>

#include "base/eventcount.h"

#define OF_EVENTS_FAREWELLS 256

/* A dead letter: a row that the database refused. */
typedef struct of_letter {
    struct of_letter *next;
    char writer[64];
    uint64_t position;
    uint64_t source_offset;
    char *row; /* JSON; owned. */
    size_t row_bytes;
    outfall_error error;
} of_letter;

/* The last acknowledgement of a writer that is gone. */
typedef struct of_farewell {
    char writer[64];
    uint64_t position;
    uint64_t source_offset;
} of_farewell;

typedef struct of_events {
    pthread_mutex_t mutex;
    of_letter *first;
    of_letter **last;
    size_t letter_bytes;
    size_t letter_bytes_max;
    of_farewell farewells[OF_EVENTS_FAREWELLS]; /* A ring: the oldest gives way. */
    uint32_t farewell_first;
    uint32_t farewell_count;
    atomic_int fd;
    of_eventcount posted; /* Poll waits here. */
    of_eventcount room;   /* Delivery waits here for letters to be polled. */
} of_events;

void of_events_init(of_events *events, size_t letter_bytes_max);
void of_events_destroy(of_events *events);

/*
 * Queues a letter, which the queue then owns. False: there was no room by deadline_us or
 * *close_by_us, whichever is first, or *stopped became non-zero; the letter is still the caller's.
 * Whoever sets one of the two wakes `room`.
 */
bool of_events_post_letter(of_events *events, of_letter *letter, int64_t deadline_us,
                           const atomic_int *stopped, const atomic_int_fast64_t *close_by_us);

/* How many letters nobody has polled; `why` receives the first one's error where there are any. */
uint64_t of_events_letters(of_events *events, outfall_error *why);
void of_letter_free(of_letter *letter); /* NULL is legal. */

void of_events_post_farewell(of_events *events, const of_farewell *farewell);

/* Takes a letter or a farewell as an event; the event then owns the row. */
bool of_events_take(of_events *events, outfall_event *event);

/* Something can be polled: wakes who polls, and makes the descriptor readable. */
void of_events_notify(of_events *events);

/* The descriptor, made at the first call; -1 where that fails. */
int of_events_fd(of_events *events);

/* Nothing was found: the descriptor is no longer readable. Look once more after this. */
void of_events_quiet(of_events *events);

#endif
