/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "../check-main.h"

#include <stdio.h>
#include <sys/eventfd.h>

#include "bus-contract.h"
#include "fake-kernel.h"
#include "log.h"
#include "manager.h"

static sd_event *event;
static Manager *manager;
static unsigned n_fds_at_start;

/* What the observer saw of the sessions: "s1:waiting s1:attaching …". */
static char story[4096];
static unsigned changed; /* all properties since the last reset */

static void tell(const char *what, const char *id) {
        size_t n = strlen(story);

        snprintf(story + n, sizeof(story) - n, "%s%s:%s", n > 0 ? " " : "", id, what);
}

static void on_session_changed(Session *session, unsigned properties, void *userdata) {
        changed |= properties;
        if (properties & SESSION_PROPERTY_STATE)
                tell(session_state_to_string(session_get_state(session)), session_get_id(session));
}

static void on_session_removed(Session *session, void *userdata) {
        tell("removed", session_get_id(session));
}

static void set_up(void) {
        static const ManagerObserver observer = {
                .on_session_changed = on_session_changed,
                .on_session_removed = on_session_removed,
        };

        log_set_target(LOG_TARGET_NULL);
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_ge(manager_new(event, &observer, &manager), 0);
        ck_assert_int_ge(manager_coldplug(manager), 0);
        fake_settle(event);
        fake.n_steps = 0;
        n_fds_at_start = count_fds();
}

/* Whatever happened before: nothing may be left of it. */
static void check_nothing_left(void) {
        fake_close_sockets();
        fake_settle(event);
        ck_assert(!manager_next_session(manager, NULL));
        ck_assert(manager_is_idle(manager));
        ck_assert_uint_eq(fake_count_namespaces(), 0);
        ck_assert_uint_eq(fake_count_objects(), 3); /* the manager's own */
        ck_assert_uint_eq(fake_count_timers(), 0);
        ck_assert_uint_eq(count_fds(), n_fds_at_start);
        for (Board *b = manager_next_board(manager, NULL); b; b = manager_next_board(manager, b)) {
                ck_assert(!board_get_session(b));
                ck_assert(fake_is_plugged(board_get_port(b)));
                ck_assert_int_eq(fake_link(board_get_port(b))->netns, FAKE_HOME);
                ck_assert(!(fake_link(board_get_port(b))->flags & IFF_UP));
        }
}

static void tear_down(void) {
        check_nothing_left();
        manager = manager_free(manager);
        ck_assert_uint_eq(fake_count_objects(), 0);
        event = sd_event_unref(event);
}

static Session *open_session(const char *port, const char *stage) {
        _cleanup_failure_ Failure failure = {};
        SessionSpec spec;
        Session *session;

        ck_assert_int_ge(session_spec_parse("am335x", port, stage, 1000, &spec, &failure), 0);
        ck_assert_int_ge(manager_open_session(manager, &spec, &session, &failure), 0);
        return session;
}

