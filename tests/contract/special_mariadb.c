/* SPDX-License-Identifier: Apache-2.0 */
#include "special.h"

#define COUNT "SELECT count(*) FROM t WHERE "

const special_target special_mariadb[] = {
    /* ---- Columns that the database fills ------------------------------------------- */
    {.why = "AUTO_INCREMENT, not in the rows",
     .setup = "CREATE TABLE t (id INTEGER AUTO_INCREMENT PRIMARY KEY, a INTEGER)",
     .wanted = {.columns = {"a"}},
     .fields = {"#"},
     .right = "SELECT count(DISTINCT id) FROM t"},
    {.why = "AUTO_INCREMENT beside the key, not in the rows",
     .setup = "CREATE TABLE t (id INTEGER AUTO_INCREMENT, a INTEGER PRIMARY KEY, b TEXT, KEY (id))",
     .wanted = {.columns = {"a", "b"}},
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = "SELECT count(DISTINCT id) FROM t WHERE b = 'b' || a || ^"},
    {.why = "AUTO_INCREMENT as another key, not in the rows",
     .setup = "CREATE TABLE t (id INTEGER AUTO_INCREMENT PRIMARY KEY, a INTEGER NOT NULL UNIQUE, "
              "b TEXT)",
     .wanted = {.columns = {"a", "b"}, .key = {"a"}, .other_unique = 1},
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = "SELECT count(DISTINCT id) FROM t WHERE b = 'b' || a || ^"},
    {.why = "AUTO_INCREMENT, in the rows, zero among them",
     .setup = "CREATE TABLE t (id INTEGER AUTO_INCREMENT PRIMARY KEY, a INTEGER, b TEXT)",
     .modes = EVERY,
     .fields = {"#", "#", "b^"},
     .right = COUNT "id = a AND b = 'b^'"},
    {.why = "generated columns",
     .setup =
         "CREATE TABLE t (a INTEGER PRIMARY KEY, v INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL, "
         "p VARCHAR(20) AS (b) PERSISTENT, b VARCHAR(20))",
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = COUNT "v = a + 1 AND p = b AND b = 'b' || a || ^"},
    {.why = "a generated column, in the rows",
     .setup =
         "CREATE TABLE t (a INTEGER PRIMARY KEY, v INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL)",
     .wanted = {.columns = {"a", "v"}},
     .modes = EVERY,
     .refused = "v"},
    {.why = "a generated column as the key",
     .setup = "CREATE TABLE t (a INTEGER, v INTEGER AS (a + 1) PERSISTENT UNIQUE)",
     .wanted = {.key = {"v"}},
     .modes = WITH_KEY,
     .refused = "v"},
    {.why = "defaults of what the rows do not have, NULL of what they do",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER DEFAULT 7, c VARCHAR(20) DEFAULT "
              "(CONCAT('x', 'y')), d TEXT DEFAULT 'not NULL', e TIMESTAMP NULL DEFAULT "
              "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, f INTEGER)",
     .wanted = {.columns = {"a", "d", "f"}},
     .modes = EVERY,
     .fields = {"#", NULL, "^"},
     .right = COUNT "b = 7 AND c = 'xy' AND d IS NULL AND e IS NOT NULL AND f = ^"},
    {.why = "an invisible column, in the rows",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT INVISIBLE)",
     .wanted = {.columns = {"a", "b"}},
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = COUNT "b = 'b' || a || ^"},
    /* ---- Types with rules ---------------------------------------------------------- */
    {.why = "enum and set, in the key too",
     .setup = "CREATE TABLE t (a INTEGER, e ENUM('sad', 'it''s \"ok\"'), s SET('x', 'y', 'z'), "
              "f ENUM('m1', 'm2'), g SET('s1', 's2', 's3'), PRIMARY KEY (e, s, a))",
     .modes = EVERY,
     .fields = {"#", "it's \"ok\"", "x,z", "m^", "s^,s3"},
     .right = COUNT "e = 'it''s \"ok\"' AND s = 'x,z' AND f = 'm^' AND g = 's^,s3'"},
    {.why = "decimal(p,s), varchar(n), char(n), datetime, timestamp, in the key too",
     .setup = "CREATE TABLE t (a INTEGER, n DECIMAL(8,2), v VARCHAR(8), c CHAR(8), s DATETIME, "
              "z TIMESTAMP(3), d CHAR(8), m DECIMAL(8,2), PRIMARY KEY (n, v, c, s))",
     .modes = EVERY,
     .fields = {"#", "#.25", "v#", "c#", "2024-01-31 12:34:56", "2024-01-31 12:34:56.78^", "d^",
                "#.^5"},
     .right = COUNT "n = a + 0.25 AND v = 'v' || a AND c = 'c' || a AND d = 'd^' AND m = a + 0.^5 "
                    "AND s = '2024-01-31 12:34:56' AND z = '2024-01-31 12:34:56.78^'"},
    {.why = "unsigned numbers, in the key too",
     .setup = "CREATE TABLE t (a INTEGER UNSIGNED, b TINYINT UNSIGNED, c BIGINT UNSIGNED, "
              "d BIGINT UNSIGNED, PRIMARY KEY (a, b, c))",
     .modes = EVERY,
     .fields = {"#", "255", "18446744073709551615", "1844674407370955161^"},
     .right = COUNT "b = 255 AND c = 18446744073709551615 AND d = 1844674407370955161^"},
    {.why = "json",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, j JSON)",
     .modes = EVERY,
     .fields = {"#", "{\"b\": #, \"a\": ^}"},
     .right = COUNT "JSON_VALUE(j, '$.b') = a AND JSON_VALUE(j, '$.a') = ^"},
    /* ---- Relations that are no plain tables ---------------------------------------- */
    {.why = "a partitioned table",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) PARTITION BY RANGE (a) (PARTITION p0 "
              "VALUES LESS THAN (50), PARTITION p1 VALUES LESS THAN MAXVALUE)",
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = COUNT "b = 'b' || a || ^"},
    {.why = "a view that can be inserted into",
     .setup = "CREATE TABLE base (a INTEGER, b VARCHAR(20), c INTEGER DEFAULT 3); "
              "CREATE VIEW t AS SELECT a, b FROM base WHERE a >= 0 WITH CHECK OPTION",
     .fields = {"#", "b#"},
     .right = "SELECT count(*) FROM base WHERE b = 'b' || a AND c = 3",
     .or_told = "name the table behind it"},
    {.why = "a view of MyISAM's",
     .setup = "CREATE TABLE base (a INTEGER) ENGINE = MyISAM; CREATE VIEW t AS SELECT a FROM base",
     .refused = "InnoDB"},
    {.why = "a view that cannot be inserted into",
     .setup = "CREATE TABLE base (a INTEGER); CREATE VIEW t AS SELECT sum(a) AS a FROM base",
     .refused = "t"},
    {.why = "a view in a mode with a key",
     .setup = "CREATE TABLE base (a INTEGER PRIMARY KEY, b TEXT); "
              "CREATE VIEW t AS SELECT a, b FROM base",
     .wanted = {.key = {"a"}},
     .modes = WITH_KEY,
     .refused = "t"},
    {.why = "a sequence", .setup = "CREATE SEQUENCE t", .refused = "t"},
    {.why = "a table with system versions",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) WITH SYSTEM VERSIONING",
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = COUNT "b = 'b' || a || ^"},
    {.why = "MyISAM, which rolls nothing back",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY) ENGINE = MyISAM",
     .modes = EVERY,
     .refused = "InnoDB"},
    {.why = "MEMORY, which keeps nothing",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY) ENGINE = MEMORY",
     .refused = "InnoDB"},
    {.why = "a partitioned table of MyISAM",
     .setup = "CREATE TABLE t (a INTEGER) ENGINE = MyISAM PARTITION BY HASH (a) PARTITIONS 2",
     .refused = "InnoDB"},
    /* ---- Triggers ------------------------------------------------------------------ */
    {.why = "a trigger that changes the row",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); "
              "CREATE TRIGGER change_new BEFORE INSERT ON t FOR EACH ROW SET NEW.b = "
              "CONCAT('set ', NEW.a); CREATE TRIGGER change_old BEFORE UPDATE ON t FOR EACH ROW "
              "SET NEW.b = CONCAT('set ', NEW.a)",
     .modes = EVERY,
     .fields = {"#", "b^"},
     .right = COUNT "b = 'set ' || a"},
    {.why = "triggers of an upsert",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); "
              "CREATE TABLE log (a INTEGER, what CHAR(1), UNIQUE (a, what)); "
              "CREATE TRIGGER on_insert AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES "
              "(NEW.a, 'i'); "
              "CREATE TRIGGER on_update AFTER UPDATE ON t FOR EACH ROW INSERT INTO log VALUES "
              "(NEW.a, 'u')",
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
         "CREATE TABLE parent (a INTEGER PRIMARY KEY); "
         "INSERT INTO parent SELECT seq FROM seq_0_to_10000; "
         "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, FOREIGN KEY (a) REFERENCES parent (a) "
         "ON DELETE CASCADE)",
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = COUNT "b = 'b' || a || ^"},
    {.why = "rows that others go with when they are deleted",
     .setup = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); "
              "CREATE TABLE child (a INTEGER, FOREIGN KEY (a) REFERENCES t (a) ON DELETE CASCADE); "
              "CREATE TRIGGER bear AFTER INSERT ON t FOR EACH ROW INSERT INTO child VALUES (NEW.a)",
     .modes = EVERY,
     .fields = {"#", "b#^"},
     .right = "SELECT count(*) FROM child LEFT JOIN t USING (a) WHERE b = 'b' || a || ^"},
    {.why = "a table in latin1, in the key too",
     .setup = "CREATE TABLE t (a INTEGER, b VARCHAR(20), c VARCHAR(20), PRIMARY KEY (b)) CHARACTER "
              "SET latin1",
     .modes = EVERY,
     .fields = {"#", "\xC3\xA9#", "\xC3\xA9^"},
     .right = COUNT "CONVERT(b USING utf8mb4) = '\xC3\xA9' || a AND CONVERT(c USING utf8mb4) = "
                    "'\xC3\xA9^'"},
};

const size_t special_mariadb_count = LENGTH(special_mariadb);
