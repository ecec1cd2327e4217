/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of events. OpenSession; when it is answered, the matches are installed, all properties are read once
 * and all sockets fetched: these calls leave one behind the other, and the bus keeps their order, so no change
 * falls between the matches and the properties. With the last socket the session is open.
 *
 * A bus lets everyone send any signal to anyone, and sd-bus, which does not know who owns a
 * well-known name, hands it to whoever waits for a signal of such a name. So the words of snagd
 * are only those of the connection that opened the session, by its unique name, and those of the
 * bus driver are looked at once more. */

#include "session-proxy.h"

#include <assert.h>
#include <fcntl.h>

#include "bus-contract.h"
#include "fd-util.h"

#define BUS_DRIVER               "org.freedesktop.DBus"
#define INTERFACE_PROPERTIES     "org.freedesktop.DBus.Properties"
#define INTERFACE_OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

struct SessionProxy {
        sd_bus *bus;
        SessionProxySpec spec;                  /* until it is open */
        const SessionProxyCallbacks *callbacks; /* borrowed */
        void *userdata;
        char *daemon; /* the unique name of the snagd that has the session */
        SessionInfo info;
        bool is_over; /* on_refused() or on_end() was called, or the session is closed by ourselves */
        bool was_tried_twice;
        int fds[SESSION_PROXY_SOCKETS_MAX];
        size_t n_fds;

        sd_bus_slot *call_slot; /* OpenSession, then Start */
        sd_bus_slot *properties_slot;
        sd_bus_slot *socket_slots[SESSION_PROXY_SOCKETS_MAX];
        sd_bus_slot *changed_slot;
        sd_bus_slot *removed_slot;
        sd_bus_slot *owner_slot;
        sd_bus_slot *disconnected_slot;
};

static void end(SessionProxy *s, SessionProxyEnd how) {
        if (s->is_over)
                return;
        s->is_over = true;
        s->callbacks->on_end(how, s->userdata);
}

static void refuse(SessionProxy *s, int r, const sd_bus_error *bus_error) {
        ProxyError error = {};

        if (s->is_over)
                return;
        s->is_over = true;
        (void) bus_proxy_fail(&error, r, bus_error);
        s->callbacks->on_refused(&error, s->userdata);
        proxy_error_done(&error);
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        SessionProxy *s = userdata;
        const char *interface;
        int r;

        r = sd_bus_message_read_basic(m, 's', &interface);
        if (r < 0 || !streq(interface, BUS_INTERFACE_SESSION) || s->is_over)
                return 0;

        /* What cannot be read is not from our snagd; what could be read before it counts. */
        (void) bus_proxy_read_properties(m, session_property_slots, &s->info);
        s->callbacks->on_changed(&s->info, s->userdata);
        return 0;
}

static int on_interfaces_removed(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        SessionProxy *s = userdata;
        const char *path;

        if (sd_bus_message_read_basic(m, 'o', &path) >= 0 && streq(path, s->info.path))
                end(s, SESSION_PROXY_END_CLOSED);
        return 0;
}

/* snagd is gone also when another took its name over at once: the session died with the old one. */
static int on_name_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        if (streq_ptr(sd_bus_message_get_sender(m), BUS_DRIVER))
                end(userdata, SESSION_PROXY_END_DAEMON_LEFT);
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        end(userdata, SESSION_PROXY_END_BUS_LOST);
        return 0;
}

static int append_option(sd_bus_message *m, const char *name, const char *value) {
        return value ? sd_bus_message_append(m, "{sv}", name, "s", value) : 0;
}

