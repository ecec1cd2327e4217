/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of events: a first call tells the unique name of snagd; then the matches for that name are
 * installed; then all objects are read, so that no change falls between the two. A change that was on its
 * way while they were read is told again, which does no harm. Why the unique name: session-proxy.c. */

#include "watch-proxy.h"

#include <assert.h>

#include "bus-contract.h"
#include "manager-proxy.h"

#define BUS_DRIVER               "org.freedesktop.DBus"
#define INTERFACE_PEER           "org.freedesktop.DBus.Peer"
#define INTERFACE_PROPERTIES     "org.freedesktop.DBus.Properties"
#define INTERFACE_OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

struct WatchProxy {
        sd_bus *bus;
        const WatchProxyCallbacks *callbacks; /* borrowed */
        void *userdata;
        ManagerObjects objects; /* as they were told last */

        /* Of one snagd; anew with each. */
        sd_bus_slot *added_slot;
        sd_bus_slot *removed_slot;
        sd_bus_slot *changed_slot;

        sd_bus_slot *owner_slot;
        sd_bus_slot *disconnected_slot;
        sd_bus_slot *check_slot; /* set while an answer is awaited */
};

static BoardInfo *find_board(WatchProxy *w, const char *path) {
        for (size_t i = 0; i < w->objects.n_boards; i++)
                if (streq(w->objects.boards[i].path, path))
                        return &w->objects.boards[i];
        return NULL;
}

static SessionInfo *find_session(WatchProxy *w, const char *path) {
        for (size_t i = 0; i < w->objects.n_sessions; i++)
                if (streq(w->objects.sessions[i].path, path))
                        return &w->objects.sessions[i];
        return NULL;
}

static void remove_board(WatchProxy *w, BoardInfo *b) {
        ManagerObjects *o = &w->objects;

        w->callbacks->on_board(b, true, w->userdata);
        board_info_done(b);
        *b = o->boards[--o->n_boards];
}

static void remove_session(WatchProxy *w, SessionInfo *s) {
        ManagerObjects *o = &w->objects;

        w->callbacks->on_session(s, true, w->userdata);
        session_info_done(s);
        *s = o->sessions[--o->n_sessions];
}

static int on_interfaces_added(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        WatchProxy *w = userdata;
        const char *path;
        BoardInfo *b;
        SessionInfo *s;

        if (sd_bus_message_read_basic(m, 'o', &path) < 0)
                return 0;

        /* It may have been read with all the others already. */
        b = find_board(w, path);
        s = find_session(w, path);
        if (b || s || manager_objects_read_interfaces(m, path, &w->objects) < 0)
                return 0;

        b = find_board(w, path);
        if (b)
                w->callbacks->on_board(b, false, w->userdata);
        s = find_session(w, path);
        if (s)
                w->callbacks->on_session(s, false, w->userdata);
        return 0;
}

static int on_interfaces_removed(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        WatchProxy *w = userdata;
        const char *path;
        BoardInfo *b;
        SessionInfo *s;

        if (sd_bus_message_read_basic(m, 'o', &path) < 0)
                return 0;
        b = find_board(w, path);
        if (b)
                remove_board(w, b);
        s = find_session(w, path);
        if (s)
                remove_session(w, s);
        return 0;
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        WatchProxy *w = userdata;
        const char *interface, *path = sd_bus_message_get_path(m);
        BoardInfo *b = find_board(w, path);
        SessionInfo *s = find_session(w, path);

        if (sd_bus_message_read_basic(m, 's', &interface) < 0)
                return 0;
        if (b && streq(interface, BUS_INTERFACE_BOARD) &&
            bus_proxy_read_properties(m, board_property_slots, b) >= 0)
                w->callbacks->on_board(b, false, w->userdata);
        if (s && streq(interface, BUS_INTERFACE_SESSION) &&
            bus_proxy_read_properties(m, session_property_slots, s) >= 0)
                w->callbacks->on_session(s, false, w->userdata);
        return 0;
}

static void forget(WatchProxy *w) {
        w->added_slot = sd_bus_slot_unref(w->added_slot);
        w->removed_slot = sd_bus_slot_unref(w->removed_slot);
        w->changed_slot = sd_bus_slot_unref(w->changed_slot);
        manager_objects_done(&w->objects);
}

