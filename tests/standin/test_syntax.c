/* SPDX-License-Identifier: Apache-2.0 */
/* What the stand-in takes for Oracle's SQL, and what it says of the rest. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "oracle_texts.h"
#include "script.h"
#include "syntax.h"

/* Oracle's number for a text; 0: it is taken. */
static int code_of(const char *text, size_t identifier_max)
{
    struct sti_syntax syntax;
    struct sti_failure failure = {0};
    int status = sti_syntax_read(text, identifier_max, &syntax, &failure);
    sti_syntax_free(&syntax);
    assert_int_equal(status, failure.code ? -1 : 0);
    return failure.code;
}

static void check_text(const struct oracle_text *text, void *context)
{
    struct sti_syntax syntax;
    struct sti_failure failure = {0};
    (void)context;
    if (sti_syntax_read(text->text, 128, &syntax, &failure) != 0)
        fail_msg("ORA-%05d %s: %s", failure.code, failure.detail, text->text);
    assert_string_equal(sti_statement_names[syntax.kind], text->kind);
    assert_string_equal(syntax.table.text, text->table ? text->table : "");
    assert_string_equal(syntax.schema.text, text->schema ? text->schema : "");
    if (syntax.kind == STI_MERGE || syntax.kind == STI_INSERT) {
        assert_int_equal(syntax.parameters.count, text->column_count);
        for (uint32_t i = 0; i < text->column_count; i++)
            assert_string_equal(syntax.parameters.items[i].text, text->columns[i].name);
    }
    if (syntax.kind == STI_DELETE || syntax.kind == STI_MERGE)
        for (uint32_t i = 0; i < text->key_count; i++)
            assert_string_equal(syntax.compared.items[i].text, text->columns[text->key[i]].name);
    sti_syntax_free(&syntax);
}

static void every_text_of_the_dialect_is_taken(void **state)
{
    (void)state;
    assert_true(oracle_texts(check_text, NULL) > 500);
}

#define T "MERGE INTO \"T\" t USING (SELECT ? AS \"K\", ? AS \"V\" FROM dual) s "
#define ON "ON (t.\"K\" = s.\"K\") "
#define SET "WHEN MATCHED THEN UPDATE SET "
#define NEW "WHEN NOT MATCHED THEN INSERT (\"K\", \"V\") VALUES (s.\"K\", s.\"V\")"

#define XID "DBMS_XA_XID(20294, HEXTORAW(?), HEXTORAW(?))"
#define XA_BLOCK "BEGIN ? := DBMS_XA.XA_COMMIT(" XID ", FALSE); END;"
#define BY "WHERE sink = HEXTORAW('61') AND writer = HEXTORAW('62')"

