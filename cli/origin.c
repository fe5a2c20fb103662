/* SPDX-License-Identifier: Apache-2.0 */
#include "origin.h"

#include <inttypes.h>

#include "fingerprint.h"
#include "say.h"

static of_heads heads_of(const of_origin *origin)
{
    of_heads heads = {.paths = origin->paths, .count = origin->count};
    heads.head = of_input_head(origin->input, &heads.head_bytes);
    return heads;
}

int of_origin_keep(const char *const *paths, size_t count, of_input *input, outfall_error *error)
{
    const of_heads heads = {.paths = paths, .count = count};
    return of_fingerprint_is_pipe(&heads) ? of_input_keep_head(input, OF_HEAD_BYTES_MAX, error)
                                          : OUTFALL_OK;
}

bool of_origin_needs_more(const of_origin *origin)
{
    const of_heads heads = heads_of(origin);
    of_fingerprint known;
    if (!of_fingerprint_is_pipe(&heads) || of_input_at_end(origin->input))
        return false;
    if (of_fingerprint_parse(of_delivery_source(origin->delivery), &known))
        return heads.head_bytes < known.head_bytes;
    /* More than the header: that alone tells little. */
    return heads.head_bytes <= of_input_bytes(origin->input);
}

int of_origin_bind(of_origin *origin, outfall_error *error)
{
    char text[OUTFALL_SOURCE_BYTES_MAX + 1], why[640] = "";
    const of_heads heads = heads_of(origin);
    of_fingerprint known, now;
    bool same = false;
    bool is_known = of_fingerprint_parse(of_delivery_source(origin->delivery), &known);
    int status = OUTFALL_OK;

    if (is_known)
        status = of_fingerprint_match(&heads, &known, &same, why, sizeof why, error);
    if (status == OUTFALL_OK)
        status = of_fingerprint_make(&heads, &now, error);
    origin->input_failed = status != OUTFALL_OK;
    if (status != OUTFALL_OK)
        return status;
    if (is_known && !same)
        of_say("%s", why);
    of_fingerprint_format(&now, text);
    return of_delivery_bind(origin->delivery, text, same, error);
}

int of_origin_check_end(const of_origin *origin, outfall_error *error)
{
    uint64_t resume = of_delivery_resume(origin->delivery), line;
    char file[512];

    if (of_input_reached(origin->input, resume))
        return OUTFALL_OK;
    of_input_place(origin->input, resume, file, sizeof file, &line);
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "%s ends before line %" PRIu64 ", up to which it was loaded: it was "
                             "cut, or is another file; give that one another --source-id",
                             file, line);
}
