/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <ctype.h>
#include <string.h>

#include "wide.h"

#define VARCHAR2_BYTES 4000 /* With MAX_STRING_SIZE = STANDARD, the default. */
#define RAW_BYTES 2000
#define NUMBER_DIGITS 38
#define NUMBER_EXPONENT 126

static const struct {
    SQLSMALLINT c_type;
    SQLSMALLINT forward; /* The SQL type that psqlODBC is told. */
    SQLLEN bytes;        /* 0: the buffer's length. */
} C_TYPES[] = {
    {SQL_C_CHAR, SQL_VARCHAR, 0},
    {SQL_C_WCHAR, SQL_VARCHAR, 0},
    {SQL_C_BINARY, SQL_VARBINARY, 0},
    {SQL_C_SHORT, SQL_SMALLINT, sizeof(SQLSMALLINT)},
    {SQL_C_SSHORT, SQL_SMALLINT, sizeof(SQLSMALLINT)},
    {SQL_C_LONG, SQL_INTEGER, sizeof(SQLINTEGER)},
    {SQL_C_SLONG, SQL_INTEGER, sizeof(SQLINTEGER)},
    {SQL_C_FLOAT, SQL_REAL, sizeof(SQLREAL)},
    {SQL_C_DOUBLE, SQL_DOUBLE, sizeof(SQLDOUBLE)},
    {SQL_C_TYPE_DATE, SQL_TYPE_DATE, sizeof(SQL_DATE_STRUCT)},
    {SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP, sizeof(SQL_TIMESTAMP_STRUCT)},
};

static int c_type_index(SQLSMALLINT c_type)
{
    for (size_t i = 0; i < sizeof C_TYPES / sizeof C_TYPES[0]; i++)
        if (C_TYPES[i].c_type == c_type)
            return (int)i;
    return -1;
}

int sti_value_types_known(SQLSMALLINT c_type, SQLSMALLINT sql_type)
{
    static const SQLSMALLINT sql_types[] = {
        SQL_CHAR,          SQL_VARCHAR,   SQL_LONGVARCHAR, SQL_WCHAR,         SQL_WVARCHAR,
        SQL_WLONGVARCHAR,  SQL_DECIMAL,   SQL_NUMERIC,     SQL_SMALLINT,      SQL_INTEGER,
        SQL_REAL,          SQL_FLOAT,     SQL_DOUBLE,      SQL_BINARY,        SQL_VARBINARY,
        SQL_LONGVARBINARY, SQL_TYPE_DATE, SQL_TIMESTAMP,   SQL_TYPE_TIMESTAMP};
    if (c_type_index(c_type) < 0)
        return 0;
    for (size_t i = 0; i < sizeof sql_types / sizeof sql_types[0]; i++)
        if (sql_types[i] == sql_type)
            return 1;
    return 0;
}

/* One row's value: `length` is SQL_NULL_DATA, or bytes. */
struct given {
    const char *data;
    SQLLEN length;
};

static struct given given_at(const struct sti_statement *statement,
                             const struct sti_binding *binding, SQLULEN row)
{
    SQLLEN fixed = C_TYPES[c_type_index(binding->c_type)].bytes;
    SQLULEN offset = statement->bind_offset ? *statement->bind_offset : 0;
    SQLULEN step = statement->bind_type ? statement->bind_type
                                        : (SQLULEN)(fixed ? fixed : binding->buffer_length);
    SQLULEN lengths = statement->bind_type ? statement->bind_type : sizeof(SQLLEN);
    struct given given = {binding->value ? binding->value + offset + row * step : NULL, SQL_NTS};
    if (binding->indicator)
        memcpy(&given.length, (const char *)binding->indicator + offset + row * lengths,
               sizeof given.length);
    if (given.length == SQL_NULL_DATA)
        return given;
    if (fixed)
        given.length = fixed;
    else if (given.length == SQL_NTS && binding->c_type == SQL_C_CHAR)
        given.length = (SQLLEN)strlen(given.data);
    return given;
}

/* Wide characters go on as UTF-8, in memory of the binding's. */
static void narrow(struct sti_binding *binding, struct given *given)
{
    SQLLEN units = given->length < 0 ? SQL_NTS : given->length / (SQLLEN)sizeof(SQLWCHAR);
    if (given->length == SQL_NULL_DATA || binding->c_type != SQL_C_WCHAR)
        return;
    binding->narrow.length = 0;
    sti_wide_add(&binding->narrow, (const SQLWCHAR *)(const void *)given->data, units);
    given->data = binding->narrow.data;
    given->length = (SQLLEN)binding->narrow.length;
}

