/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Kernel calls that fail at will, linked into `snagd-veth`. Counted are those by which snagd makes and
 * configures sessions: unshare, setns, socket (netlink and IPv4), and what is sent on a netlink socket.
 * One of them fails in the place of the kernel; all others are the real ones. */

/* The @n-th call from now (1: the next) fails with @error; 0: none. Says on standard error that it
 * is so, and that it has happened, each in a line with @tag. */
void failing_calls_arm(const char *tag, unsigned n, int error);
