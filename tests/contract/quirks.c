/* SPDX-License-Identifier: Apache-2.0 */
#include "quirks.h"

/* ---- URLs that lead nowhere; "canary" in one of them is a secret ----------------------- */

static const char *const no_urls[] = {NULL}; /* Nothing can fail to open. */

static const char *const sqlite_bad_urls[] = {
    "sqlite:/nonexistent/canary/data.db",
    "sqlite:file:/nonexistent/data.db?key=canary",
    "sqlite:/",
    "sqlite::memory:",
    "sqlite:file:data?mode=memory&cache=shared&key=canary",
    "sqlite:data.db?mode=ro&key=canary",
    "sqlite:",
    NULL,
};

static const char *const postgresql_bad_urls[] = {
    "postgresql://nobody:canary@127.0.0.1:1/nowhere",
    "postgresql://nobody:canary@127.0.0.1:notaport/nowhere",
    "postgresql://nobody:canary@nohost.invalid/nowhere",
    "postgresql://nobody:canary@127.0.0.1:1/nowhere?nosuchparameter=1",
    NULL,
};

static const char *const mysql_bad_urls[] = {
    "mysql://nobody:canary@127.0.0.1:1/nowhere",
    "mysql://nobody:canary@127.0.0.1:notaport/nowhere",
    "mysql://nobody:canary@nohost.invalid/nowhere",
    "mysql://nobody:canary@127.0.0.1:1/nowhere?nosuchparameter=1",
    "mysql://nobody:canary@localhost/nowhere?socket=%2Fnonexistent%2Fsocket",
    "mysql://nobody:can%ZZary-canary@127.0.0.1:1/nowhere",
    NULL,
};

static const char *const odbc_bad_urls[] = {
    "odbc:",
    "odbc:DSN=nosuchdsn;PWD=canary",
    "odbc:DRIVER={No such driver};SERVER=127.0.0.1;PWD=canary",
    "odbc:DRIVER={Unended;SERVER=127.0.0.1;PWD=canary",
    "odbc:PWD=canary",
    NULL,
};

static const char *const odbc_postgresql_bad_urls[] = {
    "odbc:DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;PORT=1;DATABASE=x;UID=nobody;PWD={can}};ary "
    "canary}",
    NULL,
};

static const char *const odbc_mariadb_bad_urls[] = {
    "odbc:DRIVER={MariaDB Unicode};SERVER=127.0.0.1;PORT=1;DATABASE=x;UID=nobody;PWD={can}};ary "
    "canary}",
    NULL,
};

/* ---- Types that are kept as others ---------------------------------------------------- */

/* SQLite keeps 64 bits in every integer column, and a double in every real one. */
static const contract_stored sqlite_stored[] = {
    {OUTFALL_TYPE_INT16, OUTFALL_TYPE_INT64},
    {OUTFALL_TYPE_INT32, OUTFALL_TYPE_INT64},
    {OUTFALL_TYPE_FLOAT32, OUTFALL_TYPE_FLOAT64},
    {0, 0},
};

static const contract_stored all_kept[] = {{0, 0}};

/* ---- Cases that cannot be asked for --------------------------------------------------- */

static const contract_exception no_exceptions[] = {{NULL, NULL}};

/* ---- The suites ----------------------------------------------------------------------- */

/* What is SQLite's, whichever the way to it: */
#define SQLITE                                                                                     \
    .name_max = 255,               /* Its own limit is a megabyte; ours is the error's room. */    \
        .lock = "BEGIN IMMEDIATE", /* A file has one writer: any will do. */                       \
        .unlock = "ROLLBACK", .retype = NULL, /* Has no ALTER COLUMN. */                           \
        .count_most = 1

/* what is PostgreSQL's: */
#define POSTGRESQL                                                                                 \
    .name_max = 63, /* NAMEDATALEN - 1: the server would cut longer ones. */                       \
        .lock = "BEGIN; LOCK TABLE %s IN ACCESS EXCLUSIVE MODE", .unlock = "ROLLBACK",             \
    .retype = "ALTER TABLE %s ALTER COLUMN n TYPE bigint", .count_most = 1

