/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with a pooled connection, and when a server is left alone. Pure: times, on one
 * clock and in microseconds, are arguments.
 */
#ifndef OF_POOL_HEALTH_H
#define OF_POOL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define OF_HEALTH_NEVER_US INT64_MAX

/*
 * For look_us. A look takes about a microsecond, a thousandth of this; a lease of a connection in
 * constant use, which takes a tenth of one, does without.
 */
#define OF_HEALTH_LOOK_US 1000

#define OF_HEALTH_CONNECTS_MOST 8  /* At once. */
#define OF_HEALTH_FAILURES_LEAST 2 /* From so many on a server is left alone. */

/* 0: the rule is off. */
typedef struct of_health_rules {
    int64_t idle_us;     /* A spare connection that nobody used for so long is closed. */
    int64_t lifetime_us; /* The longest that a connection lives. */
    int64_t check_us;    /* One that has not answered for so long is asked before it is used. */
    int64_t leak_us;     /* One that is held longer is reported. */
    int64_t look_us;     /* One that nobody used for so long is looked at before it is used. */
} of_health_rules;

/* An idle connection. */
typedef struct of_health_facts {
    int64_t used_us;    /* When it was last given back, or opened. */
    int64_t checked_us; /* When it last answered a check; 0: never asked. */
    int64_t expires_us; /* By of_health_expires_us. */
    bool spare;         /* More are open than are to be kept. */
    int64_t early_us;   /* So much sooner it is closed for want of use: by of_health_early_us. */
} of_health_facts;

enum of_health {
    OF_HEALTH_KEEP = 0,
    OF_HEALTH_LOOK,       /* See whether the server has closed it, without asking. */
    OF_HEALTH_CHECK,      /* Ask it: it may be dead. */
    OF_HEALTH_CLOSE_IDLE, /* Nobody needs it. */
    OF_HEALTH_CLOSE_OLD   /* Its lifetime is over. */
};

/* The cheapest rule first: age and use are known, a check costs a round trip. Its look comes first.
 */
enum of_health of_health_idle(const of_health_rules *rules, const of_health_facts *facts,
                              int64_t now_us);

/*
 * When a connection opened at opened_us has lived long enough: after 80 to 100 % of its lifetime,
 * by chance, so that connections opened together do not end together.
 */
int64_t of_health_expires_us(const of_health_rules *rules, int64_t opened_us, uint64_t *random);

/*
 * How much sooner than after idle_us a connection that nobody uses is closed: up to a fifth, by
 * chance, so that those last used together do not all leave the server at once.
 */
int64_t of_health_early_us(const of_health_rules *rules, uint64_t *random);

/*
 * How long before the end of a connection's lifetime another one is opened in its place: two rounds
 * of who opens them, and at most a tenth of the lifetime.
 */
int64_t of_health_lead_us(const of_health_rules *rules, int64_t round_us);

/* Whether a connection leased at leased_us is held for too long. */
bool of_health_leaked(const of_health_rules *rules, int64_t leased_us, int64_t now_us);

/*
 * How long a server is left alone after so many failed connects in a row. The first failure may
 * be chance: 0. From the second on the pause doubles from 50 ms to 2 s, less up to half by chance.
 */
int64_t of_health_quarantine_us(uint32_t failures, uint64_t *random);

/* How many connects may be under way at once: a quarter of the connections, from 2 to 8. */
uint32_t of_health_connects_max(uint32_t connections_max);

#endif
