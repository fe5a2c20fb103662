/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzzer once on the empty input and on each file of the directories given, for compilers
 * without libFuzzer.
 */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *directory, const char *name)
{
    static uint8_t data[1 << 20];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    return LLVMFuzzerTestOneInput(data, size) == 0 ? 0 : 1;
}

static int replay_directory(const char *path)
{
    int failures = 0;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.')
            failures += replay(path, entry->d_name);
    }
    closedir(directory);
    return failures;
}

int main(int argc, char **argv)
{
    static const uint8_t nothing[1] = {0};
    int failures = LLVMFuzzerTestOneInput(nothing, 0) == 0 ? 0 : 1;
    for (int i = 1; i < argc; i++)
        failures += replay_directory(argv[i]);
    return failures == 0 ? 0 : 1;
}
