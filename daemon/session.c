/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * A session is a network namespace that nobody else can see, held by one fd, in which one board at a
 * time is served by the client's sockets. Everything that can be made before a board is there is
 * made by session_new(): namespace, loopback, port rewriting, netlink sockets. When the manager
 * gives it a board, three acknowledged steps are left (session_attach()):
 *
 *     1. move, name ("rom0", "spl0"), IPv6 address generation off: one request
 *     2. address, and patience with neighbours that do not answer
 *     3. up. The kernel delivers the board's waiting request inside this step, before the transmit
 *        queue runs; so `ready` is announced when it has been acknowledged, and not before.
 *
 * They run within one turn of the event loop: `attaching` is seen by the observer, never by an event.
 * A step that fails because the device is gone is an unplug, not a failure.
 *
 * The board's unplug has two signs, in any order, each of which may be missing: RTM_DELLINK in the
 * namespace (at once), and udev's remove of the usb device (session_on_board_removed(), some 200 ms
 * later). The first one detaches, the second one finds nothing to do.
 *
 * A place is a port by its name on the bus and by its ID_PATH. Where a socket has two names by speed
 * (usb-topology.h) the session's place is where its board is now, and while that is an SPL rom_place is
 * where its ROM was: there the next ROM begins anew. That two ports are one socket is never taken for
 * granted: the next SPL has to qualify again (session_may_be_followed_by()), and a board that comes to
 * the ROM's name while there is an SPL under the other proves that they are not.
 *
 * Who owns what: the session owns its namespace fd, its netlink sockets and its event sources; all
 * of it goes with session_free(). The one thing that no fd owns is the interface while it is inside:
 * session_send_home() is its undo, and may be called in every state. Session.board and Board.session
 * point to each other, owned by neither; session_take_board() and session_drop_board() set both. */

#include "session.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "bus-contract.h"
#include "fd-util.h"
#include "log.h"
#include "manager.h"
#include "netns.h"
#include "nft.h"
#include "rtnl.h"
#include "usb-port.h"

/* A port that was not named is given up when no board has been there for so long. */
#define GIVE_UP_PORT_USEC     (60 * USEC_PER_SEC)
#define GIVE_UP_ACCURACY_USEC (1 * USEC_PER_SEC)

/* For so long after its ROM left, an SPL on another port may be what became of it. It takes the ROM one
 * to three seconds; the client gives up after this, too. */
#define FOLLOW_ELSEWHERE_USEC (30 * USEC_PER_SEC)

/* A board that never answers ARP (the ROM may not) is believed for as long as its lease runs;
 * otherwise the kernel drops everything for it after 8 s, silently. */
#define NEIGH_DELAY_PROBE_USEC (3600 * USEC_PER_SEC)

/* The machine.
 *
 * idle       Namespace and sockets exist; no board is taken.
 *            session_start() → waiting.
 * waiting    Takes the next board that session_accepts(): its first stage, on the named port if one
 *            was named.
 *            session_on_board_ready() → attaching, or failed if the interface of a board on the named
 *            port is in use.
 * attaching  The three steps, within one call. Owns the board; the interface may be on either side.
 *            → ready; → detached if it was unplugged; → failed if the kernel refused.
 * ready      Owns the board, whose interface is inside and up.
 *            RTM_DELLINK or session_on_board_removed() → detached; so does a board where its
 *            ROM was, while it has an SPL elsewhere (session_on_board_plugged()).
 * detached   The board left. The port is kept: the SPL comes back there, or under the other name of
 *            that socket, or a ROM that begins anew.
 *            session_on_board_ready() → attaching; on_give_up() → waiting, forgetting a port that
 *            was not named.
 * failed     Final. The interface is home; the namespace stays until the client closes it.
 * closed     Nothing is owned any more. From every state, by session_close(). */
static const char *const session_state_table[_SESSION_STATE_MAX] = {
        [SESSION_STATE_IDLE] = "idle",           [SESSION_STATE_WAITING] = "waiting",
        [SESSION_STATE_ATTACHING] = "attaching", [SESSION_STATE_READY] = "ready",
        [SESSION_STATE_DETACHED] = "detached",   [SESSION_STATE_FAILED] = "failed",
        [SESSION_STATE_CLOSED] = "closed",
};
DEFINE_STRING_TABLE(session_state, SessionState);