static int append_open_arguments(sd_bus_message *m, const SessionProxySpec *spec) {
        int r;

        r = sd_bus_message_append_basic(m, 's', spec->soc);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        r = append_option(m, BUS_OPTION_PORT, spec->port);
        if (r < 0)
                return r;
        r = append_option(m, BUS_OPTION_STAGE, spec->stage);
        if (r < 0)
                return r;
        if (spec->is_untried) {
                r = sd_bus_message_append(m, "{sv}", BUS_OPTION_UNTRIED, "b", true);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int copy_string(const char *string, char **ret) {
        char *copy = string ? strdup(string) : NULL;

        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int session_proxy_can_open(sd_bus *bus, const SessionProxySpec *spec, ProxyError *error,
                           SessionAccess *ret) {
        static const char *const answers[] = {
                [SESSION_ACCESS_NO] = "no",
                [SESSION_ACCESS_CHALLENGE] = "challenge",
                [SESSION_ACCESS_YES] = "yes",
        };
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *answer;
        int r;

        assert(bus);
        assert(spec);
        assert(error);
        assert(ret);

        r = sd_bus_message_new_method_call(bus, &m, BUS_NAME, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER,
                                           "CanOpenSession");
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = append_open_arguments(m, spec);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = sd_bus_call(bus, m, 0, &bus_error, &reply);
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);
        r = sd_bus_message_read_basic(reply, 's', &answer);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);

        for (SessionAccess access = 0; access < ELEMENTSOF(answers); access++)
                if (streq(answer, answers[access])) {
                        *ret = access;
                        return 0;
                }
        return bus_proxy_fail(error, -EBADMSG, NULL);
}

static int install_matches(SessionProxy *s) {
        int r;

        r = sd_bus_match_signal(s->bus, &s->changed_slot, s->daemon, s->info.path,
                                INTERFACE_PROPERTIES, "PropertiesChanged", on_properties_changed,
                                s);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(s->bus, &s->removed_slot, s->daemon, BUS_PATH_ROOT,
                                INTERFACE_OBJECT_MANAGER, "InterfacesRemoved",
                                on_interfaces_removed, s);
        if (r < 0)
                return r;
        r = sd_bus_add_match(s->bus, &s->owner_slot,
                             "type='signal',sender='" BUS_DRIVER "',"
                             "path='/org/freedesktop/DBus',interface='org.freedesktop.DBus',"
                             "member='NameOwnerChanged',arg0='" BUS_NAME "'",
                             on_name_owner_changed, s);
        if (r < 0)
                return r;
        return sd_bus_match_signal(s->bus, &s->disconnected_slot, "org.freedesktop.DBus.Local",
                                   NULL, "org.freedesktop.DBus.Local", "Disconnected",
                                   on_disconnected, s);
}

static int on_properties(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        SessionProxy *s = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(m);
        int r;

        if (error)
                refuse(s, -sd_bus_message_get_errno(m), error);
        else {
                r = bus_proxy_read_properties(m, session_property_slots, &s->info);
                if (r < 0)
                        refuse(s, r, NULL);
        }
        return 0;
}

/* Keeps the fd that the message has brought. */
static int take_fd(SessionProxy *s, sd_bus_message *m) {
        int fd, r;

        r = sd_bus_message_read_basic(m, 'h', &fd);
        if (r < 0)
                return r;
        /* The message owns its fds. */
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;
        s->fds[s->n_fds++] = fd;
        return 0;
}

static int on_socket(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        SessionProxy *s = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(m);
        int r;

        if (s->is_over)
                return 0;
        if (error) {
                refuse(s, -sd_bus_message_get_errno(m), error);
                return 0;
        }
        r = take_fd(s, m);
        if (r < 0)
                refuse(s, r, NULL);
        else if (s->n_fds == s->spec.n_sockets) {
                s->n_fds = 0;
                s->callbacks->on_opened(s->fds, s->userdata);
        }
        return 0;
}

static int fetch(SessionProxy *s) {
        int r;

        r = sd_bus_call_method_async(s->bus, &s->properties_slot, s->daemon, s->info.path,
                                     INTERFACE_PROPERTIES, "GetAll", on_properties, s, "s",
                                     BUS_INTERFACE_SESSION);
        for (size_t i = 0; r >= 0 && i < s->spec.n_sockets; i++)
                r = sd_bus_call_method_async(s->bus, &s->socket_slots[i], s->daemon, s->info.path,
                                             BUS_INTERFACE_SESSION, "OpenSocket", on_socket, s,
                                             "a{sv}", 0);
        return r;
}

static int take_session(SessionProxy *s, sd_bus_message *m) {
        const char *path;
        int r;

        r = sd_bus_message_read_basic(m, 'o', &path);
        if (r < 0)
                return r;
        r = copy_string(path, &s->info.path);
        if (r < 0)
                return r;
        r = copy_string(sd_bus_message_get_sender(m), &s->daemon);
        if (r < 0)
                return r;
        r = install_matches(s);
        if (r < 0)
                return r;
        return fetch(s);
}

static int call_open(SessionProxy *s);

static int on_open(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        SessionProxy *s = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(m);
        int r;

        if (s->is_over)
                return 0;
        /* Nothing was done, and the next call starts snagd again. */
        if (error && streq(error->name, BUS_ERROR_SHUTTING_DOWN) && !s->was_tried_twice) {
                s->was_tried_twice = true;
                s->call_slot = sd_bus_slot_unref(s->call_slot);
                r = call_open(s);
                if (r < 0)
                        refuse(s, r, NULL);
                return 0;
        }
        if (error) {
                refuse(s, -sd_bus_message_get_errno(m), error);
                return 0;
        }
        r = take_session(s, m);
        if (r < 0)
                refuse(s, r, NULL);
        return 0;
}

static int call_open(SessionProxy *s) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(s->bus, &m, BUS_NAME, BUS_PATH_ROOT,
                                           BUS_INTERFACE_MANAGER, "OpenSession");
        if (r < 0)
                return r;
        r = append_open_arguments(m, &s->spec);
        if (r < 0)
                return r;
        /* Somebody may have to find out a password first. */
        return sd_bus_call_async(s->bus, &s->call_slot, m, on_open, s, BUS_AUTHORIZED_CALL_USEC);
}

