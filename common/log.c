/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#define LINE_LEN_MAX 2048

static LogTarget current_target = LOG_TARGET_CONSOLE;
static int current_max_level = LOG_INFO;

static const char *const log_target_table[_LOG_TARGET_MAX] = {
        [LOG_TARGET_JOURNAL] = "journal",
        [LOG_TARGET_CONSOLE] = "console",
        [LOG_TARGET_NULL] = "null",
};
DEFINE_STRING_TABLE(log_target, LogTarget);

static const char *const log_level_table[] = {
        [LOG_EMERG] = "emerg", [LOG_ALERT] = "alert",     [LOG_CRIT] = "crit",
        [LOG_ERR] = "err",     [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};
DEFINE_STRING_TABLE(log_level, int);

void log_set_target(LogTarget target) {
        current_target = target;
}

LogTarget log_get_target(void) {
        return current_target;
}

void log_set_max_level(int level) {
        current_max_level = level;
}

int log_get_max_level(void) {
        return current_max_level;
}

/* Appends "@name=@value" to the fields of a journal entry; the text lives in @buffer. */
static void add_field(struct iovec *iov, size_t *n, char *buffer, size_t size, const char *name,
                      const char *value) {
        int len = snprintf(buffer, size, "%s=%s", name, value);

        if (len < 0)
                return;
        iov[(*n)++] = (struct iovec){buffer, MIN_OF((size_t) len, size - 1)};
}

static void write_journal(int level, const LogContext *context, const char *line) {
        char message[LINE_LEN_MAX + STRLEN("MESSAGE=")];
        char priority[16], number[16], id[64], session[64], port[320], interface[64], error[32];
        struct iovec iov[7];
        size_t n = 0;

        snprintf(number, sizeof(number), "%d", level);
        add_field(iov, &n, message, sizeof(message), "MESSAGE", line);
        add_field(iov, &n, priority, sizeof(priority), "PRIORITY", number);
        if (context->message_id)
                add_field(iov, &n, id, sizeof(id), "MESSAGE_ID", context->message_id);
        if (context->session)
                add_field(iov, &n, session, sizeof(session), "SNAGD_SESSION", context->session);
        if (context->port)
                add_field(iov, &n, port, sizeof(port), "SNAGD_PORT", context->port);
        if (context->interface)
                add_field(iov, &n, interface, sizeof(interface), "SNAGD_INTERFACE",
                          context->interface);
        if (context->error != 0) {
                snprintf(number, sizeof(number), "%d", abs(context->error));
                add_field(iov, &n, error, sizeof(error), "ERRNO", number);
        }

        sd_journal_sendv(iov, (int) n);
}

void log_line(int level, const LogContext *context, const char *format, ...) {
        static const LogContext no_context = {};
        int saved_errno = errno;
        char line[LINE_LEN_MAX];
        va_list args;

        assert(format);

        if (level > current_max_level || current_target == LOG_TARGET_NULL)
                return;
        if (!context)
                context = &no_context;

        errno = abs(context->error);
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);

        if (current_target == LOG_TARGET_JOURNAL)
                write_journal(level, context, line);
        else
                fprintf(stderr, "<%d>%s\n", level, line);

        errno = saved_errno;
}
