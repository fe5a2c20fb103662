/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/indexes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "postgresql/wait.h"

/*
 * %1$u is the table. Strategy 3 of a btree family is its equality. indnullsnotdistinct came with
 * version 15: taken from the row as JSON it is NULL before that. Bits 0, 1 and 2 of tgtype are ROW,
 * BEFORE and INSERT. A partition's index that descends from one of the table's is no other one.
 */
#define INDEXES_SQL                                                                                \
    "SELECT i.indexrelid, pg_catalog.quote_ident(c.relname), i.indisprimary, i.indimmediate,"      \
    " i.indpred IS NOT NULL, i.indisvalid,"                                                        \
    " (pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct') = 'true',"                                \
    " CASE WHEN i.indisunique THEN a.attname END,"                                                 \
    " pg_catalog.quote_ident(pn.nspname) || '.' || p.oprname,"                                     \
    " pg_catalog.quote_ident(ln.nspname) || '.' || pg_catalog.quote_ident(l.collname),"            \
    " COALESCE(l.collisdeterministic, true) AND o.opcnamespace ="                                  \
    "  'pg_catalog'::pg_catalog.regnamespace,"                                                     \
    " (SELECT w.rulename FROM pg_catalog.pg_rewrite w WHERE w.ev_class = r.oid AND w.ev_type <> "  \
    "  '1' ORDER BY w.rulename LIMIT 1),"                                                          \
    " EXISTS (WITH RECURSIVE family(oid) AS (SELECT r.oid UNION"                                   \
    "   SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.pg_partition_root(r.oid))),"     \
    "  reached(oid) AS (SELECT oid FROM family UNION SELECT f.conrelid FROM reached d"             \
    "   JOIN pg_catalog.pg_constraint f ON f.confrelid = d.oid AND f.contype = 'f'"                \
    "   AND f.confdeltype IN ('c', 'n', 'd'))"                                                     \
    "  SELECT FROM reached d WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger t"                    \
    "   WHERE t.tgrelid = d.oid AND t.tgenabled <> 'D' AND (t.tgconstraint = 0"                    \
    "   OR NOT t.tgisinternal)) OR EXISTS (SELECT FROM pg_catalog.pg_constraint f"                 \
    "   WHERE f.contype = 'f' AND f.confrelid = d.oid"                                             \
    "   AND f.conrelid IN (SELECT oid FROM family))),"                                             \
    " EXISTS (SELECT FROM pg_catalog.pg_partition_tree(r.oid) s JOIN pg_catalog.pg_index x"        \
    "  ON x.indrelid = s.relid AND (x.indisunique OR x.indisexclusion) WHERE s.relid <> r.oid"     \
    "  AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(x.indexrelid) u"              \
    "   JOIN pg_catalog.pg_index y ON y.indexrelid = u.relid WHERE y.indrelid = r.oid))"           \
    " FROM (SELECT %1$" PRIu32 "::pg_catalog.oid AS oid) r LEFT JOIN (pg_catalog.pg_index i"       \
    "  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"                                         \
    "  CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k(place)"            \
    "  JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[k.place]"                                \
    "  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid"                             \
    "   AND a.attnum = i.indkey[k.place] AND a.attnum > 0"                                         \
    "  LEFT JOIN pg_catalog.pg_amop m ON m.amopfamily = o.opcfamily AND m.amopstrategy = 3"        \
    "   AND m.amoplefttype = o.opcintype AND m.amoprighttype = o.opcintype"                        \
    "  LEFT JOIN pg_catalog.pg_operator p ON p.oid = m.amopopr"                                    \
    "  LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.oprnamespace"                            \
    "  LEFT JOIN pg_catalog.pg_collation l ON l.oid = i.indcollation[k.place]"                     \
    "  LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace)"                          \
    " ON i.indrelid = r.oid AND (i.indisunique OR i.indisexclusion)"                               \
    " ORDER BY i.indisprimary DESC, i.indexrelid, k.place"

enum field {
    OID,
    NAME,
    PRIMARY,
    IMMEDIATE,
    PARTIAL,
    VALID,
    NULLS_EQUAL,
    COLUMN, /* NULL: an expression, or an exclusion constraint. */
    EQUALS,
    COLLATION,
    BYTEWISE,
    RULE,
    DEPENDENT,
    PARTITIONS
};

