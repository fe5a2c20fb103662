/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to find equal keys in a batch, in nanoseconds a row: the plain loop (hash, look,
 * compare, one row at a time) against two vectorised ones (all hashes first, the table's memory
 * asked for ahead; and, besides that, 16 tags compared by one instruction). Each round measures
 * all of them, one after another, in an order that turns, so that what slows the machine slows all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/statistics.h"
#include "flow/dedupe.h"
#include "flow/keyset.h"
#include "keytags.h"

#define ROWS_MAX 10000
#define COLUMNS 5
#define ROW_MAX 160
#define ROUNDS 61

enum measure { PLAIN, BATCHED, TAGS, WHOLE, ORDERED, MEASURES };
enum kind { INT64, TEXT36, COMPOSITE, KINDS };

static const struct {
    const char *name;
    uint32_t key_count;
    uint32_t types[COLUMNS];
} kinds[KINDS] = {
    {"int64",
     1,
     {OUTFALL_TYPE_INT64, OUTFALL_TYPE_TIMESTAMP, OUTFALL_TYPE_INT32, OUTFALL_TYPE_FLOAT64,
      OUTFALL_TYPE_TEXT}},
    {"text of 36",
     1,
     {OUTFALL_TYPE_TEXT, OUTFALL_TYPE_TIMESTAMP, OUTFALL_TYPE_INT32, OUTFALL_TYPE_FLOAT64,
      OUTFALL_TYPE_TEXT}},
    {"int64 + text",
     2,
     {OUTFALL_TYPE_INT64, OUTFALL_TYPE_TEXT, OUTFALL_TYPE_INT32, OUTFALL_TYPE_FLOAT64,
      OUTFALL_TYPE_TEXT}},
};

/* A batch in memory. */
typedef struct bench_batch {
    outfall_column columns[COLUMNS];
    outfall_target target;
    outfall_batch batch;
    outfall_span span;
    outfall_row_entry entries[ROWS_MAX];
    uint8_t bytes[ROWS_MAX * ROW_MAX];
} bench_batch;

static uint64_t seed = UINT64_C(88172645463325252);

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint64_t chance(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(2685821657736338717);
}

/* ---- Batches ---------------------------------------------------------------------- */

static uint8_t *put_be(uint8_t *at, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, number >>= 8)
        at[i] = (uint8_t)number;
    return at + bytes;
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
    size_t length = strlen(text);
    at = put_be(at, length, 4);
    memcpy(at, text, length);
    return at + length;
}

static uint8_t *put_number(uint8_t *at, uint64_t number, int bytes)
{
    return put_be(put_be(at, (uint64_t)bytes, 4), number, bytes);
}

/* A row of about 90 bytes whose key follows from `id`. */
static uint8_t *put_row(uint8_t *at, enum kind kind, uint64_t id, uint32_t row)
{
    char text[40];
    at = put_be(at, COLUMNS, 2);
    switch (kind) {
    case INT64:
        at = put_number(at, id % 10000000, 8);
        at = put_number(at, row, 8);
        break;
    case TEXT36:
        snprintf(text, sizeof text, "%08" PRIx64 "-%04x-4000-8000-%012" PRIx64, id >> 32,
                 (unsigned)id & 0xFFFF, id * 77 & UINT64_C(0xFFFFFFFFFFFF));
        at = put_text(at, text);
        at = put_number(at, row, 8);
        break;
    default:
        snprintf(text, sizeof text, "device-%06u", (unsigned)(id % 1000000));
        at = put_number(at, id >> 57, 8);
        at = put_text(at, text);
        break;
    }
    at = put_number(at, row, 4);
    at = put_number(at, row, 8);
    return put_text(at, "forty characters of a note, no more, no ");
}

/* A number that ascends as the keys made from ids do. */
static uint64_t rank_of(enum kind kind, uint64_t id)
{
    switch (kind) {
    case INT64:
        return id % 10000000;
    case TEXT36:
        return id;
    default:
        return (id >> 57) << 32 | id % 1000000;
    }
}

static enum kind ranked; /* For qsort's function. */

static int ascending(const void *a, const void *b)
{
    uint64_t left = rank_of(ranked, *(const uint64_t *)a);
    uint64_t right = rank_of(ranked, *(const uint64_t *)b);
    return (left > right) - (left < right);
}

/* `repeats` of a hundred rows have the key of another one; shuffled, or sorted by id. */
static void make_batch(bench_batch *out, enum kind kind, uint32_t rows, uint32_t repeats,
                       int sorted)
{
    static uint64_t ids[ROWS_MAX];
    static const uint32_t key[] = {0, 1};
    uint32_t distinct = rows - rows / 100 * repeats;
    uint8_t *at = out->bytes;
    for (uint32_t i = 0; i < rows; i++)
        ids[i] = i < distinct ? chance() : ids[chance() % distinct];
    for (uint32_t i = rows - 1; i > 0; i--) {
        uint32_t other = (uint32_t)(chance() % (i + 1));
        uint64_t id = ids[i];
        ids[i] = ids[other];
        ids[other] = id;
    }
    ranked = kind;
    if (sorted)
        qsort(ids, rows, sizeof ids[0], ascending);
    for (uint32_t i = 0; i < rows; i++) {
        outfall_row_entry *entry = &out->entries[ROWS_MAX - 1 - i];
        *entry = (outfall_row_entry){.start = (uint32_t)(at - out->bytes)};
        at = put_row(at, kind, ids[i], i);
        entry->bytes = (uint32_t)(at - out->bytes) - entry->start;
    }
    for (uint32_t i = 0; i < COLUMNS; i++)
        out->columns[i] = (outfall_column){.type = kinds[kind].types[i]};
    out->target = (outfall_target){.columns = out->columns,
                                   .column_count = COLUMNS,
                                   .key = key,
                                   .key_count = kinds[kind].key_count,
                                   .flags = OUTFALL_TARGET_BYTEWISE};
    out->span =
        (outfall_span){.base = out->bytes, .entries_end = out->entries + ROWS_MAX, .count = rows};
    out->batch = (outfall_batch){
        .spans = &out->span, .span_count = 1, .rows = rows, .bytes = (uint64_t)(at - out->bytes)};
}

