/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "../check-main.h"

#include <stdio.h>

#include "bus-contract.h"
#include "fake-kernel.h"
#include "log.h"
#include "manager.h"

static sd_event *event;
static Manager *manager;
static unsigned n_idle_changes, n_boards_added, n_boards_removed;
static unsigned board_changes, session_changes;

static void on_board_added(Board *board, void *userdata) {
        ck_assert_ptr_eq(manager_find_board(manager, board_get_port(board)), board);
        n_boards_added++;
}

static void on_board_changed(Board *board, unsigned properties, void *userdata) {
        board_changes |= properties;
}

static void on_board_removed(Board *board, void *userdata) {
        ck_assert_ptr_ne(manager_find_board(manager, board_get_port(board)), board);
        ck_assert(!board_get_session(board));
        n_boards_removed++;
}

static void on_session_changed(Session *session, unsigned properties, void *userdata) {
        session_changes |= properties;
}

static void on_idle_changed(void *userdata) {
        n_idle_changes++;
}

static void set_up(void) {
        static const ManagerObserver observer = {
                .on_board_added = on_board_added,
                .on_board_changed = on_board_changed,
                .on_board_removed = on_board_removed,
                .on_session_changed = on_session_changed,
                .on_idle_changed = on_idle_changed,
        };

        log_set_target(LOG_TARGET_NULL);
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_ge(manager_new(event, &observer, &manager), 0);
        ck_assert_int_ge(manager_coldplug(manager), 0);
        fake_settle(event);
}

static void tear_down(void) {
        for (Session *s; (s = manager_next_session(manager, NULL));)
                session_close(s);
        fake_close_sockets();
        fake_settle(event);
        ck_assert(manager_is_idle(manager));
        ck_assert_uint_eq(fake_count_namespaces(), 0);
        manager = manager_free(manager);
        ck_assert_uint_eq(fake_count_objects(), 0);
        event = sd_event_unref(event);
}

static int try_open(const char *port, uid_t uid, Session **ret, Failure *failure) {
        SessionSpec spec;

        ck_assert_int_eq(session_spec_parse("am335x", port, NULL, uid, &spec, NULL), 0);
        return manager_open_session(manager, &spec, ret, failure);
}

static Session *start(const char *port, const char *stage) {
        SessionSpec spec;
        Session *session;

        ck_assert_int_eq(session_spec_parse("am335x", port, stage, 1000, &spec, NULL), 0);
        ck_assert_int_eq(manager_open_session(manager, &spec, &session, NULL), 0);
        ck_assert_int_eq(session_start(session, NULL), 0);
        return session;
}

static Session *start_untried(const char *port) {
        SessionSpec spec;
        Session *session;

        ck_assert_int_eq(session_spec_parse("am335x", port, NULL, 1000, &spec, NULL), 0);
        spec.is_untried = true;
        ck_assert_int_eq(manager_open_session(manager, &spec, &session, NULL), 0);
        ck_assert_int_eq(session_start(session, NULL), 0);
        return session;
}

static void plug(const char *port, Stage stage) {
        fake_plug(port, NULL, stage);
        fake_settle(event);
}

static void unplug(const char *port) {
        fake_unplug(port);
        fake_settle(event);
}

static void check_owner(const char *port, const Session *session) {
        const Session *owner = board_get_session(manager_find_board(manager, port));

        ck_assert_str_eq(owner ? session_get_id(owner) : "nobody",
                         session ? session_get_id(session) : "nobody");
}

START_TEST(test_knows_the_boards_that_are_there_at_start) {
        fake_plug("1-1", NULL, STAGE_ROM);
        fake_plug("2-1", "pci-0000:00:14.0-usb-0:1", STAGE_SPL);
        set_up();
        ck_assert_uint_eq(n_boards_added, 2);
        ck_assert_str_eq(board_get_port(manager_next_board(manager, NULL)), "1-1");
        ck_assert_ptr_eq(manager_find_board(manager, "pci-0000:00:14.0-usb-0:1"),
                         manager_find_board(manager, "2-1"));
        ck_assert(!manager_find_board(manager, "3-1"));
        ck_assert_int_gt(board_get_ifindex(manager_find_board(manager, "1-1")), 0);

        ck_assert_int_eq(manager_coldplug(manager), 0);
        fake_settle(event);
        ck_assert_uint_eq(n_boards_added, 2);
        ck_assert(manager_is_idle(manager));
        tear_down();
}
END_TEST

START_TEST(test_new_board_on_a_port_replaces_the_old_one) {
        set_up();
        plug("1-1", STAGE_ROM);
        fake.no_usb_event = true;
        unplug("1-1");
        fake.no_usb_event = false;
        plug("1-1", STAGE_SPL);
        ck_assert_uint_eq(n_boards_added, 2);
        ck_assert_uint_eq(n_boards_removed, 1);
        ck_assert_int_eq(board_get_stage(manager_find_board(manager, "1-1")), STAGE_SPL);
        tear_down();
}
END_TEST

START_TEST(test_board_goes_to_who_has_waited_longest) {
        Session *first, *second;

        set_up();
        first = start(NULL, NULL);
        second = start(NULL, NULL);
        plug("1-1", STAGE_ROM);
        plug("1-2", STAGE_ROM);
        plug("1-3", STAGE_ROM);
        check_owner("1-1", first);
        check_owner("1-2", second);
        check_owner("1-3", NULL);
        tear_down();
}
END_TEST

