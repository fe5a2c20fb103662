/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/lettertable.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/log.h"
#include "row/convert.h"
#include "row/encode.h"
#include "row/name.h"
#include "row/schema.h"
#include "row/text.h"

/* How often the table may change while a sink is open. */
#define TARGETS_MAX 1024

/* A description; those that are out of date may still be in use. */
typedef struct of_letter_target {
    struct of_letter_target *older;
    outfall_target *target;
} of_letter_target;

struct of_lettertable {
    outfall_table_name name;
    const outfall_driver *driver;
    pthread_mutex_t mutex; /* Over the list; never held across I/O. */
    of_letter_target *all; /* The newest first. */
    uint32_t count;
    _Atomic(outfall_target *) current;
};

/* ---- The columns ------------------------------------------------------------------ */

enum {
    COLUMN_SINK,
    COLUMN_WRITER,
    COLUMN_POSITION,
    COLUMN_SOURCE_OFFSET,
    COLUMN_KIND,
    COLUMN_ROW_JSON,
    COLUMN_STATUS,
    COLUMN_SQLSTATE,
    COLUMN_NATIVE_CODE,
    COLUMN_COLUMN_NAME,
    COLUMN_MESSAGE,
    COLUMN_REFUSED_AT,
    COLUMNS
};

/*
 * Names that no database reserves. The lengths are those of what can be in them, in bytes; the row
 * alone has none. No key: the same letter may come twice where delivery is at-least-once.
 */
static const outfall_column columns[COLUMNS] = {
    [COLUMN_SINK] = {.name = "sink",
                     .type = OUTFALL_TYPE_TEXT,
                     .flags = OUTFALL_COLUMN_NOT_NULL,
                     .length_max = 255},
    [COLUMN_WRITER] = {.name = "writer",
                       .type = OUTFALL_TYPE_TEXT,
                       .flags = OUTFALL_COLUMN_NOT_NULL,
                       .length_max = 63},
    [COLUMN_POSITION] = {.name = "position",
                         .type = OUTFALL_TYPE_INT64,
                         .flags = OUTFALL_COLUMN_NOT_NULL},
    [COLUMN_SOURCE_OFFSET] = {.name = "source_offset",
                              .type = OUTFALL_TYPE_INT64,
                              .flags = OUTFALL_COLUMN_NOT_NULL},
    [COLUMN_KIND] = {.name = "kind",
                     .type = OUTFALL_TYPE_TEXT,
                     .flags = OUTFALL_COLUMN_NOT_NULL,
                     .length_max = 6},
    [COLUMN_ROW_JSON] = {.name = "row_json",
                         .type = OUTFALL_TYPE_TEXT,
                         .flags = OUTFALL_COLUMN_NOT_NULL},
    [COLUMN_STATUS] = {.name = "status",
                       .type = OUTFALL_TYPE_TEXT,
                       .flags = OUTFALL_COLUMN_NOT_NULL,
                       .length_max = 32},
    [COLUMN_SQLSTATE] = {.name = "sql_state", .type = OUTFALL_TYPE_TEXT, .length_max = 5},
    [COLUMN_NATIVE_CODE] = {.name = "native_code", .type = OUTFALL_TYPE_INT32},
    [COLUMN_COLUMN_NAME] = {.name = "column_name",
                            .type = OUTFALL_TYPE_TEXT,
                            .length_max = OUTFALL_COLUMN_NAME_MAX - 1},
    [COLUMN_MESSAGE] = {.name = "message",
                        .type = OUTFALL_TYPE_TEXT,
                        .length_max = OUTFALL_MESSAGE_MAX - 1},
    [COLUMN_REFUSED_AT] = {.name = "refused_at",
                           .type = OUTFALL_TYPE_TIMESTAMPTZ,
                           .fraction_digits = -1},
};

/* ---- A letter as a row ------------------------------------------------------------ */

/* Text, or NULL where there is none: to Oracle the empty text is NULL anyhow. */
static outfall_value text_or_null(const char *text)
{
    size_t length = strlen(text);
    if (length == 0)
        return (outfall_value){.type = OUTFALL_TYPE_NULL};
    return (outfall_value){.type = OUTFALL_TYPE_TEXT, .length = (uint32_t)length, .as.data = text};
}

static outfall_value integer(uint32_t type, int64_t number)
{
    return (outfall_value){.type = type, .as.integer = number};
}