/* ---- Measuring -------------------------------------------------------------------- */

typedef struct bench {
    bench_batch shuffled, sorted;
    of_keys keys;
    of_dedupe dedupe, ordered;
    void *memory;
    uint32_t previous[MEASURES][ROWS_MAX];
    double ns[MEASURES][ROUNDS];
} bench;

static void die(const char *why)
{
    fprintf(stderr, "outfall-micro-dedupe: %s\n", why);
    exit(1);
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Runs one of them once; returns nanoseconds. The keys are read anew, so that flags are clean. */
static double run(bench *b, enum measure measure)
{
    int status = of_keys_read(&b->keys, &b->shuffled.target, &b->shuffled.batch, NULL);
    bool good = true;
    double start = now_ns();
    switch (measure) {
    case PLAIN:
        good = of_keyset_link_plain(&b->keys, b->memory, b->previous[measure]);
        break;
    case BATCHED:
        good = of_keyset_link_batched(&b->keys, b->memory, b->previous[measure]);
        break;
    case TAGS:
        good = keytags_link(&b->keys, b->memory, b->previous[measure]);
        break;
    case WHOLE:
        status |= of_dedupe_run(&b->dedupe, &b->shuffled.target, &b->shuffled.batch, NULL);
        break;
    default:
        status |= of_dedupe_run(&b->ordered, &b->sorted.target, &b->sorted.batch, NULL);
        break;
    }
    double ns = now_ns() - start;
    if (status != OUTFALL_OK || (!good && measure != TAGS))
        die("out of memory, or too many collisions");
    return good ? ns : -1;
}

/* All ways find the same rows. */
static void check(const bench *b, uint32_t rows)
{
    size_t bytes = rows * sizeof(uint32_t);
    if (memcmp(b->previous[PLAIN], b->previous[BATCHED], bytes) != 0 ||
        memcmp(b->previous[PLAIN], b->dedupe.previous, bytes) != 0 ||
        (b->ns[TAGS][0] >= 0 && memcmp(b->previous[PLAIN], b->previous[TAGS], bytes) != 0))
        die("two ways do not agree");
}

static void print_figure(const double *ns)
{
    double low, high;
    if (ns[0] < 0) {
        printf(" %18s", "-");
        return;
    }
    statistics_interval(ns, ROUNDS, &low, &high);
    printf(" %6.1f [%4.1f,%5.1f]", statistics_median(ns, ROUNDS), low, high);
}

static double median_ratio(const double *a, const double *b)
{
    double ratios[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        ratios[i] = a[i] / b[i];
    return statistics_median(ratios, ROUNDS);
}

static void measure_case(bench *b, enum kind kind, uint32_t rows, uint32_t repeats)
{
    make_batch(&b->shuffled, kind, rows, repeats, 0);
    make_batch(&b->sorted, kind, rows, repeats, 1);
    for (int round = -3; round < ROUNDS; round++) { /* Three to warm up. */
        for (int i = 0; i < MEASURES; i++) {
            enum measure measure = (enum measure)((i + round + 3) % MEASURES);
            double ns = run(b, measure) / rows;
            if (round >= 0)
                b->ns[measure][round] = ns;
        }
    }
    check(b, rows);
    printf("%-13s %6u %5u %%", kinds[kind].name, rows, repeats);
    for (int i = 0; i < MEASURES; i++)
        print_figure(b->ns[i]);
    printf("   %.2f", median_ratio(b->ns[BATCHED], b->ns[PLAIN]));
    if (b->ns[TAGS][0] >= 0)
        printf("  %.2f", median_ratio(b->ns[TAGS], b->ns[PLAIN]));
    printf("  %s\n", b->keys.wide ? "hashes first" : "plain");
    fflush(stdout);
}

int main(void)
{
    static const uint32_t sizes[] = {1000, ROWS_MAX}, repeats[] = {0, 30, 90};
    bench *b = calloc(1, sizeof *b);
    size_t bytes = of_keyset_bytes(ROWS_MAX) + keytags_bytes(ROWS_MAX);
    if (b == NULL || (b->memory = calloc(1, bytes)) == NULL)
        die("out of memory");
    printf("\nfinding equal keys in a batch: ns a row, median [95 %% interval] of %d rounds\n"
           "%-13s %6s %7s %18s %18s %18s %18s %18s   %s\n",
           ROUNDS, "key", "rows", "repeats", "plain loop", "hashes first", "and SIMD tags",
           "read, find, sort", "same, in order", "ratios to plain; the library takes");
    for (int kind = 0; kind < KINDS; kind++)
        for (int size = 0; size < 2; size++)
            for (int share = 0; share < 3; share++)
                measure_case(b, (enum kind)kind, sizes[size], repeats[share]);
    of_keys_free(&b->keys);
    of_dedupe_free(&b->dedupe);
    of_dedupe_free(&b->ordered);
    free(b->memory);
    free(b);
    return 0;
}
