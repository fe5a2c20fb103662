/* SPDX-License-Identifier: Apache-2.0 */
#include "special.h"

#define COUNT "SELECT count(*) FROM t WHERE "

const special_target special_sqlite[] = {
    /* ---- Columns that the database fills ------------------------------------------- */
    {.why = "INTEGER PRIMARY KEY, not in the rows",
     .setup = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
     .wanted = {.columns = {"a"}},
     .fields = {"#"},
     .right = COUNT "id = a + 1"},
    {.why = "INTEGER PRIMARY KEY as another key, not in the rows",
     .setup = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE, b TEXT)",
     .wanted = {.columns = {"a", "b"}, .key = {"a"}},
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = "SELECT count(DISTINCT id) FROM t WHERE b = 'b' || a || ^"},
    {.why = "AUTOINCREMENT, in the rows",
     .setup = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER, b TEXT)",
     .modes = EVERY,
     .fields = {"7#", "#", "b^"},
     .right = COUNT "id = '7' || a AND b = 'b^'"},
    {.why = "generated columns",
     .setup =
         "CREATE TABLE t (a INTEGER PRIMARY KEY, v INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL, "
         "p TEXT AS (b) STORED, b TEXT)",
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = COUNT "v = a + 1 AND p = b AND b = 'b' || a || ^"},
    {.why = "a generated column, in the rows",
     .setup =
         "CREATE TABLE t (a INTEGER PRIMARY KEY, v INTEGER GENERATED ALWAYS AS (a + 1) STORED)",
     .wanted = {.columns = {"a", "v"}},
     .modes = EVERY,
     .refused = "v"},
    {.why = "a generated column as the key",
     .setup = "CREATE TABLE t (a INTEGER, v INTEGER AS (a + 1) STORED UNIQUE)",
     .wanted = {.key = {"v"}},
     .modes = WITH_KEY,
     .refused = "v"},
    {.why = "defaults of what the rows do not have, NULL of what they do",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER DEFAULT 7, c TEXT DEFAULT ('x' || "
              "'y'), d TEXT DEFAULT 'not NULL', e INTEGER)",
     .wanted = {.columns = {"a", "d", "e"}},
     .modes = EVERY,
     .fields = {"#", NULL, "^"},
     .right = COUNT "b = 7 AND c = 'xy' AND d IS NULL AND e = ^"},
    {.why = "a default that is named like a column",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER, c TEXT DEFAULT \"word\", "
              "word TEXT)",
     .wanted = {.columns = {"a", "b"}},
     .modes = EVERY,
     .fields = {"#", "^"},
     .right = COUNT "c = 'word' AND word IS NULL AND b = ^"},
    {.why = "a unique index of another collation than its column",
     .setup = "CREATE TABLE t (a TEXT NOT NULL, b TEXT); "
              "CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE); "
              "WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < 9999) "
              "INSERT INTO t SELECT 'key ' || n, 'old' FROM g",
     .wanted = {.key = {"a"}},
     .modes = IN(UPSERT),
     .fields = {"KEY #", "b#^"},
     .right = COUNT "b = 'b' || substr(a, 5) || ^ AND a = lower(a)"},
    /* ---- Tables of other kinds ----------------------------------------------------- */
    {.why = "a table WITHOUT ROWID",
     .setup = "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID",
     .modes = EVERY,
     .fields = {"k#", "b#^"},
     .right = COUNT "b = 'b' || substr(a, 2) || ^"},
    {.why = "a STRICT table",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB) STRICT",
     .modes = EVERY,
     .fields = {"#", "b#^", "0.5", "00ff"},
     .right = COUNT "b = 'b' || a || ^ AND c = 0.5 AND d = x'00ff'"},
    {.why = "a view without a trigger",
     .setup = "CREATE TABLE base (a INTEGER); CREATE VIEW t AS SELECT a FROM base",
     .refused = "t"},
    {.why = "a view with an INSTEAD OF trigger",
     .setup = "CREATE TABLE base (a INTEGER, b TEXT); CREATE VIEW t AS SELECT a, b FROM base; "
              "CREATE TRIGGER put INSTEAD OF INSERT ON t BEGIN INSERT INTO base VALUES (NEW.a, "
              "NEW.b); END",
     .fields = {"#", "b#"},
     .right = "SELECT count(*) FROM base WHERE b = 'b' || a",
     .or_told = "t"},
    {.why = "a view in a mode with a key",
     .setup = "CREATE TABLE base (a INTEGER PRIMARY KEY); CREATE VIEW t AS SELECT a FROM base",
     .wanted = {.key = {"a"}},
     .modes = WITH_KEY,
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
     .modes = IN(UPSERT) | IN(REPLACE),
     .fields = {"#", "b#^"},
     .right = "SELECT count(*) FROM t JOIN log i USING (a) JOIN log u USING (a) WHERE i.what = 'i' "
              "AND u.what = 'u'"},
    /* ---- Names and the rest -------------------------------------------------------- */
    {.why = "reserved words",
     .setup = "CREATE TABLE t (\"select\" INTEGER PRIMARY KEY, \"key\" TEXT, \"order\" TEXT)",
     .modes = EVERY,
     .fields = {"#", "u^", "o#"},
     .right = COUNT "\"key\" = 'u^' AND \"order\" = 'o' || \"select\""},
    {.why = "no key",
     .setup = "CREATE TABLE t (a INTEGER, b TEXT)",
     .fields = {"1", "same"},
     .right = COUNT "b = 'same'"},
    {.why = "no key, in a mode with one",
     .setup = "CREATE TABLE t (a INTEGER, b TEXT)",
     .wanted = {.key = {"a"}},
     .modes = WITH_KEY,
     .refused = "UNIQUE"},
    {.why = "a foreign key that cascades",
     .setup =
         "CREATE TABLE base (a INTEGER PRIMARY KEY); "
         "WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < 10000) "
         "INSERT INTO base SELECT n FROM g; "
         "CREATE TABLE t (a INTEGER PRIMARY KEY REFERENCES base (a) ON DELETE CASCADE, b TEXT)",
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = COUNT "b = 'b' || a || ^"},
    {.why = "rows that others go with when they are deleted",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); "
              "CREATE TABLE log (a INTEGER UNIQUE REFERENCES t (a) ON DELETE CASCADE); "
              "CREATE TRIGGER bear AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.a); END",
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = "SELECT count(*) FROM log LEFT JOIN t USING (a) WHERE b = 'b' || a || ^"},
};

const size_t special_sqlite_count = LENGTH(special_sqlite);
