/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL of each kind of database behind ODBC, as data: statement templates, type tables, names.
 * Pure. sql.h makes statements of it, type.h reads and spells types with it.
 *
 * Holes of a statement template:
 *   $t  the table, quoted                     $c  the columns, quoted: "a", "b"
 *   $a  the rows: (?, ?), (?, ?)              $k  the key's columns, quoted
 *   $r  the rows as queries: `row`            $s  the rows' keys: (?, ?), (?, ?)
 *   $u  the updates: `set`, joined by ", "    $m  the matches: `match`, joined by " AND "
 *   $v  the values: `value`, joined by ", "   $f  the key's first column, quoted
 *   $o  `overriding`, or nothing              $l  the rows' keys of one column: ?, ?
 *   $i  `only`, or nothing                    $g  the key's columns, with their collations
 *   $d  the rows' keys: ("k" = ? AND "l" = ?) OR (…)
 * In `row`, $p is the row's parameters: `parameter` joined by ", "; rows are joined by " UNION ALL
 * ". In `parameter`, `set`, `match` and `value`, $n is the column's name, quoted, and $p a
 * parameter. In `cast`, $p is a parameter and $y the type.
 */
#ifndef DRV_ODBC_DIALECT_H
#define DRV_ODBC_DIALECT_H

#include <stddef.h>
#include <stdint.h>

#include <outfall/row.h>

#include "common/check.h"

/* How a column's fields are handed to the driver. bind.h has what each is in C. */
enum drv_odbc_bind {
    DRV_ODBC_BIND_INT16,
    DRV_ODBC_BIND_INT32,
    DRV_ODBC_BIND_INT64,
    DRV_ODBC_BIND_INT64_TEXT, /* As SQL_DECIMAL: Oracle's driver takes no SQL_C_SBIGINT. */
    DRV_ODBC_BIND_FLOAT32,
    DRV_ODBC_BIND_FLOAT64,
    DRV_ODBC_BIND_BOOL,         /* As SQL_BIT. */
    DRV_ODBC_BIND_DECIMAL,      /* Its text, as SQL_DECIMAL. */
    DRV_ODBC_BIND_DECIMAL_TEXT, /* Its text, as SQL_VARCHAR. */
    DRV_ODBC_BIND_TEXT,
    DRV_ODBC_BIND_BYTES,
    DRV_ODBC_BIND_DATE,
    DRV_ODBC_BIND_DATE_TEXT,
    DRV_ODBC_BIND_TIME, /* As SQL_TYPE_TIME, which has no fraction. */
    DRV_ODBC_BIND_TIME_TEXT,
    DRV_ODBC_BIND_TIMESTAMP,
    DRV_ODBC_BIND_TIMESTAMP_TEXT,
    DRV_ODBC_BIND_ZONED_TEXT, /* A timestamp with "+00:00" behind it. */
    DRV_ODBC_BIND_UUID_TEXT,
    DRV_ODBC_BIND_UUID_BYTES,
    DRV_ODBC_BINDS
};

/* What the catalog's numbers mean for a type; else they are not looked at. */
enum drv_odbc_size {
    DRV_ODBC_SIZE_NONE,
    DRV_ODBC_SIZE_LENGTH,   /* COLUMN_SIZE is the most characters or bytes. */
    DRV_ODBC_SIZE_DECIMAL,  /* COLUMN_SIZE is the precision, DECIMAL_DIGITS the scale. */
    DRV_ODBC_SIZE_FRACTION, /* DECIMAL_DIGITS is the digits of seconds. */
    DRV_ODBC_SIZE_BITS,     /* COLUMN_SIZE is how many bits an integer has, without a sign. */
    DRV_ODBC_SIZE_WHOLE /* As DECIMAL, but an integer where the scale is 0 and 64 bits hold it. */
};

/* Whether two keys of the type are equal just where their fields have the same bytes. */
enum drv_odbc_equality {
    DRV_ODBC_EQUAL_NEVER, /* Or not known. */
    DRV_ODBC_EQUAL_ALWAYS,
    DRV_ODBC_EQUAL_COLLATION /* As the column's collation has it: the catalog query says. */
};

/* A type as the database has it. */
typedef struct drv_odbc_type {
    const char
        *name;     /* Lower case, without arguments: "timestamp with time zone"; "*int": has it. */
    uint32_t type; /* enum outfall_type */
    enum drv_odbc_bind bind;
    enum drv_odbc_size size;
    enum drv_odbc_equality equality;
    uint32_t flags; /* enum outfall_column_flag; LIMITED with the two below. */
    int64_t least, most;
    uint32_t length; /* Only where COLUMN_SIZE is this; 0: any. Stands before the general entry. */
    uint32_t precision; /* Of a decimal, where the catalog's is not looked at or tells none. */
    uint8_t rounds;     /* 1: the database would round or pad values in silence. */
} drv_odbc_type;

