/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "object-bus.h"

#include <assert.h>

int path_list_add(PathList *list, char *path) {
        char **grown;

        assert(list);
        assert(path);

        grown = reallocarray(list->paths, list->n + 2, sizeof(*grown));
        if (!grown) {
                free(path);
                return -ENOMEM;
        }

        list->paths = grown;
        list->paths[list->n++] = path;
        list->paths[list->n] = NULL;
        return 0;
}

void path_list_done(PathList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                free(list->paths[i]);
        free(list->paths);
        *list = (PathList){};
}

int object_bus_emit_removed(sd_bus *bus, const char *path, const char *interface) {
        assert(bus);
        assert(path);
        assert(interface);

        return sd_bus_emit_interfaces_removed(bus, path, "org.freedesktop.DBus.Peer",
                                              "org.freedesktop.DBus.Introspectable",
                                              "org.freedesktop.DBus.Properties", interface, NULL);
}
