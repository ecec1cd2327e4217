/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * The owner of a session is one connection, known by its unique bus name, which the bus driver
 * never gives to another connection while it runs. Each session that came over the bus has an
 * Owner as its userdata: made before the session, freed when the core says that it is gone. It
 * holds a watch on that name; when it leaves, the session is closed.
 *
 *     OpenSocket, Start   the owner, nobody else
 *     Close               the owner; any connection of the same uid; others by polkit
 *
 * A call to a session that is gone is answered with SessionGone, not with sd-bus's UnknownObject:
 * a client meets it whenever its session ends while a call is under way. */

#include "session-bus.h"

#include <assert.h>

#include "bus-contract.h"
#include "call-bus.h"
#include "fd-util.h"
#include "log.h"
#include "object-bus.h"

typedef struct Owner {
        BusEdge *edge; /* not owned */
        char *name;    /* ":1.42" */
        sd_bus_track *track;
        Session *session; /* not owned; NULL until there is one */
} Owner;

static Owner *owner_free(Owner *owner) {
        if (!owner)
                return NULL;

        sd_bus_track_unref(owner->track);
        free(owner->name);
        free(owner);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Owner, owner_free);

static int on_owner_left(sd_bus_track *track, void *userdata) {
        Owner *owner = userdata;

        /* Frees @owner by way of session_bus_on_removed(); sd-bus holds @track meanwhile. */
        if (owner->session)
                session_close(owner->session);
        return 1;
}

/* -ENXIO: it has left already. */
static int owner_new(BusEdge *edge, const char *name, Owner **ret) {
        _cleanup_(owner_freep) Owner *owner = NULL;
        int r;

        owner = calloc(1, sizeof(*owner));
        if (!owner)
                return -ENOMEM;
        owner->edge = edge;
        owner->name = strdup(name);
        if (!owner->name)
                return -ENOMEM;
        r = sd_bus_track_new(edge->bus, &owner->track, on_owner_left, owner);
        if (r < 0)
                return r;
        r = sd_bus_track_add_name(owner->track, name);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(owner);
        return 0;
}

static bool is_owner(const Session *session, sd_bus_message *call) {
        const Owner *owner = session_get_userdata(session);

        return streq_ptr(owner->name, sd_bus_message_get_sender(call));
}

static int check_owner(const Session *session, sd_bus_message *call, sd_bus_error *error) {
        if (is_owner(session, call))
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_NOT_OWNER,
                                 "Session %s belongs to another program; open one of your own.",
                                 session_get_id(session));
}

int session_bus_get_path(const Session *session, char **ret) {
        return sd_bus_path_encode(BUS_PATH_SESSIONS, session_get_id(session), ret);
}

int session_bus_open(BusEdge *edge, sd_bus_message *call, SessionSpec *spec, sd_bus_error *error) {
        _cleanup_failure_ Failure failure = {};
        _cleanup_(owner_freep) Owner *owner = NULL;
        _cleanup_free_ char *path = NULL;
        Session *session;
        int r;

        r = owner_new(edge, sd_bus_message_get_sender(call), &owner);
        if (r < 0)
                return r;

        spec->userdata = owner;
        r = manager_open_session(edge->manager, spec, &session, &failure);
        if (r < 0)
                return call_set_failure(error, r, &failure);
        TAKE_PTR(owner)->session = session;

        r = session_bus_get_path(session, &path);
        if (r >= 0)
                r = sd_bus_reply_method_return(call, "o", path);
        if (r < 0)
                session_close(session); /* nobody would know of it */
        return r;
}

/* What the bus cannot deliver because the client does not read, it keeps, and dbus-daemon counts the fds
 * among it against us: with 64 of them it stops to read from us until that client goes. Nothing here
 * can know what he has read; so whoever may open eight sessions can hold up the others' (tried).
 * dbus-broker counts them against the receiver. */
static int method_open_socket(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_failure_ Failure failure = {};
        _cleanup_fd_ int fd = -EBADF;
        Session *session = userdata;
        int r;

        r = call_read_options(call, NULL, 0, error);
        if (r < 0)
                return r;
        r = check_owner(session, call, error);
        if (r < 0)
                return r;
        r = session_open_socket(session, &fd, &failure);
        if (r < 0)
                return call_set_failure(error, r, &failure);

        return sd_bus_reply_method_return(call, "h", fd); /* duplicates */
}

