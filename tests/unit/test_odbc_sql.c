/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver's dialects: which one a database has, its statements, names and new tables. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/error.h>
#include <outfall/row.h>

#include "odbc/dialect.h"
#include "odbc/sql.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const drv_odbc_dialect *const dialects[] = {&drv_odbc_ansi,   &drv_odbc_postgresql,
                                                   &drv_odbc_mysql,  &drv_odbc_sqlite,
                                                   &drv_odbc_oracle, &drv_odbc_mssql};

/* ---- Which dialect ------------------------------------------------------------------ */

static void a_database_is_known_by_its_name(void **state)
{
    static const struct {
        const char *dbms, *want;
    } cases[] = {
        {"PostgreSQL", "postgresql"}, {"MariaDB", "mysql"}, {"MySQL", "mysql"},
        {"SQLite", "sqlite"},         {"Oracle", "oracle"}, {"Microsoft SQL Server", "mssql"},
        {"SQL Server", "mssql"},      {"mariadb", "mysql"}, {"Oracle8", "oracle"},
        {"DB2/LINUXX8664", "ansi"},   {"", "ansi"},         {"My", "ansi"},
        {"Snowflake", "ansi"},        {"Firebird", "ansi"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (strcmp(drv_odbc_dialect_of(cases[i].dbms)->name, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].dbms, drv_odbc_dialect_of(cases[i].dbms)->name);
    for (size_t i = 0; i < COUNT(dialects); i++)
        assert_ptr_equal(drv_odbc_dialect_named(dialects[i]->name), dialects[i]);
    assert_null(drv_odbc_dialect_named("auto"));
    assert_null(drv_odbc_dialect_named("Oracle"));
}

/* ---- Statements --------------------------------------------------------------------- */

enum { INSERT = DRV_ODBC_INSERT, UPSERT, IGNORE, ERASE };

/* A table "t" of k, l and v, with k or (l, k) for its key. */
static char *statement_of(const drv_odbc_dialect *dialect, int kind, uint32_t keys, uint32_t rows,
                          const char *cast)
{
    static const outfall_column columns[] = {{.name = "k"}, {.name = "l"}, {.name = "v"}};
    static const uint32_t one[] = {0}, two[] = {1, 0};
    const uint8_t updated[] = {0, keys == 1, 1};
    const char *const casts[] = {NULL, NULL, cast};
    drv_text table = {0}, sql = {0};
    drv_odbc_sql_table(&table, dialect, "s", "t");
    const drv_odbc_shape shape = {.dialect = dialect,
                                  .table = table.data,
                                  .columns = columns,
                                  .column_count = COUNT(columns),
                                  .casts = casts,
                                  .key = keys == 1 ? one : two,
                                  .key_count = keys,
                                  .updated = updated};
    drv_odbc_sql_write(&sql, &shape, (enum drv_odbc_kind)kind, rows);
    assert_false(sql.failed);
    drv_text_free(&table);
    return sql.data;
}

static void a_statement_is_the_dialects(void **state)
{
    static const struct {
        const drv_odbc_dialect *dialect;
        int kind;
        uint32_t keys, rows;
        const char *want;
    } cases[] = {
        {&drv_odbc_ansi, INSERT, 1, 1,
         "INSERT INTO \"s\".\"t\" (\"k\", \"l\", \"v\") VALUES (?, ?, ?)"},
        {&drv_odbc_ansi, UPSERT, 1, 1,
         "MERGE INTO \"s\".\"t\" AS t USING (VALUES (?, ?, ?)) AS s (\"k\", \"l\", \"v\") ON "
         "t.\"k\" = s.\"k\" WHEN MATCHED THEN UPDATE SET \"l\" = s.\"l\", \"v\" = s.\"v\" WHEN NOT "
         "MATCHED THEN INSERT (\"k\", \"l\", \"v\") VALUES (s.\"k\", s.\"l\", s.\"v\")"},
        {&drv_odbc_ansi, IGNORE, 2, 1,
         "MERGE INTO \"s\".\"t\" AS t USING (VALUES (?, ?, ?)) AS s (\"k\", \"l\", \"v\") ON "
         "t.\"l\" = s.\"l\" AND t.\"k\" = s.\"k\" WHEN NOT MATCHED THEN INSERT (\"k\", \"l\", "
         "\"v\") VALUES (s.\"k\", s.\"l\", s.\"v\")"},
        {&drv_odbc_ansi, ERASE, 2, 1, "DELETE FROM \"s\".\"t\" WHERE \"l\" = ? AND \"k\" = ?"},
        {&drv_odbc_ansi, ERASE, 2, 2,
         "DELETE FROM \"s\".\"t\" WHERE (\"l\" = ? AND \"k\" = ?) OR (\"l\" = ? AND \"k\" = ?)"},
        {&drv_odbc_postgresql, INSERT, 1, 2,
         "INSERT INTO \"s\".\"t\" (\"k\", \"l\", \"v\") VALUES (?, ?, ?), (?, ?, ?)"},
        {&drv_odbc_postgresql, UPSERT, 1, 1,
         "INSERT INTO \"s\".\"t\" AS outfall_target (\"k\", \"l\", \"v\") VALUES (?, ?, ?) ON "
         "CONFLICT (\"k\") DO UPDATE SET \"l\" = excluded.\"l\", \"v\" = excluded.\"v\""},
        {&drv_odbc_postgresql, IGNORE, 2, 1,
         "INSERT INTO \"s\".\"t\" AS outfall_target (\"k\", \"l\", \"v\") VALUES (?, ?, ?) ON "
         "CONFLICT (\"l\", \"k\") DO NOTHING"},
        {&drv_odbc_postgresql, ERASE, 1, 2, "DELETE FROM \"s\".\"t\" WHERE \"k\" IN (?, ?)"},
        {&drv_odbc_postgresql, ERASE, 2, 2,
         "DELETE FROM \"s\".\"t\" WHERE (\"l\", \"k\") IN ((?, ?), (?, ?))"},
        {&drv_odbc_mysql, INSERT, 1, 1, "INSERT INTO `s`.`t` (`k`, `l`, `v`) VALUES (?, ?, ?)"},
        {&drv_odbc_mysql, UPSERT, 2, 2,
         "INSERT INTO `s`.`t` (`k`, `l`, `v`) VALUES (?, ?, ?), (?, ?, ?) ON DUPLICATE KEY UPDATE "
         "`v` = VALUES(`v`)"},
        {&drv_odbc_mysql, IGNORE, 2, 1,
         "INSERT INTO `s`.`t` (`k`, `l`, `v`) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE `l` = `l`"},
        {&drv_odbc_mysql, ERASE, 2, 2, "DELETE FROM `s`.`t` WHERE (`l`, `k`) IN ((?, ?), (?, ?))"},
        {&drv_odbc_sqlite, UPSERT, 2, 1,
         "INSERT INTO \"s\".\"t\" AS outfall_target (\"k\", \"l\", \"v\") VALUES (?, ?, ?) ON "
         "CONFLICT (\"l\", \"k\") DO UPDATE SET \"v\" = excluded.\"v\""},
        {&drv_odbc_sqlite, ERASE, 2, 2,
         "DELETE FROM \"s\".\"t\" WHERE (\"l\", \"k\") IN (VALUES (?, ?), (?, ?))"},
        {&drv_odbc_oracle, UPSERT, 1, 1,
         "MERGE INTO \"s\".\"t\" t USING (SELECT ? AS \"k\", ? AS \"l\", ? AS \"v\" FROM dual) s "
         "ON (t.\"k\" = s.\"k\") WHEN MATCHED THEN UPDATE SET \"l\" = s.\"l\", \"v\" = s.\"v\" "
         "WHEN NOT MATCHED THEN INSERT (\"k\", \"l\", \"v\") VALUES (s.\"k\", s.\"l\", s.\"v\")"},
        {&drv_odbc_oracle, ERASE, 1, 1, "DELETE FROM \"s\".\"t\" WHERE \"k\" = ?"},
        {&drv_odbc_mssql, UPSERT, 2, 2,
         "MERGE INTO [s].[t] WITH (HOLDLOCK) AS t USING (VALUES (?, ?, ?), (?, ?, ?)) AS s ([k], "
         "[l], [v]) ON t.[l] = s.[l] AND t.[k] = s.[k] WHEN MATCHED THEN UPDATE SET [v] = s.[v] "
         "WHEN NOT MATCHED THEN INSERT ([k], [l], [v]) VALUES (s.[k], s.[l], s.[v]);"},
        {&drv_odbc_mssql, ERASE, 2, 2,
         "DELETE FROM [s].[t] WHERE ([l] = ? AND [k] = ?) OR ([l] = ? AND [k] = ?)"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *sql =
            statement_of(cases[i].dialect, cases[i].kind, cases[i].keys, cases[i].rows, NULL);
        if (strcmp(sql, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].dialect->name, sql);
        free(sql);
    }
}

/* As many parameters as are bound: rows times columns, or times the key's. */
static void a_statement_has_as_many_parameters_as_are_bound(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(dialects); i++) {
        for (int kind = INSERT; kind <= ERASE; kind++) {
            for (uint32_t keys = 1; keys <= 2; keys++) {
                uint32_t rows = dialects[i]->rows_max == 1 ? 1 : 3;
                char *sql = statement_of(dialects[i], kind, keys, rows, NULL);
                size_t found = 0;
                for (const char *at = sql; (at = strchr(at, '?')) != NULL; at++)
                    found++;
                if (found != (size_t)rows * (kind == ERASE ? keys : 3) || strchr(sql, '$') != NULL)
                    fail_msg("%s: %s", dialects[i]->name, sql);
                free(sql);
            }
        }
    }
}

static void a_parameter_is_cast_where_the_database_must_be_told(void **state)
{
    (void)state;
    char *sql = statement_of(&drv_odbc_postgresql, INSERT, 1, 1, "public.mood");
    assert_non_null(strstr(sql, "VALUES (?, ?, CAST(? AS public.mood))"));
    free(sql);
    sql = statement_of(&drv_odbc_mysql, INSERT, 1, 1, "mood");
    assert_non_null(strstr(sql, "VALUES (?, ?, ?)"));
    free(sql);
}

/* What replace sets beside, nothing to update, and identities that the database would generate. */
static void an_upsert_sets_what_it_has_to(void **state)
{
    static const outfall_column columns[] = {{.name = "k"}, {.name = "$t"}};
    static const uint32_t key[] = {0};
    static const uint8_t none[] = {0, 0}, one[] = {0, 1};
    static const char *const resets[] = {"\"d\" = DEFAULT"};
    const struct {
        const uint8_t *updated;
        uint32_t resets;
        uint8_t overriding;
        const char *part;
    } cases[] = {
        {one, 1, 0, "DO UPDATE SET \"$t\" = excluded.\"$t\", \"d\" = DEFAULT"},
        {none, 1, 0, "DO UPDATE SET \"d\" = DEFAULT"},
        {none, 0, 0, "DO NOTHING"},
        {one, 0, 1, "(\"k\", \"$t\") OVERRIDING SYSTEM VALUE VALUES (?, ?)"},
        {one, 0, 0, "(\"k\", \"$t\") VALUES (?, ?)"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const drv_odbc_shape shape = {.dialect = &drv_odbc_postgresql,
                                      .table = "\"t\"",
                                      .columns = columns,
                                      .column_count = COUNT(columns),
                                      .key = key,
                                      .key_count = 1,
                                      .updated = cases[i].updated,
                                      .resets = resets,
                                      .reset_count = cases[i].resets,
                                      .overriding = cases[i].overriding};
        drv_text sql = {0};
        drv_odbc_sql_write(&sql, &shape, DRV_ODBC_UPSERT, 1);
        if (strstr(sql.data, cases[i].part) == NULL)
            fail_msg("%s", sql.data);
        drv_text_free(&sql);
    }
}

static void a_default_is_named_as_the_dialect_has_it(void **state)
{
    static const struct {
        const drv_odbc_dialect *dialect;
        const char *want;
    } cases[] = {
        {&drv_odbc_postgresql, "\"a\"\"b\" = DEFAULT"},
        {&drv_odbc_mysql, "`a\"b` = DEFAULT"},
        {&drv_odbc_mssql, "[a\"b] = DEFAULT"},
        {&drv_odbc_sqlite, "\"a\"\"b\" = excluded.\"a\"\"b\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_text text = {0};
        drv_odbc_sql_reset(&text, cases[i].dialect, "a\"b");
        assert_string_equal(text.data, cases[i].want);
        drv_text_free(&text);
    }
}

/* ---- Names -------------------------------------------------------------------------- */

static void a_name_is_quoted_as_the_dialect_has_it(void **state)
{
    static const struct {
        const drv_odbc_dialect *dialect;
        const char *name, *want;
    } cases[] = {
        {&drv_odbc_ansi, "a\"b`c]d", "\"a\"\"b`c]d\""},
        {&drv_odbc_postgresql, "a\"b`c]d", "\"a\"\"b`c]d\""},
        {&drv_odbc_sqlite, "a\"b`c]d", "\"a\"\"b`c]d\""},
        {&drv_odbc_mysql, "a\"b`c]d", "`a\"b``c]d`"},
        {&drv_odbc_mssql, "a\"b`c]d[e", "[a\"b`c]]d[e]"},
        {&drv_odbc_mysql, "t; DROP TABLE x; --", "`t; DROP TABLE x; --`"},
        {&drv_odbc_postgresql, "\xF0\x9F\x90\xA6", "\"\xF0\x9F\x90\xA6\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_text text = {0};
        drv_odbc_sql_quote(&text, cases[i].dialect, cases[i].name);
        assert_string_equal(text.data, cases[i].want);
        drv_text_free(&text);
    }
}

static void a_name_that_the_database_would_change_is_refused(void **state)
{
#define N16 "abcdefghijklmnop"
#define N64 N16 N16 N16 N16
    static const struct {
        const drv_odbc_dialect *dialect;
        uint32_t most;
        const char *name, *part; /* NULL: it is taken. */
    } cases[] = {
        {&drv_odbc_postgresql, 63, N16 N16 N16 "abcdefghijklmno", NULL},
        {&drv_odbc_postgresql, 63, N64, "63"},
        {&drv_odbc_postgresql, 63, "", "empty"},
        {&drv_odbc_postgresql, 63, "\xFF", "UTF-8"},
        {&drv_odbc_mysql, 64, N64, NULL},
        {&drv_odbc_mysql, 64, N16 N16 N16 "abcdefghijklmno\xC3\xA9", NULL}, /* 64 characters. */
        {&drv_odbc_mysql, 64, N64 "x", "65 characters"},
        {&drv_odbc_mysql, 64, "a ", "blank"},
        {&drv_odbc_mysql, 64, "\xF0\x9F\x90\xA6", "U+FFFF"},
        {&drv_odbc_mssql, 128, N64 N64, NULL},
        {&drv_odbc_mssql, 2, "\xF0\x9F\x90\xA6", NULL}, /* Two UTF-16 units. */
        {&drv_odbc_mssql, 1, "\xF0\x9F\x90\xA6", "2 characters"},
        {&drv_odbc_oracle, 128, "a\"b", "quote"},
        {&drv_odbc_oracle, 30, N16 N16, "30"},
        {&drv_odbc_ansi, 0, N64 N64 N64, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        outfall_error error = {0};
        int status = drv_odbc_sql_check_name(cases[i].dialect, cases[i].most, cases[i].name,
                                             "column", &error);
        if (status != (cases[i].part == NULL ? OUTFALL_OK : OUTFALL_ERR_INVALID) ||
            (cases[i].part != NULL && strstr(error.message, cases[i].part) == NULL))
            fail_msg("%s \"%s\": %s", cases[i].dialect->name, cases[i].name, error.message);
    }
}

static void how_long_names_are_depends_on_the_version(void **state)
{
    (void)state;
    assert_int_equal(drv_odbc_name_most(&drv_odbc_oracle, 1201), 30);
    assert_int_equal(drv_odbc_name_most(&drv_odbc_oracle, 1202), 128);
    assert_int_equal(drv_odbc_name_most(&drv_odbc_oracle, 1900), 128);
    assert_int_equal(drv_odbc_name_most(&drv_odbc_postgresql, 900), 63);
    assert_int_equal(drv_odbc_name_most(&drv_odbc_ansi, 100), 0); /* As the driver says. */
}

/* ---- CREATE TABLE ------------------------------------------------------------------- */

static void a_table_is_made_with_its_key(void **state)
{
    static const outfall_column columns[] = {
        {.name = "k", .type = OUTFALL_TYPE_TEXT, .flags = OUTFALL_COLUMN_KEY},
        {.name = "l", .type = OUTFALL_TYPE_INT32, .flags = OUTFALL_COLUMN_KEY},
        {.name = "v", .type = OUTFALL_TYPE_DECIMAL, .precision = 8, .scale = 2},
        {.name = "w", .type = OUTFALL_TYPE_INT64, .flags = OUTFALL_COLUMN_NOT_NULL},
    };
    static const struct {
        const drv_odbc_dialect *dialect;
        const char *want;
    } cases[] = {
        {&drv_odbc_ansi, "CREATE TABLE t (\"k\" VARCHAR(255) NOT NULL, \"l\" INTEGER NOT NULL, "
                         "\"v\" DECIMAL(8, 2), \"w\" BIGINT NOT NULL, PRIMARY KEY (\"k\", \"l\"))"},
        {&drv_odbc_postgresql,
         "CREATE TABLE IF NOT EXISTS t (\"k\" text NOT NULL, \"l\" integer NOT NULL, \"v\" "
         "numeric(8, 2), \"w\" bigint NOT NULL, PRIMARY KEY (\"k\", \"l\"))"},
        {&drv_odbc_mysql,
         "CREATE TABLE IF NOT EXISTS t (`k` VARCHAR(255) NOT NULL, `l` INT NOT NULL, `v` "
         "DECIMAL(8, 2) NULL, `w` BIGINT NOT NULL, PRIMARY KEY (`k`, `l`)) ENGINE = InnoDB "
         "DEFAULT CHARACTER SET utf8mb4"},
        {&drv_odbc_sqlite,
         "CREATE TABLE IF NOT EXISTS t (\"k\" TEXT NOT NULL, \"l\" INTEGER NOT NULL, \"v\" "
         "DECIMAL_TEXT(8, 2), \"w\" BIGINT NOT NULL, PRIMARY KEY (\"k\", \"l\"))"},
        {&drv_odbc_mssql, "CREATE TABLE t ([k] nvarchar(255) NOT NULL, [l] int NOT NULL, [v] "
                          "decimal(8, 2) NULL, [w] bigint NOT NULL, PRIMARY KEY ([k], [l]))"},
        {&drv_odbc_oracle,
         "CREATE TABLE t (\"k\" VARCHAR2(255 CHAR) NOT NULL, \"l\" NUMBER(10) NOT NULL, \"v\" "
         "NUMBER(8, 2), \"w\" NUMBER(19) NOT NULL, PRIMARY KEY (\"k\", \"l\"))"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_text text = {0};
        outfall_error error = {0};
        int status = drv_odbc_sql_create(&text, cases[i].dialect, "t", columns, COUNT(columns),
                                         NULL, &error);
        assert_int_equal(status, OUTFALL_OK);
        if (strcmp(text.data, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].dialect->name, text.data);
        drv_text_free(&text);
    }
}

static void a_column_that_cannot_be_made_is_named(void **state)
{
    static const struct {
        const drv_odbc_dialect *dialect;
        outfall_column column;
    } cases[] = {
        {&drv_odbc_oracle, {.name = "odd", .type = OUTFALL_TYPE_TIME}},
        {&drv_odbc_ansi, {.name = "odd", .type = OUTFALL_TYPE_TIMESTAMPTZ}},
        {&drv_odbc_postgresql, {.name = "odd", .type = OUTFALL_TYPE_OTHER}},
        {&drv_odbc_mysql, {.name = "odd", .type = OUTFALL_TYPE_NULL}},
        {&drv_odbc_postgresql,
         {.name = "odd", .type = OUTFALL_TYPE_INT32, .flags = OUTFALL_COLUMN_GENERATED}},
        {&drv_odbc_postgresql,
         {.name = "odd", .type = OUTFALL_TYPE_INT32, .flags = OUTFALL_COLUMN_IDENTITY_ALWAYS}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_text text = {0};
        outfall_error error = {0};
        assert_int_equal(
            drv_odbc_sql_create(&text, cases[i].dialect, "t", &cases[i].column, 1, NULL, &error),
            OUTFALL_ERR_UNSUPPORTED);
        assert_string_equal(error.column, "odd");
        assert_non_null(strstr(error.message, cases[i].dialect->name));
        drv_text_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_is_known_by_its_name),
        cmocka_unit_test(a_statement_is_the_dialects),
        cmocka_unit_test(a_statement_has_as_many_parameters_as_are_bound),
        cmocka_unit_test(a_parameter_is_cast_where_the_database_must_be_told),
        cmocka_unit_test(an_upsert_sets_what_it_has_to),
        cmocka_unit_test(a_default_is_named_as_the_dialect_has_it),
        cmocka_unit_test(a_name_is_quoted_as_the_dialect_has_it),
        cmocka_unit_test(a_name_that_the_database_would_change_is_refused),
        cmocka_unit_test(how_long_names_are_depends_on_the_version),
        cmocka_unit_test(a_table_is_made_with_its_key),
        cmocka_unit_test(a_column_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
