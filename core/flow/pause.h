/* SPDX-License-Identifier: Apache-2.0 */
/* A flusher's pause before it tries again. */
#ifndef OF_FLOW_PAUSE_H
#define OF_FLOW_PAUSE_H

#include "flow/feed.h"

/* A close or a stop of the share's feed ends the pause when its time has come. */
void of_pause(of_share *share, uint32_t pause_ms);

#endif
