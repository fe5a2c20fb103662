/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file config.h
 * Options as string keys and values. docs/OPTIONS.md lists them all.
 *
 * Where an option is given more than once, the last of these wins: its default, the
 * environment (OUTFALL_BATCH_ROWS for batch.rows), outfall_config_set, the URL's query
 * (outfall.batch.rows=…).
 */
#ifndef OUTFALL_CONFIG_H
#define OUTFALL_CONFIG_H

#include <stddef.h>

#include "error.h"
#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct outfall_config outfall_config;

/**
 * Makes a configuration of defaults, overridden by the environment's OUTFALL_* variables.
 *
 * @param out    Receives it; free with outfall_config_free. NULL on failure.
 * @param error  Caller's, may be NULL.
 * @return OUTFALL_OK, OUTFALL_ERR_NOMEM, OUTFALL_ERR_CONFIG (an environment variable is bad).
 *
 * Any thread; does not block. getenv is called: do not change the environment meanwhile.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_config_new(outfall_config **out, outfall_error *error);

/**
 * Frees a configuration; NULL is legal. Sinks keep copies, so it may go once they are open. Nobody
 * may use it any more; does not block.
 */
OUTFALL_EXPORT void outfall_config_free(outfall_config *config);

/**
 * Sets one option. One thread at a time; does not block; both strings are copied.
 *
 * @return OUTFALL_OK, OUTFALL_ERR_CONFIG (unknown key: the nearest is named; bad value: the
 *         range is named), OUTFALL_ERR_NOMEM, OUTFALL_ERR_INVALID.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_config_set(outfall_config *config, const char *key,
                                                    const char *value, outfall_error *error);

/**
 * Sets the options that a URL's query gives (outfall.KEY=VALUE), as opening a sink on it does: to
 * read them back beforehand. One thread at a time; does not block; the URL is borrowed for the
 * call.
 *
 * @return OUTFALL_OK, OUTFALL_ERR_CONFIG (no URL, or as outfall_config_set), OUTFALL_ERR_NOMEM,
 *         OUTFALL_ERR_INVALID.
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_config_set_url(outfall_config *config, const char *url,
                                                        outfall_error *error);

/**
 * Reads one option as text into `buffer`, NUL-terminated. Any thread while nobody sets one; does
 * not block.
 *
 * @return OUTFALL_OK, OUTFALL_ERR_CONFIG (unknown key), OUTFALL_ERR_INVALID (buffer too small).
 */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_config_get(const outfall_config *config, const char *key,
                                                    char *buffer, size_t capacity,
                                                    outfall_error *error);

/** One row of the option table; all strings are static. */
typedef struct outfall_option {
    const char *key;           /* "batch.rows" */
    const char *type;          /* "integer", "choice" or "text" */
    const char *default_value; /* As text. */
    const char *range;         /* "1 to 1000000", or the choices "refuse, round"; may be empty. */
    const char *doc;           /* One sentence or more, plain text. */
} outfall_option;

/** Counts the options. Any thread. */
OUTFALL_EXPORT size_t outfall_option_count(void);

/** Reads option `index` (0 to count - 1) into `out`. Any thread. @return OUTFALL_OK or
 * OUTFALL_ERR_INVALID. */
OUTFALL_EXPORT OUTFALL_CHECK int outfall_option_at(size_t index, outfall_option *out);

#ifdef __cplusplus
}
#endif
#endif
