/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What one local user could try to spoil the sessions of another, on a bus that is as the system's. */

#include <stdio.h>

#include "bus-world.h"

#define NAME_OWNER_CHANGED "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged"

/* Sends @to alone the bus driver's words that @name has left. */
static void forge_departure(sd_bus *sender, const char *to, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        ck_assert_ok(sd_bus_message_new_signal(sender, &m, NAME_OWNER_CHANGED));
        ck_assert_ok(sd_bus_message_append(m, "sss", name, name, ""));
        ck_assert_ok(sd_bus_message_set_destination(m, to));
        ck_assert_ok(sd_bus_send(sender, m, NULL));
}

static const char *get_snagd_name(sd_bus *caller) {
        static char name[64];
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        const char *unique;

        ck_assert_ok(sd_bus_get_name_creds(caller, BUS_NAME, SD_BUS_CREDS_UNIQUE_NAME, &creds));
        ck_assert_ok(sd_bus_creds_get_unique_name(creds, &unique));
        snprintf(name, sizeof(name), "%s", unique);
        return name;
}

/* The bus lets everyone send signals to everyone; that they come from the driver has to be looked
 * at. */
START_TEST(test_forged_departure_closes_nothing) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        const char *path = open_session(alice), *name;

        ck_assert_ok(sd_bus_get_unique_name(alice, &name));
        forge_departure(bob, BUS_NAME, name);
        forge_departure(bob, get_snagd_name(bob), name);
        /* Behind the signals, in the bus's order. */
        free(get_string(bob, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER, "Version"));
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL), "");
}
END_TEST

START_TEST(test_forged_departure_cancels_no_question) {
        sd_bus *alice = world_connect(UID_ALICE), *bob = world_connect(UID_BOB);
        const char *name;
        Call *call;

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        call = call_begin(alice, MANAGER, "OpenSession", "sa{sv}", "am335x", 0);
        WAIT_UNTIL(world.polkit.n_questions == 1);
        ck_assert_ok(sd_bus_get_unique_name(alice, &name));
        forge_departure(bob, BUS_NAME, name);
        free(get_string(bob, BUS_PATH_ROOT, BUS_INTERFACE_MANAGER, "Version"));
        ck_assert(!world.polkit.questions[0].is_cancelled);
        fake_polkit_answer(&world.polkit.questions[0], FAKE_POLKIT_SAYS_YES);
        assert_error(call_wait(call), "");
}
END_TEST

/* The bus ends a connection that wants more match rules than it allows. */
START_TEST(test_crowd_of_subscribers_ends_nothing) {
        static const uid_t uids[] = {UID_BOB, 2, 3};
        sd_bus *alice = world_connect(UID_ALICE);
        const char *path = open_session(alice);

        for (size_t i = 0; i < ELEMENTSOF(uids); i++)
                for (size_t j = 0; j < 200; j++)
                        call_free(CALL(world_connect(uids[i]), MANAGER, "Subscribe", NULL));
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL), "");
}
END_TEST

START_TEST(test_subscribers_of_a_user_are_limited) {
        sd_bus *bob = world_connect(UID_BOB), *first = NULL;

        for (size_t i = 0; i < SUBSCRIBERS_PER_USER_MAX; i++) {
                sd_bus *alice = world_connect(UID_ALICE);

                assert_error(CALL(alice, MANAGER, "Subscribe", NULL), "");
                first = first ?: alice;
        }
        assert_error(CALL(world_connect(UID_ALICE), MANAGER, "Subscribe", NULL),
                     BUS_ERROR_LIMIT_EXCEEDED);
        assert_error(CALL(first, MANAGER, "Subscribe", NULL), ""); /* one that has, already */
        assert_error(CALL(bob, MANAGER, "Subscribe", NULL), "");

        assert_error(CALL(first, MANAGER, "Unsubscribe", NULL), "");
        assert_error(CALL(world_connect(UID_ALICE), MANAGER, "Subscribe", NULL), "");
}
END_TEST