#define TO(state) (1u << SESSION_STATE_##state)
static const unsigned transitions[_SESSION_STATE_MAX] = {
        [SESSION_STATE_IDLE] = TO(WAITING) | TO(FAILED) | TO(CLOSED),
        [SESSION_STATE_WAITING] = TO(ATTACHING) | TO(FAILED) | TO(CLOSED),
        [SESSION_STATE_ATTACHING] = TO(READY) | TO(DETACHED) | TO(FAILED) | TO(CLOSED),
        [SESSION_STATE_READY] = TO(DETACHED) | TO(FAILED) | TO(CLOSED),
        [SESSION_STATE_DETACHED] = TO(ATTACHING) | TO(WAITING) | TO(FAILED) | TO(CLOSED),
        [SESSION_STATE_FAILED] = TO(CLOSED),
        [SESSION_STATE_CLOSED] = 0,
};
#undef TO

/* A USB port by both of its names; either may be NULL. */
typedef struct Place {
        char *port;
        char *id_path;
} Place;

struct Session {
        Manager *manager; /* not owned */
        char id[sizeof("s18446744073709551615")];
        const Soc *soc;
        Stage first_stage;
        bool is_untried;  /* SessionSpec's */
        char *named_port; /* as the client named it, NULL: any */
        uid_t owner_uid;
        void *userdata;

        SessionState state;
        Failure failure;
        Place place;     /* named, or where its board is, or was */
        Place rom_place; /* the other name of that, under which the ROM was there; or nothing */
        Stage stage;     /* of the last board; meaningful if attach_usec is set */
        UsbTopology topology; /* of that one's port */
        uint64_t left_usec;   /* when it left */
        uint64_t plug_usec;
        uint64_t attach_usec;
        uint64_t ready_usec;
        uint64_t start_usec;
        uint64_t waiting_usec;

        int netns_fd;
        Rtnl *rtnl; /* inside */
        RtnlMonitor *monitor;
        sd_event_source *monitor_source;
        sd_event_source *give_up_source;
        unsigned n_sockets;

        Board *board;                     /* not owned; NULL: none */
        int ifindex;                      /* of its interface, probably inside; 0: surely not */
        char host_interface[IF_NAMESIZE]; /* what it was called at home */
        uint64_t returned_plug_usec;      /* the plug of the board that it gave back itself */
        uint64_t skipped_plug_usec;       /* and of the one in use that was logged last */
};

static void place_done(Place *place) {
        free(place->port);
        free(place->id_path);
        *place = (Place){};
}

static const char *link_name(Stage stage) {
        static const char *const names[_STAGE_MAX] = {[STAGE_ROM] = "rom0", [STAGE_SPL] = "spl0"};

        return names[stage];
}

static LogContext log_context(const Session *session) {
        return (LogContext){
                .session = session->id,
                .port = session->place.port ?: session->place.id_path,
                .interface = session->board ? session->host_interface : NULL,
        };
}

static void session_log(const Session *session, int level, const char *message_id,
                        const char *format, ...) _printf_(4, 5);

/* One line about the session and its place, which the text need not name. */
static void session_log(const Session *session, int level, const char *message_id,
                        const char *format, ...) {
        LogContext context = log_context(session);
        _cleanup_free_ char *text = NULL;
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(&text, format, args);
        va_end(args);
        if (r < 0)
                text = NULL;

        context.message_id = message_id;
        if (context.port)
                log_line(level, &context, "Session %s on port %s: %s", session->id, context.port,
                         text ?: "(out of memory)");
        else
                log_line(level, &context, "Session %s: %s", session->id, text ?: "(out of memory)");
}

/* The one place where the state changes. @properties are what changed along with it. */
static void session_set_state(Session *session, SessionState state, unsigned properties) {
        LogContext context = log_context(session);

        assert(transitions[session->state] & (1u << state));

        log_line(LOG_DEBUG, &context, "Session %s: %s -> %s", session->id,
                 session_state_to_string(session->state), session_state_to_string(state));
        session->state = state;

        if (state == SESSION_STATE_WAITING)
                session->waiting_usec = now_usec();
        if (state != SESSION_STATE_DETACHED)
                session->give_up_source = sd_event_source_disable_unref(session->give_up_source);
        if (state != SESSION_STATE_CLOSED)
                manager_on_session_changed(session->manager, session,
                                           SESSION_PROPERTY_STATE | properties);
}

/* Brings the interface back to the host, wherever in an attachment we are; does nothing if it is
 * not inside. Returns whether it was. */
