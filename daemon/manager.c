/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * Boards come and go with the board monitor's calls, sessions with the D-Bus edge's. A board is
 * offered when its interface is ready to be moved, when a session starts, and when a session ends or
 * falls back to waiting, for its port is free for others then; and when an interface that was in use
 * may have come free.
 *
 * Who gets a board (manager_choose_session()):
 *     1. an SPL on the port of a session that waits for it: it is half of that one's recovery, and
 *        not a board that somebody just plugged in
 *     2. the session that named its port; such a port is kept for it, whatever it is doing
 *     3. the session whose port it is
 *     4. an SPL on the other name of a socket (usb-topology.h): the session whose ROM left there just
 *        now, if there is one only; and nobody's of those who wait already, if there are more
 *     5. the one that has waited longest
 * A board that a session gave back while it was plugged in (its client left, or it failed) is not
 * for 4., nor for 5. unless the session started later: who waits wants the next board, and one that
 * makes sessions fail is not passed along until none is left. A session that wants an untried board never gets it
 * by 5.: a client that opens one session after the other would try a broken board for ever.
 *
 * What is counted against a user is not sessions but namespaces (namespace-count.h), each from before
 * it is set up until it is gone: sockets that a client kept hold it after Close().
 *
 * Nothing is offered from inside an offer, and no session is freed while its functions run: both
 * wait for the defer source. Boards are few; all searches are linear. */

#include "manager.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "board-monitor.h"
#include "bus-contract.h"
#include "fd-util.h"
#include "log.h"
#include "namespace-count.h"
#include "netns.h"
#include "rtnl.h"

struct Manager {
        sd_event *event;
        ManagerObserver observer;

        Rtnl *rtnl;                 /* of the host */
        NamespaceCount *namespaces; /* the sessions', and those that outlived one */
        BoardMonitor *board_monitor;
        sd_event_source *board_monitor_source;
        sd_event_source *defer_source; /* offers boards, frees closed sessions */
        RtnlMonitor *use_monitor;      /* while a board's interface is in use by others */
        sd_event_source *use_source;

        Board **boards; /* in the order of their coming */
        size_t n_boards;

        Session *sessions[SESSIONS_MAX]; /* in the order of their opening */
        size_t n_sessions;
        Session *closed[SESSIONS_MAX]; /* to be freed */
        size_t n_closed;
        uint64_t last_serial;

        bool is_stopping;
        bool was_idle;
};

static void manager_defer(Manager *manager) {
        int r = sd_event_source_set_enabled(manager->defer_source, SD_EVENT_ONESHOT);

        /* A loop that has ended (the bus is lost) turns no more: manager_free() does what is left. */
        assert(r >= 0 || r == -ESTALE);
}

static void manager_update_idle(Manager *manager) {
        bool is_idle = manager_is_idle(manager);

        if (is_idle == manager->was_idle)
                return;

        manager->was_idle = is_idle;
        if (manager->observer.on_idle_changed)
                manager->observer.on_idle_changed(manager->observer.userdata);
}

/* Boards */

static Board *find_plugged(const Manager *manager, const char *port) {
        for (size_t i = 0; i < manager->n_boards; i++)
                if (streq(board_get_port(manager->boards[i]), port))
                        return manager->boards[i];

        return NULL;
}

static void manager_remove_board(Manager *manager, Board *board) {
        size_t i = 0;

        if (board_get_session(board))
                session_on_board_removed(board_get_session(board), board);

        while (manager->boards[i] != board)
                i++;
        memmove(&manager->boards[i], &manager->boards[i + 1],
                (manager->n_boards - i - 1) * sizeof(manager->boards[0]));
        manager->n_boards--;

        if (manager->observer.on_board_removed)
                manager->observer.on_board_removed(board, manager->observer.userdata);
        board_free(board);
}

/* Returns the board that @info tells of, a new one if need be; NULL without memory. */
static Board *manager_add_board(Manager *manager, const BoardInfo *info) {
        _cleanup_(board_freep) Board *board = NULL;
        Board *known = find_plugged(manager, info->port);
        Board **boards;

        if (known && board_is_same_plug(known, info))
                return known;
        if (known)
                /* Its unplug was lost, or is under way. */
                manager_remove_board(manager, known);

        boards = reallocarray(manager->boards, manager->n_boards + 1, sizeof(boards[0]));
        if (boards)
                manager->boards = boards;
        if (!boards || board_new(info, &board) < 0) {
                log_line(LOG_ERR, &(LogContext){.port = info->port},
                         "Out of memory: the board on port %s is not known", info->port);
                return NULL;
        }

        known = manager->boards[manager->n_boards++] = TAKE_PTR(board);
        if (manager->observer.on_board_added)
                manager->observer.on_board_added(known, manager->observer.userdata);
        for (size_t i = 0; i < manager->n_sessions; i++)
                session_on_board_plugged(manager->sessions[i], known);
        return known;
}

