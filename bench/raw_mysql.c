/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_mysql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_ROWS 1000 /* 5,000 parameters of at most 65,535. */
#define LINE_MAX_BYTES 160
#define UPDATE                                                                                     \
    " ON DUPLICATE KEY UPDATE ts = VALUES(ts), device = VALUES(device), "                          \
    "metric = VALUES(metric), note = VALUES(note)"

/* A row as the library reads it. */
struct mysql_row {
    long long id;
    MYSQL_TIME ts;
    int device;
    double metric;
    char note[ROW_NOTE_BYTES];
    unsigned long note_length;
};

struct raw_mysql {
    MYSQL *connection;
    MYSQL_STMT *array, *multirow, *rest; /* rest: of one row. */
    MYSQL_BIND *binds;                   /* STATEMENT_ROWS × ROW_COLUMNS. */
    struct mysql_row *rows;              /* A batch. */
    size_t batch_rows;
    int is_upsert;
    struct row_date date;
    /* LOAD DATA: what the file that the server asks for holds. */
    const struct bench_row *load;
    size_t load_left;
};

int raw_mysql_failed(MYSQL *connection, const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, "%s: %s", what,
                             connection == NULL ? "out of memory" : mysql_error(connection));
}

static int failed_statement(MYSQL_STMT *statement, const char *what, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP, "%s: %s", what,
                             statement == NULL ? "out of memory" : mysql_stmt_error(statement));
}

/* The byte of "%XX" at `at`, or -1. */
static int percent_byte(const char *at)
{
    char hex[3] = {0}, *end;
    if (at[0] != '%' || at[1] == '\0' || at[2] == '\0')
        return -1;
    memcpy(hex, at + 1, 2);
    long byte = strtol(hex, &end, 16);
    return *end == '\0' ? (int)byte : -1;
}

/* The URL's socket, with %XX undone. */
static void socket_of(const char *url, char *out, size_t capacity)
{
    const char *at = strstr(url, "socket=");
    size_t used = 0;
    for (at = at == NULL ? "" : at + strlen("socket="); *at != '\0' && used + 1 < capacity; at++) {
        int byte = percent_byte(at);
        out[used++] = byte < 0 ? *at : (char)byte;
        at += byte < 0 ? 0 : 2;
    }
    out[used] = '\0';
}

int raw_mysql_connect(const char *url, MYSQL **out, outfall_error *error)
{
    char socket[4096];
    int status = OUTFALL_OK;
    unsigned local = 1;
    socket_of(url, socket, sizeof socket);
    *out = mysql_init(NULL);
    if (*out == NULL)
        return raw_mysql_failed(NULL, "cannot start", error);
    mysql_options(*out, MYSQL_OPT_LOCAL_INFILE, &local);
    mysql_options(*out, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(*out, NULL, "root", NULL, "bench", 0, socket, 0) == NULL) {
        status = raw_mysql_failed(*out, "cannot connect to MariaDB", error);
        mysql_close(*out);
        *out = NULL;
    }
    return status;
}

int raw_mysql_command(MYSQL *connection, const char *sql, outfall_error *error)
{
    if (mysql_query(connection, sql) != 0)
        return raw_mysql_failed(connection, sql, error);
    mysql_free_result(mysql_store_result(connection));
    return OUTFALL_OK;
}

/* ---- Statements ------------------------------------------------------------------- */

static int prepare(struct raw_mysql *raw, size_t rows, MYSQL_STMT **out, outfall_error *error)
{
    static const char head[] = "INSERT INTO " ROW_TABLE " VALUES ";
    size_t capacity = sizeof head + rows * sizeof ",(?,?,?,?,?)" + sizeof UPDATE;
    char *sql = malloc(capacity);
    int status = OUTFALL_OK;
    *out = mysql_stmt_init(raw->connection);
    if (sql == NULL || *out == NULL) {
        free(sql);
        return failed_statement(NULL, "cannot prepare", error);
    }
    size_t used = (size_t)snprintf(sql, capacity, "%s", head);
    for (size_t i = 0; i < rows; i++)
        used += (size_t)snprintf(sql + used, capacity - used, "%s(?,?,?,?,?)", i == 0 ? "" : ",");
    used += (size_t)snprintf(sql + used, capacity - used, "%s", raw->is_upsert ? UPDATE : "");
    if (mysql_stmt_prepare(*out, sql, used) != 0)
        status = failed_statement(*out, "cannot prepare", error);
    free(sql);
    return status;
}

static void bind_row(MYSQL_BIND *binds, struct mysql_row *row)
{
    memset(binds, 0, ROW_COLUMNS * sizeof *binds);
    binds[0] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &row->id};
    binds[1] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_DATETIME, .buffer = &row->ts};
    binds[2] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONG, .buffer = &row->device};
    binds[3] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &row->metric};
    binds[4] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                            .buffer = row->note,
                            .buffer_length = ROW_NOTE_BYTES,
                            .length = &row->note_length};
}

