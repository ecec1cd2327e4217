/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "progress.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "text.h"

#define PREFIX "snagctl: "

/* Plain lines: images of ordinary size are through before the first of these is due. */
#define TRANSFER_LINE_EVERY_USEC (5 * USEC_PER_SEC)

struct Progress {
        int out_fd; /* borrowed */
        int err_fd; /* borrowed */
        int result_error;

        bool in_transfer;
        uint64_t next_line_usec; /* of the transfer that is running */
};

int progress_new(int out_fd, int err_fd, Progress **ret) {
        Progress *p;

        assert(ret);

        p = calloc(1, sizeof(Progress));
        if (!p)
                return -ENOMEM;
        p->out_fd = out_fd;
        p->err_fd = err_fd;

        *ret = p;
        return 0;
}

Progress *progress_free(Progress *p) {
        free(p);
        return NULL;
}

/* Writes all of @line; a terminal or pipe may take it in parts. */
static int write_all(int fd, const char *line, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, line, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                line += n;
                size -= (size_t) n;
        }

        return 0;
}

static int write_line(int fd, const char *prefix, const char *format, va_list args) _printf_(3, 0);

static int write_line(int fd, const char *prefix, const char *format, va_list args) {
        _cleanup_free_ char *text = NULL, *printable = NULL, *line = NULL;
        int n;

        if (vasprintf(&text, format, args) < 0) {
                text = NULL;
                return -ENOMEM;
        }
        printable = text_printable(text);
        if (!printable)
                return -ENOMEM;
        n = asprintf(&line, "%s%s\n", prefix, printable);
        if (n < 0) {
                line = NULL;
                return -ENOMEM;
        }

        return write_all(fd, line, (size_t) n);
}

/* That a message cannot be written is nothing that could be told to anybody: the work goes on. */
#define WRITE_MESSAGE(p, prefix, format)                                   \
        do {                                                               \
                va_list _args;                                             \
                                                                           \
                va_start(_args, format);                                   \
                (void) write_line((p)->err_fd, (prefix), (format), _args); \
                va_end(_args);                                             \
        } while (false)

void progress_note(Progress *p, const char *format, ...) {
        assert(p);

        WRITE_MESSAGE(p, PREFIX, format);
}

void progress_warning(Progress *p, const char *format, ...) {
        assert(p);

        WRITE_MESSAGE(p, PREFIX "warning: ", format);
}

void progress_error(Progress *p, const char *format, ...) {
        assert(p);

        WRITE_MESSAGE(p, PREFIX, format);
}

void progress_transfer(Progress *p, const char *what, uint64_t done, uint64_t total,
                       uint64_t now_usec) {
        assert(p);
        assert(what);

        if (!p->in_transfer) {
                p->in_transfer = true;
                p->next_line_usec = now_usec + TRANSFER_LINE_EVERY_USEC;
        }
        if (now_usec < p->next_line_usec)
                return;

        p->next_line_usec = now_usec + TRANSFER_LINE_EVERY_USEC;
        progress_note(p, "%s: %" PRIu64 " of %" PRIu64 " bytes (%u %%)", what, done, total,
                      total > 0 ? (unsigned) (done * 100 / total) : 100u);
}

void progress_transfer_end(Progress *p) {
        assert(p);

        p->in_transfer = false;
}

void progress_result(Progress *p, const char *format, ...) {
        va_list args;
        int r;

        assert(p);

        va_start(args, format);
        r = write_line(p->out_fd, "", format, args);
        va_end(args);
        if (r < 0 && p->result_error == 0)
                p->result_error = r;
}

void progress_result_text(Progress *p, const char *text) {
        int r;

        assert(p);
        assert(text);

        r = write_all(p->out_fd, text, strlen(text));
        if (r < 0 && p->result_error == 0)
                p->result_error = r;
}

int progress_get_result_error(const Progress *p) {
        assert(p);

        return p->result_error;
}
