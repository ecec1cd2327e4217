/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Error names of the bus contract <-> errno, in one table that sd-bus knows too: a method handler
 * that returns one of these errnos, or a client that asks sd_bus_error_get_errno(), gets the same
 * answer. */

#include "macro.h"

/* The negative errno of an org.snagd1.Error name; -EIO for any other string. */
int bus_error_to_errno(const char *name);

/* Tells sd-bus of the table. Call once at start; returns 0 or a negative errno. */
int bus_error_register(void);
