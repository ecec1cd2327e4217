/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The USB ports of a fleet (fleet.h): what is plugged in there, which of them want a session, how often they failed,
 * and which were given up. Theory of operation: fleet-ports.c.
 *
 * Pure: no bus, no clock. */

#include "macro.h"
#include "session-info.h"
#include "soc.h"

typedef struct FleetRules {
        const Soc *soc;
        Stage first_stage;           /* of the boards that are taken */
        const char *const *patterns; /* port-pattern.h; NULL-terminated; NULL: all */
        unsigned n_retries;          /* of one board, after the first attempt */
        bool is_once; /* a port is served until one board was recovered or given up */
} FleetRules;

/* What becomes of a port after an attempt. */
typedef enum FleetVerdict {
        FLEET_VERDICT_DONE,
        FLEET_VERDICT_RETRY,
        FLEET_VERDICT_GIVEN_UP, /* until something else is plugged in */
        FLEET_VERDICT_NONE,     /* the attempt says nothing about the board */
} FleetVerdict;

typedef enum FleetOutcome {
        FLEET_OUTCOME_RECOVERED,
        FLEET_OUTCOME_FAILED,
        FLEET_OUTCOME_INTERRUPTED, /* by somebody, or by snagd's end */
        FLEET_OUTCOME_NO_BOARD,    /* none came to a session that waited at this port */
        FLEET_OUTCOME_BUSY,        /* the port is another one's session's */
        FLEET_OUTCOME_DISMISSED,   /* so, but another session is to be opened in its place */
} FleetOutcome;

typedef struct FleetPorts FleetPorts;

/* @rules are borrowed for life. Returns 0 or -ENOMEM. */
int fleet_ports_new(const FleetRules *rules, FleetPorts **ret);
FleetPorts *fleet_ports_free(FleetPorts *p);
DEFINE_CLEANUP_FUNC(FleetPorts, fleet_ports_free);

/* A board came, changed or went, as snagd tells; with @was_there it was plugged in before anybody looked. Returns
 * 0 or -ENOMEM. */
int fleet_ports_on_board(FleetPorts *p, const BoardInfo *board, bool is_gone, bool was_there,
                         uint64_t now_usec);

/* snagd ended: what is plugged in is not known until it is told of again. */
void fleet_ports_on_daemon_gone(FleetPorts *p);

/* Another one has told of everything that is plugged in. */
void fleet_ports_on_daemon_back(FleetPorts *p, uint64_t now_usec);

/* A session ended or failed, somebody's, that had the port @name or waited for it, or for that with @id_path; empty: not
 * known. */
void fleet_ports_on_session_gone(FleetPorts *p, const char *name, const char *id_path);

/* A session of ours is there for port @name: from its opening if it was opened for that port, else since it got
 * a board there. Returns 0 or -ENOMEM. */
int fleet_ports_begin(FleetPorts *p, const char *name);

/* The session at that port has sent its board the whole SPL: what comes up there, if it fails, is that one. */
void fleet_ports_on_spl_sent(FleetPorts *p, const char *name);

/* It has ended so. Failures before this one, with it: *@ret_n_failures. A board that failed, and does not come back to be
 * tried again, is given up as well. */
FleetVerdict fleet_ports_end(FleetPorts *p, const char *name, FleetOutcome outcome,
                             unsigned *ret_n_failures);

/* A command for the board that was served there has begun, or ended: the port waits for it. */
void fleet_ports_begin_command(FleetPorts *p, const char *name);
void fleet_ports_end_command(FleetPorts *p, const char *name);

/* Forgets what is over at @now_usec; to be called before the two that follow. Returns when it is due again;
 * USEC_INFINITY: not by itself. */
uint64_t fleet_ports_expire(FleetPorts *p, uint64_t now_usec);

/* Whether boards have to be asked for port by port, since not every one that comes is wanted. */
bool fleet_ports_are_named(const FleetPorts *p);

/* The name of a port for which a session is to be opened now, beginning with *@ret_stage; NULL: none. Borrowed. */
const char *fleet_ports_find_wanted(const FleetPorts *p, Stage *ret_stage);

/* Whether a board in the first stage is there. */
bool fleet_ports_has_board(const FleetPorts *p, const char *name);

/* Whether the SPL of a board that was served at this port is there, and no board in the first stage: a session that
 * waits for one there is to be dismissed. */
bool fleet_ports_has_late_spl(const FleetPorts *p, const char *name);

/* When a board was last seen to come or go; 0: never. CLOCK_MONOTONIC. */
uint64_t fleet_ports_get_change_usec(const FleetPorts *p);
