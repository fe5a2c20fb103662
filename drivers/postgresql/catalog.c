/* SPDX-License-Identifier: Apache-2.0 */
#include "postgresql/catalog.h"

#include <stdlib.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "postgresql/fault.h"
#include "postgresql/sql.h"
#include "postgresql/wait.h"

#define NEAR_TABLES_MAX 1000

/*
 * %s is the quoted name as a literal. `base` walks from each column's type through domains to the
 * type that values are encoded as; the innermost domain carries the modifier. Bit 3 of
 * pg_relation_is_updatable is INSERT; bits 2 and 6 of tgtype are INSERT and INSTEAD OF.
 */
#define CATALOG_SQL                                                                                \
    "WITH RECURSIVE relation AS MATERIALIZED (SELECT c.oid, n.nspname, c.relname, c.relkind,"      \
    "  c.relhasrules, pg_catalog.row_security_active(c.oid) AS secured,"                           \
    "  EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid"                        \
    "    AND t.tgtype & 68 = 68) AS instead,"                                                      \
    "  pg_catalog.has_table_privilege(c.oid, 'INSERT') AS may_insert"                              \
    "  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"        \
    "  WHERE c.oid = pg_catalog.to_regclass(%s)),"                                                 \
    " attribute AS (SELECT a.* FROM relation r JOIN pg_catalog.pg_attribute a"                     \
    "  ON a.attrelid = r.oid WHERE a.attnum > 0 AND NOT a.attisdropped),"                          \
    " base(attnum, typid, typmod, required) AS ("                                                  \
    "  SELECT attnum, atttypid, atttypmod, attnotnull FROM attribute"                              \
    "  UNION ALL SELECT b.attnum, t.typbasetype, t.typtypmod, b.required OR t.typnotnull"          \
    "  FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.typid WHERE t.typtype = 'd')"            \
    "SELECT r.nspname, r.relname, r.oid, r.relkind, r.secured, r.relhasrules,"                     \
    " CASE WHEN r.relkind IN ('v', 'f') THEN r.instead OR"                                         \
    "  pg_catalog.pg_relation_is_updatable(r.oid, true) & 8 <> 0"                                  \
    "  ELSE r.relkind IN ('r', 'p') END, r.may_insert,"                                            \
    " a.attname, a.attnum, a.atttypid, a.atttypmod, b.required, a.attidentity, a.attgenerated,"    \
    " a.atthasdef, pg_catalog.format_type(a.atttypid, a.atttypmod), b.typid, b.typmod,"            \
    " pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.typname),"             \
    " EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = r.oid AND i.indisprimary"       \
    "  AND a.attnum = ANY (i.indkey)),"                                                            \
    " pg_catalog.has_column_privilege(r.oid, a.attnum, 'INSERT'),"                                 \
    " pg_catalog.has_column_privilege(r.oid, a.attnum, 'UPDATE'),"                                 \
    " pg_catalog.has_column_privilege(r.oid, a.attnum, 'SELECT'),"                                 \
    " r.relkind <> 'v' OR r.instead OR"                                                            \
    "  pg_catalog.pg_column_is_updatable(r.oid, a.attnum, true)"                                   \
    " FROM relation r LEFT JOIN (attribute a JOIN base b ON b.attnum = a.attnum"                   \
    "  JOIN pg_catalog.pg_type t ON t.oid = b.typid AND t.typtype <> 'd'"                          \
    "  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace) ON true"                        \
    " ORDER BY a.attnum"

static int ask(outfall_connection *connection, drv_text *sql, int64_t deadline_us, PGresult **out,
               outfall_error *error)
{
    if (sql->failed)
        return drv_fail_nomem(error);
    return drv_pg_query(connection, sql->data, deadline_us, out, error);
}

int drv_pg_catalog_ask(outfall_connection *connection, const outfall_table_name *name,
                       int64_t deadline_us, PGresult **out, outfall_error *error)
{
    drv_text relation = {0};
    drv_text literal = {0};
    drv_text sql = {0};
    *out = NULL;
    drv_pg_add_relation(&relation, name->schema, name->table);
    if (!relation.failed)
        drv_pg_add_literal(&literal, relation.data);
    if (!literal.failed && literal.data != NULL)
        drv_text_format(&sql, CATALOG_SQL, literal.data);
    else
        sql.failed = 1;
    int status = ask(connection, &sql, deadline_us, out, error);
    drv_text_free(&sql);
    drv_text_free(&literal);
    drv_text_free(&relation);
    return status;
}

static const char *near_name(const void *answer, size_t index)
{
    return PQgetvalue(answer, (int)index, 0);
}

static bool has_schema(outfall_connection *connection, const char *schema, int64_t deadline_us)
{
    drv_text sql = {0};
    PGresult *answer = NULL;
    drv_text_add(&sql, "SELECT FROM pg_catalog.pg_namespace WHERE nspname = ");
    drv_pg_add_literal(&sql, schema);
    int status = ask(connection, &sql, deadline_us, &answer, NULL);
    bool found = status != OUTFALL_OK || PQntuples(answer) > 0;
    PQclear(answer);
    drv_text_free(&sql);
    return found;
}

int drv_pg_catalog_fail_missing(outfall_connection *connection, const outfall_table_name *name,
                                int64_t deadline_us, outfall_error *error)
{
    drv_text sql = {0};
    PGresult *answer = NULL;
    if (name->schema != NULL && !has_schema(connection, name->schema, deadline_us))
        return outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                                 "there is no schema \"%s\"; create it, or correct the name",
                                 name->schema);
    drv_text_add(&sql, "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                       " ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'f') AND ");
    if (name->schema != NULL) {
        drv_text_add(&sql, "n.nspname = ");
        drv_pg_add_literal(&sql, name->schema);
    } else {
        drv_text_add(&sql, "pg_catalog.pg_table_is_visible(c.oid) AND n.nspname NOT IN "
                           "('pg_catalog', 'information_schema')");
    }
    drv_text_format(&sql, " LIMIT %d", NEAR_TABLES_MAX);
    const char *near = NULL;
    if (ask(connection, &sql, deadline_us, &answer, NULL) == OUTFALL_OK)
        near = drv_identifier_nearest(name->table, (size_t)PQntuples(answer), near_name, answer);
    outfall_error_set(error, OUTFALL_ERR_NOT_FOUND, OUTFALL_ACTION_STOP,
                      near != NULL ? "there is no table %s; did you mean \"%s\"?"
                                   : "there is no table %s; create it, or set create=if-missing%s",
                      connection->subject, near != NULL ? near : "");
    PQclear(answer);
    drv_text_free(&sql);
    return OUTFALL_ERR_NOT_FOUND;
}

const char *drv_pg_catalog_text(const PGresult *answer, int row, enum drv_pg_catalog_field field)
{
    return PQgetvalue(answer, row, (int)field);
}

bool drv_pg_catalog_true(const PGresult *answer, int row, enum drv_pg_catalog_field field)
{
    return PQgetvalue(answer, row, (int)field)[0] == 't';
}

int64_t drv_pg_catalog_number(const PGresult *answer, int row, enum drv_pg_catalog_field field)
{
    return strtoll(PQgetvalue(answer, row, (int)field), NULL, 10);
}
