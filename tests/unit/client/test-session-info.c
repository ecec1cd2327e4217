/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "session-info.h"

#include "check-main.h"

START_TEST(test_names_of_a_session) {
        SessionInfo s = {
                .path = (char *) "/org/snagd1/session/s7",
                .port = (char *) "1-1.4",
                .id_path = (char *) "pci-0000:00:14.0-usb-0:1.4",
        };

        ck_assert_str_eq(session_info_get_id(&s), "s7");
        ck_assert(session_info_is_named(&s, "s7"));
        ck_assert(session_info_is_named(&s, "/org/snagd1/session/s7"));
        ck_assert(session_info_is_named(&s, "1-1.4"));
        ck_assert(session_info_is_named(&s, "pci-0000:00:14.0-usb-0:1.4"));
        ck_assert(!session_info_is_named(&s, "s"));
        ck_assert(!session_info_is_named(&s, ""));

        s.port = s.id_path = (char *) "";
        ck_assert(!session_info_is_named(&s, ""));
}
END_TEST

START_TEST(test_targets) {
        static const char *const good[] = {"s7", "1-1.4", "pci-0000:00:14.0-usb-0:1.4",
                                           "/org/snagd1/session/s7"};
        static const char *const bad[] = {"",
                                          "/",
                                          "../1-1",
                                          "a b",
                                          "s7\n",
                                          "/org/snagd1/session/",
                                          "/org/snagd1/session/../x",
                                          "/org/snagd1/board/x"};

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                ck_assert_msg(session_target_is_valid(good[i]), "%s", good[i]);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_msg(!session_target_is_valid(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(test_states) {
        ck_assert_int_eq(session_state_from_string("detached"), SESSION_STATE_DETACHED);
        ck_assert_int_lt(session_state_from_string("perplexed"), 0);
        ck_assert_int_lt(session_state_from_string(NULL), 0);
}
END_TEST

TEST_MAIN("session-info", test_names_of_a_session, test_targets, test_states)
