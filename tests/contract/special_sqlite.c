/* SPDX-License-Identifier: Apache-2.0 */
#include "special.h"

#define UPSERT .mode = OUTFALL_MODE_UPSERT
#define COUNT "SELECT count(*) FROM t WHERE "

const special_target special_sqlite[] = {
    /* ---- Columns that the database fills ------------------------------------------- */
    {.why = "INTEGER PRIMARY KEY, not in the rows",
     .setup = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
     .wanted = {.columns = {"a"}},
     .fields = {"#"},
     .right = COUNT "id = a + 1"},
    {.why = "AUTOINCREMENT, in the rows",
     .setup = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER)",
     .fields = {"7#", "#"},
     .right = COUNT "id = '7' || a"},
    {.why = "generated columns",
     .setup = "CREATE TABLE t (a INTEGER, v INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL, "
              "p INTEGER AS (a + 2) STORED, b TEXT)",
     .fields = {"#", "b#"},
     .right = COUNT "v = a + 1 AND p = a + 2 AND b = 'b' || a"},
    {.why = "defaults of what the rows do not have, NULL of what they do",
     .setup = "CREATE TABLE t (a INTEGER, b INTEGER DEFAULT 7, c TEXT DEFAULT ('x' || 'y'), d TEXT "
              "DEFAULT 'not NULL')",
     .wanted = {.columns = {"a", "d"}},
     .fields = {"#", NULL},
     .right = COUNT "b = 7 AND c = 'xy' AND d IS NULL"},
    /* ---- Tables of other kinds ----------------------------------------------------- */
    {.why = "a table WITHOUT ROWID",
     .setup = "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID",
     .wanted = {UPSERT},
     .fields = {"k#", "b#"},
     .right = COUNT "substr(a, 2) = substr(b, 2)"},
    {.why = "a STRICT table",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB) STRICT",
     .wanted = {UPSERT},
     .fields = {"#", "b#", "0.5", "00ff"},
     .right = COUNT "b = 'b' || a AND c = 0.5 AND d = x'00ff'"},
    {.why = "a view without a trigger",
     .setup = "CREATE TABLE base (a INTEGER); CREATE VIEW t AS SELECT a FROM base",
     .refused = "t"},
    {.why = "an upsert of a view",
     .setup = "CREATE TABLE base (a INTEGER PRIMARY KEY); CREATE VIEW t AS SELECT a FROM base",
     .wanted = {UPSERT, .key = {"a"}},
     .refused = "t"},
    /* ---- Triggers ------------------------------------------------------------------ */
    {.why = "a trigger that does more",
     .setup = "CREATE TABLE t (a INTEGER, b TEXT); CREATE TABLE log (a INTEGER); "
              "CREATE TRIGGER more AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.a); END",
     .fields = {"#", "b#"},
     .right = "SELECT count(*) FROM t JOIN log USING (a) WHERE b = 'b' || a"},
    {.why = "triggers of an upsert",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); "
              "CREATE TABLE log (a INTEGER, what TEXT, UNIQUE (a, what)); "
              "CREATE TRIGGER on_insert AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.a, "
              "'i'); END; "
              "CREATE TRIGGER on_update AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (NEW.a, "
              "'u'); END",
     .wanted = {UPSERT},
     .fields = {"#", "b#"},
     .right = "SELECT count(*) FROM t JOIN log i USING (a) JOIN log u USING (a) WHERE i.what = 'i' "
              "AND u.what = 'u'"},
    /* ---- Names and the rest -------------------------------------------------------- */
    {.why = "reserved words",
     .setup = "CREATE TABLE t (\"select\" INTEGER PRIMARY KEY, \"key\" TEXT, \"order\" TEXT)",
     .wanted = {UPSERT},
     .fields = {"#", "u", "o#"},
     .right = COUNT "\"key\" = 'u' AND \"order\" = 'o' || \"select\""},
    {.why = "no key",
     .setup = "CREATE TABLE t (a INTEGER, b TEXT)",
     .fields = {"1", "same"},
     .right = COUNT "b = 'same'"},
    {.why = "a foreign key that cascades",
     .setup = "CREATE TABLE base (a INTEGER PRIMARY KEY); "
              "WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < 10000) "
              "INSERT INTO base SELECT n FROM g; "
              "CREATE TABLE t (a INTEGER REFERENCES base (a) ON DELETE CASCADE, b TEXT)",
     .fields = {"#", "b#"},
     .right = COUNT "b = 'b' || a"},
};

const size_t special_sqlite_count = LENGTH(special_sqlite);
