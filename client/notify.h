/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a service tells systemd of itself (sd_notify(3)); nothing, if systemd did not start it. Does not block,
 * does not log: a message that gets lost costs a line in 'systemctl status'. */

#include "macro.h"

typedef struct NotifyCounts {
        unsigned n_now; /* boards that are being served */
        uint64_t n_done, n_failed;
} NotifyCounts;

#define NOTIFY_STATUS_LEN_MAX 192

/* Writes "3 boards now, 41 done, 2 failed", with "; @remark" behind it unless that is NULL. Returns @buffer. */
const char *notify_format_status(char buffer[static NOTIFY_STATUS_LEN_MAX],
                                 const NotifyCounts *counts, const char *remark);

/* The service is up, or has taken its new settings. */
void notify_ready(const char *status);

void notify_status(const char *status);

/* It takes new settings; notify_ready() must follow. @now_usec is CLOCK_MONOTONIC. */
void notify_reloading(uint64_t now_usec);

void notify_stopping(const char *status);
