/* SPDX-License-Identifier: Apache-2.0 */
#include "common/count.h"

#include <inttypes.h>

#define STYLES 2
#define MODES 4

/* How often a row of a batch may be counted: at least, at most. */
typedef struct count_rule {
    uint8_t least;
    uint8_t most;
} count_rule;

/*
 * A MySQL server that counts a changed row twice counts it so whatever statement's clause it was.
 * Source: https://dev.mysql.com/doc/c-api/8.0/en/mysql-affected-rows.html
 * In a table with system versions MariaDB 10.11 counts the version that it keeps as well.
 */
static const count_rule rules[STYLES][MODES] = {
    [DRV_COUNT_PLAIN] =
        {
            [OUTFALL_MODE_INSERT] = {1, 1},
            [OUTFALL_MODE_UPSERT] = {1, 1},
            [OUTFALL_MODE_REPLACE] = {1, 1},
            [OUTFALL_MODE_IGNORE] = {0, 1},
        },
    [DRV_COUNT_FOUND_ROWS] =
        {
            [OUTFALL_MODE_INSERT] = {1, 1},
            [OUTFALL_MODE_UPSERT] = {1, 3},
            [OUTFALL_MODE_REPLACE] = {1, 3},
            [OUTFALL_MODE_IGNORE] = {0, 3},
        },
};

static const count_rule deletion_rule = {0, 1}; /* A key that is not there is no error. */

static count_rule find_rule(uint32_t mode, uint32_t deletion, int style)
{
    if (deletion)
        return deletion_rule;
    if (mode >= MODES)
        mode = OUTFALL_MODE_INSERT;
    return rules[style == DRV_COUNT_FOUND_ROWS ? DRV_COUNT_FOUND_ROWS : DRV_COUNT_PLAIN][mode];
}

void drv_count_bounds(uint32_t mode, uint32_t deletion, int style, uint64_t sent, uint64_t *least,
                      uint64_t *most)
{
    count_rule rule = find_rule(mode, deletion, style);
    *least = rule.least * sent;
    *most = sent > UINT64_MAX / rule.most ? UINT64_MAX : rule.most * sent;
}

int drv_count_check(uint32_t mode, uint32_t deletion, int style, uint64_t sent, uint64_t counted,
                    const char *driver, const char *table, const char *fix, outfall_error *error)
{
    uint64_t least, most;
    drv_count_bounds(mode, deletion, style, sent, &least, &most);
    if (counted >= least && counted <= most)
        return OUTFALL_OK;
    return outfall_error_set(
        error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
        "%s%s %.160s: the database counted %" PRIu64 " for %" PRIu64 " rows: %s", driver,
        deletion ? "deleting from" : "writing to", table, counted, sent, fix);
}
