/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Authorisation: every answer of polkit, none at all, and callers who do not wait for one. */

#include <stdio.h>

#include "bus-world.h"

#define FLAG_ALLOW_USER_INTERACTION 1u

static Call *begin_open(sd_bus *caller) {
        return call_begin(caller, MANAGER, "OpenSession", "sa{sv}", "am335x", 0);
}

static void assert_can_open(sd_bus *caller, const char *expected) {
        _cleanup_(call_freep) Call *call =
                CALL(caller, MANAGER, "CanOpenSession", "sa{sv}", "am335x", 0);
        const char *result;

        ck_assert_str_eq(call_error(call), "");
        ck_assert_ok(sd_bus_message_read(call->reply, "s", &result));
        ck_assert_str_eq(result, expected);
}

START_TEST(test_question_is_about_the_bus_name) {
        sd_bus *alice = world_connect(UID_ALICE);
        const FakePolkitQuestion *q = &world.polkit.questions[0];
        const char *name;

        (void) open_session(alice);
        ck_assert_uint_eq(world.polkit.n_questions, 1);
        ck_assert_ok(sd_bus_get_unique_name(alice, &name));
        ck_assert_str_eq(q->kind, "system-bus-name");
        ck_assert_str_eq(q->subject, name);
        ck_assert_str_eq(q->action, POLKIT_ACTION_OPEN_SESSION);
        ck_assert_str_eq(q->details, "soc=am335x stage=rom ");
        ck_assert_uint_eq(q->flags, 0);
        ck_assert_uint_gt(strlen(q->id), 0);
}
END_TEST

START_TEST(test_interaction_is_the_callers_wish) {
        sd_bus *alice = world_connect(UID_ALICE);

        ck_assert_ok(sd_bus_set_allow_interactive_authorization(alice, true));
        (void) open_session(alice);
        ck_assert_uint_eq(world.polkit.questions[0].flags, FLAG_ALLOW_USER_INTERACTION);
        assert_can_open(alice, "yes"); /* which never asks for a password */
        ck_assert_uint_eq(world.polkit.questions[1].flags, 0);
        ck_assert_str_ne(world.polkit.questions[0].id, world.polkit.questions[1].id);
}
END_TEST

START_TEST(test_everything_but_yes_is_no) {
        static const struct {
                FakePolkitSays says;
                const char *can, *error;
        } table[] = {
                {FAKE_POLKIT_SAYS_NO, "no", BUS_ERROR_NOT_AUTHORIZED},
                {FAKE_POLKIT_SAYS_CHALLENGE, "challenge", BUS_ERROR_NOT_AUTHORIZED},
                {FAKE_POLKIT_SAYS_ERROR, "no", BUS_ERROR_NO_AUTHORITY},
                {FAKE_POLKIT_SAYS_NONSENSE, "no", BUS_ERROR_NO_AUTHORITY},
        };
        sd_bus *alice = world_connect(UID_ALICE);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                world.polkit.says = table[i].says;
                assert_error(call_wait(begin_open(alice)), table[i].error);
                assert_can_open(alice, table[i].can);
        }

        world.polkit.says = FAKE_POLKIT_SAYS_YES;
        ck_assert_str_eq(open_session(alice), BUS_PATH_SESSIONS "/s1"); /* none was made before */
}
END_TEST

START_TEST(test_without_polkit_nobody_may) {
        sd_bus *alice = world_connect(UID_ALICE), *root = world_connect(0);
        Call *call;

        world_stop_polkit();
        assert_can_open(alice, "no");
        assert_error(call_wait(begin_open(root)), BUS_ERROR_NO_AUTHORITY);
        call = call_wait(begin_open(alice));
        ck_assert_ptr_nonnull(strstr(call_error_text(call), "polkit.service"));
        assert_error(call, BUS_ERROR_NO_AUTHORITY);
}
END_TEST

START_TEST(test_polkit_that_dies_meanwhile_says_no) {
        sd_bus *alice = world_connect(UID_ALICE);
        Call *call;

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        call = begin_open(alice);
        WAIT_UNTIL(world.polkit.n_questions == 1);
        world_stop_polkit();
        assert_error(call_wait(call), BUS_ERROR_NO_AUTHORITY);
}
END_TEST

START_TEST(test_refused_person_is_told_of_the_group) {
        sd_bus *alice = world_connect(UID_ALICE);
        Call *call;

        world.polkit.says = FAKE_POLKIT_SAYS_CHALLENGE;
        call = call_wait(begin_open(alice));
        ck_assert_ptr_nonnull(strstr(call_error_text(call), "group \"snagd\""));
        assert_error(call, BUS_ERROR_NOT_AUTHORIZED);
}
END_TEST

