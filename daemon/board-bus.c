/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "board-bus.h"

#include <assert.h>

#include "bus-contract.h"
#include "log.h"
#include "object-bus.h"
#include "session-bus.h"

static int property_get_port(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", board_get_port(userdata));
}

static int property_get_id_path(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", board_get_id_path(userdata));
}

static int property_get_soc(sd_bus *bus, const char *path, const char *interface,
                            const char *property, sd_bus_message *reply, void *userdata,
                            sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", board_get_soc(userdata)->name);
}

static int property_get_stage(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", stage_to_string(board_get_stage(userdata)));
}

static int property_get_session(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *error) {
        const Session *session = board_get_session(userdata);
        _cleanup_free_ char *session_path = NULL;
        int r;

        if (!session)
                return sd_bus_message_append(reply, "o", BUS_PATH_NONE);

        r = session_bus_get_path(session, &session_path);
        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "o", session_path);
}

static int property_get_problem(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", board_get_problem(userdata));
}

static const sd_bus_vtable board_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Port", "s", property_get_port, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("IdPath", "s", property_get_id_path, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Soc", "s", property_get_soc, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Stage", "s", property_get_stage, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Session", "o", property_get_session, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Problem", "s", property_get_problem, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

/* Path -> Board. */
static int find_board(sd_bus *bus, const char *path, const char *interface, void *userdata,
                      void **ret_found, sd_bus_error *error) {
        const BusEdge *edge = userdata;
        _cleanup_free_ char *port = NULL;
        Board *board;
        int r;

        r = sd_bus_path_decode(path, BUS_PATH_BOARDS, &port);
        if (r <= 0)
                return r;
        board = manager_find_board(edge->manager, port);
        /* It finds ID_PATHs, too; the object has one path. */
        if (!board || !streq(board_get_port(board), port))
                return 0;

        *ret_found = board;
        return 1;
}

static int list_boards(sd_bus *bus, const char *prefix, void *userdata, char ***ret_paths,
                       sd_bus_error *error) {
        const BusEdge *edge = userdata;
        _cleanup_(path_list_done) PathList list = {};
        int r;

        for (const Board *b = NULL; (b = manager_next_board(edge->manager, b));) {
                r = path_list_add(&list, BUS_PATH_BOARDS, board_get_port(b));
                if (r < 0)
                        return r;
        }

        *ret_paths = path_list_take(&list);
        return 0;
}

static const ObjectProperty board_properties[] = {
        {BOARD_PROPERTY_SESSION, "Session"},
        {BOARD_PROPERTY_PROBLEM, "Problem"},
};

static const ObjectKind board_kind = {
        .folder = BUS_PATH_BOARDS,
        .interface = BUS_INTERFACE_BOARD,
        .vtable = board_vtable,
        .find = find_board,
        .list = list_boards,
        .properties = board_properties,
        .n_properties = ELEMENTSOF(board_properties),
};

int board_bus_register(BusEdge *edge) {
        assert(edge);

        return object_bus_register(edge->bus, &board_kind, edge, &edge->board_vtable,
                                   &edge->board_paths);
}

/* One line for a signal that nobody got. */
static void log_lost_signal(const Board *board, int r) {
        if (r < 0)
                log_error_errno(r, "Could not tell the bus of the board on port %s: %m",
                                board_get_port(board));
}

void board_bus_on_added(Board *board, void *userdata) {
        BusEdge *edge = userdata;

        log_lost_signal(board,
                        object_bus_emit_added(edge->bus, &board_kind, board_get_port(board)));
}

void board_bus_on_changed(Board *board, unsigned properties, void *userdata) {
        BusEdge *edge = userdata;

        log_lost_signal(board, object_bus_emit_changed(edge->bus, &board_kind,
                                                       board_get_port(board), properties));
}

void board_bus_on_removed(Board *board, void *userdata) {
        BusEdge *edge = userdata;

        log_lost_signal(board,
                        object_bus_emit_removed(edge->bus, &board_kind, board_get_port(board)));
}
