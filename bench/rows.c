/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#define PG_EPOCH_US 946684800000000 /* 2000-01-01 in microseconds since 1970. */
#define FIRST_US 1704067200000000   /* 2024-01-01 */
#define DAY_US 86400000000

/* splitmix64: small, and the same on every machine. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct bench_row *rows_make(size_t count)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789 .-:";
    struct bench_row *rows = malloc(count * sizeof *rows);
    if (rows == NULL)
        return NULL;
    uint64_t state = 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t random = next_random(&state);
        rows[i].id = (int64_t)i;
        rows[i].timestamp_us =
            FIRST_US + (int64_t)i * 1000 + (int64_t)(random % 100 * 10 + random % 9 + 1);
        rows[i].device = (int32_t)((random >> 16) % 5000);
        rows[i].metric = (double)(random >> 11) * (100.0 / 9007199254740992.0);
        for (size_t k = 0; k < ROW_NOTE_BYTES; k++) {
            if (k % 8 == 0)
                random = next_random(&state);
            rows[i].note[k] = letters[(random >> (k % 8 * 8) & 0xff) % (sizeof letters - 1)];
        }
    }
    return rows;
}

void row_put_i16(uint8_t *out, int16_t value)
{
    uint16_t wire = __builtin_bswap16((uint16_t)value);
    memcpy(out, &wire, sizeof wire);
}

void row_put_i32(uint8_t *out, int32_t value)
{
    uint32_t wire = __builtin_bswap32((uint32_t)value);
    memcpy(out, &wire, sizeof wire);
}

void row_put_i64(uint8_t *out, int64_t value)
{
    uint64_t wire = __builtin_bswap64((uint64_t)value);
    memcpy(out, &wire, sizeof wire);
}

void row_put_f64(uint8_t *out, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    row_put_i64(out, bits);
}

int64_t row_timestamp_pg(const struct bench_row *row)
{
    return row->timestamp_us - PG_EPOCH_US;
}

uint8_t *row_encode(const struct bench_row *row, uint8_t *out)
{
    row_put_i16(out, ROW_COLUMNS);
    row_put_i32(out + 2, 8);
    row_put_i64(out + 6, row->id);
    row_put_i32(out + 14, 8);
    row_put_i64(out + 18, row_timestamp_pg(row));
    row_put_i32(out + 26, 4);
    row_put_i32(out + 30, row->device);
    row_put_i32(out + 34, 8);
    row_put_f64(out + 38, row->metric);
    row_put_i32(out + 46, ROW_NOTE_BYTES);
    memcpy(out + 50, row->note, ROW_NOTE_BYTES);
    return out + ROW_COPY_BYTES;
}

static void put_digits(char *out, uint32_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
}

/* Civil from days: https://howardhinnant.github.io/date_algorithms.html */
static void spell_date(struct row_date *date, int64_t days)
{
    uint32_t z = (uint32_t)days + 719468, era = z / 146097, doe = z % 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    uint32_t month = mp < 10 ? mp + 3 : mp - 9;
    put_digits(date->text, yoe + era * 400 + (month <= 2), 4);
    put_digits(date->text + 5, month, 2);
    put_digits(date->text + 8, doy - (153 * mp + 2) / 5 + 1, 2);
    date->text[4] = date->text[7] = '-';
    date->day = days;
}

struct row_clock row_clock_of(const struct bench_row *row, struct row_date *date)
{
    int64_t days = row->timestamp_us / DAY_US, left_us = row->timestamp_us % DAY_US;
    uint32_t seconds = (uint32_t)(left_us / 1000000);
    if (days != date->day)
        spell_date(date, days);
    return (struct row_clock){seconds / 3600, seconds / 60 % 60, seconds % 60,
                              (uint32_t)(left_us % 1000000)};
}

void row_timestamp_text(const struct bench_row *row, struct row_date *date, char *out)
{
    struct row_clock clock = row_clock_of(row, date);
    memcpy(out, date->text, sizeof date->text);
    put_digits(out + 11, clock.hour, 2);
    put_digits(out + 14, clock.minute, 2);
    put_digits(out + 17, clock.second, 2);
    put_digits(out + 20, clock.microsecond, 6);
    out[10] = ' ';
    out[13] = out[16] = ':';
    out[19] = '.';
}