static Session *start_session(const char *port, const char *stage) {
        Session *session = open_session(port, stage);

        ck_assert_int_ge(session_start(session, NULL), 0);
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

static void check_state(const Session *session, SessionState state) {
        ck_assert_str_eq(session_state_to_string(session_get_state(session)),
                         session_state_to_string(state));
}

START_TEST(test_opens_and_closes) {
        Session *session;

        set_up();
        session = open_session(NULL, NULL);
        check_state(session, SESSION_STATE_IDLE);
        ck_assert_str_eq(session_get_id(session), "s1");
        ck_assert_str_eq(session_get_port(session), "");
        ck_assert_str_eq(session_get_id_path(session), "");
        ck_assert_str_eq(session_get_stage(session), "");
        ck_assert(!session_get_failure(session)->name);
        ck_assert(!manager_is_idle(manager));
        ck_assert_ptr_eq(manager_find_session(manager, "s1"), session);

        session_close(session);
        ck_assert(!manager_find_session(manager, "s1"));
        ck_assert_str_eq(story, "s1:removed");
        tear_down();
}
END_TEST

START_TEST(test_follows_its_board_from_rom_to_spl) {
        Session *session;
        FakeLink *link;

        set_up();
        session = start_session(NULL, NULL);
        changed = 0;
        fake_plug("1-1.4", "pci-0000:00:14.0-usb-0:1.4", STAGE_ROM);
        fake_settle(event);
        check_state(session, SESSION_STATE_READY);
        ck_assert_uint_eq(changed,
                          SESSION_PROPERTY_STATE | SESSION_PROPERTY_STAGE | SESSION_PROPERTY_PORT |
                                  SESSION_PROPERTY_ID_PATH | SESSION_PROPERTY_PLUG_USEC |
                                  SESSION_PROPERTY_ATTACH_USEC | SESSION_PROPERTY_READY_USEC);
        ck_assert_str_eq(session_get_port(session), "1-1.4");
        ck_assert_str_eq(session_get_id_path(session), "pci-0000:00:14.0-usb-0:1.4");
        ck_assert_str_eq(session_get_stage(session), "rom");
        ck_assert_uint_gt(session_get_plug_usec(session), 0);
        ck_assert_uint_le(session_get_attach_usec(session), session_get_ready_usec(session));
        ck_assert_ptr_eq(board_get_session(manager_find_board(manager, "1-1.4")), session);
        link = fake_link("1-1.4");
        ck_assert_str_eq(link->name, "rom0");
        ck_assert(link->flags & IFF_UP);
        ck_assert_int_ne(link->netns, FAKE_HOME);

        unplug("1-1.4");
        check_state(session, SESSION_STATE_DETACHED);
        ck_assert_str_eq(session_get_stage(session), "rom");
        ck_assert(!manager_find_board(manager, "1-1.4"));

        plug("1-1.4", STAGE_SPL);
        check_state(session, SESSION_STATE_READY);
        ck_assert_str_eq(session_get_stage(session), "spl");
        ck_assert_str_eq(fake_link("1-1.4")->name, "spl0");

        session_close(session);
        fake_settle(event);
        ck_assert_int_eq(fake_link("1-1.4")->netns, FAKE_HOME);
        ck_assert_str_eq(story, "s1:waiting s1:attaching s1:ready s1:detached "
                                "s1:attaching s1:ready s1:removed");
        tear_down();
}
END_TEST

/* An SPL has the USB ids of its build: 0451:d022 is that of many chips. */
START_TEST(test_spl_with_ids_of_another_soc) {
        Session *session;

        set_up();
        session = start_session(NULL, NULL);
        (void) fake_plug_soc("1-1.4", "", soc_find("am437x"), STAGE_ROM);
        fake_settle(event);
        check_state(session, SESSION_STATE_WAITING); /* a ROM's ids count */
        fake_unplug("1-1.4");
        fake_settle(event);
        (void) fake_plug_soc("1-1.4", "", soc_find("am437x"), STAGE_SPL);
        fake_settle(event);
        check_state(session, SESSION_STATE_WAITING);
        fake_unplug("1-1.4");
        fake_settle(event);

        plug("1-1.4", STAGE_ROM);
        unplug("1-1.4");
        check_state(session, SESSION_STATE_DETACHED);
        (void) fake_plug_soc("1-1.5", "", soc_find("am437x"), STAGE_SPL);
        fake_settle(event);
        check_state(session, SESSION_STATE_DETACHED); /* another port's */
        (void) fake_plug_soc("1-1.4", "", soc_find("am437x"), STAGE_SPL);
        fake_settle(event);
        check_state(session, SESSION_STATE_READY);
        session_close(session);
        fake_settle(event);
        tear_down();
}
END_TEST

START_TEST(test_takes_a_board_that_is_there_within_start) {
        Session *session;

        set_up();
        plug("1-1", STAGE_ROM);
        session = start_session(NULL, NULL);
        check_state(session, SESSION_STATE_READY);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_takes_nothing_before_start) {
        Session *session;

        set_up();
        session = open_session(NULL, NULL);
        plug("1-1", STAGE_ROM);
        check_state(session, SESSION_STATE_IDLE);
        ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_starts_once) {
        _cleanup_failure_ Failure failure = {};
        Session *session;

        set_up();
        session = start_session(NULL, NULL);
        ck_assert_int_lt(session_start(session, &failure), 0);
        ck_assert_str_eq(failure.name, BUS_ERROR_WRONG_STATE);
        check_state(session, SESSION_STATE_WAITING);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_begins_anew_with_a_rom) {
        static const Stage stages[] = {STAGE_ROM, STAGE_ROM, STAGE_SPL, STAGE_ROM, STAGE_SPL};
        Session *session;

        set_up();
        session = start_session(NULL, NULL);
        for (size_t i = 0; i < ELEMENTSOF(stages); i++) {
                plug("1-1", stages[i]);
                check_state(session, SESSION_STATE_READY);
                ck_assert_str_eq(session_get_stage(session), stage_to_string(stages[i]));
                unplug("1-1");
                check_state(session, SESSION_STATE_DETACHED);
        }
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_next_board_before_the_unplug_is_known) {
        Session *session;

        /* All signs of the unplug are lost: the new plug on the same port is one. */
        set_up();
        session = start_session(NULL, NULL);
        plug("1-1", STAGE_ROM);
        fake.no_link_event = fake.no_usb_event = true;
        fake_unplug("1-1");
        plug("1-1", STAGE_SPL);
        check_state(session, SESSION_STATE_READY);
        ck_assert_str_eq(session_get_stage(session), "spl");
        ck_assert_str_eq(story,
                         "s1:waiting s1:attaching s1:ready s1:detached s1:attaching s1:ready");
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_either_sign_of_an_unplug_is_enough) {
        Session *session;

        set_up();
        session = start_session(NULL, NULL);
        for (unsigned i = 0; i < 3; i++) {
                fake.no_link_event = i == 1;
                fake.no_usb_event = i == 2;
                plug("1-1", STAGE_ROM);
                check_state(session, SESSION_STATE_READY);
                *story = '\0';
                unplug("1-1");
                ck_assert_str_eq(story, "s1:detached");
        }
        session_close(session);
        fake.no_link_event = fake.no_usb_event = false;

        /* The board whose udev event was lost is known still; as the next plug shows it is not. */
        plug("1-1", STAGE_ROM);
        tear_down();
}
END_TEST

START_TEST(test_asks_the_kernel_when_events_are_lost_or_late) {
        Session *session;
        FakeLink *link;

        set_up();
        session = start_session(NULL, NULL);
        plug("1-1", STAGE_ROM);
        link = fake_link("1-1");

        /* An event from before the move, of another link, or lost ones, with the board there. */
        fake_send_link_removed(link->netns, link->ifindex, true);
        fake_send_link_removed(link->netns, link->ifindex, false);
        fake_send_link_removed(link->netns, link->ifindex + 1, false);
        fake_send_overflow(link->netns);
        fake_settle(event);
        check_state(session, SESSION_STATE_READY);

        fake.no_link_event = fake.no_usb_event = true;
        fake_send_overflow(link->netns);
        fake_unplug("1-1");
        fake_settle(event);
        check_state(session, SESSION_STATE_DETACHED);
        session_close(session);
        fake.no_link_event = fake.no_usb_event = false;
        plug("1-1", STAGE_ROM);
        tear_down();
}
END_TEST

START_TEST(test_udev_changes_do_not_disturb_a_session) {
        Session *session;

        set_up();
        session = start_session(NULL, NULL);
        plug("1-1", STAGE_ROM);
        *story = '\0';
        fake_change("1-1");
        fake_settle(event);
        ck_assert_str_eq(story, "");
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_gives_its_port_up) {
        Session *session;

        set_up();
        session = start_session(NULL, NULL);
        plug("1-1", STAGE_ROM);
        ck_assert_uint_eq(fake_count_timers(), 0);
        unplug("1-1");
        ck_assert_uint_eq(fake_elapse(59 * USEC_PER_SEC), 0);
        check_state(session, SESSION_STATE_DETACHED);

        ck_assert_uint_eq(fake_elapse(60 * USEC_PER_SEC), 1);
        check_state(session, SESSION_STATE_WAITING);
        ck_assert_str_eq(session_get_port(session), "");
        ck_assert_uint_eq(fake_count_timers(), 0);

        /* An SPL is no first stage any more, and any port will do. */
        plug("1-1", STAGE_SPL);
        check_state(session, SESSION_STATE_WAITING);
        plug("2-1", STAGE_ROM);
        check_state(session, SESSION_STATE_READY);
        ck_assert_str_eq(session_get_port(session), "2-1");
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_keeps_a_named_port) {
        Session *session;

        set_up();
        session = start_session("1-1", NULL);
        ck_assert_str_eq(session_get_port(session), "1-1");
        plug("1-1", STAGE_ROM);
        unplug("1-1");
        ck_assert_uint_eq(fake_elapse(60 * USEC_PER_SEC), 1);
        check_state(session, SESSION_STATE_WAITING);
        ck_assert_str_eq(session_get_port(session), "1-1");
        plug("2-1", STAGE_ROM);
        check_state(session, SESSION_STATE_WAITING);
        plug("1-1", STAGE_ROM);
        check_state(session, SESSION_STATE_READY);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_first_stage_spl) {
        Session *session;

        set_up();
        session = start_session(NULL, "spl");
        plug("1-1", STAGE_ROM);
        check_state(session, SESSION_STATE_WAITING);
        plug("1-2", STAGE_SPL);
        check_state(session, SESSION_STATE_READY);
        unplug("1-2");

        /* A ROM is left alone on its own port, too. */
        plug("1-2", STAGE_ROM);
        check_state(session, SESSION_STATE_DETACHED);
        unplug("1-2");
        plug("1-2", STAGE_SPL);
        check_state(session, SESSION_STATE_READY);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_first_stage_rom_leaves_an_spl_alone) {
        Session *session;

        set_up();
        plug("1-1", STAGE_SPL);
        session = start_session("1-1", "rom");
        check_state(session, SESSION_STATE_WAITING);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_busy_interface_fails_a_session_that_named_the_port) {
        _cleanup_failure_ Failure failure = {};
        Session *session;

        set_up();
        plug("1-1", STAGE_SPL);
        fake_link("1-1")->has_address = true;
        session = start_session("1-1", "spl");
        check_state(session, SESSION_STATE_FAILED);
        ck_assert_str_eq(session_get_failure(session)->name, BUS_ERROR_INTERFACE_BUSY);
        ck_assert(strstr(session_get_failure(session)->text, "usb"));
        ck_assert(strstr(session_get_failure(session)->text, "1-1"));
        ck_assert(*board_get_problem(manager_find_board(manager, "1-1")));
        ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);
        ck_assert(fake_link("1-1")->has_address);

        /* Final: it takes nothing, gives nothing, and starts not again. */
        fake_link("1-1")->has_address = false;
        fake_change("1-1");
        fake_settle(event);
        check_state(session, SESSION_STATE_FAILED);
        ck_assert_int_lt(session_open_socket(session, &(int){-1}, &failure), 0);
        ck_assert_str_eq(failure.name, BUS_ERROR_WRONG_STATE);
        ck_assert_int_lt(session_start(session, NULL), 0);
        session_close(session);
        tear_down();
}
END_TEST

