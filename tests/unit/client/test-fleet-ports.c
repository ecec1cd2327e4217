/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fleet-ports.h"

#include <stdio.h>

#include "bus-contract.h"
#include "check-main.h"

static FleetRules rules;
static FleetPorts *ports;
static uint64_t now;

static void set_up(const FleetRules *r) {
        rules = *r;
        rules.soc = soc_find("am335x");
        now = 1000 * USEC_PER_SEC;
        ck_assert_int_eq(fleet_ports_new(&rules, &ports), 0);
}

static void tear_down(void) {
        ports = fleet_ports_free(ports);
}

typedef enum Told {
        PLUGGED,
        WAS_THERE,
        TAKEN,
        GONE,
} Told;

static void tell_of(const char *soc, const char *stage, const char *port, Told told) {
        char path[64];
        BoardInfo board = {
                .port = (char *) port,
                .id_path = path,
                .soc = (char *) soc,
                .stage = (char *) stage,
                .session = (char *) (told == TAKEN ? "/org/snagd1/session/s1" : BUS_PATH_NONE),
                .problem = (char *) "",
        };

        (void) snprintf(path, sizeof(path), "pci-0000:00:14.0-usb-0:%s", strchr(port, '-') + 1);
        ck_assert_int_eq(fleet_ports_on_board(ports, &board, told == GONE, told == WAS_THERE, now),
                         0);
}

static void tell(const char *port, Told told) {
        tell_of("am335x", "rom", port, told);
}

static void pass(uint64_t usec) {
        now += usec;
        (void) fleet_ports_expire(ports, now);
}

static Stage wanted_stage;

static const char *wanted(void) {
        const char *name = fleet_ports_find_wanted(ports, &wanted_stage);

        return name ? name : "none";
}

static unsigned n_failures;

static FleetVerdict attempt(const char *port, FleetOutcome outcome) {
        ck_assert_int_eq(fleet_ports_begin(ports, port), 0);
        return fleet_ports_end(ports, port, outcome, &n_failures);
}

/* As long as everything is wanted, one session that waits for any board does it all. */
START_TEST(test_nothing_is_named_without_need) {
        set_up(&(FleetRules){});
        ck_assert(!fleet_ports_are_named(ports));
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "none");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_RECOVERED), FLEET_VERDICT_DONE);
        ck_assert_str_eq(wanted(), "none");
        ck_assert(!fleet_ports_are_named(ports));
        tear_down();
}
END_TEST

START_TEST(test_boards_that_were_there) {
        set_up(&(FleetRules){});
        tell("1-1", WAS_THERE);
        tell("1-2", WAS_THERE);
        tell("1-2", TAKEN);
        tell_of("am437x", "rom", "1-3", WAS_THERE);
        tell_of("am335x", "spl", "1-4", WAS_THERE);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        ck_assert_str_eq(wanted(), "none");

        /* Once a plug. */
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_INTERRUPTED, &n_failures),
                         FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "none");
        tear_down();
}
END_TEST

static void tell_spl(const char *port, Told told) {
        tell_of("am335x", "spl", port, told);
}

/* The SPL of a board whose attempt had failed by then. */
START_TEST(test_late_spl) {
        set_up(&(FleetRules){.n_retries = 2});
        tell("1-1", PLUGGED);
        tell("1-1", TAKEN);
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        tell("1-1", GONE);
        pass(40 * USEC_PER_SEC);
        fleet_ports_on_spl_sent(ports, "1-1");
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_FAILED, &n_failures),
                         FLEET_VERDICT_RETRY);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(wanted_stage, STAGE_ROM);

        /* A session waits for the ROM by then, and has to go. */
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        ck_assert(!fleet_ports_has_late_spl(ports, "1-1"));
        tell_spl("1-1", PLUGGED);
        ck_assert(fleet_ports_has_late_spl(ports, "1-1"));
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_DISMISSED, &n_failures),
                         FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(wanted_stage, STAGE_SPL);

        /* If it fails as well, and the ROM is back, that is where it begins. */
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_RETRY);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(wanted_stage, STAGE_SPL);
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        ck_assert(!fleet_ports_has_board(ports, "1-1"));
        tell_spl("1-1", GONE);
        tell("1-1", PLUGGED);
        ck_assert(fleet_ports_has_board(ports, "1-1"));
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_DISMISSED, &n_failures),
                         FLEET_VERDICT_NONE);
        ck_assert_uint_eq(n_failures, 2);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(wanted_stage, STAGE_ROM);
        tear_down();
}
END_TEST

