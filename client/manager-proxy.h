/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Boards and sessions as the bus shows them, in one reply of the ObjectManager, and the closing of
 * somebody's session. Blocks on the bus; closing also on a password. Does not log. */

#include "bus-proxy.h"
#include "session-info.h"

typedef struct ManagerObjects {
        BoardInfo *boards; /* by port, as people count: 1-2 before 1-10 */
        size_t n_boards;
        SessionInfo *sessions; /* by id */
        size_t n_sessions;
} ManagerObjects;

void manager_objects_done(ManagerObjects *o);

/* For the other proxies: the properties of an org.snagd1.Board in a BoardInfo; and reads an object's
 * a{sa{sv}}, and adds it. Returns 0 or a negative errno. */
extern const PropertySlot board_property_slots[];
int manager_objects_read_interfaces(sd_bus_message *m, const char *path, ManagerObjects *o);

/* Reads all of them. *@ret is to be released with manager_objects_done(). Returns 0 or a negative errno
 * with *@error filled. */
int manager_proxy_get_objects(sd_bus *bus, ProxyError *error, ManagerObjects *ret);

/* Closes the session at @path, whoever has it. Returns 0 or a negative errno with *@error filled. */
int manager_proxy_close_session(sd_bus *bus, const char *path, ProxyError *error);