static bool session_send_home(Session *session) {
        Rtnl *host = manager_get_rtnl(session->manager);
        LogContext context;
        RtnlLink link;
        int ifindex, r;

        if (session->ifindex <= 0)
                return false;

        r = rtnl_link_move_home(session->rtnl, session->ifindex, host, netns_home_fd(),
                                session->host_interface, &ifindex);
        if (errno_is_unplug(r) &&
            rtnl_link_find(session->rtnl, link_name(session->stage), &link) >= 0)
                /* The move in gave it another index and failed after that. */
                r = rtnl_link_move_home(session->rtnl, link.ifindex, host, netns_home_fd(),
                                        session->host_interface, &ifindex);
        session->ifindex = 0;
        if (r >= 0)
                return true;
        if (errno_is_unplug(r))
                return false;

        context = log_context(session);
        context.message_id = LOG_ID_INTERFACE_STRAY;
        context.error = r;
        log_line(LOG_ERR, &context,
                 "Session %s: could not move interface %s of the board on port %s back to the host "
                 "(%m); unplug the board and plug it in again",
                 session->id, session->host_interface, session->place.port);
        return true;
}

/* Lets go of the board, whether it is plugged in or not, and undoes what was done to it. */
static void session_drop_board(Session *session) {
        Board *board = session->board;

        if (!board)
                return;

        /* If the interface was inside, udev will announce it at home; if it was unplugged, there is
         * nothing to move; and if it never went in, it is as ready as it was. */
        if (session_send_home(session)) {
                board_clear_link(board);
                board_set_returned_usec(board, now_usec());
                session->returned_plug_usec = board_get_plug_usec(board);
        }

        session->board = NULL;
        manager_on_board_changed(session->manager, board, board_set_session(board, NULL));
}

static void session_release(Session *session) {
        session_drop_board(session);
        session->give_up_source = sd_event_source_disable_unref(session->give_up_source);
        session->monitor_source = sd_event_source_disable_unref(session->monitor_source);
        session->monitor = rtnl_monitor_free(session->monitor);
        session->rtnl = rtnl_free(session->rtnl);
        session->netns_fd = fd_close(session->netns_fd);
}

/* Final. @failure is taken over. */
static void session_fail(Session *session, Failure *failure, int error) {
        LogContext context = log_context(session);

        context.message_id = LOG_ID_SESSION_FAILED;
        context.error = error;
        log_line(LOG_ERR, &context, "%s", failure->text ?: failure->name);

        failure_done(&session->failure);
        session->failure = TAKE(*failure, (Failure){});
        session_drop_board(session);
        session_set_state(session, SESSION_STATE_FAILED, SESSION_PROPERTY_FAILURE);
}

static int on_give_up(sd_event_source *source, uint64_t usec, void *userdata) {
        Session *session = userdata;
        unsigned properties = 0;

        assert(session->state == SESSION_STATE_DETACHED);

        if (!session->named_port) {
                session_log(session, LOG_INFO, NULL, "no board came back, giving the port up");
                place_done(&session->place);
                place_done(&session->rom_place);
                properties = SESSION_PROPERTY_PORT | SESSION_PROPERTY_ID_PATH;
        } else if (session->rom_place.port) {
                /* The name that the client knows, and waits at. */
                place_done(&session->place);
                session->place = TAKE(session->rom_place, (Place){});
                properties = SESSION_PROPERTY_PORT | SESSION_PROPERTY_ID_PATH;
        }

        session_set_state(session, SESSION_STATE_WAITING, properties);
        return 0;
}

/* The ordinary end of a board: it was unplugged, by a person or by its own next stage. */
static void session_detach(Session *session) {
        int r;

        session_log(session, LOG_INFO, LOG_ID_BOARD_DETACHED, "the board left");
        session->left_usec = now_usec();
        session_drop_board(session);
        session_set_state(session, SESSION_STATE_DETACHED, 0);

        r = sd_event_add_time_relative(manager_get_event(session->manager),
                                       &session->give_up_source, CLOCK_MONOTONIC, GIVE_UP_PORT_USEC,
                                       GIVE_UP_ACCURACY_USEC, on_give_up, session);
        if (r < 0)
                session_log(session, LOG_WARNING, NULL,
                            "cannot set the timer to give the port up: %s", strerrordesc_np(-r));
}

/* Whether it has a board that could leave. The steps of an attachment find out by themselves: no event
 * comes between them. */
static bool session_has_board(const Session *session) {
        switch (session->state) {
        case SESSION_STATE_READY:
                return true;

        case SESSION_STATE_IDLE:
        case SESSION_STATE_WAITING:
        case SESSION_STATE_ATTACHING:
        case SESSION_STATE_DETACHED:
        case SESSION_STATE_FAILED:
        case SESSION_STATE_CLOSED:
                return false;

        case _SESSION_STATE_MAX:
                break;
        }

        assert(false);
        return false;
}

