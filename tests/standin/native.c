/* SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sti_native {
    int code;
    const char *sqlstate;
    const char *text; /* @: the detail. */
};

static const struct sti_native NATIVES[] = {
    {1, "23000", "unique constraint (@) violated"},
    {18, "HY000", "maximum number of sessions exceeded"},
    {20, "HY000", "maximum number of processes (@) exceeded"},
    {26, "HY000", "missing or invalid session ID"},
    {28, "HY000", "your session has been killed"},
    {30, "HY000", "User session ID does not exist."},
    {54, "HY000", "resource busy and acquire with NOWAIT specified or timeout expired"},
    {60, "HY000", "deadlock detected while waiting for resource"},
    {600, "HY000", "internal error code, arguments: [@]"},
    {900, "42000", "invalid SQL statement"},
    {902, "42000", "invalid datatype"},
    {903, "42000", "invalid table name"},
    {904, "42S22", "@: invalid identifier"},
    {905, "42000", "missing keyword"},
    {906, "42000", "missing left parenthesis"},
    {907, "42000", "missing right parenthesis"},
    {910, "42000", "specified length too long for its datatype"},
    {911, "42000", "invalid character"},
    {913, "42000", "too many values"},
    {917, "42000", "missing comma"},
    {918, "42000", "column ambiguously defined"},
    {920, "42000", "invalid relational operator"},
    {922, "42000", "missing or invalid option"},
    {923, "42000", "FROM keyword not found where expected"},
    {925, "42000", "missing INTO keyword"},
    {926, "42000", "missing VALUES keyword"},
    {927, "42000", "missing equal sign"},
    {928, "42000", "missing SELECT keyword"},
    {932, "42000", "inconsistent datatypes: expected - got @"},
    {933, "42000", "SQL command not properly ended"},
    {936, "42000", "missing expression"},
    {942, "42S02", "table or view does not exist"},
    {947, "42000", "not enough values"},
    {955, "42S01", "name is already used by an existing object"},
    {957, "42S21", "duplicate column name"},
    {969, "42000", "missing ON keyword"},
    {971, "42000", "missing SET keyword"},
    {972, "42000", "identifier is too long"},
    {1012, "HY000", "not logged on"},
    {1013, "HY008", "user requested cancel of current operation"},
    {1017, "28000", "invalid username/password; logon denied"},
    {1031, "42000", "insufficient privileges"},
    {1033, "HY000", "ORACLE initialization or shutdown in progress"},
    {1034, "HY000", "ORACLE not available"},
    {1086, "HY000", "savepoint '@' never established in this session or is invalid"},
    {1089, "HY000", "immediate shutdown or close in progress - no operations are permitted"},
    {1092, "HY000", "ORACLE instance terminated. Disconnection forced"},
    {1400, "23000", "cannot insert NULL into (@)"},
    {1407, "23000", "cannot update (@) to NULL"},
    {1426, "22003", "numeric overflow"},
    {1438, "22003", "value larger than specified precision allowed for this column"},
    {1461, "HY000", "can bind a LONG value only for insert into a LONG column"},
    {1652, "HY000", "unable to extend temp segment by @ in tablespace TEMP"},
    {1653, "HY000", "unable to extend table @ in tablespace USERS"},
    {1465, "HY000", "invalid hex number"},
    {1722, "HY000", "invalid number"},
    {1727, "42000", "numeric precision specifier is out of range (1 to 38)"},
    {1728, "42000", "numeric scale specifier is out of range (-84 to 127)"},
    {1740, "42000", "missing double quote in identifier"},
    {1741, "42000", "illegal zero-length identifier"},
    {1756, "42000", "quoted string not properly terminated"},
    {1792, "42000", "maximum number of columns in a table or view is 1000"},
    {1830, "22007", "date format picture ends before converting entire input string"},
    {1841, "22008", "(full) year must be between -4713 and +9999, and not be 0"},
    {1843, "22007", "not a valid month"},
    {1847, "22007", "day of month must be between 1 and last day of month"},
    {1861, "22007", "literal does not match format string"},
    {2049, "HY000", "timeout: distributed transaction waiting for lock"},
    {2065, "HY000", "illegal option for ALTER SYSTEM"},
    {2089, "HY000", "COMMIT is not allowed in a subordinate session"},
    {2290, "23000", "check constraint (@) violated"},
    {2291, "23000", "integrity constraint (@) violated - parent key not found"},
    {2292, "23000", "integrity constraint (@) violated - child record found"},
    {2329, "42000", "column of datatype @ cannot be unique or a primary key"},
    {3001, "42000", "unimplemented feature"},
    {3113, "08S01", "end-of-file on communication channel"},
    {3114, "08S01", "not connected to ORACLE"},
    {3135, "08S01", "connection lost contact"},
    {6550, "HY000", "line @"},
    {8177, "40001", "can't serialize access for this transaction"},
    {12170, "08001", "TNS:Connect timeout occurred"},
    {12514, "08001",
     "TNS:listener does not currently know of service requested in connect descriptor"},
    {12541, "08001", "TNS:no listener"},
    {12571, "08S01", "TNS:packet writer failure"},
    {12899, "22001", "value too large for column @"},
    {14400, "HY000", "inserted partition key does not map to any partition"},
    {16000, "25000", "database or pluggable database open for read-only access"},
    {24756, "HY000", "transaction does not exist"},
    {30006, "HY000", "resource busy; acquire with WAIT timeout expired"},
    {30088, "42000", "datetime/interval precision is out of range"},
    {30926, "HY000", "unable to get a stable set of rows in the source tables"},
    {32795, "42000", "cannot insert into a generated always identity column"},
    {38104, "42000", "Columns referenced in the ON Clause cannot be updated: @"},
    {54013, "42000", "INSERT operation disallowed on virtual columns"},
    {STI_REFUSED, "HY000", "stand-in: @"},
};

