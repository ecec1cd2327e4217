/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The few things that a terminal is asked and told: how wide it is, lines that can be painted over, and
 * colours. All control sequences of the program are here; what is not a terminal gets none. Does not
 * block but on the terminal. Does not log. */

#include "macro.h"

#define TERMINAL_WIDTH_DEFAULT  80u
#define TERMINAL_WIDTH_MAX      512u
#define TERMINAL_HEIGHT_DEFAULT 24u

typedef enum TerminalStyle {
        TERMINAL_STYLE_PLAIN,
        TERMINAL_STYLE_GOOD,
        TERMINAL_STYLE_WARNING,
        TERMINAL_STYLE_ERROR,
        _TERMINAL_STYLE_MAX,
} TerminalStyle;

typedef struct Terminal {
        int fd;           /* borrowed */
        bool is_tty;      /* somebody looks at it */
        bool can_repaint; /* a line can be painted over: a terminal, and not TERM=dumb */
        bool has_colour;  /* so, and NO_COLOR is not set (https://no-color.org) */
        bool has_utf8;    /* by the locale; setlocale() was called */
} Terminal;

void terminal_init(Terminal *t, int fd);

/* How many columns and lines it has now: to be asked anew before every painting. */
void terminal_get_size(const Terminal *t, size_t *ret_width, size_t *ret_height);

/* Paints @n lines, fewer than the terminal has and each narrower than it, over what was painted last. The cursor
 * stays at the beginning of the first: when the terminal is resized and breaks the line anew, everything of it lies behind the cursor,
 * and the next painting replaces all of it. */
void terminal_paint(Terminal *t, char *const *lines, size_t n);

/* What is to be written before a whole line if something may be painted: "" if nothing is. */
const char *terminal_get_wipe(const Terminal *t);

/* Removes what was painted. Safe in a signal handler. */
void terminal_wipe_all(void);

/* The sequences that begin a style and end it; "" without colours. */
const char *terminal_get_style(const Terminal *t, TerminalStyle style);
const char *terminal_get_style_end(const Terminal *t, TerminalStyle style);
