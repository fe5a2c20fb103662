/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/sizing.h"

#include <stdbool.h>

/* A window's decision may not do more than this: demand seen once is not yet demand that stays. */
#define GROWTH_FACTOR 2
#define GROWTH_LEAST 2

static uint64_t permille(uint64_t busy_milli, uint64_t open)
{
    return open == 0 ? 0 : busy_milli / open;
}

/* The number that brings `demand_milli` nearest to the aim without leaving the band. */
static uint64_t fitting(uint64_t demand_milli)
{
    uint64_t count = (demand_milli + OF_SIZING_AIM_PERMILLE - 1) / OF_SIZING_AIM_PERMILLE;
    if (count > 1 && permille(demand_milli, count) < OF_SIZING_LOW_PERMILLE &&
        demand_milli <= (count - 1) * OF_SIZING_HIGH_PERMILLE)
        count--;
    return count;
}

static void decide(of_sizing *sizing, uint64_t target, enum of_sizing_reason reason)
{
    sizing->target = (uint32_t)target;
    sizing->reason = (uint32_t)reason;
    if (reason != OF_SIZING_SETTLING && reason != OF_SIZING_COARSE)
        sizing->quiet = 0;
}

static void grow(const of_sizing_rules *rules, const of_sizing_load *load, uint64_t want,
                 of_sizing *sizing)
{
    uint64_t most = (uint64_t)load->open * GROWTH_FACTOR;
    if (most < (uint64_t)load->open + GROWTH_LEAST)
        most = (uint64_t)load->open + GROWTH_LEAST;
    if (want > most)
        want = most;
    if (want > rules->connections_max)
        decide(sizing, rules->connections_max, OF_SIZING_AT_MAX);
    else
        decide(sizing, want, load->waiting > 0 ? OF_SIZING_WAITING : OF_SIZING_BUSY);
}

static void shrink(const of_sizing_rules *rules, const of_sizing_load *load, of_sizing *sizing)
{
    if (sizing->quiet == 0 || sizing->quiet_demand < load->busy_milli)
        sizing->quiet_demand = load->busy_milli;
    if (sizing->quiet < rules->quiet_windows)
        sizing->quiet++;
    uint64_t want = fitting(sizing->quiet_demand);
    bool settled = sizing->quiet >= rules->quiet_windows;
    if (load->open <= rules->connections_min || (settled && want < rules->connections_min))
        decide(sizing, rules->connections_min, OF_SIZING_AT_MIN);
    else if (want >= load->open)
        decide(sizing, load->open, OF_SIZING_COARSE);
    else if (!settled)
        decide(sizing, load->open, OF_SIZING_SETTLING);
    else
        decide(sizing, want, OF_SIZING_QUIET);
}

void of_sizing_decide(const of_sizing_rules *rules, const of_sizing_load *load, of_sizing *sizing)
{
    uint64_t used = permille(load->busy_milli, load->open);
    uint64_t want = fitting(load->busy_milli + (uint64_t)load->waiting * 1000);
    sizing->used_permille = used < 1000 ? (uint32_t)used : 1000;
    if (load->open >= rules->connections_max &&
        (load->waiting > 0 || load->busy_milli > (uint64_t)load->open * OF_SIZING_HIGH_PERMILLE))
        decide(sizing, rules->connections_max, OF_SIZING_AT_MAX);
    else if (want > load->open && want > rules->connections_min &&
             (load->waiting > 0 ||
              load->busy_milli > (uint64_t)load->open * OF_SIZING_HIGH_PERMILLE))
        grow(rules, load, want, sizing);
    else if (load->open < rules->connections_min)
        decide(sizing, rules->connections_min, OF_SIZING_AT_MIN);
    else if (load->busy_milli < (uint64_t)load->open * OF_SIZING_LOW_PERMILLE && load->waiting == 0)
        shrink(rules, load, sizing);
    else
        decide(sizing, load->open, OF_SIZING_IN_BAND);
}
