/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "reader.h"
#include "xa.h"

#define XID "DBMS_XA_XID(20294, HEXTORAW(?), HEXTORAW(?))"
#define KILL "ALTER SYSTEM KILL SESSION '"
#define KILL_END "' IMMEDIATE"

static const struct {
    enum sti_statement_kind kind;
    const char *text;
} TEXTS[] = {
    {STI_XA_START, "BEGIN ? := DBMS_XA.XA_START(" XID ", DBMS_XA.TMNOFLAGS); "
                   "DBMS_SESSION.SET_IDENTIFIER(?); END;"},
    {STI_XA_END, "BEGIN ? := DBMS_XA.XA_END(" XID ", DBMS_XA.TMSUCCESS); END;"},
    {STI_XA_PREPARE, "BEGIN ? := DBMS_XA.XA_PREPARE(" XID "); DBMS_SESSION.CLEAR_IDENTIFIER; END;"},
    {STI_XA_COMMIT, "BEGIN ? := DBMS_XA.XA_COMMIT(" XID ", FALSE); END;"},
    {STI_XA_ROLLBACK,
     "BEGIN ? := DBMS_XA.XA_ROLLBACK(" XID "); DBMS_SESSION.CLEAR_IDENTIFIER; END;"},
    {STI_XA_LAST, "BEGIN ? := DBMS_XA.XA_GETLASTOER(); END;"},
    {STI_HOLDER, "SELECT sid || ',' || serial# || ',@' || inst_id FROM gv$session WHERE "
                 "client_identifier = ?"},
};

int sti_xa_is(const char *text)
{
    static const char *const starts[] = {"BEGIN ", "SELECT sid ", "ALTER SYSTEM "};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (strncmp(text, starts[i], strlen(starts[i])) == 0)
            return 1;
    return 0;
}

/* sid,serial,@instance */
static int read_kill(const char *text, struct sti_syntax *syntax, struct sti_failure *failure)
{
    int sid, serial, instance, length = -1;
    syntax->kind = STI_KILL;
    if (strncmp(text, KILL, strlen(KILL)) != 0)
        return sti_fail(failure, 2065, "%s", "");
    text += strlen(KILL);
    if (sscanf(text, "%d,%d,@%d%n", &sid, &serial, &instance, &length) != 3 || length < 0 ||
        strcmp(text + length, KILL_END) != 0)
        return sti_fail(failure, 26, "%s", "");
    snprintf(syntax->value.text, sizeof syntax->value.text, "%.*s", length, text);
    return 0;
}

int sti_xa_read(const char *text, struct sti_syntax *syntax, struct sti_failure *failure)
{
    static const struct sti_name none = {""};
    if (*text == 'A')
        return read_kill(text, syntax, failure);
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (strcmp(text, TEXTS[i].text) != 0)
            continue;
        syntax->kind = TEXTS[i].kind;
        for (const char *at = text; (at = strchr(at, '?')) != NULL; at++)
            sti_names_add(&syntax->parameters, &none);
        return 0;
    }
    return sti_fail(failure, *text == 'B' ? 6550 : 942, "%s", "1, column 7: PLS-00201");
}