static void use_up(FakeLink *link) {
        link->flags |= IFF_UP;
}

static void use_address(FakeLink *link) {
        link->has_address = true;
}

static void use_master(FakeLink *link) {
        link->master = 3;
}

START_TEST(test_busy_interface_is_skipped_until_it_is_free) {
        static void (*const uses[])(FakeLink *) = {use_up, use_address, use_master};
        Session *session;
        FakeLink *link;

        set_up();
        for (size_t i = 0; i < ELEMENTSOF(uses); i++) {
                plug("1-1", STAGE_SPL);
                link = fake_link("1-1");
                uses[i](link);
                session = start_session(NULL, "spl");
                check_state(session, SESSION_STATE_WAITING);
                ck_assert(*board_get_problem(manager_find_board(manager, "1-1")));

                /* In use still; then not. */
                fake_send_link_changed(link->ifindex);
                fake_settle(event);
                check_state(session, SESSION_STATE_WAITING);
                link->flags = 0;
                link->has_address = false;
                link->master = 0;
                fake_send_link_changed(link->ifindex);
                fake_settle(event);
                check_state(session, SESSION_STATE_READY);
                ck_assert_str_eq(board_get_problem(manager_find_board(manager, "1-1")), "");
                session_close(session);
                unplug("1-1");
        }
        tear_down();
}
END_TEST

