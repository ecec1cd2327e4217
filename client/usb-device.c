/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "usb-device.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "fd-util.h"
#include "usb-port.h"

#define DEVICES "/sys/bus/usb/devices"

/* The first @len bytes of an attribute, which has to have them. */
static bool read_attribute(const char *device, const char *name, char *buffer, size_t len) {
        _cleanup_fd_ int fd = -EBADF;
        char path[PATH_MAX];

        if (snprintf(path, sizeof(path), "%s/%s", device, name) >= (int) sizeof(path))
                return false;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0 || read(fd, buffer, len) != (ssize_t) len)
                return false;
        buffer[len] = '\0';
        return true;
}

/* Whether one of its interfaces, "1-1.4:1.0", has a driver; without interfaces it has no configuration. */
static bool has_driver(const char *device, const char *port) {
        char pattern[PATH_MAX];
        glob_t found = {};
        bool has;

        if (snprintf(pattern, sizeof(pattern), "%s/%s:*/driver", device, port) >=
            (int) sizeof(pattern))
                return true;
        has = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
        globfree(&found);
        return has;
}

const char *usb_device_describe(const char *root, const char *port,
                                char buffer[static USB_DEVICE_PHRASE_LEN_MAX]) {
        char device[PATH_MAX], vendor[4 + 1], product[4 + 1], authorized[1 + 1] = "";
        const char *state = "";

        assert(root);
        assert(port);

        buffer[0] = '\0';
        if (!usb_port_is_valid(port) ||
            snprintf(device, sizeof(device), "%s" DEVICES "/%s", root, port) >=
                    (int) sizeof(device) ||
            !read_attribute(device, "idVendor", vendor, 4) ||
            !read_attribute(device, "idProduct", product, 4))
                return buffer;

        if (read_attribute(device, "authorized", authorized, 1) && streq(authorized, "0"))
                state = ", but not authorized (by usbguard?)";
        else if (!has_driver(device, port))
                state = ", without a driver";
        (void) snprintf(buffer, USB_DEVICE_PHRASE_LEN_MAX, "USB device %s:%s is there%s", vendor,
                        product, state);
        return buffer;
}