static const struct sti_native *native_of(int code)
{
    for (size_t i = 0; i < sizeof NATIVES / sizeof NATIVES[0]; i++)
        if (NATIVES[i].code == code)
            return &NATIVES[i];
    return NULL;
}

int sti_fail(struct sti_failure *failure, int code, const char *format, ...)
{
    if (failure->code)
        return -1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->detail, sizeof failure->detail, format, arguments);
    va_end(arguments);
    failure->code = code;
    return -1;
}

const char *sti_native_sqlstate(const struct sti_failure *failure)
{
    const struct sti_native *native = native_of(failure->code);
    if (failure->sqlstate[0])
        return failure->sqlstate;
    return native ? native->sqlstate : "HY000";
}

void sti_native_message(const struct sti_failure *failure, struct sti_text *message)
{
    const struct sti_native *native = native_of(failure->code);
    sti_text_format(message, "[Oracle][ODBC][Ora]ORA-%05d: ", failure->code);
    const char *text = native ? native->text : "@";
    const char *mark = strchr(text, '@');
    if (!mark) {
        sti_text_puts(message, text);
        return;
    }
    sti_text_add(message, text, (size_t)(mark - text));
    sti_text_puts(message, failure->detail);
    sti_text_puts(message, mark + 1);
}

int sti_native_ends_session(int code)
{
    static const int codes[] = {28, 1012, 1033, 1034, 1089, 1092, 3113, 3114, 3135, 12571};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code)
            return 1;
    return 0;
}

/* The first "quoted" name in a message after `word`, without its quotes; empty where none is. */
static void named_after(const char *message, const char *word, char *name, size_t capacity)
{
    name[0] = '\0';
    const char *at = strstr(message, word);
    const char *open = at ? strchr(at, '"') : NULL;
    const char *close = open ? strchr(open + 1, '"') : NULL;
    if (close && (size_t)(close - open) <= capacity) {
        memcpy(name, open + 1, (size_t)(close - open - 1));
        name[close - open - 1] = '\0';
    }
}

/* How a SQLSTATE of PostgreSQL becomes an error of Oracle, and what its detail is. */
enum detail { NOTHING, CONSTRAINT, COLUMN, NAME, PLACE };

