/* SPDX-License-Identifier: GPL-2.0-or-later */

/* When snagd goes, and that nobody loses a request by it. */

#include <signal.h>

#include "bus-world.h"

#define SHORT_IDLE_TIMEOUT "0.3"

static void restart_snagd(const char *idle_timeout) {
        ck_assert_int_eq(world_end_snagd(SIGTERM), 0);
        world_start_snagd(idle_timeout);
}

static void turn_for(uint64_t usec) {
        for (uint64_t end_usec = now_usec() + usec; now_usec() < end_usec;)
                world_turn();
}

START_TEST(test_idle_snagd_goes) {
        restart_snagd(SHORT_IDLE_TIMEOUT);
        WAIT_UNTIL(world.is_stopping); /* so that systemd starts another one, should the bus ask */
        ck_assert_int_eq(world_end_snagd(0), 0);
}
END_TEST

START_TEST(test_session_keeps_it) {
        sd_bus *alice;
        const char *path;

        restart_snagd(SHORT_IDLE_TIMEOUT);
        alice = world_connect(UID_ALICE);
        path = open_session(alice);
        turn_for(3 * SILENCE_USEC);
        ck_assert(world_snagd_is_running());
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
        ck_assert_int_eq(world_end_snagd(0), 0);
}
END_TEST

/* The namespace lives, and counts, until the last socket is closed. */
START_TEST(test_kept_socket_keeps_it) {
        sd_bus *alice;
        const char *path;
        Call *socket;

        restart_snagd(SHORT_IDLE_TIMEOUT);
        alice = world_connect(UID_ALICE);
        path = open_session(alice);
        socket = CALL(alice, path, BUS_INTERFACE_SESSION, "OpenSocket", "a{sv}", 0);
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
        turn_for(3 * SILENCE_USEC);
        ck_assert(world_snagd_is_running());
        assert_error(socket, "");
        ck_assert_int_eq(world_end_snagd(0), 0);
}
END_TEST

START_TEST(test_subscriber_keeps_it) {
        sd_bus *alice;

        restart_snagd(SHORT_IDLE_TIMEOUT);
        alice = world_connect(UID_ALICE);
        assert_error(CALL(alice, MANAGER, "Subscribe", NULL), "");
        assert_error(CALL(alice, MANAGER, "Subscribe", NULL), "");
        turn_for(3 * SILENCE_USEC);
        ck_assert(world_snagd_is_running());
        assert_error(CALL(alice, MANAGER, "Unsubscribe", NULL), "");
        assert_error(CALL(alice, MANAGER, "Unsubscribe", NULL), "");
        ck_assert_int_eq(world_end_snagd(0), 0);
}
END_TEST

START_TEST(test_subscriber_that_leaves_keeps_it_no_longer) {
        sd_bus *alice;

        restart_snagd(SHORT_IDLE_TIMEOUT);
        alice = world_connect(UID_ALICE);
        assert_error(CALL(alice, MANAGER, "Subscribe", NULL), "");
        turn_for(2 * SILENCE_USEC);
        ck_assert(world_snagd_is_running());
        world_disconnect(alice);
        ck_assert_int_eq(world_end_snagd(0), 0);
}
END_TEST

START_TEST(test_pending_authorisation_keeps_it) {
        sd_bus *alice;
        Call *call;

        restart_snagd(SHORT_IDLE_TIMEOUT);
        alice = world_connect(UID_ALICE);
        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        call = call_begin(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 0);
        turn_for(3 * SILENCE_USEC);
        ck_assert(world_snagd_is_running());
        fake_polkit_answer(&world.polkit.questions[0], FAKE_POLKIT_SAYS_NO);
        assert_error(call_wait(call), BUS_ERROR_NOT_AUTHORIZED);
        ck_assert_int_eq(world_end_snagd(0), 0);
}
END_TEST

START_TEST(test_calls_keep_it) {
        sd_bus *alice;

        restart_snagd(SHORT_IDLE_TIMEOUT);
        alice = world_connect(UID_ALICE);
        for (uint64_t end_usec = now_usec() + 3 * SILENCE_USEC; now_usec() < end_usec;) {
                free(get_string(alice, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER, "Version"));
                ck_assert(world_snagd_is_running());
        }
        ck_assert_int_eq(world_end_snagd(0), 0);
}
END_TEST

START_TEST(test_sigterm_closes_sessions) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        size_t n_removed = 0;

        world_watch(bob);
        for (size_t i = 0; i < 3; i++)
                assert_error(CALL(alice, open_session(alice), BUS_INTERFACE_SESSION, "Start", NULL),
                             "");
        ck_assert_int_eq(world_end_snagd(SIGTERM), 0);
        turn_for(SILENCE_USEC);
        for (size_t i = 0; i < world.n_signals; i++)
                n_removed += strncmp(world.signals[i], "removed ", STRLEN("removed ")) == 0;
        ck_assert_uint_eq(n_removed, 3);
}
END_TEST

START_TEST(test_sigterm_answers_who_waits) {
        sd_bus *alice = world_connect(UID_ALICE);
        Call *call;

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        call = call_begin(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 0);
        WAIT_UNTIL(world.polkit.n_questions == 1);
        ck_assert_int_eq(world_end_snagd(SIGTERM), 0);
        assert_error(call_wait(call), BUS_ERROR_SHUTTING_DOWN);
        WAIT_UNTIL(world.polkit.questions[0].is_cancelled);
}
END_TEST

