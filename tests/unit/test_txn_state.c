/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "txn/state.h"

#define STEP(state, event, next, todo)                                                             \
    {                                                                                              \
        OF_TXN_##state, OF_TXN_##event, OF_TXN_##next, OF_TXN_DO_##todo                            \
    }

static const struct {
    of_txn_state state;
    of_txn_event event;
    of_txn_state next;
    of_txn_todo todo;
} taken[] = {
    STEP(IDLE, BEGIN, ACTIVE, WRITE),
    STEP(IDLE, FOUND, IN_DOUBT, RESOLVE),
    STEP(IDLE, ABORT, IDLE, NOTHING),
    STEP(ACTIVE, FLUSH, PREPARING, PREPARE),
    STEP(ACTIVE, FAILED, ABORTING, ROLL_BACK),
    STEP(ACTIVE, UNKNOWN, ABORTING, ROLL_BACK),
    STEP(ACTIVE, ABORT, ABORTING, ROLL_BACK),
    STEP(PREPARING, PREPARED_ALL, PREPARED, AWAIT),
    STEP(PREPARING, FAILED, ABORTING, ROLL_BACK),
    STEP(PREPARING, UNKNOWN, ABORTING, ROLL_BACK),
    STEP(PREPARING, ABORT, ABORTING, ROLL_BACK),
    STEP(PREPARED, DECIDE, IN_DOUBT, RECORD),
    STEP(PREPARED, DECIDED, COMMITTING, COMMIT),
    STEP(PREPARED, UNKNOWN, IN_DOUBT, RESOLVE),
    STEP(PREPARED, UNDECIDED, ABORTING, ROLL_BACK),
    STEP(PREPARED, FAILED, ABORTING, ROLL_BACK),
    STEP(PREPARED, ABORT, ABORTING, ROLL_BACK),
    STEP(PREPARED, LOST, ABORTING, ROLL_BACK),
    STEP(PREPARED, HEURISTIC, STUCK, STOP),
    STEP(IN_DOUBT, DECIDED, COMMITTING, COMMIT),
    STEP(IN_DOUBT, UNDECIDED, ABORTING, ROLL_BACK),
    STEP(IN_DOUBT, UNKNOWN, IN_DOUBT, RESOLVE),
    STEP(IN_DOUBT, FAILED, IN_DOUBT, RESOLVE),
    STEP(IN_DOUBT, FOUND, IN_DOUBT, RESOLVE),
    STEP(IN_DOUBT, LOST, IN_DOUBT, RESOLVE),
    STEP(IN_DOUBT, HEURISTIC, STUCK, STOP),
    STEP(COMMITTING, ENDED_ALL, DONE, FORGET),
    STEP(COMMITTING, UNKNOWN, COMMITTING, COMMIT),
    STEP(COMMITTING, FAILED, COMMITTING, COMMIT),
    STEP(COMMITTING, DECIDED, COMMITTING, COMMIT),
    STEP(COMMITTING, FOUND, COMMITTING, COMMIT),
    STEP(COMMITTING, LOST, STUCK, STOP),
    STEP(COMMITTING, HEURISTIC, STUCK, STOP),
    STEP(ABORTING, ENDED_ALL, IDLE, NOTHING),
    STEP(ABORTING, UNKNOWN, ABORTING, ROLL_BACK),
    STEP(ABORTING, FAILED, ABORTING, ROLL_BACK),
    STEP(ABORTING, FOUND, ABORTING, ROLL_BACK),
    STEP(ABORTING, LOST, ABORTING, ROLL_BACK),
    STEP(ABORTING, ABORT, ABORTING, ROLL_BACK),
    STEP(ABORTING, HEURISTIC, STUCK, STOP),
    STEP(DONE, DECIDED, DONE, NOTHING),
    STEP(DONE, ENDED_ALL, DONE, NOTHING),
    STEP(STUCK, UNKNOWN, STUCK, STOP),
    STEP(STUCK, FAILED, STUCK, STOP),
    STEP(STUCK, DECIDED, STUCK, STOP),
    STEP(STUCK, UNDECIDED, STUCK, STOP),
    STEP(STUCK, ABORT, STUCK, STOP),
    STEP(STUCK, FOUND, STUCK, STOP),
    STEP(STUCK, ENDED_ALL, STUCK, STOP),
    STEP(STUCK, LOST, STUCK, STOP),
    STEP(STUCK, HEURISTIC, STUCK, STOP),
};
#define TAKEN (sizeof taken / sizeof taken[0])

