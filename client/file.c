/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "file.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "text.h"

static int open_regular(const char *path, struct stat *ret_st, char **ret_reason, int *ret_fd) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        if (streq(path, "-"))
                return text_refuse(
                        -EINVAL, ret_reason,
                        "'-': standard input is not read; save it to a file first, and name that");

        /* O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever; O_NOCTTY: and a
         * terminal is only to be refused. Neither changes anything for a regular file. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0) {
                int error = -errno;

                return text_refuse(error, ret_reason, "cannot open '%s': %s%s", path,
                                   strerror(-error),
                                   error == -EACCES ? "; copy it to where you may read it, or have "
                                                      "its owner allow that"
                                                    : "");
        }
        if (fstat(fd, &st) < 0) {
                int error = -errno;

                return text_refuse(error, ret_reason, "cannot look at '%s': %s", path,
                                   strerror(-error));
        }
        if (S_ISDIR(st.st_mode))
                return text_refuse(-EISDIR, ret_reason, "'%s' is a directory; name the file in it",
                                   path);
        if (!S_ISREG(st.st_mode))
                return text_refuse(-EINVAL, ret_reason,
                                   "'%s' is not a regular file; copy it to one first", path);
        if (st.st_size <= 0)
                return text_refuse(-ENODATA, ret_reason, "'%s' is empty", path);

        *ret_st = st;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int changed(const char *path, char **ret_reason) {
        return text_refuse(-EAGAIN, ret_reason,
                           "'%s' changed while it was read; is a build still running? Wait for it, "
                           "and try again",
                           path);
}

/* The file is read and not mapped: one that somebody truncates under a mapping kills the reader
 * with SIGBUS in mid-transfer. */
static int read_all(const char *path, int fd, size_t size, uint8_t *data, char **ret_reason) {
        for (size_t n_read = 0; n_read < size;) {
                ssize_t n = read(fd, data + n_read, size - n_read);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        int error = -errno;

                        return text_refuse(error, ret_reason, "cannot read '%s': %s", path,
                                           strerror(-error));
                }
                if (n == 0)
                        return changed(path, ret_reason);
                n_read += (size_t) n;
        }

        return 0;
}

/* A linker that writes the file anew while we read gives a mixture of two. The kernel's clock is
 * coarse (some milliseconds), so this finds builds and not every byte. */
static int check_unchanged(const char *path, int fd, const struct stat *before, char **ret_reason) {
        struct stat now;

        if (fstat(fd, &now) < 0) {
                int error = -errno;

                return text_refuse(error, ret_reason, "cannot look at '%s': %s", path,
                                   strerror(-error));
        }
        if (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
                return changed(path, ret_reason);
        return 0;
}

int file_read(const char *path, uint64_t size_max, const char *what, char **ret_reason,
              uint8_t **ret_data, size_t *ret_size) {
        _cleanup_free_ uint8_t *data = NULL;
        _cleanup_fd_ int fd = -EBADF;
        struct stat st = {};
        size_t size;
        int r;

        assert(path);
        assert(what);
        assert(ret_reason);
        assert(ret_data);
        assert(ret_size);

        *ret_reason = NULL;
        r = open_regular(path, &st, ret_reason, &fd);
        if (r < 0)
                return r;
        if ((uint64_t) st.st_size > size_max)
                return text_refuse(-EFBIG, ret_reason,
                                   "'%s' has %" PRIu64 " bytes, far more than %s", path,
                                   (uint64_t) st.st_size, what);
        size = (size_t) st.st_size;
        data = malloc(size);
        if (!data)
                return -ENOMEM;
        r = read_all(path, fd, size, data, ret_reason);
        if (r < 0)
                return r;
        r = check_unchanged(path, fd, &st, ret_reason);
        if (r < 0)
                return r;

        *ret_data = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}
