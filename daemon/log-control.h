/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* org.freedesktop.LogControl1 at /org/freedesktop/LogControl1: for
 * `systemctl service-log-level snagd.service debug`. See org.freedesktop.LogControl1(5).
 *
 * Needs nothing, blocks on the bus driver when a property is set, logs nothing. */

#include "bus-edge.h"

/* Returns 0 or a negative errno. */
int log_control_register(BusEdge *edge);
