/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite driver's table of errors: each line can be taken, and the document has the same. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <outfall/error.h>

#include "document.h"
#include "sqlite/action.h"

static void the_document_has_the_same_table(void **state)
{
    static char want[65536];
    size_t used = 0;
    (void)state;
    for (size_t i = 0; i < lite_action_count; i++) {
        const lite_action *line = &lite_actions[i];
        const char *quote = line->name[0] != '\0' ? "`" : "";
        used += (size_t)snprintf(want + used, sizeof want - used, "| %s%s%s%s | %s | %s |\n", quote,
                                 line->name[0] != '\0' ? line->name : "others", quote,
                                 line->disk_full ? " with `ENOSPC` or `EDQUOT`" : "", line->meaning,
                                 document_actions[line->action]);
    }
    document_expect_table("docs/drivers/sqlite.md",
                          "| result code | meaning | action |\n|---|---|---|\n", want);
}

static void every_line_can_be_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < lite_action_count; i++) {
        const lite_action *line = &lite_actions[i];
        const int code = line->name[0] != '\0' ? line->code : SQLITE_ERROR;
        if (lite_action_of(code, line->disk_full ? EDQUOT : 0) != line)
            fail_msg("%s (%s) is never reached", line->name, line->meaning);
    }
}

/* Codes that have no line of their own. */
static void others_have_that_of_their_primary_code(void **state)
{
    static const struct {
        int code, system_error;
        const char *name;
        int action;
    } cases[] = {
        {SQLITE_BUSY_SNAPSHOT, 0, "SQLITE_BUSY", OUTFALL_ACTION_RETRY},
        {SQLITE_BUSY_RECOVERY, EAGAIN, "SQLITE_BUSY", OUTFALL_ACTION_RETRY},
        {SQLITE_ABORT_ROLLBACK, 0, "SQLITE_ABORT", OUTFALL_ACTION_RETRY},
        {SQLITE_CONSTRAINT_ROWID, 0, "SQLITE_CONSTRAINT", OUTFALL_ACTION_ROW},
        {SQLITE_CONSTRAINT_VTAB, 0, "SQLITE_CONSTRAINT", OUTFALL_ACTION_ROW},
        {SQLITE_IOERR_FSYNC, EIO, "SQLITE_IOERR", OUTFALL_ACTION_RETRY},
        {SQLITE_IOERR_NOMEM, ENOMEM, "SQLITE_IOERR_NOMEM", OUTFALL_ACTION_RETRY},
        {SQLITE_READONLY_DIRECTORY, 0, "SQLITE_READONLY", OUTFALL_ACTION_STOP},
        {SQLITE_CANTOPEN_ISDIR, 0, "SQLITE_CANTOPEN", OUTFALL_ACTION_STOP},
        {SQLITE_CORRUPT_INDEX, 0, "SQLITE_CORRUPT", OUTFALL_ACTION_STOP},
        {SQLITE_FULL, 0, "SQLITE_FULL", OUTFALL_ACTION_RETRY},
        {SQLITE_ERROR, ENOSPC, "", OUTFALL_ACTION_STOP},
        {SQLITE_MISUSE, 0, "", OUTFALL_ACTION_STOP},
        {99, 0, "", OUTFALL_ACTION_STOP},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const lite_action *got = lite_action_of(cases[i].code, cases[i].system_error);
        if (strcmp(got->name, cases[i].name) != 0 || got->action != cases[i].action)
            fail_msg("code %d: %s, action %d", cases[i].code, got->name, got->action);
    }
    assert_int_equal(lite_action_of(SQLITE_IOERR_SHMSIZE, ENOSPC)->disk_full, 1);
    assert_int_equal(lite_action_of(SQLITE_IOERR_SHMSIZE, EIO)->disk_full, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_the_same_table),
        cmocka_unit_test(every_line_can_be_taken),
        cmocka_unit_test(others_have_that_of_their_primary_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