/* What a server has said may be cut within a character, or in another encoding. */
static void make_utf8(const char *text, char *out, size_t capacity)
{
    size_t offset = 0;
    snprintf(out, capacity, "%s", text);
    while (of_text_check(out, strlen(out), &offset) != OF_TEXT_GOOD)
        out[offset] = '?';
}

/* Adds a field to the row in `out`. A time that the column cannot hold is left out. */
static int add_field(const outfall_column *column, const outfall_value *value, of_scratch *out,
                     size_t *bytes, outfall_error *error)
{
    size_t field_bytes = 0;
    size_t room = of_convert_bytes_max(column, value);
    int status = of_scratch_reserve(out, *bytes + (room < 4 ? 4 : room), *bytes, error);
    if (status != OUTFALL_OK)
        return status;
    uint8_t *at = (uint8_t *)out->data + *bytes;
    bool is_time = value->type == OUTFALL_TYPE_TIMESTAMPTZ;
    status = of_convert(column, value, is_time, at, &field_bytes, error);
    if (status == OUTFALL_ERR_REFUSED && is_time) {
        field_bytes = of_encode_null(at); /* MariaDB's end in 2038. */
        status = OUTFALL_OK;
    }
    *bytes += field_bytes;
    return status;
}

static int encode(const outfall_target *target, const of_letter *letter,
                  const of_letter_place *place, of_scratch *out, size_t *bytes,
                  outfall_error *error)
{
    static const char *const kinds[] = {"insert", "update", "delete"};
    char column[OUTFALL_COLUMN_NAME_MAX], message[OUTFALL_MESSAGE_MAX], sqlstate[6];
    make_utf8(letter->error.column, column, sizeof column);
    make_utf8(letter->error.message, message, sizeof message);
    make_utf8(letter->error.sqlstate, sqlstate, sizeof sqlstate);
    outfall_value values[COLUMNS] = {
        [COLUMN_SINK] = text_or_null(place->sink),
        [COLUMN_WRITER] = text_or_null(letter->writer),
        [COLUMN_POSITION] = integer(OUTFALL_TYPE_INT64, (int64_t)letter->position),
        [COLUMN_SOURCE_OFFSET] = integer(OUTFALL_TYPE_INT64, (int64_t)letter->source_offset),
        [COLUMN_KIND] = text_or_null(kinds[place->kind]),
        [COLUMN_ROW_JSON] = {.type = OUTFALL_TYPE_TEXT,
                             .length = (uint32_t)letter->row_bytes,
                             .as.data = letter->row},
        [COLUMN_STATUS] = text_or_null(outfall_status_name(letter->error.status)),
        [COLUMN_SQLSTATE] = text_or_null(sqlstate),
        [COLUMN_NATIVE_CODE] =
            integer(letter->error.native_code == 0 ? OUTFALL_TYPE_NULL : OUTFALL_TYPE_INT32,
                    letter->error.native_code),
        [COLUMN_COLUMN_NAME] = text_or_null(column),
        [COLUMN_MESSAGE] = text_or_null(message),
        [COLUMN_REFUSED_AT] = integer(OUTFALL_TYPE_TIMESTAMPTZ, place->refused_at_us),
    };
    int status = letter->row_bytes > OF_FIELD_BYTES_MAX
                     ? of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                               "a refused row takes more than 1 GiB as JSON: lower row.bytes.max")
                     : of_scratch_reserve(out, 2, 0, error);
    if (status == OUTFALL_OK)
        of_store_i16((uint8_t *)out->data, COLUMNS);
    *bytes = 2;
    for (int i = 0; i < COLUMNS && status == OUTFALL_OK; i++)
        status = add_field(&target->columns[i], &values[i], out, bytes, error);
    return status;
}

int of_letter_encode(const outfall_target *target, const of_letter *letter,
                     const of_letter_place *place, of_scratch *out, size_t *bytes,
                     outfall_error *error)
{
    int status = encode(target, letter, place, out, bytes, error);
    return status == OUTFALL_OK ? status : of_lettertable_blame(target, error);
}

int of_lettertable_blame(const outfall_target *target, outfall_error *error)
{
    const outfall_error why = *error;
    snprintf(error->message, sizeof error->message, "the dead-letter table %.150s: %.340s",
             target->display_name, why.message);
    error->row = -1;
    if (why.action == OUTFALL_ACTION_ROW)
        error->action = OUTFALL_ACTION_STOP;
    return error->status;
}