/* One entry of a table of types, by the last parts of the names; `...`: other members. */
#define DRV_ODBC_TYPE(name_, type_, bind_, size_, equality_, ...)                                  \
    {                                                                                              \
        .name = name_, .type = OUTFALL_TYPE_##type_, .bind = DRV_ODBC_BIND_##bind_,                \
        .size = DRV_ODBC_SIZE_##size_, .equality = DRV_ODBC_EQUAL_##equality_, __VA_ARGS__         \
    }

/* Days and moments of the years 1 to 9999, as most databases have them. */
#define DRV_ODBC_FINITE (OUTFALL_COLUMN_LIMITED | OUTFALL_COLUMN_NO_INFINITY)
#define DRV_ODBC_DAYS .flags = DRV_ODBC_FINITE, .least = -719162, .most = 2932896
#define DRV_ODBC_MOMENTS                                                                           \
    .flags = DRV_ODBC_FINITE, .least = INT64_C(-719162) * INT64_C(86400000000),                    \
    .most = INT64_C(2932897) * INT64_C(86400000000) - 1
#define DRV_ODBC_NO_SPECIALS (OUTFALL_COLUMN_NO_NAN | OUTFALL_COLUMN_NO_INFINITY)
#define DRV_ODBC_DAY_US INT64_C(86400000000)

/* How a column of one of our types is declared. '#' is the length, "p, s", or the digits. */
typedef struct drv_odbc_spelling {
    const char *plain; /* Without a size; NULL: the database has no such type. */
    const char *sized; /* With one; NULL: sizes are left out. */
    uint32_t size_max; /* A larger length or precision is declared as `plain`; 0: none is. */
    const char *key;   /* Instead of `plain` in a key, where that cannot be; NULL: it can. */
} drv_odbc_spelling;

/* Which names the database takes. */
typedef struct drv_odbc_names {
    char open, close;      /* The quotes; `close` is doubled in a name. */
    uint8_t undoubled;     /* 1: a name cannot hold the closing quote. */
    uint8_t plane_zero;    /* 1: no character beyond U+FFFF. */
    uint8_t no_end_blank;  /* 1: a name cannot end in a blank. */
    uint8_t in_characters; /* 1: the limit counts UTF-16 units; 0: bytes. */
    uint32_t most;         /* The longest name; 0: as SQL_MAX_COLUMN_NAME_LEN says. */
    uint32_t most_before;  /* The same in a server older than `since`; 0: no difference. */
    uint32_t since;        /* major × 100 + minor */
} drv_odbc_names;

typedef struct drv_odbc_statements {
    const char *insert;
    const char *upsert;     /* Also replace. */
    const char *ignore;     /* Also upsert where there is nothing to update. */
    const char *erase;      /* By a key of one column; */
    const char *erase_wide; /* of several. */
    const char *row; /* For $r, and so is `parameter`; both NULL where no statement has it. */
    const char *parameter;
    const char *cast; /* Around a parameter whose type the database must be told; NULL: none. */
    const char *set;
    const char *match;
    const char *value;
    const char *overriding; /* To write GENERATED ALWAYS identities; NULL: cannot be done. */
    const char *only;       /* Before a table, to leave its children out; NULL: it has none. */
    const char *reset;      /* Sets a column to its default: $n. */
} drv_odbc_statements;

enum drv_odbc_savepoint { DRV_ODBC_SAVEPOINT, DRV_ODBC_RELEASE, DRV_ODBC_ROLLBACK_TO };

/* What is asked of the catalog in SQL, where the catalog functions do not say enough. */
typedef struct drv_odbc_queries {
    /*
     * ?: schema, table, both as the catalog functions gave them. One row a column that has more to
     * say than SQLColumns: its name; words out of "generated", "always", "default" (identities),
     * "rounds", "locked" (no right to write it), "ruled" (its table takes no upsert, for a rule
     * that it has), "unsafe" (its table takes part in no transaction), "unknown" (whether it does
     * is not told), "only" (its table may have children, whose rows are not its own); the name of
     * its type; the type that a parameter is cast to; its default as SQL; its COLUMN_SIZE; its
     * DECIMAL_DIGITS. NULL where SQLColumns says it well. NULL for the query: SQLColumns is all
     * there is.
     */
    const char *columns;
    /*
     * ?: schema, table. One row a column of each unique index, in order: the index's name; the
     * column's, or NULL for an expression; "primary", "whole" or "partial" (it does not hold for
     * all rows, or not at once), with it "deferrable" where that is why; "bytewise" where its
     * collation compares bytes; the collation, quoted, where statements must name it. NULL:
     * SQLPrimaryKeys and SQLStatistics.
     */
    const char *uniques;
    /*
     * ?: schema, table. One row: what no other table has, as outfall_target.identity; none where
     * there is no such thing. NULL: there never is.
     */
    const char *identity;
    /* One row: the schema of table ? (or of any) where none is named. NULL: if it is only one. */
    const char *schema;
    /*
     * ?: schema, table; or the table alone. What changes where the table does, beside its columns:
     * where any unique index is a key (`any_unique`), its indexes. NULL: nothing is asked.
     */
    const char *state;
    /*
     * ?: schema, table. Any row where the table's rows depend on each other, so that the library
     * may not judge keys: see OUTFALL_TARGET_BYTEWISE. NULL: nobody can tell, and they are taken
     * not to.
     */
    const char *dependent;
    /* One row: a name, and the connection's cipher, empty without TLS. NULL: it is not checked. */
    const char *cipher;
    const char *ping; /* Any query; NULL: a catalog function. */
} drv_odbc_queries;

