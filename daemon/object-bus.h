/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What boards and sessions have in common as objects on the bus: a list of their paths for sd-bus, and
 * the word that one is gone.
 *
 * Needs nothing, blocks on nothing, logs nothing. */

#include <systemd/sd-bus.h>

#include "macro.h"

/* The NULL-terminated list that a node enumerator returns. */
typedef struct PathList {
        char **paths;
        size_t n;
} PathList;

/* Consumes @path, also on failure. Returns 0 or -ENOMEM. */
int path_list_add(PathList *list, char *path);
void path_list_done(PathList *list);

/* Says that the object at @path, which had @interface, is gone: InterfacesRemoved with the same
 * interfaces as sd_bus_emit_object_added() told of. sd_bus_emit_object_removed() would look the object
 * up, which the core does not know any more. */
int object_bus_emit_removed(sd_bus *bus, const char *path, const char *interface);
