/* SPDX-License-Identifier: Apache-2.0 */
/* Where a checkpoint's decision is kept, and how it is read back. */
#ifndef OF_SINK_DECISION_H
#define OF_SINK_DECISION_H

#include "sink/coordinator.h"
#include "txn/recovery.h"

/*
 * Makes the decision to commit the checkpoint at hand durable; in the home with the rows that were
 * written there. Action RESOLVE: not known. Any other failure: there is none, and none will come.
 */
int of_decide(of_coordinator *it, outfall_error *error);

/* Fences the decision's place off, and reads whether it is there. */
int of_decision_resolve(of_coordinator *it, bool *decided, outfall_error *error);

/* of_recovery.judge by what is decided; the context is a coordinator. */
int of_decision_judge(void *context, const of_gid *gid, enum of_verdict *verdict,
                      outfall_error *error);

/* Ends what is prepared in a branch's database as judged, and lets nothing more be. */
int of_decision_sweep(of_coordinator *it, of_branch *branch, outfall_error *error);

#endif