/* Two-phase commit by XA. A right is named as what is to be granted. */
typedef struct drv_odbc_two_phase {
    /*
     * Blocks, by enum drv_odbc_xa_call. The first ? is what XA answers, the next two are gtrid and
     * bqual in hexadecimal; with START the fourth is both with a dot between, by which others find
     * the session until it has prepared.
     */
    const char *calls[5];
    const char *last; /* A block: ? is the number of the error behind the last answer. */
    /* One row each that is prepared: format, gtrid and bqual in hexadecimal. */
    const char *list, *list_right;
    /* One cell: this database, and no other. */
    const char *identify, *identify_right;
    /* ?: gtrid.bqual. One row each session that has begun it: what `kill` wants. */
    const char *holder, *holder_right;
    const char *kill[2]; /* Before and behind it, in quotes. */
    int32_t gone[2];     /* Errors: there is no such session any more. */
} drv_odbc_two_phase;

typedef struct drv_odbc_dialect {
    const char *name;        /* As odbc.dialect has it. */
    const char *const *dbms; /* What SQL_DBMS_NAME starts with; ended by NULL. */
    drv_odbc_names names;
    drv_odbc_statements statements;
    drv_odbc_queries queries;
    const char
        *create;      /* CREATE TABLE of $t with $b, its columns and key; $x: `mark`, or nothing. */
    const char *mark; /* '#': the identity of a table that is made; NULL: it needs, or has, none. */
    const char *const *ledger; /* The statements that make its tables; NULL: it has none yet. */
    const drv_checks *checks;  /* Of what it rests on; NULL: as `ledger`. */
    const drv_odbc_two_phase *two_phase;   /* NULL: it prepares no transactions. */
    const char *begin, *commit, *rollback; /* NULL: by ODBC, with autocommit off. */
    const char *savepoint[3];   /* By enum drv_odbc_savepoint; NULL: nothing has to be done. */
    const char *nullable;       /* Behind a column that may be NULL; NULL: nothing. */
    const char *const *session; /* Run after connect; ended by NULL. */
    uint32_t parameters_max;    /* Of one statement. */
    uint32_t rows_max;          /* Of one statement; 0: no limit of its own. */
    int32_t busy_code;          /* Another connection has a lock: tried again until the deadline. */
    uint8_t one_upsert;         /* 1: equal keys in one upsert are an error. */
    uint8_t one_ignore;         /* 1: equal keys in one "ignore" are. */
    uint8_t any_unique;         /* 1: a conflict with any unique index updates; no key is named. */
    uint8_t state_is_whole;    /* 1: the query `state` tells of the columns, too, if of anything. */
    uint8_t schema_is_catalog; /* 1: what we call a schema is ODBC's catalog. */
    uint8_t wide;              /* 1: text goes as UTF-16; 0: the drivers take UTF-8 as it is. */
    uint8_t one_schema;        /* 1: there is no schema but "main". */
    uint8_t sizes_in_names;    /* 1: a type's arguments are read from its name. */
    uint8_t fold_names;        /* 1: names are equal in any case of ASCII letters. */
    uint8_t ledger_in_hex;     /* 1: its names are bytes, as drivers/mysql makes them. */
    uint8_t ledger_in_raw;     /* 1: the same, as Oracle has bytes. */
    uint8_t ledger_is_asked_for; /* 1: CREATE TABLE has no IF NOT EXISTS. */
    uint8_t empty_is_null;       /* 1: '' is NULL. */
    uint8_t found_rows;          /* 1: an update counts as two rows (drivers/common/count.h). */
    const drv_odbc_spelling *spellings; /* By enum outfall_type. */
    const drv_odbc_type *types;         /* Ended by a NULL name. */
} drv_odbc_dialect;

extern const drv_odbc_dialect drv_odbc_oracle;
extern const drv_odbc_dialect drv_odbc_mssql;
extern const drv_odbc_dialect drv_odbc_postgresql;
extern const drv_odbc_dialect drv_odbc_mysql;
extern const drv_odbc_dialect drv_odbc_sqlite;
extern const drv_odbc_dialect drv_odbc_ansi;

/* The dialect of that name; NULL where there is none ("auto" is none). */
const drv_odbc_dialect *drv_odbc_dialect_named(const char *name);

/* The dialect of a driver's SQL_DBMS_NAME; `ansi` where nobody knows it. */
const drv_odbc_dialect *drv_odbc_dialect_of(const char *dbms_name);

/* The longest name that a server of that version (major × 100 + minor) takes. */
uint32_t drv_odbc_name_most(const drv_odbc_dialect *dialect, uint32_t version);

#endif