START_TEST(test_rom_and_its_spl_are_taken_although_in_use) {
        Session *session;

        set_up();
        plug("1-1", STAGE_ROM);
        fake_link("1-1")->flags |= IFF_UP;
        session = start_session("1-1", NULL);
        check_state(session, SESSION_STATE_READY);
        unplug("1-1");
        fake_plug("1-1", NULL, STAGE_SPL);
        fake_link("1-1")->has_address = true;
        fake_settle(event);
        check_state(session, SESSION_STATE_READY);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_hands_out_eight_sockets) {
        _cleanup_failure_ Failure failure = {};
        Session *session;
        int fd;

        set_up();
        session = open_session(NULL, NULL);
        for (unsigned i = 0; i < SOCKETS_PER_SESSION_MAX; i++)
                ck_assert_int_eq(session_open_socket(session, &fd, NULL), 0);
        fd = -7;
        ck_assert_int_lt(session_open_socket(session, &fd, &failure), 0);
        ck_assert_str_eq(failure.name, BUS_ERROR_LIMIT_EXCEEDED);
        ck_assert_int_eq(fd, -7);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_sends_home_what_got_another_index) {
        Session *session;

        set_up();
        fake.changes_index = true;
        session = start_session(NULL, NULL);
        plug("1-1", STAGE_ROM);
        check_state(session, SESSION_STATE_READY);
        session_close(session);
        ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);
        tear_down();
}
END_TEST

