/* SPDX-License-Identifier: Apache-2.0 */
#include "mysql/describe.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "common/identifier.h"
#include "mysql/catalog.h"
#include "mysql/dependence.h"
#include "mysql/key.h"
#include "mysql/query.h"
#include "mysql/sql.h"
#include "mysql/statement.h"
#include "mysql/target.h"
#include "mysql/type.h"
#include "mysql/uniques.h"

/* A description under way. */
typedef struct description {
    outfall_connection *connection;
    const outfall_describe_options *options;
    drv_my_catalog catalog;
    int *rows; /* The catalog's rows of the columns taken, in the target's order. */
    size_t count;
    drv_my_target *target;
} description;

OUTFALL_PRINTF(3, 4)
static int refuse(outfall_error *error, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outfall_error_vset(error, status, OUTFALL_ACTION_STOP, format, arguments);
    va_end(arguments);
    return status;
}

/* Adds the column to an error. */
static int of_column(outfall_error *error, const char *column)
{
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column);
    return error != NULL ? error->status : OUTFALL_ERR_INVALID;
}

/* ---- The table -------------------------------------------------------------------------- */

#define ENGINE_NAME_MAX 64

static int check_view(const description *it, int64_t deadline_us, char *engine, size_t capacity,
                      outfall_error *error)
{
    if (it->options->mode != OUTFALL_MODE_INSERT)
        return refuse(error, OUTFALL_ERR_UNSUPPORTED,
                      "%.200s is a view, which has no key of its own: only mode=insert writes to "
                      "it; name the table behind it",
                      it->connection->subject);
    return drv_my_catalog_view_engine(it->connection, &it->catalog, deadline_us, engine, capacity,
                                      error);
}

static int check_table(const description *it, int64_t deadline_us, outfall_error *error)
{
    const char *subject = it->connection->subject;
    const char *type = drv_my_text_of(&it->catalog.table, 0, DRV_MY_TABLE_TYPE);
    char engine[ENGINE_NAME_MAX];
    int status = OUTFALL_OK;
    snprintf(engine, sizeof engine, "%s", drv_my_text_of(&it->catalog.table, 0, DRV_MY_ENGINE));
    if (strcmp(type, "SEQUENCE") == 0)
        return refuse(error, OUTFALL_ERR_UNSUPPORTED, "%.200s is a sequence; name a table",
                      subject);
    if (strstr(type, "VIEW") != NULL)
        status = check_view(it, deadline_us, engine, sizeof engine, error);
    if (status == OUTFALL_OK && strcasecmp(engine, "InnoDB") != 0)
        status = refuse(error, OUTFALL_ERR_UNSUPPORTED,
                        "%.140s has the engine %.32s, which cannot roll back: a failed batch would "
                        "stay by half; change it with ALTER TABLE %.140s ENGINE=InnoDB",
                        subject, engine, subject);
    return status;
}

/* ---- The columns ------------------------------------------------------------------------ */

static const char *column_name(const void *catalog, size_t index)
{
    return drv_my_text_of(&((const drv_my_catalog *)catalog)->columns, index, DRV_MY_COLUMN);
}

static bool is_generated(const description *it, size_t row)
{
    return drv_my_text_of(&it->catalog.columns, row, DRV_MY_GENERATED)[0] == '1';
}

static bool is_invisible(const description *it, size_t row)
{
    return drv_my_has_word(&it->catalog.columns, row, DRV_MY_EXTRA, "INVISIBLE");
}

static bool may_insert(const description *it, size_t row)
{
    return drv_my_has_word(&it->catalog.columns, row, DRV_MY_PRIVILEGES, "insert");
}

/* Columns that no one named. */
static int take_writable(description *it, outfall_error *error)
{
    const char *subject = it->connection->subject;
    bool any_right = false;
    for (size_t row = 0; row < it->catalog.columns.count; row++) {
        if (is_generated(it, row) || is_invisible(it, row))
            continue;
        /* A right to some columns only is the owner's word on which are ours to write. */
        any_right = any_right || may_insert(it, row);
        if (may_insert(it, row))
            it->rows[it->count++] = (int)row;
    }
    if (it->count > 0)
        return OUTFALL_OK;
    if (!any_right)
        return refuse(
            error, OUTFALL_ERR_DATABASE,
            "no right to insert into %.160s; have GRANT INSERT ON %.160s run for this user",
            subject, subject);
    return refuse(error, OUTFALL_ERR_UNSUPPORTED,
                  "the database fills every column of %.200s itself; none is left to write",
                  subject);
}

