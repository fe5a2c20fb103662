/* SPDX-License-Identifier: Apache-2.0 */
#include "backend.h"

#include <dlfcn.h>
#include <glob.h>
#include <pthread.h>
#include <string.h>

/* Where distributions keep ODBC drivers. */
static const char *const PLACES[] = {
    "/usr/lib/*/odbc/psqlodbcw.so",
    "/usr/lib*/odbc/psqlodbcw.so",
    "/usr/lib*/psqlodbcw.so",
};

static struct sti_backend functions;
static int loaded;

static void *open_library(void)
{
    void *library = dlopen("psqlodbcw.so", RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; !library && i < sizeof PLACES / sizeof PLACES[0]; i++) {
        glob_t found;
        if (glob(PLACES[i], 0, NULL, &found) == 0)
            library = dlopen(found.gl_pathv[0], RTLD_NOW | RTLD_LOCAL);
        globfree(&found);
    }
    return library;
}

static void load(void)
{
    void *library = open_library();
    if (!library)
        return;
    loaded = 1;
#define LOAD(name)                                                                                 \
    do {                                                                                           \
        void *symbol = dlsym(library, #name);                                                      \
        memcpy(&functions.name, &symbol, sizeof symbol);                                           \
        loaded &= symbol != NULL;                                                                  \
    } while (0);
    STI_BACKEND_FUNCTIONS(LOAD)
#undef LOAD
}

const struct sti_backend *sti_backend(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded ? &functions : NULL;
}