/* Binds the first rows of the batch's array, once: later batches lie at the same place. */
static int bind_rows(struct raw_mysql *raw, MYSQL_STMT *statement, size_t rows,
                     outfall_error *error)
{
    for (size_t i = 0; i < rows; i++)
        bind_row(raw->binds + i * ROW_COLUMNS, &raw->rows[i]);
    if (mysql_stmt_bind_param(statement, raw->binds) != 0)
        return failed_statement(statement, "cannot bind", error);
    return OUTFALL_OK;
}

static void close_raw(void *context)
{
    struct raw_mysql *raw = context;
    if (raw == NULL)
        return;
    if (raw->array != NULL)
        mysql_stmt_close(raw->array);
    if (raw->multirow != NULL)
        mysql_stmt_close(raw->multirow);
    if (raw->rest != NULL)
        mysql_stmt_close(raw->rest);
    mysql_close(raw->connection);
    free(raw->binds);
    free(raw->rows);
    free(raw);
}

static int read_load(void *context, char *buffer, unsigned length);

/* The server asks for a file, and gets the rows at hand. */
static int start_load(void **out, const char *name, void *context)
{
    (void)name;
    *out = context;
    return 0;
}

static void end_load(void *context)
{
    (void)context;
}

static int fail_load(void *context, char *message, unsigned length)
{
    (void)context;
    snprintf(message, length, "cannot spell the rows");
    return 1;
}

static int open_raw(void **out, const char *url, size_t batch_rows, int is_upsert,
                    outfall_error *error)
{
    struct raw_mysql *raw = calloc(1, sizeof *raw);
    size_t row_bytes = sizeof *raw->rows;
    *out = raw;
    if (raw == NULL)
        return raw_mysql_failed(NULL, "cannot start", error);
    raw->batch_rows = batch_rows;
    raw->is_upsert = is_upsert;
    raw->binds = calloc((size_t)STATEMENT_ROWS * ROW_COLUMNS, sizeof *raw->binds);
    raw->rows = calloc(batch_rows > STATEMENT_ROWS ? batch_rows : STATEMENT_ROWS, row_bytes);
    if (raw->binds == NULL || raw->rows == NULL)
        return raw_mysql_failed(NULL, "cannot start", error);
    int status = raw_mysql_connect(url, &raw->connection, error);
    if (status == OUTFALL_OK && mysql_autocommit(raw->connection, 0) != 0)
        status = raw_mysql_failed(raw->connection, "cannot set autocommit", error);
    if (status == OUTFALL_OK)
        status = prepare(raw, 1, &raw->array, error);
    if (status == OUTFALL_OK)
        status = prepare(raw, 1, &raw->rest, error);
    if (status == OUTFALL_OK)
        status = prepare(raw, STATEMENT_ROWS, &raw->multirow, error);
    if (status == OUTFALL_OK && mysql_stmt_attr_set(raw->array, STMT_ATTR_ROW_SIZE, &row_bytes))
        status = failed_statement(raw->array, "cannot bind row-wise", error);
    if (status == OUTFALL_OK)
        mysql_set_local_infile_handler(raw->connection, start_load, read_load, end_load, fail_load,
                                       raw);
    return status;
}

static int open_insert(void **out, const char *url, size_t batch_rows, outfall_error *error)
{
    return open_raw(out, url, batch_rows, 0, error);
}

static int open_upsert(void **out, const char *url, size_t batch_rows, outfall_error *error)
{
    return open_raw(out, url, batch_rows, 1, error);
}

/* ---- Writing ---------------------------------------------------------------------- */

static unsigned digits(const char *text, int count)
{
    unsigned number = 0;
    for (int i = 0; i < count; i++)
        number = number * 10 + (unsigned)(text[i] - '0');
    return number;
}

static void convert(struct raw_mysql *raw, const struct bench_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mysql_row *to = &raw->rows[i];
        struct row_clock clock = row_clock_of(&rows[i], &raw->date);
        to->id = rows[i].id;
        to->ts = (MYSQL_TIME){.year = digits(raw->date.text, 4),
                              .month = digits(raw->date.text + 5, 2),
                              .day = digits(raw->date.text + 8, 2),
                              .hour = clock.hour,
                              .minute = clock.minute,
                              .second = clock.second,
                              .second_part = clock.microsecond,
                              .time_type = MYSQL_TIMESTAMP_DATETIME};
        to->device = rows[i].device;
        to->metric = rows[i].metric;
        memcpy(to->note, rows[i].note, ROW_NOTE_BYTES);
        to->note_length = ROW_NOTE_BYTES;
    }
}

