/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "usb-device.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check-main.h"

static char root[64];

static void run(const char *script) {
        char command[512];

        (void) snprintf(command, sizeof(command),
                        "mkdir -p '%s/sys/bus/usb/devices' && cd '%s/sys/bus/usb/devices' && %s",
                        root, root, script);
        ck_assert_int_eq(system(command), 0);
}

static void set_up(void) {
        (void) stpcpy(root, "/tmp/test-usb-device-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(root));
        run("mkdir 1-1.4 && cd 1-1.4 && echo 0525 >idVendor && echo a4a2 >idProduct && echo 1 >authorized");
}

static void tear_down(void) {
        char command[128];

        (void) snprintf(command, sizeof(command), "rm -rf -- '%s'", root);
        ck_assert_int_eq(system(command), 0);
}

static void check_described(const char *port, const char *phrase) {
        char buffer[USB_DEVICE_PHRASE_LEN_MAX];

        ck_assert_str_eq(usb_device_describe(root, port, buffer), phrase);
}

START_TEST(test_tells_what_is_there) {
        set_up();
        check_described("1-1.4", "USB device 0525:a4a2 is there, without a driver");
        run("mkdir 1-1.4/1-1.4:1.0");
        check_described("1-1.4", "USB device 0525:a4a2 is there, without a driver");
        run("ln -s ../../cdc_ether 1-1.4/1-1.4:1.0/driver && mkdir cdc_ether");
        check_described("1-1.4", "USB device 0525:a4a2 is there");
        run("echo 0 >1-1.4/authorized");
        check_described("1-1.4",
                        "USB device 0525:a4a2 is there, but not authorized (by usbguard?)");
        tear_down();
}
END_TEST

START_TEST(test_tells_nothing_else) {
        set_up();
        check_described("1-1.5", "");
        check_described("", "");
        check_described("..", "");
        check_described("pci-0000:00:14.0-usb-0:1.4", "");
        run("mkdir 1-2 && cd 1-2 && printf 05 >idVendor && echo a4a2 >idProduct");
        check_described("1-2", "");
        tear_down();
}
END_TEST

TEST_MAIN("usb-device", test_tells_what_is_there, test_tells_nothing_else)
