/* SPDX-License-Identifier: Apache-2.0 */
/* The first packet of a server, as far as it tells whether TLS can be had. Pure. */
#ifndef DRV_MY_GREETING_H
#define DRV_MY_GREETING_H

#include <stddef.h>
#include <stdint.h>

/* No server's greeting is as long: what TLS needs is in its first hundred bytes. */
#define DRV_MY_GREETING_MAX 512

enum drv_my_greeting {
    DRV_MY_GREETING_PART,  /* More bytes have to come. */
    DRV_MY_GREETING_TLS,   /* TLS is offered. */
    DRV_MY_GREETING_PLAIN, /* It is not, or this is no greeting that could be read. */
    DRV_MY_GREETING_ERROR  /* The server turns us away, and says why. */
};

/* Reads the packet from its header on; `length` of at most DRV_MY_GREETING_MAX. */
enum drv_my_greeting drv_my_greeting_read(const uint8_t *packet, size_t length);

#endif