void manager_set_problem(Manager *manager, Board *board, const char *problem) {
        manager_on_board_changed(manager, board, board_set_problem(board, problem));
}

int manager_check_link(Manager *manager, Board *board, char **ret_problem) {
        const char *name, *why = NULL;
        char *problem = NULL;
        RtnlLink link;
        int r;

        assert(manager);
        assert(board);
        assert(ret_problem);

        r = rtnl_link_get(manager->rtnl, board_get_ifindex(board), &link);
        if (r >= 0)
                r = rtnl_link_has_address(manager->rtnl, board_get_ifindex(board));
        if (errno_is_unplug(r))
                board_clear_link(board);
        if (r < 0)
                return r;

        if (link.master > 0)
                why = "it belongs to a bridge or a bond";
        else if (r > 0)
                why = "it has an address";
        else if (link.flags & IFF_UP)
                why = "it is up";

        name = link.name;
        if (why && asprintf(&problem,
                            "Its interface %s is in use: %s. If nothing needs it, take it down and "
                            "remove its addresses ('ip link set %s down nomaster', 'ip address "
                            "flush dev %s'); else leave the board alone.",
                            name, why, name, name) < 0)
                return -ENOMEM;

        *ret_problem = problem;
        return why ? 1 : 0;
}

/* A board whose interface is in use may be free now; or lost events may have told so. */
static void on_link_changed(int ifindex, void *userdata) {
        Manager *manager = userdata;

        for (size_t i = 0; i < manager->n_boards; i++)
                if (board_get_ifindex(manager->boards[i]) == ifindex &&
                    *board_get_problem(manager->boards[i]))
                        manager_defer(manager);
}

static void on_changes_lost(void *userdata) {
        manager_defer(userdata);
}

static void manager_end_watch(Manager *manager) {
        manager->use_source = sd_event_source_disable_unref(manager->use_source);
        manager->use_monitor = rtnl_monitor_free(manager->use_monitor);
}

static int on_use_monitor_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Manager *manager = userdata;
        int r;

        r = rtnl_monitor_dispatch(manager->use_monitor);
        if (r < 0) {
                log_error_errno(r, "Cannot hear of the interfaces that are in use any more: %m");
                manager_end_watch(manager);
        }
        return 0;
}

static int manager_begin_watch(Manager *manager) {
        static const RtnlMonitorCallbacks callbacks = {
                .link_changed = on_link_changed,
                .overflow = on_changes_lost,
        };
        int r;

        r = rtnl_monitor_new(&callbacks, manager, &manager->use_monitor);
        if (r < 0)
                return r;
        return sd_event_add_io(manager->event, &manager->use_source,
                               rtnl_monitor_get_fd(manager->use_monitor), EPOLLIN,
                               on_use_monitor_io, manager);
}

/* Listens to what happens to the host's links, as long as there is a board whose interface is in use:
 * on a busy host that is a lot, and nothing else needs it. */
static void manager_watch_problems(Manager *manager) {
        bool is_wanted = false;
        int r;

        for (size_t i = 0; i < manager->n_boards; i++)
                if (board_get_ifindex(manager->boards[i]) > 0 &&
                    *board_get_problem(manager->boards[i]))
                        is_wanted = true;

        if (!is_wanted) {
                manager_end_watch(manager);
                return;
        }
        if (manager->use_monitor)
                return;

        r = manager_begin_watch(manager);
        if (r < 0) {
                log_error_errno(r, "Cannot hear when interfaces in use come free: %m");
                manager_end_watch(manager);
                return;
        }
        /* What changed since it was looked at has been told to nobody. */
        manager_defer(manager);
}

/* Who gets which */

/* Of two sessions on one port the later attachment counts: the earlier one's board is gone. */
static Session *later_attached(Session *a, Session *b) {
        return a && session_get_attach_usec(a) >= session_get_attach_usec(b) ? a : b;
}

/* Whether a session that waits for any board may have one that was given back at @returned_usec (0: never). */
static bool may_take_returned(const Session *s, uint64_t returned_usec) {
        if (returned_usec == 0)
                return true;
        return !session_wants_untried(s) && session_get_start_usec(s) >= returned_usec;
}

/* NULL: nobody, now. @ret_n_followed is 0, unless the reason is that the board may follow more than
 * one. */
