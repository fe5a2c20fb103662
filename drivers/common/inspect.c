/* SPDX-License-Identifier: Apache-2.0 */
#include "common/inspect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fail.h"
#include "common/ledger.h"

/* An inspection under way. */
typedef struct inspection {
    const drv_inspect *it;
    const outfall_inspect_options *options;
    outfall_connection *connection;
    int64_t deadline_us;
    int64_t number; /* $b */
    drv_findings found;
    int variable; /* Whose value is the answer's next cell; -1: nobody's. */
    bool failed;  /* Memory ran out. */
} inspection;

static const drv_check *check_at(const inspection *now, size_t index)
{
    return &now->it->checks->list[index];
}

static bool is_made(const inspection *now, size_t index, enum drv_check_source source)
{
    return check_at(now, index)->source == source &&
           drv_check_applies(check_at(now, index), now->options);
}

/* Takes the place of what was found before. */
static void keep(inspection *now, char **to, const char *text)
{
    free(*to);
    *to = text != NULL ? strdup(text) : NULL;
    now->failed = now->failed || (text != NULL && *to == NULL);
}

static int ask(inspection *now, drv_text *sql, drv_inspect_cell cell, outfall_error *error)
{
    int status = sql->failed
                     ? drv_fail_nomem(error)
                     : now->it->ask(now->connection, sql->data, cell, now, now->deadline_us, error);
    drv_text_free(sql);
    if (status == OUTFALL_OK && now->failed)
        status = drv_fail_nomem(error);
    return status;
}

/* ---- Expressions: all in one query ---------------------------------------------------- */

static void add_sql(const inspection *now, const char *sql, drv_text *to)
{
    const drv_inspect *it = now->it;
    for (const char *at = sql; *at != '\0'; at++) {
        if (*at != '$') {
            drv_text_add_bytes(to, at, 1);
            continue;
        }
        at++;
        const char *name = *at == 'd' ? it->display : *at == 's' ? it->schema : it->table;
        if (*at == 'b')
            drv_text_format(to, "%" PRId64, now->number);
        else
            it->add_literal(to, name != NULL ? name : "");
    }
}

static void take_expression(void *to, size_t row, size_t column, const char *text)
{
    inspection *now = to;
    size_t at = 0;
    if (row > 0)
        return;
    if (column == 0) {
        keep(now, &now->found.account, text);
        return;
    }
    for (size_t passed = 0; at < now->it->checks->count; at++)
        if (is_made(now, at, DRV_CHECK_ASKED) && ++passed == column)
            break;
    if (at < now->it->checks->count)
        keep(now, &now->found.values[at], text);
}

static int ask_expressions(inspection *now, outfall_error *error)
{
    const char *account = now->it->checks->account;
    drv_text sql = {0};
    drv_text_add(&sql, "SELECT ");
    drv_text_add(&sql, account != NULL ? account : "NULL");
    for (size_t i = 0; i < now->it->checks->count; i++) {
        if (!is_made(now, i, DRV_CHECK_ASKED))
            continue;
        drv_text_add(&sql, ", ");
        add_sql(now, check_at(now, i)->sql, &sql);
    }
    return ask(now, &sql, take_expression, error);
}

static int ask_again(inspection *now, outfall_error *error)
{
    for (size_t i = 0; i < now->it->checks->count; i++) {
        if ((check_at(now, i)->flags & DRV_CHECK_AGAIN) == 0 || now->found.values[i] == NULL)
            continue;
        now->number = strtoll(now->found.values[i], NULL, 10);
        return ask_expressions(now, error);
    }
    return OUTFALL_OK;
}

/* ---- Variables ------------------------------------------------------------------------ */

static void take_variable(void *to, size_t row, size_t column, const char *text)
{
    inspection *now = to;
    (void)row;
    if (column == 1 && now->variable >= 0)
        keep(now, &now->found.values[now->variable], text);
    if (column != 0 || text == NULL)
        return;
    now->variable = -1;
    for (size_t i = 0; i < now->it->checks->count; i++)
        if (is_made(now, i, DRV_CHECK_VARIABLE) && strcasecmp(check_at(now, i)->name, text) == 0)
            now->variable = (int)i;
}

