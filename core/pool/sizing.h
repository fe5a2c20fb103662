/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections a pool keeps open: as many as are busy for 50 to 80 % of the time, inside
 * the pool's least and most. Pure: decided once for each window of time, from what was measured in
 * it. Growing is done at once, shrinking after several quiet windows.
 */
#ifndef OF_POOL_SIZING_H
#define OF_POOL_SIZING_H

#include <stdint.h>

#define OF_SIZING_LOW_PERMILLE 500
#define OF_SIZING_AIM_PERMILLE 650
#define OF_SIZING_HIGH_PERMILLE 800

typedef struct of_sizing_rules {
    uint32_t connections_min;
    uint32_t connections_max;
    uint32_t quiet_windows; /* That many below the band, one after the other, before it shrinks. */
} of_sizing_rules;

/* What one window saw. */
typedef struct of_sizing_load {
    uint64_t busy_milli; /* Connections that were leased, a thousand each, on average. */
    uint32_t waiting;    /* Threads that wait for one. */
    uint32_t open;       /* At its end: leased, idle or being opened. */
} of_sizing_load;

enum of_sizing_reason {
    OF_SIZING_IN_BAND = 0, /* Kept: between 50 and 80 %. */
    OF_SIZING_BUSY,        /* Grown: over 80 %. */
    OF_SIZING_WAITING,     /* Grown: threads waited. */
    OF_SIZING_QUIET,       /* Shrunk: below 50 % for long enough. */
    OF_SIZING_SETTLING,    /* Kept: below 50 %, but not for long enough. */
    OF_SIZING_COARSE,      /* Kept: below 50 %, but one fewer would be over 80 %. */
    OF_SIZING_AT_MIN,      /* The least decides. */
    OF_SIZING_AT_MAX,      /* The most decides. */
    OF_SIZING_REASONS
};

/* Between windows; all zeroes at first. */
typedef struct of_sizing {
    uint32_t quiet;         /* Windows below the band until now. */
    uint64_t quiet_demand;  /* The highest demand in them. */
    uint32_t target;        /* What was decided last. */
    uint32_t reason;        /* enum of_sizing_reason */
    uint32_t used_permille; /* The window's utilisation; 0 where nothing was open. */
} of_sizing;

/* Decides the target from a window's load; it, its reason and the utilisation are in `sizing`. */
void of_sizing_decide(const of_sizing_rules *rules, const of_sizing_load *load, of_sizing *sizing);

#endif
