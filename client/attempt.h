/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One attempt to recover one board: its session with snagd, its sockets, its recovery, from "may I?" to the
 * result. Any number of them live side by side in one event loop, to whose connection all of them are attached;
 * none of them waits for anything.
 *
 * Needs no privilege. Does not block, but where it says so. Does not log. */

#include <systemd/sd-event.h>

#include "bus-proxy.h"
#include "capture.h"
#include "record.h"
#include "recovery.h"

typedef struct Attempt Attempt;

typedef enum AttemptState {
        ATTEMPT_STATE_OPENING, /* the session is asked for */
        ATTEMPT_STATE_WAITING, /* everything listens; no board has come yet */
        ATTEMPT_STATE_SERVING, /* a board has come, and this attempt is that board's */
        ATTEMPT_STATE_OVER,
} AttemptState;

typedef struct AttemptCallbacks {
        /* WAITING or SERVING begins. Must not free it. */
        void (*on_state)(Attempt *a, void *userdata);
        /* It is over. May free it. */
        void (*on_over)(Attempt *a, void *userdata);
} AttemptCallbacks;

/* All borrowed for life. */
typedef struct AttemptSpec {
        sd_event *event;
        sd_bus *bus; /* attached to @event */
        Progress *progress;
        const Soc *soc;
        const Firmware *spl, *u_boot; /* as of RecoverySpec */
        const char *port, *stage;     /* NULL: any; the default */
        Stage first_stage;            /* that @stage stands for */
        bool is_untried;              /* only a board that no session had since it was plugged in */
        bool is_one_of_many;          /* as of RecoverySpec */
        uint64_t no_board_timeout_usec;
        Capture *capture; /* gets every datagram, too; NULL: none */
        const AttemptCallbacks *callbacks;
        void *userdata;
} AttemptSpec;

/* Asks for the session. Returns 0 or a negative errno. */
int attempt_new(const AttemptSpec *spec, Attempt **ret);

/* Closes the sockets; the session ends with the connection, if it was not closed. */
Attempt *attempt_free(Attempt *a);
DEFINE_CLEANUP_FUNC(Attempt, attempt_free);

/* Closes sockets and session, whatever is under way: nothing is told of it any more. With @waits, returns when
 * snagd has done so, so that the port is free then. */
void attempt_close(Attempt *a, bool waits);

AttemptState attempt_get_state(const Attempt *a);

/* Whether a board has come. */
bool attempt_has_begun(const Attempt *a);

/* Whether its board had the whole SPL from it, and was not seen in its ROM again. */
bool attempt_has_served_rom(const Attempt *a);

/* The result, RECOVERY_RESULT_FAILED also if there was no recovery; NONE: not yet. */
RecoveryResult attempt_get_result(const Attempt *a);

/* The USB port of its board, else the one that it waits at; NULL: neither. Borrowed until the next event. */
const char *attempt_get_port(const Attempt *a);

/* Whether the session ended before the recovery did: snagd left, or somebody closed it. */
bool attempt_is_session_lost(const Attempt *a);

/* What snagd said when it refused the session, or NULL. Borrowed. */
const ProxyError *attempt_get_refusal(const Attempt *a);

/* The id of the session; NULL: it has none yet. Borrowed. */
const char *attempt_get_session(const Attempt *a);

/* What a record is to have of it, but for `then`; a line is due for each attempt that had a board. One that is
 * not over, or whose session was lost, counts as interrupted. @images: room for what *@ret refers to; all else
 * is borrowed until the next event. Returns false, and leaves *@ret alone, if no board has come. */
bool attempt_get_record(const Attempt *a, RecordImage images[static _FIRMWARE_KIND_MAX],
                        RecordAttempt *ret);

/* A board that this attempt may be waiting for cannot be taken: recovery_on_board_problem(). */
void attempt_on_board_problem(Attempt *a, const char *port, Stage stage, const char *problem);
