/* SPDX-License-Identifier: Apache-2.0 */
#include "special.h"

#define UPSERT .mode = OUTFALL_MODE_UPSERT
#define COUNT "SELECT count(*) FROM t WHERE "

const special_target special_mariadb[] = {
    /* ---- Columns that the database fills ------------------------------------------- */
    {.why = "AUTO_INCREMENT, not in the rows",
     .setup = "CREATE TABLE t (id INTEGER AUTO_INCREMENT PRIMARY KEY, a INTEGER)",
     .wanted = {.columns = {"a"}},
     .fields = {"#"},
     .right = "SELECT count(DISTINCT id) FROM t"},
    {.why = "AUTO_INCREMENT, in the rows, zero among them",
     .setup = "CREATE TABLE t (id INTEGER AUTO_INCREMENT PRIMARY KEY, a INTEGER)",
     .fields = {"#", "#"},
     .right = COUNT "id = a"},
    {.why = "generated columns",
     .setup = "CREATE TABLE t (a INTEGER, v INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL, "
              "p INTEGER AS (a + 2) PERSISTENT, b TEXT)",
     .fields = {"#", "b#"},
     .right = COUNT "v = a + 1 AND p = a + 2 AND b = 'b' || a"},
    {.why = "a generated column, in the rows",
     .setup = "CREATE TABLE t (a INTEGER, v INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL)",
     .wanted = {.columns = {"a", "v"}},
     .refused = "v"},
    {.why = "defaults of what the rows do not have, NULL of what they do",
     .setup = "CREATE TABLE t (a INTEGER, b INTEGER DEFAULT 7, c VARCHAR(20) DEFAULT "
              "(CONCAT('x', 'y')), d TEXT DEFAULT 'not NULL', e TIMESTAMP NULL DEFAULT "
              "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
     .wanted = {.columns = {"a", "d"}},
     .fields = {"#", NULL},
     .right = COUNT "b = 7 AND c = 'xy' AND d IS NULL AND e IS NOT NULL"},
    {.why = "an invisible column, in the rows",
     .setup = "CREATE TABLE t (a INTEGER, b TEXT INVISIBLE)",
     .wanted = {.columns = {"a", "b"}},
     .fields = {"#", "b#"},
     .right = COUNT "b = 'b' || a"},
    /* ---- Types with rules ---------------------------------------------------------- */
    {.why = "enum and set",
     .setup = "CREATE TABLE t (a INTEGER, e ENUM('sad', 'it''s \"ok\"'), s SET('x', 'y', 'z'))",
     .fields = {"#", "it's \"ok\"", "x,z"},
     .right = COUNT "e = 'it''s \"ok\"' AND s = 'x,z'"},
    {.why = "decimal(p,s), varchar(n), char(n), datetime, timestamp",
     .setup = "CREATE TABLE t (a INTEGER, n DECIMAL(8,2), v VARCHAR(8), c CHAR(8), s DATETIME, "
              "z TIMESTAMP(3))",
     .fields = {"#", "#.25", "v#", "c#", "2024-01-31 12:34:56", "2024-01-31 12:34:56.789"},
     .right = COUNT "n = a + 0.25 AND v = 'v' || a AND c = 'c' || a AND "
                    "s = '2024-01-31 12:34:56' AND z = '2024-01-31 12:34:56.789'"},
    {.why = "unsigned numbers",
     .setup = "CREATE TABLE t (a INTEGER UNSIGNED, b TINYINT UNSIGNED, c BIGINT UNSIGNED)",
     .fields = {"#", "255", "18446744073709551615"},
     .right = COUNT "b = 255 AND c = 18446744073709551615"},
    {.why = "json",
     .setup = "CREATE TABLE t (a INTEGER, j JSON)",
     .fields = {"#", "{\"b\": #, \"a\": null}"},
     .right = COUNT "JSON_VALUE(j, '$.b') = a"},
    /* ---- Relations that are no plain tables ---------------------------------------- */
    {.why = "a partitioned table",
     .setup = "CREATE TABLE t (a INTEGER, b TEXT) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS "
              "THAN (50), PARTITION p1 VALUES LESS THAN MAXVALUE)",
     .fields = {"#", "b#"},
     .right = COUNT "b = 'b' || a"},
    {.why = "an upsert of a partitioned table",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) PARTITION BY HASH (a) PARTITIONS 3",
     .wanted = {UPSERT},
     .fields = {"#", "b#"},
     .right = COUNT "b = 'b' || a"},
    {.why = "a view that can be inserted into",
     .setup = "CREATE TABLE base (a INTEGER, b VARCHAR(20), c INTEGER DEFAULT 3); "
              "CREATE VIEW t AS SELECT a, b FROM base WHERE a >= 0 WITH CHECK OPTION",
     .fields = {"#", "b#"},
     .right = "SELECT count(*) FROM base WHERE b = 'b' || a AND c = 3",
     .or_told = "name the table behind it"},
    {.why = "a view that cannot be inserted into",
     .setup = "CREATE TABLE base (a INTEGER); CREATE VIEW t AS SELECT sum(a) AS a FROM base",
     .refused = "t"},
    {.why = "an upsert of a view",
     .setup = "CREATE TABLE base (a INTEGER PRIMARY KEY, b TEXT); "
              "CREATE VIEW t AS SELECT a, b FROM base",
     .wanted = {UPSERT, .key = {"a"}},
     .refused = "t"},
    {.why = "a sequence", .setup = "CREATE SEQUENCE t", .refused = "t"},
    {.why = "a table with system versions",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) WITH SYSTEM VERSIONING",
     .fields = {"#", "b#"},
     .right = COUNT "b = 'b' || a"},
    {.why = "MyISAM, which rolls nothing back",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY) ENGINE = MyISAM",
     .refused = "InnoDB"},
    {.why = "MEMORY, which keeps nothing",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY) ENGINE = MEMORY",
     .refused = "InnoDB"},
    {.why = "a partitioned table of MyISAM",
     .setup = "CREATE TABLE t (a INTEGER) ENGINE = MyISAM PARTITION BY HASH (a) PARTITIONS 2",
     .refused = "InnoDB"},
    /* ---- Triggers ------------------------------------------------------------------ */
    {.why = "a trigger that changes the row",
     .setup = "CREATE TABLE t (a INTEGER, b TEXT); "
              "CREATE TRIGGER change_it BEFORE INSERT ON t FOR EACH ROW SET NEW.b = "
              "CONCAT('set ', NEW.a)",
     .fields = {"#", "b"},
     .right = COUNT "b = 'set ' || a"},
    {.why = "triggers of an upsert",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); "
              "CREATE TABLE log (a INTEGER, what CHAR(1), UNIQUE (a, what)); "
              "CREATE TRIGGER on_insert AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES "
              "(NEW.a, 'i'); "
              "CREATE TRIGGER on_update AFTER UPDATE ON t FOR EACH ROW INSERT INTO log VALUES "
              "(NEW.a, 'u')",
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
     .setup = "CREATE TABLE parent (a INTEGER PRIMARY KEY); "
              "INSERT INTO parent SELECT seq FROM seq_0_to_10000; "
              "CREATE TABLE t (a INTEGER, b TEXT, FOREIGN KEY (a) REFERENCES parent (a) ON DELETE "
              "CASCADE)",
     .fields = {"#", "b#"},
     .right = COUNT "b = 'b' || a"},
    {.why = "a table in latin1",
     .setup = "CREATE TABLE t (a INTEGER, b VARCHAR(20)) CHARACTER SET latin1",
     .fields = {"#", "\xC3\xA9#"},
     .right = COUNT "CONVERT(b USING utf8mb4) = '\xC3\xA9' || a"},
};

const size_t special_mariadb_count = LENGTH(special_mariadb);
