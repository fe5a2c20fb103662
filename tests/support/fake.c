/* SPDX-License-Identifier: Apache-2.0 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

fake_state fake;

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
}

void fake_pause_ms(int64_t ms)
{
    const struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static void expect(bool holds)
{
    atomic_fetch_add(&fake.wrongs, !holds);
}

static void raise_to(atomic_int *most, int value)
{
    int seen = atomic_load(most);
    while (seen < value && !atomic_compare_exchange_weak(most, &seen, value))
        ;
}

static int fails(atomic_int *failures)
{
    int left = atomic_load(failures);
    while (left > 0)
        if (atomic_compare_exchange_weak(failures, &left, left - 1))
            return 1;
    return 0;
}

static int fake_connect(const outfall_connect_options *options, int64_t deadline_us,
                        outfall_connection **out, outfall_error *error)
{
    (void)deadline_us;
    expect(strcmp(options->url, FAKE_URL) == 0);
    int number = atomic_fetch_add(&fake.connects, 1) + 1;
    raise_to(&fake.connecting_most, atomic_fetch_add(&fake.connecting, 1) + 1);
    fake_pause_ms(atomic_load(&fake.connect_ms));
    while (atomic_load(&fake.hang_connect) || number <= atomic_load(&fake.hang_first))
        fake_pause_ms(1);
    atomic_fetch_sub(&fake.connecting, 1);
    expect(strcmp(options->url, FAKE_URL) == 0); /* It is there still. */
    if (fails(&fake.connect_failures))
        return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, "nobody listens");
    *out = calloc(1, sizeof **out);
    (*out)->number = number;
    raise_to(&fake.open_most, atomic_fetch_add(&fake.open, 1) + 1);
    return OUTFALL_OK;
}

static void fake_disconnect(outfall_connection *connection)
{
    expect(connection->user == 0);
    atomic_fetch_sub(&fake.open, 1);
    free(connection);
}

static int fake_ping(outfall_connection *connection, char *description, size_t capacity,
                     int64_t deadline_us, outfall_error *error)
{
    (void)description;
    (void)capacity;
    (void)deadline_us; /* As a client library that knows no deadline. */
    expect(connection->user == 0);
    connection->user = -1;
    atomic_fetch_add(&fake.pings, 1);
    while (atomic_load(&fake.hang_ping) && !atomic_load(&connection->severed))
        fake_pause_ms(1);
    connection->user = 0;
    if (fails(&fake.ping_failures) || atomic_load(&connection->severed))
        return outfall_error_set(error, OUTFALL_ERR_IO, OUTFALL_ACTION_RETRY, "no answer");
    return OUTFALL_OK;
}

static int fake_is_open(outfall_connection *connection)
{
    expect(connection->user == 0);
    atomic_fetch_add(&fake.looks, 1);
    return connection->number > atomic_load(&fake.ended);
}

static void fake_sever(outfall_connection *connection)
{
    atomic_store(&connection->severed, true);
}

const outfall_driver fake_driver = {
    .abi = OUTFALL_DRIVER_ABI,
    .struct_size = sizeof fake_driver,
    .name = "fake",
    .connect = fake_connect,
    .disconnect = fake_disconnect,
    .ping = fake_ping,
    .sever = fake_sever,
    .is_open = fake_is_open,
};
