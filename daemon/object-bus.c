/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "object-bus.h"

#include <assert.h>

int object_bus_register(sd_bus *bus, const ObjectKind *kind, void *userdata,
                        sd_bus_slot **ret_vtable, sd_bus_slot **ret_list) {
        int r;

        assert(bus);
        assert(kind && kind->n_properties <= OBJECT_PROPERTIES_MAX);

        r = sd_bus_add_fallback_vtable(bus, ret_vtable, kind->folder, kind->interface, kind->vtable,
                                       kind->find, userdata);
        if (r < 0)
                return r;
        return sd_bus_add_node_enumerator(bus, ret_list, kind->folder, kind->list, userdata);
}

int object_bus_emit_added(sd_bus *bus, const ObjectKind *kind, const char *id) {
        _cleanup_free_ char *path = NULL;
        int r;

        assert(bus);
        assert(kind);

        r = sd_bus_path_encode(kind->folder, id, &path);
        if (r < 0)
                return r;
        return sd_bus_emit_object_added(bus, path);
}

int object_bus_emit_changed(sd_bus *bus, const ObjectKind *kind, const char *id, unsigned bits) {
        char *names[OBJECT_PROPERTIES_MAX + 1] = {};
        _cleanup_free_ char *path = NULL;
        size_t n = 0;
        int r;

        assert(bus);
        assert(kind);

        for (size_t i = 0; i < kind->n_properties; i++)
                if (bits & kind->properties[i].bit)
                        names[n++] = (char *) kind->properties[i].name;

        r = sd_bus_path_encode(kind->folder, id, &path);
        if (r < 0)
                return r;
        return sd_bus_emit_properties_changed_strv(bus, path, kind->interface, names);
}

/* InterfacesRemoved with the same interfaces as sd_bus_emit_object_added() told of.
 * sd_bus_emit_object_removed() would look the object up, which the core does not know any more. */
int object_bus_emit_removed(sd_bus *bus, const ObjectKind *kind, const char *id) {
        _cleanup_free_ char *path = NULL;
        int r;

        assert(bus);
        assert(kind);

        r = sd_bus_path_encode(kind->folder, id, &path);
        if (r < 0)
                return r;
        return sd_bus_emit_interfaces_removed(
                bus, path, "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Introspectable",
                "org.freedesktop.DBus.Properties", kind->interface, NULL);
}

int path_list_add(PathList *list, const char *folder, const char *id) {
        _cleanup_free_ char *path = NULL;
        char **grown;
        int r;

        assert(list);

        r = sd_bus_path_encode(folder, id, &path);
        if (r < 0)
                return r;

        grown = reallocarray(list->paths, list->n + 2, sizeof(*grown));
        if (!grown)
                return -ENOMEM;

        list->paths = grown;
        list->paths[list->n++] = TAKE_PTR(path);
        list->paths[list->n] = NULL;
        return 0;
}

char **path_list_take(PathList *list) {
        assert(list);

        list->n = 0;
        return TAKE_PTR(list->paths);
}

void path_list_done(PathList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                free(list->paths[i]);
        free(list->paths);
        *list = (PathList){};
}
