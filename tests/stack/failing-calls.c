/* SPDX-License-Identifier: GPL-2.0-or-later */

/* An executable's own symbols come before a library's: libnl's and libmnl's calls come here as well
 * as ours, and with the sanitizers too, whose own wrappers we take the place of. */

#include "failing-calls.h"

#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "macro.h"

static char armed_tag[32];
static unsigned n_left;
static int armed_error;

void failing_calls_arm(const char *tag, unsigned n, int error) {
        snprintf(armed_tag, sizeof(armed_tag), "%s", tag);
        n_left = n;
        armed_error = error;
        fprintf(stderr, "%s is armed\n", armed_tag);
}

/* Counts a call; returns true if it is the one, with errno set. */
static bool fails(const char *call) {
        if (n_left == 0 || --n_left > 0)
                return false;
        fprintf(stderr, "%s: %s fails: %s\n", armed_tag, call, strerror(armed_error));
        errno = armed_error;
        return true;
}

static bool is_netlink(int fd) {
        int domain = 0;
        socklen_t len = sizeof(domain);

        return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_NETLINK;
}

int unshare(int flags) {
        return fails("unshare") ? -1 : (int) syscall(SYS_unshare, flags);
}

int setns(int fd, int type) {
        return fails("setns") ? -1 : (int) syscall(SYS_setns, fd, type);
}

int socket(int domain, int type, int protocol) {
        if ((domain == AF_NETLINK || domain == AF_INET) && fails("socket"))
                return -1;
        return (int) syscall(SYS_socket, domain, type, protocol);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
        if (is_netlink(fd) && fails("sendmsg"))
                return -1;
        return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *address,
               socklen_t address_len) {
        if (is_netlink(fd) && fails("sendto"))
                return -1;
        return syscall(SYS_sendto, fd, buffer, size, flags, address, address_len);
}
