/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle_texts.h"

#include <stdlib.h>
#include <string.h>

#include "common/ledger.h"
#include "odbc/sql.h"
#include "odbc/xa.h"

#define COLUMNS 4

/* Names that Oracle takes, each a reason to go wrong. */
#define BYTES_16 "abcdefghijklmnop"
#define BYTES_64 BYTES_16 BYTES_16 BYTES_16 BYTES_16
#define LAST_LONG "no" BYTES_16 BYTES_16 BYTES_16 "abcdefghijkl" BYTES_64 "\xC3\xA9"
static const char *const NAMES[] = {
    "T",
    "select",
    "DUAL",
    " both ends ",
    "a'b",
    "a`b",
    "[x]",
    "a;--b",
    "/* no comment",
    "what?",
    ":1",
    "x = y) --",
    "a.b",
    "$n$c%s\\",
    "\xF0\x9F\x90\xA6",
    "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E",
    BYTES_64 BYTES_64,
    LAST_LONG,
};
#define NAME_COUNT (sizeof NAMES / sizeof NAMES[0])

struct run {
    void (*each)(const struct oracle_text *text, void *context);
    void *context;
    size_t count;
};

static void give(struct run *run, struct oracle_text *text, drv_text *from)
{
    if (from->failed)
        abort();
    text->text = from->data;
    run->each(text, run->context);
    run->count++;
    drv_text_free(from);
}

/* ---- Statements of a table ---------------------------------------------------------------- */

/* Which columns are the key, which MERGE updates, how many others it resets. */
static const struct {
    uint32_t key_count;
    uint32_t key[COLUMNS];
    uint8_t updated[COLUMNS];
    uint32_t reset_count;
} SHAPES[] = {
    {1, {0}, {0, 1, 1, 1}, 0}, {1, {2}, {1, 0, 0, 0}, 0}, {2, {3, 1}, {1, 0, 1, 0}, 1},
    {1, {0}, {0, 0, 0, 0}, 2}, {1, {0}, {0, 0, 0, 0}, 0}, {4, {0, 1, 2, 3}, {0, 0, 0, 0}, 0},
};

static const struct {
    const char *kind;
    enum drv_odbc_kind odbc;
} KINDS[] = {
    {"insert", DRV_ODBC_INSERT},
    {"merge", DRV_ODBC_UPSERT},
    {"merge", DRV_ODBC_IGNORE},
    {"delete", DRV_ODBC_ERASE},
};

static void give_shape(struct run *run, const drv_odbc_shape *shape, const char *const *resets,
                       const char *schema, const char *table)
{
    struct oracle_text text = {.schema = schema,
                               .table = table,
                               .columns = shape->columns,
                               .column_count = shape->column_count,
                               .key = shape->key,
                               .key_count = shape->key_count};
    drv_text sql = {0};
    text.kind = "select";
    drv_odbc_sql_probe(&sql, shape);
    give(run, &text, &sql);
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        int updates = KINDS[i].odbc == DRV_ODBC_UPSERT;
        text.kind = KINDS[i].kind;
        text.updated = updates ? shape->updated : NULL;
        text.resets = resets;
        text.reset_count = updates ? shape->reset_count : 0;
        drv_odbc_sql_write(&sql, shape, KINDS[i].odbc, 1);
        give(run, &text, &sql);
    }
}

static void give_shapes(struct run *run, size_t name)
{
    static const char *const resets[] = {"left out", "\xF0\x9F\x8C\xB1?"};
    outfall_column columns[COLUMNS] = {{.name = NULL}};
    const char *schema = name % 3 ? NULL : NAMES[(name + 5) % NAME_COUNT];
    drv_text table = {0}, sets[2] = {{0}, {0}};
    for (size_t i = 0; i < COLUMNS; i++)
        columns[i].name = NAMES[(name + i) % NAME_COUNT];
    drv_odbc_sql_table(&table, &drv_odbc_oracle, schema, NAMES[name]);
    for (size_t i = 0; i < 2; i++)
        drv_odbc_sql_reset(&sets[i], &drv_odbc_oracle, resets[i]);
    const char *const set_texts[] = {sets[0].data, sets[1].data};
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        drv_odbc_shape shape = {.dialect = &drv_odbc_oracle,
                                .table = table.data,
                                .columns = columns,
                                .column_count = COLUMNS,
                                .key = SHAPES[i].key,
                                .key_count = SHAPES[i].key_count,
                                .updated = SHAPES[i].updated,
                                .resets = set_texts,
                                .reset_count = SHAPES[i].reset_count};
        give_shape(run, &shape, resets, schema, NAMES[name]);
    }
    drv_text_free(&table);
    drv_text_free(&sets[0]);
    drv_text_free(&sets[1]);
}

/* ---- CREATE TABLE ------------------------------------------------------------------------- */