static const struct {
    const char *why;
    const char *text;
    int code;
} TEXTS[] = {
    {"a whole MERGE", T ON SET "\"V\" = s.\"V\" " NEW, 0},
    {"only one branch", T ON NEW, 0},
    {"a default", T ON SET "\"V\" = s.\"V\", \"W\" = DEFAULT " NEW, 0},
    {"no branch", T ON, 905},
    {"no THEN", T ON "WHEN MATCHED UPDATE SET \"V\" = s.\"V\"", 905},
    {"no ON", T NEW, 969},
    {"ON without parentheses", T "ON t.\"K\" = s.\"K\" " NEW, 906},
    {"the key is updated", T ON SET "\"K\" = s.\"K\" " NEW, 38104},
    {"a column is updated twice", T ON SET "\"V\" = s.\"V\", \"V\" = s.\"V\"", 957},
    {"a column that the source does not have", T ON SET "\"W\" = s.\"W\"", 904},
    {"another column's value", T ON SET "\"V\" = s.\"K\"", 0},
    {"the match is of two columns", T "ON (t.\"K\" = s.\"V\") " NEW, STI_REFUSED},
    {"a value too few", T ON "WHEN NOT MATCHED THEN INSERT (\"K\", \"V\") VALUES (s.\"K\")", 947},
    {"a value too many", T ON "WHEN NOT MATCHED THEN INSERT (\"K\") VALUES (s.\"K\", s.\"V\")",
     913},
    {"a source with the same column twice",
     "MERGE INTO \"T\" t USING (SELECT ? AS \"K\", ? AS \"K\" FROM dual) s " ON NEW, 918},
    {"a source without FROM", "MERGE INTO \"T\" t USING (SELECT ? AS \"K\") s " ON NEW, 923},
    {"AS before an alias of a table", "MERGE INTO \"T\" AS t USING (SELECT", 905},
    {"DO NOTHING", T ON "WHEN MATCHED THEN DO NOTHING", 905},
    {"an insert", "INSERT INTO \"S\".\"T\" (\"A\", \"B\") VALUES (?, ?)", 0},
    {"two rows", "INSERT INTO \"T\" (\"A\") VALUES (?), (?)", 933},
    {"too few values", "INSERT INTO \"T\" (\"A\", \"B\") VALUES (?)", 947},
    {"too many values", "INSERT INTO \"T\" (\"A\") VALUES (?, ?)", 913},
    {"no value", "INSERT INTO \"T\" (\"A\") VALUES ()", 936},
    {"a column twice", "INSERT INTO \"T\" (\"A\", \"A\") VALUES (?, ?)", 957},
    {"a bare table", "INSERT INTO T (\"A\") VALUES (?)", 903},
    {"a bare column", "INSERT INTO \"T\" (A) VALUES (?)", 904},
    {"no VALUES", "INSERT INTO \"T\" (\"A\") SELECT ? FROM dual", 926},
    {"no INTO", "INSERT \"T\" (\"A\") VALUES (?)", 925},
    {"RETURNING", "INSERT INTO \"T\" (\"A\") VALUES (?) RETURNING \"A\"", 933},
    {"ON CONFLICT", "INSERT INTO \"T\" (\"A\") VALUES (?) ON CONFLICT DO NOTHING", 933},
    {"a semicolon", "INSERT INTO \"T\" (\"A\") VALUES (?);", 911},
    {"a backtick", "INSERT INTO `T` (`A`) VALUES (?)", 911},
    {"a bracket", "INSERT INTO [T] ([A]) VALUES (?)", 911},
    {"a comment", "INSERT INTO \"T\" /* hint */ (\"A\") VALUES (?)", 911},
    {"a tab", "INSERT INTO\t\"T\" (\"A\") VALUES (?)", 911},
    {"a doubled quote", "INSERT INTO \"T\"\"U\" (\"A\") VALUES (?)", 3001},
    {"an empty name", "INSERT INTO \"\" (\"A\") VALUES (?)", 1741},
    {"an open name", "INSERT INTO \"T", 1740},
    {"a delete", "DELETE FROM \"T\" WHERE \"K\" = ? AND \"L\" = ?", 0},
    {"of two keys", "DELETE FROM \"T\" WHERE (\"K\" = ?) OR (\"K\" = ?)", 0},
    {"of everything", "DELETE FROM \"T\"", STI_REFUSED},
    {"of a list", "DELETE FROM \"T\" WHERE \"K\" IN (?, ?)", 927},
    {"an open string", "ALTER SESSION SET TIME_ZONE = '+00:00", 1756},
    {"a table", "CREATE TABLE \"T\" (\"A\" NUMBER(10) NOT NULL, PRIMARY KEY (\"A\"))", 0},
    {"without columns", "CREATE TABLE \"T\" ()", 904},
    {"IF NOT EXISTS", "CREATE TABLE IF NOT EXISTS \"T\" (\"A\" DATE)", 903},
    {"another database's type", "CREATE TABLE \"T\" (\"A\" BIGINT)", 902},
    {"TEXT", "CREATE TABLE \"T\" (\"A\" TEXT)", 902},
    {"a length too many", "CREATE TABLE \"T\" (\"A\" VARCHAR2(4001 CHAR))", 910},
    {"no length", "CREATE TABLE \"T\" (\"A\" VARCHAR2)", 906},
    {"a RAW too long", "CREATE TABLE \"T\" (\"A\" RAW(2001))", 910},
    {"a precision too large", "CREATE TABLE \"T\" (\"A\" NUMBER(39))", 1727},
    {"a scale too large", "CREATE TABLE \"T\" (\"A\" NUMBER(38, 128))", 1728},
    {"a negative scale", "CREATE TABLE \"T\" (\"A\" NUMBER(38, -2))", 0},
    {"digits of seconds", "CREATE TABLE \"T\" (\"A\" TIMESTAMP(10))", 30088},
    {"a date of a size", "CREATE TABLE \"T\" (\"A\" DATE(6))", 907},
    {"a LOB as key", "CREATE TABLE \"T\" (\"A\" CLOB, PRIMARY KEY (\"A\"))", 2329},
    {"a time zone in a key",
     "CREATE TABLE \"T\" (\"A\" TIMESTAMP(6) WITH TIME ZONE, PRIMARY KEY (\"A\"))", 2329},
    {"a key that is no column", "CREATE TABLE \"T\" (\"A\" DATE, PRIMARY KEY (\"B\"))", 904},
    {"a column twice", "CREATE TABLE \"T\" (\"A\" DATE, \"A\" DATE)", 957},
    {"a probe", "SELECT \"A\" FROM \"T\" WHERE 1 = 0", 0},
    {"a probe by an alias", "SELECT x.\"A\", x.\"B\" FROM \"T\" x WHERE 1 = 0", 0},
    {"another alias", "SELECT x.\"A\" FROM \"T\" y WHERE 1 = 0", 904},
    {"rows", "SELECT \"A\" FROM \"T\"", 905},
    {"all rows", "SELECT \"A\" FROM \"T\" WHERE 1 = 1", STI_REFUSED},
    {"LIMIT", "SELECT \"A\" FROM \"T\" LIMIT 0", 905},
    {"dual", "SELECT 1 FROM dual", 0},
    {"no FROM", "SELECT 1", 923},
    {"the dictionary", "SELECT column_name FROM all_tab_cols WHERE owner = ?", 0},
    {"another database's dictionary", "SELECT relname FROM pg_class", 942},
    {"a savepoint", "SAVEPOINT outfall", 0},
    {"its release", "RELEASE SAVEPOINT outfall", 900},
    {"back to it", "ROLLBACK TO SAVEPOINT outfall", 0},
    {"BEGIN", "BEGIN", 900},
    {"COMMIT", "COMMIT", 900},
    {"an UPDATE", "UPDATE \"T\" SET \"A\" = ?", 900},
    {"nothing", "", 900},
    {"a block", XA_BLOCK, 0},
    {"without its end", "BEGIN ? := DBMS_XA.XA_GETLASTOER();", 6550},
    {"another flag", "BEGIN ? := DBMS_XA.XA_END(" XID ", DBMS_XA.TMFAIL); END;", 6550},
    {"one phase", "BEGIN ? := DBMS_XA.XA_COMMIT(" XID ", TRUE); END;", 6550},
    {"another package", "BEGIN ? := DBMS_XB.XA_GETLASTOER(); END;", 6550},
    {"whose sessions",
     "SELECT sid || ',' || serial# || ',@' || inst_id FROM gv$session WHERE "
     "client_identifier = ?",
     0},
    {"everybody's sessions", "SELECT sid FROM gv$session", 942},
    {"a session is ended", "ALTER SYSTEM KILL SESSION '12,345,@1' IMMEDIATE", 0},
    {"no session", "ALTER SYSTEM KILL SESSION '' IMMEDIATE", 26},
    {"a session of no instance", "ALTER SYSTEM KILL SESSION '12,345' IMMEDIATE", 26},
    {"more than a session", "ALTER SYSTEM KILL SESSION '12,345,@1' IMMEDIATE x", 26},
    {"another setting", "ALTER SYSTEM SET x = 1", 2065},
    {"what is prepared", "SELECT formatid FROM dba_pending_transactions", 0},
    {"a fence", "UPDATE outfall_fence SET epoch = epoch + 1, owner = -7 " BY, 0},
    {"of everything", "UPDATE outfall_fence SET epoch = epoch + 1", 905},
    {"without SET", "UPDATE outfall_fence epoch = 1 " BY, 971},
    {"a text for bytes", "UPDATE outfall_fence SET epoch = 1 WHERE sink = 'a'", STI_REFUSED},
    {"a text", "UPDATE outfall_fence SET epoch = 1, source = 'it''s' " BY, 0},
    {"a choice",
     "UPDATE outfall_fence SET target = CASE WHEN checkpoint = 0 OR target IS NULL THEN 'a' ELSE "
     "target END " BY,
     0},
    {"a comparison with NULL",
     "UPDATE outfall_fence SET target = CASE WHEN checkpoint = 0 OR target = '' THEN 'a' ELSE "
     "target END " BY,
     905},
    {"no bytes", "UPDATE outfall_fence SET epoch = 1 WHERE sink = HEXTORAW('')", STI_REFUSED},
    {"half a byte", "UPDATE outfall_fence SET epoch = 1 WHERE sink = HEXTORAW('abc')", STI_REFUSED},
    {"no hexadecimals", "UPDATE outfall_fence SET epoch = 1 WHERE sink = HEXTORAW('ag')", 1465},
    {"MySQL's bytes", "UPDATE outfall_fence SET epoch = 1 WHERE sink = X'ab'", 936},
    {"a reserved word", "UPDATE outfall_fence SET level = 1 " BY, 904},
    {"a word without a value", "SELECT epoch FROM outfall_fence WHERE slot", 920},
    {"another table's", "SELECT epoch FROM outfall_fence, dual " BY, 905},
    {"the newest line",
     "SELECT epoch FROM outfall_ledger WHERE checkpoint = (SELECT max(checkpoint) FROM "
     "outfall_ledger " BY ")",
     0},
    {"a limit", "SELECT epoch FROM outfall_ledger " BY " LIMIT 1", 933},
    {"FOR UPDATE", "SELECT epoch FROM outfall_fence " BY " FOR UPDATE", 933},
    {"a line", "INSERT INTO outfall_ledger (sink, epoch) VALUES (HEXTORAW('61'), 1)", 0},
    {"a value too few", "INSERT INTO outfall_ledger (sink, epoch) VALUES (HEXTORAW('61'))", 947},
    {"a value too many", "INSERT INTO outfall_ledger (sink) VALUES (1, 2)", 913},
    {"a column twice", "INSERT INTO outfall_ledger (sink, SINK) VALUES (1, 2)", 957},
    {"a ledger",
     "CREATE TABLE outfall_ledger (rows_written NUMBER(19) NOT NULL, PRIMARY KEY (rows_written))",
     0},
    {"a reserved column",
     "CREATE TABLE outfall_ledger (rows NUMBER(19) NOT NULL, PRIMARY KEY (rows))", 904},
    {"another database's type", "CREATE TABLE outfall_ledger (a bigint NOT NULL, PRIMARY KEY (a))",
     902},
    {"IF NOT EXISTS",
     "CREATE TABLE IF NOT EXISTS outfall_ledger (a NUMBER(19) NOT NULL, PRIMARY KEY (a))", 903},
    {"a parameter", "DELETE FROM outfall_ledger WHERE checkpoint < ?", 936},
    {"old lines", "DELETE FROM outfall_ledger " BY " AND checkpoint < -995", 0},
    {"all lines", "DELETE FROM outfall_ledger", 905},
};

