/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "progress.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "progress-line.h"
#include "terminal.h"
#include "text.h"

#define PREFIX "snagctl: "

/* Plain lines: images of ordinary size are through before the first of these is due. */
#define TRANSFER_LINE_EVERY_USEC (5 * USEC_PER_SEC)

/* The moving line: as often as an eye can follow while bytes flow, else as its clock wants it. */
#define PAINT_TRANSFER_USEC (100 * USEC_PER_MSEC)
#define PAINT_WAIT_USEC     (1 * USEC_PER_SEC)

typedef enum Activity {
        ACTIVITY_NONE,
        ACTIVITY_WAIT,
        ACTIVITY_TRANSFER,
} Activity;

struct Progress {
        Terminal out, err;
        ProgressLevel level;
        bool may_ask;
        int result_error;

        Activity activity;
        char what[PROGRESS_LINE_WHAT_MAX];
        uint64_t done, total;
        uint64_t begin_usec, now_usec;
        uint64_t next_line_usec;  /* plain lines: when one is due */
        uint64_t next_paint_usec; /* the moving line: so */
};

int progress_new(int out_fd, int err_fd, Progress **ret) {
        Progress *p;

        assert(ret);

        p = calloc(1, sizeof(Progress));
        if (!p)
                return -ENOMEM;
        terminal_init(&p->out, out_fd);
        terminal_init(&p->err, err_fd);
        p->level = PROGRESS_LEVEL_NORMAL;
        p->may_ask = true;

        *ret = p;
        return 0;
}

Progress *progress_free(Progress *p) {
        if (!p)
                return NULL;

        terminal_wipe_all();
        free(p);
        return NULL;
}

void progress_set_level(Progress *p, ProgressLevel level) {
        assert(p);

        p->level = level;
}

void progress_set_may_ask(Progress *p, bool may_ask) {
        assert(p);

        p->may_ask = may_ask;
}

bool progress_may_ask(const Progress *p) {
        assert(p);

        return p->may_ask;
}

/* --- the moving line -------------------------------------------------------------------------- */

static bool is_moving(const Progress *p) {
        return p->activity != ACTIVITY_NONE && p->err.can_repaint &&
               p->level > PROGRESS_LEVEL_QUIET;
}

static void paint(Progress *p) {
        char line[PROGRESS_LINE_SIZE_MAX];

        if (!is_moving(p))
                return;
        terminal_paint(&p->err,
                       progress_line_format(line,
                                            &(ProgressLine){
                                                    .what = p->what,
                                                    .has_amount = p->activity == ACTIVITY_TRANSFER,
                                                    .done = p->done,
                                                    .total = p->total,
                                                    .elapsed_usec = p->now_usec - p->begin_usec,
                                            },
                                            terminal_get_width(&p->err), p->err.has_utf8));
        p->next_paint_usec = p->now_usec + (p->activity == ACTIVITY_TRANSFER ? PAINT_TRANSFER_USEC
                                                                             : PAINT_WAIT_USEC);
}

static void begin(Progress *p, Activity activity, const char *what, uint64_t now_usec) {
        p->activity = activity;
        (void) snprintf(p->what, sizeof(p->what), "%s", what);
        p->begin_usec = p->now_usec = now_usec;
        p->next_line_usec = now_usec + TRANSFER_LINE_EVERY_USEC;
        p->next_paint_usec = now_usec;
}

void progress_wait(Progress *p, const char *what, uint64_t now_usec) {
        assert(p);
        assert(what);

        begin(p, ACTIVITY_WAIT, what, now_usec);
        paint(p);
}

void progress_transfer(Progress *p, const char *what, uint64_t done, uint64_t total,
                       uint64_t now_usec) {
        assert(p);
        assert(what);

        if (p->activity != ACTIVITY_TRANSFER)
                begin(p, ACTIVITY_TRANSFER, what, now_usec);
        p->done = done;
        p->total = total;
        p->now_usec = now_usec;

        if (p->err.can_repaint) {
                if (now_usec >= p->next_paint_usec)
                        paint(p);
                return;
        }
        if (now_usec < p->next_line_usec)
                return;
        p->next_line_usec = now_usec + TRANSFER_LINE_EVERY_USEC;
        progress_note(p, "%s: %" PRIu64 " of %" PRIu64 " bytes (%u %%)", what, done, total,
                      total > 0 ? (unsigned) (done * 100 / total) : 100u);
}

void progress_idle(Progress *p) {
        assert(p);

        p->activity = ACTIVITY_NONE;
        terminal_wipe_all();
}