static int check_named(const description *it, size_t row, outfall_error *error)
{
    const char *name = column_name(&it->catalog, row);
    const char *subject = it->connection->subject;
    if (is_generated(it, row))
        refuse(error, OUTFALL_ERR_UNSUPPORTED,
               "column \"%s\" of %.160s is generated: the database computes it; leave it out", name,
               subject);
    else if (!may_insert(it, row))
        refuse(error, OUTFALL_ERR_DATABASE,
               "no right to insert column \"%s\" of %.160s; have GRANT INSERT (`%s`) run for this "
               "user",
               name, subject, name);
    else
        return OUTFALL_OK;
    return of_column(error, name);
}

static int fail_no_column(const description *it, const char *name, outfall_error *error)
{
    const char *near =
        drv_identifier_nearest(name, it->catalog.columns.count, column_name, &it->catalog);
    refuse(error, OUTFALL_ERR_NOT_FOUND,
           near != NULL ? "%.160s has no column \"%s\"; did you mean \"%s\"?"
                        : "%.160s has no column \"%s\"; add it, or leave it out%s",
           it->connection->subject, name, near != NULL ? near : "");
    return of_column(error, name);
}

static int take_named(description *it, outfall_error *error)
{
    for (size_t i = 0; i < it->options->column_count; i++) {
        const char *name = it->options->columns[i].name;
        int status = drv_my_check_name(name, "column", error);
        if (status != OUTFALL_OK)
            return status;
        int row = drv_my_catalog_find(&it->catalog, name);
        if (row < 0)
            return fail_no_column(it, name, error);
        for (size_t before = 0; before < it->count; before++) {
            if (it->rows[before] == row) {
                refuse(error, OUTFALL_ERR_INVALID, "column \"%s\" is named twice", name);
                return of_column(error, name);
            }
        }
        status = check_named(it, (size_t)row, error);
        if (status != OUTFALL_OK)
            return status;
        it->rows[it->count++] = row;
    }
    if (it->count == 0)
        return refuse(error, OUTFALL_ERR_INVALID, "no columns of %.200s are named",
                      it->connection->subject);
    return OUTFALL_OK;
}

/* ---- One column ------------------------------------------------------------------------- */

static bool is_primary(const description *it, size_t row)
{
    for (size_t i = 0; i < it->catalog.indexes.count; i++)
        if (strcmp(drv_my_text_of(&it->catalog.indexes, i, DRV_MY_INDEX), "PRIMARY") == 0 &&
            strcmp(drv_my_text_of(&it->catalog.indexes, i, DRV_MY_INDEX_COLUMN),
                   column_name(&it->catalog, row)) == 0)
            return true;
    return false;
}

static uint32_t flags_of(const description *it, size_t row)
{
    const drv_my_answer *columns = &it->catalog.columns;
    const char *by_default = drv_my_text_of(columns, row, DRV_MY_DEFAULT);
    uint32_t flags = 0;
    if (strcmp(drv_my_text_of(columns, row, DRV_MY_NULLABLE), "NO") == 0)
        flags |= OUTFALL_COLUMN_NOT_NULL;
    if (drv_my_has_word(columns, row, DRV_MY_EXTRA, "auto_increment"))
        flags |= OUTFALL_COLUMN_IDENTITY_DEFAULT | OUTFALL_COLUMN_DEFAULT;
    /* MariaDB spells "no default" of a nullable column as NULL, the word. */
    if (columns->rows[row][DRV_MY_DEFAULT] != NULL && strcmp(by_default, "NULL") != 0)
        flags |= OUTFALL_COLUMN_DEFAULT;
    if (is_primary(it, row))
        flags |= OUTFALL_COLUMN_KEY;
    return flags;
}

