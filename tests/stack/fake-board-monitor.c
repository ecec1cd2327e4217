/* SPDX-License-Identifier: GPL-2.0-or-later */

/* board-monitor.h without udev and USB, linked into `snagd-veth` in the place of the real one: a
 * board's interface is one end of a veth, and a test tells of plugs by lines that it writes to the FIFO
 * that SNAGD_TEST_BOARDS names:
 *
 *     plug PORT DEVNUM STAGE      a board was plugged in
 *     link PORT DEVNUM STAGE IF   udev has finished with its interface IF
 *     unplug PORT DEVNUM          it was pulled
 *     fail TAG N ERRNO            the N-th kernel call from now fails (failing-calls.h)
 *
 * The first look for boards takes until somebody opens the FIFO that SNAGD_TEST_ENUMERATION names, if it is
 * set, for writing.
 *
 * Everything else of the daemon is the real thing: bus, polkit calls, sessions, namespaces, rtnetlink
 * and nftables. */

#include "board-monitor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>

#include "failing-calls.h"
#include "fd-util.h"

#define BOARDS_MAX 64u

typedef struct FakeBoard {
        char port[32];
        char id_path[64];
        char interface[IF_NAMESIZE];
        BoardInfo info;
} FakeBoard;

struct BoardMonitor {
        BoardMonitorCallbacks callbacks;
        void *userdata;
        int fd;
        char line[256];
        size_t line_len;
        FakeBoard boards[BOARDS_MAX]; /* port[0] == '\0': free */
};

int board_monitor_new(const BoardMonitorCallbacks *callbacks, void *userdata, BoardMonitor **ret) {
        const char *path = getenv("SNAGD_TEST_BOARDS");
        _cleanup_(board_monitor_freep) BoardMonitor *monitor = NULL;

        if (!path)
                return -EINVAL;

        monitor = calloc(1, sizeof(*monitor));
        if (!monitor)
                return -ENOMEM;
        monitor->callbacks = *callbacks;
        monitor->userdata = userdata;

        /* For writing too, so that it never ends. */
        monitor->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (monitor->fd < 0)
                return -errno;

        *ret = TAKE_PTR(monitor);
        return 0;
}

BoardMonitor *board_monitor_free(BoardMonitor *monitor) {
        if (monitor)
                fd_close(monitor->fd);
        free(monitor);
        return NULL;
}

int board_monitor_get_fd(const BoardMonitor *monitor) {
        return monitor->fd;
}

int board_monitor_enumerate(BoardMonitor *monitor) {
        const char *path = getenv("SNAGD_TEST_ENUMERATION");

        if (path)
                fd_close(open(path, O_RDONLY | O_CLOEXEC));

        for (size_t i = 0; i < BOARDS_MAX; i++) {
                FakeBoard *board = &monitor->boards[i];
                unsigned ifindex;

                if (board->port[0] == '\0')
                        continue;
                monitor->callbacks.on_board_plugged(&board->info, monitor->userdata);
                ifindex = if_nametoindex(board->interface);
                if (ifindex > 0)
                        monitor->callbacks.on_link_ready(&board->info, (int) ifindex,
                                                         board->interface, monitor->userdata);
        }

        return 0;
}

/* The board on that port; a free place if there is none. */
static FakeBoard *find_board(BoardMonitor *monitor, const char *port) {
        FakeBoard *free_board = NULL;

        for (size_t i = 0; i < BOARDS_MAX; i++) {
                if (streq(monitor->boards[i].port, port))
                        return &monitor->boards[i];
                if (monitor->boards[i].port[0] == '\0' && !free_board)
                        free_board = &monitor->boards[i];
        }

        assert(free_board);
        return free_board;
}

static void handle_line(BoardMonitor *monitor, const char *line) {
        char verb[16] = "", port[32] = "", stage[16] = "", interface[IF_NAMESIZE] = "";
        unsigned devnum = 0;
        FakeBoard *board;

        int n = sscanf(line, "%15s %31s %u %15s %15s", verb, port, &devnum, stage, interface);
        if (n < 3)
                return;
        if (streq(verb, "fail")) {
                failing_calls_arm(port, devnum, atoi(stage));
                return;
        }
        board = find_board(monitor, port);

        if (streq(verb, "unplug")) {
                monitor->callbacks.on_board_unplugged(port, devnum, monitor->userdata);
                *board = (FakeBoard){};
                return;
        }

        strcpy(board->port, port);
        snprintf(board->id_path, sizeof(board->id_path), "platform-fake-usb-0:%s",
                 strchr(port, '-') ? strchr(port, '-') + 1 : port);
        if (board->info.devnum != devnum || board->info.plug_usec == 0)
                board->info.plug_usec = now_usec();
        board->info.port = board->port;
        board->info.id_path = board->id_path;
        board->info.soc = soc_find("am335x");
        board->info.stage = streq(stage, "spl") ? STAGE_SPL : STAGE_ROM;
        board->info.devnum = devnum;

        if (streq(verb, "plug")) {
                monitor->callbacks.on_board_plugged(&board->info, monitor->userdata);
                return;
        }

        strcpy(board->interface, interface);
        if (streq(verb, "link"))
                monitor->callbacks.on_link_ready(&board->info, (int) if_nametoindex(interface),
                                                 interface, monitor->userdata);
}

int board_monitor_dispatch(BoardMonitor *monitor) {
        char c;

        /* A line a call, whole: what a test writes at once is there at once (PIPE_BUF). */
        while (read(monitor->fd, &c, 1) == 1) {
                if (c != '\n' && monitor->line_len < sizeof(monitor->line) - 1) {
                        monitor->line[monitor->line_len++] = c;
                        continue;
                }
                monitor->line[monitor->line_len] = '\0';
                monitor->line_len = 0;
                handle_line(monitor, monitor->line);
                break;
        }

        return 0;
}
