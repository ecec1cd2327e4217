/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Every board of a SoC, as they come, on any port or on some, for as long as it runs: many attempts
 * (attempt.h) side by side in one event loop. Theory of operation: fleet.c.
 *
 * Needs no privilege. Blocks on the bus only in fleet_new() and when snagd has to be started anew. Reports through
 * Progress. */

#include <systemd/sd-event.h>

#include "bus-proxy.h"
#include "firmware-set.h"
#include "fleet-ports.h"
#include "follow-up.h"
#include "progress.h"

typedef struct Fleet Fleet;

/* Why it ended. */
typedef enum FleetEnd {
        FLEET_END_NONE,    /* it goes on */
        FLEET_END_STOPPED, /* fleet_stop(), and what was under way has ended */
        FLEET_END_QUIET,   /* FleetRules.is_once: nothing more appears */
        FLEET_END_REFUSED, /* fleet_get_refusal() says why; boards that had a session are through */
        FLEET_END_FAILED,  /* an errno of ours was reported */
} FleetEnd;

typedef struct FleetCounts {
        unsigned n_now; /* boards that are being served, or whose command runs */
        uint64_t n_recovered;
        uint64_t n_failed; /* boards that were given up, or whose command failed */
} FleetCounts;

typedef struct FleetCallbacks {
        void (*on_ready)(void *userdata);  /* a session waits, or could: once */
        void (*on_counts)(void *userdata); /* fleet_get_counts() has changed */
        void (*on_end)(void *userdata);    /* fleet_get_end() says why; must not free it */
} FleetCallbacks;

/* All borrowed for life, but @files. */
typedef struct FleetSpec {
        sd_event *event;
        sd_bus *bus; /* attached to @event */
        Progress *progress;
        FleetRules rules;
        const char *stage;      /* as of AttemptSpec */
        unsigned n_max;         /* of sessions at a time; at least 1 */
        uint64_t quiet_usec;    /* FleetRules.is_once: ends when nothing has happened for so long */
        FirmwareSet *files;     /* referenced */
        FollowUpSpec follow_up; /* what follows each board */
        const FleetCallbacks *callbacks;
        void *userdata;
} FleetSpec;

/* Begins. Returns 0, or a negative errno with *@error filled. */
int fleet_new(const FleetSpec *spec, ProxyError *error, Fleet **ret);

/* Closes what is open, without waiting for snagd. */
Fleet *fleet_free(Fleet *f);
DEFINE_CLEANUP_FUNC(Fleet, fleet_free);

/* Takes no more boards; ends when those that are being served are through, at the latest after
 * FLEET_STOP_USEC. */
#define FLEET_STOP_USEC (10 * USEC_PER_SEC)
void fleet_stop(Fleet *f);

/* Closes all sessions, and returns when snagd has done so: the ports are free then. */
void fleet_close(Fleet *f);

/* What the next boards get; those that are being served go on with what they had. Referenced. */
void fleet_set_files(Fleet *f, FirmwareSet *files);

FleetEnd fleet_get_end(const Fleet *f);
FleetCounts fleet_get_counts(const Fleet *f);

/* What snagd said, with FLEET_END_REFUSED. Borrowed. */
const ProxyError *fleet_get_refusal(const Fleet *f);
