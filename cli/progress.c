/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LINE_EVERY_US = 200000, JSON_EVERY_US = 1000000 };

int64_t of_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool of_progress_start(of_progress *progress, const char *when)
{
    const char *terminal = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");

    memset(progress, 0, sizeof *progress);
    progress->started_us = of_now_us();
    if (strcmp(when, "json") == 0) {
        progress->mode = OF_PROGRESS_JSON;
        progress->next_us = progress->started_us + JSON_EVERY_US;
    } else if (strcmp(when, "auto") == 0) {
        if (isatty(STDERR_FILENO) && (terminal == NULL || strcmp(terminal, "dumb") != 0))
            progress->mode = OF_PROGRESS_LINE;
        progress->next_us = progress->started_us + LINE_EVERY_US;
        /* https://no-color.org: set and not empty. */
        progress->colour = no_colour == NULL || no_colour[0] == '\0';
    } else if (strcmp(when, "never") != 0) {
        return false;
    }
    return true;
}

bool of_progress_due(const of_progress *progress)
{
    return progress->mode != OF_PROGRESS_NEVER && of_now_us() >= progress->next_us;
}

static double rate(const of_progress *progress, const of_figures *figures, double *seconds)
{
    *seconds = (double)(of_now_us() - progress->started_us) / 1e6;
    return *seconds > 0 ? (double)figures->rows / *seconds : 0;
}

static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void draw(of_progress *progress, const of_figures *figures)
{
    char line[256], tail[64];
    double seconds;
    double rows_per_s = rate(progress, figures, &seconds);
    int width = terminal_columns() - 1;

    int length = snprintf(line, sizeof line, "%" PRIu64 " rows  %.0f rows/s  %.1f MB  queue %.0f%%",
                          figures->rows, rows_per_s, (double)figures->bytes / 1e6,
                          figures->queue_fill * 100);
    int tail_length = snprintf(tail, sizeof tail, "  rejected %" PRIu64, figures->rejected);
    bool red = progress->colour && figures->rejected > 0;
    length = length < width ? length : width;
    tail_length = tail_length < width - length ? tail_length : width - length;
    fprintf(stderr, "\r%.*s%s%.*s%s\033[K", length, line, red ? "\033[31m" : "", tail_length, tail,
            red ? "\033[0m" : "");
    fflush(stderr);
    progress->drawn = true;
}

void of_progress_show(of_progress *progress, const of_figures *figures)
{
    double seconds;

    if (progress->mode == OF_PROGRESS_LINE) {
        draw(progress, figures);
        progress->next_us = of_now_us() + LINE_EVERY_US;
    } else if (progress->mode == OF_PROGRESS_JSON) {
        double rows_per_s = rate(progress, figures, &seconds);
        fprintf(stderr,
                "{\"seconds\": %.3f, \"rows\": %" PRIu64
                ", \"rows_per_s\": %.0f, \"bytes\": %" PRIu64
                ", \"queue_fill\": %.3f, \"rejected\": %" PRIu64 "}\n",
                seconds, figures->rows, rows_per_s, figures->bytes, figures->queue_fill,
                figures->rejected);
        progress->next_us += JSON_EVERY_US;
    }
}

void of_progress_erase(of_progress *progress)
{
    if (!progress->drawn)
        return;
    fprintf(stderr, "\r\033[K");
    fflush(stderr);
    progress->drawn = false;
}