START_TEST(test_waiting_counts_from_start_and_not_from_opening) {
        Session *opened_first, *started_first;

        set_up();
        ck_assert_int_eq(try_open(NULL, 1, &opened_first, NULL), 0);
        started_first = start(NULL, NULL);
        ck_assert_int_eq(session_start(opened_first, NULL), 0);
        plug("1-1", STAGE_ROM);
        check_owner("1-1", started_first);
        tear_down();
}
END_TEST

START_TEST(test_named_port_comes_before_waiting) {
        Session *any, *named, *by_path;

        set_up();
        any = start(NULL, NULL);
        named = start("1-1", NULL);
        by_path = start("pci-0000:00:14.0-usb-0:2:1.0", NULL);
        plug("1-1", STAGE_ROM);
        check_owner("1-1", named);
        fake_plug("1-2", "pci-0000:00:14.0-usb-0:2", STAGE_ROM);
        fake_settle(event);
        check_owner("1-2", by_path);
        ck_assert_str_eq(session_get_port(by_path), "1-2");
        plug("1-3", STAGE_ROM);
        check_owner("1-3", any);
        tear_down();
}
END_TEST

START_TEST(test_named_port_is_kept_for_its_session) {
        Session *any, *named;

        set_up();
        any = start(NULL, NULL);
        ck_assert_int_eq(try_open("1-1", 1, &named, NULL), 0);
        plug("1-1", STAGE_ROM);
        check_owner("1-1", NULL);
        plug("1-2", STAGE_ROM);
        check_owner("1-2", any);
        ck_assert_int_eq(session_start(named, NULL), 0);
        check_owner("1-1", named);
        tear_down();
}
END_TEST

START_TEST(test_port_of_a_closed_session_is_free_for_others) {
        Session *any, *named;

        set_up();
        any = start(NULL, NULL);
        ck_assert_int_eq(try_open("1-1", 1, &named, NULL), 0);
        plug("1-1", STAGE_ROM);
        session_close(named);
        fake_settle(event);
        check_owner("1-1", any);
        tear_down();
}
END_TEST

START_TEST(test_spl_follows_into_the_session_of_its_rom) {
        Session *any, *other, *named;

        set_up();
        any = start(NULL, NULL);
        plug("1-1", STAGE_ROM);
        check_owner("1-1", any);
        other = start(NULL, "spl");
        named = start("1-1", "spl");
        unplug("1-1");
        plug("1-1", STAGE_SPL);
        check_owner("1-1", any);
        plug("1-2", STAGE_SPL);
        check_owner("1-2", other);
        ck_assert_int_eq(session_get_state(named), SESSION_STATE_WAITING);
        tear_down();
}
END_TEST

START_TEST(test_rom_on_a_named_port_leaves_its_last_user) {
        Session *any, *named;

        set_up();
        any = start(NULL, NULL);
        plug("1-1", STAGE_ROM);
        named = start("1-1", NULL);
        check_owner("1-1", any);
        unplug("1-1");
        plug("1-1", STAGE_ROM);
        check_owner("1-1", named);

        /* Both wait there now; the SPL is the later one's. */
        unplug("1-1");
        plug("1-1", STAGE_SPL);
        check_owner("1-1", named);
        tear_down();
}
END_TEST

START_TEST(test_rom_begins_anew_where_its_session_is) {
        Session *any;

        set_up();
        any = start(NULL, NULL);
        plug("1-1", STAGE_ROM);
        unplug("1-1");
        (void) start(NULL, NULL);
        plug("1-1", STAGE_ROM);
        check_owner("1-1", any);
        tear_down();
}
END_TEST

START_TEST(test_two_boards_on_two_ports) {
        Session *a, *b;

        set_up();
        a = start(NULL, NULL);
        b = start(NULL, NULL);
        plug("1-1", STAGE_ROM);
        plug("1-2", STAGE_ROM);
        unplug("1-2");
        unplug("1-1");
        plug("1-1", STAGE_SPL);
        plug("1-2", STAGE_SPL);
        check_owner("1-1", a);
        check_owner("1-2", b);

        /* The end of one does not disturb the other. */
        session_close(a);
        fake_settle(event);
        check_owner("1-1", NULL);
        check_owner("1-2", b);
        ck_assert_int_eq(session_get_state(b), SESSION_STATE_READY);
        tear_down();
}
END_TEST

START_TEST(test_board_given_back_is_for_later_sessions) {
        Session *first, *waiting, *later;

        set_up();
        first = start(NULL, NULL);
        waiting = start(NULL, NULL);
        plug("1-1", STAGE_ROM);
        session_close(first);
        fake_settle(event);
        check_owner("1-1", NULL);
        ck_assert_int_eq(session_get_state(waiting), SESSION_STATE_WAITING);

        later = start(NULL, NULL);
        check_owner("1-1", later);
        session_close(later);
        fake_settle(event);

        /* A new plug is a new board. */
        unplug("1-1");
        plug("1-1", STAGE_ROM);
        check_owner("1-1", waiting);
        tear_down();
}
END_TEST