static Session *manager_choose_session(const Manager *manager, const Board *board,
                                       size_t *ret_n_followed) {
        Session *following = NULL, *naming = NULL, *holding = NULL, *followed = NULL,
                *longest = NULL;
        uint64_t returned_usec = board_get_returned_usec(board);
        size_t n_followed = 0;

        *ret_n_followed = 0;
        for (size_t i = 0; i < manager->n_sessions; i++) {
                Session *s = manager->sessions[i];

                if (session_is_following(s, board))
                        following = later_attached(following, s);
                if (session_names(s, board) && !naming)
                        naming = s;
                if (session_may_be_followed_by(s, board)) {
                        followed = s;
                        n_followed++;
                }
                if (!session_accepts(s, board))
                        continue;
                if (session_holds(s, board))
                        holding = later_attached(holding, s);
                else if (!session_is_named(s) && may_take_returned(s, returned_usec) &&
                         (!longest ||
                          session_get_waiting_usec(s) < session_get_waiting_usec(longest)))
                        longest = s;
        }

        if (following)
                return following;
        if (naming)
                return session_accepts(naming, board) ? naming : NULL;
        if (holding)
                return holding;
        if (n_followed > 1) {
                *ret_n_followed = n_followed;
                return NULL;
        }
        return followed ?: longest;
}

/* An SPL that may be the second half of any of @n recoveries is none's, for good: that one of them has
 * ended meanwhile does not say which it was. */
static void manager_leave_alone(Board *board, size_t n) {
        const LogContext context = {.port = board_get_port(board)};

        board_set_returned_usec(board, now_usec());
        log_line(LOG_WARNING, &context,
                 "The board on port %s may be any of %zu that just left ports of the same "
                 "controllers: left alone. Recover one at a time on this host, or put a USB 2.0 "
                 "hub between.",
                 context.port, n);
}

/* Nobody wants it now; but people see in the list whether it could be had. A ROM always can. */
static void manager_look_at_board(Manager *manager, Board *board) {
        _cleanup_free_ char *problem = NULL;

        if (board_get_stage(board) == STAGE_SPL &&
            manager_check_link(manager, board, &problem) >= 0)
                manager_set_problem(manager, board, problem ?: "");
}

static void manager_offer_board(Manager *manager, Board *board) {
        Session *session;
        size_t n_followed;

        if (board_get_session(board) || board_get_ifindex(board) <= 0)
                return;

        session = manager_choose_session(manager, board, &n_followed);
        if (session) {
                session_on_board_ready(session, board);
                return;
        }

        if (n_followed > 0)
                manager_leave_alone(board, n_followed);
        manager_look_at_board(manager, board);
}

void manager_offer_boards(Manager *manager) {
        assert(manager);

        for (size_t i = 0; i < manager->n_boards; i++)
                manager_offer_board(manager, manager->boards[i]);

        manager_watch_problems(manager);
}

static int on_defer(sd_event_source *source, void *userdata) {
        Manager *manager = userdata;

        while (manager->n_closed > 0)
                session_free(manager->closed[--manager->n_closed]);

        manager_offer_boards(manager);
        return 0;
}

/* The board monitor's calls */

static void on_board_plugged(const BoardInfo *info, void *userdata) {
        (void) manager_add_board(userdata, info);
}

static void on_board_unplugged(const char *port, uint32_t devnum, void *userdata) {
        Manager *manager = userdata;
        Board *board = find_plugged(manager, port);

        /* One with another number is the next one, whose plug was told of first. */
        if (board && board_get_devnum(board) == devnum) {
                manager_remove_board(manager, board);
                manager_watch_problems(manager);
        }
}

static void on_link_ready(const BoardInfo *info, int ifindex, const char *name, void *userdata) {
        Manager *manager = userdata;
        Board *board;

        board = manager_add_board(manager, info);
        if (!board || ifindex <= 0 || board_get_session(board))
                /* The event of a board that is in a session is older than its attachment. */
                return;

        if (board_set_link(board, ifindex, name) < 0) {
                log_line(LOG_ERR, &(LogContext){.port = info->port, .interface = name},
                         "Out of memory: the board on port %s cannot be used", info->port);
                return;
        }

        manager_offer_board(manager, board);
        manager_watch_problems(manager);
}

static int on_board_monitor_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Manager *manager = userdata;
        int r;

        /* Without udev's events the daemon is blind: it ends, and the next call starts another. */
        r = board_monitor_dispatch(manager->board_monitor);
        if (r < 0) {
                log_error_errno(r, "Cannot hear from udev any more, exiting: %m");
                return sd_event_exit(manager->event, r);
        }

        return 0;
}

