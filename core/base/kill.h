/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kill points: the places at which tests/crash ends or stops the process, to see what is left of
 * it; and mutants: broken variants of the library that tests/crash has to find out. Nothing of it
 * is in a build without the CMake option OUTFALL_KILL_POINTS, and that is every build that is
 * installed.
 *
 *   OUTFALL_KILL=NAME:N        SIGKILL at the N-th passing of point NAME, in whatever thread
 *   OUTFALL_KILL=NAME:N:stop   SIGSTOP instead: it goes on with SIGCONT
 *   OUTFALL_MUTANT=NAME        the library is broken in that way
 *
 * A name that is not in the lists below ends the process by abort().
 */
#ifndef OF_BASE_KILL_H
#define OF_BASE_KILL_H

#ifdef OUTFALL_KILL_POINTS
#include <stdbool.h>

/* Every point, in the order in which a batch comes by. A line here has one in the code. */
#define OF_KILL_POINTS(POINT)                                                                      \
    POINT("ledger-created", "the ledger's table is there; no writer is open")                      \
    POINT("takeover-written", "a writer's line has its new epoch, uncommitted")                    \
    POINT("takeover-committed", "a writer is taken over; nobody has been told")                    \
    POINT("batch-taken", "a batch has left its lanes; the database knows nothing of it")           \
    POINT("begun", "its transaction is open, and empty")                                           \
    POINT("fences-written", "the ledger's lines are written, the rows are not")                    \
    POINT("rows-written", "rows are written, perhaps the first of several parts")                  \
    POINT("row-refused", "a refused row was found out and undone; its neighbours are pending")     \
    POINT("before-commit", "all is written; COMMIT is not sent")                                   \
    POINT("after-commit", "the batch is durable; only this thread knows")                          \
    POINT("before-acknowledge", "its dead letters are posted; nothing is acknowledged")            \
    POINT("acknowledged", "its writers see it acknowledged")                                       \
    POINT("resolve-begun", "a commit's outcome is not known; the ledger is about to be asked")     \
    POINT("resolve-answered", "the ledger has told it; nobody has acted on it")                    \
    POINT("branch-begun", "two-phase: a branch's transaction is open, and empty")                  \
    POINT("before-prepare", "two-phase: a branch is written, and not prepared")                    \
    POINT("prepared", "a branch is prepared; perhaps the first")                                   \
    POINT("before-decision", "all are prepared; the home has not committed")                       \
    POINT("decided", "the home has committed; the others are prepared")                            \
    POINT("branch-committed", "one of the others is committed")                                    \
    POINT("checkpoint-ended", "all are committed; nobody has been told")                           \
    POINT("recovery-begun", "the home's epoch is raised; nothing of an earlier run is ended")      \
    POINT("recovery-swept", "what it had prepared is ended; its other epochs are not raised")      \
    POINT("recovery-raised", "they are; what was prepared meanwhile is not ended")

#define OF_MUTANTS(MUTANT)                                                                         \
    MUTANT("no-ledger", "the ledger's lines are not written")                                      \
    MUTANT("ledger-apart", "the ledger's lines are committed before the rows")                     \
    MUTANT("acknowledge-early", "a batch is acknowledged before its COMMIT")                       \
    MUTANT("unfenced", "a line that another process has taken over does not stop the batch")       \
    MUTANT("resolve-blind", "a commit without an answer is taken for done")                        \
    MUTANT("undo-prepared", "recovery rolls back what is prepared, decided or not")

/* Ends or stops the process here, where the environment says so. */
void of_kill_point(const char *name);
/* Whether the library is to be broken in this way. */
bool of_mutant(const char *name);

#define OF_KILL_POINT(name) of_kill_point(name)
#define OF_MUTANT(name) of_mutant(name)
#else
#define OF_KILL_POINT(name) ((void)0)
#define OF_MUTANT(name) 0
#endif

#endif
