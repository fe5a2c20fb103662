/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc/sql.h"

#include <stdio.h>
#include <string.h>

#include "common/identifier.h"
#include "odbc/type.h"

/* ---- Templates -------------------------------------------------------------------- */

/* What a template's holes are filled from. */
typedef struct filling {
    const drv_odbc_shape *shape;
    uint32_t rows;
    const char *name; /* $n, not yet quoted; NULL outside an item. */
    const char *cast; /* $y, and where $p is a bare parameter. */
} filling;

static void expand(drv_text *to, const filling *from, const char *template);

/* ", " before all items but the first. */
static void add_comma(drv_text *to, uint32_t index)
{
    if (index > 0)
        drv_text_add_bytes(to, ", ", 2);
}

/* One ? for a column, within the cast that it may need. */
static void add_parameter(drv_text *to, const filling *from, uint32_t column)
{
    const char *cast = from->shape->casts != NULL ? from->shape->casts[column] : NULL;
    const char *around = from->shape->dialect->statements.cast;
    if (cast == NULL || around == NULL) {
        drv_text_add_bytes(to, "?", 1);
        return;
    }
    filling inner = {.shape = from->shape, .cast = cast};
    expand(to, &inner, around);
}

/* One item for each column, joined. */
static void add_items(drv_text *to, const filling *from, const char *item, const char *joiner,
                      const uint32_t *columns, uint32_t count)
{
    filling inner = *from;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t column = columns != NULL ? columns[i] : i;
        if (i > 0)
            drv_text_add(to, joiner);
        inner.name = from->shape->columns[column].name;
        expand(to, &inner, item);
    }
}

/* The key's columns, each with the collation that its index has. */
static void add_collated(drv_text *to, const filling *from)
{
    const drv_odbc_shape *shape = from->shape;
    for (uint32_t i = 0; i < shape->key_count; i++) {
        uint32_t column = shape->key[i];
        const char *collation = shape->collations != NULL ? shape->collations[column] : NULL;
        add_comma(to, i);
        drv_odbc_sql_quote(to, shape->dialect, shape->columns[column].name);
        drv_text_add(to, collation != NULL ? " COLLATE " : "");
        drv_text_add(to, collation != NULL ? collation : "");
    }
}

/* (?, ?), (?, ?): the columns, or the key's. */
static void add_rows(drv_text *to, const filling *from, const uint32_t *columns, uint32_t count)
{
    for (uint32_t row = 0; row < from->rows; row++) {
        add_comma(to, row);
        drv_text_add_bytes(to, "(", 1);
        for (uint32_t i = 0; i < count; i++) {
            add_comma(to, i);
            add_parameter(to, from, columns != NULL ? columns[i] : i);
        }
        drv_text_add_bytes(to, ")", 1);
    }
}

/* The rows as queries, for a database that has no VALUES to select from. */
static void add_queries(drv_text *to, const filling *from)
{
    const char *item = from->shape->dialect->statements.parameter;
    for (uint32_t row = 0; row < from->rows; row++) {
        const char *rest = from->shape->dialect->statements.row;
        const char *hole = strstr(rest, "$p");
        drv_text_add(to, row > 0 ? " UNION ALL " : "");
        drv_text_add_bytes(to, rest, (size_t)(hole - rest));
        for (uint32_t i = 0; i < from->shape->column_count; i++) {
            filling inner = {.shape = from->shape, .name = from->shape->columns[i].name};
            const char *place = strstr(item, "$p");
            add_comma(to, i);
            drv_text_add_bytes(to, item, (size_t)(place - item));
            add_parameter(to, from, i);
            expand(to, &inner, place + 2);
        }
        drv_text_add(to, hole + 2);
    }
}

/* One list of single parameters, of a key of one column. */
static void add_key_list(drv_text *to, const filling *from)
{
    for (uint32_t row = 0; row < from->rows; row++) {
        add_comma(to, row);
        add_parameter(to, from, from->shape->key[0]);
    }
}

/* ("k" = ? AND "l" = ?) OR (…); without brackets where there is one row. */
static void add_key_tests(drv_text *to, const filling *from)
{
    const drv_odbc_shape *shape = from->shape;
    for (uint32_t row = 0; row < from->rows; row++) {
        drv_text_add(to, row > 0 ? " OR " : "");
        drv_text_add(to, from->rows > 1 ? "(" : "");
        for (uint32_t i = 0; i < shape->key_count; i++) {
            drv_text_add(to, i > 0 ? " AND " : "");
            drv_odbc_sql_quote(to, shape->dialect, shape->columns[shape->key[i]].name);
            drv_text_add(to, " = ");
            add_parameter(to, from, shape->key[i]);
        }
        drv_text_add(to, from->rows > 1 ? ")" : "");
    }
}