static void a_text_gets_oracles_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        int code = code_of(TEXTS[i].text, 128);
        if (code != TEXTS[i].code)
            fail_msg("%s: %d, not %d: %s", TEXTS[i].why, code, TEXTS[i].code, TEXTS[i].text);
    }
}

static void names_are_as_long_as_the_version_takes(void **state)
{
    static const struct {
        size_t bytes, identifier_max;
        int code;
    } cases[] = {{30, 30, 0}, {31, 30, 972}, {31, 128, 0}, {128, 128, 0}, {129, 128, 972}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[132], text[200];
        memset(name, 'N', sizeof name);
        name[cases[i].bytes] = '\0';
        snprintf(text, sizeof text, "SELECT * FROM \"%s\" WHERE 1=0", name);
        assert_int_equal(code_of(text, cases[i].identifier_max), cases[i].code);
    }
}

static void a_long_name_is_stored_under_a_name_of_its_own(void **state)
{
    char one[129], other[129], stored[129], again[129];
    (void)state;
    memset(one, 'x', sizeof one);
    one[128] = '\0';
    memcpy(other, one, sizeof one);
    other[127] = 'y';
    assert_int_equal(sti_name_stored(one, stored), 1);
    assert_true(strlen(stored) <= STI_STORED_MAX);
    sti_name_stored(other, again);
    assert_string_not_equal(stored, again);
    assert_int_equal(sti_name_stored(one + 65, stored), 0); /* 63 bytes */
    assert_string_equal(stored, one + 65);
}

