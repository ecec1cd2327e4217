/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* USB ports as people and sysfs write them. Pure.
 *
 * A port is `<bus>-<port>[.<port>…]`, kernel's usb_device name: "1-1.4". An interface is
 * "1-1.4:1.0". An ID_PATH is udev's stable name of the same socket: "pci-0000:00:14.0-usb-0:1.4",
 * which survives reboots. Wherever a port is accepted, so is an ID_PATH. */

#include "macro.h"

/* The longest valid port: "999-" and seven numbers of three digits, six dots. */
#define USB_PORT_LEN_MAX    (STRLEN("999-999.999.999.999.999.999.999"))
#define USB_ID_PATH_LEN_MAX 255

/* `[1-9][0-9]{0,2}-[1-9][0-9]{0,2}(\.[1-9][0-9]{0,2}){0,6}`, exactly. */
bool usb_port_is_valid(const char *string);

/* 1 to 255 of `A-Za-z0-9:._+@-`. Every valid port is a valid ID_PATH too: ask usb_port_is_valid()
 * first where it matters which it is. */
bool usb_id_path_is_valid(const char *string);

/* What people may write for a place: a port, or an ID_PATH that has "usb-", as udev gives it to every USB
 * device. So "1-1." and "l-1.4" are ports with a slip and not ID_PATHs that no board will ever have. */
bool usb_place_is_valid(const char *string);

/* Cuts the port out of the sysfs name of a usb_device ("1-1.4") or usb_interface ("1-1.4:1.0").
 * Returns 0 and a string that the caller frees, -EINVAL if the name is neither, -ENOMEM. */
int usb_port_from_sysname(const char *sysname, char **ret);

/* Cuts the interface part (":1.0") off udev's ID_PATH of a usb_interface or of its net device:
 * "pci-0000:00:14.0-usb-0:1.4:1.0" becomes "pci-0000:00:14.0-usb-0:1.4". A path without one is
 * copied. Returns 0 and a string that the caller frees, -EINVAL if it is no valid ID_PATH, -ENOMEM. */
int usb_id_path_without_interface(const char *id_path, char **ret);
