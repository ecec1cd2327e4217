/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* org.snagd1.Session at /org/snagd1/session/<id>: who may do what with a session, and that it ends
 * when its owner leaves the bus.
 *
 * Needs nothing. Blocks on the bus driver and on the core. Logs signals that could not be sent. */

#include "bus-edge.h"

/* Returns 0 or a negative errno. */
int session_bus_register(BusEdge *edge);

/* The end of OpenSession: the sender of @call, which is authorised, becomes the owner of a new
 * session and gets the reply. */
int session_bus_open(BusEdge *edge, sd_bus_message *call, SessionSpec *spec, sd_bus_error *error);

int session_bus_get_path(const Session *session, char **ret);

/* For the core's observer; @userdata is the BusEdge. */
void session_bus_on_added(Session *session, void *userdata);
void session_bus_on_changed(Session *session, unsigned properties, void *userdata);
void session_bus_on_removed(Session *session, void *userdata);