static void each_event_leads_where_the_table_says_or_is_refused(void **state)
{
    bool listed[OF_TXN_STATES][OF_TXN_EVENTS] = {{false}};
    (void)state;
    for (size_t i = 0; i < TAKEN; i++) {
        of_txn_step step = of_txn_next(taken[i].state, taken[i].event);
        if (step.next != taken[i].next || step.todo != taken[i].todo)
            fail_msg("%s, event %d: to %s, do %d", of_txn_state_name(taken[i].state),
                     taken[i].event, of_txn_state_name(step.next), step.todo);
        listed[taken[i].state][taken[i].event] = true;
    }
    for (of_txn_state from = 0; from < OF_TXN_STATES; from++) {
        for (of_txn_event event = 0; event < OF_TXN_EVENTS; event++) {
            of_txn_step step = of_txn_next(from, event);
            if (!listed[from][event] && (step.next != from || step.todo != OF_TXN_DO_REFUSE))
                fail_msg("%s takes event %d", of_txn_state_name(from), event);
        }
    }
}

static void what_is_no_state_or_event_is_refused(void **state)
{
    (void)state;
    assert_int_equal(of_txn_next(OF_TXN_STATES, OF_TXN_BEGIN).todo, OF_TXN_DO_REFUSE);
    assert_int_equal(of_txn_next(OF_TXN_IDLE, OF_TXN_EVENTS).todo, OF_TXN_DO_REFUSE);
    assert_string_equal(of_txn_state_name(OF_TXN_STATES), "?");
    assert_string_equal(of_txn_state_name(OF_TXN_IDLE), "idle");
    assert_string_equal(of_txn_state_name(OF_TXN_STUCK), "stuck");
}

/* Sets in `reached` every state that any sequence of events leads to, `from` itself too. */
static void reach(of_txn_state from, bool reached[OF_TXN_STATES])
{
    if (reached[from])
        return;
    reached[from] = true;
    for (of_txn_event event = 0; event < OF_TXN_EVENTS; event++)
        reach(of_txn_next(from, event).next, reached);
}

static void no_sequence_of_events_leads_from_committing_to_aborting(void **state)
{
    static const of_txn_state decided[] = {OF_TXN_COMMITTING, OF_TXN_DONE, OF_TXN_STUCK};
    (void)state;
    for (size_t i = 0; i < sizeof decided / sizeof decided[0]; i++) {
        bool reached[OF_TXN_STATES] = {false};
        reach(decided[i], reached);
        assert_false(reached[OF_TXN_ABORTING]);
        assert_false(reached[OF_TXN_IDLE]);
        assert_false(reached[OF_TXN_IN_DOUBT]);
    }
}

static void the_search_finds_the_ways_that_there_are(void **state)
{
    bool reached[OF_TXN_STATES] = {false};
    (void)state;
    reach(OF_TXN_IDLE, reached);
    for (of_txn_state one = 0; one < OF_TXN_STATES; one++)
        assert_true(reached[one]);
}

static void every_state_but_stuck_has_an_end(void **state)
{
    (void)state;
    for (of_txn_state from = 0; from < OF_TXN_STUCK; from++) {
        bool reached[OF_TXN_STATES] = {false};
        reach(from, reached);
        assert_true(reached[OF_TXN_IDLE] || reached[OF_TXN_DONE]);
    }
}

/* Before the decision leaves, a timer may roll back; after it, never. */
static void a_timer_aborts_only_where_no_decision_can_be(void **state)
{
    (void)state;
    for (of_txn_state from = 0; from < OF_TXN_STATES; from++)
        assert_int_equal(of_txn_may_abort(from),
                         of_txn_next(from, OF_TXN_ABORT).next == OF_TXN_ABORTING);
    assert_false(of_txn_may_abort(OF_TXN_IN_DOUBT));
    assert_false(of_txn_may_abort(OF_TXN_COMMITTING));
    assert_int_equal(of_txn_next(OF_TXN_PREPARED, OF_TXN_DECIDE).next, OF_TXN_IN_DOUBT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_leads_where_the_table_says_or_is_refused),
        cmocka_unit_test(what_is_no_state_or_event_is_refused),
        cmocka_unit_test(no_sequence_of_events_leads_from_committing_to_aborting),
        cmocka_unit_test(the_search_finds_the_ways_that_there_are),
        cmocka_unit_test(every_state_but_stuck_has_an_end),
        cmocka_unit_test(a_timer_aborts_only_where_no_decision_can_be),
    };
    return cmocka_run_group_tests_name("txn_state", tests, NULL, NULL);
}
