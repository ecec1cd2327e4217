/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "usb-port.h"

#include <errno.h>

#include "check-main.h"

START_TEST(test_accepts_ports) {
        ck_assert(usb_port_is_valid("1-1"));
        ck_assert(usb_port_is_valid("1-1.4"));
        ck_assert(usb_port_is_valid("999-999.999.999.999.999.999.999"));
        ck_assert_uint_eq(strlen("999-999.999.999.999.999.999.999"), USB_PORT_LEN_MAX);
}
END_TEST

START_TEST(test_refuses_what_is_no_port) {
        static const char *const wrong[] = {
                "",           "1",        "1-",
                "-1",         "0-1",      "1-0",
                "01-1",       "1-01",     "1-1.",
                "1-1.0",      "1-1..2",   "1000-1",
                "1-1000",     "../1-1",   "1-1/..",
                "1-1:1.0",    " 1-1",     "1-1 ",
                "1-1\n",      "usb1",     "1-1.2.3.4.5.6.7.8",
                "1-\xc3\xa9", "1-1.1000", "--port",
        };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                ck_assert_msg(!usb_port_is_valid(wrong[i]), "accepted '%s'", wrong[i]);
}
END_TEST

START_TEST(test_refuses_a_very_long_port) {
        char port[4001] = "1-1";

        for (size_t i = 3; i + 2 < sizeof(port); i += 2)
                memcpy(port + i, ".1", 2);
        ck_assert(!usb_port_is_valid(port));
        ck_assert(!usb_id_path_is_valid(port));
}
END_TEST

START_TEST(test_knows_id_paths) {
        char path[USB_ID_PATH_LEN_MAX + 2];

        ck_assert(usb_id_path_is_valid("pci-0000:00:14.0-usb-0:1.4"));
        ck_assert(usb_id_path_is_valid("platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2"));
        ck_assert(!usb_id_path_is_valid(""));
        ck_assert(!usb_id_path_is_valid("a/b"));
        ck_assert(!usb_id_path_is_valid("a b"));

        memset(path, 'a', sizeof(path));
        path[USB_ID_PATH_LEN_MAX + 1] = '\0';
        ck_assert(!usb_id_path_is_valid(path));
        path[USB_ID_PATH_LEN_MAX] = '\0';
        ck_assert(usb_id_path_is_valid(path));
}
END_TEST

START_TEST(test_takes_a_slip_in_a_port_for_no_place) {
        ck_assert(usb_place_is_valid("1-1.4"));
        ck_assert(usb_place_is_valid("platform-dummy_hcd.0-usb-0:1"));
        ck_assert(!usb_place_is_valid("1-1."));
        ck_assert(!usb_place_is_valid("1-"));
        ck_assert(!usb_place_is_valid("0-1"));
        ck_assert(!usb_place_is_valid("1-1:1.0"));
        ck_assert(!usb_place_is_valid("l-1.4"));
        ck_assert(!usb_place_is_valid("ttyUSB0"));
        ck_assert(!usb_place_is_valid("../1-1"));
        ck_assert(!usb_place_is_valid(""));
}
END_TEST

static void check_sysname(const char *sysname, int result, const char *port) {
        _cleanup_free_ char *got = NULL;

        ck_assert_int_eq(usb_port_from_sysname(sysname, &got), result);
        ck_assert_pstr_eq(got, port);
}

START_TEST(test_cuts_the_port_out_of_a_sysname) {
        check_sysname("1-1.4", 0, "1-1.4");
        check_sysname("1-1.4:1.0", 0, "1-1.4");
        check_sysname("12-3:2.10", 0, "12-3");
        check_sysname("1-1:", -EINVAL, NULL);
        check_sysname("1-1:1", -EINVAL, NULL);
        check_sysname("1-1:1.0x", -EINVAL, NULL);
        check_sysname("usb1", -EINVAL, NULL);
        check_sysname("1-0:1.0", -EINVAL, NULL); /* a root hub's interface */
}
END_TEST

static void check_id_path(const char *id_path, int result, const char *expected) {
        _cleanup_free_ char *got = NULL;

        ck_assert_int_eq(usb_id_path_without_interface(id_path, &got), result);
        ck_assert_pstr_eq(got, expected);
}

START_TEST(test_cuts_the_interface_off_an_id_path) {
        check_id_path("pci-0000:00:14.0-usb-0:1.4:1.0", 0, "pci-0000:00:14.0-usb-0:1.4");
        check_id_path("pci-0000:00:14.0-usb-0:1.4", 0, "pci-0000:00:14.0-usb-0:1.4");
        check_id_path("pci-0000:00:14.0-usb-0:1:2.0", 0, "pci-0000:00:14.0-usb-0:1");
        check_id_path("platform-dummy_hcd.0-usb-0:1:1.0", 0, "platform-dummy_hcd.0-usb-0:1");
        check_id_path("platform-dummy_hcd.0", 0, "platform-dummy_hcd.0");
        check_id_path("a b", -EINVAL, NULL);
}
END_TEST

TEST_MAIN("usb-port", test_accepts_ports, test_refuses_what_is_no_port,
          test_refuses_a_very_long_port, test_knows_id_paths,
          test_takes_a_slip_in_a_port_for_no_place, test_cuts_the_port_out_of_a_sysname,
          test_cuts_the_interface_off_an_id_path)
