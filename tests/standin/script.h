/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripted errors: a test names, in the connection string, which statement fails with which error.
 *
 *   FAULT={merge:3:60;commit:1:3113:after}
 *
 * Each rule is KIND:NTH:CODE[:after]. KIND is a kind of statement (syntax.c has them), "connect",
 * "commit", "rollback", or "row" (one row of a parameter array); NTH is counted from 1, over all
 * connections of the process with the same script, and may be "*", every one; CODE is Oracle's
 * number. A call of XA may also be made to answer a code, with the number of the error behind it
 * (XA_GETLASTOER): xa_commit:1:=-3/1031. `after`: it was done all the same, and only the answer is
 * lost. Beside rules there may be log=FILE, which gets a line "KIND COUNT CODE" for each error that
 * was put in, and #REMARK.
 */
#ifndef STI_SCRIPT_H
#define STI_SCRIPT_H

struct sti_script;

struct sti_fault {
    int code;    /* 0: none. */
    int after;   /* It is done first. */
    int answers; /* The code is XA's answer, with `last` behind it, and no error. */
    int last;
};

/* The script of that text, shared; NULL where the text is not one. Lives as long as the process. */
struct sti_script *sti_script_of(const char *text);

/*
 * Counts one event. Returns 0, or the code of the rule that fits, with *after set. `script` may be
 * NULL. Any thread.
 */
int sti_script_count(struct sti_script *script, const char *kind, int *after);

/* The same with all that the rule says. */
struct sti_fault sti_script_take(struct sti_script *script, const char *kind);

#endif