/* It is none of ours where no board of ours was, or did not fail. */
START_TEST(test_strangers_spl) {
        set_up(&(FleetRules){.n_retries = 2});
        tell_spl("1-2", PLUGGED);
        ck_assert(!fleet_ports_has_late_spl(ports, "1-2"));
        tell("1-1", PLUGGED);
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        tell("1-1", GONE);
        tell_spl("1-1", PLUGGED);
        ck_assert(!fleet_ports_has_late_spl(ports, "1-1"));
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_INTERRUPTED, &n_failures),
                         FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "none");

        /* Nor is what runs after a ROM that had nothing from us. */
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_RETRY);
        ck_assert(!fleet_ports_has_late_spl(ports, "1-1"));
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(wanted_stage, STAGE_ROM);
        tear_down();
}
END_TEST

START_TEST(test_patterns) {
        static const char *const patterns[] = {"1-1.*", "pci-*-usb-0:2", NULL};

        set_up(&(FleetRules){.patterns = patterns});
        ck_assert(fleet_ports_are_named(ports));
        tell("1-1", PLUGGED);
        tell("1-3", PLUGGED);
        ck_assert_str_eq(wanted(), "none");
        tell("1-1.4", PLUGGED);
        ck_assert_str_eq(wanted(), "1-1.4");
        ck_assert_int_eq(attempt("1-1.4", FLEET_OUTCOME_RECOVERED), FLEET_VERDICT_DONE);
        ck_assert_str_eq(wanted(), "none");
        tell("3-2", PLUGGED);
        ck_assert_str_eq(wanted(), "3-2");

        /* The next one on the same port. */
        tell("3-2", GONE);
        tell("1-1.4", GONE);
        ck_assert_str_eq(wanted(), "none");
        tell("1-1.4", PLUGGED);
        ck_assert_str_eq(wanted(), "1-1.4");
        tear_down();
}
END_TEST

START_TEST(test_retries_and_giving_up) {
        set_up(&(FleetRules){.n_retries = 2});
        tell("1-1", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_RETRY);
        ck_assert_uint_eq(n_failures, 1);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_RETRY);

        /* It may have left: the session waits there for a while, and what does not come back is given up. */
        tell("1-1", GONE);
        pass(60 * USEC_PER_SEC);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_NO_BOARD), FLEET_VERDICT_GIVEN_UP);
        ck_assert_uint_eq(n_failures, 2);
        ck_assert_str_eq(wanted(), "none");
        pass(1);
        ck_assert(!fleet_ports_are_named(ports));
        tell("1-1", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_RETRY);
        ck_assert_uint_eq(n_failures, 1);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_RETRY);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_GIVEN_UP);
        ck_assert_uint_eq(n_failures, 3);
        ck_assert_str_eq(wanted(), "none");

        /* What is not wanted there must not come to a session that waits for any. */
        ck_assert(fleet_ports_are_named(ports));
        tell("1-2", PLUGGED);
        ck_assert_str_eq(wanted(), "1-2");
        tear_down();
}
END_TEST

/* A board that restarts by itself is the same one; what somebody plugs in is another. */
START_TEST(test_given_up_until_something_is_plugged_in) {
        set_up(&(FleetRules){});
        tell("1-1", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_GIVEN_UP);
        for (unsigned i = 0; i < 10; i++) {
                tell("1-1", GONE);
                ck_assert_uint_ne(fleet_ports_expire(ports, now), USEC_INFINITY);
                pass(USEC_PER_SEC);
                ck_assert(fleet_ports_are_named(ports));
                tell("1-1", PLUGGED);
                ck_assert_uint_eq(fleet_ports_expire(ports, now), USEC_INFINITY);
                ck_assert_str_eq(wanted(), "none");
        }

        tell("1-1", GONE);
        now = fleet_ports_expire(ports, now) - 1;
        (void) fleet_ports_expire(ports, now);
        ck_assert(fleet_ports_are_named(ports));
        pass(1);
        ck_assert(!fleet_ports_are_named(ports));
        tell("1-1", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_GIVEN_UP);
        ck_assert_uint_eq(n_failures, 1);
        tear_down();
}
END_TEST