/* Whether the board's interface went from the namespace. An event may be older than the move that
 * brought the interface in: so the kernel is asked, and its answer counts. */
static void session_check_link(Session *session) {
        RtnlLink link;

        if (!session_has_board(session) ||
            !errno_is_unplug(rtnl_link_get(session->rtnl, session->ifindex, &link)))
                return;

        session->ifindex = 0;
        board_clear_link(session->board);
        session_detach(session);
}

static void on_link_removed(int ifindex, const char *name, bool is_moved, void *userdata) {
        Session *session = userdata;

        if (ifindex == session->ifindex)
                session_check_link(session);
}

static void on_overflow(void *userdata) {
        session_check_link(userdata);
}

static int on_monitor_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_failure_ Failure failure = {};
        Session *session = userdata;
        int r;

        r = rtnl_monitor_dispatch(session->monitor);
        if (r >= 0)
                return 0;

        session->monitor_source = sd_event_source_disable_unref(session->monitor_source);
        failure_set(&failure, BUS_ERROR_LINK_FAILED,
                    "Session %s no longer hears from the kernel about its interface. Close it and "
                    "open another one.",
                    session->id);
        if (session->state != SESSION_STATE_FAILED)
                session_fail(session, &failure, r);
        return 0;
}

/* Fixes the session's place by the board that it takes. Returns what changed, or -ENOMEM. */
static int session_adopt_place(Session *session, const Board *board) {
        bool is_elsewhere = session_may_be_followed_by(session, board);
        _cleanup_(place_done) Place place = {};
        int properties = 0;

        place.port = strdup(board_get_port(board));
        if (!place.port)
                return -ENOMEM;
        if (*board_get_id_path(board)) {
                place.id_path = strdup(board_get_id_path(board));
                if (!place.id_path)
                        return -ENOMEM;
        }

        if (!streq_ptr(session->place.port, place.port))
                properties |= SESSION_PROPERTY_PORT;
        if (!streq_ptr(session->place.id_path, place.id_path))
                properties |= SESSION_PROPERTY_ID_PATH;

        if (is_elsewhere || board_get_stage(board) == STAGE_ROM)
                place_done(&session->rom_place);
        if (is_elsewhere)
                session->rom_place = TAKE(session->place, (Place){});
        place_done(&session->place);
        session->place = TAKE(place, (Place){});
        return properties;
}

/* The record of an attachment, made before the first step so that each has an owner. */
static int session_take_board(Session *session, Board *board) {
        int properties;

        properties = session_adopt_place(session, board);
        if (properties < 0)
                return properties;

        session->board = board;
        session->ifindex = board_get_ifindex(board);
        snprintf(session->host_interface, sizeof(session->host_interface), "%s",
                 board_get_interface(board));
        session->stage = board_get_stage(board);
        session->topology = *board_get_topology(board);
        session->plug_usec = board_get_plug_usec(board);
        session->attach_usec = now_usec();
        session->ready_usec = 0;

        manager_on_board_changed(session->manager, board,
                                 board_set_session(board, session) | board_set_problem(board, ""));
        session_set_state(session, SESSION_STATE_ATTACHING,
                          (unsigned) properties | SESSION_PROPERTY_STAGE |
                                  SESSION_PROPERTY_PLUG_USEC | SESSION_PROPERTY_ATTACH_USEC |
                                  SESSION_PROPERTY_READY_USEC);
        return 0;
}

/* The three steps. On failure @ret_step says which one, for people. */
static int session_attach(Session *session, const char **ret_step) {
        struct in_addr address;
        int r;

        r = inet_pton(AF_INET, SESSION_SERVER_ADDRESS, &address);
        assert(r == 1);

        r = rtnl_link_move(manager_get_rtnl(session->manager), session->ifindex, session->rtnl,
                           session->netns_fd, link_name(session->stage), &session->ifindex);
        if (r < 0) {
                *ret_step = "moving it into the session";
                return r;
        }

        r = rtnl_addr_add(session->rtnl, session->ifindex, address, SESSION_PREFIX_LEN);
        if (r < 0) {
                *ret_step = "giving it an address";
                return r;
        }

        r = rtnl_neigh_set_delay_probe(session->rtnl, session->ifindex, NEIGH_DELAY_PROBE_USEC);
        if (r < 0) {
                *ret_step = "setting its neighbour parameters";
                return r;
        }

        r = rtnl_link_set_up(session->rtnl, session->ifindex);
        if (r < 0) {
                *ret_step = "bringing it up";
                return r;
        }

        return 0;
}

