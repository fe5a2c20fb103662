/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: X/Open CAE Specification, Distributed Transaction Processing: The XA Specification
 * (1991), chapter 5; Oracle Database PL/SQL Packages and Types Reference 19c, "DBMS_XA".
 */
#include "odbc/xa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    START = 1 << DRV_ODBC_XA_START,
    END = 1 << DRV_ODBC_XA_END,
    PREPARE = 1 << DRV_ODBC_XA_PREPARE,
    COMMIT = 1 << DRV_ODBC_XA_COMMIT,
    ROLLBACK = 1 << DRV_ODBC_XA_ROLLBACK,
    BEFORE = START | END,
    ENDS = COMMIT | ROLLBACK,
    ALL = BEFORE | PREPARE | ENDS
};

typedef struct rule {
    int calls;
    int32_t from, to;
    drv_odbc_xa_meaning meaning;
} rule;

#define OK                                                                                         \
    {                                                                                              \
        OUTFALL_OK, OUTFALL_ACTION_NONE, NULL                                                      \
    }
#define MEANS(status, action, text)                                                                \
    {                                                                                              \
        OUTFALL_ERR_##status, OUTFALL_ACTION_##action, text                                        \
    }
#define UNDONE "the database has rolled it back"
#define LOOK "; compare its rows and outfall_ledger, mend them, then DBMS_XA.XA_FORGET"

/* The first that fits counts. The last ones leave nothing out. */
static const rule rules[] = {
    {ALL, 0, 0, OK},
    {END, 9, 9, OK}, /* XA_NOMIGRATE: of what is suspended, which nothing here is. */
    {ROLLBACK, 100, 107, OK},
    {PREPARE, 3, 3,
     MEANS(DATABASE, STOP,
           "nothing was written, not even the ledger's line: look what outfall_ledger leads to")},
    {PREPARE, 103, 103,
     MEANS(DATABASE, STOP,
           UNDONE "; a deferred constraint or trigger tells no row: make it immediate")},
    {BEFORE | PREPARE, 100, 107, MEANS(DATABASE, RETRY, UNDONE)},
    {COMMIT, 100, 107, MEANS(NOT_FOUND, RESOLVE, UNDONE)},
    {ENDS, 4, 4, MEANS(DATABASE, RETRY, "the database cannot end it now")},
    {ENDS, 5, 5, MEANS(UNKNOWN, STOP, "a part was committed by force, another rolled back" LOOK)},
    {ENDS, 6, 6, MEANS(UNKNOWN, STOP, "it was rolled back by force" LOOK)},
    {ENDS, 7, 7, MEANS(UNKNOWN, STOP, "it was committed by force" LOOK)},
    {ENDS, 8, 8, MEANS(UNKNOWN, STOP, "it may have been ended by force" LOOK)},
    {START, -8, -8, MEANS(DATABASE, RETRY, "a transaction of that name is there: end that first")},
    {START | ENDS, -9, -9, MEANS(DATABASE, RETRY, "the session has a transaction of its own")},
    {END | PREPARE, -4, -4, MEANS(DATABASE, RETRY, UNDONE)},
    {ENDS, -4, -4, MEANS(NOT_FOUND, RESOLVE, "no transaction of that name is prepared here")},
    {ENDS, -6, -6, MEANS(NOT_FOUND, RESOLVE, "a session still is in the transaction")},
    {ENDS, -5, -5, MEANS(INVALID, STOP, "the database takes no such name")},
    {BEFORE, -7, -7, MEANS(IO, RETRY, "the database is not there")},
    {PREPARE, -6, -5, MEANS(DATABASE, STOP, "the database does not take part in XA this way")},
    {PREPARE | ENDS, INT32_MIN, INT32_MAX,
     MEANS(UNKNOWN, RESOLVE, "what became of it is not known")},
    {ALL, INT32_MIN, INT32_MAX, MEANS(DATABASE, STOP, "the database has not begun it")},
};