/* and what is MariaDB's. */
#define MARIADB                                                                                    \
    .name_max = 64, .name_in_characters = 1,                                                       \
    .names_refused = NAME_SUPPLEMENTARY /* Its names are in utf8mb3, */                            \
                     | NAME_BLANK_END,  /* and it would refuse or cut this one. */                 \
        .lock = "LOCK TABLES %s WRITE", .unlock = "UNLOCK TABLES",                                 \
    .retype = "ALTER TABLE %s MODIFY n BIGINT",                                                    \
    .count_most = 2,           /* ON DUPLICATE KEY counts a changed row twice, */                  \
        .conflict_unnamed = 1, /* and matches any unique index. */                                 \
        .scale_fixed = 1, .uuid_versions = 1

const contract_quirks all_quirks[] = {
    {.suite = "null",
     .driver = "null",
     .database = DATABASE_NONE,
     .url_format = "null:",
     .capabilities = OUTFALL_DRIVER_DISCARDS | OUTFALL_DRIVER_SAVEPOINTS,
     .stored = all_kept,
     .bad_urls = no_urls,
     .exceptions = no_exceptions,
     .count_most = 1},
    {SQLITE, .database = DATABASE_SQLITE, .suite = "sqlite", .driver = "sqlite",
     .url_format = "sqlite:%s", .capabilities = OUTFALL_DRIVER_SAVEPOINTS, .stored = sqlite_stored,
     .bad_urls = sqlite_bad_urls, .exceptions = no_exceptions},
    {POSTGRESQL, .database = DATABASE_POSTGRESQL, .suite = "postgresql", .driver = "postgresql",
     .url_variable = "OUTFALL_TEST_POSTGRESQL_URL",
     .tcp_variable = "OUTFALL_TEST_POSTGRESQL_TCP_URL",
     .native_variable = "OUTFALL_TEST_POSTGRESQL_URL", .capabilities = OUTFALL_DRIVER_SAVEPOINTS,
     .stored = all_kept, .bad_urls = postgresql_bad_urls, .exceptions = no_exceptions},
    {MARIADB, .database = DATABASE_MARIADB, .suite = "mysql", .driver = "mysql",
     .url_variable = "OUTFALL_TEST_MYSQL_URL", .tcp_variable = "OUTFALL_TEST_MYSQL_TCP_URL",
     .native_variable = "OUTFALL_TEST_MYSQL_URL", .capabilities = OUTFALL_DRIVER_SAVEPOINTS,
     .stored = all_kept, .bad_urls = mysql_bad_urls, .exceptions = no_exceptions},
    {POSTGRESQL, .database = DATABASE_POSTGRESQL, .suite = "odbc-postgresql", .driver = "odbc",
     .url_variable = "OUTFALL_TEST_ODBC_POSTGRESQL_URL",
     .tcp_variable = "OUTFALL_TEST_ODBC_POSTGRESQL_TCP_URL",
     .native_variable = "OUTFALL_TEST_POSTGRESQL_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_BLOCKS, .stored = all_kept,
     .bad_urls = odbc_postgresql_bad_urls, .exceptions = no_exceptions},
    {MARIADB, .database = DATABASE_MARIADB, .suite = "odbc-mariadb", .driver = "odbc",
     .url_variable = "OUTFALL_TEST_ODBC_MARIADB_URL",
     .tcp_variable = "OUTFALL_TEST_ODBC_MARIADB_TCP_URL",
     .native_variable = "OUTFALL_TEST_MYSQL_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_BLOCKS, .stored = all_kept,
     .bad_urls = odbc_mariadb_bad_urls, .exceptions = no_exceptions},
    {SQLITE, .database = DATABASE_SQLITE, .suite = "odbc-sqlite", .driver = "odbc",
     .url_format = "odbc:DRIVER={SQLite3};Database=%s",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_BLOCKS, .stored = sqlite_stored,
     .bad_urls = odbc_bad_urls, .exceptions = no_exceptions},
    {POSTGRESQL, .database = DATABASE_ORACLE, .suite = "odbc-oracle", .driver = "odbc",
     .url_variable = "OUTFALL_TEST_ODBC_ORACLE_URL",
     .tcp_variable = "OUTFALL_TEST_ODBC_ORACLE_TCP_URL",
     .native_variable = "OUTFALL_TEST_ODBC_ORACLE_NATIVE_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_BLOCKS, .stored = all_kept,
     .bad_urls = odbc_bad_urls, .exceptions = no_exceptions},
};

const size_t all_quirks_count = sizeof all_quirks / sizeof all_quirks[0];