static const outfall_column TYPES[] = {
    {.name = "bool", .type = OUTFALL_TYPE_BOOL, .fraction_digits = -1},
    {.name = "int16", .type = OUTFALL_TYPE_INT16, .fraction_digits = -1},
    {.name = "int32", .type = OUTFALL_TYPE_INT32, .fraction_digits = -1},
    {.name = "int64", .type = OUTFALL_TYPE_INT64, .fraction_digits = -1},
    {.name = "float32", .type = OUTFALL_TYPE_FLOAT32, .fraction_digits = -1},
    {.name = "float64", .type = OUTFALL_TYPE_FLOAT64, .fraction_digits = -1},
    {.name = "decimal", .type = OUTFALL_TYPE_DECIMAL, .fraction_digits = -1},
    {.name = "decimal 12, 3", .type = OUTFALL_TYPE_DECIMAL, .precision = 12, .scale = 3},
    {.name = "decimal 38, 0", .type = OUTFALL_TYPE_DECIMAL, .precision = 38},
    {.name = "decimal 39, 0", .type = OUTFALL_TYPE_DECIMAL, .precision = 39},
    {.name = "text", .type = OUTFALL_TYPE_TEXT, .fraction_digits = -1},
    {.name = "text 20", .type = OUTFALL_TYPE_TEXT, .length_max = 20},
    {.name = "text 100000", .type = OUTFALL_TYPE_TEXT, .length_max = 100000},
    {.name = "bytes", .type = OUTFALL_TYPE_BYTES, .fraction_digits = -1},
    {.name = "bytes 20", .type = OUTFALL_TYPE_BYTES, .length_max = 20},
    {.name = "date", .type = OUTFALL_TYPE_DATE, .fraction_digits = -1},
    {.name = "timestamp", .type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = -1},
    {.name = "timestamp 0", .type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = 0},
    {.name = "timestamp 3", .type = OUTFALL_TYPE_TIMESTAMP, .fraction_digits = 3},
    {.name = "timestamptz", .type = OUTFALL_TYPE_TIMESTAMPTZ, .fraction_digits = -1},
    {.name = "timestamptz 3", .type = OUTFALL_TYPE_TIMESTAMPTZ, .fraction_digits = 3},
    {.name = "uuid", .type = OUTFALL_TYPE_UUID, .fraction_digits = -1},
    {.name = "json", .type = OUTFALL_TYPE_JSON, .fraction_digits = -1},
};
#define TYPE_COUNT (sizeof TYPES / sizeof TYPES[0])

/* What has no type that may be in a key: BLOB and CLOB of a size, and time zones. */
static int may_be_key(const outfall_column *column)
{
    return column->type != OUTFALL_TYPE_TIMESTAMPTZ && column->type != OUTFALL_TYPE_JSON;
}

static void give_create(struct run *run, const char *schema, const char *table,
                        const outfall_column *columns, size_t count)
{
    uint32_t key[TYPE_COUNT], key_count = 0;
    drv_text name = {0}, sql = {0};
    for (uint32_t i = 0; i < count; i++)
        if (columns[i].flags & OUTFALL_COLUMN_KEY)
            key[key_count++] = i;
    struct oracle_text text = {.kind = "create",
                               .schema = schema,
                               .table = table,
                               .columns = columns,
                               .column_count = (uint32_t)count,
                               .key = key,
                               .key_count = key_count};
    drv_odbc_sql_table(&name, &drv_odbc_oracle, schema, table);
    if (drv_odbc_sql_create(&sql, &drv_odbc_oracle, name.data, columns, count, NULL, NULL) !=
        OUTFALL_OK)
        abort();
    give(run, &text, &sql);
    drv_text_free(&name);
}

static void give_creates(struct run *run)
{
    outfall_column columns[TYPE_COUNT];
    memcpy(columns, TYPES, sizeof TYPES);
    give_create(run, NULL, "all types", columns, TYPE_COUNT);
    for (size_t i = 0; i < TYPE_COUNT; i++)
        columns[i].flags = i % 2 ? OUTFALL_COLUMN_NOT_NULL : 0;
    columns[3].flags = columns[11].flags = OUTFALL_COLUMN_KEY;
    give_create(run, "an owner", "all types", columns, TYPE_COUNT);
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        columns[i].flags = may_be_key(&columns[i]) ? OUTFALL_COLUMN_KEY : 0;
        give_create(run, NULL, columns[i].name, &columns[i], 1);
    }
    for (size_t i = 0; i < NAME_COUNT; i++) {
        columns[0].name = NAMES[i];
        columns[0].flags = OUTFALL_COLUMN_KEY;
        give_create(run, NULL, NAMES[i], columns, 1);
    }
}

/* ---- The ledger --------------------------------------------------------------------------- */

/* A driver whose statements are looked at, and are not run. */
struct outfall_connection {
    struct run *run;
    int64_t count; /* What it says of each. */
};

