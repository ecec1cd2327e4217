/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* USB ports as people name several of them at once: a port or an ID_PATH (usb-port.h) in which `*`, `?`
 * and `[…]` stand for what they do in a shell. Pure. */

#include "macro.h"

typedef enum PortPatternKind {
        PORT_PATTERN_BAD,      /* so is "ttyUSB0", which no board can ever match */
        PORT_PATTERN_OF_NAMES, /* "1-1.*": no letter, so that only ports' names can match */
        PORT_PATTERN_OF_PATHS, /* "pci-0000:00:14.0-usb-0:1.*": survives reboots */
} PortPatternKind;

PortPatternKind port_pattern_get_kind(const char *pattern);

/* Whether a board on @port, whose stable name is @id_path (may be empty), is meant. */
bool port_pattern_matches(const char *pattern, const char *port, const char *id_path);