/* Who opens one session after the other gets each board once a plug. */
START_TEST(test_board_given_back_is_not_untried) {
        Session *first, *untried, *named;

        set_up();
        first = start_untried(NULL);
        plug("1-1", STAGE_ROM);
        check_owner("1-1", first);
        untried = start_untried(NULL);
        session_close(first);
        fake_settle(event);
        check_owner("1-1", NULL);

        /* The port's own session asks for that board, whatever became of it; and so it says nothing there. */
        named = start_untried("1-1");
        check_owner("1-1", named);
        session_close(named);
        fake_settle(event);
        check_owner("1-1", NULL);

        plug("1-2", STAGE_ROM);
        check_owner("1-2", untried);
        untried = start_untried(NULL);
        unplug("1-1");
        plug("1-1", STAGE_ROM);
        check_owner("1-1", untried);
        tear_down();
}
END_TEST

START_TEST(test_board_that_fails_one_session_is_not_passed_along) {
        Session *first, *second;

        set_up();
        first = start(NULL, NULL);
        second = start(NULL, NULL);
        fake.n_steps = 0;
        fake.fail_at = 3;
        fake.fail_error = -EPERM;
        plug("1-1", STAGE_ROM);
        ck_assert_int_eq(session_get_state(first), SESSION_STATE_FAILED);
        ck_assert_int_eq(session_get_state(second), SESSION_STATE_WAITING);
        fake_change("1-1");
        fake_settle(event);
        check_owner("1-1", NULL);
        tear_down();
}
END_TEST

START_TEST(test_other_socs_are_left_alone) {
        static const Soc other = {.name = "other"};

        set_up();
        (void) start(NULL, NULL);
        (void) start("1-1", NULL);
        fake_plug_soc("1-1", NULL, &other, STAGE_ROM);
        fake_plug_soc("1-2", NULL, &other, STAGE_ROM);
        fake_settle(event);
        check_owner("1-1", NULL);
        check_owner("1-2", NULL);
        tear_down();
}
END_TEST

/* One socket, two names: a machine with UHCI at 1d.0 and 1d.1, of which EHCI at 1d.7 has ports 1 to 2
 * and 3 to 4; and with the same again at 1a. */

static const UsbTopology uhci = {
        .root_mbps = 12, .is_pci = true, .pci_slot = 0x1d, .pci_function = 0};
static const UsbTopology uhci2 = {
        .root_mbps = 12, .is_pci = true, .pci_slot = 0x1d, .pci_function = 1};
static const UsbTopology ehci = {
        .root_mbps = 480, .is_pci = true, .is_ehci = true, .pci_slot = 0x1d, .pci_function = 7};

static UsbTopology with_location(UsbTopology topology, uint32_t location) {
        topology.location = location;
        return topology;
}

static void plug_at(const char *port, UsbTopology topology, Stage stage) {
        fake_plug_at(port, NULL, &topology, stage);
        fake_settle(event);
}

/* A ROM comes and goes. */
static void pass_rom(const char *port, UsbTopology topology) {
        plug_at(port, topology, STAGE_ROM);
        unplug(port);
}

START_TEST(test_spl_under_the_other_name_of_its_socket) {
        Session *session, *other;

        set_up();
        session = start(NULL, NULL);
        fake_plug_at("2-1", "pci-0000:00:1d.0-usb-0:1", &uhci, STAGE_ROM);
        fake_settle(event);
        check_owner("2-1", session);
        other = start(NULL, "spl");
        unplug("2-1");
        fake_plug_at("1-3", "pci-0000:00:1d.7-usb-0:3", &ehci, STAGE_SPL);
        fake_settle(event);
        check_owner("1-3", session);
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_READY);
        ck_assert_int_eq(session_get_state(other), SESSION_STATE_WAITING);
        ck_assert_str_eq(session_get_stage(session), "spl");
        ck_assert_str_eq(session_get_port(session), "1-3");
        ck_assert_str_eq(session_get_id_path(session), "pci-0000:00:1d.7-usb-0:3");
        ck_assert_str_eq(fake_link("1-3")->name, "spl0");
        tear_down();
}
END_TEST

START_TEST(test_other_name_is_told_to_the_observer) {
        Session *session;

        set_up();
        session = start(NULL, NULL);
        pass_rom("2-1", uhci);
        session_changes = 0;
        plug_at("1-3", ehci, STAGE_SPL);
        ck_assert(session_changes & SESSION_PROPERTY_PORT);
        ck_assert(!(session_changes & SESSION_PROPERTY_ID_PATH)); /* none before, none now */
        ck_assert_str_eq(session_get_port(session), "1-3");
        tear_down();
}
END_TEST

START_TEST(test_strangers_are_never_taken_for_an_spl) {
        const UsbTopology strangers[] = {
                {}, /* behind a hub, or not known */
                uhci,
                {.root_mbps = 480, .is_pci = true, .pci_slot = 0x1d, .pci_function = 7}, /* xHCI */
                {.root_mbps = 480,
                 .is_pci = true,
                 .is_ehci = true,
                 .pci_slot = 0x1a,
                 .pci_function = 7},
                with_location(ehci, 0x80000102),
        };
        Session *session;

        set_up();
        session = start(NULL, NULL);
        pass_rom("2-1", with_location(uhci, 0x80000101));
        for (size_t i = 0; i < ELEMENTSOF(strangers); i++) {
                plug_at("1-3", strangers[i], STAGE_SPL);
                check_owner("1-3", NULL);
                ck_assert_int_eq(session_get_state(session), SESSION_STATE_DETACHED);
                unplug("1-3");
        }

        /* A ROM is the next board's beginning, wherever it is. */
        plug_at("1-3", ehci, STAGE_ROM);
        check_owner("1-3", NULL);
        unplug("1-3");
        plug_at("1-4", with_location(ehci, 0x80000101), STAGE_SPL);
        check_owner("1-4", session);
        tear_down();
}
END_TEST

