/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* org.snagd1.Manager at /org/snagd1, and the ObjectManager there.
 *
 * Needs nothing. Blocks on the bus driver, and in OpenSession on the core. Logs nothing. */

#include "bus-edge.h"

/* Returns 0 or a negative errno. */
int manager_bus_register(BusEdge *edge);

/* Whether the bus has no reason to keep the daemon, and the core has none either. */
bool manager_bus_is_idle(void *userdata);
void manager_bus_on_leaving(void *userdata);

/* For the core's observer. */
void manager_bus_on_idle_changed(void *userdata);