/* Sessions */

static const Session *manager_find_naming(const Manager *manager, const char *port) {
        for (size_t i = 0; i < manager->n_sessions; i++) {
                const Session *session = manager->sessions[i];

                if (session_names_port(session, port))
                        return session;

                /* One says 1-1.4, the other says where that is. */
                for (size_t j = 0; j < manager->n_boards; j++)
                        if (board_is_at(manager->boards[j], port) &&
                            session_names(session, manager->boards[j]))
                                return session;
        }

        return NULL;
}

/* Whether such a session could be opened now: LimitExceeded, PortBusy, ShuttingDown. */
static int check_open(const Manager *manager, const SessionSpec *spec, Failure *failure) {
        const Session *naming;
        size_t n_of_user;

        assert(manager);
        assert(spec);

        if (manager->is_stopping)
                return failure_set(failure, BUS_ERROR_SHUTTING_DOWN,
                                   "snagd is being stopped. Retry in a moment.");

        n_of_user = namespace_count_of_user(manager->namespaces, spec->owner_uid);
        if (n_of_user >= SESSIONS_PER_USER_MAX)
                return failure_set(
                        failure, BUS_ERROR_LIMIT_EXCEEDED,
                        "User %u has %zu sessions, which is the limit; closed ones count "
                        "as long as a program keeps their sockets. Close some: 'snagctl "
                        "status' lists them.",
                        spec->owner_uid, n_of_user);

        if (namespace_count_all(manager->namespaces) >= SESSIONS_MAX ||
            manager->n_sessions >= SESSIONS_MAX ||
            manager->n_sessions + manager->n_closed >= ELEMENTSOF(manager->closed))
                return failure_set(failure, BUS_ERROR_LIMIT_EXCEEDED,
                                   "All users together have %u sessions, which is the limit. Close "
                                   "some, or wait for others to end: 'snagctl status' lists them.",
                                   SESSIONS_MAX);

        naming = spec->port ? manager_find_naming(manager, spec->port) : NULL;
        if (naming)
                return failure_set(failure, BUS_ERROR_PORT_BUSY,
                                   "Port %s is taken by session %s of user %u. Wait for its end, "
                                   "close it ('snagctl close %s'), or name another port.",
                                   spec->port, session_get_id(naming),
                                   session_get_owner_uid(naming), session_get_id(naming));

        return 0;
}

int manager_open_session(Manager *manager, const SessionSpec *spec, Session **ret,
                         Failure *failure) {
        Session *session;
        int r;

        assert(manager);
        assert(ret);

        r = check_open(manager, spec, failure);
        if (r < 0)
                return r;

        r = session_new(manager, manager->last_serial + 1, spec, &session, failure);
        manager_update_idle(manager);
        if (r < 0) {
                log_line(LOG_ERR, &(LogContext){.error = r}, "Cannot open a session: %s",
                         failure && failure->text ? failure->text : strerrordesc_np(-r));
                return r;
        }

        manager->last_serial++;
        manager->sessions[manager->n_sessions++] = session;
        manager_update_idle(manager);
        if (manager->observer.on_session_added)
                manager->observer.on_session_added(session, manager->observer.userdata);

        *ret = session;
        return 0;
}

void manager_on_session_changed(Manager *manager, Session *session, unsigned properties) {
        assert(manager);
        assert(session);

        if (manager->observer.on_session_changed)
                manager->observer.on_session_changed(session, properties,
                                                     manager->observer.userdata);

        /* Its port, or its board, may be another one's now; or it waits for any board again. */
        if (properties & SESSION_PROPERTY_STATE &&
            (session_get_state(session) == SESSION_STATE_FAILED ||
             session_get_state(session) == SESSION_STATE_WAITING))
                manager_defer(manager);
}

void manager_on_session_closed(Manager *manager, Session *session) {
        size_t i = 0;

        assert(manager);
        assert(session);

        while (manager->sessions[i] != session)
                i++;
        memmove(&manager->sessions[i], &manager->sessions[i + 1],
                (manager->n_sessions - i - 1) * sizeof(manager->sessions[0]));
        manager->n_sessions--;
        manager->closed[manager->n_closed++] = session;
        manager_defer(manager);

        if (manager->observer.on_session_removed)
                manager->observer.on_session_removed(session, manager->observer.userdata);
        manager_update_idle(manager);
}

void manager_on_board_changed(Manager *manager, Board *board, unsigned properties) {
        assert(manager);
        assert(board);

        if (properties && manager->observer.on_board_changed)
                manager->observer.on_board_changed(board, properties, manager->observer.userdata);
}

