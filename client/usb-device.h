/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is plugged in at a USB port, be it a board or not, as sysfs has it (Documentation/ABI/testing/sysfs-bus-usb):
 * for somebody who wonders why snagd does not take it.
 *
 * Needs no privilege. Reads a few files that never block. Does not log. */

#include "macro.h"

#define USB_DEVICE_PHRASE_LEN_MAX 80

/* Writes a phrase such as "USB device 0525:a4a2 is there, without a driver", or "" if nothing is, or @port is no
 * valid one. @root: before every path, "" but in tests. Returns @buffer. */
const char *usb_device_describe(const char *root, const char *port,
                                char buffer[static USB_DEVICE_PHRASE_LEN_MAX]);
