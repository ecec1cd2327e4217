/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "progress.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "fd-util.h"
#include "json-lines.h"
#include "progress-line.h"
#include "terminal.h"
#include "text.h"

#define PREFIX "snagctl: "

/* Plain lines: images of ordinary size are through before the first of these is due. */
#define TRANSFER_LINE_EVERY_USEC (5 * USEC_PER_SEC)

/* The moving line: as often as an eye can follow while bytes flow, else as its clock wants it. */
#define PAINT_TRANSFER_USEC (100 * USEC_PER_MSEC)
#define PAINT_WAIT_USEC     (1 * USEC_PER_SEC)

/* More tasks than that have no line of their own. */
#define PROGRESS_LINES_MAX 64u

typedef enum Activity {
        ACTIVITY_NONE,
        ACTIVITY_WAIT,
        ACTIVITY_TRANSFER,
} Activity;

struct ProgressTask {
        Progress *progress; /* not owned; outlives it */
        ProgressTask *next;
        char label[PROGRESS_LINE_WHAT_MAX]; /* "": none */
        Activity activity;
        char what[PROGRESS_LINE_WHAT_MAX];
        uint64_t done, total;
        uint64_t begin_usec, now_usec;
        uint64_t next_line_usec; /* plain lines: when one is due */
};

struct Progress {
        Terminal out, err;
        ProgressLevel level;
        bool may_ask;
        bool is_json; /* results and events are for a program */
        int result_error;
        char *last_error; /* what progress_error() said last */

        ProgressTask *tasks;      /* in the order in which they are shown */
        uint64_t next_paint_usec; /* the moving lines: when they are due */
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

        assert(!p->tasks);

