/* SPDX-License-Identifier: Apache-2.0 */
/* Where a transaction's decisions are kept, and how they are read back: a home's ledger, or a
 * journal. */
#ifndef OF_SINK_ARBITER_H
#define OF_SINK_ARBITER_H

#include "sink/coordinator.h"
#include "txn/recovery.h"

/*
 * Makes the decision to commit the checkpoint at hand durable; in the home with the rows that were
 * written there. Action RESOLVE: not known. Any other failure: there is none, and none will come.
 */
int of_arbiter_decide(of_coordinator *it, outfall_error *error);

/* Fences the decision's place off, and reads whether it is there. */
int of_arbiter_resolve(of_coordinator *it, bool *decided, outfall_error *error);

/* The checkpoint has ended everywhere: decisions before it are needed no more. */
void of_arbiter_forget(of_coordinator *it);

/* of_recovery.judge by what is decided; the context is a coordinator. */
int of_arbiter_judge(void *context, const of_gid *gid, enum of_verdict *verdict,
                     outfall_error *error);

/* Ends what is prepared in a branch's database as judged, and lets nothing more be. */
int of_arbiter_sweep(of_coordinator *it, of_branch *branch, outfall_error *error);

#endif
