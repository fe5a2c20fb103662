/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite/rows.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "sqlite/type.h"

/* Powers of 10000 that a double holds in full: 1e-300 to 9.999e303. */
#define DOUBLE_WEIGHT_MAX 75

typedef struct rows_table {
    sqlite3_vtab base;
    lite_rows *rows;
} rows_table;

static lite_rows *rows_of(sqlite3_vtab_cursor *cursor)
{
    return ((rows_table *)cursor->pVtab)->rows;
}

/* ---- Fields ----------------------------------------------------------------------- */

static void give_text(sqlite3_context *context, const char *text, size_t length)
{
    sqlite3_result_text(context, text, (int)length, SQLITE_STATIC);
}

static int give_decimal(sqlite3_context *context, const lite_reader *reader, lite_slot *slot)
{
    const uint8_t *field = reader->field;
    int32_t length = reader->length;
    size_t room = outfall_decimal_text_max(field, length);
    if (room == 0)
        return LITE_REFUSED_MALFORMED;
    if (reader->number && outfall_read_i16(field) > 0) {
        int weight = outfall_read_i16(field + 2);
        if (weight > DOUBLE_WEIGHT_MAX || weight < -DOUBLE_WEIGHT_MAX)
            return LITE_REFUSED_RANGE;
    }
    if (room <= sizeof slot->text) {
        give_text(context, slot->text, outfall_decimal_text(field, length, slot->text));
        return LITE_REFUSED_NOT;
    }
    char *text = sqlite3_malloc64(room);
    if (text == NULL)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text(context, text, (int)outfall_decimal_text(field, length, text),
                            sqlite3_free);
    return LITE_REFUSED_NOT;
}

static int give_real(sqlite3_context *context, double number)
{
    if (number != number)
        return LITE_REFUSED_NAN; /* SQLite would store NULL. */
    sqlite3_result_double(context, number);
    return LITE_REFUSED_NOT;
}

/* The types that need their text made, or are rare; apart, so that the others stay short. */
static __attribute__((noinline)) int give_made(sqlite3_context *context, const lite_reader *reader,
                                               lite_slot *slot)
{
    const uint8_t *field = reader->field;
    size_t length;
    switch (reader->type) {
    case OUTFALL_TYPE_FLOAT32:
        return give_real(context, (double)outfall_read_f32(field));
    case OUTFALL_TYPE_DECIMAL:
        return give_decimal(context, reader, slot);
    case OUTFALL_TYPE_DATE:
        length = outfall_date_text(outfall_read_i32(field), slot->text);
        break;
    case OUTFALL_TYPE_TIME:
        length = outfall_time_text(outfall_read_i64(field), slot->text);
        break;
    case OUTFALL_TYPE_TIMESTAMP:
        length = drv_day_timestamp_text(&slot->day, outfall_read_i64(field), 0, slot->text);
        break;
    case OUTFALL_TYPE_TIMESTAMPTZ:
        length = drv_day_timestamp_text(&slot->day, outfall_read_i64(field), 1, slot->text);
        break;
    case OUTFALL_TYPE_UUID:
        length = outfall_uuid_text(field, slot->text);
        break;
    default: /* Text. */
        if (reader->number && lite_type_respells((const char *)field, (size_t)reader->length))
            return LITE_REFUSED_NUMBER;
        give_text(context, (const char *)field, (size_t)reader->length);
        return LITE_REFUSED_NOT;
    }
    give_text(context, slot->text, length);
    return LITE_REFUSED_NOT;
}

/* Hands one field to SQLite. Text and bytes are not copied: they outlive the statement. */
static int give(sqlite3_context *context, const lite_reader *reader, lite_slot *slot)
{
    const uint8_t *field = reader->field;
    if (reader->fixed >= 0 && reader->length != reader->fixed)
        return LITE_REFUSED_MALFORMED;
    switch (reader->type) {
    case OUTFALL_TYPE_BOOL:
        sqlite3_result_int(context, field[0] != 0);
        break;
    case OUTFALL_TYPE_INT16:
        sqlite3_result_int(context, outfall_read_i16(field));
        break;
    case OUTFALL_TYPE_INT32:
        sqlite3_result_int(context, outfall_read_i32(field));
        break;
    case OUTFALL_TYPE_INT64:
        sqlite3_result_int64(context, outfall_read_i64(field));
        break;
    case OUTFALL_TYPE_FLOAT64:
        return give_real(context, outfall_read_f64(field));
    case OUTFALL_TYPE_BYTES:
        sqlite3_result_blob(context, field, reader->length, SQLITE_STATIC);
        break;
    case OUTFALL_TYPE_TEXT:
        if (!reader->number) {
            give_text(context, (const char *)field, (size_t)reader->length);
            break;
        }
        return give_made(context, reader, slot);
    default:
        return give_made(context, reader, slot);
    }
    return LITE_REFUSED_NOT;
}

void lite_reader_init(lite_reader *reader, lite_slot *slot, uint32_t type, int number)
{
    memset(reader, 0, sizeof *reader);
    reader->type = (uint8_t)type;
    reader->fixed = outfall_type_fixed_bytes(type);
    reader->number = (uint8_t)number;
    slot->day = drv_day_none();
}

/* ---- Rows ------------------------------------------------------------------------- */

