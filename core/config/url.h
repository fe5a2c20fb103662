/* SPDX-License-Identifier: Apache-2.0 */
/* A URL: which driver, what the driver gets, and what the library takes out of its query. */
#ifndef OF_CONFIG_URL_H
#define OF_CONFIG_URL_H

#include "config/config.h"

typedef struct of_url {
    char scheme[32]; /* Lower case, canonical: "postgres" becomes "postgresql". */
    char *rest;      /* The whole URL less the outfall.* parameters: what the driver gets. */
} of_url;

/*
 * Splits `text`; parameters outfall.KEY=VALUE of its query (percent-decoded) are set in `config`.
 * OUTFALL_ERR_CONFIG says what is wrong and shows how a URL looks, never the password.
 */
int of_url_parse(const char *text, outfall_config *config, of_url *out, outfall_error *error);
void of_url_free(of_url *url);

/* Copies `text` into `out` with a password in it replaced by "***". */
void of_url_redact(const char *text, char *out, size_t capacity);

#endif
