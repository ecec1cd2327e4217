/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* org.snagd1.Board at /org/snagd1/board/<escaped port>.
 *
 * Needs nothing, blocks on nothing. Logs signals that could not be sent. */

#include "bus-edge.h"

/* Returns 0 or a negative errno. */
int board_bus_register(BusEdge *edge);

/* For the core's observer; @userdata is the BusEdge. */
void board_bus_on_added(Board *board, void *userdata);
void board_bus_on_changed(Board *board, unsigned properties, void *userdata);
void board_bus_on_removed(Board *board, void *userdata);
