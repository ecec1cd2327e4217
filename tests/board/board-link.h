/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The board's end of the cable: raw frames on a packet socket of an ordinary interface (a veth end,
 * or usb0 of a gadget), with the faults of the wire in both directions.
 * Needs CAP_NET_RAW in the namespace of the interface. Blocks in board_link_wait() only.
 *
 * A frame that the interface cannot take yet (carrier off, queue full) stays in our queue and is
 * offered again every ms: on a real board it waits in the USB endpoint. */

#include "board-faults.h"
#include "board-frame.h"
#include "macro.h"
#include "report.h"

typedef struct BoardLink BoardLink;

typedef struct LinkFrame {
        uint8_t data[2048];
        size_t len;
        uint64_t arrival_usec; /* at the socket, before any fault of ours */
        bool is_offloaded;     /* the UDP checksum is not filled in */
        bool is_copy;          /* we repeated it */
} LinkFrame;

/* @stop_fd is borrowed: board_link_wait() ends with -EINTR when it becomes readable. */
int board_link_new(int ifindex, int stop_fd, BoardLink **ret);
BoardLink *board_link_free(BoardLink *link);
DEFINE_CLEANUP_FUNC(BoardLink, board_link_free);

/* Both are borrowed; @tally counts what was done to frames. */
void board_link_set_faults(BoardLink *link, const FrameFaults *faults, uint32_t delay_ms,
                           uint64_t seed, StageTally *tally);

/* From now on each frame that is sent leaves so much later, besides what the faults do to it. */
void board_link_set_lateness(BoardLink *link, uint64_t usec);

void board_link_send(BoardLink *link, const uint8_t *frame, size_t len);

/* Waits for a frame until @deadline_usec (CLOCK_MONOTONIC; USEC_INFINITY: for ever) and sends what
 * is due meanwhile. Returns 1 and a frame, 0 at the deadline, -ENODEV when the interface is gone,
 * -EINTR when told to stop. */
int board_link_wait(BoardLink *link, uint64_t deadline_usec, LinkFrame *ret);

/* Waits until the interface says that all frames that were sent have left it (a gadget counts a
 * frame when the host has fetched it), and reads nothing meanwhile. Returns 0, -ETIMEDOUT, -ENODEV,
 * -EINTR. */
int board_link_flush(BoardLink *link, uint64_t deadline_usec);
