/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the files of the D-Bus edge share. main() owns it and everything in it; each *_register()
 * fills its own slots; the observer's functions get it as their userdata. */

#include <systemd/sd-bus.h>

#include "lifetime.h"
#include "manager.h"
#include "polkit.h"
#include "subscriber-bus.h"

typedef struct BusEdge {
        sd_bus *bus;
        Manager *manager;
        Polkit *polkit;
        Lifetime *lifetime;

        Subscribers *subscribers; /* manager-bus */
        sd_bus_slot *call_filter;
        sd_bus_slot *manager_vtable;
        sd_bus_slot *object_manager;
        sd_bus_slot *board_vtable; /* board-bus */
        sd_bus_slot *board_paths;
        sd_bus_slot *session_vtable; /* session-bus */
        sd_bus_slot *session_paths;
        sd_bus_slot *log_control_vtable; /* log-control */
} BusEdge;