int session_proxy_open(sd_bus *bus, const SessionProxySpec *spec,
                       const SessionProxyCallbacks *callbacks, void *userdata, SessionProxy **ret) {
        _cleanup_(session_proxy_freep) SessionProxy *s = NULL;
        int r;

        assert(bus);
        assert(spec);
        assert(spec->soc);
        assert(spec->n_sockets > 0 && spec->n_sockets <= SESSION_PROXY_SOCKETS_MAX);
        assert(callbacks);
        assert(ret);

        s = calloc(1, sizeof(SessionProxy));
        if (!s)
                return -ENOMEM;
        s->bus = sd_bus_ref(bus);
        s->spec = *spec;
        s->callbacks = callbacks;
        s->userdata = userdata;

        r = call_open(s);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

SessionProxy *session_proxy_free(SessionProxy *s) {
        if (!s)
                return NULL;

        sd_bus_slot_unref(s->call_slot);
        sd_bus_slot_unref(s->properties_slot);
        for (size_t i = 0; i < ELEMENTSOF(s->socket_slots); i++)
                sd_bus_slot_unref(s->socket_slots[i]);
        for (size_t i = 0; i < s->n_fds; i++)
                (void) fd_close(s->fds[i]);
        sd_bus_slot_unref(s->changed_slot);
        sd_bus_slot_unref(s->removed_slot);
        sd_bus_slot_unref(s->owner_slot);
        sd_bus_slot_unref(s->disconnected_slot);
        session_info_done(&s->info);
        free(s->daemon);
        sd_bus_unref(s->bus);
        free(s);
        return NULL;
}

const SessionInfo *session_proxy_get_info(const SessionProxy *s) {
        assert(s);

        return &s->info;
}

static int on_start(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        SessionProxy *s = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(m);

        if (error)
                refuse(s, -sd_bus_message_get_errno(m), error);
        return 0;
}

int session_proxy_start(SessionProxy *s) {
        assert(s);
        assert(s->info.path);

        s->call_slot = sd_bus_slot_unref(s->call_slot);
        return sd_bus_call_method_async(s->bus, &s->call_slot, s->daemon, s->info.path,
                                        BUS_INTERFACE_SESSION, "Start", on_start, s, "");
}

void session_proxy_close(SessionProxy *s, bool waits) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;

        assert(s);

        s->is_over = true;
        /* Each is a match rule, of which the bus allows a connection so many; a closed session may be kept for long. */
        s->changed_slot = sd_bus_slot_unref(s->changed_slot);
        s->removed_slot = sd_bus_slot_unref(s->removed_slot);
        s->owner_slot = sd_bus_slot_unref(s->owner_slot);
        if (!s->info.path || !s->daemon)
                return;

        /* If it cannot be closed it ends with our connection; there is nobody to be told. */
        if (waits)
                (void) sd_bus_call_method(s->bus, s->daemon, s->info.path, BUS_INTERFACE_SESSION,
                                          "Close", &bus_error, NULL, "a{sv}", 0);
        else
                (void) sd_bus_call_method_async(s->bus, NULL, s->daemon, s->info.path,
                                                BUS_INTERFACE_SESSION, "Close", NULL, NULL, "a{sv}",
                                                0);
}
