/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The log of the daemon: to the journal with structured fields, or to standard error with syslog
 * prefixes. Levels are syslog's (LOG_DEBUG … LOG_ERR). Leaf modules return errors and do not log.
 *
 * Level and target can be changed at run time: org.freedesktop.LogControl1. */

#include <syslog.h>

#include "macro.h"
#include "string-table.h"

typedef enum LogTarget {
        LOG_TARGET_JOURNAL,
        LOG_TARGET_CONSOLE, /* standard error */
        LOG_TARGET_NULL,
        _LOG_TARGET_MAX,
} LogTarget;

DECLARE_STRING_TABLE(log_target, LogTarget);
DECLARE_STRING_TABLE(log_level, int); /* "emerg" … "debug" */

/* What a line is about; each member that is set becomes a journal field. All are borrowed. */
typedef struct LogContext {
        const char *message_id; /* MESSAGE_ID=, 32 hex digits */
        const char *session;    /* SNAGD_SESSION= */
        const char *port;       /* SNAGD_PORT= */
        const char *interface;  /* SNAGD_INTERFACE= */
        int error;              /* ERRNO=, positive or negative; 0: none. %m prints it. */
} LogContext;

/* Events that an administrator may look for: `journalctl MESSAGE_ID=…`. Never reused. */
#define LOG_ID_SESSION_OPENED  "582b7a3c9e2640adb28f7b31ab39295f"
#define LOG_ID_SESSION_CLOSED  "9a0cafeddfb342beb2d190eecae3e948"
#define LOG_ID_SESSION_FAILED  "9155cd79ef104754a6cc5fc9bd3448ca"
#define LOG_ID_BOARD_ATTACHED  "ab60017f8d914890b54b52818f0f4261"
#define LOG_ID_BOARD_DETACHED  "74ea56f9b01846bcbf4f41ade8a2f99c"
#define LOG_ID_INTERFACE_BUSY  "dd847a918ce741c5802ac84b9e59563f"
#define LOG_ID_ACCESS_DENIED   "530898924ac9454481b59c418e82800c"
#define LOG_ID_INTERFACE_STRAY "b44750766d434fd7994a3b3dd11638eb" /* could not be sent home */

void log_set_target(LogTarget target);
LogTarget log_get_target(void);
void log_set_max_level(int level);
int log_get_max_level(void);

/* Logs one line; @context may be NULL. Keeps errno. */
void log_line(int level, const LogContext *context, const char *format, ...) _printf_(3, 4);

#define log_debug(...)   log_line(LOG_DEBUG, NULL, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, NULL, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, NULL, __VA_ARGS__)
#define log_error(...)   log_line(LOG_ERR, NULL, __VA_ARGS__)

/* Logs with %m of @error (either sign) and evaluates to the negative errno, for `return`. */
#define log_error_errno(err, ...)                                               \
        __extension__({                                                         \
                int _error = abs(err);                                          \
                log_line(LOG_ERR, &(LogContext){.error = _error}, __VA_ARGS__); \
                -_error;                                                        \
        })