        terminal_wipe_all();
        free(p->last_error);
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

void progress_set_json(Progress *p, bool is_json) {
        assert(p);

        p->is_json = is_json;
}

bool progress_is_json(const Progress *p) {
        assert(p);

        return p->is_json;
}

/* --- tasks ------------------------------------------------------------------------------------ */

static bool is_moving(const Progress *p) {
        if (!p->err.can_repaint || p->level <= PROGRESS_LEVEL_QUIET)
                return false;
        for (const ProgressTask *t = p->tasks; t; t = t->next)
                if (t->activity != ACTIVITY_NONE)
                        return true;
        return false;
}

static char *format_task(const ProgressTask *t, size_t width) {
        char what[2 * PROGRESS_LINE_WHAT_MAX + 2], *line = malloc(PROGRESS_LINE_SIZE_MAX);

        if (!line)
                return NULL;
        (void) snprintf(what, sizeof(what), "%s%s%s", t->label, *t->label ? ": " : "", t->what);
        (void) progress_line_format(line,
                                    &(ProgressLine){
                                            .what = what,
                                            .has_amount = t->activity == ACTIVITY_TRANSFER,
                                            .done = t->done,
                                            .total = t->total,
                                            .elapsed_usec = t->now_usec - t->begin_usec,
                                    },
                                    width, t->progress->err.has_utf8);
        return line;
}

/* Paints a line for each task that goes on; of more than there is room for, the first ones. */
static void paint(Progress *p) {
        uint64_t now_usec = 0, every_usec = PAINT_WAIT_USEC;
        char *lines[PROGRESS_LINES_MAX];
        size_t width, height, n = 0;

        if (!is_moving(p))
                return;
        terminal_get_size(&p->err, &width, &height);
        height = MAX_OF(height, 2u) - 1; /* one stays free for what is said */
        for (const ProgressTask *t = p->tasks; t; t = t->next) {
                if (t->activity == ACTIVITY_NONE)
                        continue;
                now_usec = MAX_OF(now_usec, t->now_usec);
                if (t->activity == ACTIVITY_TRANSFER)
                        every_usec = PAINT_TRANSFER_USEC;
                if (n < MIN_OF(height, PROGRESS_LINES_MAX) && (lines[n] = format_task(t, width)))
                        n++;
        }
        if (n > 0)
                terminal_paint(&p->err, lines, n);
        while (n > 0)
                free(lines[--n]);
        p->next_paint_usec = now_usec + every_usec;
}

int progress_task_new(Progress *p, ProgressTask **ret) {
        ProgressTask *t, **at = &p->tasks;

        assert(p);
        assert(ret);

        t = calloc(1, sizeof(ProgressTask));
        if (!t)
                return -ENOMEM;
        t->progress = p;
        while (*at)
                at = &(*at)->next;
        *at = t;

        *ret = t;
        return 0;
}

static void unlink_task(ProgressTask *t) {
        ProgressTask **at = &t->progress->tasks;

        while (*at != t)
                at = &(*at)->next;
        *at = t->next;
        t->next = NULL;
}

ProgressTask *progress_task_free(ProgressTask *t) {
        if (!t)
                return NULL;

        progress_task_idle(t);
        unlink_task(t);
        free(t);
        return NULL;
}

/* Those without a label are shown last, so that a port's line has its place for as long as it is there. */
static bool is_before(const ProgressTask *a, const ProgressTask *b) {
        if (!*a->label || !*b->label)
                return *a->label && !*b->label;
        return strverscmp(a->label, b->label) < 0;
}

void progress_task_set_label(ProgressTask *t, const char *label) {
        ProgressTask **at;

        assert(t);
        assert(label);

        if (strncmp(t->label, label, sizeof(t->label) - 1) == 0)
                return;
        (void) snprintf(t->label, sizeof(t->label), "%s", label);
        unlink_task(t);
        at = &t->progress->tasks;
        while (*at && !is_before(t, *at))
                at = &(*at)->next;
        t->next = *at;
        *at = t;
}

static void begin(ProgressTask *t, Activity activity, const char *what, uint64_t now_usec) {
        t->activity = activity;
        (void) snprintf(t->what, sizeof(t->what), "%s", what);
        t->begin_usec = t->now_usec = now_usec;
        t->next_line_usec = now_usec + TRANSFER_LINE_EVERY_USEC;
        t->progress->next_paint_usec = now_usec;
}

void progress_task_wait(ProgressTask *t, const char *what, uint64_t now_usec) {
        assert(t);
        assert(what);

        begin(t, ACTIVITY_WAIT, what, now_usec);
        paint(t->progress);
}

void progress_task_transfer(ProgressTask *t, const char *what, uint64_t done, uint64_t total,
                            uint64_t now_usec) {
        assert(t);
        assert(what);

        if (t->activity != ACTIVITY_TRANSFER)
                begin(t, ACTIVITY_TRANSFER, what, now_usec);
        t->done = done;
        t->total = total;
        t->now_usec = now_usec;

        if (t->progress->err.can_repaint) {
                if (now_usec >= t->progress->next_paint_usec)
                        paint(t->progress);
                return;
        }
        if (now_usec < t->next_line_usec)
                return;
        t->next_line_usec = now_usec + TRANSFER_LINE_EVERY_USEC;
        progress_print(t->progress, PROGRESS_KIND_NOTE,
                       "%s%s%s: %" PRIu64 " of %" PRIu64 " bytes (%u %%)", t->label,
                       *t->label ? ": " : "", what, done, total,
                       total > 0 ? (unsigned) (done * 100 / total) : 100u);
}

void progress_task_idle(ProgressTask *t) {
        assert(t);

        if (t->activity == ACTIVITY_NONE)
                return;
        t->activity = ACTIVITY_NONE;
        terminal_wipe_all();
        paint(t->progress);
}

uint64_t progress_get_deadline(const Progress *p) {
        assert(p);

        return is_moving(p) ? p->next_paint_usec : USEC_INFINITY;
}

void progress_tick(Progress *p, uint64_t now_usec) {
        assert(p);

        if (!is_moving(p))
                return;
        for (ProgressTask *t = p->tasks; t; t = t->next)
                t->now_usec = MAX_OF(t->now_usec, now_usec);
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
        return fd_write_all(t->fd, line, (size_t) n);
}

/* Replaces *@text by one that can be shown. */
static int make_printable(char **text) {
        char *printable = text_printable(*text);

        if (!printable)
                return -ENOMEM;
        free(*text);
        *text = printable;
        return 0;
}

static void note_result_error(Progress *p, int r) {
        if (r < 0 && p->result_error == 0)
                p->result_error = r;
}

/* --- events ----------------------------------------------------------------------------------- */

void progress_event(Progress *p, const char *name, const EventField *fields) {
        assert(p);
        assert(name);
        assert(fields);

        if (p->is_json)
                note_result_error(p, json_lines_write(p->out.fd, name, fields));
}

void progress_end(Progress *p, const char *outcome, int exit_status) {
        assert(p);
        assert(outcome);

        progress_event(p, "result",
                       EVENT_FIELDS(EVENT_TEXT("outcome", outcome),
                                    EVENT_TEXT("error", exit_status != 0 ? p->last_error : NULL),
                                    EVENT_NUMBER("exit_status", (unsigned) exit_status)));
}

/* --- messages --------------------------------------------------------------------------------- */

static const struct {
        const char *label, *event_level;
        TerminalStyle style;
        ProgressLevel shown_from;
} kinds[_PROGRESS_KIND_MAX] = {
        [PROGRESS_KIND_DETAIL] = {PREFIX, "detail", TERMINAL_STYLE_PLAIN, PROGRESS_LEVEL_VERBOSE},
        [PROGRESS_KIND_NOTE] = {PREFIX, "note", TERMINAL_STYLE_PLAIN, PROGRESS_LEVEL_NORMAL},
        [PROGRESS_KIND_WARNING] = {PREFIX "warning: ", "warning", TERMINAL_STYLE_WARNING,
                                   PROGRESS_LEVEL_QUIET},
        [PROGRESS_KIND_ERROR] = {PREFIX, "error", TERMINAL_STYLE_ERROR, PROGRESS_LEVEL_QUIET},
        [PROGRESS_KIND_HINT] = {PREFIX, "hint", TERMINAL_STYLE_PLAIN, PROGRESS_LEVEL_QUIET},
};

const char *progress_kind_to_string(ProgressKind kind) {
        return kinds[kind].event_level;
}

/* That a message cannot be written is nothing that could be told to anybody: the work goes on. The
 * moving line comes again below it. */
static void write_message(Progress *p, ProgressKind kind, bool is_event, const char *format,
                          va_list args) _printf_(4, 0);

static void write_message(Progress *p, ProgressKind kind, bool is_event, const char *format,
                          va_list args) {
        _cleanup_free_ char *text = NULL;

        assert(p);

        if (p->level < kinds[kind].shown_from && !(p->is_json && kind != PROGRESS_KIND_DETAIL))
                return;
        if (vasprintf(&text, format, args) < 0) {
                text = NULL;
                return;
        }
        if (make_printable(&text) < 0)
                return;

        if (is_event)
                progress_event(p, "message",
                               EVENT_FIELDS(EVENT_TEXT("level", kinds[kind].event_level),
                                            EVENT_TEXT("text", text)));
        if (kind == PROGRESS_KIND_ERROR) {
                free(p->last_error);
                p->last_error = strdup(text);
        }
        if (p->level < kinds[kind].shown_from)
                return;
        (void) write_text(&p->err, kinds[kind].label, kinds[kind].style, &text);
        paint(p);
}

#define WRITE_MESSAGE(p, kind, is_event, format)                         \
        do {                                                             \
                va_list _args;                                           \
                                                                         \
                va_start(_args, format);                                 \
                write_message((p), (kind), (is_event), (format), _args); \
                va_end(_args);                                           \
        } while (false)

void progress_print(Progress *p, ProgressKind kind, const char *format, ...) {
        WRITE_MESSAGE(p, kind, false, format);
}

void progress_detail(Progress *p, const char *format, ...) {
        WRITE_MESSAGE(p, PROGRESS_KIND_DETAIL, true, format);
}

void progress_note(Progress *p, const char *format, ...) {
        WRITE_MESSAGE(p, PROGRESS_KIND_NOTE, true, format);
}

void progress_warning(Progress *p, const char *format, ...) {
        WRITE_MESSAGE(p, PROGRESS_KIND_WARNING, true, format);
}

void progress_error(Progress *p, const char *format, ...) {
        WRITE_MESSAGE(p, PROGRESS_KIND_ERROR, true, format);
}

void progress_hint(Progress *p, const char *format, ...) {
        WRITE_MESSAGE(p, PROGRESS_KIND_HINT, true, format);
}

/* --- results ---------------------------------------------------------------------------------- */

void progress_result(Progress *p, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list args;
        int r;

        assert(p);

        if (p->is_json)
                return;

        va_start(args, format);
        r = vasprintf(&text, format, args);
        va_end(args);
        if (r < 0) {
                text = NULL;
                note_result_error(p, -ENOMEM);
                return;
        }
        r = make_printable(&text);
        if (r == 0)
                r = write_text(&p->out, "", TERMINAL_STYLE_PLAIN, &text);
        note_result_error(p, r);
}

void progress_result_text(Progress *p, const char *text) {
        _cleanup_free_ char *ascii = NULL;

        assert(p);
        assert(text);

        if (p->is_json) {
                progress_event(p, "text", EVENT_FIELDS(EVENT_TEXT("text", text)));
                return;
        }
        if (p->out.is_tty && !p->out.has_utf8) {
                ascii = make_ascii(text);
                text = ascii ? ascii : text;
        }
        note_result_error(p, fd_write_all(p->out.fd, text, strlen(text)));
}

int progress_get_result_error(const Progress *p) {
        assert(p);

        return p->result_error;
}
