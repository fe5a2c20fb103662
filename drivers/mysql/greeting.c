/* SPDX-License-Identifier: Apache-2.0 */
/* https://mariadb.com/kb/en/connection/#initial-handshake-packet */
#include "mysql/greeting.h"

#include <string.h>

#define HEADER_BYTES 4
#define PROTOCOL 10
#define BEFORE_CAPABILITIES (4 + 8 + 1) /* Thread, first part of the challenge, a zero. */
#define CAPABILITY_TLS 0x0800

enum drv_my_greeting drv_my_greeting_read(const uint8_t *packet, size_t length)
{
    if (length < HEADER_BYTES)
        return DRV_MY_GREETING_PART;
    size_t payload = (size_t)packet[0] | (size_t)packet[1] << 8 | (size_t)packet[2] << 16;
    const uint8_t *at = packet + HEADER_BYTES;
    size_t left = length - HEADER_BYTES;
    if (left < payload && length < DRV_MY_GREETING_MAX)
        return DRV_MY_GREETING_PART;
    left = left < payload ? left : payload;
    if (left > 0 && at[0] == 0xFF)
        return DRV_MY_GREETING_ERROR;
    if (left == 0 || at[0] != PROTOCOL)
        return DRV_MY_GREETING_PLAIN;
    const uint8_t *end = memchr(at, '\0', left); /* Of the version, which follows at once. */
    if (end == NULL || left - (size_t)(end + 1 - at) < BEFORE_CAPABILITIES + 2)
        return DRV_MY_GREETING_PLAIN;
    const uint8_t *capabilities = end + 1 + BEFORE_CAPABILITIES;
    unsigned offered = capabilities[0] | (unsigned)capabilities[1] << 8;
    return (offered & CAPABILITY_TLS) != 0 ? DRV_MY_GREETING_TLS : DRV_MY_GREETING_PLAIN;
}
