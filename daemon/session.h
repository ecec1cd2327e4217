/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One client's hold on one board: a namespace, and the state machine that moves the board's
 * interface into it and home again. The theory of operation is in session.c.
 *
 * Needs CAP_NET_ADMIN and CAP_SYS_ADMIN. Blocks on the kernel's acknowledgements. Logs. */

#include <sys/types.h>

#include "board.h"
#include "failure.h"
#include "macro.h"
#include "session-spec.h"
#include "soc.h"
#include "string-table.h"

typedef struct Manager Manager;

/* "idle" … as on the bus. The specification of the machine is in session.c. */
typedef enum SessionState {
        SESSION_STATE_IDLE,
        SESSION_STATE_WAITING,
        SESSION_STATE_ATTACHING,
        SESSION_STATE_READY,
        SESSION_STATE_DETACHED,
        SESSION_STATE_FAILED,
        SESSION_STATE_CLOSED, /* only seen in on_session_removed() */
        _SESSION_STATE_MAX,
} SessionState;

DECLARE_STRING_TABLE(session_state, SessionState);

/* A mask in the observer's calls. */
typedef enum SessionProperty {
        SESSION_PROPERTY_STATE = 1u << 0,
        SESSION_PROPERTY_STAGE = 1u << 1,
        SESSION_PROPERTY_PORT = 1u << 2,
        SESSION_PROPERTY_ID_PATH = 1u << 3,
        SESSION_PROPERTY_FAILURE = 1u << 4,
        SESSION_PROPERTY_PLUG_USEC = 1u << 5,
        SESSION_PROPERTY_ATTACH_USEC = 1u << 6,
        SESSION_PROPERTY_READY_USEC = 1u << 7,
} SessionProperty;

/* Of the bus. No string is NULL: "" when not known. */
const char *session_get_id(const Session *session); /* "s1" */
SessionState session_get_state(const Session *session);
const char *session_get_stage(const Session *session); /* of the last board; "" before the first */
const char *session_get_port(const Session *session);
const char *session_get_id_path(const Session *session);
const Soc *session_get_soc(const Session *session);
const Failure *session_get_failure(const Session *session); /* name NULL unless failed */
uint64_t session_get_plug_usec(const Session *session);     /* 0 before the first */
uint64_t session_get_attach_usec(const Session *session);
uint64_t session_get_ready_usec(const Session *session);
uid_t session_get_owner_uid(const Session *session);
void *session_get_userdata(const Session *session);

/* An unbound IPv4 UDP socket in the namespace, with IP_PKTINFO. Returns 0, or the errno of
 * LimitExceeded, WrongState, NoMemory or LinkFailed. */
int session_open_socket(Session *session, int *ret_fd, Failure *failure);

/* From now on it takes boards; one that is there is taken before this returns. WrongState unless
 * idle. */
int session_start(Session *session, Failure *failure);

/* Ends it, in whatever state: interface home, namespace released, on_session_removed(). The memory
 * goes at the next turn of the event loop; do not use @session any more. */
void session_close(Session *session);

/* The same because the daemon goes; its client is told so by a failure, ShuttingDown. */
void session_stop(Session *session);

/* The rest is the manager's. Makes the namespace with all that can be there before a board is. */
int session_new(Manager *manager, uint64_t serial, const SessionSpec *spec, Session **ret,
                Failure *failure);
Session *session_free(Session *session);
DEFINE_CLEANUP_FUNC(Session, session_free);

bool session_is_named(const Session *session); /* asked for one port */
bool session_wants_untried(const Session *session);
bool session_names_port(const Session *session, const char *port);     /* in these words */
bool session_names(const Session *session, const Board *board);        /* asked for its port */
bool session_holds(const Session *session, const Board *board);        /* has had a board there */
bool session_is_following(const Session *session, const Board *board); /* from ROM to SPL */
bool session_accepts(const Session *session, const Board *board);

/* Whether @board, an SPL, may be what became of the ROM that left, seen on another port: see
 * usb-topology.h. It is that only if it may be no other session's. */
bool session_may_be_followed_by(const Session *session, const Board *board);
uint64_t session_get_start_usec(const Session *session);
uint64_t session_get_waiting_usec(const Session *session); /* since when */

/* Each board that was plugged in, whoever it is for. */
void session_on_board_plugged(Session *session, const Board *board);

/* The board is free, its link can be moved, and session_accepts() it or may be followed by it. */
void session_on_board_ready(Session *session, Board *board);
void session_on_board_removed(Session *session, Board *board);