/* In the time between the release of the name and the end, which is made long here: snagd is
 * stopped while the calls are sent, so that it finds them behind the signal. */
START_TEST(test_no_call_on_its_way_is_lost) {
        sd_bus *alice = world_connect(UID_ALICE);
        Call *version, *open, *subscribe;

        ck_assert_sys(kill(world.snagd_pid, SIGSTOP));
        ck_assert_sys(kill(world.snagd_pid, SIGTERM));
        version = call_begin(alice, BUS_PATH_ROOT, "org.freedesktop.DBus.Properties", "Get", "ss",
                             BUS_INTERFACE_MANAGER, "Version");
        open = call_begin(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 0);
        subscribe = call_begin(alice, MANAGER, "Subscribe", NULL);
        turn_for(SILENCE_USEC); /* the bus has routed them */
        ck_assert_sys(kill(world.snagd_pid, SIGCONT));

        ck_assert_int_eq(world_end_snagd(0), 0);
        assert_error(call_wait(version), "");
        /* Whether the signal or the call was seen first, it got its answer. */
        WAIT_UNTIL(call_is_done(open));
        ck_assert_msg(streq(call_error(open), "") ||
                              streq(call_error(open), BUS_ERROR_SHUTTING_DOWN),
                      "%s", call_error(open));
        call_free(open);
        WAIT_UNTIL(call_is_done(subscribe));
        ck_assert_msg(streq(call_error(subscribe), "") ||
                              streq(call_error(subscribe), BUS_ERROR_SHUTTING_DOWN),
                      "%s", call_error(subscribe));
        call_free(subscribe);
}
END_TEST

/* Calls without a pause while snagd goes. Each is answered by it, or by the bus, which knows of
 * nobody with the name any more (and would start the next one, were this not a test). One that was
 * lost would end with NoReply. */
START_TEST(test_calls_around_every_end) {
        sd_bus *alice = world_connect(UID_ALICE);

        for (size_t round = 0; round < 20; round++) {
                Call *calls[100]; /* the bus allows 128 under way */
                size_t n_answered = 0, n = 0;

                for (; n < ELEMENTSOF(calls); n++) {
                        if (n == 4 + 4 * round)
                                ck_assert_sys(kill(world.snagd_pid, SIGTERM));
                        calls[n] =
                                call_begin(alice, BUS_PATH_ROOT, "org.freedesktop.DBus.Properties",
                                           "Get", "ss", BUS_INTERFACE_MANAGER, "Version");
                        ck_assert_ok(sd_bus_flush(alice));
                }
                for (size_t i = 0; i < n; i++) {
                        WAIT_UNTIL(call_is_done(calls[i]));
                        if (streq(call_error(calls[i]), ""))
                                n_answered++;
                        else
                                ck_assert_str_eq(call_error(calls[i]),
                                                 SD_BUS_ERROR_SERVICE_UNKNOWN);
                        call_free(calls[i]);
                }
                ck_assert_uint_gt(n_answered, 0);
                ck_assert_int_eq(world_end_snagd(0), 0);
                world_start_snagd(NULL);
        }
}
END_TEST

/* A bus that is slow is not lost, however little patience sd-bus has. As above both are stopped in turn, so
 * that what snagd asks of the bus has no answer for a while. */
START_TEST(test_slow_bus_is_kept) {
        sd_bus *alice;
        Call *open;

        ck_assert_sys(setenv("SYSTEMD_BUS_TIMEOUT", "0.5", 1));
        restart_snagd(NULL);
        ck_assert_sys(unsetenv("SYSTEMD_BUS_TIMEOUT"));
        alice = world_connect(UID_ALICE);

        ck_assert_sys(kill(world.snagd_pid, SIGSTOP));
        open = call_begin(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 0);
        turn_for(SILENCE_USEC); /* the bus has routed it */
        ck_assert_sys(kill(world.bus_pid, SIGSTOP));
        ck_assert_sys(kill(world.snagd_pid, SIGCONT));
        turn_for(3 * SILENCE_USEC);
        ck_assert_sys(kill(world.bus_pid, SIGCONT));

        assert_error(call_wait(open), "");
        turn_for(SILENCE_USEC);
        ck_assert(world_snagd_is_running());
}
END_TEST

START_TEST(test_lost_bus_ends_it) {
        sd_bus *alice = world_connect(UID_ALICE);

        assert_error(CALL(alice, open_session(alice), BUS_INTERFACE_SESSION, "Start", NULL), "");
        world_stop_polkit();
        while (world.n_callers > 0)
                world_disconnect(world.callers[0]);
        ck_assert_sys(kill(world.bus_pid, SIGKILL));
        ck_assert_int_eq(world_end_snagd(0), EXIT_FAILURE);
}
END_TEST

NETNS_TEST_MAIN("lifetime", world_setup, world_teardown, test_idle_snagd_goes,
                test_session_keeps_it, test_kept_socket_keeps_it, test_subscriber_keeps_it,
                test_subscriber_that_leaves_keeps_it_no_longer, test_pending_authorisation_keeps_it,
                test_calls_keep_it, test_sigterm_closes_sessions, test_sigterm_answers_who_waits,
                test_no_call_on_its_way_is_lost, test_calls_around_every_end, test_slow_bus_is_kept,
                test_lost_bus_ends_it)