/* ---- Opening ---------------------------------------------------------------------- */

/* Whether the columns take the longest of each text, and the least and most of each number. */
static int check_columns(const outfall_target *target, outfall_error *error)
{
    static const int64_t ends[] = {INT64_MAX, 0, INT32_MIN};
    const outfall_column *row = &target->columns[COLUMN_ROW_JSON];
    of_letter letter = {.row = (char *)"{\"a\": 1}", .row_bytes = 8};
    of_letter_place place = {.kind = OUTFALL_ROW_DELETE};
    char sink[256] = "";
    of_scratch scratch = {NULL, 0};
    int status = OUTFALL_OK;
    size_t bytes;
    if (row->length_max != 0)
        return of_fail_column(error, OUTFALL_ERR_REFUSED, row->name,
                              "column \"%s\" holds rows of any length, not of at most %u",
                              row->name, row->length_max);
    memset(sink, 'x', sizeof sink - 1);
    memset(letter.writer, 'x', sizeof letter.writer - 1);
    memset(letter.error.column, 'x', sizeof letter.error.column - 1);
    memset(letter.error.message, 'x', sizeof letter.error.message - 1);
    memset(letter.error.sqlstate, 'X', sizeof letter.error.sqlstate - 1);
    letter.error.status = OUTFALL_ERR_UNKNOWN; /* The longest name. */
    place.sink = sink;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0] && status == OUTFALL_OK; i++) {
        letter.position = letter.source_offset = ends[i] < 0 ? 0 : (uint64_t)ends[i];
        letter.error.native_code = (int32_t)(ends[i] > INT32_MAX ? INT32_MAX : ends[i]);
        status = encode(target, &letter, &place, &scratch, &bytes, error);
    }
    of_scratch_free(&scratch);
    return status;
}

/* A column that letters do not have, and that the database has no value for. */
static int check_others(const outfall_table_name *name, of_lease *lease, outfall_error *error)
{
    const outfall_describe_options all = {.struct_size = sizeof all};
    outfall_target *target;
    outfall_error why;
    int status = of_lease_describe(lease, name, &all, &target, &why);
    if (status != OUTFALL_OK) /* A column of an odd type that is left out anyhow is no matter. */
        return why.action == OUTFALL_ACTION_RETRY ? of_fail_copy(error, &why) : OUTFALL_OK;
    for (uint32_t i = 0; i < target->column_count && status == OUTFALL_OK; i++) {
        const outfall_column *column = &target->columns[i];
        bool ours = false;
        for (int at = 0; at < COLUMNS; at++)
            ours = ours || strcmp(columns[at].name, column->name) == 0;
        const uint32_t filled = OUTFALL_COLUMN_DEFAULT | OUTFALL_COLUMN_GENERATED |
                                OUTFALL_COLUMN_IDENTITY_ALWAYS | OUTFALL_COLUMN_IDENTITY_DEFAULT;
        if (!ours && (column->flags & OUTFALL_COLUMN_NOT_NULL) != 0 &&
            (column->flags & filled) == 0)
            status = of_fail_column(error, OUTFALL_ERR_REFUSED, column->name,
                                    "column \"%s\" is NOT NULL and has no default", column->name);
    }
    lease->driver->target_free(target);
    return status;
}

static int describe(const outfall_table_name *name, of_lease *lease, outfall_target **out,
                    outfall_error *error)
{
    const outfall_describe_options options = {
        .struct_size = sizeof options, .columns = columns, .column_count = COLUMNS};
    return of_lease_describe(lease, name, &options, out, error);
}

static int create(const outfall_table_name *name, of_lease *lease, outfall_error *error)
{
    outfall_schema *schema;
    int status = of_schema_copy(columns, COLUMNS, &schema, error);
    if (status != OUTFALL_OK)
        return status;
    status = of_lease_create_table(lease, name, schema, error);
    outfall_schema_free(schema);
    return status;
}

/* Says that it is the option's table that an error is about; of its columns, what to do. */
static int explain(const outfall_table_name *name, bool of_columns, const outfall_error *why,
                   outfall_error *error)
{
    const char *advice =
        of_columns ? "; rename that table and it is made anew, or name another" : "";
    if (error == NULL)
        return why->status;
    *error = *why;
    if (of_columns)
        error->status = OUTFALL_ERR_CONFIG;
    if (why->action == OUTFALL_ACTION_ROW)
        error->action = OUTFALL_ACTION_STOP;
    snprintf(error->message, sizeof error->message,
             "option deadletter.table: \"%.100s\" cannot take dead letters: %.280s%s", name->table,
             why->message, advice);
    return error->status;
}

