/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed branch: one database's part of a checkpoint, all rows written. It is prepared, or waits
 * to be committed with the decision. Whoever coordinates the checkpoint ends it.
 */
#ifndef OF_FLOW_SEALED_H
#define OF_FLOW_SEALED_H

#include "flow/feed.h"
#include "txn/gid.h"

/* How far a writer has got in it. */
typedef struct of_mark {
    of_share *share;
    of_lane *lane; /* Lives at least until it is settled. */
    uint64_t position;
    uint64_t source_offset;
} of_mark;

enum of_sealed_state {
    OF_SEALED_EMPTY,    /* The branch has no rows in this checkpoint. */
    OF_SEALED_OPEN,     /* Written: it commits with the decision, or is yet to be prepared. */
    OF_SEALED_PREPARED, /* It is durable, and waits for the decision. */
    OF_SEALED_UNKNOWN   /* PREPARE has not answered: it may be prepared yet. */
};

typedef struct of_sealed {
    enum of_sealed_state state;
    of_gid gid;
    outfall_xid xid;
    of_lease lease; /* Of the connection that wrote it; it may be broken by now. */
    of_mark *marks;
    uint32_t mark_count;
    uint32_t mark_capacity;
    outfall_fence *fences; /* The branch's own, and one for each mark. */
    uint32_t fence_count;
    outfall_ledger_line line;
    uint64_t rows;
    uint64_t bytes;
} of_sealed;

/* Makes its names from the gid. */
void of_sealed_name(of_sealed *sealed, const of_gid *gid);

/* Makes room for `marks` marks, and the fences that go with them. OUTFALL_ERR_NOMEM. */
int of_sealed_reserve(of_sealed *sealed, uint32_t marks, outfall_error *error);

/*
 * It is durable: its writers' rows are acknowledged, and they go on from here. The letters of its
 * shares are posted; where nobody polls them, that takes up to deadletter.wait.ms, and the share's
 * feed stops.
 */
void of_sealed_settle(of_sealed *sealed, of_share *const *shares, uint32_t share_count);

/* Gives its connection back, and makes it empty; its memory is kept. */
void of_sealed_release(of_sealed *sealed);
void of_sealed_free(of_sealed *sealed);

#endif