static void a_script_fails_the_statement_that_it_names(void **state)
{
    int after;
    (void)state;
    struct sti_script *script = sti_script_of("merge:2:60;commit:1:3113:after;row:*:1");
    assert_non_null(script);
    assert_int_equal(sti_script_count(script, "merge", &after), 0);
    assert_int_equal(sti_script_count(script, "merge", &after), 60);
    assert_int_equal(after, 0);
    assert_int_equal(sti_script_count(script, "merge", &after), 0);
    assert_int_equal(sti_script_count(script, "commit", &after), 3113);
    assert_int_equal(after, 1);
    assert_int_equal(sti_script_count(script, "row", &after), 1);
    assert_int_equal(sti_script_count(script, "row", &after), 1);
    assert_int_equal(sti_script_count(NULL, "row", &after), 0);
    /* The same text goes on counting; another one, if only by a remark, begins anew. */
    assert_ptr_equal(sti_script_of("merge:2:60;commit:1:3113:after;row:*:1"), script);
    assert_ptr_not_equal(sti_script_of("#2;merge:2:60;commit:1:3113:after;row:*:1"), script);
}

static void a_script_answers_as_xa_does(void **state)
{
    (void)state;
    struct sti_script *script = sti_script_of("xa_commit:1:=-3/1031;xa_commit:2:=6:after");
    assert_non_null(script);
    struct sti_fault fault = sti_script_take(script, "xa_commit");
    assert_int_equal(fault.code, -3);
    assert_int_equal(fault.last, 1031);
    assert_true(fault.answers && !fault.after);
    fault = sti_script_take(script, "xa_commit");
    assert_int_equal(fault.code, 6);
    assert_true(fault.answers && fault.after);
    fault = sti_script_take(script, "xa_commit");
    assert_int_equal(fault.code, 0);
}

static void a_text_that_is_no_script_is_refused(void **state)
{
    static const char *const texts[] = {"merge",
                                        "merge:1",
                                        "merge:0:60",
                                        "update:1:60",
                                        "merge:1:x",
                                        "log",
                                        "merge:1:60:before",
                                        "merge:1:60,row:1:1",
                                        "merge:1:=5",
                                        "xa_last:1:=5",
                                        "xa_commit:1:=",
                                        "xa_commit:1:=5/",
                                        "xa_commit:1:=5/1:before",
                                        "xa_commit:1:-5"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_null(sti_script_of(texts[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_of_the_dialect_is_taken),
        cmocka_unit_test(a_text_gets_oracles_error),
        cmocka_unit_test(names_are_as_long_as_the_version_takes),
        cmocka_unit_test(a_long_name_is_stored_under_a_name_of_its_own),
        cmocka_unit_test(a_script_fails_the_statement_that_it_names),
        cmocka_unit_test(a_script_answers_as_xa_does),
        cmocka_unit_test(a_text_that_is_no_script_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
