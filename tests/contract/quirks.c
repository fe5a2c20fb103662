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

/* Oracle has NUMBER for all of the numbers, CLOB for JSON, DATE with a time of day, and no TIME. */
static const contract_stored oracle_stored[] = {
    {OUTFALL_TYPE_BOOL, OUTFALL_TYPE_INT64},
    {OUTFALL_TYPE_INT16, OUTFALL_TYPE_INT64},
    {OUTFALL_TYPE_INT32, OUTFALL_TYPE_INT64},
    {OUTFALL_TYPE_INT64, OUTFALL_TYPE_DECIMAL}, /* NUMBER(19) holds more than 64 bits. */
    {OUTFALL_TYPE_DATE, OUTFALL_TYPE_TIMESTAMP},
    {OUTFALL_TYPE_TIME, 0},
    {OUTFALL_TYPE_JSON, OUTFALL_TYPE_TEXT},
    {0, 0},
};

static const contract_stored all_kept[] = {{0, 0}};

uint32_t quirks_stored(const contract_quirks *quirks, uint32_t type)
{
    for (const contract_stored *at = quirks->stored; at->asked != 0; at++)
        if (at->asked == type)
            return at->kept;
    return type;
}

/* ---- Cases that cannot be asked for --------------------------------------------------- */

#define BEHIND "locks, rights and sessions behind the stand-in are PostgreSQL's, not Oracle's"

static const contract_exception oracle_exceptions[] = {
    {"too many connections are tried again", BEHIND},
    {"a missing right stops, and is named", BEHIND},
    {"a read-only server stops", BEHIND},
    {"row security refuses rows one by one", BEHIND},
    {"a deadlock is tried again", BEHIND},
    {"a lock timeout is tried again", BEHIND},
    {"a session that was ended is noticed", BEHIND},
    {"a session that was ended looks closed", BEHIND},
    {"a session that is ended while it waits is noticed", BEHIND},
    {"a special target is right, or refused by name", "the stand-in has plain tables only"},
    {"a type that is there is read right, or refused",
     "the stand-in has only the types that are made"},
    {NULL, NULL},
};

static const contract_exception no_exceptions[] = {{NULL, NULL}};

/* ---- The databases -------------------------------------------------------------------- */

static const contract_rules no_rules = {.count_most = 1};

static const contract_rules sqlite_rules = {
    .name_max = 255,           /* Its own limit is a megabyte; ours is the error's room. */
    .lock = "BEGIN IMMEDIATE", /* A file has one writer: any will do. */
    .unlock = "ROLLBACK",
    .retype = NULL, /* Has no ALTER COLUMN. */
    .count_most = 1,
};

static const contract_rules postgresql_rules = {
    .name_max = 63, /* NAMEDATALEN - 1: the server would cut longer ones. */
    .lock = "BEGIN; LOCK TABLE %s IN ACCESS EXCLUSIVE MODE",
    .unlock = "ROLLBACK",
    .retype = "ALTER TABLE %s ALTER COLUMN n TYPE bigint",
    .count_most = 1,
};

static const contract_rules mariadb_rules = {
    .name_max = 64,
    .name_in_characters = 1,
    /* Its names are in utf8mb3, and it cuts or refuses blanks at their ends. */
    .names_refused = NAME_SUPPLEMENTARY | NAME_BLANK_END,
    .lock = "LOCK TABLES %s WRITE",
    .unlock = "UNLOCK TABLES",
    .retype = "ALTER TABLE %s MODIFY n BIGINT",
    .count_most = 2,       /* ON DUPLICATE KEY counts a changed row twice, */
    .conflict_unnamed = 1, /* and matches any unique index. */
    .decimal_limited = 1,
    .uuid_versions = 1,
};

/* Oracle's, but where the case speaks to what is behind the stand-in. */
static const contract_rules oracle_rules = {
    .name_max = 128,
    .names_refused = NAME_QUOTE, /* Oracle has no way to write one in a name. */
    .lock = "BEGIN; LOCK TABLE %s IN ACCESS EXCLUSIVE MODE",
    .unlock = "ROLLBACK",
    .retype = "ALTER TABLE %s ALTER COLUMN n TYPE bigint",
    .count_most = 1,
    .decimal_limited = 1,
    .empty_is_null = 1,
};

/* ---- The suites ----------------------------------------------------------------------- */

