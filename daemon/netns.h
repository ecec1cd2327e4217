/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Network namespaces that only file descriptors hold: making them, running a function inside,
 * opening sockets inside. Nothing is mounted and no path is used: a namespace dies with the last fd
 * and the last socket in it.
 *
 * Needs:  CAP_SYS_ADMIN (unshare, setns), CAP_NET_ADMIN (SIOCGSKNS).
 * Blocks: on nothing but the kernel's own locks; making a namespace takes some milliseconds.
 * Logs:   nothing. */

#include "macro.h"

/* Remembers the namespace in which the caller is as home. Call once, first. Returns 0 (also when
 * called again), -EPERM, -EMFILE, -ENFILE, -ENOMEM. */
int netns_init(void);

/* Forgets home and closes it; for tests that count fds. */
void netns_done(void);

/* The fd of home: borrowed, valid from netns_init() to netns_done(); what rtnl_link_move_home()
 * wants. */
int netns_home_fd(void);

/* Makes a namespace with nothing but a loopback that is down; the caller is at home again when it
 * returns. On success @ret_fd is a close-on-exec fd that the caller closes. Returns 0, -EPERM,
 * -ENOSPC (user.max_net_namespaces), -ENOMEM, -EMFILE, -ENFILE. */
int netns_new(int *ret_fd);

/* Calls @fn with @userdata inside the namespace and comes home. Returns what @fn returned, which is
 * therefore best 0 or a negative errno; or the error of entering (-EPERM, -EINVAL if @netns_fd,
 * which is borrowed, is no network namespace), and then @fn was not called. Not to be nested. A
 * process that cannot come home would do everything else in the wrong place: it aborts. */
int netns_run(int netns_fd, int (*fn)(void *userdata), void *userdata);

/* Opens a socket inside the namespace: close-on-exec, non-blocking, unbound, and if it is AF_INET
 * with IP_PKTINFO on. It stays there, whoever it is passed to, and keeps the namespace alive.
 * Returns 0 or a negative errno of socket(2), setsockopt(2) or netns_run(). */
int netns_open_socket(int netns_fd, int domain, int type, int protocol, int *ret_fd);