START_TEST(test_sends_home_what_moved_although_the_move_failed) {
        Session *session;

        set_up();
        for (unsigned i = 0; i < 2; i++) {
                fake.changes_index = i > 0;
                fake.half_move_error = -ENOBUFS;
                session = start_session(NULL, NULL);
                plug("1-1", STAGE_ROM);
                check_state(session, SESSION_STATE_FAILED);
                ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);
                session_close(session);
                unplug("1-1");
        }
        tear_down();
}
END_TEST

START_TEST(test_kept_sockets_do_not_keep_the_interface) {
        Session *session;
        int fd;

        set_up();
        session = open_session(NULL, NULL);
        ck_assert_int_eq(session_open_socket(session, &fd, NULL), 0);
        ck_assert_int_ge(session_start(session, NULL), 0);
        plug("1-1", STAGE_ROM);
        session_close(session);
        fake_settle(event);
        ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);
        ck_assert_uint_eq(fake_count_namespaces(), 1);
        ck_assert(!manager_is_idle(manager));
        tear_down();
}
END_TEST

START_TEST(test_deaf_monitor_fails_the_session) {
        Session *session;

        set_up();
        session = start_session(NULL, NULL);
        plug("1-1", STAGE_ROM);
        fake_break_monitor(fake_link("1-1")->netns, -EIO);
        fake_settle(event);
        check_state(session, SESSION_STATE_FAILED);
        ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_missing_module_is_an_error_of_its_own) {
        _cleanup_failure_ Failure failure = {};
        SessionSpec spec;
        Session *session;

        set_up();
        ck_assert_int_eq(session_spec_parse("am335x", NULL, NULL, 1, &spec, NULL), 0);
        for (fake.fail_at = 1; !streq_ptr(fake.failed_step, "nft_install_port_rewriting");
             fake.fail_at++) {
                failure_done(&failure);
                fake.n_steps = 0;
                fake.fail_error = -EOPNOTSUPP;
                ck_assert_int_lt(manager_open_session(manager, &spec, &session, &failure), 0);
        }
        ck_assert_str_eq(failure.name, BUS_ERROR_KERNEL_UNSUPPORTED);
        ck_assert(strstr(failure.text, "reboot"));
        tear_down();
}
END_TEST

/* Cut at every step */

/* A recovery from OpenSession to Close, which goes on whatever fails on the way; returns the state
 * in which it ended, or CLOSED if no session could be opened. */
static SessionState run_recovery(const char *port) {
        SessionState state;
        SessionSpec spec;
        Session *session;
        int fd;

        ck_assert_int_eq(session_spec_parse("am335x", port, NULL, 1000, &spec, NULL), 0);
        if (manager_open_session(manager, &spec, &session, NULL) < 0)
                return SESSION_STATE_CLOSED;

        (void) session_open_socket(session, &fd, NULL);
        (void) session_start(session, NULL);
        plug("1-1", STAGE_ROM);
        if (fake_is_plugged("1-1"))
                unplug("1-1");
        plug("1-1", STAGE_SPL);
        state = session_get_state(session);
        session_close(session);
        fake_settle(event);
        return state;
}

static void finish_recovery(void) {
        fake.fail_at = 0;
        fake.after_step = NULL;
        if (fake_is_plugged("1-1"))
                unplug("1-1");
        check_nothing_left();

        /* The next one works. */
        ck_assert_int_eq(run_recovery(NULL), SESSION_STATE_READY);
        unplug("1-1");
        check_nothing_left();
        fake.n_steps = 0;
}