uint64_t progress_get_deadline(const Progress *p) {
        assert(p);

        return is_moving(p) ? p->next_paint_usec : USEC_INFINITY;
}

void progress_tick(Progress *p, uint64_t now_usec) {
        assert(p);

        if (!is_moving(p))
                return;
        p->now_usec = MAX_OF(p->now_usec, now_usec);
        paint(p);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* A terminal whose locale is not UTF-8 would show our few characters beyond ASCII as garbage. */
static char *make_ascii(const char *text) {
        char *copy = malloc(strlen(text) + 1), *out = copy;

        if (!copy)
                return NULL;
        while (*text) {
                if ((uint8_t) *text < 0x80) {
                        *out++ = *text++;
                        continue;
                }
                if (strncmp(text, "…", STRLEN("…")) == 0) {
                        out = stpcpy(out, "...");
                        text += STRLEN("…");
                        continue;
                }
                *out++ = '?';
                do
                        text++;
                while (((uint8_t) *text & 0xC0) == 0x80);
        }
        *out = '\0';
        return copy;
}

/* Writes "@label@text\n" in @style; replaces *@text. */
static int write_text(Terminal *t, const char *label, TerminalStyle style, char **text) {
        _cleanup_free_ char *line = NULL;
        int n;

        if (t->is_tty && !t->has_utf8) {
                char *ascii = make_ascii(*text);

                if (!ascii)
                        return -ENOMEM;
                free(*text);
                *text = ascii;
        }

        n = asprintf(&line, "%s%s%s%s%s\n", terminal_get_wipe(t), label,
                     terminal_get_style(t, style), *text, terminal_get_style_end(t, style));
        if (n < 0) {
                line = NULL;
                return -ENOMEM;
        }
        return terminal_write(t, line, (size_t) n);
}

static int write_line(Terminal *t, const char *label, TerminalStyle style, const char *format,
                      va_list args) _printf_(4, 0);

static int write_line(Terminal *t, const char *label, TerminalStyle style, const char *format,
                      va_list args) {
        _cleanup_free_ char *text = NULL, *printable = NULL;

        if (vasprintf(&text, format, args) < 0) {
                text = NULL;
                return -ENOMEM;
        }
        printable = text_printable(text);
        if (!printable)
                return -ENOMEM;
        return write_text(t, label, style, &printable);
}

/* That a message cannot be written is nothing that could be told to anybody: the work goes on. The
 * moving line comes again below it. */
#define WRITE_MESSAGE(p, label, style, format)                                        \
        do {                                                                          \
                va_list _args;                                                        \
                                                                                      \
                va_start(_args, format);                                              \
                (void) write_line(&(p)->err, PREFIX label, (style), (format), _args); \
                va_end(_args);                                                        \
                paint(p);                                                             \
        } while (false)

void progress_detail(Progress *p, const char *format, ...) {
        assert(p);

        if (p->level >= PROGRESS_LEVEL_VERBOSE)
                WRITE_MESSAGE(p, "", TERMINAL_STYLE_PLAIN, format);
}

void progress_note(Progress *p, const char *format, ...) {
        assert(p);

        if (p->level >= PROGRESS_LEVEL_NORMAL)
                WRITE_MESSAGE(p, "", TERMINAL_STYLE_PLAIN, format);
}

void progress_warning(Progress *p, const char *format, ...) {
        assert(p);

        WRITE_MESSAGE(p, "warning: ", TERMINAL_STYLE_WARNING, format);
}

void progress_error(Progress *p, const char *format, ...) {
        assert(p);

        WRITE_MESSAGE(p, "", TERMINAL_STYLE_ERROR, format);
}

void progress_hint(Progress *p, const char *format, ...) {
        assert(p);

        WRITE_MESSAGE(p, "", TERMINAL_STYLE_PLAIN, format);
}

void progress_result(Progress *p, const char *format, ...) {
        va_list args;
        int r;

        assert(p);

        va_start(args, format);
        r = write_line(&p->out, "", TERMINAL_STYLE_PLAIN, format, args);
        va_end(args);
        if (r < 0 && p->result_error == 0)
                p->result_error = r;
}

void progress_result_text(Progress *p, const char *text) {
        _cleanup_free_ char *ascii = NULL;
        int r;

        assert(p);
        assert(text);

        if (p->out.is_tty && !p->out.has_utf8) {
                ascii = make_ascii(text);
                text = ascii ? ascii : text;
        }
        r = terminal_write(&p->out, text, strlen(text));
        if (r < 0 && p->result_error == 0)
                p->result_error = r;
}

int progress_get_result_error(const Progress *p) {
        assert(p);

        return p->result_error;
}
