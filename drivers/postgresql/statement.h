/* SPDX-License-Identifier: Apache-2.0 */
/* What is prepared in a session, by target. Names hold the target's serial, so none is reused. */
#ifndef DRV_PG_STATEMENT_H
#define DRV_PG_STATEMENT_H

#include "postgresql/session.h"
#include "postgresql/target.h"

#define DRV_PG_STATEMENT_NAME_MAX 48

typedef struct drv_pg_statement_name {
    char text[DRV_PG_STATEMENT_NAME_MAX];
} drv_pg_statement_name;

drv_pg_statement_name drv_pg_name_of(drv_pg_purpose purpose, uint64_t serial);

/*
 * The target's slot. Where all are taken, the one unused longest is deallocated on the server
 * first. The caller sets `prepared` once the server has prepared one.
 */
int drv_pg_statement_slot(outfall_connection *connection, const drv_pg_target *target,
                          int64_t deadline_us, drv_pg_statement **out, outfall_error *error);

#endif
