/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/events.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

void of_events_init(of_events *events, size_t letter_bytes_max)
{
    pthread_mutex_init(&events->mutex, NULL);
    events->first = NULL;
    events->last = &events->first;
    events->letter_bytes = 0;
    events->letter_bytes_max = letter_bytes_max;
    events->farewell_first = 0;
    events->farewell_count = 0;
    atomic_init(&events->fd, -1);
    of_eventcount_init(&events->posted);
    of_eventcount_init(&events->room);
}

void of_letter_free(of_letter *letter)
{
    if (letter == NULL)
        return;
    of_free(letter->row);
    of_free(letter);
}

void of_events_destroy(of_events *events)
{
    while (events->first != NULL) {
        of_letter *letter = events->first;
        events->first = letter->next;
        of_letter_free(letter);
    }
    int fd = atomic_load(&events->fd);
    if (fd >= 0)
        close(fd);
    of_eventcount_destroy(&events->posted);
    of_eventcount_destroy(&events->room);
    pthread_mutex_destroy(&events->mutex);
}

/* A letter larger than the bound still goes, alone. */
static bool try_post(of_events *events, of_letter *letter)
{
    size_t bytes = sizeof *letter + letter->row_bytes;
    pthread_mutex_lock(&events->mutex);
    bool fits = events->first == NULL || events->letter_bytes + bytes <= events->letter_bytes_max;
    if (fits) {
        letter->next = NULL;
        *events->last = letter;
        events->last = &letter->next;
        events->letter_bytes += bytes;
    }
    pthread_mutex_unlock(&events->mutex);
    return fits;
}

bool of_events_post_letter(of_events *events, of_letter *letter, int64_t deadline_us,
                           const atomic_int *stopped, const atomic_int_fast64_t *close_by_us)
{
    bool posted = try_post(events, letter);
    bool in_time = true;
    while (!posted && in_time && atomic_load_explicit(stopped, memory_order_relaxed) == 0) {
        uint32_t ticket = of_eventcount_arm(&events->room);
        int64_t close_us = atomic_load_explicit(close_by_us, memory_order_relaxed);
        posted = try_post(events, letter);
        if (posted) {
            of_eventcount_disarm(&events->room);
        } else {
            int64_t until_us = close_us < deadline_us ? close_us : deadline_us;
            of_eventcount_wait(&events->room, ticket, until_us);
            in_time = of_clock_us() < until_us;
        }
    }
    if (posted)
        of_events_notify(events);
    return posted;
}

uint64_t of_events_letters(of_events *events, outfall_error *why)
{
    uint64_t count = 0;
    pthread_mutex_lock(&events->mutex);
    for (const of_letter *letter = events->first; letter != NULL; letter = letter->next)
        count++;
    if (count > 0)
        *why = events->first->error;
    pthread_mutex_unlock(&events->mutex);
    return count;
}

void of_events_post_farewell(of_events *events, const of_farewell *farewell)
{
    pthread_mutex_lock(&events->mutex);
    uint32_t place = (events->farewell_first + events->farewell_count) % OF_EVENTS_FAREWELLS;
    events->farewells[place] = *farewell;
    if (events->farewell_count < OF_EVENTS_FAREWELLS)
        events->farewell_count++;
    else
        events->farewell_first = (events->farewell_first + 1) % OF_EVENTS_FAREWELLS;
    pthread_mutex_unlock(&events->mutex);
    of_events_notify(events);
}

static void letter_to_event(of_letter *letter, outfall_event *event)
{
    event->type = OUTFALL_EVENT_REJECTED;
    memcpy(event->writer, letter->writer, sizeof event->writer);
    event->position = letter->position;
    event->source_offset = letter->source_offset;
    event->row = letter->row;
    event->row_bytes = letter->row_bytes;
    event->error = letter->error;
    letter->row = NULL;
    of_letter_free(letter);
}

bool of_events_take(of_events *events, outfall_event *event)
{
    of_letter *letter = NULL;
    bool farewell = false;
    pthread_mutex_lock(&events->mutex);
    if (events->first != NULL) {
        letter = events->first;
        events->first = letter->next;
        if (events->first == NULL)
            events->last = &events->first;
        events->letter_bytes -= sizeof *letter + letter->row_bytes;
    } else if (events->farewell_count > 0) {
        const of_farewell *last = &events->farewells[events->farewell_first];
        farewell = true;
        event->type = OUTFALL_EVENT_ACKNOWLEDGED;
        memcpy(event->writer, last->writer, sizeof event->writer);
        event->position = last->position;
        event->source_offset = last->source_offset;
        events->farewell_first = (events->farewell_first + 1) % OF_EVENTS_FAREWELLS;
        events->farewell_count--;
    }
    pthread_mutex_unlock(&events->mutex);
    if (letter != NULL) {
        letter_to_event(letter, event);
        of_eventcount_wake(&events->room);
    }
    return letter != NULL || farewell;
}

void of_events_notify(of_events *events)
{
    of_eventcount_wake(&events->posted);
    int fd = atomic_load_explicit(&events->fd, memory_order_acquire);
    if (fd >= 0)
        eventfd_write(fd, 1); /* Fails only where the counter is full: readable all the same. */
}

int of_events_fd(of_events *events)
{
    pthread_mutex_lock(&events->mutex);
    int fd = atomic_load(&events->fd);
    if (fd < 0) {
        fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC); /* Readable: what came before may wait. */
        atomic_store_explicit(&events->fd, fd, memory_order_release);
    }
    pthread_mutex_unlock(&events->mutex);
    return fd;
}

void of_events_quiet(of_events *events)
{
    eventfd_t count;
    int fd = atomic_load_explicit(&events->fd, memory_order_acquire);
    if (fd >= 0)
        eventfd_read(fd, &count);
}
