/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "../check-main.h"

#include "board.h"

static BoardInfo example(void) {
        return (BoardInfo){
                .port = "1-1.4",
                .id_path = "pci-0000:00:14.0-usb-0:1.4",
                .soc = soc_find("am335x"),
                .stage = STAGE_ROM,
                .devnum = 7,
                .plug_usec = 1234,
                .topology = {.root_mbps = 12, .location = 5},
        };
}

START_TEST(test_copies_what_it_is_told) {
        _cleanup_(board_freep) Board *board = NULL;
        char port[] = "1-1.4";
        BoardInfo info = example();

        info.port = port;
        ck_assert_int_eq(board_new(&info, &board), 0);
        port[0] = 'x';
        ck_assert_str_eq(board_get_port(board), "1-1.4");
        ck_assert_str_eq(board_get_id_path(board), "pci-0000:00:14.0-usb-0:1.4");
        ck_assert_ptr_eq(board_get_soc(board), info.soc);
        ck_assert_int_eq(board_get_stage(board), STAGE_ROM);
        ck_assert_uint_eq(board_get_devnum(board), 7);
        ck_assert_uint_eq(board_get_plug_usec(board), 1234);
        ck_assert_uint_eq(board_get_topology(board)->root_mbps, 12);
        ck_assert_uint_eq(board_get_topology(board)->location, 5);
        ck_assert(!board_get_session(board));
        ck_assert_str_eq(board_get_problem(board), "");
        ck_assert_int_eq(board_get_ifindex(board), 0);
        ck_assert_str_eq(board_get_interface(board), "");
}
END_TEST

START_TEST(test_is_where_its_names_say) {
        _cleanup_(board_freep) Board *board = NULL, *without = NULL;
        BoardInfo info = example();

        ck_assert_int_eq(board_new(&info, &board), 0);
        ck_assert(board_is_at(board, "1-1.4"));
        ck_assert(board_is_at(board, "pci-0000:00:14.0-usb-0:1.4"));
        ck_assert(board_is_at(board, "pci-0000:00:14.0-usb-0:1.4:1.0"));
        ck_assert(!board_is_at(board, "1-1"));
        ck_assert(!board_is_at(board, "1-1.4.1"));
        ck_assert(!board_is_at(board, "pci-0000:00:14.0-usb-0:1"));
        ck_assert(!board_is_at(board, "../1-1.4"));
        ck_assert(!board_is_at(board, ""));

        info.id_path = NULL;
        ck_assert_int_eq(board_new(&info, &without), 0);
        ck_assert_str_eq(board_get_id_path(without), "");
        ck_assert(!board_is_at(without, ""));
        ck_assert(!board_is_at(without, "pci-0000:00:14.0-usb-0:1.4"));
}
END_TEST

START_TEST(test_tells_plugs_apart) {
        static const Soc other_soc = {.name = "other"};
        _cleanup_(board_freep) Board *board = NULL;
        BoardInfo info = example();

        ck_assert_int_eq(board_new(&info, &board), 0);
        ck_assert(board_is_same_plug(board, &info));
        info.plug_usec++; /* when it was seen does not matter */
        ck_assert(board_is_same_plug(board, &info));
        info.devnum = 8;
        ck_assert(!board_is_same_plug(board, &info));
        info = example();
        info.stage = STAGE_SPL; /* the number wrapped */
        ck_assert(!board_is_same_plug(board, &info));
        info = example();
        info.soc = &other_soc;
        ck_assert(!board_is_same_plug(board, &info));
        info = example();
        info.port = "1-1";
        ck_assert(!board_is_same_plug(board, &info));
}
END_TEST

START_TEST(test_setters_say_what_changed) {
        _cleanup_(board_freep) Board *board = NULL;
        BoardInfo info = example();
        Session *session = (Session *) &info; /* never looked into */

        ck_assert_int_eq(board_new(&info, &board), 0);
        ck_assert_uint_eq(board_set_session(board, NULL), 0);
        ck_assert_uint_eq(board_set_session(board, session), BOARD_PROPERTY_SESSION);
        ck_assert_uint_eq(board_set_session(board, session), 0);
        ck_assert_ptr_eq(board_get_session(board), session);
        ck_assert_uint_eq(board_set_session(board, NULL), BOARD_PROPERTY_SESSION);

        ck_assert_uint_eq(board_set_problem(board, ""), 0);
        ck_assert_uint_eq(board_set_problem(board, "busy"), BOARD_PROPERTY_PROBLEM);
        ck_assert_uint_eq(board_set_problem(board, "busy"), 0);
        ck_assert_str_eq(board_get_problem(board), "busy");
        ck_assert_uint_eq(board_set_problem(board, ""), BOARD_PROPERTY_PROBLEM);
        ck_assert_str_eq(board_get_problem(board), "");

        ck_assert_int_eq(board_set_link(board, 5, "usb0"), 0);
        ck_assert_int_eq(board_set_link(board, 6, "usb1"), 0);
        ck_assert_int_eq(board_get_ifindex(board), 6);
        ck_assert_str_eq(board_get_interface(board), "usb1");
        board_clear_link(board);
        board_clear_link(board);
        ck_assert_int_eq(board_get_ifindex(board), 0);
        ck_assert_str_eq(board_get_interface(board), "");
}
END_TEST

TEST_MAIN("board", test_copies_what_it_is_told, test_is_where_its_names_say, test_tells_plugs_apart,
          test_setters_say_what_changed)
