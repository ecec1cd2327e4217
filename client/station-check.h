/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Looks for what would keep a station's unit from doing what its file says, although the file is good:
 * its user, its sandbox (systemd/snagctl-station@.service), its command.
 *
 * Needs no privilege. Blocks on files and on the user database. Does not log. */

#include "finding.h"
#include "station-config.h"

typedef struct StationCheck {
        const StationConfig *config; /* borrowed, as all of it */
        const char *station;         /* as it was named */
        const char *user, *group;    /* who runs it, and who may recover boards */
        FindingCallback on_finding;
        void *userdata;
} StationCheck;

#define STATION_USER  "snagctl-station"
#define STATION_GROUP "snagd"

void station_check_run(const StationCheck *c);
