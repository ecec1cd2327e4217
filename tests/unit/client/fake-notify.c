/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fake-notify.h"

#include <check.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd-util.h"

static int fd = -EBADF;

void fake_notify_begin(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char name[64];

        /* Abstract: nothing is left of it. */
        (void) snprintf(name, sizeof(name), "@test-notify-%d", (int) getpid());
        memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &address,
                              (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                         0);
        ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
}

void fake_notify_end(void) {
        ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
        fd = fd_close(fd);
}

const char *fake_notify_receive(void) {
        static char message[4096];
        ssize_t n;

        n = recv(fd, message, sizeof(message) - 1, 0);
        if (n < 0)
                ck_assert_int_eq(errno, EAGAIN);
        message[MAX_OF(n, 0)] = '\0';
        return message;
}