START_TEST(test_rom_behind_a_hub_keeps_its_name) {
        Session *session;

        set_up();
        session = start(NULL, NULL);
        pass_rom("2-1.4", (UsbTopology){});
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", NULL);
        plug_at("2-1.4", (UsbTopology){}, STAGE_SPL);
        check_owner("2-1.4", session);
        tear_down();
}
END_TEST

START_TEST(test_spl_that_was_there_before_is_a_strangers) {
        set_up();
        plug_at("1-3", ehci, STAGE_SPL);
        (void) start(NULL, NULL);
        plug_at("2-1", uhci, STAGE_ROM);
        plug_at("1-4", ehci, STAGE_SPL);
        unplug("2-1");
        (void) start(NULL, NULL); /* all are offered again */
        check_owner("1-3", NULL);
        check_owner("1-4", NULL);
        tear_down();
}
END_TEST

START_TEST(test_other_name_counts_for_half_a_minute) {
        Session *session;

        set_up();
        session = start(NULL, NULL);
        pass_rom("2-1", uhci);
        fake.later_usec += 31 * USEC_PER_SEC;
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", NULL);
        unplug("1-3");

        pass_rom("2-1", uhci);
        fake.later_usec += 29 * USEC_PER_SEC;
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", session);
        tear_down();
}
END_TEST

START_TEST(test_spl_of_one_of_two_is_nobodys) {
        Session *a, *b, *later;

        set_up();
        a = start(NULL, NULL);
        b = start(NULL, NULL);
        pass_rom("2-1", uhci);
        pass_rom("3-1", uhci2);
        (void) start(NULL, "spl");
        plug_at("1-1", ehci, STAGE_SPL);
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-1", NULL);
        check_owner("1-3", NULL);

        /* Nor later, when one of them is left. */
        session_close(a);
        fake_settle(event);
        check_owner("1-1", NULL);
        check_owner("1-3", NULL);
        fake_change("1-1");
        fake_settle(event);
        check_owner("1-1", NULL);
        ck_assert_int_eq(session_get_state(b), SESSION_STATE_DETACHED);

        /* The next one that is plugged in is: only one can be meant. */
        unplug("1-1");
        plug_at("1-1", ehci, STAGE_SPL);
        check_owner("1-1", b);

        /* And whoever asks for just an SPL, knowing this one is there, gets it. */
        later = start("1-3", "spl");
        check_owner("1-3", later);
        tear_down();
}
END_TEST

START_TEST(test_firmware_tells_two_sockets_apart) {
        Session *a, *b;

        set_up();
        a = start(NULL, NULL);
        b = start(NULL, NULL);
        plug_at("2-1", with_location(uhci, 0x80000101), STAGE_ROM);
        plug_at("3-1", with_location(uhci2, 0x80000103), STAGE_ROM);
        unplug("2-1");
        unplug("3-1");
        plug_at("1-3", with_location(ehci, 0x80000103), STAGE_SPL);
        plug_at("1-1", with_location(ehci, 0x80000101), STAGE_SPL);
        check_owner("1-1", a);
        check_owner("1-3", b);
        tear_down();
}
END_TEST

START_TEST(test_own_name_comes_before_the_other) {
        Session *own, *other, *named;

        set_up();
        own = start(NULL, NULL);
        plug_at("1-3", ehci, STAGE_ROM); /* a ROM of high speed: only so that the port is its */
        unplug("1-3");
        other = start(NULL, NULL);
        pass_rom("2-1", uhci);
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", own);
        ck_assert_int_eq(session_get_state(other), SESSION_STATE_DETACHED);

        /* A port that is named is kept, whatever who named it is doing. */
        ck_assert_int_eq(try_open("1-4", 1000, &named, NULL), 0);
        plug_at("1-4", ehci, STAGE_SPL);
        check_owner("1-4", NULL);
        ck_assert_int_eq(session_get_state(other), SESSION_STATE_DETACHED);
        tear_down();
}
END_TEST

START_TEST(test_named_port_is_the_roms) {
        Session *session;

        set_up();
        session = start("2-1", NULL);
        fake_plug_at("2-1", "pci-0000:00:1d.0-usb-0:1", &uhci, STAGE_ROM);
        fake_settle(event);
        unplug("2-1");
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", session);
        ck_assert_str_eq(session_get_port(session), "1-3");
        ck_assert_str_eq(session_get_id_path(session), "");
        unplug("1-3");
        ck_assert_str_eq(session_get_port(session), "1-3");

        /* What was named is what it waits for, when nothing comes. */
        ck_assert_uint_eq(fake_elapse(60 * USEC_PER_SEC), 1);
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_WAITING);
        ck_assert_str_eq(session_get_port(session), "2-1");
        ck_assert_str_eq(session_get_id_path(session), "pci-0000:00:1d.0-usb-0:1");
        plug_at("1-3", ehci, STAGE_ROM);
        check_owner("1-3", NULL);
        plug_at("2-1", uhci, STAGE_ROM);
        check_owner("2-1", session);
        tear_down();
}
END_TEST