static void add_updates(drv_text *to, const filling *from)
{
    const drv_odbc_shape *shape = from->shape;
    filling inner = *from;
    uint32_t done = 0;
    for (uint32_t i = 0; i < shape->column_count; i++) {
        if (!shape->updated[i])
            continue;
        add_comma(to, done++);
        inner.name = shape->columns[i].name;
        expand(to, &inner, shape->dialect->statements.set);
    }
    for (uint32_t i = 0; i < shape->reset_count; i++) {
        add_comma(to, done++);
        drv_text_add(to, shape->resets[i]);
    }
}

static void fill_hole(drv_text *to, const filling *from, char hole)
{
    const drv_odbc_shape *shape = from->shape;
    const drv_odbc_statements *statements = &shape->dialect->statements;
    switch (hole) {
    case 't':
        drv_text_add(to, shape->table);
        break;
    case 'c':
        add_items(to, from, "$n", ", ", NULL, shape->column_count);
        break;
    case 'x':
        add_items(to, from, "x.$n", ", ", NULL, shape->column_count);
        break;
    case 'k':
        add_items(to, from, "$n", ", ", shape->key, shape->key_count);
        break;
    case 'g':
        add_collated(to, from);
        break;
    case 'f':
        add_items(to, from, "$n", "", shape->key, shape->key_count > 0); /* the first */
        break;
    case 'a':
        add_rows(to, from, NULL, shape->column_count);
        break;
    case 's':
        add_rows(to, from, shape->key, shape->key_count);
        break;
    case 'l':
        add_key_list(to, from);
        break;
    case 'd':
        add_key_tests(to, from);
        break;
    case 'r':
        add_queries(to, from);
        break;
    case 'u':
        add_updates(to, from);
        break;
    case 'm':
        add_items(to, from, statements->match, " AND ", shape->key, shape->key_count);
        break;
    case 'v':
        add_items(to, from, statements->value, ", ", NULL, shape->column_count);
        break;
    case 'o':
        drv_text_add(
            to, shape->overriding && statements->overriding != NULL ? statements->overriding : "");
        break;
    case 'i':
        drv_text_add(to, shape->only && statements->only != NULL ? statements->only : "");
        break;
    case 'n':
        drv_odbc_sql_quote(to, shape->dialect, from->name);
        break;
    case 'p':
        drv_text_add(to, "?");
        break;
    default: /* 'y' */
        drv_text_add(to, from->cast);
        break;
    }
}

static void expand(drv_text *to, const filling *from, const char *template)
{
    for (const char *hole; (hole = strchr(template, '$')) != NULL; template = hole + 2) {
        drv_text_add_bytes(to, template, (size_t)(hole - template));
        fill_hole(to, from, hole[1]);
    }
    drv_text_add(to, template);
}

/* ---- Statements ------------------------------------------------------------------- */

static const char *template_of(const drv_odbc_shape *shape, enum drv_odbc_kind kind)
{
    const drv_odbc_statements *statements = &shape->dialect->statements;
    uint32_t updates = shape->reset_count;
    switch (kind) {
    case DRV_ODBC_INSERT:
        return statements->insert;
    case DRV_ODBC_UPSERT:
        for (uint32_t i = 0; i < shape->column_count; i++)
            updates += shape->updated[i];
        return updates > 0 ? statements->upsert : statements->ignore;
    case DRV_ODBC_IGNORE:
        return statements->ignore;
    default:
        return shape->key_count == 1 ? statements->erase : statements->erase_wide;
    }
}

void drv_odbc_sql_write(drv_text *to, const drv_odbc_shape *shape, enum drv_odbc_kind kind,
                        uint32_t rows)
{
    filling from = {.shape = shape, .rows = rows};
    expand(to, &from, template_of(shape, kind));
}

/* Qualified: SQLite would take a bare "name" that is no column for a text. */
void drv_odbc_sql_probe(drv_text *to, const drv_odbc_shape *shape)
{
    filling from = {.shape = shape};
    expand(to, &from, "SELECT $x FROM $t x WHERE 1 = 0");
}

void drv_odbc_sql_reset(drv_text *to, const drv_odbc_dialect *dialect, const char *column)
{
    const drv_odbc_shape shape = {.dialect = dialect};
    filling from = {.shape = &shape, .name = column};
    expand(to, &from, dialect->statements.reset);
}

/* ---- Names ------------------------------------------------------------------------ */

void drv_odbc_sql_quote(drv_text *to, const drv_odbc_dialect *dialect, const char *name)
{
    const drv_odbc_names *names = &dialect->names;
    drv_text_add_bytes(to, &names->open, 1);
    for (const char *from = name; *from != '\0'; from++) {
        drv_text_add_bytes(to, from, 1);
        if (*from == names->close)
            drv_text_add_bytes(to, from, 1);
    }
    drv_text_add_bytes(to, &names->close, 1);
}

void drv_odbc_sql_table(drv_text *to, const drv_odbc_dialect *dialect, const char *schema,
                        const char *table)
{
    if (schema != NULL) {
        drv_odbc_sql_quote(to, dialect, schema);
        drv_text_add_bytes(to, ".", 1);
    }
    drv_odbc_sql_quote(to, dialect, table);
}