static int method_start(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_failure_ Failure failure = {};
        Session *session = userdata;
        int r;

        r = check_owner(session, call, error);
        if (r < 0)
                return r;
        r = session_start(session, &failure);
        if (r < 0)
                return call_set_failure(error, r, &failure);

        return sd_bus_reply_method_return(call, NULL);
}

/* Whether the sender may end @session: 1, 0 where polkit has been asked, or an error. */
static int authorize_close(const Session *session, sd_bus_message *call, sd_bus_error *error) {
        const Owner *owner = session_get_userdata(session);
        PolkitRequest request = {
                .action = POLKIT_ACTION_MANAGE,
                .soc = session_get_soc(session)->name,
                .port = session_get_port(session),
                .stage = session_get_stage(session),
        };
        int r;

        if (is_owner(session, call))
                return 1;

        r = call_get_uid(call, &request.uid, error);
        if (r < 0)
                return r;
        if (request.uid == session_get_owner_uid(session))
                return 1;

        return polkit_authorize(owner->edge->polkit, call, &request, error);
}

static int method_close(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Session *session = userdata;
        int r;

        r = call_read_options(call, NULL, 0, error);
        if (r < 0)
                return r;
        r = authorize_close(session, call, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1; /* asked; runs again */

        session_close(session);
        return sd_bus_reply_method_return(call, NULL);
}

static int property_get_state(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error) {
        return sd_bus_message_append(reply, "s",
                                     session_state_to_string(session_get_state(userdata)));
}

static int property_get_stage(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", session_get_stage(userdata));
}

static int property_get_port(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", session_get_port(userdata));
}

static int property_get_id_path(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", session_get_id_path(userdata));
}

static int property_get_soc(sd_bus *bus, const char *path, const char *interface,
                            const char *property, sd_bus_message *reply, void *userdata,
                            sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", session_get_soc(userdata)->name);
}

static int property_get_failure(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *error) {
        const Failure *failure = session_get_failure(userdata);

        return sd_bus_message_append(reply, "(ss)", failure->name ?: "", failure->text ?: "");
}

static int property_get_plug_usec(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *reply, void *userdata,
                                  sd_bus_error *error) {
        return sd_bus_message_append(reply, "t", session_get_plug_usec(userdata));
}

static int property_get_attach_usec(sd_bus *bus, const char *path, const char *interface,
                                    const char *property, sd_bus_message *reply, void *userdata,
                                    sd_bus_error *error) {
        return sd_bus_message_append(reply, "t", session_get_attach_usec(userdata));
}

static int property_get_ready_usec(sd_bus *bus, const char *path, const char *interface,
                                   const char *property, sd_bus_message *reply, void *userdata,
                                   sd_bus_error *error) {
        return sd_bus_message_append(reply, "t", session_get_ready_usec(userdata));
}

static int property_get_server_address(sd_bus *bus, const char *path, const char *interface,
                                       const char *property, sd_bus_message *reply, void *userdata,
                                       sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", SESSION_SERVER_ADDRESS);
}

static int property_get_client_address(sd_bus *bus, const char *path, const char *interface,
                                       const char *property, sd_bus_message *reply, void *userdata,
                                       sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", SESSION_CLIENT_ADDRESS);
}

static int property_get_bootp_port(sd_bus *bus, const char *path, const char *interface,
                                   const char *property, sd_bus_message *reply, void *userdata,
                                   sd_bus_error *error) {
        return sd_bus_message_append(reply, "q", SESSION_BOOTP_PORT);
}

static int property_get_tftp_port(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *reply, void *userdata,
                                  sd_bus_error *error) {
        return sd_bus_message_append(reply, "q", SESSION_TFTP_PORT);
}

static int property_get_owner(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error) {
        return sd_bus_message_append(reply, "u", (uint32_t) session_get_owner_uid(userdata));
}

static const sd_bus_vtable session_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("OpenSocket", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("h", socket), method_open_socket,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Start", NULL, NULL, method_start, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Close", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                                method_close, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("State", "s", property_get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Stage", "s", property_get_stage, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Port", "s", property_get_port, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("IdPath", "s", property_get_id_path, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Soc", "s", property_get_soc, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Failure", "(ss)", property_get_failure, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("PlugTimestampMonotonic", "t", property_get_plug_usec, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("AttachTimestampMonotonic", "t", property_get_attach_usec, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ReadyTimestampMonotonic", "t", property_get_ready_usec, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ServerAddress", "s", property_get_server_address, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("ClientAddress", "s", property_get_client_address, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("BootpPort", "q", property_get_bootp_port, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("TftpPort", "q", property_get_tftp_port, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Owner", "u", property_get_owner, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

/* Path -> Session. */
static int find_session(sd_bus *bus, const char *path, const char *interface, void *userdata,
                        void **ret_found, sd_bus_error *error) {
        const BusEdge *edge = userdata;
        _cleanup_free_ char *id = NULL;
        Session *session;
        int r;

        r = sd_bus_path_decode(path, BUS_PATH_SESSIONS, &id);
        if (r <= 0)
                return r;
        if (!*id) /* the folder of the sessions: an object without this interface */
                return 0;
        session = manager_find_session(edge->manager, id);
        if (!session)
                return sd_bus_error_set(error, BUS_ERROR_SESSION_GONE,
                                        "There is no such session any more; open a new one.");

        *ret_found = session;
        return 1;
}

static int list_sessions(sd_bus *bus, const char *prefix, void *userdata, char ***ret_paths,
                         sd_bus_error *error) {
        const BusEdge *edge = userdata;
        _cleanup_(path_list_done) PathList list = {};
        int r;

        for (const Session *s = NULL; (s = manager_next_session(edge->manager, s));) {
                r = path_list_add(&list, BUS_PATH_SESSIONS, session_get_id(s));
                if (r < 0)
                        return r;
        }

        *ret_paths = path_list_take(&list);
        return 0;
}

static const ObjectProperty session_properties[] = {
        {SESSION_PROPERTY_STATE, "State"},
        {SESSION_PROPERTY_STAGE, "Stage"},
        {SESSION_PROPERTY_PORT, "Port"},
        {SESSION_PROPERTY_ID_PATH, "IdPath"},
        {SESSION_PROPERTY_FAILURE, "Failure"},
        {SESSION_PROPERTY_PLUG_USEC, "PlugTimestampMonotonic"},
        {SESSION_PROPERTY_ATTACH_USEC, "AttachTimestampMonotonic"},
        {SESSION_PROPERTY_READY_USEC, "ReadyTimestampMonotonic"},
};

static const ObjectKind session_kind = {
        .folder = BUS_PATH_SESSIONS,
        .interface = BUS_INTERFACE_SESSION,
        .vtable = session_vtable,
        .find = find_session,
        .list = list_sessions,
        .properties = session_properties,
        .n_properties = ELEMENTSOF(session_properties),
};

int session_bus_register(BusEdge *edge) {
        assert(edge);

        return object_bus_register(edge->bus, &session_kind, edge, &edge->session_vtable,
                                   &edge->session_paths);
}

/* One line for a signal that nobody got. */
static void log_lost_signal(const Session *session, int r) {
        if (r < 0)
                log_line(LOG_ERR, &(LogContext){.session = session_get_id(session), .error = r},
                         "Could not tell the bus of session %s: %m", session_get_id(session));
}

void session_bus_on_added(Session *session, void *userdata) {
        BusEdge *edge = userdata;

        log_lost_signal(session,
                        object_bus_emit_added(edge->bus, &session_kind, session_get_id(session)));
        lifetime_set_n_sessions(edge->lifetime, manager_count_sessions(edge->manager));
}

void session_bus_on_changed(Session *session, unsigned properties, void *userdata) {
        BusEdge *edge = userdata;

        log_lost_signal(session, object_bus_emit_changed(edge->bus, &session_kind,
                                                         session_get_id(session), properties));
}

void session_bus_on_removed(Session *session, void *userdata) {
        BusEdge *edge = userdata;

        log_lost_signal(session,
                        object_bus_emit_removed(edge->bus, &session_kind, session_get_id(session)));

        owner_free(session_get_userdata(session));
        lifetime_set_n_sessions(edge->lifetime, manager_count_sessions(edge->manager));
}