START_TEST(test_subscribers_in_all_are_limited) {
        uid_t uid = 1;

        for (size_t i = 0; i < SUBSCRIBERS_MAX; i++) {
                assert_error(CALL(world_connect(uid), MANAGER, "Subscribe", NULL), "");
                if (i % SUBSCRIBERS_PER_USER_MAX == SUBSCRIBERS_PER_USER_MAX - 1)
                        uid++;
        }
        assert_error(CALL(world_connect(UID_ALICE), MANAGER, "Subscribe", NULL),
                     BUS_ERROR_LIMIT_EXCEEDED);
}
END_TEST

START_TEST(test_questions_in_all_are_limited) {
        /* Users that every Debian has. */
        static const uid_t uids[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 33, 34, 38, 39, 42};
        Call *calls[ELEMENTSOF(uids) * AUTHORIZATIONS_PER_USER_MAX];

        ck_assert_uint_eq(ELEMENTSOF(calls), AUTHORIZATIONS_MAX);

        world.polkit.says = FAKE_POLKIT_SAYS_NOTHING;
        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                calls[i] = call_begin(world_connect(uids[i / AUTHORIZATIONS_PER_USER_MAX]), MANAGER,
                                      "OpenSession", "sa{sv}", "am335x", 0);
        WAIT_UNTIL(world.polkit.n_questions == ELEMENTSOF(calls));
        assert_error(CALL(world_connect(UID_ALICE), MANAGER, "OpenSession", "sa{sv}", "am335x", 0),
                     BUS_ERROR_LIMIT_EXCEEDED);
        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                call_free(calls[i]);
}
END_TEST

/* They would be snagd's own for as long as the call waits to be read, or for polkit. */
START_TEST(test_no_call_brings_file_descriptors) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus *alice = world_connect(UID_ALICE);

        ck_assert_ok(sd_bus_message_new_method_call(alice, &m, BUS_NAME, MANAGER, "OpenSession"));
        ck_assert_ok(sd_bus_message_append(m, "sa{sv}", "am335x", 1, "fd", "h", STDIN_FILENO));
        assert_error(call_wait(call_begin_message(alice, m)), SD_BUS_ERROR_ACCESS_DENIED);
}
END_TEST

/* Many connections, each with many calls on their way: what snagd has read and not looked at stays small. */
START_TEST(test_flood_of_calls_is_refused) {
        enum { CONNECTIONS = 32, CALLS = 40 };
        sd_bus *alice = world_connect(UID_ALICE);
        const char *path = open_session(alice);
        size_t n_refused = 0;
        Call *calls[CONNECTIONS * CALLS];

        for (size_t i = 0; i < CONNECTIONS; i++) {
                sd_bus *bob = world_connect(UID_BOB);

                for (size_t j = 0; j < CALLS; j++)
                        calls[i * CALLS + j] =
                                call_begin(bob, MANAGER, "CanOpenSession", "sa{sv}", "am335x", 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                Call *call = call_wait(calls[i]);

                /* Not those that found bob with too many questions to polkit. */
                n_refused += streq(call_error(call), BUS_ERROR_LIMIT_EXCEEDED) &&
                             strstr(call_error_text(call), "Too many calls");
                call_free(call);
        }
        ck_assert_uint_ge(n_refused, 1);
        assert_error(CALL(alice, path, BUS_INTERFACE_SESSION, "Start", NULL), "");
}
END_TEST

NETNS_TEST_MAIN("hostile", world_setup, world_teardown, test_forged_departure_closes_nothing,
                test_forged_departure_cancels_no_question, test_crowd_of_subscribers_ends_nothing,
                test_subscribers_of_a_user_are_limited, test_subscribers_in_all_are_limited,
                test_questions_in_all_are_limited, test_no_call_brings_file_descriptors,
                test_flood_of_calls_is_refused)