/* UTF-16 units of valid UTF-8: a character of four bytes is two of them. */
static size_t units_of(const char *name)
{
    size_t units = 0;
    for (const unsigned char *at = (const unsigned char *)name; *at != '\0'; at++)
        units += (size_t)((*at & 0xC0) != 0x80) + (size_t)(*at >= 0xF0);
    return units;
}

static int refuse_name(const char *name, const char *what, const char *why, outfall_error *error)
{
    return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                             "the %s name \"%.100s\" %s; name it otherwise", what, name, why);
}

int drv_odbc_sql_check_name(const drv_odbc_dialect *dialect, uint32_t most, const char *name,
                            const char *what, outfall_error *error)
{
    const drv_odbc_names *names = &dialect->names;
    int status = drv_identifier_check(name, what, names->in_characters ? 0 : most, error);
    if (status != OUTFALL_OK)
        return status;
    size_t units = names->in_characters ? units_of(name) : 0;
    if (most > 0 && units > most)
        return outfall_error_set(error, OUTFALL_ERR_INVALID, OUTFALL_ACTION_STOP,
                                 "the %s name \"%.60s\" is %zu characters long and the database "
                                 "takes at most %u; shorten it",
                                 what, name, units, most);
    if (names->undoubled && strchr(name, names->close) != NULL)
        return refuse_name(name, what, "holds a quote, which the database does not take", error);
    if (names->no_end_blank && name[strlen(name) - 1] == ' ')
        return refuse_name(name, what, "ends in a blank, which the database does not take", error);
    for (const unsigned char *at = (const unsigned char *)name; names->plane_zero && *at; at++)
        if (*at >= 0xF0)
            return refuse_name(name, what,
                               "holds a character beyond U+FFFF, which the database does not take",
                               error);
    return OUTFALL_OK;
}

/* ---- CREATE TABLE ----------------------------------------------------------------- */

static int fail_type(const drv_odbc_dialect *dialect, const outfall_column *column,
                     outfall_error *error)
{
    outfall_error_set(error, OUTFALL_ERR_UNSUPPORTED, OUTFALL_ACTION_STOP,
                      "column \"%.100s\" cannot be made from a schema with the dialect %s, which "
                      "has no type for it; create the table with SQL first",
                      column->name, dialect->name);
    if (error != NULL)
        snprintf(error->column, sizeof error->column, "%s", column->name);
    return OUTFALL_ERR_UNSUPPORTED;
}

static int add_columns(drv_text *to, const drv_odbc_dialect *dialect, const outfall_column *columns,
                       size_t count, outfall_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const outfall_column *column = &columns[i];
        uint32_t computed = OUTFALL_COLUMN_GENERATED | OUTFALL_COLUMN_IDENTITY_ALWAYS |
                            OUTFALL_COLUMN_IDENTITY_DEFAULT;
        int required = (column->flags & (OUTFALL_COLUMN_NOT_NULL | OUTFALL_COLUMN_KEY)) != 0;
        add_comma(to, i > 0);
        drv_odbc_sql_quote(to, dialect, column->name);
        drv_text_add_bytes(to, " ", 1);
        if ((column->flags & computed) != 0 || !drv_odbc_type_declare(to, dialect, column))
            return fail_type(dialect, column, error);
        if (required)
            drv_text_add(to, " NOT NULL");
        else if (dialect->nullable != NULL)
            drv_text_add(to, dialect->nullable);
    }
    return OUTFALL_OK;
}

static void add_key(drv_text *to, const drv_odbc_dialect *dialect, const outfall_column *columns,
                    size_t count)
{
    uint32_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if ((columns[i].flags & OUTFALL_COLUMN_KEY) == 0)
            continue;
        drv_text_add(to, done++ == 0 ? ", PRIMARY KEY (" : ", ");
        drv_odbc_sql_quote(to, dialect, columns[i].name);
    }
    drv_text_add(to, done > 0 ? ")" : "");
}

static void add_mark(drv_text *to, const char *template, const char *mark)
{
    const char *hole = template != NULL && mark != NULL ? strchr(template, '#') : NULL;
    if (hole == NULL)
        return;
    drv_text_add_bytes(to, template, (size_t)(hole - template));
    drv_text_add(to, mark);
    drv_text_add(to, hole + 1);
}

int drv_odbc_sql_create(drv_text *to, const drv_odbc_dialect *dialect, const char *table,
                        const outfall_column *columns, size_t count, const char *mark,
                        outfall_error *error)
{
    int status = OUTFALL_OK;
    const char *template = dialect->create;
    for (const char *hole; (hole = strchr(template, '$')) != NULL; template = hole + 2) {
        drv_text_add_bytes(to, template, (size_t)(hole - template));
        if (hole[1] == 't') {
            drv_text_add(to, table);
            continue;
        }
        if (hole[1] == 'x') {
            add_mark(to, dialect->mark, mark);
            continue;
        }
        status = add_columns(to, dialect, columns, count, error);
        if (status != OUTFALL_OK)
            return status;
        add_key(to, dialect, columns, count);
    }
    drv_text_add(to, template);
    return status;
}
