/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver's errors: number, SQLSTATE and text to action; the column from a message. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/error.h>

#include "document.h"
#include "mysql/action.h"
#include "odbc/action.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NUMBER_MAX 70000 /* Beyond all that the databases have. */

enum {
    RETRY = OUTFALL_ACTION_RETRY,
    RESTART = OUTFALL_ACTION_RESTART,
    ROW = OUTFALL_ACTION_ROW,
    RESOLVE = OUTFALL_ACTION_RESOLVE,
    STOP = OUTFALL_ACTION_STOP
};
enum {
    IO = OUTFALL_ERR_IO,
    DATABASE = OUTFALL_ERR_DATABASE,
    NOT_FOUND = OUTFALL_ERR_NOT_FOUND,
    AUTH = OUTFALL_ERR_AUTH,
    CHANGED = OUTFALL_ERR_CHANGED,
    CONFIG = OUTFALL_ERR_CONFIG
};

static void an_error_decides_what_is_done(void **state)
{
    static const struct {
        const char *why, *dialect, *sqlstate;
        int32_t native;
        const char *message;
        int status, action;
    } cases[] = {
        {"unique", "postgresql", "23505", 1, "duplicate key value", DATABASE, ROW},
        {"unique", "mysql", "23000", 1062, "Duplicate entry", DATABASE, ROW},
        {"unique, of MariaDB's general state", "mysql", "HY000", 1169, "", DATABASE, ROW},
        {"any constraint", "sqlite", "HY000", 19, "UNIQUE constraint failed", DATABASE, ROW},
        {"unique", "oracle", "23000", 1, "ORA-00001", DATABASE, ROW},
        {"unique", "mssql", "23000", 2627, "", DATABASE, ROW},
        {"not null", "oracle", "23000", 1400, "ORA-01400", DATABASE, ROW},
        {"not null", "mssql", "23000", 515, "", DATABASE, ROW},
        {"check, MariaDB", "mysql", "23000", 4025, "", DATABASE, ROW},
        {"foreign key", "oracle", "23000", 2291, "", DATABASE, ROW},
        {"too long", "oracle", "HY000", 12899, "", DATABASE, ROW},
        {"too long", "postgresql", "22001", 1, "", DATABASE, ROW},
        {"out of range", "mysql", "22003", 1264, "", DATABASE, ROW},
        {"a signal of its own number", "mysql", "45000", 30001, "", DATABASE, ROW},
        {"larger than the packet", "mysql", "HY000", 1153, "", DATABASE, ROW},
        {"cut in silence", "ansi", "01004", 0, "", DATABASE, ROW},
        {"rounded in silence", "ansi", "01S07", 0, "", DATABASE, ROW},
        {"deadlock", "postgresql", "40P01", 1, "", DATABASE, RETRY},
        {"deadlock", "mysql", "40001", 1213, "", DATABASE, RETRY},
        {"deadlock", "oracle", "HY000", 60, "", DATABASE, RETRY},
        {"deadlock", "mssql", "40001", 1205, "", DATABASE, RETRY},
        {"serialization", "oracle", "HY000", 8177, "", DATABASE, RETRY},
        {"lock timeout", "postgresql", "55P03", 1, "", DATABASE, RETRY},
        {"lock timeout", "mysql", "HY000", 1205, "", DATABASE, RETRY},
        {"busy", "sqlite", "HY000", 5, "database is locked", DATABASE, RETRY},
        {"too many connections", "mysql", "08004", 1040, "", IO, RETRY},
        {"too many connections", "postgresql", "08001", 101, "FATAL: sorry, too many connections",
         IO, RETRY},
        {"a refused connection of the class", "ansi", "08004", 0, "", AUTH, STOP},
        {"read-only", "postgresql", "25006", 1, "", DATABASE, STOP},
        {"read-only", "mysql", "HY000", 1290, "", DATABASE, STOP},
        {"read-only", "oracle", "HY000", 16000, "", DATABASE, STOP},
        {"read-only file", "sqlite", "HY000", 8, "", DATABASE, STOP},
        {"shutdown", "postgresql", "57P01", 1, "", IO, RETRY},
        {"shutdown", "mysql", "08S01", 1053, "", IO, RETRY},
        {"shutdown", "oracle", "HY000", 1089, "", IO, RETRY},
        {"a cluster's node that is not ready", "mysql", "HY000", 1047, "", IO, RETRY},
        {"lost without a SQLSTATE", "ansi", "", 0, NULL, IO, RETRY},
        {"lost without any", "ansi", NULL, 0, NULL, IO, RETRY},
        {"lost", "ansi", "08S01", 0, "", IO, RETRY},
        {"lost", "oracle", "HY000", 3113, "", IO, RETRY},
        {"the driver's timeout", "ansi", "HYT00", 0, "", IO, RETRY},
        {"disk full", "postgresql", "53100", 1, "", DATABASE, RETRY},
        {"disk full", "mysql", "HY000", 28, "", DATABASE, RETRY},
        {"disk full", "sqlite", "HY000", 13, "", DATABASE, RETRY},
        {"tablespace full", "oracle", "HY000", 1653, "", DATABASE, RETRY},
        {"log full", "mssql", "HY000", 9002, "", DATABASE, RETRY},
        {"permission denied", "postgresql", "42501", 1, "permission denied for table", DATABASE,
         STOP},
        {"row security", "postgresql", "42501", 1, "violates row-level security policy", DATABASE,
         ROW},
        {"permission denied", "mysql", "42000", 1142, "", DATABASE, STOP},
        {"permission denied", "mssql", "42000", 229, "", DATABASE, STOP},
        {"wrong password", "postgresql", "08001", 101, "password authentication failed", AUTH,
         STOP},
        {"wrong password", "mysql", "28000", 1045, "", AUTH, STOP},
        {"wrong password", "ansi", "28000", 0, "", AUTH, STOP},
        {"no role", "postgresql", "08001", 101, "role \"x\" does not exist", AUTH, STOP},
        {"no database", "postgresql", "08001", 101, "database \"x\" does not exist", NOT_FOUND,
         STOP},
        {"nobody listens", "postgresql", "08001", 101, "Connection refused", IO, RETRY},
        {"no TLS there", "postgresql", "08001", 101, "server does not support SSL, but", IO, STOP},
        {"no TLS there", "mysql", "HY000", 2026, "", IO, STOP},
        {"no such data source", "ansi", "IM002", 0, "", CONFIG, STOP},
        {"no such driver", "ansi", "01000", 0, "Can't open lib 'x'", CONFIG, STOP},
        {"no table", "postgresql", "42P01", 1, "", CHANGED, RESTART},
        {"no table", "ansi", "42S02", 0, "", CHANGED, RESTART},
        {"no table", "oracle", "HY000", 942, "", CHANGED, RESTART},
        {"no column", "sqlite", "HY000", 17, "", CHANGED, RESTART},
        {"not known whether it was done", "ansi", "25S01", 0, "", DATABASE, RESOLVE},
        {"a number of another dialect", "ansi", "HY000", 1062, "", DATABASE, STOP},
        {"a number of another dialect", "postgresql", "23505", 1205, "", DATABASE, ROW},
        {"never heard of", "ansi", "ZZ999", 0, "", DATABASE, STOP},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_odbc_action got = drv_odbc_action_of(cases[i].dialect, cases[i].sqlstate,
                                                 cases[i].native, cases[i].message);
        if (got.status != cases[i].status || got.action != cases[i].action)
            fail_msg("%s, %s: status %d, action %d", cases[i].why, cases[i].dialect, got.status,
                     got.action);
    }
}