static int ask_variables(inspection *now, outfall_error *error)
{
    drv_text sql = {0};
    for (size_t i = 0; i < now->it->checks->count; i++) {
        if (!is_made(now, i, DRV_CHECK_VARIABLE))
            continue;
        drv_text_add(&sql, sql.length == 0 ? "SHOW VARIABLES WHERE Variable_name IN (" : ", ");
        drv_text_format(&sql, "'%s'", check_at(now, i)->name);
    }
    if (sql.length == 0 && !sql.failed)
        return OUTFALL_OK;
    drv_text_add(&sql, ")");
    return ask(now, &sql, take_variable, error);
}

/* ---- Trials --------------------------------------------------------------------------- */

/* What an error of MySQL's or MariaDB's says of a trial; others are no answer to it. */
static const struct {
    int32_t code;
    const char *found; /* NULL: nothing is found. */
} verdicts[] = {
    {1044, "denied"},    /* The database. */
    {1065, NULL},        /* Nothing to try on a server of that version. */
    {1142, "denied"},    /* The table. */
    {1143, "denied"},    /* The column. */
    {1146, NULL},        /* No such table: whoever had to make it says so. */
    {1227, "denied"},    /* A right that is none to a table. */
    {1290, "read-only"}, /* read_only, super_read_only. */
    {1401, "denied"},    /* XA RECOVER without XA_RECOVER_ADMIN. */
    {1792, NULL},        /* The transaction is: a variable tells. */
    {1836, "read-only"}, /* The server is. */
};

static void drop(void *to, size_t row, size_t column, const char *text)
{
    (void)to;
    (void)row;
    (void)column;
    (void)text;
}

static int try(inspection *now, size_t index, outfall_error *error)
{
    outfall_error detail = {0};
    drv_text sql = {0};
    drv_text_add(&sql, check_at(now, index)->sql);
    int status = ask(now, &sql, drop, &detail);
    for (size_t i = 0; status != OUTFALL_OK && i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (detail.native_code != verdicts[i].code)
            continue;
        keep(now, &now->found.values[index], verdicts[i].found);
        return now->failed ? drv_fail_nomem(error) : OUTFALL_OK;
    }
    if (status != OUTFALL_OK) {
        drv_ledger_judge(&detail);
        if (error != NULL)
            *error = detail;
    }
    return status;
}

static int try_all(inspection *now, outfall_error *error)
{
    int status = OUTFALL_OK;
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < now->it->checks->count && status == OUTFALL_OK; i++) {
        if (!is_made(now, i, DRV_CHECK_TRIED))
            continue;
        if (last != SIZE_MAX && check_at(now, last)->sql == check_at(now, i)->sql)
            keep(now, &now->found.values[i], now->found.values[last]); /* Two read one answer. */
        else
            status = try(now, i, error);
        last = i;
    }
    return status;
}

/* ----------------------------------------------------------------------------------------- */

int drv_inspect_run(const drv_inspect *it, outfall_connection *connection,
                    const outfall_inspect_options *options, int64_t deadline_us,
                    outfall_error *error)
{
    inspection now = {.it = it,
                      .options = options,
                      .connection = connection,
                      .deadline_us = deadline_us,
                      .number = it->number,
                      .found = {.target = it->display},
                      .variable = -1};
    int status = ask_expressions(&now, error);
    if (status == OUTFALL_OK)
        status = ask_again(&now, error);
    if (status == OUTFALL_OK)
        status = ask_variables(&now, error);
    if (status == OUTFALL_OK)
        status = try_all(&now, error);
    if (status == OUTFALL_OK)
        status = drv_check_judge(it->checks, &now.found, options, error);
    free(now.found.account);
    for (size_t i = 0; i < DRV_CHECKS_MAX; i++)
        free(now.found.values[i]);
    return status;
}