/* Describes the table, which is made where it is missing, and looks whether letters fit. */
static int find(const outfall_table_name *name, of_lease *lease, outfall_target **out,
                outfall_error *error)
{
    outfall_error why;
    int status = describe(name, lease, out, &why);
    if (status == OUTFALL_ERR_NOT_FOUND && why.column[0] == '\0') {
        status = create(name, lease, &why);
        if (status == OUTFALL_OK)
            status = describe(name, lease, out, &why);
    }
    if (status != OUTFALL_OK)
        return explain(name, why.column[0] != '\0', &why, error);
    status = check_columns(*out, &why);
    if (status == OUTFALL_OK)
        status = check_others(name, lease, &why);
    if (status == OUTFALL_OK)
        return OUTFALL_OK;
    lease->driver->target_free(*out);
    *out = NULL;
    return explain(name, status == OUTFALL_ERR_REFUSED, &why, error);
}

/* Makes `target` the current one, and the table's. */
static int add_target(of_lettertable *table, outfall_target *target, outfall_error *error)
{
    if (table->count == TARGETS_MAX)
        return of_fail(error, OUTFALL_ERR_UNSUPPORTED,
                       "the columns of the dead-letter table %s have changed %u times: open the "
                       "sink anew",
                       table->name.table, table->count);
    of_letter_target *one = of_calloc(1, sizeof *one);
    if (one == NULL)
        return of_fail_nomem(error);
    one->target = target;
    one->older = table->all;
    table->all = one;
    table->count++;
    atomic_store_explicit(&table->current, target, memory_order_release);
    return OUTFALL_OK;
}

int of_lettertable_open(const outfall_table_name *name, of_lease *lease, of_lettertable **out,
                        outfall_error *error)
{
    outfall_target *target = NULL;
    *out = NULL;
    of_lettertable *table = of_calloc(1, sizeof *table);
    if (table == NULL)
        return of_fail_nomem(error);
    pthread_mutex_init(&table->mutex, NULL);
    table->driver = lease->driver;
    table->name.table = of_strdup(name->table);
    table->name.schema = name->schema == NULL ? NULL : of_strdup(name->schema);
    int status = OUTFALL_OK;
    if (table->name.table == NULL || (name->schema != NULL && table->name.schema == NULL))
        status = of_fail_nomem(error);
    if (status == OUTFALL_OK)
        status = find(name, lease, &target, error);
    if (status == OUTFALL_OK)
        status = add_target(table, target, error);
    if (status == OUTFALL_OK) {
        *out = table;
        return OUTFALL_OK;
    }
    if (target != NULL)
        lease->driver->target_free(target);
    of_lettertable_free(table);
    return status;
}

void of_lettertable_free(of_lettertable *table)
{
    if (table == NULL)
        return;
    while (table->all != NULL) {
        of_letter_target *one = table->all;
        table->all = one->older;
        table->driver->target_free(one->target);
        of_free(one);
    }
    of_table_name_free(&table->name);
    pthread_mutex_destroy(&table->mutex);
    of_free(table);
}

outfall_target *of_lettertable_target(of_lettertable *table)
{
    return atomic_load_explicit(&table->current, memory_order_acquire);
}

int of_lettertable_redescribe(of_lettertable *table, of_lease *lease, const outfall_target *known,
                              outfall_error *error)
{
    outfall_target *target = NULL;
    if (of_lettertable_target(table) != known)
        return OUTFALL_OK; /* Another flusher was first. */
    int status = find(&table->name, lease, &target, error);
    if (status != OUTFALL_OK)
        return status;
    pthread_mutex_lock(&table->mutex);
    if (of_lettertable_target(table) == known) {
        status = add_target(table, target, error);
        if (status == OUTFALL_OK)
            target = NULL;
    }
    pthread_mutex_unlock(&table->mutex);
    if (target != NULL)
        table->driver->target_free(target);
    if (status == OUTFALL_OK)
        of_log(OF_LOG_WARNING, "the dead-letter table has changed; described again");
    return status;
}
