/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation. setns(2) and unshare(2) move the calling thread, and this process has only
 * one: between entering and coming home nothing else runs, in particular no event loop. Home is an
 * fd that was opened once, before anything else, so that coming home depends on nothing that could
 * fail for want of a resource.
 *
 * An fd of the present namespace is asked of a socket (SIOCGSKNS, Linux 4.10) and not of
 * /proc/self/ns/net: it needs no /proc, whatever a sandbox makes of it, it is close-on-exec from
 * birth, and it names the namespace of this thread by construction. */

#include <assert.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "fd-util.h"
#include "netns.h"

static int home_fd = -EBADF;
static bool is_inside;

/* An fd of the namespace in which this thread is. */
static int get_current(int *ret_fd) {
        _cleanup_fd_ int socket_fd = -EBADF;
        int fd;

        socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (socket_fd < 0)
                return -errno;

        fd = ioctl(socket_fd, SIOCGSKNS);
        if (fd < 0)
                return -errno;

        *ret_fd = fd;
        return 0;
}

/* The type is always given: under RestrictNamespaces=net setns(fd, 0) is refused. */
static int enter(int netns_fd) {
        assert(!is_inside);

        if (setns(netns_fd, CLONE_NEWNET) < 0)
                return -errno;

        is_inside = true;
        return 0;
}

static void come_home(void) {
        if (setns(home_fd, CLONE_NEWNET) < 0)
                abort();
        is_inside = false;
}

int netns_init(void) {
        if (home_fd >= 0)
                return 0;

        return get_current(&home_fd);
}

void netns_done(void) {
        assert(!is_inside);

        home_fd = fd_close(home_fd);
}

int netns_home_fd(void) {
        assert(home_fd >= 0);

        return home_fd;
}

int netns_new(int *ret_fd) {
        int fd = -EBADF;
        int r;

        assert(ret_fd);
        assert(home_fd >= 0);
        assert(!is_inside);

        if (unshare(CLONE_NEWNET) < 0)
                return -errno;
        is_inside = true;

        r = get_current(&fd);
        come_home();
        if (r < 0)
                return r;

        *ret_fd = fd;
        return 0;
}

int netns_run(int netns_fd, int (*fn)(void *userdata), void *userdata) {
        int r;

        assert(fn);
        assert(home_fd >= 0);

        r = enter(netns_fd);
        if (r < 0)
                return r;

        r = fn(userdata);
        come_home();
        return r;
}

int netns_open_socket(int netns_fd, int domain, int type, int protocol, int *ret_fd) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        assert(ret_fd);
        assert(home_fd >= 0);

        r = enter(netns_fd);
        if (r < 0)
                return r;

        fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        r = fd < 0 ? -errno : 0;
        come_home();
        if (r < 0)
                return r;

        if (domain == AF_INET && setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &(int){1}, sizeof(int)) < 0)
                return -errno;

        *ret_fd = TAKE_FD(fd);
        return 0;
}