START_TEST(test_others_are_served_while_one_waits) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        Call *call;

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        call = begin_open(alice);
        WAIT_UNTIL(world.polkit.n_questions == 1);

        world.polkit.says = FAKE_POLKIT_SAYS_YES;
        (void) open_session(bob);
        (void) open_session(alice);
        ck_assert(!call_is_done(call));

        fake_polkit_answer(&world.polkit.questions[0], FAKE_POLKIT_SAYS_YES);
        assert_error(call_wait(call), "");
}
END_TEST

/* Each message gets the answer to its own question, in whatever order they come. */
START_TEST(test_answers_find_their_calls) {
        sd_bus *alice = world_connect(UID_ALICE);
        Call *calls[4];

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        for (size_t i = 0; i < 4; i++)
                calls[i] = begin_open(alice);
        WAIT_UNTIL(world.polkit.n_questions == 4);

        for (size_t i = 4; i-- > 0;)
                fake_polkit_answer(&world.polkit.questions[i],
                                   i % 2 ? FAKE_POLKIT_SAYS_YES : FAKE_POLKIT_SAYS_NO);
        for (size_t i = 0; i < 4; i++)
                assert_error(call_wait(calls[i]), i % 2 ? "" : BUS_ERROR_NOT_AUTHORIZED);
}
END_TEST

/* Four at a time, in the order in which they came; others are not held up. */
START_TEST(test_fifth_question_of_a_user_waits_for_its_turn) {
        sd_bus *alice = world_connect(UID_ALICE), *other = world_connect(UID_ALICE);
        sd_bus *bob = world_connect(UID_BOB), *gone = world_connect(UID_ALICE);
        Call *calls[AUTHORIZATIONS_PER_USER_MAX], *waiting, *last, *bobs;
        const size_t n = ELEMENTSOF(calls);

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        for (size_t i = 0; i < n; i++)
                calls[i] = begin_open(i % 2 ? alice : other);
        WAIT_UNTIL(world.polkit.n_questions == n);

        call_free(begin_open(gone));
        assert_error(CALL(gone, "/", "org.freedesktop.DBus.Peer", "Ping", NULL), "");
        world_disconnect(gone);
        waiting = begin_open(alice);
        last = call_begin(alice, MANAGER, "CanOpenSession", "sa{sv}", "am335x", 0);
        assert_error(CALL(alice, "/", "org.freedesktop.DBus.Peer", "Ping", NULL), "");
        bobs = begin_open(bob);
        WAIT_UNTIL(world.polkit.n_questions == n + 1);

        /* The one who left is left out. */
        fake_polkit_answer(&world.polkit.questions[0], FAKE_POLKIT_SAYS_NO);
        WAIT_UNTIL(world.polkit.n_questions == n + 2);
        fake_polkit_answer(&world.polkit.questions[n + 1], FAKE_POLKIT_SAYS_YES);
        assert_error(call_wait(waiting), "");
        WAIT_UNTIL(world.polkit.n_questions == n + 3);
        fake_polkit_answer(&world.polkit.questions[n + 2], FAKE_POLKIT_SAYS_YES);
        assert_error(call_wait(last), "");

        for (size_t i = 1; i <= n; i++)
                fake_polkit_answer(&world.polkit.questions[i], FAKE_POLKIT_SAYS_YES);
        for (size_t i = 0; i < n; i++)
                call_free(call_wait(calls[i]));
        assert_error(call_wait(bobs), "");
}
END_TEST

START_TEST(test_calls_of_a_user_that_wait_are_limited) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        Call *calls[AUTHORIZATIONS_PER_USER_MAX + AUTHORIZATIONS_WAITING_PER_USER_MAX];

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                calls[i] = begin_open(alice);
        WAIT_UNTIL(world.polkit.n_questions == AUTHORIZATIONS_PER_USER_MAX);

        assert_error(call_wait(begin_open(alice)), BUS_ERROR_LIMIT_EXCEEDED);
        assert_error(CALL(alice, MANAGER, "CanOpenSession", "sa{sv}", "am335x", 0),
                     BUS_ERROR_LIMIT_EXCEEDED);
        ck_assert_uint_eq(world.polkit.n_questions, AUTHORIZATIONS_PER_USER_MAX);

        world.polkit.says = FAKE_POLKIT_SAYS_YES;
        (void) open_session(bob);
        for (size_t i = 0; i < AUTHORIZATIONS_PER_USER_MAX; i++)
                fake_polkit_answer(&world.polkit.questions[i], FAKE_POLKIT_SAYS_YES);
        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                assert_error(call_wait(calls[i]),
                             i < SESSIONS_PER_USER_MAX ? "" : BUS_ERROR_LIMIT_EXCEEDED);
}
END_TEST

