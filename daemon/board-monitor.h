/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Boards as udev tells of them: the only file that knows libudev.
 *
 * A board is a usb_interface that is bound to rndis_host and carries ID_SNAGD_SOC and
 * ID_SNAGD_STAGE (70-snagd.rules). Its net device says only that the interface can be moved now: it
 * comes and goes with every move between namespaces while the board stays where it is.
 *
 * Needs nothing. Blocks on reads of sysfs and of udev's database. Logs nothing.
 * Knows no event loop: the owner watches board_monitor_get_fd() for input. */

#include "macro.h"
#include "soc.h"
#include "usb-topology.h"

typedef struct BoardMonitor BoardMonitor;

/* A board as it was seen at one plug. The strings are borrowed for the time of the call. */
typedef struct BoardInfo {
        const char *port;    /* "1-1.4", always valid */
        const char *id_path; /* without the interface; NULL when udev has none that is valid */
        const Soc *soc;
        Stage stage;
        uint32_t devnum;    /* another one at each plug, until it wraps after 127 */
        uint64_t plug_usec; /* CLOCK_MONOTONIC, when udev first saw it */

        /* Of the root hub's port; nothing behind another hub, which a socket has only one name for. */
        UsbTopology topology;
} BoardInfo;

/* Any of these may be told again of what is known already: the receiver compares. */
typedef struct BoardMonitorCallbacks {
        void (*on_board_plugged)(const BoardInfo *info, void *userdata);
        void (*on_board_unplugged)(const char *port, uint32_t devnum, void *userdata);

        /* udev has finished with the board's interface: it may be moved. Also on later changes of
         * it, and when it came home. @name is for people and may be stale. */
        void (*on_link_ready)(const BoardInfo *info, int ifindex, const char *name, void *userdata);
} BoardMonitorCallbacks;

/* Opens the monitor; what happens from now on is kept until it is dispatched. @callbacks is copied.
 * Returns 0 or a negative errno. */
int board_monitor_new(const BoardMonitorCallbacks *callbacks, void *userdata, BoardMonitor **ret);
BoardMonitor *board_monitor_free(BoardMonitor *monitor);
DEFINE_CLEANUP_FUNC(BoardMonitor, board_monitor_free);

/* Borrowed. */
int board_monitor_get_fd(const BoardMonitor *monitor);

/* Tells of every board and every interface that is there, and of those that are gone although their
 * events were lost. At start, after board_monitor_new(). Returns 0 or a negative errno. */
int board_monitor_enumerate(BoardMonitor *monitor);

/* Handles a bounded number of events; if more wait, the fd stays readable. Lost events are made up
 * for by enumeration. Returns 0 or a negative errno: the monitor is of no use any more. */
int board_monitor_dispatch(BoardMonitor *monitor);
