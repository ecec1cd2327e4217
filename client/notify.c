/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "notify.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

const char *notify_format_status(char buffer[static NOTIFY_STATUS_LEN_MAX],
                                 const NotifyCounts *counts, const char *remark) {
        assert(buffer);
        assert(counts);

        (void) snprintf(buffer, NOTIFY_STATUS_LEN_MAX,
                        "%u board%s now, %" PRIu64 " done, %" PRIu64 " failed%s%s", counts->n_now,
                        counts->n_now == 1 ? "" : "s", counts->n_done, counts->n_failed,
                        remark ? "; " : "", remark ? remark : "");
        return buffer;
}

void notify_ready(const char *status) {
        assert(status);

        (void) sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_status(const char *status) {
        assert(status);

        (void) sd_notifyf(0, "STATUS=%s", status);
}

void notify_reloading(uint64_t now_usec) {
        /* The time is for Type=notify-reload, of systemd 253 and later; older ones pass over it. */
        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reading its file",
                          now_usec);
}

void notify_stopping(const char *status) {
        assert(status);

        (void) sd_notifyf(0, "STOPPING=1\nSTATUS=%s", status);
}