START_TEST(test_rom_begins_anew_under_its_own_name) {
        Session *session;

        set_up();
        session = start(NULL, NULL);
        pass_rom("2-1", uhci);
        (void) start(NULL, NULL);
        plug_at("2-1", uhci, STAGE_ROM);
        check_owner("2-1", session);
        unplug("2-1");
        plug_at("1-3", ehci, STAGE_SPL);
        unplug("1-3");
        plug_at("2-1", uhci, STAGE_ROM);
        check_owner("2-1", session);
        ck_assert_str_eq(session_get_port(session), "2-1");
        unplug("2-1");

        /* The pair is not remembered: the SPL qualifies each time. */
        fake.later_usec += 31 * USEC_PER_SEC;
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", NULL);
        unplug("1-3");

        /* And with the port, when it is given up, its other name. */
        pass_rom("2-1", uhci);
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", session);
        unplug("1-3");
        ck_assert_uint_eq(fake_elapse(60 * USEC_PER_SEC), 1);
        ck_assert_str_eq(session_get_port(session), "");
        plug_at("2-1", uhci, STAGE_ROM);
        ck_assert_ptr_ne(board_get_session(manager_find_board(manager, "2-1")), session);
        tear_down();
}
END_TEST

START_TEST(test_rom_that_is_back_shows_that_the_spl_was_a_strangers) {
        Session *session;

        set_up();
        session = start(NULL, NULL);
        pass_rom("2-1", uhci);
        plug_at("1-4", ehci, STAGE_SPL);
        check_owner("1-4", session);
        plug_at("3-1", uhci2, STAGE_ROM); /* of somebody else */
        check_owner("1-4", session);

        plug_at("2-1", uhci, STAGE_ROM);
        check_owner("2-1", session);
        ck_assert_str_eq(session_get_stage(session), "rom");
        ck_assert_str_eq(session_get_port(session), "2-1");
        check_owner("1-4", NULL);
        ck_assert_int_eq(fake_link("1-4")->netns, FAKE_HOME);

        unplug("2-1");
        fake_change("1-4");
        fake_settle(event);
        check_owner("1-4", NULL);
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", session);
        tear_down();
}
END_TEST

/* ROMs of other chips, and SPLs, may have any speed. */
START_TEST(test_only_a_rom_is_followed_under_another_name) {
        Session *session;

        set_up();
        session = start(NULL, "spl");
        plug_at("2-1", uhci, STAGE_SPL);
        check_owner("2-1", session);
        unplug("2-1");
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", NULL);
        tear_down();
}
END_TEST

START_TEST(test_only_ports_that_roms_left_count) {
        Session *a, *b;

        set_up();
        a = start(NULL, NULL);
        b = start(NULL, NULL);
        pass_rom("2-1", uhci);
        plug_at("2-1", uhci, STAGE_ROM); /* again: it did not become anything */
        pass_rom("3-1", uhci2);
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("2-1", a);
        check_owner("1-3", b);
        tear_down();
}
END_TEST

START_TEST(test_rom_under_the_second_name_forgets_the_first) {
        Session *session;

        set_up();
        session = start(NULL, NULL);
        pass_rom("2-1", uhci);
        plug_at("1-3", ehci, STAGE_SPL);
        unplug("1-3");
        plug_at("1-3", ehci, STAGE_ROM);
        check_owner("1-3", session);
        plug_at("2-1", uhci, STAGE_ROM);
        check_owner("1-3", session);
        check_owner("2-1", NULL);
        tear_down();
}
END_TEST

START_TEST(test_spl_that_was_given_back_follows_nobody) {
        Session *session, *named;

        set_up();
        session = start(NULL, NULL);
        named = start("1-3", "spl");
        pass_rom("2-1", uhci);
        plug_at("1-3", ehci, STAGE_SPL);
        check_owner("1-3", named);
        session_close(named);
        fake_settle(event);
        check_owner("1-3", NULL);
        ck_assert_int_eq(session_get_state(session), SESSION_STATE_DETACHED);
        tear_down();
}
END_TEST

START_TEST(test_named_port_is_named_once) {
        _cleanup_failure_ Failure failure = {}, failure2 = {};
        Session *a, *b;

        set_up();
        fake_plug("1-1", "pci-0000:00:14.0-usb-0:1", STAGE_SPL);
        fake_settle(event);
        ck_assert_int_eq(try_open("1-1", 1, &a, NULL), 0);
        ck_assert_int_lt(try_open("1-1", 1, &b, &failure), 0);
        ck_assert_str_eq(failure.name, BUS_ERROR_PORT_BUSY);
        ck_assert(strstr(failure.text, "1-1") && strstr(failure.text, session_get_id(a)));

        /* The same place in other words, while a board shows that it is. */
        ck_assert_int_lt(try_open("pci-0000:00:14.0-usb-0:1", 1, &b, &failure2), 0);
        ck_assert_str_eq(failure2.name, BUS_ERROR_PORT_BUSY);

        ck_assert_int_eq(try_open("1-2", 1, &b, NULL), 0);
        session_close(a);
        ck_assert_int_eq(try_open("1-1", 1, &a, NULL), 0);
        tear_down();
}
END_TEST

START_TEST(test_failed_session_does_not_keep_its_port) {
        Session *a, *b;

        set_up();
        plug("1-1", STAGE_SPL);
        fake_link("1-1")->has_address = true;
        a = start("1-1", "spl");
        ck_assert_int_eq(session_get_state(a), SESSION_STATE_FAILED);
        ck_assert_int_eq(try_open("1-1", 1, &b, NULL), 0);
        tear_down();
}
END_TEST

