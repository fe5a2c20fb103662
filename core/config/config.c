/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"

#define ENVIRONMENT_PREFIX "OUTFALL_"
#define ENVIRONMENT_NAME_MAX (sizeof ENVIRONMENT_PREFIX + OF_OPTION_KEY_MAX)

static int set_at(outfall_config *config, int index, const char *value, outfall_error *error)
{
    char *copy = of_strdup(value);
    if (copy == NULL)
        return of_fail_nomem(error);
    int status = of_option_parse(index, copy, &config->values, error);
    if (status == OUTFALL_OK) {
        char *earlier = config->text[index];
        config->text[index] = copy;
        copy = earlier;
    }
    of_free(copy);
    return status;
}

/* "batch.rows" is OUTFALL_BATCH_ROWS. */
static void environment_name(const char *key, char name[ENVIRONMENT_NAME_MAX])
{
    char *at = name + sizeof ENVIRONMENT_PREFIX - 1;
    memcpy(name, ENVIRONMENT_PREFIX, sizeof ENVIRONMENT_PREFIX);
    for (; *key != '\0'; key++)
        *at++ = (char)(*key == '.' ? '_' : *key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key);
    *at = '\0';
}

/*
 * Asks for each option's variable, so one that names no option is ignored: programs around the
 * library use the prefix too. An empty variable counts as not set.
 */
static int set_from_environment(outfall_config *config, outfall_error *error)
{
    char name[ENVIRONMENT_NAME_MAX];
    int status = OUTFALL_OK;
    for (int i = 0; i < OF_OPTION_COUNT && status == OUTFALL_OK; i++) {
        environment_name(of_option_key(i), name);
        const char *value = getenv(name);
        if (value == NULL || value[0] == '\0')
            continue;
        outfall_error detail = {0};
        status = set_at(config, i, value, &detail);
        if (status != OUTFALL_OK)
            of_fail(error, status, "environment variable %s: %s", name, detail.message);
    }
    return status;
}

int outfall_config_new(outfall_config **out, outfall_error *error)
{
    if (out == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID, "outfall_config_new: out is NULL");
    *out = NULL;
    outfall_config *config = of_calloc(1, sizeof *config);
    if (config == NULL)
        return of_fail_nomem(error);
    of_options_default(&config->values);
    int status = set_from_environment(config, error);
    if (status == OUTFALL_OK) {
        *out = config;
        config = NULL; /* The caller owns it now. */
    }
    outfall_config_free(config);
    return status;
}

void outfall_config_free(outfall_config *config)
{
    if (config == NULL)
        return;
    for (int i = 0; i < OF_OPTION_COUNT; i++)
        of_free(config->text[i]);
    of_free(config);
}

int of_config_copy(const outfall_config *from, outfall_config **out, outfall_error *error)
{
    int status = OUTFALL_OK;
    *out = NULL;
    outfall_config *config = of_calloc(1, sizeof *config);
    if (config == NULL)
        return of_fail_nomem(error);
    of_options_default(&config->values);
    for (int i = 0; i < OF_OPTION_COUNT && status == OUTFALL_OK; i++) {
        if (from->text[i] != NULL)
            status = set_at(config, i, from->text[i], error);
    }
    if (status == OUTFALL_OK) {
        *out = config;
        config = NULL; /* The caller owns it now. */
    }
    outfall_config_free(config);
    return status;
}

int outfall_config_set(outfall_config *config, const char *key, const char *value,
                       outfall_error *error)
{
    if (config == NULL || key == NULL || value == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "outfall_config_set: config, key and value may not be NULL");
    int index = of_option_find(key, error);
    if (index < 0)
        return OUTFALL_ERR_CONFIG;
    return set_at(config, index, value, error);
}

static const char *text_at(const outfall_config *config, int index)
{
    return config->text[index] != NULL ? config->text[index] : of_option_default(index);
}

int outfall_config_get(const outfall_config *config, const char *key, char *buffer, size_t capacity,
                       outfall_error *error)
{
    if (config == NULL || key == NULL || buffer == NULL)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "outfall_config_get: config, key and buffer may not be NULL");
    int index = of_option_find(key, error);
    if (index < 0)
        return OUTFALL_ERR_CONFIG;
    const char *text = text_at(config, index);
    size_t bytes = strlen(text) + 1;
    if (bytes > capacity)
        return of_fail(error, OUTFALL_ERR_INVALID,
                       "outfall_config_get: %s takes %zu bytes, the buffer has %zu", key, bytes,
                       capacity);
    memcpy(buffer, text, bytes);
    return OUTFALL_OK;
}

size_t of_config_driver_options(const outfall_config *config, const char *prefix,
                                outfall_driver_option *out)
{
    size_t length = strlen(prefix);
    size_t count = 0;
    for (int i = 0; i < OF_OPTION_COUNT; i++) {
        const char *key = of_option_key(i);
        if (strncmp(key, prefix, length) != 0 || key[length] != '.')
            continue;
        out[count].key = key;
        out[count].value = text_at(config, i);
        count++;
    }
    return count;
}

const char *of_config_text(const outfall_config *config, size_t index)
{
    return text_at(config, (int)index);
}

bool of_config_is_shared(size_t index)
{
    switch (index) {
    case OF_OPTION_flushers:
    case OF_OPTION_connect_timeout_ms:
    case OF_OPTION_pool_max:
    case OF_OPTION_pool_min:
    case OF_OPTION_pool_idle_ms:
    case OF_OPTION_pool_lifetime_ms:
    case OF_OPTION_pool_check_ms:
    case OF_OPTION_pool_leak_ms:
    case OF_OPTION_application_name:
    case OF_OPTION_driver_path:
    case OF_OPTION_create: /* Of a database file. */
        return true;
    default:
        return index >= OF_OPTION_DRIVERS_FIRST;
    }
}
