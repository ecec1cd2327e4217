/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is asked of the bus driver (D-Bus Specification, Message Bus Messages), with a time limit of its own: sd-bus's
 * functions for the same have all the patience that the connection has.
 *
 * Needs nothing. Logs nothing. */

#include <sys/types.h>
#include <systemd/sd-bus.h>

/* The uid behind @name, a connection on the bus. Blocks on the driver, and nothing else is done meanwhile. Returns 0; -ENXIO
 * if there is no such name any more; or another negative errno. */
int driver_get_uid(sd_bus *bus, const char *name, uid_t *ret);

/* Gives @name up. @on_reply is called when the driver has done so, or after 25 s; *@ret_slot owns the call. Returns 0 or a
 * negative errno. */
int driver_release_name(sd_bus *bus, const char *name, sd_bus_message_handler_t on_reply,
                        void *userdata, sd_bus_slot **ret_slot);
