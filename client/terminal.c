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
#define NO_WRAP     "\033[?7l" /* what does not fit the line is lost (DECAWM) */
#define WRAP        "\033[?7h"

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

size_t terminal_get_width(const Terminal *t) {
        struct winsize size = {};

        assert(t);

        if (ioctl(t->fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return TERMINAL_WIDTH_DEFAULT;
        return MIN_OF((size_t) size.ws_col, TERMINAL_WIDTH_MAX);
}

void terminal_paint(Terminal *t, const char *line) {
        _cleanup_free_ char *painted = NULL;
        int n;

        assert(t);
        assert(t->can_repaint);
        assert(line);

        /* What is left of the last painting is erased after the new one, so that nothing flickers.
         * A terminal may be narrower already than it says: tmux tells a quarter of a second later. */
        n = asprintf(&painted, "\r" NO_WRAP "%s" ERASE_BELOW WRAP "\r", line);
        if (n < 0) {
                painted = NULL;
                return;
        }
        painted_fd = t->fd;
        (void) fd_write_all(t->fd, painted, (size_t) n);
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