static bool is_json(const description *it, const char *name)
{
    if (it->catalog.shape == NULL)
        return false;
    unsigned count = mysql_num_fields(it->catalog.shape);
    const MYSQL_FIELD *fields = mysql_fetch_fields(it->catalog.shape);
    for (unsigned i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return drv_my_client_is_json(&fields[i]);
    return false;
}

static int refuse_column(const description *it, const outfall_column *column, const char *why,
                         outfall_error *error)
{
    refuse(error, OUTFALL_ERR_UNSUPPORTED, "column \"%s\" of %.160s is %.60s: %s", column->name,
           it->connection->subject, column->type_name, why);
    return of_column(error, column->name);
}

static int fill_column(description *it, size_t index, outfall_error *error)
{
    size_t row = (size_t)it->rows[index];
    const drv_my_answer *columns = &it->catalog.columns;
    outfall_column *column = &it->target->columns[index];
    drv_my_field *field = &it->target->fields[index];
    drv_my_dialect dialect = {it->connection->mariadb, it->connection->version};
    drv_my_type type = {
        .data_type = drv_my_text_of(columns, row, DRV_MY_DATA_TYPE),
        .column_type = drv_my_text_of(columns, row, DRV_MY_COLUMN_TYPE),
        .length = drv_my_number_of(columns, row, DRV_MY_LENGTH),
        .precision = drv_my_number_of(columns, row, DRV_MY_PRECISION),
        .scale = drv_my_number_of(columns, row, DRV_MY_SCALE),
        .fraction = drv_my_number_of(columns, row, DRV_MY_FRACTION),
        .is_json = is_json(it, column_name(&it->catalog, row)),
    };
    bool rounds = false;
    column->name = strdup(column_name(&it->catalog, row));
    column->type_name = strdup(type.column_type);
    if (column->name == NULL || column->type_name == NULL)
        return drv_fail_nomem(error);
    column->flags = flags_of(it, row);
    const char *why = drv_my_type_read(&type, dialect, column, &rounds);
    if (why != NULL)
        return refuse_column(it, column, why, error);
    if (rounds && !it->options->lossy)
        return refuse_column(it, column,
                             "the server would round values in silence; make it a type without "
                             "digits of its own, leave it out, or allow it by convert.lossy=round",
                             error);
    drv_my_field_init(field, column->type);
    if (drv_my_type_pads_bytes(&type) && !it->options->lossy)
        field->exact = column->length_max;
    bool has_members = strcmp(type.data_type, "enum") == 0 || strcmp(type.data_type, "set") == 0;
    if (has_members && !drv_my_members_read(type.column_type, &field->members))
        return drv_fail_nomem(error);
    return OUTFALL_OK;
}

/* ---- What a conflict changes ------------------------------------------------------------ */

static int plan_named_updates(const description *it, drv_my_target_plan *plan, outfall_error *error)
{
    for (size_t i = 0; i < it->options->update_count; i++) {
        const char *name = it->options->update[i];
        uint32_t column = 0;
        while (column < it->target->base.column_count &&
               strcasecmp(it->target->columns[column].name, name) != 0)
            column++;
        if (column == it->target->base.column_count || drv_my_key_has(it->target, column)) {
            refuse(error, OUTFALL_ERR_INVALID,
                   column == it->target->base.column_count
                       ? "update.columns names \"%s\", which the rows for %.160s do not have; take "
                         "it out, or add it to the rows"
                       : "update.columns names \"%s\", which is part of the key of %.160s; take it "
                         "out",
                   name, it->connection->subject);
            return of_column(error, name);
        }
        plan->updates[plan->update_count++] = it->target->columns[column].name;
    }
    return OUTFALL_OK;
}

/* Whether the rows have the column of that catalog row. */
static bool is_taken(const description *it, size_t row)
{
    for (size_t i = 0; i < it->count; i++)
        if (it->rows[i] == (int)row)
            return true;
    return false;
}

/*
 * Whether a column that the rows do not have goes back to its default when a row is replaced. What
 * identifies the row stays: a new number would part it from the rows that refer to it.
 */
static bool is_reset(const description *it, size_t row)
{
    return !is_taken(it, row) && !is_generated(it, row) && !is_primary(it, row) &&
           !drv_my_has_word(&it->catalog.columns, row, DRV_MY_EXTRA, "auto_increment");
}

static int plan_updates(const description *it, drv_my_target_plan *plan, outfall_error *error)
{
    uint32_t mode = it->options->mode;
    if (mode == OUTFALL_MODE_UPSERT && it->options->update != NULL)
        return plan_named_updates(it, plan, error);
    if (mode != OUTFALL_MODE_UPSERT && mode != OUTFALL_MODE_REPLACE)
        return OUTFALL_OK;
    for (uint32_t i = 0; i < it->target->base.column_count; i++)
        if (!drv_my_key_has(it->target, i))
            plan->updates[plan->update_count++] = it->target->columns[i].name;
    for (size_t row = 0; mode == OUTFALL_MODE_REPLACE && row < it->catalog.columns.count; row++)
        if (is_reset(it, row))
            plan->resets[plan->reset_count++] = column_name(&it->catalog, row);
    return OUTFALL_OK;
}

/*
 * Without the right to select, the catalog is asked whether the columns are as they were: true
 * where all are.
 */
static int make_catalog_check(const description *it, outfall_error *error)
{
    static const unsigned compared[] = {DRV_MY_COLUMN, DRV_MY_COLUMN_TYPE, DRV_MY_EXTRA};
    drv_text sql = {0};
    drv_text_format(&sql, "SELECT COUNT(*) = %zu FROM information_schema.COLUMNS WHERE ",
                    it->count);
    drv_text_add(&sql, "TABLE_SCHEMA = ");
    drv_my_add_literal(&sql, drv_my_text_of(&it->catalog.table, 0, DRV_MY_SCHEMA));
    drv_text_add(&sql, " AND TABLE_NAME = ");
    drv_my_add_literal(&sql, drv_my_text_of(&it->catalog.table, 0, DRV_MY_NAME));
    drv_text_add(&sql, " AND (COLUMN_NAME, BINARY COLUMN_TYPE, EXTRA) IN (");
    for (size_t i = 0; i < it->count; i++) {
        for (size_t j = 0; j < sizeof compared / sizeof compared[0]; j++) {
            drv_text_add(&sql, j > 0 ? ", " : i > 0 ? ", (" : "(");
            drv_my_add_literal(
                &sql, drv_my_text_of(&it->catalog.columns, (size_t)it->rows[i], compared[j]));
        }
        drv_text_add(&sql, ")");
    }
    drv_text_add(&sql, ")");
    it->target->question = drv_text_take(&sql);
    return it->target->question != NULL ? OUTFALL_OK : drv_fail_nomem(error);
}

static int finish(description *it, outfall_error *error)
{
    size_t room = it->catalog.columns.count + it->options->update_count + 1;
    drv_my_target_plan plan = {.updates = calloc(room, sizeof(char *)),
                               .resets = calloc(room, sizeof(char *)),
                               .others = calloc(room, sizeof(char *))};
    int status = OUTFALL_OK;
    if (plan.updates == NULL || plan.resets == NULL || plan.others == NULL)
        status = drv_fail_nomem(error);
    if (status == OUTFALL_OK)
        status = plan_updates(it, &plan, error);
    /* With a key a change of any column may be one of an index. */
    for (size_t row = 0; status == OUTFALL_OK && it->options->mode != OUTFALL_MODE_INSERT &&
                         row < it->catalog.columns.count;
         row++)
        if (!is_taken(it, row))
            plan.others[plan.other_count++] = column_name(&it->catalog, row);
    it->target->updates = plan.update_count + plan.reset_count > 0;
    if (status == OUTFALL_OK && it->catalog.shape == NULL)
        status = it->options->mode == OUTFALL_MODE_INSERT
                     ? make_catalog_check(it, error)
                     : refuse(error, OUTFALL_ERR_DATABASE,
                              "no right to select from %.120s, which a mode with a key needs; have "
                              "GRANT SELECT ON %.120s run for this user",
                              it->connection->subject, it->connection->subject);
    if (status == OUTFALL_OK)
        status = drv_my_target_finish(it->target, &plan, error);
    free(plan.updates);
    free(plan.resets);
    free(plan.others);
    return status;
}

/* ---- The target ------------------------------------------------------------------------- */

static int name_target(const description *it, outfall_error *error)
{
    drv_text display = {0};
    const char *table = drv_my_text_of(&it->catalog.table, 0, DRV_MY_NAME);
    drv_my_add_relation(&display, drv_my_text_of(&it->catalog.table, 0, DRV_MY_SCHEMA), table);
    it->target->display = drv_text_take(&display);
    it->target->schema = strdup(drv_my_text_of(&it->catalog.table, 0, DRV_MY_SCHEMA));
    it->target->table = strdup(table);
    snprintf(it->target->identity, sizeof it->target->identity, "%s",
             drv_my_text_of(&it->catalog.table, 0, DRV_MY_MARK));
    if (it->target->identity[0] != '\0')
        it->target->base.identity = it->target->identity;
    it->target->mode = it->options->mode;
    it->target->base.column_count = (uint32_t)it->count;
    it->target->columns = calloc(it->count + 1, sizeof *it->target->columns); /* Never of size 0. */
    it->target->fields = calloc(it->count + 1, sizeof *it->target->fields);
    if (it->target->display == NULL || it->target->schema == NULL || it->target->table == NULL ||
        it->target->columns == NULL || it->target->fields == NULL)
        return drv_fail_nomem(error);
    return OUTFALL_OK;
}

static int make_target(description *it, int64_t deadline_us, outfall_target **out,
                       outfall_error *error)
{
    it->target = calloc(1, sizeof *it->target);
    if (it->target == NULL)
        return drv_fail_nomem(error);
    int status = name_target(it, error);
    for (size_t i = 0; status == OUTFALL_OK && i < it->count; i++)
        status = fill_column(it, i, error);
    if (status == OUTFALL_OK)
        status = drv_my_key_resolve(&it->catalog, it->options, it->rows, it->target, error);
    if (status == OUTFALL_OK)
        status =
            drv_my_dependence_learn(it->connection, &it->catalog, it->target, deadline_us, error);
    if (status == OUTFALL_OK)
        status = finish(it, error);
    if (status == OUTFALL_OK && it->catalog.shape != NULL)
        status = drv_my_statement_learn_shapes(it->connection, it->target, deadline_us, error);
    if (status == OUTFALL_OK && it->catalog.shape != NULL)
        status = drv_my_uniques_learn(it->connection, it->target, deadline_us, error);
    if (status == OUTFALL_OK) {
        *out = &it->target->base;
        it->target = NULL; /* The caller owns it now. */
    }
    drv_my_target_free((outfall_target *)it->target);
    return status;
}

static int describe_found(description *it, int64_t deadline_us, outfall_target **out,
                          outfall_error *error)
{
    int status = check_table(it, deadline_us, error);
    if (status != OUTFALL_OK)
        return status;
    it->rows = calloc(it->catalog.columns.count + 1, sizeof *it->rows);
    if (it->rows == NULL)
        return drv_fail_nomem(error);
    status = it->options->columns == NULL ? take_writable(it, error) : take_named(it, error);
    if (status == OUTFALL_OK)
        status = make_target(it, deadline_us, out, error);
    free(it->rows);
    return status;
}

/*
 * Within a transaction the table's metadata lock holds it still, so that all that is asked for is
 * of one and the same table.
 */
static int describe(description *it, const outfall_table_name *name, int64_t deadline_us,
                    outfall_target **out, outfall_error *error)
{
    outfall_connection *connection = it->connection;
    bool own = connection->transaction == DRV_MY_NONE;
    int status = drv_my_catalog_read(connection, name, deadline_us, &it->catalog, error);
    if (status == OUTFALL_OK)
        status = describe_found(it, deadline_us, out, error);
    if (own && !connection->dead) {
        int ended = drv_my_query(connection, "ROLLBACK", deadline_us, NULL,
                                 status == OUTFALL_OK ? error : NULL);
        if (status == OUTFALL_OK && ended != OUTFALL_OK) {
            drv_my_target_free(*out);
            *out = NULL;
            status = ended;
        }
    }
    drv_my_catalog_free(&it->catalog);
    return status;
}

int drv_my_describe(outfall_connection *connection, const outfall_table_name *name,
                    const outfall_describe_options *options, int64_t deadline_us,
                    outfall_target **out, outfall_error *error)
{
    description it = {.connection = connection, .options = options};
    drv_text subject = {0};
    *out = NULL;
    int status = drv_my_check_table_name(name, error);
    if (status != OUTFALL_OK)
        return status;
    drv_my_add_relation(&subject, name->schema, name->table);
    if (subject.failed)
        status = drv_fail_nomem(error);
    if (status == OUTFALL_OK)
        status = drv_my_start(connection, "describing", subject.data, deadline_us, error);
    if (status == OUTFALL_OK)
        status = describe(&it, name, deadline_us, out, error);
    connection->subject = NULL;
    drv_text_free(&subject);
    return status;
}
