/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/registry.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/fork.h"
#include "driver/loader.h"

#define PLACES_MAX 64

/* Made by the build: the entries of drivers that are compiled in, ended by NULL. */
extern const outfall_driver_entry_function of_builtin_drivers[];

typedef struct of_driver_loaded {
    struct of_driver_loaded *next;
    of_driver_place place;
    outfall_driver table;
} of_driver_loaded;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static of_driver_loaded *loaded; /* Grows only: connections hold on to the tables. */

__attribute__((constructor)) static void protect_loaded(void)
{
    of_fork_protect(&mutex);
}

/* The directory of modules beside this library, wherever that was installed. */
static bool own_directory(char *out, size_t capacity)
{
    Dl_info info;
    char real[4096];
    if (dladdr((const void *)of_builtin_drivers, &info) == 0 || info.dli_fname == NULL ||
        realpath(info.dli_fname, real) == NULL)
        return false;
    char *slash = strrchr(real, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return (size_t)snprintf(out, capacity, "%s/outfall", real) < capacity;
}

static size_t add_place(of_driver_place *places, size_t count, const char *name, size_t length,
                        const char *path)
{
    of_driver_place place = {{0}, {0}};
    if (count == PLACES_MAX || length == 0 || length >= sizeof place.name ||
        strlen(path) >= sizeof place.path)
        return count;
    memcpy(place.name, name, length);
    memcpy(place.path, path, strlen(path));
    size_t at = 0;
    while (at < count && strcmp(places[at].name, place.name) < 0)
        at++;
    if (at < count && strcmp(places[at].name, place.name) == 0)
        return count; /* Found earlier: that place has precedence. */
    memmove(&places[at + 1], &places[at], (count - at) * sizeof *places);
    places[at] = place;
    return count + 1;
}

static size_t add_directory(of_driver_place *places, size_t count, const char *directory)
{
    DIR *handle = opendir(directory);
    struct dirent *file;
    if (handle == NULL)
        return count;
    while ((file = readdir(handle)) != NULL) {
        char path[4096];
        size_t length = strlen(file->d_name);
        if (length < 4 || strcmp(file->d_name + length - 3, ".so") != 0)
            continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, file->d_name) < sizeof path)
            count = add_place(places, count, file->d_name, length - 3, path);
    }
    closedir(handle);
    return count;
}

static size_t find_places(const char *extra_path, of_driver_place *places)
{
    char directory[4096];
    size_t count = 0;
    if (extra_path != NULL && extra_path[0] != '\0')
        count = add_directory(places, count, extra_path);
    for (const outfall_driver_entry_function *entry = of_builtin_drivers; *entry != NULL; entry++)
        count = add_place(places, count, (*entry)()->name, strlen((*entry)()->name), "");
    if (own_directory(directory, sizeof directory))
        count = add_directory(places, count, directory);
    return count;
}

bool of_driver_place_at(size_t index, const char *extra_path, of_driver_place *out)
{
    of_driver_place *places = of_calloc(PLACES_MAX + 1, sizeof *places);
    bool found = false;
    if (places != NULL && index < find_places(extra_path, places)) {
        *out = places[index];
        found = true;
    }
    of_free(places);
    return found;
}

static int load_place(const of_driver_place *place, outfall_driver *out, outfall_error *error)
{
    if (place->path[0] != '\0')
        return of_driver_load(place->path, out, error);
    for (const outfall_driver_entry_function *entry = of_builtin_drivers; *entry != NULL; entry++)
        if (strcmp((*entry)()->name, place->name) == 0)
            return of_driver_check((*entry)(), place->name, out, error);
    return of_fail(error, OUTFALL_ERR_NOT_FOUND, "no built-in driver %s", place->name);
}

/* The driver of that place, loaded at most once. Called with the mutex held. */
static int load_once(const of_driver_place *place, const outfall_driver **out, outfall_error *error)
{
    for (of_driver_loaded *one = loaded; one != NULL; one = one->next) {
        if (strcmp(one->place.name, place->name) == 0 &&
            strcmp(one->place.path, place->path) == 0) {
            *out = &one->table;
            return OUTFALL_OK;
        }
    }
    of_driver_loaded *fresh = of_calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return of_fail_nomem(error);
    int status = load_place(place, &fresh->table, error);
    if (status != OUTFALL_OK) {
        of_free(fresh);
        return status;
    }
    fresh->place = *place;
    fresh->next = loaded;
    loaded = fresh;
    *out = &fresh->table;
    return OUTFALL_OK;
}

static int fail_unknown(const char *name, const of_driver_place *places, size_t count,
                        outfall_error *error)
{
    char list[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < count && length + 40 < sizeof list; i++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i == 0 ? "" : ", ",
                                   places[i].name);
    return of_fail(error, OUTFALL_ERR_NOT_FOUND,
                   "no driver for %s: — installed drivers: %s; set driver.path where the module "
                   "is elsewhere",
                   name, count == 0 ? "none" : list);
}

int of_driver_find(const char *name, const char *extra_path, const outfall_driver **out,
                   outfall_error *error)
{
    int status;
    size_t at = 0;
    *out = NULL;
    if (extra_path != NULL && extra_path[0] != '\0' && extra_path[0] != '/')
        return of_fail(error, OUTFALL_ERR_CONFIG,
                       "driver.path \"%s\" is not absolute: give the directory from / on",
                       extra_path);
    of_driver_place *places = of_calloc(PLACES_MAX + 1, sizeof *places);
    if (places == NULL)
        return of_fail_nomem(error);
    size_t count = find_places(extra_path, places);
    while (at < count && strcmp(places[at].name, name) != 0)
        at++;
    if (at == count) {
        status = fail_unknown(name, places, count, error);
    } else {
        pthread_mutex_lock(&mutex);
        status = load_once(&places[at], out, error);
        pthread_mutex_unlock(&mutex);
    }
    of_free(places);
    return status;
}
