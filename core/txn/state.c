/* SPDX-License-Identifier: Apache-2.0 */
#include "txn/state.h"

#define STATE(name) [OF_TXN_##name]
#define ON(event, next, todo) [OF_TXN_##event] = {OF_TXN_##next, OF_TXN_DO_##todo}

/* What is not here is refused. */
static const of_txn_step steps[OF_TXN_STATES][OF_TXN_EVENTS] = {
    STATE(IDLE) =
        {
            ON(BEGIN, ACTIVE, WRITE),
            ON(FOUND, IN_DOUBT, RESOLVE),
            ON(ABORT, IDLE, NOTHING),
        },
    STATE(ACTIVE) =
        {
            ON(FLUSH, PREPARING, PREPARE),
            ON(FAILED, ABORTING, ROLL_BACK),
            ON(UNKNOWN, ABORTING, ROLL_BACK),
            ON(ABORT, ABORTING, ROLL_BACK),
        },
    STATE(PREPARING) =
        {
            ON(PREPARED_ALL, PREPARED, AWAIT),
            ON(FAILED, ABORTING, ROLL_BACK),
            ON(UNKNOWN, ABORTING, ROLL_BACK), /* A branch may be prepared yet: roll back all. */
            ON(ABORT, ABORTING, ROLL_BACK),
        },
    STATE(PREPARED) =
        {
            ON(DECIDE, IN_DOUBT, RECORD), /* From here on it may be durable at any moment. */
            ON(DECIDED, COMMITTING, COMMIT),
            ON(UNKNOWN, IN_DOUBT, RESOLVE),
            ON(UNDECIDED, ABORTING, ROLL_BACK),
            ON(FAILED, ABORTING, ROLL_BACK),
            ON(ABORT, ABORTING, ROLL_BACK),
            ON(LOST, ABORTING, ROLL_BACK), /* None was decided: the others go the same way. */
            ON(HEURISTIC, STUCK, STOP),
        },
    STATE(IN_DOUBT) =
        {
            ON(DECIDED, COMMITTING, COMMIT),
            ON(UNDECIDED, ABORTING, ROLL_BACK),
            ON(UNKNOWN, IN_DOUBT, RESOLVE),
            ON(FAILED, IN_DOUBT, RESOLVE),
            ON(FOUND, IN_DOUBT, RESOLVE), /* Another branch of it. */
            ON(LOST, IN_DOUBT, RESOLVE),  /* What it means depends on the decision. */
            ON(HEURISTIC, STUCK, STOP),
        },
    STATE(COMMITTING) =
        {
            ON(ENDED_ALL, DONE, FORGET),
            ON(UNKNOWN, COMMITTING, COMMIT), /* The call ends at its deadline, the state stays. */
            ON(FAILED, COMMITTING, COMMIT),
            ON(DECIDED, COMMITTING, COMMIT),
            ON(FOUND, COMMITTING, COMMIT),
            ON(LOST, STUCK, STOP),
            ON(HEURISTIC, STUCK, STOP),
        },
    STATE(ABORTING) =
        {
            ON(ENDED_ALL, IDLE, NOTHING),
            ON(UNKNOWN, ABORTING, ROLL_BACK),
            ON(FAILED, ABORTING, ROLL_BACK),
            ON(FOUND, ABORTING, ROLL_BACK), /* It was prepared late. */
            ON(LOST, ABORTING, ROLL_BACK),
            ON(ABORT, ABORTING, ROLL_BACK),
            ON(HEURISTIC, STUCK, STOP),
        },
    STATE(DONE) =
        {
            ON(DECIDED, DONE, NOTHING), /* An outer engine commits again after a restart. */
            ON(ENDED_ALL, DONE, NOTHING),
        },
    STATE(STUCK) =
        {
            ON(UNKNOWN, STUCK, STOP),
            ON(FAILED, STUCK, STOP),
            ON(DECIDED, STUCK, STOP),
            ON(UNDECIDED, STUCK, STOP),
            ON(ABORT, STUCK, STOP),
            ON(FOUND, STUCK, STOP),
            ON(ENDED_ALL, STUCK, STOP),
            ON(LOST, STUCK, STOP),
            ON(HEURISTIC, STUCK, STOP),
        },
};

of_txn_step of_txn_next(of_txn_state state, of_txn_event event)
{
    of_txn_step step = {state, OF_TXN_DO_REFUSE};
    if (state >= OF_TXN_STATES || event >= OF_TXN_EVENTS)
        return step;
    return steps[state][event].todo == OF_TXN_DO_REFUSE ? step : steps[state][event];
}

bool of_txn_may_abort(of_txn_state state)
{
    return state == OF_TXN_ACTIVE || state == OF_TXN_PREPARING || state == OF_TXN_PREPARED ||
           state == OF_TXN_ABORTING;
}

const char *of_txn_state_name(of_txn_state state)
{
    static const char *const names[OF_TXN_STATES] = {
        "idle",     "active", "preparing", "prepared", "committing",
        "aborting", "done",   "in doubt",  "stuck",
    };
    return state < OF_TXN_STATES ? names[state] : "?";
}