static void session_fail_link(Session *session, Board *board, const char *step, int error) {
        _cleanup_failure_ Failure failure = {};

        /* Not for those who wait already: else it would make one after another fail. */
        board_set_returned_usec(board, now_usec());
        failure_set(&failure, BUS_ERROR_LINK_FAILED,
                    "Session %s: the kernel refused interface %s of the board on port %s (%s: %s). "
                    "Unplug the board, plug it in again and retry.",
                    session->id, board_get_interface(board), board_get_port(board), step,
                    strerrordesc_np(-error));
        session_fail(session, &failure, error);
}

static void session_try_board(Session *session, Board *board) {
        const char *step = NULL;
        int r;

        r = session_take_board(session, board);
        if (r < 0) {
                session_fail_link(session, board, "taking note of its port", r);
                return;
        }

        r = session_attach(session, &step);
        if (errno_is_unplug(r)) {
                /* Its events are under way. If it is there after all, it is not tried again. */
                session_detach(session);
                board_clear_link(board);
                return;
        }
        if (r < 0) {
                session_fail_link(session, board, step, r);
                return;
        }

        session->ready_usec = now_usec();
        session_set_state(session, SESSION_STATE_READY, SESSION_PROPERTY_READY_USEC);
        session_log(session, LOG_INFO, LOG_ID_BOARD_ATTACHED, "%s is ready as %s (stage %s)",
                    session->host_interface, link_name(session->stage),
                    stage_to_string(session->stage));
}

/* What to do with a board whose interface somebody uses, as @problem says. Returns whether it may be
 * taken. */
static bool session_may_take_used(Session *session, Board *board, const char *problem) {
        _cleanup_failure_ Failure failure = {};
        LogContext context = log_context(session);

        context.message_id = LOG_ID_INTERFACE_BUSY;
        context.port = board_get_port(board);
        context.interface = board_get_interface(board);

        if (session->first_stage == STAGE_ROM) {
                /* A ROM, and the SPL that follows it: nobody can have a use for it but recovery. */
                log_line(LOG_WARNING, &context,
                         "Session %s: takes the board on port %s although another program has set "
                         "up its interface %s: are the rules of snagd installed, or is it a "
                         "program that does not go by them (dhcpcd, connman, ifupdown)?",
                         session->id, board_get_port(board), board_get_interface(board));
                return true;
        }

        manager_set_problem(session->manager, board, problem);
        if (!session->named_port) {
                if (session->skipped_plug_usec == board_get_plug_usec(board))
                        return false;
                session->skipped_plug_usec = board_get_plug_usec(board);
                log_line(LOG_NOTICE, &context, "Session %s: leaves the board on port %s alone: %s",
                         session->id, board_get_port(board), problem);
                return false;
        }

        failure_set(&failure, BUS_ERROR_INTERFACE_BUSY,
                    "Session %s cannot have the board on port %s. %s", session->id,
                    board_get_port(board), problem);
        session_fail(session, &failure, 0);
        return false;
}

void session_on_board_ready(Session *session, Board *board) {
        _cleanup_free_ char *problem = NULL;
        int r;

        assert(session);
        assert(board);

        switch (session->state) {
        case SESSION_STATE_WAITING:
        case SESSION_STATE_DETACHED:
                assert(!session->board);
                assert(!board_get_session(board));

                r = manager_check_link(session->manager, board, &problem);
                if (errno_is_unplug(r))
                        /* It left before its events did. */
                        return;
                if (r < 0)
                        session_fail_link(session, board, "looking at it", r);
                else if (r == 0 || session_may_take_used(session, board, problem))
                        session_try_board(session, board);
                return;

        case SESSION_STATE_IDLE:
        case SESSION_STATE_ATTACHING:
        case SESSION_STATE_READY:
        case SESSION_STATE_FAILED:
        case SESSION_STATE_CLOSED:
                /* session_accepts() said no. */
                return;

        case _SESSION_STATE_MAX:
                break;
        }

        assert(false);
}

/* The other sign of the unplug may have come first. */
void session_on_board_removed(Session *session, Board *board) {
        assert(session);

        if (session_has_board(session) && session->board == board)
                session_detach(session);
}

void session_on_board_plugged(Session *session, const Board *board) {
        assert(session);
        assert(board);

        if (!session_has_board(session) ||
            !streq_ptr(session->rom_place.port, board_get_port(board)))
                return;

        session_log(session, LOG_WARNING, NULL,
                    "the board is back on port %s; letting go of what was taken for it",
                    session->rom_place.port);
        session_detach(session);
}