const contract_quirks all_quirks[] = {
    {.suite = "null",
     .driver = "null",
     .database = DATABASE_NONE,
     .rules = &no_rules,
     .url_format = "null:",
     .capabilities = OUTFALL_DRIVER_DISCARDS | OUTFALL_DRIVER_SAVEPOINTS,
     .stored = all_kept,
     .bad_urls = no_urls,
     .exceptions = no_exceptions},
    {.suite = "sqlite",
     .driver = "sqlite",
     .database = DATABASE_SQLITE,
     .rules = &sqlite_rules,
     .url_format = "sqlite:%s",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER,
     .stored = sqlite_stored,
     .bad_urls = sqlite_bad_urls,
     .exceptions = no_exceptions},
    {.suite = "postgresql",
     .driver = "postgresql",
     .database = DATABASE_POSTGRESQL,
     .rules = &postgresql_rules,
     .url_variable = "OUTFALL_TEST_POSTGRESQL_URL",
     .tcp_variable = "OUTFALL_TEST_POSTGRESQL_TCP_URL",
     .native_variable = "OUTFALL_TEST_POSTGRESQL_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_TWO_PHASE,
     .stored = all_kept,
     .bad_urls = postgresql_bad_urls,
     .exceptions = no_exceptions},
    {.suite = "mysql",
     .driver = "mysql",
     .database = DATABASE_MARIADB,
     .rules = &mariadb_rules,
     .url_variable = "OUTFALL_TEST_MYSQL_URL",
     .tcp_variable = "OUTFALL_TEST_MYSQL_TCP_URL",
     .native_variable = "OUTFALL_TEST_MYSQL_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_TWO_PHASE |
                     OUTFALL_DRIVER_PREPARED_STAYS,
     .stored = all_kept,
     .bad_urls = mysql_bad_urls,
     .exceptions = no_exceptions},
    {.suite = "odbc-postgresql",
     .driver = "odbc",
     .database = DATABASE_POSTGRESQL,
     .rules = &postgresql_rules,
     .url_variable = "OUTFALL_TEST_ODBC_POSTGRESQL_URL",
     .tcp_variable = "OUTFALL_TEST_ODBC_POSTGRESQL_TCP_URL",
     .native_variable = "OUTFALL_TEST_POSTGRESQL_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_BLOCKS,
     .refused = OUTFALL_DRIVER_TWO_PHASE,
     .stored = all_kept,
     .bad_urls = odbc_postgresql_bad_urls,
     .exceptions = no_exceptions},
    {.suite = "odbc-mariadb",
     .driver = "odbc",
     .database = DATABASE_MARIADB,
     .rules = &mariadb_rules,
     .url_variable = "OUTFALL_TEST_ODBC_MARIADB_URL",
     .tcp_variable = "OUTFALL_TEST_ODBC_MARIADB_TCP_URL",
     .native_variable = "OUTFALL_TEST_MYSQL_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_BLOCKS,
     .refused = OUTFALL_DRIVER_TWO_PHASE,
     .stored = all_kept,
     .bad_urls = odbc_mariadb_bad_urls,
     .exceptions = no_exceptions},
    {.suite = "odbc-sqlite",
     .driver = "odbc",
     .database = DATABASE_SQLITE,
     .rules = &sqlite_rules,
     .url_format = "odbc:DRIVER={SQLite3};Database=%s",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_BLOCKS,
     .refused = OUTFALL_DRIVER_TWO_PHASE,
     .stored = sqlite_stored,
     .bad_urls = odbc_bad_urls,
     .exceptions = no_exceptions},
    {.suite = "odbc-oracle",
     .driver = "odbc",
     .database = DATABASE_ORACLE,
     .rules = &oracle_rules,
     .url_variable = "OUTFALL_TEST_ODBC_ORACLE_URL",
     .tcp_variable = "OUTFALL_TEST_ODBC_ORACLE_TCP_URL",
     .native_variable = "OUTFALL_TEST_ODBC_ORACLE_NATIVE_URL",
     .capabilities = OUTFALL_DRIVER_SAVEPOINTS | OUTFALL_DRIVER_LEDGER | OUTFALL_DRIVER_BLOCKS |
                     OUTFALL_DRIVER_TWO_PHASE,
     .stored = oracle_stored,
     .bad_urls = odbc_bad_urls,
     .exceptions = oracle_exceptions},
};

const size_t all_quirks_count = sizeof all_quirks / sizeof all_quirks[0];
