/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Boards and sessions as the bus shows them, without the bus: filled by the proxies, read by the
 * verbs and the recovery. Strings are owned; none is NULL once it was filled, but may be empty. */

#include "macro.h"
#include "string-table.h"

/* org.snagd1.Session.State. What may follow what is the daemon's business (design: idle → waiting →
 * attaching → ready → detached → attaching …, failed from any); we take each as it comes. */
typedef enum SessionState {
        SESSION_STATE_IDLE,
        SESSION_STATE_WAITING,   /* no board */
        SESSION_STATE_ATTACHING, /* a board is there, its link is not up yet */
        SESSION_STATE_READY,     /* what is sent now reaches the board */
        SESSION_STATE_DETACHED,  /* the board left its port */
        SESSION_STATE_FAILED,
        _SESSION_STATE_MAX,
} SessionState;

DECLARE_STRING_TABLE(session_state, SessionState);

typedef struct SessionInfo {
        char *path;
        char *state;
        char *stage;
        char *port;
        char *id_path;
        char *soc;
        char *failure_name;
        char *failure_text;
        uint32_t owner;                              /* uid */
        uint64_t plug_usec, attach_usec, ready_usec; /* CLOCK_MONOTONIC; 0: not yet */
} SessionInfo;

typedef struct BoardInfo {
        char *path;
        char *port;
        char *id_path;
        char *soc;
        char *stage;
        char *session; /* a path; BUS_PATH_NONE: free */
        char *problem;
} BoardInfo;

void session_info_done(SessionInfo *s);
void board_info_done(BoardInfo *b);

/* The last element of the session's path: what people call it. Borrowed. */
const char *session_info_get_id(const SessionInfo *s);

/* Whether @target names @s: its path, its id, its port or its ID_PATH. */
bool session_info_is_named(const SessionInfo *s, const char *target);

/* Whether @target could name a session at all: a port, an ID_PATH, a session's id or path. */
bool session_target_is_valid(const char *target);