static int is_plain_text(const struct sti_binding *binding)
{
    return binding->sql_type == SQL_VARCHAR || binding->sql_type == SQL_CHAR ||
           binding->sql_type == SQL_WVARCHAR || binding->sql_type == SQL_WCHAR;
}

/* A NUMBER written as text. */
static int check_number(const struct sti_statement *statement, const struct sti_binding *binding,
                        const struct given *given, const struct sti_column *column,
                        struct sti_failure *failure)
{
    int digits = 0, zeros = 0, points = 0, whole = 0;
    for (SQLLEN i = 0; i < given->length; i++) {
        char byte = given->data[i];
        if (byte == '.') {
            points++;
        } else if (isdigit((unsigned char)byte)) {
            whole += points == 0 && (whole || byte != '0');
            if (byte == '0') {
                zeros += digits > 0;
            } else {
                digits += zeros + 1; /* Zeros between digits are digits. */
                zeros = 0;
            }
        } else if (i > 0 || (byte != '-' && byte != '+')) {
            return sti_fail(failure, 1722, "%s", ""); /* NaN among them: NUMBER has none. */
        }
    }
    if (points > 1 ||
        (points && is_plain_text(binding) && !statement->connection->numbers_have_points))
        return sti_fail(failure, 1722, "%s", "");
    if (whole >= NUMBER_EXPONENT)
        return sti_fail(failure, 1426, "%s", "");
    if (digits > NUMBER_DIGITS && column->type.size < 0)
        return sti_fail(failure, STI_REFUSED, "\"%.100s\" gets %d digits, and rounds them",
                        column->name.text, digits);
    return 0;
}

static int too_large(const struct sti_column *column, long actual, long most,
                     struct sti_failure *failure)
{
    return sti_fail(failure, 12899, "\"%.80s\".\"%.80s\".\"%.80s\" (actual: %ld, maximum: %ld)",
                    column->schema.text, column->table.text, column->name.text, actual, most);
}

static int check_text(const struct given *given, const struct sti_column *column,
                      struct sti_failure *failure)
{
    long length = 0;
    if (sti_type_is_lob(&column->type))
        return 0;
    for (SQLLEN i = 0; i < given->length; i++)
        length += column->type.bytes || ((unsigned char)given->data[i] & 0xc0) != 0x80;
    if (length > column->type.size)
        return too_large(column, length, column->type.size, failure);
    if (given->length > VARCHAR2_BYTES)
        return too_large(column, given->length, VARCHAR2_BYTES, failure);
    return 0;
}

static int check_characters(const struct sti_statement *statement,
                            const struct sti_binding *binding, const struct given *given,
                            const struct sti_column *column, struct sti_failure *failure)
{
    /* The source of a MERGE is a query, and a query's text is a VARCHAR2. */
    if (statement->syntax.kind == STI_MERGE && is_plain_text(binding) &&
        given->length > VARCHAR2_BYTES)
        return sti_fail(failure, 1461, "%s", "");
    switch (column->type.base) {
    case STI_NUMBER:
    case STI_FLOAT:
        return check_number(statement, binding, given, column, failure);
    case STI_RAW:
    case STI_BLOB:
        return sti_fail(failure, STI_REFUSED, "\"%.100s\" gets characters for bytes",
                        column->name.text);
    case STI_BINARY_FLOAT:
    case STI_BINARY_DOUBLE:
        return 0;
    case STI_DATE:
    case STI_TIMESTAMP:
    case STI_TIMESTAMP_TZ:
    case STI_TIMESTAMP_LTZ:
        if (is_plain_text(binding) && !statement->connection->dates_have_format)
            return sti_fail(failure, 1861, "%s", "");
        return 0;
    default:
        return check_text(given, column, failure);
    }
}

static int check_bytes(const struct sti_statement *statement, const struct sti_binding *binding,
                       const struct given *given, const struct sti_column *column,
                       struct sti_failure *failure)
{
    if (!sti_type_is_binary(&column->type))
        return sti_fail(failure, 932, "BINARY");
    if (statement->syntax.kind == STI_MERGE && binding->sql_type != SQL_LONGVARBINARY &&
        given->length > RAW_BYTES)
        return sti_fail(failure, 1461, "%s", "");
    if (column->type.base == STI_RAW && given->length > column->type.size)
        return too_large(column, given->length, column->type.size, failure);
    return 0;
}

