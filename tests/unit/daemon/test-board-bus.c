/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Boards on the bus, over a socket pair and with a manager that is none. */

#include "board-bus.h"

#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "bus-contract.h"
#include "check-main.h"
#include "contract-xml.h"
#include "session-bus.h"

#define BOARD_PATH BUS_PATH_BOARDS "/_31_2d1_2e4" /* 1-1.4 */

/* What the D-Bus edge asks of the others */

static Board *board; /* the only one */

Board *manager_find_board(const Manager *manager, const char *port) {
        return board && board_is_at(board, port) ? board : NULL;
}

Board *manager_next_board(const Manager *manager, const Board *previous) {
        return previous ? NULL : board;
}

int session_bus_get_path(const Session *session, char **ret) {
        *ret = strdup(BUS_PATH_SESSIONS "/s7");
        return *ret ? 0 : -ENOMEM;
}

/* Both ends of a bus without a bus daemon */

static sd_event *event;
static sd_bus *client;
static BusEdge edge;
static sd_bus_message *last_signal;

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message_unref(last_signal);
        last_signal = sd_bus_message_ref(m);
        return 0;
}

static sd_bus *start_end(int fd, bool is_server) {
        sd_id128_t id = {};
        sd_bus *bus;

        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(bus, fd, fd), 0);
        if (is_server)
                ck_assert_int_ge(sd_bus_set_server(bus, true, id), 0);
        ck_assert_int_ge(sd_bus_set_anonymous(bus, true), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);
        ck_assert_int_ge(sd_bus_attach_event(bus, event, 0), 0);
        return bus;
}

static void start(void) {
        const BoardInfo info = {
                .port = "1-1.4",
                .id_path = "pci-0000:00:14.0-usb-0:1.4",
                .soc = soc_find("am335x"),
                .stage = STAGE_ROM,
                .devnum = 5,
                .plug_usec = 1,
        };
        int fds[2];

        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_ge(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
                         0);
        edge = (BusEdge){.bus = start_end(fds[0], true)};
        client = start_end(fds[1], false);
        ck_assert_int_ge(sd_bus_add_object_manager(edge.bus, &edge.object_manager, BUS_PATH_ROOT),
                         0);
        ck_assert_int_ge(board_bus_register(&edge), 0);
        ck_assert_int_ge(sd_bus_add_filter(client, NULL, on_signal, NULL), 0);
        ck_assert_int_ge(board_new(&info, &board), 0);
}

static void stop(void) {
        board = board_free(board);
        last_signal = sd_bus_message_unref(last_signal);
        sd_bus_slot_unref(edge.board_paths);
        sd_bus_slot_unref(edge.board_vtable);
        sd_bus_slot_unref(edge.object_manager);
        sd_bus_close_unref(client);
        sd_bus_close_unref(edge.bus);
        sd_event_unref(event);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        *(sd_bus_message **) userdata = sd_bus_message_ref(m);
        return 1;
}

static sd_bus_message *call(const char *path, const char *interface, const char *member,
                            const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        sd_bus_message *reply = NULL;
        va_list args;

        ck_assert_int_ge(sd_bus_message_new_method_call(client, &m, NULL, path, interface, member),
                         0);
        va_start(args, types);
        ck_assert_int_ge(sd_bus_message_appendv(m, types, args), 0);
        va_end(args);
        ck_assert_int_ge(sd_bus_call_async(client, &slot, m, on_reply, &reply, 0), 0);
        while (!reply)
                ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
        return reply;
}

static void assert_property(const char *property, const char *type, const char *expected) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *value;

        reply = call(BOARD_PATH, "org.freedesktop.DBus.Properties", "Get", "ss",
                     BUS_INTERFACE_BOARD, property);
        ck_assert(!sd_bus_message_is_method_error(reply, NULL));
        ck_assert_int_ge(sd_bus_message_read(reply, "v", type, &value), 0);
        ck_assert_str_eq(value, expected);
}