START_TEST(test_limits_count_namespaces) {
        _cleanup_failure_ Failure failure = {};
        Session *sessions[SESSIONS_PER_USER_MAX], *session;
        int fd;

        set_up();
        for (unsigned i = 0; i < SESSIONS_PER_USER_MAX; i++)
                ck_assert_int_eq(try_open(NULL, 1000, &sessions[i], NULL), 0);
        ck_assert_int_lt(try_open(NULL, 1000, &session, &failure), 0);
        ck_assert_str_eq(failure.name, BUS_ERROR_LIMIT_EXCEEDED);
        ck_assert_int_eq(try_open(NULL, 1001, &session, NULL), 0);

        /* Closed, but its socket is kept: still counted. */
        ck_assert_int_eq(session_open_socket(sessions[0], &fd, NULL), 0);
        session_close(sessions[0]);
        fake_settle(event);
        ck_assert_int_lt(try_open(NULL, 1000, &session, NULL), 0);

        fake_close_sockets();
        fake_settle(event);
        ck_assert_int_eq(try_open(NULL, 1000, &session, NULL), 0);
        ck_assert_int_lt(try_open(NULL, 1000, &session, NULL), 0);
        tear_down();
}
END_TEST

START_TEST(test_limit_of_all_users) {
        _cleanup_failure_ Failure failure = {};
        Session *session;

        set_up();
        for (unsigned i = 0; i < SESSIONS_MAX; i++)
                ck_assert_int_eq(try_open(NULL, i, &session, NULL), 0);
        ck_assert_int_lt(try_open(NULL, 1000, &session, &failure), 0);
        ck_assert_str_eq(failure.name, BUS_ERROR_LIMIT_EXCEEDED);
        tear_down();
}
END_TEST

START_TEST(test_namespace_numbers_are_used_again) {
        Session *session;
        int fd;

        /* Namespace 0 dies; its number is given again before its event is read. */
        set_up();
        ck_assert_int_eq(try_open(NULL, 1, &session, NULL), 0);
        ck_assert_int_eq(session_open_socket(session, &fd, NULL), 0);
        session_close(session);
        fake_settle(event);
        fake_reuse_nsid(0);
        ck_assert_int_eq(try_open(NULL, 1, &session, NULL), 0);
        fake_close_sockets();
        ck_assert_int_eq(session_open_socket(session, &fd, NULL), 0);
        fake_send_nsid_removed(0); /* of the old owner */
        fake_settle(event);
        session_close(session);
        fake_settle(event);
        ck_assert(!manager_is_idle(manager)); /* the new one is counted still */
        fake_close_sockets();
        fake_settle(event);
        ck_assert(manager_is_idle(manager));
        tear_down();
}
END_TEST

START_TEST(test_lost_namespace_events_are_made_up_for) {
        Session *session;

        set_up();
        fake.no_nsid_event = true;
        ck_assert_int_eq(try_open(NULL, 1, &session, NULL), 0);
        session_close(session);
        fake_settle(event);
        ck_assert(!manager_is_idle(manager));
        fake_send_overflow(FAKE_HOME);
        fake_settle(event);
        ck_assert(manager_is_idle(manager));
        tear_down();
}
END_TEST

START_TEST(test_namespace_event_counts_without_an_answer) {
        Session *session;

        set_up();
        ck_assert_int_eq(try_open(NULL, 1, &session, NULL), 0);
        session_close(session);
        fake.fail_at = fake.n_steps + 1;
        fake.fail_error = -ENOMEM;
        fake_settle(event);
        ck_assert_str_eq(fake.failed_step, "rtnl_nsid_exists");
        ck_assert(manager_is_idle(manager));
        tear_down();
}
END_TEST

START_TEST(test_tells_when_idleness_changes) {
        Session *session;

        set_up();
        plug("1-1", STAGE_ROM);
        ck_assert_uint_eq(n_idle_changes, 0);
        session = start(NULL, NULL);
        ck_assert_uint_eq(n_idle_changes, 1);
        session_close(session);
        ck_assert(!manager_is_idle(manager)); /* its namespace lives until the kernel says */
        fake_settle(event);
        ck_assert(manager_is_idle(manager));
        ck_assert_uint_eq(n_idle_changes, 2);
        tear_down();
}
END_TEST

START_TEST(test_problem_is_shown_without_a_session) {
        unsigned n_objects;

        set_up();
        n_objects = fake_count_objects();
        fake_plug("1-1", NULL, STAGE_SPL);
        fake_link("1-1")->master = 4;
        fake_settle(event);
        ck_assert(strstr(board_get_problem(manager_find_board(manager, "1-1")), "bridge"));
        ck_assert_uint_eq(board_changes, BOARD_PROPERTY_PROBLEM);
        ck_assert_uint_eq(fake_count_objects(), n_objects + 1);

        /* What it is told of others, or of nothing, changes nothing. */
        fake_send_link_changed(fake_link("1-1")->ifindex + 1);
        fake_send_link_changed(fake_link("1-1")->ifindex);
        fake_settle(event);
        ck_assert(strstr(board_get_problem(manager_find_board(manager, "1-1")), "bridge"));
        fake_link("1-1")->master = 0;
        fake_link("1-1")->flags |= IFF_UP;
        fake_send_link_changed(fake_link("1-1")->ifindex);
        fake_settle(event);
        ck_assert(strstr(board_get_problem(manager_find_board(manager, "1-1")), "is up"));
        unplug("1-1");
        ck_assert_uint_eq(fake_count_objects(), n_objects);
        tear_down();
}
END_TEST

