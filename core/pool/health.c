/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/health.h"

#include "base/random.h"

#define QUARANTINE_BASE_US 50000
#define QUARANTINE_MAX_US 2000000
#define CONNECTS_LEAST 2

/* A time that has not come yet counts as now: clocks of two threads may be read out of order. */
static bool passed(int64_t period_us, int64_t since_us, int64_t now_us)
{
    return period_us > 0 && now_us >= since_us && now_us - since_us >= period_us;
}

enum of_health of_health_idle(const of_health_rules *rules, const of_health_facts *facts,
                              int64_t now_us)
{
    int64_t answered_us = facts->checked_us > facts->used_us ? facts->checked_us : facts->used_us;
    if (now_us >= facts->expires_us)
        return OF_HEALTH_CLOSE_OLD;
    if (facts->spare && passed(rules->idle_us - facts->early_us, facts->used_us, now_us))
        return OF_HEALTH_CLOSE_IDLE;
    if (passed(rules->check_us, answered_us, now_us))
        return OF_HEALTH_CHECK;
    if (passed(rules->look_us, facts->used_us, now_us))
        return OF_HEALTH_LOOK;
    return OF_HEALTH_KEEP;
}

/* From 1 - 1/part of the time to all of it. */
static int64_t shortened_us(int64_t time_us, int64_t part, uint64_t *random)
{
    /* In thousandths, so that a long time cannot overflow. */
    int64_t cut = time_us / part / 1000 * (int64_t)(of_random(random) % 1001);
    return time_us - cut;
}

int64_t of_health_expires_us(const of_health_rules *rules, int64_t opened_us, uint64_t *random)
{
    if (rules->lifetime_us <= 0)
        return OF_HEALTH_NEVER_US;
    return opened_us + shortened_us(rules->lifetime_us, 5, random);
}

int64_t of_health_early_us(const of_health_rules *rules, uint64_t *random)
{
    return rules->idle_us - shortened_us(rules->idle_us, 5, random);
}

int64_t of_health_lead_us(const of_health_rules *rules, int64_t round_us)
{
    int64_t most_us = rules->lifetime_us / 10;
    return 2 * round_us < most_us ? 2 * round_us : most_us;
}

bool of_health_leaked(const of_health_rules *rules, int64_t leased_us, int64_t now_us)
{
    return passed(rules->leak_us, leased_us, now_us);
}

int64_t of_health_quarantine_us(uint32_t failures, uint64_t *random)
{
    int64_t pause_us = QUARANTINE_BASE_US;
    if (failures < OF_HEALTH_FAILURES_LEAST)
        return 0;
    for (uint32_t i = OF_HEALTH_FAILURES_LEAST; i < failures && pause_us < QUARANTINE_MAX_US; i++)
        pause_us *= 2;
    return shortened_us(pause_us < QUARANTINE_MAX_US ? pause_us : QUARANTINE_MAX_US, 2, random);
}

uint32_t of_health_connects_max(uint32_t connections_max)
{
    uint32_t quarter = connections_max / 4;
    if (quarter < CONNECTS_LEAST)
        return CONNECTS_LEAST;
    return quarter < OF_HEALTH_CONNECTS_MOST ? quarter : OF_HEALTH_CONNECTS_MOST;
}