static void wait_for_signal(const char *member) {
        while (!last_signal || !sd_bus_message_is_signal(last_signal, NULL, member))
                ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
}

START_TEST(test_introspection_is_the_contract) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *contract = NULL, *expected = NULL, *found = NULL;
        const char *xml;

        start();
        reply = call(BOARD_PATH, "org.freedesktop.DBus.Introspectable", "Introspect", "");
        ck_assert_int_ge(sd_bus_message_read(reply, "s", &xml), 0);
        contract = contract_xml_read(getenv("SNAGD_BUS_CONTRACT"));
        expected = contract_xml_describe(contract, BUS_INTERFACE_BOARD);
        found = contract_xml_describe(xml, BUS_INTERFACE_BOARD);
        ck_assert_uint_gt(strlen(expected), 100);
        ck_assert_str_eq(found, expected);
        stop();
}
END_TEST

START_TEST(test_properties) {
        start();
        assert_property("Port", "s", "1-1.4");
        assert_property("IdPath", "s", "pci-0000:00:14.0-usb-0:1.4");
        assert_property("Soc", "s", "am335x");
        assert_property("Stage", "s", "rom");
        assert_property("Session", "o", "/");
        assert_property("Problem", "s", "");

        (void) board_set_session(board, (Session *) &edge); /* only asked whether there is one */
        (void) board_set_problem(board, "It is in use.");
        assert_property("Session", "o", BUS_PATH_SESSIONS "/s7");
        assert_property("Problem", "s", "It is in use.");
        (void) board_set_session(board, NULL);
        stop();
}
END_TEST

/* A board is found by its port only: it has one path. */
START_TEST(test_other_paths_are_nothing) {
        static const char *const paths[] = {
                BUS_PATH_BOARDS "/_31_2d1",
                BUS_PATH_BOARDS "/pci_2d0000_3a00_3a14_2e0_2dusb_2d0_3a1_2e4",
                BUS_PATH_BOARDS "/_2e_2e_2f",
                BUS_PATH_BOARDS,
        };

        start();
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply =
                        call(paths[i], "org.freedesktop.DBus.Properties", "Get", "ss",
                             BUS_INTERFACE_BOARD, "Port");

                ck_assert(sd_bus_message_is_method_error(reply, NULL));
        }
        stop();
}
END_TEST

START_TEST(test_comes_changes_and_goes) {
        const char *path, *interface, *name;

        start();
        board_bus_on_added(board, &edge);
        wait_for_signal("InterfacesAdded");
        ck_assert_int_ge(sd_bus_message_read(last_signal, "o", &path), 0);
        ck_assert_str_eq(path, BOARD_PATH);

        board_bus_on_changed(board, board_set_problem(board, "It is in use."), &edge);
        wait_for_signal("PropertiesChanged");
        ck_assert_str_eq(sd_bus_message_get_path(last_signal), BOARD_PATH);
        ck_assert_int_gt(sd_bus_message_read(last_signal, "s", &interface), 0);
        ck_assert_str_eq(interface, BUS_INTERFACE_BOARD);
        ck_assert_int_gt(sd_bus_message_enter_container(last_signal, 'a', "{sv}"), 0);
        ck_assert_int_gt(sd_bus_message_enter_container(last_signal, 'e', "sv"), 0);
        ck_assert_int_gt(sd_bus_message_read(last_signal, "s", &name), 0);
        ck_assert_str_eq(name, "Problem");

        /* Told of when the manager does not know it any more. */
        Board *gone = TAKE_PTR(board);

        board_bus_on_removed(gone, &edge);
        wait_for_signal("InterfacesRemoved");
        ck_assert_int_ge(sd_bus_message_read(last_signal, "o", &path), 0);
        ck_assert_str_eq(path, BOARD_PATH);
        board_free(gone);
        stop();
}
END_TEST

TEST_MAIN("board-bus", test_introspection_is_the_contract, test_properties,
          test_other_paths_are_nothing, test_comes_changes_and_goes)
