/* SPDX-License-Identifier: Apache-2.0 */
/* Every scenario, in one table: its name, its group, its driver, and the function that runs it. */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include <stddef.h>

#include <outfall/error.h>

#include "result.h"
#include "session.h"

struct scenario {
    const char *name; /* "throughput/insert/10000"; unique with its driver. */
    const char *group;
    const char *driver; /* A URL's scheme; for ODBC with the database behind it: "odbc-sqlite"; or
                           SESSION_BOTH. */
    unsigned size;      /* Rows a batch, writers or rows a second; 0: none. */
    int (*run)(struct session *session, const struct scenario *scenario, struct result *result,
               outfall_error *error);
    const char *doc;
};

size_t scenario_count(void);
const struct scenario *scenario_at(size_t index);

/* Whether `selector`, "name" or "name@driver", means this one. */
int scenario_matches(const struct scenario *scenario, const char *selector);

/* The scenario whose name is the fewest edits away. */
const struct scenario *scenario_nearest(const char *selector);

/* What this build leaves out, as a sentence; an empty string: nothing. */
const char *scenario_left_out(void);

/* append.c */
int append_array(struct session *, const struct scenario *, struct result *, outfall_error *);
int append_put(struct session *, const struct scenario *, struct result *, outfall_error *);
int append_writers(struct session *, const struct scenario *, struct result *, outfall_error *);
/* arrow.c */
int arrow_array(struct session *, const struct scenario *, struct result *, outfall_error *);
/* insert_postgresql.c */
int insert_postgresql_array(struct session *, const struct scenario *, struct result *,
                            outfall_error *);
int insert_postgresql_put(struct session *, const struct scenario *, struct result *,
                          outfall_error *);
int insert_postgresql_unnest(struct session *, const struct scenario *, struct result *,
                             outfall_error *);
int insert_postgresql_alone(struct session *, const struct scenario *, struct result *,
                            outfall_error *);
int insert_postgresql_psql(struct session *, const struct scenario *, struct result *,
                           outfall_error *);
/* pairs.c */
int pair_insert(struct session *, const struct scenario *, struct result *, outfall_error *);
int pair_ledger(struct session *, const struct scenario *, struct result *, outfall_error *);
int pair_upsert_new(struct session *, const struct scenario *, struct result *, outfall_error *);
int pair_upsert_existing(struct session *, const struct scenario *, struct result *,
                         outfall_error *);
/* two_phase.c */
int two_phase_external(struct session *, const struct scenario *, struct result *, outfall_error *);
int two_phase_home(struct session *, const struct scenario *, struct result *, outfall_error *);
/* recovery.c */
int recovery_commit(struct session *, const struct scenario *, struct result *, outfall_error *);
int recovery_rollback(struct session *, const struct scenario *, struct result *, outfall_error *);
/* checkpoint.c */
int checkpoint_cost(struct session *, const struct scenario *, struct result *, outfall_error *);
/* latency.c */
int latency_durable(struct session *, const struct scenario *, struct result *, outfall_error *);
/* lease.c */
int lease_warm(struct session *, const struct scenario *, struct result *, outfall_error *);
int lease_cold(struct session *, const struct scenario *, struct result *, outfall_error *);
int lease_threads(struct session *, const struct scenario *, struct result *, outfall_error *);
/* utilisation.c */
int utilisation_steps(struct session *, const struct scenario *, struct result *, outfall_error *);
/* memory.c */
int memory_resident(struct session *, const struct scenario *, struct result *, outfall_error *);
int memory_allocations(struct session *, const struct scenario *, struct result *, outfall_error *);

#endif
