/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/dependence.h"

#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "mysql/query.h"
#include "mysql/sql.h"

/* A table's name, as literals of SQL. */
typedef struct literals {
    drv_text schema, table;
} literals;

static void make_literals(const char *schema, const char *table, literals *out)
{
    *out = (literals){0};
    drv_my_add_literal(&out->schema, schema);
    drv_my_add_literal(&out->table, table);
}

static void free_literals(literals *names)
{
    drv_text_free(&names->schema);
    drv_text_free(&names->table);
}

static int ask(outfall_connection *connection, drv_text *sql, int64_t deadline_us, MYSQL_RES **out,
               outfall_error *error)
{
    *out = NULL;
    int status = sql->failed ? drv_fail_nomem(error)
                             : drv_my_query(connection, sql->data, deadline_us, out, error);
    drv_text_free(sql);
    return status;
}

/* Asks a question that is answered by one number: sets *yes where it is not 0. */
static int ask_whether(outfall_connection *connection, drv_text *sql, int64_t deadline_us,
                       bool *yes, outfall_error *error)
{
    MYSQL_RES *answer = NULL;
    int status = ask(connection, sql, deadline_us, &answer, error);
    MYSQL_ROW row = answer != NULL ? mysql_fetch_row(answer) : NULL;
    *yes = *yes || (row != NULL && row[0] != NULL && strcmp(row[0], "0") != 0);
    mysql_free_result(answer);
    return status;
}

/* ---- Triggers --------------------------------------------------------------------------- */

/* Without the right TRIGGER there are none to be seen. A schema's right may be one of a pattern. */
static int find_triggers(outfall_connection *connection, const literals *of, int64_t deadline_us,
                         bool *found, outfall_error *error)
{
    drv_text sql = {0};
    if (of->schema.failed || of->table.failed)
        return drv_fail_nomem(error);
    drv_text_format(&sql,
                    "SELECT EXISTS (SELECT 1 FROM information_schema.TRIGGERS"
                    " WHERE EVENT_OBJECT_SCHEMA = %s AND EVENT_OBJECT_TABLE = %s)",
                    of->schema.data, of->table.data);
    drv_text_format(&sql,
                    " OR NOT EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES"
                    " WHERE PRIVILEGE_TYPE = 'TRIGGER')"
                    " AND NOT EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES"
                    " WHERE PRIVILEGE_TYPE = 'TRIGGER' AND %s LIKE TABLE_SCHEMA)"
                    " AND NOT EXISTS (SELECT 1 FROM information_schema.TABLE_PRIVILEGES"
                    " WHERE PRIVILEGE_TYPE = 'TRIGGER' AND TABLE_SCHEMA = %s AND TABLE_NAME = %s)",
                    of->schema.data, of->schema.data, of->table.data);
    return ask_whether(connection, &sql, deadline_us, found, error);
}

/* ---- Foreign keys ----------------------------------------------------------------------- */

/* Whether a delete from table `of` deletes or changes rows of the table that it refers to. */
static int find_way_back(outfall_connection *connection, const char *schema, const char *table,
                         const literals *of, int64_t deadline_us, bool *found, outfall_error *error)
{
    literals parent;
    drv_text sql = {0};
    make_literals(schema, table, &parent);
    if (parent.schema.failed || parent.table.failed)
        sql.failed = true;
    else
        drv_text_format(&sql,
                        "SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS"
                        " WHERE CONSTRAINT_SCHEMA = %s AND TABLE_NAME = %s"
                        " AND UNIQUE_CONSTRAINT_SCHEMA = %s AND REFERENCED_TABLE_NAME = %s"
                        " AND DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')",
                        parent.schema.data, parent.table.data, of->schema.data, of->table.data);
    free_literals(&parent);
    return ask_whether(connection, &sql, deadline_us, found, error);
}

/*
 * A server reads one table's foreign keys by its name, and the whole schema's where it has to look
 * for it: so each table that is referred to is asked for by itself.
 */
static int find_references(outfall_connection *connection, const drv_my_catalog *catalog,
                           const literals *of, int64_t deadline_us, bool *found,
                           outfall_error *error)
{
    const char *schema = drv_my_text_of(&catalog->table, 0, DRV_MY_SCHEMA);
    const char *table = drv_my_text_of(&catalog->table, 0, DRV_MY_NAME);
    MYSQL_RES *parents = NULL;
    MYSQL_ROW parent;
    drv_text sql = {0};
    drv_text_format(&sql,
                    "SELECT DISTINCT UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME"
                    " FROM information_schema.REFERENTIAL_CONSTRAINTS"
                    " WHERE CONSTRAINT_SCHEMA = %s AND TABLE_NAME = %s",
                    of->schema.data, of->table.data);
    int status = ask(connection, &sql, deadline_us, &parents, error);
    while (status == OUTFALL_OK && !*found && (parent = mysql_fetch_row(parents)) != NULL) {
        if (strcasecmp(parent[0], schema) == 0 && strcasecmp(parent[1], table) == 0)
            *found = true;
        else
            status = find_way_back(connection, parent[0], parent[1], of, deadline_us, found, error);
    }
    mysql_free_result(parents);
    return status;
}

/* ----------------------------------------------------------------------------------------- */

int drv_my_dependence_learn(outfall_connection *connection, const drv_my_catalog *catalog,
                            drv_my_target *target, int64_t deadline_us, outfall_error *error)
{
    literals of;
    bool found = false;
    if (target->base.key_count == 0)
        return OUTFALL_OK;
    make_literals(drv_my_text_of(&catalog->table, 0, DRV_MY_SCHEMA),
                  drv_my_text_of(&catalog->table, 0, DRV_MY_NAME), &of);
    int status = find_triggers(connection, &of, deadline_us, &found, error);
    if (status == OUTFALL_OK && !found)
        status = find_references(connection, catalog, &of, deadline_us, &found, error);
    free_literals(&of);
    target->dependent = found;
    if (found)
        target->base.flags &= ~(uint32_t)OUTFALL_TARGET_BYTEWISE;
    return status;
}
