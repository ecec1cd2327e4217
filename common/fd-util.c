/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fd-util.h"

#include <assert.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

int fd_close(int fd) {
        if (fd >= 0) {
                int saved_errno = errno;

                /* Linux releases the fd even when close() reports EINTR: never try again. */
                int r = close(fd);
                assert(r == 0 || errno != EBADF);
                errno = saved_errno;
        }

        return -EBADF;
}

int fd_write_all(int fd, const void *bytes, size_t size) {
        assert(fd >= 0);
        assert(bytes || size == 0);

        while (size > 0) {
                ssize_t n = write(fd, bytes, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes = (const char *) bytes + n;
                size -= (size_t) n;
        }

        return 0;
}

uint64_t now_usec(void) {
        struct timespec ts;

        int r = clock_gettime(CLOCK_MONOTONIC, &ts);
        assert(r == 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}