static int look_at(outfall_connection *connection, const char *sql, int64_t *count,
                   drv_ledger_row *row, int64_t deadline_us, outfall_error *error)
{
    struct run *run = connection->run;
    struct oracle_text text = {
        .kind = "ledger", .text = sql, .table = strstr(sql, DRV_LEDGER_TABLE)};
    text.table = text.table ? DRV_LEDGER_TABLE : DRV_LEDGER_LINES;
    (void)row;
    (void)deadline_us;
    (void)error;
    *count = connection->count;
    run->each(&text, run->context);
    run->count++;
    return OUTFALL_OK;
}

static void give_ledger(struct run *run)
{
    static const drv_ledger_dialect dialect = {.empty_is_null = 1,
                                               .add_literal = drv_ledger_add_raw,
                                               .add_text = drv_ledger_add_quoted,
                                               .run = look_at};
    struct outfall_connection connection = {run, 1};
    int64_t ignored;
    outfall_error error;
    for (int i = 0; i < DRV_LEDGER_TABLES; i++)
        look_at(&connection, drv_ledger_oracle[i], &ignored, NULL, 0, &error);
    for (size_t i = 0; i < NAME_COUNT; i++) {
        outfall_binding binding = {.source = i % 3 == 0   ? NULL
                                             : i % 3 == 1 ? ""
                                                          : "it's ~ ?",
                                   .target = i % 2 ? "oid:1" : NULL};
        outfall_fence fence = {.sink = NAMES[i],
                               .binding = i % 4 ? &binding : NULL,
                               .writer = NAMES[(i + 1) % NAME_COUNT],
                               .owner = INT64_MAX - (int64_t)i,
                               .checkpoint = (int64_t)i};
        outfall_ledger_line line = {
            .sink = NAMES[i], .writer = "w", .checkpoint = (int64_t)i * 300, .rows = INT64_MAX};
        connection.count = (int64_t)i % 2; /* 0: there is no line yet. */
        int status = drv_ledger_takeover(&dialect, &connection, &fence, (int)i % 3, 0, &error);
        status = status ? status : drv_ledger_fence(&dialect, &connection, &fence, 0, &error);
        status = status ? status : drv_ledger_write(&dialect, &connection, &line, 0, &error);
        status = status ? status : drv_ledger_read(&dialect, &connection, &line, 0, &error);
        fence.writer = NULL;
        status = status ? status : drv_ledger_takeover(&dialect, &connection, &fence, 0, 0, &error);
        if (status != OUTFALL_OK && connection.count == 1)
            abort();
    }
}

/* ---- Texts of no table -------------------------------------------------------------------- */

static void give_plain(struct run *run, const char *kind, const char *plain)
{
    struct oracle_text text = {.kind = kind, .text = plain};
    if (!plain)
        return;
    run->each(&text, run->context);
    run->count++;
}

static void give_two_phase(struct run *run, const drv_odbc_two_phase *by)
{
    static const char *const kinds[] = {[DRV_ODBC_XA_START] = "xa_start",
                                        [DRV_ODBC_XA_END] = "xa_end",
                                        [DRV_ODBC_XA_PREPARE] = "xa_prepare",
                                        [DRV_ODBC_XA_COMMIT] = "xa_commit",
                                        [DRV_ODBC_XA_ROLLBACK] = "xa_rollback"};
    drv_text kill = {0};
    for (int call = 0; call < DRV_ODBC_XA_CALLS; call++)
        give_plain(run, kinds[call], by->calls[call]);
    give_plain(run, "xa_last", by->last);
    give_plain(run, "holder", by->holder);
    drv_text_format(&kill, "%s'%s'%s", by->kill[0], "17,3301,@1", by->kill[1]);
    if (kill.failed)
        abort();
    give_plain(run, "kill", kill.data);
    drv_text_free(&kill);
}

size_t oracle_texts(void (*each)(const struct oracle_text *text, void *context), void *context)
{
    const drv_odbc_dialect *oracle = &drv_odbc_oracle;
    struct run run = {each, context, 0};
    for (const char *const *session = oracle->session; *session; session++)
        give_plain(&run, "session", *session);
    give_plain(&run, "savepoint", oracle->savepoint[DRV_ODBC_SAVEPOINT]);
    give_plain(&run, "release", oracle->savepoint[DRV_ODBC_RELEASE]);
    give_plain(&run, "rollback_to", oracle->savepoint[DRV_ODBC_ROLLBACK_TO]);
    give_plain(&run, "dictionary", oracle->queries.columns);
    give_plain(&run, "dictionary", oracle->queries.uniques);
    give_plain(&run, "dictionary", oracle->queries.identity);
    give_plain(&run, "dictionary", oracle->queries.schema);
    give_plain(&run, "dictionary", oracle->queries.ping);
    give_plain(&run, "dictionary", oracle->two_phase->list);
    give_plain(&run, "dictionary", oracle->two_phase->identify);
    give_two_phase(&run, oracle->two_phase);
    for (size_t i = 0; i < NAME_COUNT; i++)
        give_shapes(&run, i);
    give_creates(&run);
    give_ledger(&run);
    return run.count;
}