static int check_moment(const struct given *given, const struct sti_column *column,
                        struct sti_failure *failure)
{
    SQL_TIMESTAMP_STRUCT moment;
    memcpy(&moment, given->data, sizeof moment);
    if (!sti_type_is_time(&column->type))
        return sti_fail(failure, 932, "TIMESTAMP");
    if (moment.year < 1 || moment.year > 9999)
        return sti_fail(failure, 1841, "%s", "");
    if (column->type.base == STI_DATE && moment.fraction != 0)
        return sti_fail(failure, STI_REFUSED, "\"%.100s\" gets a fraction of a second, and cuts it",
                        column->name.text);
    return 0;
}

static int check(const struct sti_statement *statement, const struct sti_binding *binding,
                 const struct given *given, const struct sti_column *column,
                 struct sti_failure *failure)
{
    switch (binding->c_type) {
    case SQL_C_CHAR:
    case SQL_C_WCHAR:
        return check_characters(statement, binding, given, column, failure);
    case SQL_C_BINARY:
        return check_bytes(statement, binding, given, column, failure);
    case SQL_C_TYPE_TIMESTAMP:
        return check_moment(given, column, failure);
    default:
        return 0;
    }
}

int sti_value_copy(struct sti_statement *statement, size_t index, char *to, size_t capacity)
{
    struct sti_binding *binding = &statement->bindings[index];
    if (binding->is_output || (binding->c_type != SQL_C_WCHAR && binding->c_type != SQL_C_CHAR))
        return -1;
    struct given given = given_at(statement, binding, 0);
    narrow(binding, &given);
    size_t length = given.length > 0 ? (size_t)given.length : 0; /* NULL: no characters. */
    if (length >= capacity)
        return -1;
    memcpy(to, given.data, length);
    to[length] = '\0';
    return 0;
}

int sti_value_give(struct sti_statement *statement, size_t index, int number,
                   struct sti_failure *failure)
{
    const struct sti_binding *binding = &statement->bindings[index];
    SQLINTEGER given = number;
    if (!binding->is_output)
        return sti_fail(failure, 6550, "%s", "1, column 7: PLS-00363");
    memcpy(binding->value, &given, sizeof given);
    if (binding->indicator)
        *binding->indicator = sizeof given;
    return 0;
}

int sti_value_forward(struct sti_statement *statement, size_t index, SQLULEN row,
                      const struct sti_column *column, struct sti_failure *failure)
{
    struct sti_binding *binding = &statement->bindings[index];
    if (binding->is_output)
        return sti_fail(failure, STI_REFUSED, "a parameter that nothing is given to");
    struct given given = given_at(statement, binding, row);
    SQLSMALLINT forward = C_TYPES[c_type_index(binding->c_type)].forward;
    SQLSMALLINT c_type = binding->c_type == SQL_C_WCHAR ? SQL_C_CHAR : binding->c_type;
    narrow(binding, &given);
    if (given.length < 0 && given.length != SQL_NULL_DATA && given.length != SQL_NTS)
        return sti_fail(failure, STI_REFUSED, "a parameter that is given at execution");
    if (given.length == 0) /* '' is NULL, and so is an empty RAW. */
        given.length = SQL_NULL_DATA;
    if (given.length != SQL_NULL_DATA && column &&
        check(statement, binding, &given, column, failure) != 0)
        return -1;
    binding->forwarded = given.length;
    SQLRETURN code = sti_backend()->SQLBindParameter(
        statement->backend, (SQLUSMALLINT)(index + 1), SQL_PARAM_INPUT, c_type, forward,
        given.length > 0 ? (SQLULEN)given.length : 1,
        binding->c_type == SQL_C_TYPE_TIMESTAMP ? 6 : 0, (SQLPOINTER)given.data,
        given.length > 0 ? given.length : 0, &binding->forwarded);
    if (!SQL_SUCCEEDED(code))
        sti_backend_failure(statement->connection, SQL_HANDLE_STMT, statement->backend,
                            &statement->syntax, failure);
    return SQL_SUCCEEDED(code) ? 0 : -1;
}
