/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON lines of any bytes: no crash, and every row that is read, written out again as a dead letter
 * would have it, reads as itself.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jsontext.h"
#include "ndjson.h"

enum { RECORD_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int truth)
{
    if (!truth)
        abort();
}

static void compose(of_jsontext *text, const of_names *names, const outfall_value *values)
{
    of_jsontext_raw(text, "{", 1);
    for (size_t i = 0; i < names->count; i++) {
        of_jsontext_raw(text, ",", i > 0);
        of_jsontext_string(text, names->names[i], names->lengths[i]);
        of_jsontext_raw(text, ":", 1);
        of_jsontext_value(text, &values[i]);
    }
    of_jsontext_raw(text, "}", 1);
    check(!text->failed);
}

static void check_same(const outfall_value *a, const outfall_value *b)
{
    check(a->type == b->type && a->length == b->length);
    if (a->type == OUTFALL_TYPE_INT64 || a->type == OUTFALL_TYPE_BOOL)
        check(a->as.integer == b->as.integer);
    else if (a->length > 0)
        check(memcmp(a->as.data, b->as.data, a->length) == 0);
}

static void check_row(of_ndjson *ndjson, const of_names *names, const of_rows *rows)
{
    of_jsontext text = {0};
    of_rows again;
    of_rejection rejection;

    compose(&text, names, rows->values);
    of_line line = {.text = text.data, .length = text.length, .number = 1};
    check(of_rows_init(&again, names->count, 1, text.length, NULL) == OUTFALL_OK);
    check(of_ndjson_feed(ndjson, &line, names, &again, &rejection) == OF_RECORD_ROW);
    for (size_t i = 0; i < names->count; i++)
        check_same(&rows->values[i], &again.values[i]);
    of_rows_free(&again);
    of_jsontext_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    of_ndjson *ndjson = NULL;
    of_names names = {0};
    of_rows rows;
    of_rejection rejection;
    of_infer *samples = calloc(OF_COLUMNS_MAX, sizeof *samples);
    char *text = malloc(size); /* Of its size, so that reading past its end is seen. */

    if (size == 0 || size > RECORD_MAX || memchr(data, '\n', size - 1) != NULL)
        goto done;
    memcpy(text, data, size);
    of_line line = {.text = text, .length = size, .number = 1};
    check(of_ndjson_open(RECORD_MAX, &ndjson, NULL) == OUTFALL_OK);
    enum of_record learnt = of_ndjson_learn(ndjson, &line, &names, samples);
    check(of_rows_init(&rows, names.count, 1, RECORD_MAX, NULL) == OUTFALL_OK);
    enum of_record record = of_ndjson_feed(ndjson, &line, &names, &rows, &rejection);
    check(learnt != OF_RECORD_FAILED && record != OF_RECORD_FAILED);
    if (record == OF_RECORD_ROW)
        check_row(ndjson, &names, &rows);
    else if (record == OF_RECORD_REJECTED)
        check(rejection.reason[0] != '\0' && (rejection.raw != NULL || rejection.json != NULL));
    for (size_t i = 0; i < names.count; i++)
        check(of_infer_type(&samples[i]) > 0);
    of_rows_free(&rows);
done:
    of_ndjson_close(ndjson);
    of_names_clear(&names);
    free(samples);
    free(text);
    return 0;
}
