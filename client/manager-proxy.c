/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "manager-proxy.h"

#include <assert.h>

#include "bus-contract.h"

#define INTERFACE_OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

const PropertySlot board_property_slots[] = {
        {"Port", "s", offsetof(BoardInfo, port)},
        {"IdPath", "s", offsetof(BoardInfo, id_path)},
        {"Soc", "s", offsetof(BoardInfo, soc)},
        {"Stage", "s", offsetof(BoardInfo, stage)},
        {"Session", "o", offsetof(BoardInfo, session)},
        {"Problem", "s", offsetof(BoardInfo, problem)},
        {},
};

void manager_objects_done(ManagerObjects *o) {
        assert(o);

        for (size_t i = 0; i < o->n_boards; i++)
                board_info_done(&o->boards[i]);
        free(o->boards);
        for (size_t i = 0; i < o->n_sessions; i++)
                session_info_done(&o->sessions[i]);
        free(o->sessions);
        *o = (ManagerObjects){};
}

/* An object whose interface came without some property has it empty, not NULL. */
static int fill_in(char **const *members, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!*members[i]) {
                        *members[i] = strdup("");
                        if (!*members[i])
                                return -ENOMEM;
                }
        return 0;
}

static int add_board(ManagerObjects *o, const char *path, sd_bus_message *m) {
        BoardInfo *grown, *b;
        int r;

        grown = reallocarray(o->boards, o->n_boards + 1, sizeof(BoardInfo));
        if (!grown)
                return -ENOMEM;
        o->boards = grown;
        b = &o->boards[o->n_boards++];
        *b = (BoardInfo){.path = strdup(path)};
        if (!b->path)
                return -ENOMEM;

        r = bus_proxy_read_properties(m, board_property_slots, b);
        if (r < 0)
                return r;
        return fill_in(
                (char **[]){&b->port, &b->id_path, &b->soc, &b->stage, &b->session, &b->problem},
                6);
}

static int add_session(ManagerObjects *o, const char *path, sd_bus_message *m) {
        SessionInfo *grown, *s;
        int r;

        grown = reallocarray(o->sessions, o->n_sessions + 1, sizeof(SessionInfo));
        if (!grown)
                return -ENOMEM;
        o->sessions = grown;
        s = &o->sessions[o->n_sessions++];
        *s = (SessionInfo){.path = strdup(path)};
        if (!s->path)
                return -ENOMEM;

        r = bus_proxy_read_properties(m, session_property_slots, s);
        if (r < 0)
                return r;
        return fill_in((char **[]){&s->state, &s->stage, &s->port, &s->id_path, &s->soc,
                                   &s->failure_name, &s->failure_text},
                       7);
}

int manager_objects_read_interfaces(sd_bus_message *m, const char *path, ManagerObjects *o) {
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sa{sv}}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sa{sv}")) > 0) {
                const char *interface;

                r = sd_bus_message_read_basic(m, 's', &interface);
                if (r < 0)
                        return r;
                if (streq(interface, BUS_INTERFACE_BOARD))
                        r = add_board(o, path, m);
                else if (streq(interface, BUS_INTERFACE_SESSION))
                        r = add_session(o, path, m);
                else
                        r = sd_bus_message_skip(m, "a{sv}");
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_objects(sd_bus_message *m, ManagerObjects *o) {
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{oa{sa{sv}}}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "oa{sa{sv}}")) > 0) {
                const char *path;

                r = sd_bus_message_read_basic(m, 'o', &path);
                if (r < 0)
                        return r;
                r = manager_objects_read_interfaces(m, path, o);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int compare_boards(const void *a, const void *b) {
        return strverscmp(((const BoardInfo *) a)->port, ((const BoardInfo *) b)->port);
}

static int compare_sessions(const void *a, const void *b) {
        return strverscmp(((const SessionInfo *) a)->path, ((const SessionInfo *) b)->path);
}

int manager_proxy_get_objects(sd_bus *bus, ProxyError *error, ManagerObjects *ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ManagerObjects objects = {};
        int r;

        assert(bus);
        assert(error);
        assert(ret);

        r = sd_bus_call_method(bus, BUS_NAME, BUS_PATH_ROOT, INTERFACE_OBJECT_MANAGER,
                               "GetManagedObjects", &bus_error, &reply, "");
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);

        r = read_objects(reply, &objects);
        if (r < 0) {
                manager_objects_done(&objects);
                return bus_proxy_fail(error, r, NULL);
        }
        if (objects.n_boards > 0)
                qsort(objects.boards, objects.n_boards, sizeof(BoardInfo), compare_boards);
        if (objects.n_sessions > 0)
                qsort(objects.sessions, objects.n_sessions, sizeof(SessionInfo), compare_sessions);

        *ret = objects;
        return 0;
}

int manager_proxy_close_session(sd_bus *bus, const char *path, ProxyError *error) {
        _cleanup_(sd_bus_error_free) sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        assert(bus);
        assert(path);
        assert(error);

        r = sd_bus_message_new_method_call(bus, &m, BUS_NAME, path, BUS_INTERFACE_SESSION, "Close");
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = sd_bus_message_append(m, "a{sv}", 0);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = sd_bus_call(bus, m, BUS_AUTHORIZED_CALL_USEC, &bus_error, NULL);
        if (r < 0)
                return bus_proxy_fail(error, r, &bus_error);

        return 0;
}