START_TEST(test_caller_that_leaves_takes_its_question_along) {
        sd_bus *alice = world_connect(UID_ALICE);

        for (size_t round = 1; round <= 3; round++) {
                sd_bus *caller = world_connect(UID_ALICE);
                Call *calls[AUTHORIZATIONS_PER_USER_MAX];

                world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
                for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                        calls[i] = begin_open(caller);
                WAIT_UNTIL(world.polkit.n_questions == round * ELEMENTSOF(calls));
                for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                        call_free(calls[i]);
                world_disconnect(caller);
                WAIT_UNTIL(world.polkit.n_cancelled == round * ELEMENTSOF(calls));
        }

        /* Answers that come too late change nothing. */
        for (size_t i = 0; i < world.polkit.n_questions; i++)
                fake_polkit_answer(&world.polkit.questions[i], FAKE_POLKIT_SAYS_YES);
        world.polkit.says = FAKE_POLKIT_SAYS_YES;
        ck_assert_str_eq(open_session(alice), BUS_PATH_SESSIONS "/s1");
}
END_TEST

/* The answer and the end of the caller in one go: whichever snagd sees first. */
START_TEST(test_answer_and_leaving_at_once) {
        sd_bus *alice = world_connect(UID_ALICE);

        for (size_t round = 0; round < 20; round++) {
                sd_bus *caller = world_connect(UID_ALICE);
                Call *call;

                world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
                call = begin_open(caller);
                WAIT_UNTIL(world.polkit.n_questions == round + 1);
                call_free(call);
                if (round % 2) {
                        fake_polkit_answer(&world.polkit.questions[round], FAKE_POLKIT_SAYS_YES);
                        ck_assert_ok(sd_bus_flush(world.polkit.bus));
                        world_disconnect(caller);
                } else {
                        world_disconnect(caller);
                        fake_polkit_answer(&world.polkit.questions[round], FAKE_POLKIT_SAYS_YES);
                }
        }

        /* None of them has a session that nobody would close. */
        world.polkit.says = FAKE_POLKIT_SAYS_YES;
        for (size_t i = 0; i < SESSIONS_PER_USER_MAX - 1; i++)
                (void) open_session(alice);
}
END_TEST

/* The session is closed by its owner while another one's Close waits for a password. */
START_TEST(test_session_that_goes_meanwhile) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        const char *path = open_session(alice);
        Call *close_call;

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        close_call = call_begin(bob, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0);
        WAIT_UNTIL(world.polkit.n_questions == 2);
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
        fake_polkit_answer(&world.polkit.questions[1], FAKE_POLKIT_SAYS_YES);
        assert_error(call_wait(close_call), BUS_ERROR_SESSION_GONE);

        /* Its question does not count against bob any more. */
        for (size_t i = 0; i < AUTHORIZATIONS_PER_USER_MAX; i++) {
                path = (world.polkit.says = FAKE_POLKIT_SAYS_YES, open_session(alice));
                world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
                close_call = call_begin(bob, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0);
                WAIT_UNTIL(world.polkit.n_questions == 4 + 2 * i);
                assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Close", "a{sv}", 0), "");
                fake_polkit_answer(&world.polkit.questions[3 + 2 * i], FAKE_POLKIT_SAYS_YES);
                assert_error(call_wait(close_call), BUS_ERROR_SESSION_GONE);
        }
}
END_TEST

NETNS_TEST_MAIN("polkit", world_setup, world_teardown, test_question_is_about_the_bus_name,
                test_interaction_is_the_callers_wish, test_everything_but_yes_is_no,
                test_without_polkit_nobody_may, test_polkit_that_dies_meanwhile_says_no,
                test_refused_person_is_told_of_the_group, test_others_are_served_while_one_waits,
                test_answers_find_their_calls, test_fifth_question_of_a_user_waits_for_its_turn,
                test_calls_of_a_user_that_wait_are_limited,
                test_caller_that_leaves_takes_its_question_along, test_answer_and_leaving_at_once,
                test_session_that_goes_meanwhile)