static bool is_true(const PGresult *answer, int row, enum field field)
{
    return PQgetvalue(answer, row, (int)field)[0] == 't';
}

static uint32_t flags_of(const PGresult *answer, int row)
{
    uint32_t flags = 0;
    if (is_true(answer, row, PRIMARY))
        flags |= DRV_INDEX_PRIMARY;
    if (!is_true(answer, row, IMMEDIATE))
        flags |= DRV_INDEX_DEFERRABLE;
    if (is_true(answer, row, PARTIAL))
        flags |= DRV_INDEX_PARTIAL;
    if (!is_true(answer, row, VALID))
        flags |= DRV_INDEX_INVALID;
    return flags;
}

/* Groups the answer's rows by index. */
static void group(drv_pg_indexes *indexes)
{
    const PGresult *answer = indexes->answer;
    const char *last = NULL;
    for (int row = 0; row < PQntuples(answer); row++) {
        const char *oid = PQgetvalue(answer, row, OID);
        bool named = !PQgetisnull(answer, row, COLUMN);
        if (last == NULL || strcmp(last, oid) != 0) {
            drv_index *index = &indexes->list[indexes->count];
            index->name = PQgetvalue(answer, row, NAME);
            index->columns = &indexes->columns[row];
            index->flags = flags_of(answer, row);
            indexes->rows[indexes->count++] = row;
            last = oid;
        }
        indexes->columns[row] = named ? PQgetvalue(answer, row, COLUMN) : NULL;
        indexes->list[indexes->count - 1].count++;
    }
}

int drv_pg_indexes_read(outfall_connection *connection, uint32_t relation, int64_t deadline_us,
                        drv_pg_indexes *out, outfall_error *error)
{
    drv_text sql = {0};
    memset(out, 0, sizeof *out);
    drv_text_format(&sql, INDEXES_SQL, relation);
    int status = sql.failed ? drv_fail_nomem(error)
                            : drv_pg_query(connection, sql.data, deadline_us, &out->answer, error);
    drv_text_free(&sql);
    if (status != OUTFALL_OK || PQgetisnull(out->answer, 0, OID))
        return status;
    size_t rows = (size_t)PQntuples(out->answer);
    out->list = calloc(rows, sizeof *out->list);
    out->rows = calloc(rows, sizeof *out->rows);
    out->columns = calloc(rows, sizeof *out->columns);
    if (out->list == NULL || out->rows == NULL || out->columns == NULL)
        return drv_fail_nomem(error);
    group(out);
    return OUTFALL_OK;
}

void drv_pg_indexes_free(drv_pg_indexes *indexes)
{
    PQclear(indexes->answer);
    free(indexes->list);
    free(indexes->rows);
    free(indexes->columns);
    memset(indexes, 0, sizeof *indexes);
}

uint32_t drv_pg_indexes_oid(const drv_pg_indexes *indexes, uint32_t index)
{
    return (uint32_t)strtoull(PQgetvalue(indexes->answer, indexes->rows[index], OID), NULL, 10);
}

bool drv_pg_indexes_nulls_equal(const drv_pg_indexes *indexes, uint32_t index)
{
    return is_true(indexes->answer, indexes->rows[index], NULLS_EQUAL);
}

drv_pg_index_column drv_pg_indexes_column(const drv_pg_indexes *indexes, uint32_t index,
                                          uint32_t column)
{
    const PGresult *answer = indexes->answer;
    int row = indexes->rows[index] + (int)column;
    return (drv_pg_index_column){
        .name = PQgetvalue(answer, row, COLUMN),
        .equals = PQgetvalue(answer, row, EQUALS),
        .collation = PQgetvalue(answer, row, COLLATION),
        .bytewise = is_true(answer, row, BYTEWISE),
    };
}

const char *drv_pg_indexes_rule(const drv_pg_indexes *indexes)
{
    return PQgetvalue(indexes->answer, 0, RULE);
}

bool drv_pg_indexes_dependent(const drv_pg_indexes *indexes)
{
    return is_true(indexes->answer, 0, DEPENDENT);
}

bool drv_pg_indexes_partitions(const drv_pg_indexes *indexes)
{
    return is_true(indexes->answer, 0, PARTITIONS);
}
