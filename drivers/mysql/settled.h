/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which prepared transactions may be ended by another session. MariaDB hands one over a moment
 * before its storage engine has let go of it: who ends it in that moment is told that it is done,
 * and nothing is; it is then listed again after a restart only. (Seen on 10.11: 4 of 4,000 times on
 * a busy machine, where XA COMMIT came right behind the end of the session that had prepared.)
 *
 * So that session has to be gone, which its lock tells, and for a while. No view that every account
 * may see tells when it is over for sure: whoever commits looks for the ledger's line as well.
 */
#ifndef DRV_MY_SETTLED_H
#define DRV_MY_SETTLED_H

#include "mysql/session.h"

/* Looks at many at once, and waits for them together: what is settled then is remembered. */
int drv_my_settle_all(outfall_connection *connection, const outfall_prepared *all, size_t count,
                      int64_t deadline_us, outfall_error *error);

/* The same for one. *settled: it may be ended; else its session lives. */
int drv_my_settle(outfall_connection *connection, const outfall_xid *xid, bool *settled,
                  int64_t deadline_us, outfall_error *error);

#endif