/* Two ways to one server: a load must not end on the one and go on on the other. */
static void mysqls_numbers_mean_what_they_do_in_the_mysql_driver(void **state)
{
    (void)state;
    for (size_t i = 0; i < drv_my_rule_count; i++) {
        const drv_my_rule *rule = &drv_my_rules[i];
        drv_odbc_action got = drv_odbc_action_of("mysql", "HY000", (int32_t)rule->code, "");
        /* The mysql driver keeps its statements below the packet; here halves of a batch do. */
        int want = rule->code == 1153 ? ROW : rule->action;
        if (got.action != want)
            fail_msg("%u (%s): action %d", rule->code, rule->meaning, got.action);
    }
}

static void some_errors_say_what_to_do(void **state)
{
    static const struct {
        const char *dialect, *sqlstate;
        int32_t native;
        const char *part;
    } cases[] = {
        {"mysql", "28000", 1045, "PWD"},    {"mysql", "HY000", 1114, "free space"},
        {"mysql", "08004", 1040, "pool"},   {"postgresql", "42501", 1, "GRANT"},
        {"oracle", "HY000", 1017, "PWD"},   {"oracle", "HY000", 12154, "tnsnames"},
        {"mssql", "HY000", 4060, "create"}, {"sqlite", "HY000", 14, "path"},
        {"ansi", "IM002", 0, "odbcinst"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_odbc_action got =
            drv_odbc_action_of(cases[i].dialect, cases[i].sqlstate, cases[i].native, "");
        if (got.advice == NULL || strstr(got.advice, cases[i].part) == NULL)
            fail_msg("%s %d: %s", cases[i].dialect, (int)cases[i].native,
                     got.advice != NULL ? got.advice : "none");
    }
}

/* ---- The document ------------------------------------------------------------------- */

/* The cells of a table's next line, without the blanks around them; 0 behind its last. */
static size_t next_cells(const char **at, char cells[][512], size_t count)
{
    const char *end = strchr(*at, '\n');
    size_t found = 0;
    if (**at != '|' || end == NULL)
        return 0;
    for (const char *from = *at + 1; from < end && found < count; found++) {
        const char *to = memchr(from, '|', (size_t)(end - from));
        if (to == NULL)
            break;
        const char *next = to + 1;
        for (; from < to && *from == ' '; from++)
            ;
        for (; to > from && to[-1] == ' '; to--)
            ;
        snprintf(cells[found], sizeof cells[found], "%.*s", (int)(to - from), from);
        from = next;
    }
    *at = end + 1;
    return found;
}

/* What follows a table's head. */
static const char *find_table(const char *from, const char *head)
{
    const char *table = strstr(from, head);
    if (table == NULL)
        fail_msg("docs/drivers/odbc.md has no table \"%s\"", head);
    table = strchr(table, '\n') + 1;
    return strchr(table, '\n') + 1; /* Behind the rule under it. */
}

static int action_of(const char *name)
{
    static const char *const names[] = {"none", "RETRY", "RESTART", "ROW", "RESOLVE", "STOP"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    fail_msg("docs/drivers/odbc.md: there is no action %s", name);
    return -1;
}

/* The next word between two backticks, in place; NULL where there is none. */
static char *next_code(char **at)
{
    char *from = strchr(*at, '`');
    char *end = from != NULL ? strchr(from + 1, '`') : NULL;
    if (end == NULL)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return from + 1;
}

static void the_document_has_the_same_numbers(void **state)
{
    static const char *const dialects[] = {"oracle", "mssql", "mysql", "sqlite"};
    static uint8_t documented[COUNT(dialects)][NUMBER_MAX];
    char cells[4][512];
    (void)state;
    const char *text = document_read("docs/drivers/odbc.md");
    const char *at = find_table(text, "| dialect | meaning | numbers | action |");
    for (size_t dialect = COUNT(dialects); next_cells(&at, cells, 4) == 4;) {
        for (size_t i = 0; i < COUNT(dialects); i++)
            if (strstr(cells[0], dialects[i]) != NULL)
                dialect = i; /* An empty cell: as above. */
        assert_in_range(dialect, 0, COUNT(dialects) - 1);
        for (char *number = cells[2]; *number != '\0'; number += strspn(number, ", ")) {
            unsigned long code = strtoul(number, &number, 10);
            assert_in_range(code, 1, NUMBER_MAX - 1);
            if (documented[dialect][code] != 0)
                fail_msg("%s %lu is there twice", dialects[dialect], code);
            documented[dialect][code] = (uint8_t)action_of(cells[3]);
        }
    }
    for (size_t i = 0; i < COUNT(dialects); i++) {
        for (int32_t code = 1; code < NUMBER_MAX; code++) {
            bool known = drv_odbc_action_known(dialects[i], code);
            int action = known ? drv_odbc_action_of(dialects[i], "HY000", code, "").action : 0;
            if (documented[i][code] != action)
                fail_msg("docs/drivers/odbc.md: %s %d is %d there, and %d here", dialects[i],
                         (int)code, documented[i][code], action);
        }
    }
}

typedef struct documented_state {
    char prefix[6];
    int action;
} documented_state;

/* Of the documented prefixes the longest that fits. */
static int documented_action(const documented_state *states, size_t count, const char *sqlstate)
{
    size_t best = 0;
    int action = -1;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(states[i].prefix);
        if (strncmp(sqlstate, states[i].prefix, length) == 0 && (action < 0 || length > best)) {
            best = length;
            action = states[i].action;
        }
    }
    return action;
}

static size_t read_states(const char *at, documented_state *out, size_t room)
{
    char cells[3][512];
    size_t count = 0;
    while (next_cells(&at, cells, 3) == 3) {
        char *codes = cells[0];
        if (strcmp(codes, "others") == 0 && count < room)
            out[count++] = (documented_state){"", action_of(cells[2])};
        for (char *code; (code = next_code(&codes)) != NULL && count < room; count++) {
            snprintf(out[count].prefix, sizeof out[count].prefix, "%s", code);
            out[count].action = action_of(cells[2]);
        }
    }
    return count;
}

/* All SQLSTATEs of the classes that are documented, and a few of every other class. */
static void the_document_has_the_same_states(void **state)
{
    static const char letters[] = "0123456789ACFHIMPSTXZ"; /* Of codes that there are, and Z. */
    static documented_state states[128];
    enum { LETTERS = sizeof letters - 1 };
    (void)state;
    const char *text = document_read("docs/drivers/odbc.md");
    size_t count =
        read_states(find_table(text, "| SQLSTATE | meaning | action |"), states, COUNT(states));
    for (size_t code = 0; code < (size_t)LETTERS * LETTERS * LETTERS * LETTERS * LETTERS; code++) {
        char sqlstate[6] = {0};
        size_t rest = code;
        for (int i = 4; i >= 0; rest /= LETTERS)
            sqlstate[i--] = letters[rest % LETTERS];
        bool of_class = false;
        for (size_t i = 0; i < count; i++)
            of_class = of_class ||
                       (states[i].prefix[0] != '\0' && strncmp(states[i].prefix, sqlstate, 2) == 0);
        int want = documented_action(states, count, sqlstate);
        int got = drv_odbc_action_of("ansi", sqlstate, 0, "").action;
        if (want != got)
            fail_msg("docs/drivers/odbc.md: %s is %d there, and %d here", sqlstate, want, got);
        if (!of_class) /* On to the next class. */
            code += (size_t)LETTERS * LETTERS * LETTERS - 1;
    }
}

static void the_document_has_the_same_texts(void **state)
{
    char cells[3][512];
    size_t lines = 0;
    (void)state;
    const char *text = document_read("docs/drivers/odbc.md");
    const char *at = find_table(text, "| SQLSTATE | text | action |");
    for (; next_cells(&at, cells, 3) == 3; lines++) {
        char *codes = cells[0], *fragments = cells[1];
        const char *sqlstate = next_code(&codes);
        assert_non_null(sqlstate);
        drv_odbc_action plain = drv_odbc_action_of("postgresql", sqlstate, 0, "");
        for (const char *one; (one = next_code(&fragments)) != NULL;) {
            drv_odbc_action got = drv_odbc_action_of("postgresql", sqlstate, 0, one);
            if (got.action != action_of(cells[2]))
                fail_msg("docs/drivers/odbc.md: %s \"%s\" is %d here", sqlstate, one, got.action);
            if (got.status == plain.status && got.action == plain.action &&
                got.advice == plain.advice)
                fail_msg("docs/drivers/odbc.md: %s \"%s\" changes nothing", sqlstate, one);
        }
    }
    assert_in_range(lines, 3, 20);
}

/* ---- Messages ----------------------------------------------------------------------- */

static void a_message_names_its_column(void **state)
{
    static const outfall_column columns[] = {
        {.name = "id"}, {.name = "a b"}, {.name = "t"}, {.name = "N"}};
    static const struct {
        const char *why, *message, *want;
    } cases[] = {
        {"PostgreSQL", "null value in column \"id\" of relation \"t\" violates", "id"},
        {"PostgreSQL, with a blank", "null value in column \"a b\" of relation", "a b"},
        {"MariaDB", "Column 'id' cannot be null", "id"},
        {"MariaDB, at a row", "Data too long for column 'a b' at row 1", "a b"},
        {"MariaDB, with database and table", "Incorrect value for column `d`.`t`.`id` at row 1",
         "id"},
        {"SQLite", "NOT NULL constraint failed: t.id", "id"},
        {"SQLite, of several the first", "UNIQUE constraint failed: t.id, t.t", "id"},
        {"Oracle, NULL", "ORA-01400: cannot insert NULL into (\"ME\".\"T\".\"N\")", "N"},
        {"Oracle, too long", "ORA-12899: value too large for column \"ME\".\"T\".\"N\" (actual: 2)",
         "N"},
        {"SQL Server", "Cannot insert the value NULL into column 'id', table 'd.dbo.t'", "id"},
        {"SQL Server, too long",
         "data would be truncated in table 'd.dbo.t', column 'id'. Truncated value: ''.", "id"},
        {"in brackets", "Invalid column [a b].", "a b"},
        {"of no target", "null value in column \"other\" of relation", NULL},
        {"other letters", "Column 'ID' cannot be null", NULL},
        {"a part of one", "Column 'i' cannot be null", NULL},
        {"none", "duplicate key value violates unique constraint \"id\"", NULL},
        {"a quote that does not end", "column \"id", "id"},
        {"the end", "column ", NULL},
        {"nothing", "", NULL},
        {"NULL", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = drv_odbc_action_column(cases[i].message, columns, COUNT(columns));
        bool right = found == NULL || cases[i].want == NULL ? found == cases[i].want
                                                            : strcmp(found, cases[i].want) == 0;
        if (!right)
            fail_msg("%s: %s", cases[i].why, found != NULL ? found : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_decides_what_is_done),
        cmocka_unit_test(mysqls_numbers_mean_what_they_do_in_the_mysql_driver),
        cmocka_unit_test(some_errors_say_what_to_do),
        cmocka_unit_test(the_document_has_the_same_numbers),
        cmocka_unit_test(the_document_has_the_same_states),
        cmocka_unit_test(the_document_has_the_same_texts),
        cmocka_unit_test(a_message_names_its_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
