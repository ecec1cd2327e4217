/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Why no library: six sequences of ECMA-48 that every terminal of the last forty years knows are all
 * that one moving line needs. */

#include "terminal.h"

#include <assert.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "fd-util.h"

#define ERASE_BELOW "\033[J" /* from the cursor to the end of the screen */
#define WIPE        "\r" ERASE_BELOW
#define NEXT_LINE   "\033[K\r\n" /* what is behind is erased first */
#define CURSOR_UP   "\033[%zuA"
#define NO_WRAP     "\033[?7l" /* what does not fit the line is lost (DECAWM) */
#define WRAP        "\033[?7h"

/* All the sequences around the lines of a painting, with some room. */
#define PAINT_OVERHEAD 64u

/* Where something is painted, for the signal handler; -1: nowhere. */
static volatile sig_atomic_t painted_fd = -1;

void terminal_init(Terminal *t, int fd) {
        const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

        assert(t);

        *t = (Terminal){.fd = fd, .is_tty = isatty(fd)};
        t->can_repaint = t->is_tty && term && *term && !streq(term, "dumb");
        t->has_colour = t->can_repaint && !(no_colour && *no_colour);
        t->has_utf8 = streq(nl_langinfo(CODESET), "UTF-8");
}

void terminal_get_size(const Terminal *t, size_t *ret_width, size_t *ret_height) {
        struct winsize size = {};

        assert(t);
        assert(ret_width);
        assert(ret_height);

        (void) ioctl(t->fd, TIOCGWINSZ, &size);
        *ret_width = size.ws_col == 0 ? TERMINAL_WIDTH_DEFAULT
                                      : MIN_OF((size_t) size.ws_col, TERMINAL_WIDTH_MAX);
        *ret_height = size.ws_row == 0 ? TERMINAL_HEIGHT_DEFAULT : (size_t) size.ws_row;
}

void terminal_paint(Terminal *t, char *const *lines, size_t n) {
        _cleanup_free_ char *painting = NULL;
        size_t size = PAINT_OVERHEAD;
        char *at;

        assert(t);
        assert(t->can_repaint);
        assert(lines);
        assert(n > 0);

        for (size_t i = 0; i < n; i++)
                size += strlen(lines[i]) + STRLEN(NEXT_LINE);
        painting = malloc(size);
        if (!painting)
                return;

        /* In one piece, and what is left of the last painting is erased after the new one, so that
         * nothing flickers. A terminal may be narrower already than it says: tmux tells a quarter of a
         * second later. */
        at = stpcpy(painting, "\r" NO_WRAP);
        for (size_t i = 0; i < n; i++)
                at = stpcpy(stpcpy(at, i > 0 ? NEXT_LINE : ""), lines[i]);
        at = stpcpy(at, ERASE_BELOW WRAP "\r");
        if (n > 1)
                at += sprintf(at, CURSOR_UP, n - 1);

        painted_fd = t->fd;
        (void) fd_write_all(t->fd, painting, (size_t) (at - painting));
}

const char *terminal_get_wipe(const Terminal *t) {
        assert(t);

        /* Standard output may be the same terminal as standard error. */
        if (painted_fd < 0 || !t->is_tty)
                return "";
        return WIPE;
}

void terminal_wipe_all(void) {
        static const char wipe[] = WIPE;

        if (painted_fd < 0)
                return;
        if (write(painted_fd, wipe, STRLEN(WIPE)) < 0)
                return; /* nobody looks at it any more */
        painted_fd = -1;
}

const char *terminal_get_style(const Terminal *t, TerminalStyle style) {
        static const char *const sequences[_TERMINAL_STYLE_MAX] = {
                [TERMINAL_STYLE_PLAIN] = "",
                [TERMINAL_STYLE_GOOD] = "\033[32m",
                [TERMINAL_STYLE_WARNING] = "\033[33m",
                [TERMINAL_STYLE_ERROR] = "\033[31m",
        };

        assert(t);

        return t->has_colour ? sequences[style] : "";
}

const char *terminal_get_style_end(const Terminal *t, TerminalStyle style) {
        assert(t);

        return t->has_colour && style != TERMINAL_STYLE_PLAIN ? "\033[0m" : "";
}
