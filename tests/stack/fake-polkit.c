/* SPDX-License-Identifier: GPL-2.0-or-later */

/* org.freedesktop.PolicyKit1 for a private bus: says yes to everybody whose name on the bus is asked
 * about, but no for as long as the file that is its argument exists. What polkit itself makes of the actions and rules is for the virtual machine to show. */

#include <stdio.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "macro.h"

static int method_check_authorization(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *denying = userdata;

        return sd_bus_reply_method_return(m, "(bba{ss})", access(denying, F_OK) < 0, false, 0);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})",
                      method_check_authorization, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int main(int argc, char *argv[]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;

        if (argc != 2) {
                fputs("usage: fake-polkit FILE\n", stderr);
                return EXIT_FAILURE;
        }
        if (sd_event_default(&event) < 0 || sd_bus_open_system(&bus) < 0 ||
            sd_bus_attach_event(bus, event, 0) < 0 ||
            sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                     "org.freedesktop.PolicyKit1.Authority", vtable, argv[1]) < 0 ||
            sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0) < 0) {
                fputs("fake-polkit: cannot take its place on the bus\n", stderr);
                return EXIT_FAILURE;
        }

        return sd_event_loop(event) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