START_TEST(test_each_kernel_call_fails) {
        static const int errors[] = {-EPERM,    -ENOMEM, -EEXIST,     -EBUSY,  -ENODEV, -ENXIO,
                                     -ENETDOWN, -EINVAL, -EOPNOTSUPP, -ENOSPC, -EMFILE};
        unsigned n_steps;

        set_up();
        ck_assert_int_eq(run_recovery(NULL), SESSION_STATE_READY);
        n_steps = fake.n_steps;
        ck_assert_uint_gt(n_steps, 20);
        finish_recovery();

        for (size_t e = 0; e < ELEMENTSOF(errors); e++)
                for (unsigned i = 1; i <= n_steps; i++)
                        for (unsigned named = 0; named < 2; named++) {
                                fake.fail_at = i;
                                fake.fail_error = errors[e];
                                fake.n_steps = 0;
                                (void) run_recovery(named ? "1-1" : NULL);
                                finish_recovery();
                        }
        tear_down();
}
END_TEST

START_TEST(test_unplug_is_no_failure) {
        static const char *const steps[] = {"rtnl_link_get", "rtnl_link_move", "rtnl_addr_add",
                                            "rtnl_neigh_set_delay_probe", "rtnl_link_set_up"};
        static const int errors[] = {-ENODEV, -ENXIO, -ENETDOWN};

        set_up();
        for (size_t e = 0; e < ELEMENTSOF(errors); e++)
                for (unsigned i = 1, n = 0; n < ELEMENTSOF(steps); i++) {
                        fake.fail_at = i;
                        fake.fail_error = errors[e];
                        fake.failed_step = NULL;
                        fake.n_steps = 0;
                        if (run_recovery(NULL) != SESSION_STATE_CLOSED && fake.failed_step &&
                            streq(fake.failed_step, steps[n])) {
                                ck_assert(!strstr(story, "failed"));
                                n++;
                        }
                        *story = '\0';
                        finish_recovery();
                }
        tear_down();
}
END_TEST

START_TEST(test_board_that_only_seems_unplugged_is_not_tried_for_ever) {
        Session *session;

        set_up();
        session = start_session(NULL, NULL);
        fake.n_steps = 0;
        fake.fail_at = 6;
        fake.fail_error = -ENETDOWN;
        plug("1-1", STAGE_ROM);
        ck_assert_str_eq(fake.failed_step, "rtnl_link_set_up");
        check_state(session, SESSION_STATE_DETACHED);
        ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);
        fake_change("1-1");
        fake_settle(event);
        check_state(session, SESSION_STATE_DETACHED);

        unplug("1-1");
        plug("1-1", STAGE_ROM);
        check_state(session, SESSION_STATE_READY);
        session_close(session);
        tear_down();
}
END_TEST

START_TEST(test_refusal_is_told_with_names) {
        Session *session;
        const char *text;

        set_up();
        session = start_session(NULL, NULL);
        fake.n_steps = 0;
        fake.fail_at = 3; /* behind the look at the interface */
        fake.fail_error = -EPERM;
        plug("1-1", STAGE_ROM);
        ck_assert_str_eq(fake.failed_step, "rtnl_link_move");
        check_state(session, SESSION_STATE_FAILED);
        ck_assert_str_eq(session_get_failure(session)->name, BUS_ERROR_LINK_FAILED);
        text = session_get_failure(session)->text;
        ck_assert(strstr(text, "s1") && strstr(text, "1-1") && strstr(text, "usb"));
        session_close(session);
        tear_down();
}
END_TEST

static unsigned n_after, pull_at;

static void pull(const char *step) {
        if (++n_after == pull_at && fake_is_plugged("1-1"))
                fake_unplug("1-1");
}