/* Nor is it told for a moment that it could not. */
START_TEST(test_rom_in_use_has_no_problem_for_it_can_be_taken) {
        Session *session;

        set_up();
        plug("1-1", STAGE_ROM);
        fake_link("1-1")->flags |= IFF_UP;
        session = start("1-1", NULL);
        fake_settle(event);
        check_owner("1-1", session);
        ck_assert_uint_eq(board_changes, BOARD_PROPERTY_SESSION);
        ck_assert_str_eq(board_get_problem(manager_find_board(manager, "1-1")), "");

        /* The SPL behind it has one as long as it is nobody's. */
        unplug("1-1");
        session_close(session);
        fake_plug("1-1", NULL, STAGE_SPL);
        fake_link("1-1")->has_address = true;
        fake_settle(event);
        ck_assert(*board_get_problem(manager_find_board(manager, "1-1")));
        tear_down();
}
END_TEST

static bool is_free(void) {
        return streq(board_get_problem(manager_find_board(manager, "1-1")), "");
}

START_TEST(test_no_news_of_problems_is_lost) {
        set_up();
        fake_plug("1-1", NULL, STAGE_SPL);
        fake_link("1-1")->has_address = true;

        /* Changed after it was looked at, and before anybody listened. */
        ck_assert_int_ge(sd_event_run(event, 0), 0);
        ck_assert(!is_free());
        fake_link("1-1")->has_address = false;
        fake_settle(event);
        ck_assert(is_free());

        fake_link("1-1")->has_address = true;
        fake_change("1-1");
        fake_settle(event);
        ck_assert(!is_free());
        fake_link("1-1")->has_address = false;
        fake_send_overflow(FAKE_HOME);
        fake_settle(event);
        ck_assert(is_free());
        tear_down();
}
END_TEST

/* Then it is as it would be without: the next event of udev's tells. */
START_TEST(test_survives_that_problems_cannot_be_watched) {
        set_up();
        fake.fail_error = -EMFILE;
        fake.fail_at = fake.n_steps + 3; /* after two looks at the interface */
        fake_plug("1-1", NULL, STAGE_SPL);
        fake_link("1-1")->has_address = true;
        fake_settle(event);
        ck_assert_str_eq(fake.failed_step, "rtnl_monitor_new");
        ck_assert(!is_free());
        fake_link("1-1")->has_address = false;
        fake_change("1-1");
        fake_settle(event);
        ck_assert(is_free());
        tear_down();
}
END_TEST

START_TEST(test_iterates) {
        Session *a, *b;

        set_up();
        ck_assert(!manager_next_session(manager, NULL));
        ck_assert(!manager_next_board(manager, NULL));
        ck_assert_uint_eq(manager_count_sessions(manager), 0);
        a = start(NULL, NULL);
        b = start(NULL, NULL);
        ck_assert_ptr_eq(manager_next_session(manager, NULL), a);
        ck_assert_ptr_eq(manager_next_session(manager, a), b);
        ck_assert(!manager_next_session(manager, b));
        ck_assert_uint_eq(manager_count_sessions(manager), 2);
        ck_assert(!manager_find_session(manager, "s"));
        ck_assert(!manager_find_session(manager, ""));
        ck_assert_ptr_eq(manager_find_session(manager, session_get_id(b)), b);
        tear_down();
}
END_TEST

START_TEST(test_ends_when_it_cannot_hear_udev) {
        set_up();
        fake_break_board_monitor(-EBADF);
        ck_assert_int_eq(sd_event_loop(event), -EBADF);
        manager = manager_free(manager);
        event = sd_event_unref(event);
}
END_TEST

START_TEST(test_is_not_made_when_a_step_fails) {
        log_set_target(LOG_TARGET_NULL);
        ck_assert_int_ge(sd_event_new(&event), 0);
        for (fake.fail_at = 1;; fake.fail_at++) {
                fake.n_steps = 0;
                fake.fail_error = -EPERM;
                if (manager_new(event, NULL, &manager) >= 0)
                        break;
                ck_assert_ptr_eq(manager, NULL);
                ck_assert_uint_eq(fake_count_objects(), 0);
        }
        ck_assert_uint_eq(fake.fail_at, 4);
        manager = manager_free(manager);
        event = sd_event_unref(event);
}
END_TEST

/* Any order of anything: boards, clients, faults. The seed is fixed, so that a failure comes again. */

static const char *const ports[] = {"1-1", "1-2", "1-3", "2-1.4"};
static const UsbTopology *const topologies[] = {&uhci, &uhci2, &ehci, &(const UsbTopology){}};

static unsigned roll(unsigned n) {
        return (unsigned) random() % n;
}

static Session *random_session(void) {
        Session *session = NULL;
        unsigned n = roll(6);

        for (unsigned i = 0; i <= n; i++)
                session = manager_next_session(manager, session);
        return session;
}