int session_start(Session *session, Failure *failure) {
        assert(session);

        switch (session->state) {
        case SESSION_STATE_IDLE:
                session->start_usec = now_usec();
                session_set_state(session, SESSION_STATE_WAITING, 0);
                manager_offer_boards(session->manager);
                return 0;

        case SESSION_STATE_WAITING:
        case SESSION_STATE_ATTACHING:
        case SESSION_STATE_READY:
        case SESSION_STATE_DETACHED:
                return failure_set(failure, BUS_ERROR_WRONG_STATE,
                                   "Session %s has been started already; it is %s.", session->id,
                                   session_state_to_string(session->state));

        case SESSION_STATE_FAILED:
        case SESSION_STATE_CLOSED:
                return failure_set(failure, BUS_ERROR_WRONG_STATE,
                                   "Session %s has failed. Close it and open another one.",
                                   session->id);

        case _SESSION_STATE_MAX:
                break;
        }

        assert(false);
        return -EINVAL;
}

int session_open_socket(Session *session, int *ret_fd, Failure *failure) {
        int r;

        assert(session);
        assert(ret_fd);

        if (session->state == SESSION_STATE_FAILED || session->state == SESSION_STATE_CLOSED)
                return failure_set(failure, BUS_ERROR_WRONG_STATE,
                                   "Session %s has failed. Close it and open another one.",
                                   session->id);

        /* Whether the client has closed one again cannot be known: what counts is what it got. */
        if (session->n_sockets >= SOCKETS_PER_SESSION_MAX)
                return failure_set(failure, BUS_ERROR_LIMIT_EXCEEDED,
                                   "Session %s has had its %u sockets. Keep and reuse them.",
                                   session->id, SOCKETS_PER_SESSION_MAX);

        r = netns_open_socket(session->netns_fd, AF_INET, SOCK_DGRAM, 0, ret_fd);
        if (r == -ENOMEM || r == -ENOBUFS || r == -EMFILE || r == -ENFILE)
                return failure_set(failure, BUS_ERROR_NO_MEMORY,
                                   "Session %s: no socket can be had now (%s). Close other "
                                   "sessions and retry.",
                                   session->id, strerrordesc_np(-r));
        if (r < 0)
                return failure_set(
                        failure, BUS_ERROR_LINK_FAILED,
                        "Session %s: the kernel refused a socket (%s). Close the session "
                        "and open another one.",
                        session->id, strerrordesc_np(-r));

        session->n_sockets++;
        return 0;
}

/* All is set up but the neighbour guard. */
#define UNGUARDED 1

/* In the namespace: so it logs nothing. libsystemd would open its socket to the journal there, and keep it, and with it
 * the namespace, for ever. Whatever was made is the session's, also on failure. Returns 0, UNGUARDED or a negative
 * errno. */
static int set_up_namespace(void *userdata) {
        static const NftPortRewrite rewrites[] = {
                {67, SESSION_BOOTP_PORT},
                {69, SESSION_TFTP_PORT},
        };
        static const RtnlMonitorCallbacks callbacks = {
                .link_removed = on_link_removed,
                .overflow = on_overflow,
        };
        Session *session = userdata;
        struct in_addr board_address;
        int r, k;

        r = rtnl_new(&session->rtnl);
        if (r < 0)
                return r;

        r = rtnl_loopback_up(session->rtnl);
        if (r < 0)
                return r;

        r = rtnl_monitor_new(&callbacks, session, &session->monitor);
        if (r < 0)
                return r;

        r = nft_install_port_rewriting(rewrites, ELEMENTSOF(rewrites));
        if (r < 0)
                return r;

        k = inet_pton(AF_INET, SESSION_CLIENT_ADDRESS, &board_address);
        assert(k == 1);
        r = nft_install_neighbour_guard(board_address.s_addr);
        return r == -EOPNOTSUPP ? UNGUARDED : r;
}

/* Boards can be recovered all the same. */
static void warn_unguarded(void) {
        static bool has_warned = false;

        if (!has_warned)
                log_warning("The kernel lacks nf_tables for ARP, IPv4 or IPv6: a board that "
                            "misbehaves can fill the host's neighbour tables");
        has_warned = true;
}