/* The board left for good while it was tried again, and the next one comes. */
START_TEST(test_another_board_after_a_retry_without_one) {
        static const char *const patterns[] = {"*", NULL};

        set_up(&(FleetRules){.n_retries = 2, .patterns = patterns});
        tell("1-1", PLUGGED);
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        tell("1-1", TAKEN);
        tell("1-1", GONE);
        pass(30 * USEC_PER_SEC);
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_FAILED, &n_failures),
                         FLEET_VERDICT_RETRY);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        pass(60 * USEC_PER_SEC);
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_NO_BOARD, &n_failures),
                         FLEET_VERDICT_GIVEN_UP);
        ck_assert_str_eq(wanted(), "none");
        pass(10 * USEC_PER_SEC);
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "1-1");

        /* One that comes to an open session is that one's. */
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        tell("1-1", GONE);
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "none");
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_INTERRUPTED, &n_failures),
                         FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "none");
        tear_down();
}
END_TEST

/* A session that named the port did not get the board that is there: somebody else has it, or it was not ready. */
START_TEST(test_boards_that_were_not_to_be_had) {
        static const char *const patterns[] = {"*", NULL};

        set_up(&(FleetRules){.patterns = patterns, .n_retries = 1});
        tell("1-1", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_NO_BOARD), FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_NO_BOARD), FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "none"); /* it will never be */

        tell("1-1", GONE);
        tell("1-1", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_BUSY), FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "none");
        tell("1-1", TAKEN);
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "none");
        fleet_ports_on_session_gone(ports, "1-2", "pci-0000:00:14.0-usb-0:2");
        ck_assert_str_eq(wanted(), "none");
        fleet_ports_on_session_gone(ports, "1-1", "");
        ck_assert_str_eq(wanted(), "1-1");

        /* One that named the port's path, or neither. */
        for (int i = 0; i < 2; i++) {
                ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_BUSY), FLEET_VERDICT_NONE);
                ck_assert_str_eq(wanted(), "none");
                fleet_ports_on_session_gone(ports, "", i ? "pci-0000:00:14.0-usb-0:1" : "");
                ck_assert_str_eq(wanted(), "1-1");
        }

        /* It may be told that the other one's has ended before what that one's was the reason for: once. */
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        fleet_ports_on_session_gone(ports, "1-1", "");
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_BUSY, &n_failures),
                         FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_BUSY), FLEET_VERDICT_NONE);
        ck_assert_str_eq(wanted(), "none");
        fleet_ports_on_session_gone(ports, "1-1", "");

        /* Not one of ours: what that had is not begun anew for it, nor after a snagd that ended. */
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_INTERRUPTED), FLEET_VERDICT_NONE);
        fleet_ports_on_session_gone(ports, "1-1", "");
        ck_assert_str_eq(wanted(), "none");
        tell("1-1", GONE);
        tell("1-1", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_BUSY), FLEET_VERDICT_NONE);
        fleet_ports_on_daemon_gone(ports);
        tell("1-1", WAS_THERE);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_INTERRUPTED), FLEET_VERDICT_NONE);
        fleet_ports_on_session_gone(ports, "1-1", "");
        ck_assert_str_eq(wanted(), "none");

        /* A board that failed, and left while another one waited for it, may come back. */
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_RETRY);
        tell("1-1", GONE);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_BUSY), FLEET_VERDICT_NONE);
        fleet_ports_on_session_gone(ports, "1-1", "");
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_NO_BOARD), FLEET_VERDICT_GIVEN_UP);
        tear_down();
}
END_TEST

/* What is plugged in meanwhile is served when the command is through, even if all that come are wanted. */
START_TEST(test_a_port_waits_for_its_command) {
        set_up(&(FleetRules){});
        tell("1-1", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_RECOVERED), FLEET_VERDICT_DONE);
        fleet_ports_begin_command(ports, "1-1");
        tell("1-1", GONE);
        pass(10 * USEC_PER_SEC);
        ck_assert(fleet_ports_are_named(ports));
        tell("1-1", PLUGGED);
        tell("1-2", PLUGGED);
        ck_assert_str_eq(wanted(), "1-2");
        ck_assert_int_eq(attempt("1-2", FLEET_OUTCOME_RECOVERED), FLEET_VERDICT_DONE);
        ck_assert_str_eq(wanted(), "none");
        fleet_ports_end_command(ports, "1-1");
        ck_assert(!fleet_ports_are_named(ports));
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_RECOVERED), FLEET_VERDICT_DONE);

        /* The board that it was run for is none that was plugged in meanwhile. */
        fleet_ports_begin_command(ports, "1-1");
        fleet_ports_end_command(ports, "1-1");
        ck_assert_str_eq(wanted(), "none");
        tear_down();
}
END_TEST

