/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* All boards and all sessions: who gets which, limits, and when there is nothing left to do.
 *
 * Needs CAP_NET_ADMIN and CAP_SYS_ADMIN. Blocks on the kernel's acknowledgements and on udev's
 * database. Logs. Single-threaded, on the event loop that it is given. */

#include <systemd/sd-event.h>

#include "board.h"
#include "failure.h"
#include "macro.h"
#include "session.h"

typedef struct Rtnl Rtnl;

/* What the D-Bus edge wants to know; any call may be NULL. The getters are valid inside each call;
 * nothing may be opened, started, closed or freed there. */
typedef struct ManagerObserver {
        void (*on_board_added)(Board *board, void *userdata);
        void (*on_board_changed)(Board *board, unsigned properties, void *userdata);
        void (*on_board_removed)(Board *board, void *userdata);
        void (*on_session_added)(Session *session, void *userdata);
        void (*on_session_changed)(Session *session, unsigned properties, void *userdata);
        void (*on_session_removed)(Session *session, void *userdata);
        void (*on_idle_changed)(void *userdata); /* manager_is_idle() gives another answer */
        void *userdata;
} ManagerObserver;

/* Opens the kernel's and udev's sockets; @observer is copied. Returns 0 or a negative errno. */
int manager_new(sd_event *event, const ManagerObserver *observer, Manager **ret);

/* Closes all sessions without telling anybody. */
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP_FUNC(Manager, manager_free);

/* Finds the boards that are there, telling the observer of each. Once, after manager_new(). */
int manager_coldplug(Manager *manager);

/* Whether nothing would be lost if the daemon went: no session, no namespace still in use. */
bool manager_is_idle(const Manager *manager);

/* Closes all sessions and opens no more (ShuttingDown). */
void manager_stop(Manager *manager);

/* Makes one, if that is possible now: LimitExceeded, PortBusy, ShuttingDown. Returns 0 or the errno of the Error in
 * @failure. */
int manager_open_session(Manager *manager, const SessionSpec *spec, Session **ret,
                         Failure *failure);

/* By what people see: "s1"; "1-1.4" or an ID_PATH. NULL if there is none. */
Session *manager_find_session(const Manager *manager, const char *id);
Board *manager_find_board(const Manager *manager, const char *port);

size_t manager_count_sessions(const Manager *manager);

/* The one after @previous in the order of their coming; the first one after NULL. */
Session *manager_next_session(const Manager *manager, const Session *previous);
Board *manager_next_board(const Manager *manager, const Board *previous);

/* The rest is for session.c. */
sd_event *manager_get_event(const Manager *manager);
Rtnl *manager_get_rtnl(const Manager *manager); /* of the host's namespace */

/* Counts the namespace against @uid until it is gone, however long its sockets live. Returns 0 or
 * a negative errno. */
int manager_count_namespace(Manager *manager, uid_t uid, int netns_fd);

/* Whether somebody uses the board's interface. Returns 1 and in *@ret_problem the sentence that says
 * how, which the caller frees; 0 and NULL; an error of errno_is_unplug() if it is not there any more,
 * and then the board has no link; or another negative errno. */
int manager_check_link(Manager *manager, Board *board, char **ret_problem);

/* Makes @problem the board's, and tells of it. */
void manager_set_problem(Manager *manager, Board *board, const char *problem);

/* Gives every free board to whom it is due. */
void manager_offer_boards(Manager *manager);

void manager_on_session_changed(Manager *manager, Session *session, unsigned properties);
void manager_on_session_closed(Manager *manager, Session *session); /* frees it later */
void manager_on_board_changed(Manager *manager, Board *board, unsigned properties);