static int session_make_namespace(Session *session, Failure *failure) {
        int r;

        r = netns_new(&session->netns_fd);
        if (r < 0)
                goto fail;

        r = manager_count_namespace(session->manager, session->owner_uid, session->netns_fd);
        if (r < 0)
                goto fail;

        r = netns_run(session->netns_fd, set_up_namespace, session);
        if (r < 0)
                goto fail;
        if (r == UNGUARDED)
                warn_unguarded();

        r = sd_event_add_io(manager_get_event(session->manager), &session->monitor_source,
                            rtnl_monitor_get_fd(session->monitor), EPOLLIN, on_monitor_io, session);
        if (r < 0)
                goto fail;

        return 0;

fail:
        if (r == -EOPNOTSUPP)
                return failure_set(failure, BUS_ERROR_KERNEL_UNSUPPORTED,
                                   "No session can be opened: the kernel has no nf_tables and "
                                   "cannot load it. If the kernel was upgraded since the last "
                                   "boot, reboot; otherwise use one with CONFIG_NF_TABLES.");
        if (r == -ENOMEM || r == -ENOBUFS || r == -EMFILE || r == -ENFILE)
                return failure_set(failure, BUS_ERROR_NO_MEMORY,
                                   "No session can be opened now (%s). Close other sessions and "
                                   "retry.",
                                   strerrordesc_np(-r));
        if (r == -ENOSPC)
                return failure_set(failure, BUS_ERROR_LIMIT_EXCEEDED,
                                   "No session can be opened: the kernel allows no further network "
                                   "namespace. Close other sessions, or raise "
                                   "user.max_net_namespaces.");
        return failure_set(failure, BUS_ERROR_LINK_FAILED,
                           "No session can be opened: the kernel refused its network namespace "
                           "(%s). See the journal of snagd.service.",
                           strerrordesc_np(-r));
}

static int session_copy_port(Session *session, const char *port) {
        char **place = usb_port_is_valid(port) ? &session->place.port : &session->place.id_path;
        int r;

        r = usb_id_path_without_interface(port, &session->named_port);
        if (r < 0)
                return r;

        *place = strdup(session->named_port);
        return *place ? 0 : -ENOMEM;
}

int session_new(Manager *manager, uint64_t serial, const SessionSpec *spec, Session **ret,
                Failure *failure) {
        _cleanup_(session_freep) Session *session = NULL;
        int r;

        assert(manager);
        assert(spec && spec->soc);
        assert(ret);

        session = calloc(1, sizeof(*session));
        if (!session)
                return failure_set(failure, BUS_ERROR_NO_MEMORY, "Out of memory.");

        session->manager = manager;
        session->soc = spec->soc;
        session->first_stage = spec->first_stage;
        session->is_untried = spec->is_untried;
        session->owner_uid = spec->owner_uid;
        session->userdata = spec->userdata;
        session->netns_fd = -EBADF;
        snprintf(session->id, sizeof(session->id), "s%" PRIu64, serial);

        if (spec->port && session_copy_port(session, spec->port) < 0)
                return failure_set(failure, BUS_ERROR_NO_MEMORY, "Out of memory.");

        r = session_make_namespace(session, failure);
        if (r < 0)
                return r;

        session_log(session, LOG_INFO, LOG_ID_SESSION_OPENED, "opened for user %u",
                    session->owner_uid);
        *ret = TAKE_PTR(session);
        return 0;
}

Session *session_free(Session *session) {
        if (!session)
                return NULL;

        session_release(session);
        failure_done(&session->failure);
        free(session->named_port);
        place_done(&session->place);
        place_done(&session->rom_place);
        free(session);
        return NULL;
}

void session_close(Session *session) {
        assert(session);

        if (session->state == SESSION_STATE_CLOSED)
                return;

        session_release(session);
        session_set_state(session, SESSION_STATE_CLOSED, 0);
        session_log(session, LOG_INFO, LOG_ID_SESSION_CLOSED, "closed");
        manager_on_session_closed(session->manager, session);
}

void session_stop(Session *session) {
        assert(session);

        if (session->state != SESSION_STATE_FAILED && session->state != SESSION_STATE_CLOSED) {
                failure_set(&session->failure, BUS_ERROR_SHUTTING_DOWN,
                            "Session %s has ended: snagd is being stopped. Retry in a moment.",
                            session->id);
                session_drop_board(session);
                session_set_state(session, SESSION_STATE_FAILED, SESSION_PROPERTY_FAILURE);
        }
        session_close(session);
}

bool session_is_named(const Session *session) {
        assert(session);
        return session->named_port;
}

bool session_wants_untried(const Session *session) {
        assert(session);
        return session->is_untried;
}

bool session_names_port(const Session *session, const char *port) {
        _cleanup_free_ char *id_path = NULL;

        assert(session);
        assert(port);

        return session->named_port && session->state != SESSION_STATE_FAILED &&
               usb_id_path_without_interface(port, &id_path) >= 0 &&
               streq(session->named_port, id_path);
}