/* A controller that was bound anew. */
START_TEST(test_a_port_gets_another_path) {
        static const char *const patterns[] = {"pci-*", NULL};
        BoardInfo board = {
                .port = (char *) "1-1",
                .id_path = (char *) "platform-1",
                .soc = (char *) "am335x",
                .stage = (char *) "rom",
                .session = (char *) BUS_PATH_NONE,
                .problem = (char *) "",
        };

        set_up(&(FleetRules){.patterns = patterns});
        ck_assert_int_eq(fleet_ports_on_board(ports, &board, false, false, now), 0);
        ck_assert_str_eq(wanted(), "none");
        ck_assert_int_eq(fleet_ports_on_board(ports, &board, true, false, now), 0);
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "1-1");
        tear_down();
}
END_TEST

START_TEST(test_once) {
        set_up(&(FleetRules){.is_once = true, .n_retries = 1});
        ck_assert(fleet_ports_are_named(ports));
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_RETRY);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_RECOVERED), FLEET_VERDICT_DONE);
        tell("1-1", GONE);
        pass(60 * USEC_PER_SEC);
        ck_assert_uint_lt(fleet_ports_get_change_usec(ports), now);
        tell("1-1", PLUGGED);
        ck_assert_uint_eq(fleet_ports_get_change_usec(ports), now);
        ck_assert_str_eq(wanted(), "none");
        tear_down();
}
END_TEST

/* A session for any board got one there while another was being opened for the port. */
START_TEST(test_served_ports_are_not_wanted) {
        static const char *const patterns[] = {"*", NULL};

        set_up(&(FleetRules){.patterns = patterns});
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "none");
        ck_assert_int_eq(fleet_ports_begin(ports, "1-1"), 0);
        ck_assert_int_eq(fleet_ports_end(ports, "1-1", FLEET_OUTCOME_NO_BOARD, &n_failures),
                         FLEET_VERDICT_NONE);
        tell("1-1", GONE);
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "none");
        tear_down();
}
END_TEST

START_TEST(test_snagd_ends) {
        set_up(&(FleetRules){});
        tell("1-1", PLUGGED);
        tell("1-2", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_GIVEN_UP);
        ck_assert_int_eq(attempt("1-2", FLEET_OUTCOME_INTERRUPTED), FLEET_VERDICT_NONE);
        fleet_ports_on_daemon_gone(ports);
        ck_assert_str_eq(wanted(), "none");
        pass(60 * USEC_PER_SEC);

        /* What was given up still is; what was interrupted has another chance. */
        tell("1-1", WAS_THERE);
        tell("1-2", WAS_THERE);
        ck_assert_str_eq(wanted(), "1-2");
        ck_assert_int_eq(attempt("1-2", FLEET_OUTCOME_RECOVERED), FLEET_VERDICT_DONE);
        ck_assert_str_eq(wanted(), "none");
        tear_down();
}
END_TEST

/* What was given up has left while no snagd could tell: what comes next is another one. */
START_TEST(test_snagd_comes_back) {
        set_up(&(FleetRules){});
        tell("1-1", PLUGGED);
        tell("1-2", PLUGGED);
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_FAILED), FLEET_VERDICT_GIVEN_UP);
        ck_assert_int_eq(attempt("1-2", FLEET_OUTCOME_FAILED), FLEET_VERDICT_GIVEN_UP);
        fleet_ports_on_daemon_gone(ports);
        pass(60 * USEC_PER_SEC);
        tell("1-2", WAS_THERE);
        fleet_ports_on_daemon_back(ports, now);
        pass(10 * USEC_PER_SEC);
        tell("1-1", PLUGGED);
        ck_assert_str_eq(wanted(), "1-1");
        ck_assert_int_eq(attempt("1-1", FLEET_OUTCOME_RECOVERED), FLEET_VERDICT_DONE);
        ck_assert_str_eq(wanted(), "none");
        tear_down();
}
END_TEST

TEST_MAIN("fleet-ports", test_nothing_is_named_without_need, test_boards_that_were_there,
          test_late_spl, test_strangers_spl, test_patterns, test_retries_and_giving_up,
          test_given_up_until_something_is_plugged_in, test_another_board_after_a_retry_without_one,
          test_boards_that_were_not_to_be_had, test_a_port_waits_for_its_command,
          test_a_port_gets_another_path, test_once, test_served_ports_are_not_wanted,
          test_snagd_ends, test_snagd_comes_back)
