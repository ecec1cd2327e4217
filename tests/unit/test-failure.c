/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "failure.h"

#include <errno.h>

#include "bus-contract.h"
#include "check-main.h"

START_TEST(test_keeps_the_first_cause) {
        _cleanup_failure_ Failure f = {};

        ck_assert_int_eq(failure_set(&f, BUS_ERROR_PORT_BUSY, "Port %s is taken.", "1-1"), -EBUSY);
        ck_assert_int_eq(failure_set(&f, BUS_ERROR_NOT_OWNER, "Second."), -EPERM);
        ck_assert_str_eq(f.name, BUS_ERROR_PORT_BUSY);
        ck_assert_str_eq(f.text, "Port 1-1 is taken.");
}
END_TEST

START_TEST(test_gives_the_errno_without_a_place_to_write) {
        ck_assert_int_eq(failure_set(NULL, BUS_ERROR_UNKNOWN_SOC, "x"), -EINVAL);
}
END_TEST

TEST_MAIN("failure", test_keeps_the_first_cause, test_gives_the_errno_without_a_place_to_write)