static void random_step(void) {
        const char *port = ports[roll(ELEMENTSOF(ports))];
        Session *session = random_session();
        SessionSpec spec;
        int fd;

        switch (roll(10)) {
        case 0:
        case 1:
                ck_assert_int_eq(session_spec_parse("am335x", roll(2) ? port : NULL,
                                                    roll(4) ? "rom" : "spl", roll(2), &spec, NULL),
                                 0);
                if (!manager_next_session(manager, session))
                        (void) manager_open_session(manager, &spec, &session, NULL);
                break;
        case 2:
        case 3:
                if (session)
                        (void) session_start(session, NULL);
                break;
        case 4:
                if (session)
                        session_close(session);
                break;
        case 5:
                if (session)
                        (void) session_open_socket(session, &fd, NULL);
                if (roll(4) == 0)
                        fake_close_sockets();
                break;
        case 6:
        case 7:
                fake.later_usec += roll(8) * USEC_PER_SEC;
                if (!fake_is_plugged(port))
                        fake_plug_at(port, NULL, topologies[roll(ELEMENTSOF(topologies))],
                                     roll(2) ? STAGE_ROM : STAGE_SPL);
                else
                        fake_unplug(port);
                break;
        case 8:
                if (fake_is_plugged(port) && fake_link(port)->netns == FAKE_HOME) {
                        fake_link(port)->has_address = roll(2);
                        if (roll(2))
                                fake_change(port);
                        else
                                fake_send_link_changed(fake_link(port)->ifindex);
                }
                break;
        default:
                (void) fake_elapse(roll(2) ? 2 * USEC_PER_SEC : 60 * USEC_PER_SEC);
                break;
        }
}

static void check_consistency(void) {
        size_t n_attached = 0, n_ready = 0, n_away = 0;

        for (Board *b = NULL; (b = manager_next_board(manager, b));) {
                const Session *s = board_get_session(b);

                if (s) {
                        ck_assert_int_eq(session_get_state(s), SESSION_STATE_READY);
                        ck_assert_str_eq(session_get_port(s), board_get_port(b));
                        n_attached++;
                }
                ck_assert(fake_is_plugged(board_get_port(b)));
                ck_assert_int_eq(fake_link(board_get_port(b))->netns == FAKE_HOME, !s);
        }
        for (size_t i = 0; i < ELEMENTSOF(ports); i++)
                n_away += fake_is_plugged(ports[i]) && fake_link(ports[i])->netns != FAKE_HOME;
        for (Session *s = NULL; (s = manager_next_session(manager, s));) {
                ck_assert_int_ne(session_get_state(s), SESSION_STATE_ATTACHING);
                ck_assert_int_ne(session_get_state(s), SESSION_STATE_CLOSED);
                ck_assert_int_eq(session_get_state(s) == SESSION_STATE_FAILED,
                                 session_get_failure(s)->name != NULL);
                n_ready += session_get_state(s) == SESSION_STATE_READY;
        }
        ck_assert_uint_eq(n_attached, n_ready);
        ck_assert_uint_eq(n_attached, n_away);
}

START_TEST(test_any_order_of_events) {
        static const int errors[] = {-EPERM, -ENODEV, -ENOMEM};

        set_up();
        srandom(20);
        for (unsigned i = 0; i < 20000; i++) {
                /* A way home that is blocked is a stray, which nothing can mend: not here. */
                fake.fail_at = roll(20) == 0 ? fake.n_steps + 1 + roll(6) : 0;
                fake.fail_error = errors[roll(ELEMENTSOF(errors))];
                fake.never_fails = "rtnl_link_move_home";
                random_step();
                if (roll(3) == 0) {
                        fake_settle(event);
                        check_consistency();
                }
        }
        fake.fail_at = 0;
        tear_down();
}
END_TEST

TEST_MAIN("manager", test_knows_the_boards_that_are_there_at_start,
          test_new_board_on_a_port_replaces_the_old_one, test_board_goes_to_who_has_waited_longest,
          test_waiting_counts_from_start_and_not_from_opening, test_named_port_comes_before_waiting,
          test_named_port_is_kept_for_its_session, test_port_of_a_closed_session_is_free_for_others,
          test_spl_follows_into_the_session_of_its_rom,
          test_rom_on_a_named_port_leaves_its_last_user, test_rom_begins_anew_where_its_session_is,
          test_two_boards_on_two_ports, test_board_given_back_is_for_later_sessions,
          test_two_boards_on_two_ports, test_board_given_back_is_not_untried,
          test_board_that_fails_one_session_is_not_passed_along, test_other_socs_are_left_alone,
          test_spl_under_the_other_name_of_its_socket, test_other_name_is_told_to_the_observer,
          test_strangers_are_never_taken_for_an_spl, test_rom_behind_a_hub_keeps_its_name,
          test_spl_that_was_there_before_is_a_strangers, test_other_name_counts_for_half_a_minute,
          test_spl_of_one_of_two_is_nobodys, test_firmware_tells_two_sockets_apart,
          test_own_name_comes_before_the_other, test_named_port_is_the_roms,
          test_rom_begins_anew_under_its_own_name,
          test_rom_that_is_back_shows_that_the_spl_was_a_strangers,
          test_only_a_rom_is_followed_under_another_name, test_only_ports_that_roms_left_count,
          test_rom_under_the_second_name_forgets_the_first,
          test_spl_that_was_given_back_follows_nobody, test_named_port_is_named_once,
          test_failed_session_does_not_keep_its_port, test_limits_count_namespaces,
          test_limit_of_all_users, test_namespace_numbers_are_used_again,
          test_lost_namespace_events_are_made_up_for, test_namespace_event_counts_without_an_answer,
          test_tells_when_idleness_changes, test_problem_is_shown_without_a_session,
          test_rom_in_use_has_no_problem_for_it_can_be_taken, test_no_news_of_problems_is_lost,
          test_survives_that_problems_cannot_be_watched, test_iterates,
          test_ends_when_it_cannot_hear_udev, test_is_not_made_when_a_step_fails,
          test_any_order_of_events)
