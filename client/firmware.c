/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "firmware-check.h"
#include "text.h"

static const char *const kind_names[_FIRMWARE_KIND_MAX] = {
        [FIRMWARE_SPL] = "spl.bin",
        [FIRMWARE_U_BOOT] = "u-boot.img",
};

static int open_regular(const char *path, struct stat *ret_st, char **ret_reason, int *ret_fd) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        if (streq(path, "-"))
                return text_refuse(
                        -EINVAL, ret_reason,
                        "'-': an image cannot come from standard input, since it has to "
                        "be sent again when a board starts over; save it to a file first");

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

static int check_size(const Firmware *f, const Soc *soc, uint64_t size, char **ret_reason) {
        if (size <= FIRMWARE_U_BOOT_SIZE_MAX)
                return 0;

        return text_refuse(-EFBIG, ret_reason,
                           "'%s' has %" PRIu64 " bytes, far more than any image for %s", f->path,
                           size, soc->name);
}

static int changed(const Firmware *f, char **ret_reason) {
        return text_refuse(-EAGAIN, ret_reason,
                           "'%s' changed while it was read; is a build still running? Wait for it, "
                           "and try again",
                           f->path);
}

/* The file is read and not mapped: one that somebody truncates under a mapping kills the reader with
 * SIGBUS in mid-transfer. */
static int read_all(Firmware *f, int fd, size_t size, char **ret_reason) {
        f->data = malloc(size);
        if (!f->data)
                return -ENOMEM;

        while (f->size < size) {
                ssize_t n = read(fd, f->data + f->size, size - f->size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        int error = -errno;

                        return text_refuse(error, ret_reason, "cannot read '%s': %s", f->path,
                                           strerror(-error));
                }
                if (n == 0)
                        return changed(f, ret_reason);
                f->size += (size_t) n;
        }

        return 0;
}

/* A linker that writes the file anew while we read gives a mixture of two. The kernel's clock is coarse
 * (some milliseconds), so this finds builds and not every byte. */
static int check_unchanged(const Firmware *f, int fd, const struct stat *before,
                           char **ret_reason) {
        struct stat now;

        if (fstat(fd, &now) < 0) {
                int error = -errno;

                return text_refuse(error, ret_reason, "cannot look at '%s': %s", f->path,
                                   strerror(-error));
        }
        if (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
                return changed(f, ret_reason);
        return 0;
}

/* The basename, if a board can be told it as it is. */
static void choose_name(Firmware *f) {
        const char *slash = strrchr(f->path, '/'), *base = slash ? slash + 1 : f->path;
        size_t n =
                strspn(base, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-");

        if (n < 1 || n > FIRMWARE_NAME_LEN_MAX || base[n] != '\0')
                base = kind_names[f->kind];
        (void) stpcpy(f->name, base);
}

int firmware_open(FirmwareKind kind, const char *path, const Soc *soc, char **ret_reason,
                  Firmware **ret) {
        _cleanup_(firmware_freep) Firmware *f = NULL;
        _cleanup_fd_ int fd = -EBADF;
        struct stat st = {};
        int r;

        assert(kind < _FIRMWARE_KIND_MAX);
        assert(path);
        assert(soc);
        assert(ret_reason);
        assert(ret);

        *ret_reason = NULL;

        f = calloc(1, sizeof(Firmware));
        if (!f)
                return -ENOMEM;
        f->kind = kind;
        f->path = strdup(path);
        if (!f->path)
                return -ENOMEM;

        r = open_regular(path, &st, ret_reason, &fd);
        if (r < 0)
                return r;
        r = check_size(f, soc, (uint64_t) st.st_size, ret_reason);
        if (r < 0)
                return r;
        r = read_all(f, fd, (size_t) st.st_size, ret_reason);
        if (r < 0)
                return r;
        r = check_unchanged(f, fd, &st, ret_reason);
        if (r < 0)
                return r;
        r = firmware_check(f, soc, ret_reason);
        if (r < 0)
                return r;

        choose_name(f);
        *ret = TAKE_PTR(f);
        return 0;
}

Firmware *firmware_free(Firmware *f) {
        if (!f)
                return NULL;

        free(f->data);
        free(f->note);
        free(f->path);
        free(f->warning);
        free(f);
        return NULL;
}

void firmware_make_names_distinct(Firmware *a, Firmware *b) {
        if (!a || !b || !streq(a->name, b->name))
                return;

        (void) stpcpy(a->name, kind_names[a->kind]);
        (void) stpcpy(b->name, kind_names[b->kind]);
}
