/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "bus-error.h"

#include <errno.h>
#include <systemd/sd-bus.h>

#include "bus-contract.h"
#include "check-main.h"

START_TEST(test_agrees_with_sd_bus) {
        sd_bus_error error = SD_BUS_ERROR_NULL;

        ck_assert_int_ge(bus_error_register(), 0);
        sd_bus_error_set_const(&error, BUS_ERROR_LIMIT_EXCEEDED, "x");
        ck_assert_int_eq(sd_bus_error_get_errno(&error), EDQUOT);
        ck_assert_int_eq(bus_error_to_errno(BUS_ERROR_LIMIT_EXCEEDED), -EDQUOT);
}
END_TEST

START_TEST(test_calls_a_stranger_eio) {
        ck_assert_int_eq(bus_error_to_errno("org.example.Error.Odd"), -EIO);
        ck_assert_int_eq(bus_error_to_errno(""), -EIO);
}
END_TEST

TEST_MAIN("bus-error", test_agrees_with_sd_bus, test_calls_a_stranger_eio)
