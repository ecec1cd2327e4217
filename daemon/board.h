/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A board that is plugged in, whether or not a session has it: who it is, at which stage, where its
 * interface is, who has it, and why it cannot be had. Owned by the manager, which makes one at
 * each plug and frees it at the unplug.
 *
 * Needs nothing, blocks on nothing, logs nothing. No udev, no bus. */

#include "board-monitor.h"
#include "macro.h"

typedef struct Board Board;
typedef struct Session Session;

/* What the kernel says of an interface whose device was pulled: an ordinary event, no failure. */
static inline bool errno_is_unplug(int error) {
        return error == -ENODEV || error == -ENXIO || error == -ENETDOWN || error == -ESHUTDOWN;
}

/* What can change while the board is plugged in: a mask in the observer's calls. */
typedef enum BoardProperty {
        BOARD_PROPERTY_SESSION = 1u << 0,
        BOARD_PROPERTY_PROBLEM = 1u << 1,
} BoardProperty;

/* Copies @info. Returns 0 or -ENOMEM. */
int board_new(const BoardInfo *info, Board **ret);
Board *board_free(Board *board);
DEFINE_CLEANUP_FUNC(Board, board_free);

const char *board_get_port(const Board *board);    /* "1-1.4" */
const char *board_get_id_path(const Board *board); /* "" when udev has none */
const Soc *board_get_soc(const Board *board);
Stage board_get_stage(const Board *board);
uint32_t board_get_devnum(const Board *board);
uint64_t board_get_plug_usec(const Board *board);
const UsbTopology *board_get_topology(const Board *board);

/* Who has it: NULL when free. Not owned. */
Session *board_get_session(const Board *board);

/* "", or a sentence that says why it cannot be taken. */
const char *board_get_problem(const Board *board);

/* Whether @port, a port or an ID_PATH, names the place where this board is plugged in. */
bool board_is_at(const Board *board, const char *port);

/* Whether @info tells of this very plug, and not of another board on the same port. */
bool board_is_same_plug(const Board *board, const BoardInfo *info);

/* The index of its interface in the host's namespace, and its name for people; 0 and "" while it
 * has none there that could be moved. */
int board_get_ifindex(const Board *board);
const char *board_get_interface(const Board *board);
int board_set_link(Board *board, int ifindex, const char *interface);
void board_clear_link(Board *board);

/* When a session gave it back although it was plugged in, or when it could have been any of several
 * sessions'; 0: never. */
uint64_t board_get_returned_usec(const Board *board);
void board_set_returned_usec(Board *board, uint64_t usec);

/* The setters return the mask of what changed: the manager tells the observer. */
unsigned board_set_session(Board *board, Session *session);
unsigned board_set_problem(Board *board, const char *problem);
