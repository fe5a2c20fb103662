/* SPDX-License-Identifier: Apache-2.0 */
/* The branches of a group, one for each flusher of each of its databases. */
#ifndef OF_FLOW_BRANCHES_H
#define OF_FLOW_BRANCHES_H

#include "flow/branch.h"
#include "flow/group.h"

typedef struct of_branches {
    of_branch *all;
    uint32_t count;
} of_branches;

void of_branches_free(of_branches *branches); /* All zeroes is legal. */

/*
 * Sets the next checkpoint's barrier in every lane, and returns its number; 0: the one before has
 * not ended.
 */
uint64_t of_branches_request(of_branches *branches, of_group *group);

/* Whether every branch has handed over its part of the checkpoint. */
bool of_branches_are_sealed(const of_branches *branches, uint64_t checkpoint);

/* Whether no flusher has any of them in its hands. */
bool of_branches_are_quiet(const of_branches *branches);

#endif
