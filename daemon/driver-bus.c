/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "driver-bus.h"

#include <assert.h>

#include "macro.h"

#define TIMEOUT_USEC (25 * USEC_PER_SEC)

/* A call of @member with one string. */
static int new_call(sd_bus *bus, const char *member, const char *argument, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus",
                                           "/org/freedesktop/DBus", "org.freedesktop.DBus", member);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "s", argument);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(call);
        return 0;
}

int driver_get_uid(sd_bus *bus, const char *name, uid_t *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        uint32_t uid;
        int r;

        assert(bus);
        assert(name);
        assert(ret);

        r = new_call(bus, "GetConnectionUnixUser", name, &call);
        if (r < 0)
                return r;
        r = sd_bus_call(bus, call, TIMEOUT_USEC, NULL, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "u", &uid);
        if (r < 0)
                return r;
        *ret = uid;
        return 0;
}

int driver_release_name(sd_bus *bus, const char *name, sd_bus_message_handler_t on_reply,
                        void *userdata, sd_bus_slot **ret_slot) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        assert(bus);
        assert(name);
        assert(on_reply);
        assert(ret_slot);

        r = new_call(bus, "ReleaseName", name, &call);
        if (r < 0)
                return r;
        r = sd_bus_call_async(bus, ret_slot, call, on_reply, userdata, TIMEOUT_USEC);
        return r < 0 ? r : 0;
}