START_TEST(test_board_pulled_after_each_step) {
        unsigned n_steps;

        set_up();
        (void) run_recovery(NULL);
        n_steps = fake.n_steps;
        finish_recovery();

        for (unsigned i = 1; i <= n_steps; i++)
                for (unsigned lost = 0; lost < 3; lost++) {
                        n_after = 0;
                        pull_at = i;
                        fake.after_step = pull;
                        fake.no_link_event = lost == 1;
                        fake.no_usb_event = lost == 2;
                        *story = '\0';
                        (void) run_recovery(NULL);
                        ck_assert(!strstr(story, "failed"));
                        fake.no_link_event = fake.no_usb_event = false;
                        if (lost == 2 && !fake_is_plugged("1-1"))
                                plug("1-1", STAGE_ROM); /* so that it is known to have gone */
                        finish_recovery();
                }
        tear_down();
}
END_TEST

START_TEST(test_closed_after_each_event) {
        set_up();
        for (unsigned cut = 0; cut < 7; cut++) {
                Session *session = open_session(NULL, NULL);
                int fd;

                if (cut > 0)
                        (void) session_open_socket(session, &fd, NULL);
                if (cut > 1)
                        ck_assert_int_eq(session_start(session, NULL), 0);
                if (cut > 2)
                        plug("1-1", STAGE_ROM);
                if (cut > 3)
                        unplug("1-1");
                if (cut > 4)
                        plug("1-1", STAGE_SPL);
                if (cut > 5)
                        fake_unplug("1-1"); /* its events are under way */
                session_close(session);
                fake_settle(event);
                finish_recovery();
        }
        tear_down();
}
END_TEST

START_TEST(test_stop_closes_in_every_state) {
        _cleanup_failure_ Failure failure = {};
        SessionSpec spec;
        Session *session;

        set_up();
        (void) open_session(NULL, NULL);
        (void) start_session("3-1", NULL);
        (void) start_session("1-1", NULL);
        (void) start_session("1-2", NULL);
        plug("1-1", STAGE_ROM);
        plug("1-2", STAGE_ROM);
        unplug("1-2");
        story[0] = '\0';
        manager_stop(manager);
        ck_assert_str_eq(story, "s4:failed s4:removed s3:failed s3:removed s2:failed s2:removed "
                                "s1:failed s1:removed");
        ck_assert(changed & SESSION_PROPERTY_FAILURE);
        fake_settle(event);
        ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);

        ck_assert_int_eq(session_spec_parse("am335x", NULL, NULL, 1, &spec, NULL), 0);
        ck_assert_int_lt(manager_open_session(manager, &spec, &session, &failure), 0);
        ck_assert_str_eq(failure.name, BUS_ERROR_SHUTTING_DOWN);
        tear_down();
}
END_TEST

START_TEST(test_freeing_the_manager_sends_interfaces_home) {
        set_up();
        (void) start_session(NULL, NULL);
        (void) start_session(NULL, NULL);
        plug("1-1", STAGE_ROM);
        session_close(start_session(NULL, NULL));
        manager = manager_free(manager);
        ck_assert_int_eq(fake_link("1-1")->netns, FAKE_HOME);
        ck_assert_uint_eq(fake_count_objects(), 0);
        event = sd_event_unref(event);
}
END_TEST

TEST_MAIN("session", test_opens_and_closes, test_follows_its_board_from_rom_to_spl,
          test_spl_with_ids_of_another_soc, test_takes_a_board_that_is_there_within_start,
          test_takes_nothing_before_start, test_starts_once, test_begins_anew_with_a_rom,
          test_next_board_before_the_unplug_is_known, test_either_sign_of_an_unplug_is_enough,
          test_asks_the_kernel_when_events_are_lost_or_late,
          test_udev_changes_do_not_disturb_a_session, test_gives_its_port_up,
          test_keeps_a_named_port, test_first_stage_spl, test_first_stage_rom_leaves_an_spl_alone,
          test_busy_interface_fails_a_session_that_named_the_port,
          test_busy_interface_is_skipped_until_it_is_free,
          test_rom_and_its_spl_are_taken_although_in_use, test_hands_out_eight_sockets,
          test_sends_home_what_got_another_index,
          test_sends_home_what_moved_although_the_move_failed,
          test_kept_sockets_do_not_keep_the_interface, test_deaf_monitor_fails_the_session,
          test_missing_module_is_an_error_of_its_own, test_each_kernel_call_fails,
          test_unplug_is_no_failure, test_board_that_only_seems_unplugged_is_not_tried_for_ever,
          test_refusal_is_told_with_names, test_board_pulled_after_each_step,
          test_closed_after_each_event, test_stop_closes_in_every_state,
          test_freeing_the_manager_sends_interfaces_home)