bool session_names(const Session *session, const Board *board) {
        assert(session);
        assert(board);

        return session->named_port && session->state != SESSION_STATE_FAILED &&
               board_is_at(board, session->named_port);
}

bool session_holds(const Session *session, const Board *board) {
        assert(session);
        assert(board);

        switch (session->state) {
        case SESSION_STATE_ATTACHING:
        case SESSION_STATE_READY:
        case SESSION_STATE_DETACHED:
                return streq(session->place.port, board_get_port(board)) ||
                       streq_ptr(session->rom_place.port, board_get_port(board));

        case SESSION_STATE_IDLE:
        case SESSION_STATE_WAITING:
        case SESSION_STATE_FAILED:
        case SESSION_STATE_CLOSED:
                return false;

        case _SESSION_STATE_MAX:
                break;
        }

        assert(false);
        return false;
}

/* A ROM's USB ids tell the SoC. An SPL's are those of its build, which many share: behind its ROM, on
 * the same port, it is the same board, whatever it calls itself. */
static bool session_knows_soc(const Session *session, const Board *board) {
        if (session->soc == board_get_soc(board))
                return true;
        return session->state == SESSION_STATE_DETACHED && board_get_stage(board) == STAGE_SPL;
}

bool session_accepts(const Session *session, const Board *board) {
        assert(session);
        assert(board);

        if (!session_knows_soc(session, board))
                return false;

        /* A board that it gave back itself, for one reason or another, is not tried again. */
        if (session->returned_plug_usec &&
            session->returned_plug_usec == board_get_plug_usec(board))
                return false;

        switch (session->state) {
        case SESSION_STATE_WAITING:
                return board_get_stage(board) == session->first_stage &&
                       (!session->named_port || session_names(session, board));

        case SESSION_STATE_DETACHED:
                if (!session_holds(session, board))
                        return false;

                /* The SPL follows, or a ROM begins anew; unless the client handles no ROM. */
                return board_get_stage(board) == STAGE_SPL || session->first_stage == STAGE_ROM;

        case SESSION_STATE_IDLE:
        case SESSION_STATE_ATTACHING:
        case SESSION_STATE_READY:
        case SESSION_STATE_FAILED:
        case SESSION_STATE_CLOSED:
                return false;

        case _SESSION_STATE_MAX:
                break;
        }

        assert(false);
        return false;
}

bool session_is_following(const Session *session, const Board *board) {
        assert(session);
        assert(board);

        return session->state == SESSION_STATE_DETACHED && board_get_stage(board) == STAGE_SPL &&
               session_accepts(session, board);
}

bool session_may_be_followed_by(const Session *session, const Board *board) {
        assert(session);
        assert(board);

        /* What was there before the ROM left is no part of it, nor what anybody has had already. */
        return session->state == SESSION_STATE_DETACHED && session->stage == STAGE_ROM &&
               board_get_stage(board) == STAGE_SPL && board_get_returned_usec(board) == 0 &&
               board_get_plug_usec(board) >= session->left_usec &&
               board_get_plug_usec(board) - session->left_usec <= FOLLOW_ELSEWHERE_USEC &&
               usb_topology_may_be_same_socket(&session->topology, board_get_topology(board));
}

const char *session_get_id(const Session *session) {
        assert(session);
        return session->id;
}

SessionState session_get_state(const Session *session) {
        assert(session);
        return session->state;
}

const char *session_get_stage(const Session *session) {
        assert(session);
        return session->attach_usec > 0 ? stage_to_string(session->stage) : "";
}

const char *session_get_port(const Session *session) {
        assert(session);
        return session->place.port ?: "";
}

const char *session_get_id_path(const Session *session) {
        assert(session);
        return session->place.id_path ?: "";
}

const Soc *session_get_soc(const Session *session) {
        assert(session);
        return session->soc;
}

const Failure *session_get_failure(const Session *session) {
        assert(session);
        return &session->failure;
}

uint64_t session_get_plug_usec(const Session *session) {
        assert(session);
        return session->plug_usec;
}

uint64_t session_get_attach_usec(const Session *session) {
        assert(session);
        return session->attach_usec;
}

uint64_t session_get_ready_usec(const Session *session) {
        assert(session);
        return session->ready_usec;
}

uint64_t session_get_start_usec(const Session *session) {
        assert(session);
        return session->start_usec;
}

uint64_t session_get_waiting_usec(const Session *session) {
        assert(session);
        return session->waiting_usec;
}

uid_t session_get_owner_uid(const Session *session) {
        assert(session);
        return session->owner_uid;
}

void *session_get_userdata(const Session *session) {
        assert(session);
        return session->userdata;
}