/* An upsert's rows count 1 where new, 2 where changed. */
static int check_count(const struct raw_mysql *raw, uint64_t wrote, size_t count,
                       outfall_error *error)
{
    if (wrote == count || (raw->is_upsert && wrote > count && wrote <= 2 * count))
        return OUTFALL_OK;
    return outfall_error_set(error, OUTFALL_ERR_DATABASE, OUTFALL_ACTION_STOP,
                             "wrote %llu rows of %zu", (unsigned long long)wrote, count);
}

static int execute(const struct raw_mysql *raw, MYSQL_STMT *statement, size_t count,
                   outfall_error *error)
{
    if (mysql_stmt_execute(statement) != 0)
        return failed_statement(statement, "cannot write", error);
    return check_count(raw, mysql_stmt_affected_rows(statement), count, error);
}

static int commit(struct raw_mysql *raw, int status, outfall_error *error)
{
    if (status == OUTFALL_OK && mysql_commit(raw->connection) != 0)
        status = raw_mysql_failed(raw->connection, "cannot commit", error);
    return status;
}

static int batch_array(void *context, const struct bench_row *rows, size_t count,
                       outfall_error *error)
{
    struct raw_mysql *raw = context;
    unsigned size = (unsigned)count;
    convert(raw, rows, count);
    int status = OUTFALL_OK;
    if (mysql_stmt_attr_set(raw->array, STMT_ATTR_ARRAY_SIZE, &size))
        status = failed_statement(raw->array, "cannot set the array's size", error);
    if (status == OUTFALL_OK)
        status = bind_rows(raw, raw->array, 1, error);
    if (status == OUTFALL_OK)
        status = execute(raw, raw->array, count, error);
    return commit(raw, status, error);
}

static int batch_multirow(void *context, const struct bench_row *rows, size_t count,
                          outfall_error *error)
{
    struct raw_mysql *raw = context;
    int status = OUTFALL_OK;
    for (size_t i = 0, step; i < count && status == OUTFALL_OK; i += step) {
        step = count - i >= STATEMENT_ROWS ? STATEMENT_ROWS : 1;
        MYSQL_STMT *statement = step > 1 ? raw->multirow : raw->rest;
        convert(raw, rows + i, step);
        status = bind_rows(raw, statement, step, error);
        if (status == OUTFALL_OK)
            status = execute(raw, statement, step, error);
    }
    return commit(raw, status, error);
}

static int write_array(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    const struct raw_mysql *mysql = raw;
    return raw_each_batch(batch_array, raw, mysql->batch_rows, rows, count, error);
}

static int write_multirow(void *raw, const struct bench_row *rows, size_t count,
                          outfall_error *error)
{
    const struct raw_mysql *mysql = raw;
    return raw_each_batch(batch_multirow, raw, mysql->batch_rows, rows, count, error);
}

/* ---- LOAD DATA LOCAL -------------------------------------------------------------- */

/* Spells rows, tabs between their fields, until the buffer has no room for one more. */
static int read_load(void *context, char *buffer, unsigned length)
{
    struct raw_mysql *raw = context;
    unsigned used = 0;
    for (; raw->load_left > 0 && length - used > LINE_MAX_BYTES; raw->load++, raw->load_left--) {
        char timestamp[ROW_TIMESTAMP_BYTES];
        row_timestamp_text(raw->load, &raw->date, timestamp);
        used += (unsigned)snprintf(buffer + used, LINE_MAX_BYTES, "%lld\t%.*s\t%d\t%.17g\t%.*s\n",
                                   (long long)raw->load->id, ROW_TIMESTAMP_BYTES, timestamp,
                                   raw->load->device, raw->load->metric, ROW_NOTE_BYTES,
                                   raw->load->note);
    }
    return (int)used;
}

static int batch_load(void *context, const struct bench_row *rows, size_t count,
                      outfall_error *error)
{
    struct raw_mysql *raw = context;
    int status = OUTFALL_OK;
    raw->load = rows;
    raw->load_left = count;
    if (mysql_query(raw->connection,
                    "LOAD DATA LOCAL INFILE 'rows' INTO TABLE " ROW_TABLE " CHARACTER SET utf8mb4"))
        status = raw_mysql_failed(raw->connection, "cannot load", error);
    if (status == OUTFALL_OK)
        status = check_count(raw, mysql_affected_rows(raw->connection), count, error);
    return commit(raw, status, error);
}

static int write_load(void *raw, const struct bench_row *rows, size_t count, outfall_error *error)
{
    const struct raw_mysql *mysql = raw;
    return raw_each_batch(batch_load, raw, mysql->batch_rows, rows, count, error);
}

const struct raw_client raw_mysql_insert = {
    open_insert,
    close_raw,
    {{"array", write_array}, {"multirow_1000", write_multirow}, {"load_data", write_load}},
    3};
const struct raw_client raw_mysql_upsert = {
    open_upsert, close_raw, {{"array", write_array}, {"multirow_1000", write_multirow}}, 2};
