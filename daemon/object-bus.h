/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What boards and sessions have in common as objects on the bus: a folder of objects with one
 * interface, each at the path that its id gives it there; lists of those paths for sd-bus; the signals
 * that say that one came, changed or went.
 *
 * Needs nothing, blocks on nothing, logs nothing. */

#include <systemd/sd-bus.h>

#include "macro.h"

/* A property that changes, and its bit in the core's masks of what did. */
typedef struct ObjectProperty {
        unsigned bit;
        const char *name;
} ObjectProperty;

#define OBJECT_PROPERTIES_MAX 16u

typedef struct ObjectKind {
        const char *folder;    /* the path above them */
        const char *interface; /* besides the standard ones */
        const sd_bus_vtable *vtable;
        sd_bus_object_find_t find;
        sd_bus_node_enumerator_t list;
        const ObjectProperty *properties;
        size_t n_properties; /* at most OBJECT_PROPERTIES_MAX */
} ObjectKind;

/* Makes the objects of @kind, which stays, known to @bus. @userdata is for find() and list(). What
 * slots there are on failure are the caller's, too. */
int object_bus_register(sd_bus *bus, const ObjectKind *kind, void *userdata,
                        sd_bus_slot **ret_vtable, sd_bus_slot **ret_list);

/* Each returns a negative errno if nobody will hear of it. */
int object_bus_emit_added(sd_bus *bus, const ObjectKind *kind, const char *id);
int object_bus_emit_changed(sd_bus *bus, const ObjectKind *kind, const char *id, unsigned bits);
int object_bus_emit_removed(sd_bus *bus, const ObjectKind *kind, const char *id);

/* The NULL-terminated list that a node enumerator returns. */
typedef struct PathList {
        char **paths;
        size_t n;
} PathList;

/* Appends the path of the object @id in @folder. Returns 0 or -ENOMEM. */
int path_list_add(PathList *list, const char *folder, const char *id);
char **path_list_take(PathList *list);
void path_list_done(PathList *list);
