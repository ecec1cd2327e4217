/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A flashing station while it runs, beside the fleet that recovers its boards: what it tells systemd, and what
 * SIGHUP does, which means "read your file again" to a station and to nobody else. Theory of operation:
 * station.c.
 *
 * Blocks on files when it is told to read them. Reports through Progress. */

#include <systemd/sd-event.h>

#include "notify.h"
#include "progress.h"
#include "station-config.h"

typedef struct Station Station;

/* All borrowed for life. */
typedef struct StationSpec {
        sd_event *event;
        Progress *progress;
        const char *station;         /* as it was named: station_config_load() */
        const StationConfig *config; /* with which it was started */

        /* The next boards get these, which are taken over, and NULL then. Returns 0, or a negative
         * errno: then the old ones stay. */
        int (*on_files)(Firmware *files[static _FIRMWARE_KIND_MAX], void *userdata);
        void *userdata;
} StationSpec;

/* station_config_load(), with every mistake reported. Returns as that does. */
int station_load_config(const char *station, Progress *progress, StationConfig *ret);

/* From now on SIGHUP is a station's, and systemd's watchdog is fed, if it has one. Returns 0 or a negative
 * errno. */
int station_new(const StationSpec *spec, Station **ret);
Station *station_free(Station *s);
DEFINE_CLEANUP_FUNC(Station, station_free);

/* It waits for boards. */
void station_set_ready(Station *s);

/* What the status line says changes. */
void station_set_counts(Station *s, NotifyCounts counts);

/* It ends, when the boards that are being served are through. */
void station_set_stopping(Station *s);
