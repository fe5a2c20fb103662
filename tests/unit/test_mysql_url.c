/* SPDX-License-Identifier: Apache-2.0 */
/* The MySQL driver's URLs: what they say, and that a bad one tells no password. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <outfall/error.h>

#include "mysql/url.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_equal(const char *left, const char *right)
{
    return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

static void a_url_is_taken_apart(void **state)
{
    static const struct {
        const char *url, *user, *password, *host, *database, *socket, *group;
        unsigned port;
    } cases[] = {
        {"mysql://u:p@h:3307/d", "u", "p", "h", "d", NULL, NULL, 3307},
        {"mysql://h", NULL, NULL, "h", NULL, NULL, NULL, 0},
        {"mysql://u@h/", "u", NULL, "h", NULL, NULL, NULL, 0},
        {"mysql://u:@h/d", "u", "", "h", "d", NULL, NULL, 0},
        {"mysql://:p@h/d", NULL, "p", "h", "d", NULL, NULL, 0},
        {"mysql:///d", NULL, NULL, NULL, "d", NULL, NULL, 0},
        {"mysql:", NULL, NULL, NULL, NULL, NULL, NULL, 0},
        {"mysql:?default-group=g", NULL, NULL, NULL, NULL, NULL, "g", 0},
        {"mysql://u@localhost/d?socket=%2Frun%2Fs", "u", NULL, "localhost", "d", "/run/s", NULL, 0},
        {"mysql://u@[::1]:3307/d", "u", NULL, "::1", "d", NULL, NULL, 3307},
        {"mysql://u@[fe80::1%251]/d", "u", NULL, "fe80::1%1", "d", NULL, NULL, 0},
        {"mysql://u:a%3Ab%2Fc%40d%25@h/d%2Fe", "u", "a:b/c@d%", "h", "d/e", NULL, NULL, 0},
        {"mysql://u:;'} \"{=&@h/d", "u", ";'} \"{=&", "h", "d", NULL, NULL, 0},
        {"mysql://u:a:b@h/d", "u", "a:b", "h", "d", NULL, NULL, 0},
        {"mysql://h/d?default-group=g&socket=s", NULL, NULL, "h", "d", "s", "g", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_my_url url;
        outfall_error error;
        if (drv_my_url_read(cases[i].url, &url, &error) != OUTFALL_OK)
            fail_msg("%s: %s", cases[i].url, error.message);
        if (!is_equal(url.user, cases[i].user) || !is_equal(url.password, cases[i].password) ||
            !is_equal(url.host, cases[i].host) || !is_equal(url.database, cases[i].database) ||
            !is_equal(url.socket, cases[i].socket) || url.port != cases[i].port ||
            !is_equal(url.default_group, cases[i].group))
            fail_msg("%s", cases[i].url);
        drv_my_url_free(&url);
    }
}

static void a_bad_url_is_refused_and_tells_no_password(void **state)
{
    static const struct {
        const char *url, *says;
    } cases[] = {
        {"mysql:u@h", "looks like"},
        {"mysql://u:canary@b@h/d", "%40"},
        {"mysql://u:canary/b@h/d", "%2F"},
        {"mysql://u:canary?x@h/d", "%3F"},
        {"mysql://u:x?canary@h/d", "%3F"},
        {"mysql://u:x?canary=1@h/d", "%3F"},
        {"mysql://u:x?y&canary@h/d", "%26"},
        {"mysql://u:can%ary@h/d", "%25"},
        {"mysql://u:can%00ary@h/d", "%XX"},
        {"mysql://u:x@h:canary/d", "port"},
        {"mysql://u:x@h:0/d", "port"},
        {"mysql://u:x@h:65536/d", "port"},
        {"mysql://u:x@h:/d", "port"},
        {"mysql://u:x@[::1/d", "brackets"},
        {"mysql://u:x@h/%zz", "database"},
        {"mysql://u:x@h/d?sockt=/s", "did you mean \"socket\""},
        {"mysql://u:x@h/d?password=canary", "no such parameter"},
        {"mysql://u:x@h/d?CANARY=1", "not known"},
        {"mysql://u:x@h/d?socket", "no value"},
        {"mysql://u:x@h/d?socket=", "no value"},
        {"mysql://u:x@h/d?socket=%2", "no value"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        drv_my_url url;
        outfall_error error;
        int status = drv_my_url_read(cases[i].url, &url, &error);
        drv_my_url_free(&url);
        if (status != OUTFALL_ERR_CONFIG)
            fail_msg("%s: status %d", cases[i].url, status);
        if (strstr(error.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].url, error.message);
        if (strstr(error.message, "canary") != NULL || strstr(error.message, "CANARY") != NULL)
            fail_msg("%s: it is told: %s", cases[i].url, error.message);
    }
}

static void a_host_is_local_or_not(void **state)
{
    static const struct {
        const char *host;
        bool local;
    } cases[] = {
        {"localhost", true},    {"LocalHost", true},
        {"127.0.0.1", true},    {"127.9.9.9", true},
        {"::1", true},          {"127.0.0.1.example.org", false},
        {"127.evil", false},    {"localhost.example.org", false},
        {"192.168.0.1", false}, {"db", false},
        {"::2", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (drv_my_url_is_local(cases[i].host) != cases[i].local)
            fail_msg("%s", cases[i].host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(a_bad_url_is_refused_and_tells_no_password),
        cmocka_unit_test(a_host_is_local_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
