/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOAD DATA LOCAL, where it is asked for. Of a local file the server drops rows with a key that is
 * there already, and cuts or replaces values, with warnings only: so there must be none, and as
 * many rows as were sent, or the batch is undone and goes a strict way.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/fail.h"
#include "mysql/fault.h"
#include "mysql/infile.h"
#include "mysql/query.h"
#include "mysql/reader.h"
#include "mysql/write_load.h"

#define NAME_MAX_BYTES 32

/* ---- The file --------------------------------------------------------------------------- */

/* Text with what ends a field, a line or the escape itself escaped. */
static void add_escaped(drv_text *to, const char *text, size_t length)
{
    while (length > 0) {
        size_t plain = 0;
        while (plain < length && text[plain] != '\\' && text[plain] != '\t' &&
               text[plain] != '\n' && text[plain] != '\0')
            plain++;
        drv_text_add_bytes(to, text, plain);
        if (plain < length) {
            const char escaped[2] = {'\\', text[plain] == '\0' ? '0' : text[plain]};
            drv_text_add_bytes(to, escaped, sizeof escaped);
            plain++;
        }
        text += plain;
        length -= plain;
    }
}

static void add_hex(drv_text *to, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    char part[256];
    for (size_t i = 0; i < length;) {
        size_t used = 0;
        for (; used < sizeof part && i < length; i++) {
            part[used++] = digits[bytes[i] >> 4];
            part[used++] = digits[bytes[i] & 15];
        }
        drv_text_add_bytes(to, part, used);
    }
}

/* All digits that the number has; the program's locale may spell the point as it likes. */
static void add_float(drv_text *to, double number, int digits)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%.*g", digits, number);
    for (int i = 0; i < length; i++)
        if (strchr("0123456789+-e", text[i]) == NULL)
            text[i] = '.';
    drv_text_add_bytes(to, text, (size_t)length);
}

static void add_time(drv_text *to, const drv_my_field *field, const MYSQL_TIME *time)
{
    if (field->kind != DRV_MY_TIME)
        drv_text_format(to, "%04u-%02u-%02u%s", time->year, time->month, time->day,
                        field->kind == DRV_MY_DATETIME ? " " : "");
    if (field->kind != DRV_MY_DATE)
        drv_text_format(to, "%02u:%02u:%02u.%06lu", time->hour, time->minute, time->second,
                        time->second_part);
}

static void add_value(drv_text *to, const drv_my_field *field, const drv_my_slot *slot,
                      const MYSQL_BIND *bind)
{
    if (slot->is_null) {
        drv_text_add(to, "\\N");
        return;
    }
    switch (field->kind) {
    case DRV_MY_BOOL:
        drv_text_add(to, slot->as.int8 ? "1" : "0");
        break;
    case DRV_MY_INT16:
        drv_text_format(to, "%d", slot->as.int16);
        break;
    case DRV_MY_INT32:
        drv_text_format(to, "%" PRId32, slot->as.int32);
        break;
    case DRV_MY_INT64:
        drv_text_format(to, "%" PRId64, slot->as.int64);
        break;
    case DRV_MY_FLOAT32:
        add_float(to, (double)slot->as.float32, 9);
        break;
    case DRV_MY_FLOAT64:
        add_float(to, slot->as.float64, 17);
        break;
    case DRV_MY_DATE:
    case DRV_MY_TIME:
    case DRV_MY_DATETIME:
        add_time(to, field, &slot->as.time);
        break;
    case DRV_MY_BYTES:
        add_hex(to, bind->buffer, bind->buffer_length);
        break;
    default:
        add_escaped(to, bind->buffer, bind->buffer_length);
        break;
    }
}

/* The batch as the file's text, in memory of the connection's. */
static int make_file(drv_my_job *job, outfall_error *error)
{
    outfall_connection *connection = job->connection;
    drv_text *file = &connection->file;
    drv_my_reader reader;
    drv_my_reader_start(&reader, job->target, job->batch);
    uint32_t width = drv_my_reader_width(&reader);
    int status = drv_my_slots_reserve(&connection->slots, width, error);
    drv_text_clear(file);
    if (status == OUTFALL_OK)
        drv_my_reader_init(&reader, connection->slots.slots, connection->slots.binds);
    while (status == OUTFALL_OK && reader.row < job->batch->rows) {
        if (!drv_my_reader_next(&reader, connection->slots.slots, connection->slots.binds)) {
            status = drv_my_reader_fail(&reader, error);
            break;
        }
        for (uint32_t i = 0; i < width; i++) {
            drv_text_add(file, i > 0 ? "\t" : "");
            add_value(file, &job->target->fields[i], &connection->slots.slots[i],
                      &connection->slots.binds[i]);
        }
        drv_text_add(file, "\n");
    }
    if (status == OUTFALL_OK && file->failed)
        status = drv_fail_nomem(error);
    return status;
}

/* ---- The statement ---------------------------------------------------------------------- */

static int load(drv_my_job *job, outfall_error *error)
{
    outfall_connection *connection = job->connection;
    char name[NAME_MAX_BYTES];
    drv_text *sql = &connection->sql;
    snprintf(name, sizeof name, "outfall-%" PRIu64, ++connection->statement_clock);
    drv_text_clear(sql);
    drv_text_format(sql, "LOAD DATA LOCAL INFILE '%s'%s", name, job->target->load);
    if (sql->failed)
        return drv_fail_nomem(error);
    drv_my_infile_arm(connection, name, connection->file.data, connection->file.length);
    job->statements++;
    int status = drv_my_query(connection, sql->data, job->deadline_us, NULL, error);
    drv_my_infile_disarm(connection);
    return status;
}

int drv_my_write_load(drv_my_job *job, bool *done, outfall_error *error)
{
    static const char set[] = "SAVEPOINT outfall_load";
    static const char release[] = "RELEASE SAVEPOINT outfall_load";
    static const char undo[] = "ROLLBACK TO SAVEPOINT outfall_load";
    outfall_connection *connection = job->connection;
    outfall_error detail;
    *done = false;
    int status = make_file(job, error);
    if (status == OUTFALL_OK)
        status = drv_my_query(connection, set, job->deadline_us, NULL, error);
    if (status != OUTFALL_OK)
        return status;
    status = load(job, &detail);
    if (status != OUTFALL_OK && detail.action != OUTFALL_ACTION_ROW) {
        *error = detail;
        return status;
    }
    uint64_t counted = status == OUTFALL_OK ? mysql_affected_rows(connection->my) : 0;
    *done = status == OUTFALL_OK && mysql_warning_count(connection->my) == 0 &&
            counted == job->batch->rows;
    if (*done)
        job->counted += counted;
    status = drv_my_query(connection, *done ? release : undo, job->deadline_us, NULL, error);
    return status;
}
