/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "../check-main.h"

#include "bus-contract.h"
#include "session-spec.h"

START_TEST(test_parses_what_a_client_asks_for) {
        static const struct {
                const char *soc, *port, *stage, *error;
        } cases[] = {
                {"am335x", NULL, NULL, NULL},
                {"am335x", "1-1.4", "rom", NULL},
                {"am335x", "pci-0000:00:14.0-usb-0:1.4", "spl", NULL},
                {"am335X", NULL, NULL, BUS_ERROR_UNKNOWN_SOC},
                {"", NULL, NULL, BUS_ERROR_UNKNOWN_SOC},
                {"am335x", "../1-1", NULL, BUS_ERROR_INVALID_PORT},
                {"am335x", "", NULL, BUS_ERROR_INVALID_PORT},
                {"am335x", "1-1\n", NULL, BUS_ERROR_INVALID_PORT},
                {"am335x", NULL, "", BUS_ERROR_INVALID_OPTION},
                {"am335x", NULL, "u-boot", BUS_ERROR_INVALID_OPTION},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_failure_ Failure failure = {};
                SessionSpec spec = {};
                int r;

                r = session_spec_parse(cases[i].soc, cases[i].port, cases[i].stage, 7, &spec,
                                       &failure);
                if (cases[i].error) {
                        ck_assert_int_lt(r, 0);
                        ck_assert_str_eq(failure.name, cases[i].error);
                        ck_assert(!spec.soc);
                } else {
                        ck_assert_int_eq(r, 0);
                        ck_assert_ptr_eq(spec.soc, soc_find("am335x"));
                        ck_assert_int_eq(spec.owner_uid, 7);
                }
        }
}
END_TEST

START_TEST(test_refuses_a_long_port) {
        char port[4001] = {};

        memset(port, '1', sizeof(port) - 1);
        ck_assert_int_lt(session_spec_parse("am335x", port, NULL, 0, &(SessionSpec){}, NULL), 0);
}
END_TEST

TEST_MAIN("session-spec", test_parses_what_a_client_asks_for, test_refuses_a_long_port)
