/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Boards and sessions as events for a program, the same for every verb that shows them. */

#include "progress.h"
#include "session-info.h"

/* "board" or "session": as it is now, or was before it went. @user: the name of the session's owner, NULL if
 * it is not known. */
void object_event_board(Progress *progress, const BoardInfo *b, bool is_gone);
void object_event_session(Progress *progress, const SessionInfo *s, const char *user, bool is_gone);

/* The last element of the path of the session that has the board; "" if none has. Borrowed. */
const char *object_event_get_session(const BoardInfo *b);
