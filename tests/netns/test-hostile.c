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

NETNS_TEST_MAIN("hostile", world_setup, world_teardown, test_forged_departure_closes_nothing,
                test_forged_departure_cancels_no_question)
