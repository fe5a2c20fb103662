/* SPDX-License-Identifier: Apache-2.0 */
/* URLs and table names of any bytes: no crash, and what is left parses to itself. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "row/name.h"
#include "config/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text)
{
    outfall_config *config = NULL;
    outfall_error error;
    of_url url;
    if (outfall_config_new(&config, &error) != OUTFALL_OK)
        abort();
    if (of_url_parse(text, config, &url, &error) == OUTFALL_OK) {
        of_url again;
        if (of_url_parse(url.rest, config, &again, &error) != OUTFALL_OK ||
            strcmp(again.rest, url.rest) != 0 || strcmp(again.scheme, url.scheme) != 0)
            abort();
        of_url_free(&again);
    }
    of_url_free(&url);
    outfall_config_free(config);
}

static void redact(const char *text, size_t length)
{
    char out[64];
    of_url_redact(text, out, sizeof out);
    if (strlen(out) >= sizeof out)
        abort();

    /* Whatever stands before it, a password in a place of its own is hidden. */
    static const char tail[] = " password=canary";
    char *longer = of_alloc(length + sizeof tail);
    char *hidden = of_alloc(3 * (length + sizeof tail));
    if (longer == NULL || hidden == NULL)
        abort();
    memcpy(longer, text, length);
    memcpy(longer + length, tail, sizeof tail);
    of_url_redact(longer, hidden, 3 * (length + sizeof tail));
    if (strstr(text, "canary") == NULL && strstr(hidden, "canary") != NULL)
        abort();
    of_free(longer);
    of_free(hidden);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    outfall_table_name name;
    char *text = of_alloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    parse(text);
    redact(text, strlen(text));
    if (of_table_name_parse(text, &name, NULL) == OUTFALL_OK)
        of_table_name_free(&name);
    of_names names;
    if (of_names_parse(text, "key", &names, NULL) == OUTFALL_OK)
        of_names_free(&names);
    of_free(text);
    return 0;
}
