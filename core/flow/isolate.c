/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/isolate.h"

#include "base/fail.h"
#include "base/kill.h"
#include "flow/branch.h"

static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

/*
 * How much to write next. Inside a range known to be bad: its first half. Else all that is left,
 * as bad rows are mostly few; where they are not, twice the gap between the last two, so that
 * a batch that is half bad does not send its rows over and over.
 */
static void choose(of_search *search)
{
    uint64_t left = search->rows - search->at;
    if (search->known_end > search->at) {
        uint64_t range = search->known_end - search->at;
        search->size = range > 1 ? range / 2 : 1;
        return;
    }
    search->known_end = 0;
    if (search->found < 2)
        search->size = left;
    else
        search->size = at_most(search->size * 2, left);
}

/* Takes what a failure of `size` rows tells. */
static void narrow(of_search *search, int64_t named)
{
    search->known_end = search->at + search->size;
    if (named >= 0 && (uint64_t)named < search->size) {
        search->known_end = search->at + (uint64_t)named + 1;
        /* All before the named row first; then that row alone. */
        search->size = named > 0 ? (uint64_t)named : 1;
        return;
    }
    choose(search);
}

void of_search_init(of_search *search, uint64_t rows, int64_t named)
{
    *search = (of_search){.rows = rows, .size = rows};
    narrow(search, named);
}

void of_search_landed(of_search *search)
{
    search->at += search->size;
    choose(search);
}

bool of_search_failed(of_search *search, int64_t named)
{
    if (search->size > 1) {
        narrow(search, named);
        return false;
    }
    uint64_t gap = search->at - search->last_bad;
    search->found++;
    search->last_bad = search->at;
    search->at++;
    search->known_end = 0;
    search->size = gap > 0 ? gap : 1; /* choose doubles it. */
    choose(search);
    return true;
}

/* Starts a piece, or ends it one way or the other. */
static int piece_begin(of_lease *lease, bool piecewise, outfall_error *error)
{
    return piecewise ? of_lease_begin(lease, error)
                     : of_lease_savepoint(lease, OUTFALL_SAVEPOINT_SET, error);
}

static int piece_keep(of_lease *lease, bool piecewise, outfall_error *error)
{
    return piecewise ? of_lease_commit(lease, error)
                     : of_lease_savepoint(lease, OUTFALL_SAVEPOINT_RELEASE, error);
}

static int piece_undo(of_lease *lease, bool piecewise, outfall_error *error)
{
    if (piecewise)
        return of_lease_rollback(lease, error);
    int status = of_lease_savepoint(lease, OUTFALL_SAVEPOINT_ROLLBACK, error);
    if (status == OUTFALL_OK)
        status = of_lease_savepoint(lease, OUTFALL_SAVEPOINT_RELEASE, error);
    return status;
}

/* What is written next: some of attempt->rows, or one of attempt->arrived. */
typedef struct of_piece {
    uint64_t first;
    uint64_t count;
    uint32_t arrival; /* Or OF_ATTEMPT_NONE. */
} of_piece;

/* Writes one piece. Sets *refused where a row in it is bad, and has then undone it. */
static int write_piece(of_attempt *attempt, const of_piece *piece, bool piecewise, bool *refused,
                       outfall_error *why, outfall_error *error)
{
    of_lease *lease = of_share_lease(attempt->share);
    *refused = false;
    int status = piece_begin(lease, piecewise, error);
    if (status != OUTFALL_OK)
        return status;
    status = piece->arrival != OF_ATTEMPT_NONE
                 ? of_attempt_write_arrival(attempt, piece->arrival, why)
                 : of_attempt_write(attempt, piece->first, piece->count, why);
    if (status == OUTFALL_OK)
        status = piece_keep(lease, piecewise, why);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    if (why->action != OUTFALL_ACTION_ROW)
        return of_fail_copy(error, why);
    *refused = true;
    return piece_undo(lease, piecewise, error);
}

/*
 * Row `index` of attempt->rows is refused. The rows that it superseded are so no more: the last of
 * them that is taken counts.
 */
static int reject(of_attempt *attempt, uint64_t index, bool piecewise, const outfall_error *why,
                  outfall_error *error)
{
    uint32_t arrival = of_attempt_arrival(attempt, index);
    bool deleting = of_attempt_deletes(attempt, arrival);
    outfall_error reason = *why;
    bool refused = true;
    for (;;) {
        int status = of_attempt_reject(attempt, arrival, &reason, error);
        if (status != OUTFALL_OK)
            return status;
        arrival = of_attempt_before(attempt, arrival, deleting);
        if (arrival == OF_ATTEMPT_NONE)
            return OUTFALL_OK;
        const of_piece piece = {0, 1, arrival};
        status = write_piece(attempt, &piece, piecewise, &refused, &reason, error);
        if (status != OUTFALL_OK || !refused)
            return status;
    }
}

int of_isolate(of_attempt *attempt, int64_t named, enum of_isolation how, outfall_error *error)
{
    of_search search;
    bool piecewise = how == OF_ISOLATE_PIECES;
    int status = OUTFALL_OK;
    of_search_init(&search, attempt->rows.rows, named);
    if (how == OF_ISOLATE_WHOLE)
        status = of_attempt_begin(attempt, error);
    while (status == OUTFALL_OK && search.at < search.rows) {
        outfall_error why;
        bool refused;
        const of_piece piece = {search.at, search.size, OF_ATTEMPT_NONE};
        status = write_piece(attempt, &piece, piecewise, &refused, &why, error);
        if (status != OUTFALL_OK)
            break;
        if (!refused)
            of_search_landed(&search);
        else if (of_search_failed(&search, attempt->result.bad_row))
            status = reject(attempt, piece.first, piecewise, &why, error);
        if (status == OUTFALL_OK && refused)
            OF_KILL_POINT("row-refused");
    }
    /* The letters' own transaction, where each piece has had its own. */
    bool apart = piecewise && of_attempt_records(attempt);
    if (status == OUTFALL_OK && apart)
        status = of_lease_begin(of_share_lease(attempt->share), error);
    if (status == OUTFALL_OK)
        status = of_attempt_write_letters(attempt, error);
    if (status == OUTFALL_OK && (apart || how == OF_ISOLATE_WHOLE))
        status = of_attempt_commit(attempt, error);
    return status;
}