static const struct {
    const char *sqlstate;
    const char *words; /* In the message, where the SQLSTATE alone does not tell; or NULL. */
    int code;
    enum detail detail;
} MEANINGS[] = {
    {"23505", NULL, 1, CONSTRAINT},
    {"23514", "no partition of relation", 14400, NOTHING},
    {"23514", NULL, 2290, CONSTRAINT},
    {"23503", "update or delete", 2292, CONSTRAINT},
    {"23503", NULL, 2291, CONSTRAINT},
    {"23502", NULL, 1400, COLUMN},
    {"22001", NULL, 12899, PLACE},
    {"22003", "numeric field overflow", 1438, NOTHING},
    {"22003", NULL, 1426, NOTHING},
    {"22P02", NULL, 1722, NOTHING},
    {"22007", NULL, 1861, NOTHING},
    {"22008", NULL, 1841, NOTHING},
    {"21000", NULL, 30926, NOTHING},
    {"3B001", NULL, 1086, NAME},
    {"42704", "prepared transaction", 24756, NOTHING},
    {"55000", "prepared transaction", 24756, NOTHING}, /* Another session is ending it. */
    {"42P01", NULL, 942, NOTHING},
    {"42703", NULL, 904, COLUMN},
    {"42P07", NULL, 955, NOTHING},
    {"42701", NULL, 957, NOTHING},
    {"42501", NULL, 1031, NOTHING},
    {"42809", NULL, 942, NOTHING},
    {"428C9", "identity", 32795, NOTHING},
    {"428C9", NULL, 54013, NOTHING},
    {"3F000", NULL, 942, NOTHING},
    {"40P01", NULL, 60, NOTHING},
    {"40001", NULL, 8177, NOTHING},
    {"55P03", NULL, 54, NOTHING},
    {"57014", NULL, 1013, NOTHING},
    {"57P01", NULL, 1089, NOTHING},
    {"57P02", NULL, 1092, NOTHING},
    {"57P03", NULL, 1033, NOTHING},
    {"53100", NULL, 1653, PLACE},
    {"53300", NULL, 18, NOTHING},
    {"25006", NULL, 16000, NOTHING},
    {"28P01", NULL, 1017, NOTHING},
    {"28000", NULL, 1017, NOTHING},
    {"3D000", NULL, 12514, NOTHING},
    /* While connecting psqlODBC knows no other state: its words tell. */
    {"08001", "password authentication failed", 1017, NOTHING},
    {"08001", "no password supplied", 1017, NOTHING},
    {"08001", "no pg_hba.conf entry", 1017, NOTHING},
    {"08001", "too many", 18, NOTHING}, /* Clients, or connections of the role. */
    {"08001", "connection slots", 18, NOTHING},
    {"08001", "the database system is", 1033, NOTHING},
    {"08001", "FATAL:  role", 1017, NOTHING},
    {"08001", "FATAL:  database", 12514, NOTHING},
    {"08001", NULL, 12541, NOTHING},
    {"08003", NULL, 3114, NOTHING},
    {"08S01", NULL, 3113, NOTHING},
    {"08006", NULL, 3113, NOTHING},
};

void sti_native_translate(struct sti_failure *failure, const char *sqlstate, const char *message,
                          const char *schema, const char *table)
{
    char name[136];
    for (size_t i = 0; i < sizeof MEANINGS / sizeof MEANINGS[0]; i++) {
        if (strcmp(MEANINGS[i].sqlstate, sqlstate) != 0 ||
            (MEANINGS[i].words && !strstr(message, MEANINGS[i].words)))
            continue;
        switch (MEANINGS[i].detail) {
        case CONSTRAINT:
            named_after(message, "constraint", name, sizeof name);
            sti_fail(failure, MEANINGS[i].code, "%s.%s", schema, name);
            return;
        case COLUMN:
            named_after(message, "column", name, sizeof name);
            if (MEANINGS[i].code == 904)
                sti_fail(failure, 904, "\"%s\"", name);
            else
                sti_fail(failure, MEANINGS[i].code, "\"%s\".\"%s\".\"%s\"", schema, table, name);
            return;
        case NAME:
            named_after(message, "savepoint", name, sizeof name);
            sti_fail(failure, MEANINGS[i].code, "%s", name);
            return;
        case PLACE:
            sti_fail(failure, MEANINGS[i].code, "\"%s\".\"%s\"", schema, table);
            return;
        case NOTHING:
            sti_fail(failure, MEANINGS[i].code, "%s", "");
            return;
        }
    }
    sti_fail(failure, STI_REFUSED, "PostgreSQL %s: %.300s", sqlstate, message);
}
