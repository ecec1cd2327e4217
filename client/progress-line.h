/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The line that moves while a board is recovered, laid out for a terminal of any width. Pure. */

#include "macro.h"

#define PROGRESS_LINE_WHAT_MAX 64u

/* Bytes: a column may be a character of three. */
#define PROGRESS_LINE_SIZE_MAX 2048u

typedef struct ProgressLine {
        const char *what;     /* printable; narrower than PROGRESS_LINE_WHAT_MAX */
        bool has_amount;      /* a transfer; else only the time is told */
        uint64_t done, total; /* bytes */
        uint64_t elapsed_usec;
} ProgressLine;

/* Writes the line for a terminal of @width columns into @buffer and returns it: at least one column stays
 * free, so that no terminal goes on to the next line. What does not fit is left out, the least important
 * first: the bar, the rate, the time, how much of how much; what is going on is cut last. Its parts do not move
 * while the numbers grow. */
const char *progress_line_format(char buffer[static PROGRESS_LINE_SIZE_MAX],
                                 const ProgressLine *line, size_t width, bool has_utf8);
