/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* File descriptors: closing and writing that cannot go wrong half-way, and the clock that all deadlines use. */

#include "macro.h"

/* Closes @fd unless it is negative; keeps errno. Returns -EBADF, so that `fd = fd_close(fd)` leaves
 * the variable empty. */
int fd_close(int fd);

static inline void fd_closep(int *fd) {
        fd_close(*fd);
}

#define _cleanup_fd_ _cleanup_(fd_closep)

/* Writes all of @size bytes; a terminal or a pipe may take them in parts. Returns 0 or a negative errno. */
int fd_write_all(int fd, const void *bytes, size_t size);

/* CLOCK_MONOTONIC in µs: the clock of sd-event and of every timestamp on the bus. */
uint64_t now_usec(void);