static int on_name_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        const char *name, *before, *after;
        WatchProxy *w = userdata;

        if (!streq_ptr(sd_bus_message_get_sender(m), BUS_DRIVER) ||
            sd_bus_message_read(m, "sss", &name, &before, &after) < 0)
                return 0;

        /* One that we have started ourselves is known already. */
        if (*before && w->added_slot) {
                forget(w);
                w->callbacks->on_daemon(false, w->userdata);
        }
        if (*after && !w->added_slot)
                w->callbacks->on_daemon(true, w->userdata);
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        WatchProxy *w = userdata;

        w->callbacks->on_bus_lost(w->userdata);
        return 0;
}

int watch_proxy_new(sd_bus *bus, const WatchProxyCallbacks *callbacks, void *userdata,
                    WatchProxy **ret) {
        _cleanup_(watch_proxy_freep) WatchProxy *w = NULL;
        int r;

        assert(bus);
        assert(callbacks);
        assert(ret);

        w = calloc(1, sizeof(WatchProxy));
        if (!w)
                return -ENOMEM;
        w->bus = sd_bus_ref(bus);
        w->callbacks = callbacks;
        w->userdata = userdata;

        r = sd_bus_add_match(bus, &w->owner_slot,
                             "type='signal',sender='" BUS_DRIVER "',"
                             "path='/org/freedesktop/DBus',interface='org.freedesktop.DBus',"
                             "member='NameOwnerChanged',arg0='" BUS_NAME "'",
                             on_name_owner_changed, w);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(bus, &w->disconnected_slot, "org.freedesktop.DBus.Local", NULL,
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, w);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(w);
        return 0;
}

WatchProxy *watch_proxy_free(WatchProxy *w) {
        if (!w)
                return NULL;

        forget(w);
        sd_bus_slot_unref(w->owner_slot);
        sd_bus_slot_unref(w->disconnected_slot);
        sd_bus_slot_unref(w->check_slot);
        sd_bus_unref(w->bus);
        free(w);
        return NULL;
}

static int install_matches(WatchProxy *w, const char *daemon) {
        int r;

        r = sd_bus_match_signal(w->bus, &w->added_slot, daemon, BUS_PATH_ROOT,
                                INTERFACE_OBJECT_MANAGER, "InterfacesAdded", on_interfaces_added,
                                w);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(w->bus, &w->removed_slot, daemon, BUS_PATH_ROOT,
                                INTERFACE_OBJECT_MANAGER, "InterfacesRemoved",
                                on_interfaces_removed, w);
        if (r < 0)
                return r;
        return sd_bus_match_signal(w->bus, &w->changed_slot, daemon, NULL, INTERFACE_PROPERTIES,
                                   "PropertiesChanged", on_properties_changed, w);
}

int watch_proxy_begin(WatchProxy *w, bool subscribes, ProxyError *error) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        assert(w);
        assert(error);

        forget(w);
        r = sd_bus_call_method(w->bus, BUS_NAME, BUS_PATH_ROOT,
                               subscribes ? BUS_INTERFACE_MANAGER : INTERFACE_PEER,
                               subscribes ? "Subscribe" : "Ping", &bus_error, &reply, "");
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);
        r = install_matches(w, sd_bus_message_get_sender(reply));
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = manager_proxy_get_objects(w->bus, error, &w->objects);
        if (r < 0)
                return r;

        for (size_t i = 0; i < w->objects.n_boards; i++)
                w->callbacks->on_board(&w->objects.boards[i], false, w->userdata);
        for (size_t i = 0; i < w->objects.n_sessions; i++)
                w->callbacks->on_session(&w->objects.sessions[i], false, w->userdata);
        return 0;
}

static int on_checked(sd_bus_message *m, void *userdata, sd_bus_error *bus_error) {
        WatchProxy *w = userdata;

        w->check_slot = sd_bus_slot_unref(w->check_slot);
        /* A connection that was closed says so by itself, too. */
        if (sd_bus_message_is_method_error(m, NULL) && sd_bus_is_open(w->bus) > 0)
                w->callbacks->on_bus_lost(w->userdata);
        return 0;
}

int watch_proxy_check(WatchProxy *w) {
        assert(w);

        if (w->check_slot)
                return 0;
        return MIN_OF(sd_bus_call_method_async(w->bus, &w->check_slot, BUS_DRIVER,
                                               "/org/freedesktop/DBus", BUS_DRIVER, "GetId",
                                               on_checked, w, ""),
                      0);
}
