/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One session of a fleet (fleet.h): the attempt that has it, how that ended, and what follows; and lists of them.
 * What is opened, closed and counted is for fleet.c.
 *
 *     OPENING ─▶ WAITING ─▶ SERVING ─▶ (over) ─▶ what follows ─▶ gone
 *
 * Needs no privilege. Does not block, log or report. */

#include "attempt.h"
#include "firmware-set.h"
#include "fleet-ports.h"
#include "follow-up.h"

typedef struct FleetEntry {
        struct Fleet *fleet; /* not owned; for callbacks */
        Attempt *attempt;
        FirmwareSet *files;  /* that it serves */
        FollowUp *follow_up; /* the attempt is over, and this is what follows */
        char *port;          /* that counts it as begun; NULL: it waits for any board */
        Stage stage;         /* with which it begins */
        bool is_named;       /* it was opened for @port */
        bool begins_late;    /* where another one would have begun before */
        bool is_unwanted;    /* it is closed as soon as it can be */
        bool is_on_record;
        FleetOutcome outcome; /* these two once the attempt is over */
        FleetVerdict verdict;
} FleetEntry;

/* For @port, which is copied; NULL: any. @files is referenced. Without its attempt; NULL: no memory. */
FleetEntry *fleet_entry_new(struct Fleet *fleet, FirmwareSet *files, const char *port, Stage stage);

/* Its session ends with its sockets, a command that still runs at once. */
FleetEntry *fleet_entry_free(FleetEntry *e);
DEFINE_CLEANUP_FUNC(FleetEntry, fleet_entry_free);

/* It has no board yet. */
bool fleet_entry_is_waiting(const FleetEntry *e);

/* It has one. */
bool fleet_entry_is_serving(const FleetEntry *e);

/* A session that is asked for, but not there yet, cannot be closed, and a board that is served is not let down; but it
 * may be where it begins late, and its board has gone back to the beginning. */
bool fleet_entry_can_be_closed(const FleetEntry *e);

/* What its port is to be told, once the attempt is over or was closed. */
FleetOutcome fleet_entry_get_outcome(const FleetEntry *e);

/* Whether that was the last attempt at its board: there is something to count, and a command to run. */
bool fleet_entry_has_result(const FleetEntry *e);

/* Owns what is in it; the order means nothing. {} is an empty one. */
typedef struct FleetEntryList {
        FleetEntry **items;
        size_t n;
} FleetEntryList;

/* Makes room for one more. Returns 0 or -ENOMEM. */
int fleet_entry_list_reserve(FleetEntryList *list);

/* Takes @e; there must be room. */
void fleet_entry_list_add(FleetEntryList *list, FleetEntry *e);

/* Gives @e, which must be in it, back to the caller, and leaves its room. */
FleetEntry *fleet_entry_list_take(FleetEntryList *list, FleetEntry *e);

/* The first one at @port; NULL: none. */
FleetEntry *fleet_entry_list_find(const FleetEntryList *list, const char *port);

/* Frees all. */
void fleet_entry_list_done(FleetEntryList *list);
