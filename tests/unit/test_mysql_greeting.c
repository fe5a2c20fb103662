/* SPDX-License-Identifier: Apache-2.0 */
/* The MySQL driver's look at a server's greeting: is TLS offered? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mysql/greeting.h"

#define VERSION "5.5.5-10.11.6-MariaDB"
#define THREAD "\1\0\0\0"
#define CHALLENGE "abcdefgh\0"
#define TLS_OFFERED "\xFE\xFF"
#define NO_TLS "\xFE\xF7"
#define REST "\x2D\2\0\xFF\x81\x15"

#define BYTES(text) (text), sizeof(text) - 1

static size_t make(uint8_t *packet, const char *payload, size_t length)
{
    packet[0] = (uint8_t)length;
    packet[1] = (uint8_t)(length >> 8);
    packet[2] = packet[3] = 0;
    memcpy(packet + 4, payload, length);
    return length + 4;
}

static void a_greeting_tells_whether_tls_is_offered(void **state)
{
    static const struct {
        const char *why, *payload;
        size_t length;
        enum drv_my_greeting want;
    } cases[] = {
        {"offered", BYTES("\x0A" VERSION "\0" THREAD CHALLENGE TLS_OFFERED REST),
         DRV_MY_GREETING_TLS},
        {"not offered", BYTES("\x0A" VERSION "\0" THREAD CHALLENGE NO_TLS REST),
         DRV_MY_GREETING_PLAIN},
        {"no version", BYTES("\x0A\0" THREAD CHALLENGE TLS_OFFERED), DRV_MY_GREETING_TLS},
        {"an error", BYTES("\xFF\x10\x04Too many connections"), DRV_MY_GREETING_ERROR},
        {"an older protocol", BYTES("\x09" VERSION "\0" THREAD CHALLENGE TLS_OFFERED REST),
         DRV_MY_GREETING_PLAIN},
        {"nothing", BYTES(""), DRV_MY_GREETING_PLAIN},
        {"a version that does not end", BYTES("\x0A" VERSION), DRV_MY_GREETING_PLAIN},
        {"one byte of the capabilities", BYTES("\x0A" VERSION "\0" THREAD CHALLENGE "\xFF"),
         DRV_MY_GREETING_PLAIN},
    };
    uint8_t packet[DRV_MY_GREETING_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = make(packet, cases[i].payload, cases[i].length);
        enum drv_my_greeting found = drv_my_greeting_read(packet, length);
        if (found != cases[i].want)
            fail_msg("%s: %d", cases[i].why, found);
        for (size_t part = 0; part < length; part++)
            assert_int_equal(drv_my_greeting_read(packet, part), DRV_MY_GREETING_PART);
    }
}

static void what_follows_the_greeting_is_no_part_of_it(void **state)
{
    static const char behind[] = THREAD CHALLENGE TLS_OFFERED REST;
    uint8_t packet[DRV_MY_GREETING_MAX];
    size_t length = make(packet, BYTES("\x0A" VERSION "\0"));
    (void)state;
    memcpy(packet + length, behind, sizeof behind);
    assert_int_equal(drv_my_greeting_read(packet, length + sizeof behind), DRV_MY_GREETING_PLAIN);
}

static void a_greeting_without_end_is_none(void **state)
{
    uint8_t packet[DRV_MY_GREETING_MAX];
    (void)state;
    memset(packet, 0xFF, sizeof packet);
    packet[4] = 0x0A;
    assert_int_equal(drv_my_greeting_read(packet, sizeof packet - 1), DRV_MY_GREETING_PART);
    assert_int_equal(drv_my_greeting_read(packet, sizeof packet), DRV_MY_GREETING_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_tells_whether_tls_is_offered),
        cmocka_unit_test(what_follows_the_greeting_is_no_part_of_it),
        cmocka_unit_test(a_greeting_without_end_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