/* Goes to the row that is `row` of `span`, or to the first of a later span. */
static int open_row(lite_rows *rows)
{
    while (rows->span < rows->batch->span_count &&
           rows->row == rows->batch->spans[rows->span].count) {
        rows->span++;
        rows->row = 0;
    }
    if (rows->span == rows->batch->span_count)
        return SQLITE_OK;
    const outfall_span *span = &rows->batch->spans[rows->span];
    const uint8_t *at = span->base + outfall_span_entry(span, rows->row)->start;
    if (outfall_read_i16(at) != (int32_t)rows->columns) {
        rows->refusal = LITE_REFUSED_MALFORMED;
        rows->refused_column = 0;
        return SQLITE_ERROR;
    }
    at += 2;
    lite_reader *end = rows->readers + rows->columns;
    for (lite_reader *reader = rows->readers; reader < end; reader++)
        reader->length = outfall_field_next(&at, &reader->field);
    return SQLITE_OK;
}

int lite_rows_first(lite_rows *rows)
{
    rows->span = 0;
    rows->row = 0;
    rows->index = 0;
    return open_row(rows);
}

int lite_rows_next(lite_rows *rows)
{
    rows->row++;
    rows->index++;
    return open_row(rows);
}

int lite_rows_end(const lite_rows *rows)
{
    return rows->span == rows->batch->span_count;
}

/* Hands SQLite a field of the row that is open; SQLITE_ERROR where it is refused. */
static int give_field(lite_rows *rows, sqlite3_context *context, uint32_t column)
{
    const lite_reader *reader = &rows->readers[column];
    if (reader->length < 0)
        return SQLITE_OK; /* What is given nothing is NULL. */
    int refusal = give(context, reader, &rows->slots[column]);
    if (refusal == LITE_REFUSED_NOT)
        return SQLITE_OK;
    rows->refusal = refusal;
    rows->refused_column = column;
    return SQLITE_ERROR;
}

static void field_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    lite_rows *rows = sqlite3_user_data(context);
    uint32_t column = (uint32_t)sqlite3_value_int(values[0]);
    if (column >= rows->columns || give_field(rows, context, column) != SQLITE_OK)
        sqlite3_result_error_code(context, SQLITE_ERROR);
}

int lite_rows_register_field(sqlite3 *db, lite_rows *rows)
{
    return sqlite3_create_function_v2(db, LITE_FIELD_FUNCTION, 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                      rows, field_function, NULL, NULL, NULL);
}

/* ---- The virtual table ------------------------------------------------------------ */

static int rows_filter(sqlite3_vtab_cursor *cursor, int plan, const char *text, int count,
                       sqlite3_value **values)
{
    (void)plan;
    (void)text;
    (void)count;
    (void)values;
    return lite_rows_first(rows_of(cursor));
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
    return lite_rows_next(rows_of(cursor));
}

static int rows_eof(sqlite3_vtab_cursor *cursor)
{
    return lite_rows_end(rows_of(cursor));
}

static int rows_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
    return give_field(rows_of(cursor), context, (uint32_t)column);
}

static int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
    *rowid = (sqlite3_int64)rows_of(cursor)->index;
    return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
    (void)table;
    *cursor = calloc(1, sizeof **cursor);
    return *cursor != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1.0;
    return SQLITE_OK;
}

/* The table's name holds how many columns it has: "(outfall rows: 5 columns)". */
static int rows_connect(sqlite3 *db, void *context, int count, const char *const *words,
                        sqlite3_vtab **out, char **message)
{
    (void)count;
    (void)message;
    const char *digits = strchr(words[0], ':');
    long columns = digits != NULL ? strtol(digits + 1, NULL, 10) : 0;
    drv_text sql = {0};
    drv_text_add(&sql, "CREATE TABLE x(c0");
    for (long i = 1; i < columns; i++)
        drv_text_format(&sql, ",c%ld", i);
    drv_text_add(&sql, ")");
    rows_table *table = calloc(1, sizeof *table);
    int code = table == NULL || sql.failed ? SQLITE_NOMEM : sqlite3_declare_vtab(db, sql.data);
    if (code == SQLITE_OK) /* A trigger or view of the file's own must not read our rows. */
        code = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    drv_text_free(&sql);
    if (code != SQLITE_OK) {
        free(table);
        return code;
    }
    table->rows = context;
    *out = &table->base;
    return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* Without xCreate it exists by its name alone, and leaves no trace in the file. */
static const sqlite3_module rows_module = {
    .iVersion = 1,
    .xConnect = rows_connect,
    .xBestIndex = rows_best_index,
    .xDisconnect = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_filter,
    .xNext = rows_next,
    .xEof = rows_eof,
    .xColumn = rows_column,
    .xRowid = rows_rowid,
};

void lite_rows_name(uint32_t columns, char name[LITE_ROWS_NAME_MAX])
{
    snprintf(name, LITE_ROWS_NAME_MAX, "(outfall rows: %u columns)", columns);
}

int lite_rows_register(sqlite3 *db, lite_rows *rows, uint32_t columns)
{
    char name[LITE_ROWS_NAME_MAX];
    lite_rows_name(columns, name);
    return sqlite3_create_module_v2(db, name, &rows_module, rows, NULL);
}

void lite_rows_start(lite_rows *rows, const outfall_batch *batch, lite_reader *readers,
                     lite_slot *slots, uint32_t columns)
{
    memset(rows, 0, sizeof *rows);
    rows->batch = batch;
    rows->readers = readers;
    rows->slots = slots;
    rows->columns = columns;
}
