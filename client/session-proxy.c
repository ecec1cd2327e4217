/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of events. OpenSession; then the matches are installed, and only then are all properties
 * read once, so no change falls between the two. A change that arrives while a later call waits for
 * its reply is queued by sd-bus and seen when the loop runs, in the bus's order.
 *
 * A bus lets everyone send any signal to anyone, and sd-bus, which does not know who owns a
 * well-known name, hands it to whoever waits for a signal of such a name. So the words of snagd
 * are only those of the connection that opened the session, by its unique name, and those of the
 * bus driver are looked at once more. */

#include "session-proxy.h"

#include <assert.h>
#include <fcntl.h>

#include "bus-contract.h"

#define BUS_DRIVER               "org.freedesktop.DBus"
#define INTERFACE_PROPERTIES     "org.freedesktop.DBus.Properties"
#define INTERFACE_OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

struct SessionProxy {
        sd_bus *bus;
        const SessionProxyCallbacks *callbacks; /* borrowed */
        void *userdata;
        char *daemon; /* the unique name of the snagd that has the session */
        SessionInfo info;
        bool ended; /* on_end() was called, or the session is closed by ourselves */

        sd_bus_slot *changed_slot;
        sd_bus_slot *removed_slot;
        sd_bus_slot *owner_slot;
        sd_bus_slot *disconnected_slot;
};

static void end(SessionProxy *s, SessionProxyEnd how) {
        if (s->ended)
                return;
        s->ended = true;
        s->callbacks->on_end(how, s->userdata);
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        SessionProxy *s = userdata;
        const char *interface;
        int r;

        r = sd_bus_message_read_basic(m, 's', &interface);
        if (r < 0 || !streq(interface, BUS_INTERFACE_SESSION) || s->ended)
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

static int append_open_arguments(sd_bus_message *m, const char *soc, const char *port,
                                 const char *stage) {
        int r;

        r = sd_bus_message_append_basic(m, 's', soc);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        r = append_option(m, BUS_OPTION_PORT, port);
        if (r < 0)
                return r;
        r = append_option(m, BUS_OPTION_STAGE, stage);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int copy_string(const char *string, char **ret) {
        char *copy = string ? strdup(string) : NULL;

        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int session_proxy_can_open(sd_bus *bus, const char *soc, const char *port, const char *stage,
                           ProxyError *error, SessionAccess *ret) {
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
        assert(soc);
        assert(error);
        assert(ret);

        r = sd_bus_message_new_method_call(bus, &m, BUS_NAME, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER,
                                           "CanOpenSession");
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = append_open_arguments(m, soc, port, stage);
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

static int call_open(SessionProxy *s, const char *soc, const char *port, const char *stage,
                     ProxyError *error) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *path;
        int r;

        r = sd_bus_message_new_method_call(s->bus, &m, BUS_NAME, BUS_PATH_ROOT,
                                           BUS_INTERFACE_MANAGER, "OpenSession");
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = append_open_arguments(m, soc, port, stage);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);

        /* Somebody may have to find out a password first. */
        r = sd_bus_call(s->bus, m, BUS_AUTHORIZED_CALL_USEC, &bus_error, &reply);
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);
        r = sd_bus_message_read_basic(reply, 'o', &path);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);

        r = copy_string(path, &s->info.path);
        if (r < 0)
                return r;
        return copy_string(sd_bus_message_get_sender(reply), &s->daemon);
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

static int read_all_properties(SessionProxy *s, ProxyError *error) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_method(s->bus, BUS_NAME, s->info.path, INTERFACE_PROPERTIES, "GetAll",
                               &bus_error, &reply, "s", BUS_INTERFACE_SESSION);
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);
        r = bus_proxy_read_properties(reply, session_property_slots, &s->info);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        return 0;
}

int session_proxy_open(sd_bus *bus, const char *soc, const char *port, const char *stage,
                       const SessionProxyCallbacks *callbacks, void *userdata, ProxyError *error,
                       SessionProxy **ret) {
        _cleanup_(session_proxy_freep) SessionProxy *s = NULL;
        int r;

        assert(bus);
        assert(soc);
        assert(callbacks);
        assert(error);
        assert(ret);

        s = calloc(1, sizeof(SessionProxy));
        if (!s)
                return -ENOMEM;
        s->bus = sd_bus_ref(bus);
        s->callbacks = callbacks;
        s->userdata = userdata;

        r = call_open(s, soc, port, stage, error);
        if (r < 0 && error->is_shutting_down) {
                proxy_error_done(error);
                r = call_open(s, soc, port, stage, error);
        }
        if (r < 0)
                return r;
        r = install_matches(s);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = read_all_properties(s, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

SessionProxy *session_proxy_free(SessionProxy *s) {
        if (!s)
                return NULL;

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

int session_proxy_open_socket(SessionProxy *s, ProxyError *error, int *ret_fd) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int fd, r;

        assert(s);
        assert(error);
        assert(ret_fd);

        r = sd_bus_call_method(s->bus, BUS_NAME, s->info.path, BUS_INTERFACE_SESSION, "OpenSocket",
                               &bus_error, &reply, "a{sv}", 0);
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);
        r = sd_bus_message_read_basic(reply, 'h', &fd);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);

        /* The message owns its fds. */
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return bus_proxy_fail(error, -errno, NULL);

        *ret_fd = fd;
        return 0;
}

int session_proxy_start(SessionProxy *s, ProxyError *error) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        int r;

        assert(s);
        assert(error);

        r = sd_bus_call_method(s->bus, BUS_NAME, s->info.path, BUS_INTERFACE_SESSION, "Start",
                               &bus_error, NULL, "");
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);
        return 0;
}

int session_proxy_close(SessionProxy *s, ProxyError *error) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        int r;

        assert(s);
        assert(error);

        s->ended = true;
        r = sd_bus_call_method(s->bus, BUS_NAME, s->info.path, BUS_INTERFACE_SESSION, "Close",
                               &bus_error, NULL, "a{sv}", 0);
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);
        return 0;
}