drv_odbc_xa_meaning drv_odbc_xa_judge(enum drv_odbc_xa_call call, int32_t code)
{
    size_t i = 0;
    while ((rules[i].calls & (1 << call)) == 0 || code < rules[i].from || code > rules[i].to)
        i++;
    return rules[i].meaning;
}

const char *drv_odbc_xa_name(int32_t code)
{
    static const struct {
        int32_t code;
        const char *name;
    } names[] = {
        {0, "XA_OK"},           {3, "XA_RDONLY"},
        {4, "XA_RETRY"},        {5, "XA_HEURMIX"},
        {6, "XA_HEURRB"},       {7, "XA_HEURCOM"},
        {8, "XA_HEURHAZ"},      {9, "XA_NOMIGRATE"},
        {100, "XA_RBROLLBACK"}, {101, "XA_RBCOMMFAIL"},
        {102, "XA_RBDEADLOCK"}, {103, "XA_RBINTEGRITY"},
        {104, "XA_RBOTHER"},    {105, "XA_RBPROTO"},
        {106, "XA_RBTIMEOUT"},  {107, "XA_RBTRANSIENT"},
        {-2, "XAER_ASYNC"},     {-3, "XAER_RMERR"},
        {-4, "XAER_NOTA"},      {-5, "XAER_INVAL"},
        {-6, "XAER_PROTO"},     {-7, "XAER_RMFAIL"},
        {-8, "XAER_DUPID"},     {-9, "XAER_OUTSIDE"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code)
            return names[i].name;
    return "an unknown code";
}

/* ---- Names ------------------------------------------------------------------------ */

static bool is_plain(const char *text, size_t capacity)
{
    static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.";
    const char *end = memchr(text, '\0', capacity);
    return end != NULL && end != text && strspn(text, plain) == (size_t)(end - text);
}

bool drv_odbc_xid_is_valid(const outfall_xid *xid)
{
    return is_plain(xid->gtrid, sizeof xid->gtrid) && is_plain(xid->bqual, sizeof xid->bqual);
}

bool drv_odbc_xid_is_same(const outfall_xid *one, const outfall_xid *other)
{
    return strcmp(one->gtrid, other->gtrid) == 0 && strcmp(one->bqual, other->bqual) == 0;
}

void drv_odbc_xid_join(const outfall_xid *xid, char out[DRV_ODBC_XA_NAME_MAX])
{
    snprintf(out, DRV_ODBC_XA_NAME_MAX, "%s.%s", xid->gtrid, xid->bqual);
}

void drv_odbc_xa_hex(const char *part, char out[DRV_ODBC_XA_HEX_MAX])
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *part != '\0'; part++) {
        *out++ = digits[(unsigned char)*part >> 4];
        *out++ = digits[(unsigned char)*part & 15];
    }
    *out = '\0';
}

static int digit_of(char text)
{
    if (text >= '0' && text <= '9')
        return text - '0';
    if (text >= 'A' && text <= 'F')
        return text - 'A' + 10;
    return text >= 'a' && text <= 'f' ? text - 'a' + 10 : -1;
}

static bool read_hex(const char *hex, char *out, size_t capacity)
{
    size_t length = hex != NULL ? strlen(hex) : 1;
    if (length % 2 != 0 || length / 2 >= capacity)
        return false;
    for (size_t i = 0; i < length / 2; i++) {
        int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
        if (high < 0 || low < 0 || high + low == 0)
            return false;
        out[i] = (char)(high * 16 + low);
    }
    return true; /* What is behind it are NULs. */
}

bool drv_odbc_xid_take(outfall_xid *out, const char *prefix, const char *format, const char *gtrid,
                       const char *bqual)
{
    outfall_xid xid = {{0}, {0}};
    char *end = NULL;
    if (format == NULL || strtol(format, &end, 10) != DRV_ODBC_XA_FORMAT || *end != '\0' ||
        !read_hex(gtrid, xid.gtrid, sizeof xid.gtrid) ||
        !read_hex(bqual, xid.bqual, sizeof xid.bqual) || !drv_odbc_xid_is_valid(&xid) ||
        strncmp(xid.gtrid, prefix, strlen(prefix)) != 0)
        return false;
    *out = xid;
    return true;
}
