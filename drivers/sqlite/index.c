/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/index.h"

#include <stdlib.h>
#include <string.h>

#include "sqlite/query.h"

/* Adds an index without columns. NULL where memory could not be had. */
static lite_index *add_index(lite_indexes *to, const char *name, uint32_t flags)
{
    lite_index *list = realloc(to->list, ((size_t)to->count + 1) * sizeof *list);
    if (list == NULL)
        return NULL;
    to->list = list;
    lite_index *index = &list[to->count];
    memset(index, 0, sizeof *index);
    index->flags = flags;
    to->count++;
    if (name == NULL)
        return index;
    index->name = strdup(name);
    return index->name != NULL ? index : NULL;
}

/* Makes room for one more at the end of `*list`, which has `count`. Returns 0 where it fails. */
static int grow(char ***list, uint32_t count)
{
    char **grown = realloc(*list, ((size_t)count + 1) * sizeof *grown);
    if (grown == NULL)
        return 0;
    grown[count] = NULL;
    *list = grown;
    return 1;
}

/* `column` NULL: an expression. Returns 0 where memory could not be had. */
static int add_column(lite_index *index, const char *column, const char *collation)
{
    if (!grow(&index->columns, index->count) || !grow(&index->collations, index->count))
        return 0;
    uint32_t at = index->count++;
    if (column != NULL && (index->columns[at] = strdup(column)) == NULL)
        return 0;
    return collation == NULL || (index->collations[at] = strdup(collation)) != NULL;
}

/* Takes the column that the query is at: index, of the primary key, partial, column, collation. */
static int take(sqlite3_stmt *query, lite_indexes *to, outfall_error *error)
{
    const char *name = lite_query_text(query, 0);
    lite_index *index = to->count > 0 ? &to->list[to->count - 1] : NULL;
    if (index == NULL || index->name == NULL || strcmp(index->name, name) != 0) {
        uint32_t flags = sqlite3_column_int(query, 1) ? DRV_INDEX_PRIMARY : 0;
        flags |= sqlite3_column_int(query, 2) ? DRV_INDEX_PARTIAL : 0;
        index = add_index(to, name, flags);
    }
    const char *column = (const char *)sqlite3_column_text(query, 3);
    if (index == NULL || !add_column(index, column, lite_query_text(query, 4)))
        return drv_fail_nomem(error);
    return OUTFALL_OK;
}

int lite_indexes_read(outfall_connection *connection, const char *table, const char *row_key,
                      lite_indexes *out, outfall_error *error)
{
    static const char sql[] =
        "SELECT l.name, l.origin = 'pk', l.partial, x.name, x.coll FROM "
        "pragma_index_list(?1, 'main') l, pragma_index_xinfo(l.name, 'main') x "
        "WHERE l.\"unique\" AND x.key ORDER BY l.seq, x.seqno";
    sqlite3_stmt *query = NULL;
    int code = SQLITE_DONE;
    memset(out, 0, sizeof *out);
    if (row_key != NULL) {
        lite_index *index = add_index(out, NULL, DRV_INDEX_PRIMARY);
        if (index == NULL || !add_column(index, row_key, NULL))
            return drv_fail_nomem(error);
    }
    int status = lite_query(connection, sql, table, &query, error);
    while (status == OUTFALL_OK &&
           (status = lite_query_step(connection, query, table, &code, error)) == OUTFALL_OK &&
           code == SQLITE_ROW)
        status = take(query, out, error);
    sqlite3_finalize(query);
    return status;
}

void lite_indexes_free(lite_indexes *indexes)
{
    for (uint32_t i = 0; i < indexes->count; i++) {
        lite_index *index = &indexes->list[i];
        for (uint32_t j = 0; j < index->count; j++) {
            free(index->columns[j]);
            free(index->collations[j]);
        }
        free(index->columns);
        free(index->collations);
        free(index->name);
    }
    free(indexes->list);
    memset(indexes, 0, sizeof *indexes);
}

const char *lite_index_collation(const lite_index *index, const char *column)
{
    for (uint32_t i = 0; i < index->count; i++)
        if (index->columns[i] != NULL && drv_name_same_nocase(index->columns[i], column))
            return index->collations[i];
    return NULL;
}
