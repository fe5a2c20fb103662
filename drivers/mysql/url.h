/* SPDX-License-Identifier: Apache-2.0 */
/* A URL taken apart. Pure. */
#ifndef DRV_MY_URL_H
#define DRV_MY_URL_H

#include <stdbool.h>

#include <outfall/error.h>

typedef struct drv_my_url {
    char *memory; /* Holds all the strings. */
    /* NULL: not in the URL, so that the client library and my.cnf have the say. */
    const char *user;
    const char *password;
    const char *host; /* IPv6 without its brackets. */
    const char *database;
    unsigned port; /* 0: not in the URL. */
    const char *socket;
    const char *default_group;
    const char *default_file;
    const char *ssl_ca;
    const char *ssl_capath;
    const char *ssl_cert;
    const char *ssl_key;
} drv_my_url;

/*
 * Reads mysql://user:password@host:port/database?parameters, or mysql:?parameters. Free it whatever
 * is returned. OUTFALL_ERR_CONFIG: no message quotes what may be a piece of a password.
 */
int drv_my_url_read(const char *text, drv_my_url *out, outfall_error *error);
void drv_my_url_free(drv_my_url *url);

/* A host that is this machine: "localhost", 127.*, ::1. */
bool drv_my_url_is_local(const char *host);

#endif
