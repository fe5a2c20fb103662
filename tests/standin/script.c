/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syntax.h"
#include "text.h"

#define RULES_MAX 16
#define EVENTS 4 /* Beside the kinds of statements. */
#define KINDS (STI_KINDS + EVENTS)

static const char *const EVENT_NAMES[EVENTS] = {"connect", "commit", "rollback", "row"};

struct rule {
    int kind;
    long nth; /* 0: every one. */
    struct sti_fault fault;
};

struct sti_script {
    struct sti_script *next;
    char *text;
    char *log; /* NULL: none. */
    size_t rule_count;
    struct rule rules[RULES_MAX];
    long counts[KINDS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sti_script *scripts;

static int kind_of(const char *name, size_t length)
{
    for (int i = 0; i < KINDS; i++) {
        const char *known = i < STI_KINDS ? sti_statement_names[i] : EVENT_NAMES[i - STI_KINDS];
        if (strlen(known) == length && memcmp(known, name, length) == 0)
            return i;
    }
    return -1;
}

/* KIND:NTH:CODE[:after] or KIND:NTH:=CODE[/CODE][:after]; returns the first character behind it, or
 * NULL. */
static const char *read_rule(const char *at, struct rule *rule)
{
    size_t name = strcspn(at, ":;");
    char *end;
    rule->kind = kind_of(at, name);
    at += name;
    if (rule->kind < 0 || *at++ != ':')
        return NULL;
    if (*at == '*') {
        rule->nth = 0;
        at++;
    } else {
        rule->nth = strtol(at, &end, 10);
        if (end == at || rule->nth < 1)
            return NULL;
        at = end;
    }
    if (*at++ != ':')
        return NULL;
    struct sti_fault *fault = &rule->fault;
    memset(fault, 0, sizeof *fault);
    fault->answers = *at == '=';
    if (fault->answers && (rule->kind < STI_XA_START || rule->kind > STI_XA_ROLLBACK))
        return NULL;
    at += fault->answers;
    fault->code = (int)strtol(at, &end, 10);
    if (end == at || (!fault->answers && fault->code < 1))
        return NULL;
    if (fault->answers && *end == '/') {
        at = end + 1;
        fault->last = (int)strtol(at, &end, 10);
        if (end == at)
            return NULL;
    }
    fault->after = strncmp(end, ":after", 6) == 0;
    return end + (fault->after ? 6 : 0);
}

/* One item; returns the first character behind it, or NULL. */
static const char *read_item(const char *at, struct sti_script *script)
{
    size_t length = strcspn(at, ";");
    if (*at == '#') /* A remark: it makes one script differ from another. */
        return at + length;
    if (strncmp(at, "log=", 4) == 0) {
        free(script->log);
        script->log = sti_copy(at + 4, length - 4);
        return at + length;
    }
    if (script->rule_count == RULES_MAX)
        return NULL;
    return read_rule(at, &script->rules[script->rule_count++]);
}

static struct sti_script *read_script(const char *text)
{
    struct sti_script *script = sti_resize(NULL, sizeof *script);
    const char *at = text;
    memset(script, 0, sizeof *script);
    while (at && *at) {
        at = read_item(at, script);
        if (at && *at)
            at = *at == ';' ? at + 1 : NULL;
    }
    if (!at) {
        free(script->log);
        free(script);
        return NULL;
    }
    script->text = sti_copy(text, strlen(text));
    return script;
}

struct sti_script *sti_script_of(const char *text)
{
    pthread_mutex_lock(&lock);
    struct sti_script *script = scripts;
    while (script && strcmp(script->text, text) != 0)
        script = script->next;
    if (!script && (script = read_script(text)) != NULL) {
        script->next = scripts;
        scripts = script;
    }
    pthread_mutex_unlock(&lock);
    return script;
}

static void log_error(const struct sti_script *script, const char *kind, long count, int code)
{
    FILE *file = script->log ? fopen(script->log, "a") : NULL;
    if (!file)
        return;
    fprintf(file, "%s %ld %d\n", kind, count, code);
    fclose(file);
}

struct sti_fault sti_script_take(struct sti_script *script, const char *kind)
{
    struct sti_fault fault = {0};
    int index = kind_of(kind, strlen(kind));
    if (!script || index < 0)
        return fault;
    pthread_mutex_lock(&lock);
    long count = ++script->counts[index];
    for (size_t i = 0; i < script->rule_count && fault.code == 0; i++) {
        const struct rule *rule = &script->rules[i];
        if (rule->kind == index && (rule->nth == 0 || rule->nth == count)) {
            fault = rule->fault;
            log_error(script, kind, count, fault.code);
        }
    }
    pthread_mutex_unlock(&lock);
    return fault;
}

int sti_script_count(struct sti_script *script, const char *kind, int *after)
{
    struct sti_fault fault = sti_script_take(script, kind);
    *after = fault.after;
    return fault.code;
}