/* Life cycle */

static void on_namespace_gone(void *userdata) {
        manager_update_idle(userdata);
}

static int manager_listen_kernel(Manager *manager) {
        int r;

        r = netns_init();
        if (r < 0)
                return r;

        r = rtnl_new(&manager->rtnl);
        if (r < 0)
                return r;

        return namespace_count_new(manager->event, manager->rtnl, on_namespace_gone, manager,
                                   &manager->namespaces);
}

static int manager_listen_udev(Manager *manager) {
        static const BoardMonitorCallbacks callbacks = {
                .on_board_plugged = on_board_plugged,
                .on_board_unplugged = on_board_unplugged,
                .on_link_ready = on_link_ready,
        };
        int r;

        r = board_monitor_new(&callbacks, manager, &manager->board_monitor);
        if (r < 0)
                return r;

        return sd_event_add_io(manager->event, &manager->board_monitor_source,
                               board_monitor_get_fd(manager->board_monitor), EPOLLIN,
                               on_board_monitor_io, manager);
}

int manager_new(sd_event *event, const ManagerObserver *observer, Manager **ret) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        assert(event);
        assert(ret);

        manager = calloc(1, sizeof(*manager));
        if (!manager)
                return -ENOMEM;

        manager->event = sd_event_ref(event);
        manager->was_idle = true;
        if (observer)
                manager->observer = *observer;

        r = sd_event_add_defer(event, &manager->defer_source, on_defer, manager);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(manager->defer_source, SD_EVENT_OFF);
        if (r < 0)
                return r;

        r = manager_listen_kernel(manager);
        if (r < 0)
                return r;
        r = manager_listen_udev(manager);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(manager);
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        manager->observer = (ManagerObserver){};

        while (manager->n_sessions > 0)
                session_free(manager->sessions[--manager->n_sessions]);
        while (manager->n_closed > 0)
                session_free(manager->closed[--manager->n_closed]);
        while (manager->n_boards > 0)
                board_free(manager->boards[--manager->n_boards]);
        free(manager->boards);

        manager_end_watch(manager);
        sd_event_source_disable_unref(manager->defer_source);
        sd_event_source_disable_unref(manager->board_monitor_source);
        board_monitor_free(manager->board_monitor);
        namespace_count_free(manager->namespaces);
        rtnl_free(manager->rtnl);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}

int manager_coldplug(Manager *manager) {
        assert(manager);
        return board_monitor_enumerate(manager->board_monitor);
}

bool manager_is_idle(const Manager *manager) {
        assert(manager);
        return manager->n_sessions == 0 && namespace_count_all(manager->namespaces) == 0;
}

void manager_stop(Manager *manager) {
        assert(manager);

        manager->is_stopping = true;
        while (manager->n_sessions > 0)
                session_stop(manager->sessions[manager->n_sessions - 1]);
}

Session *manager_find_session(const Manager *manager, const char *id) {
        assert(manager);
        assert(id);

        for (size_t i = 0; i < manager->n_sessions; i++)
                if (streq(session_get_id(manager->sessions[i]), id))
                        return manager->sessions[i];

        return NULL;
}

Board *manager_find_board(const Manager *manager, const char *port) {
        assert(manager);
        assert(port);

        for (size_t i = 0; i < manager->n_boards; i++)
                if (board_is_at(manager->boards[i], port))
                        return manager->boards[i];

        return NULL;
}

size_t manager_count_sessions(const Manager *manager) {
        assert(manager);
        return manager->n_sessions;
}

/* The element of @array behind @previous, the first one for NULL, else NULL. */
static void *next_of(void *const *array, size_t n, const void *previous) {
        size_t i = 0;

        while (previous && i < n)
                if (array[i++] == previous)
                        break;

        return i < n ? array[i] : NULL;
}

Session *manager_next_session(const Manager *manager, const Session *previous) {
        assert(manager);
        return next_of((void *const *) manager->sessions, manager->n_sessions, previous);
}

Board *manager_next_board(const Manager *manager, const Board *previous) {
        assert(manager);
        return next_of((void *const *) manager->boards, manager->n_boards, previous);
}

sd_event *manager_get_event(const Manager *manager) {
        assert(manager);
        return manager->event;
}

int manager_count_namespace(Manager *manager, uid_t uid, int netns_fd) {
        assert(manager);
        return namespace_count_add(manager->namespaces, uid, netns_fd);
}

Rtnl *manager_get_rtnl(const Manager *manager) {
        assert(manager);
        return manager->rtnl;
}
