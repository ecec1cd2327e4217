/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "firmware.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fd-util.h"
#include "image-format.h"

static const char *const kind_names[_FIRMWARE_KIND_MAX] = {
        [FIRMWARE_SPL] = "spl.bin",
        [FIRMWARE_U_BOOT] = "u-boot.img",
};

/* Sets *@ret_reason and evaluates to @error, for `return refuse(…);`. */
static int refuse(int error, char **ret_reason, const char *format, ...) _printf_(3, 4);

static int refuse(int error, char **ret_reason, const char *format, ...) {
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(ret_reason, format, args);
        va_end(args);
        if (r < 0)
                *ret_reason = NULL;

        return error;
}

static int open_regular(const char *path, uint64_t *ret_size, char **ret_reason, int *ret_fd) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        /* O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever; O_NOCTTY: and a
         * terminal is only to be refused. Neither changes anything for a regular file. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0) {
                int error = -errno;

                return refuse(error, ret_reason, "cannot open '%s': %s", path, strerror(-error));
        }
        if (fstat(fd, &st) < 0) {
                int error = -errno;

                return refuse(error, ret_reason, "cannot look at '%s': %s", path, strerror(-error));
        }
        if (S_ISDIR(st.st_mode))
                return refuse(-EISDIR, ret_reason, "'%s' is a directory; name the file in it",
                              path);
        if (!S_ISREG(st.st_mode))
                return refuse(-EINVAL, ret_reason,
                              "'%s' is not a regular file; copy it to one first", path);
        if (st.st_size <= 0)
                return refuse(-ENODATA, ret_reason, "'%s' is empty", path);

        *ret_size = (uint64_t) st.st_size;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int check_size(const Firmware *f, const Soc *soc, uint64_t size, char **ret_reason) {
        if (size <= FIRMWARE_U_BOOT_SIZE_MAX)
                return 0;

        return refuse(-EFBIG, ret_reason,
                      "'%s' has %" PRIu64 " bytes, far more than any image for %s", f->path, size,
                      soc->name);
}

/* Reads exactly @size bytes. The file is read and not mapped: one that somebody truncates under a
 * mapping kills the reader with SIGBUS in mid-transfer. */
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

                        return refuse(error, ret_reason, "cannot read '%s': %s", f->path,
                                      strerror(-error));
                }
                if (n == 0)
                        return refuse(-EAGAIN, ret_reason,
                                      "'%s' became shorter while it was read; is a build still "
                                      "running?",
                                      f->path);
                f->size += (size_t) n;
        }

        return 0;
}

static int check_spl(const Firmware *f, const Soc *soc, char **ret_reason) {
        switch (image_format_detect(f->data, f->size)) {

        case IMAGE_FORMAT_MLO_TOC:
                return refuse(-EBADMSG, ret_reason,
                              "'%s' is an MLO, with the header for SD cards that the ROM does not "
                              "want over USB; use spl/u-boot-spl.bin from the same build, or strip "
                              "the header: tail -c +521 MLO >u-boot-spl.bin",
                              f->path);

        case IMAGE_FORMAT_MLO_GP:
                return refuse(-EBADMSG, ret_reason,
                              "'%s' starts with a GP header, which the ROM does not want over USB; "
                              "use spl/u-boot-spl.bin from the same build, or strip the header: "
                              "tail -c +9 MLO >u-boot-spl.bin",
                              f->path);

        case IMAGE_FORMAT_MLO_SWAPPED:
                return refuse(-EBADMSG, ret_reason,
                              "'%s' is an MLO for SPI flash, with its bytes swapped; use "
                              "spl/u-boot-spl.bin from the same build",
                              f->path);

        case IMAGE_FORMAT_LEGACY:
        case IMAGE_FORMAT_FIT:
                return refuse(-EBADMSG, ret_reason,
                              "'%s' is an image like u-boot.img and no SPL; are --spl and --u-boot "
                              "swapped?",
                              f->path);

        case IMAGE_FORMAT_ELF:
                return refuse(-EBADMSG, ret_reason,
                              "'%s' is an ELF file; use the raw binary beside it, u-boot-spl.bin",
                              f->path);

        case IMAGE_FORMAT_UNKNOWN:
        case _IMAGE_FORMAT_MAX:
                break;
        }

        if (f->size > soc->spl_size_max)
                return refuse(-EFBIG, ret_reason,
                              "'%s' has %zu bytes, but the ROM of %s loads at most %" PRIu32
                              "; is it the SPL (u-boot-spl.bin)?",
                              f->path, f->size, soc->name, soc->spl_size_max);

        return 0;
}

static int check_u_boot(const Firmware *f, char **ret_reason) {
        ImageFormat format = image_format_detect(f->data, f->size);
        const char *damage;

        switch (format) {

        case IMAGE_FORMAT_LEGACY:
        case IMAGE_FORMAT_FIT:
                damage = image_format_find_damage(format, f->data, f->size);
                if (damage)
                        return refuse(-EBADMSG, ret_reason,
                                      "'%s' is damaged or incomplete: %s; copy or build it again",
                                      f->path, damage);
                return 0;

        case IMAGE_FORMAT_MLO_TOC:
        case IMAGE_FORMAT_MLO_GP:
        case IMAGE_FORMAT_MLO_SWAPPED:
                return refuse(-EBADMSG, ret_reason,
                              "'%s' is an MLO and not U-Boot; --u-boot wants u-boot.img from the "
                              "same build",
                              f->path);

        case IMAGE_FORMAT_ELF:
                return refuse(-EBADMSG, ret_reason,
                              "'%s' is an ELF file; --u-boot wants u-boot.img from the same build",
                              f->path);

        case IMAGE_FORMAT_UNKNOWN:
        case _IMAGE_FORMAT_MAX:
                break;
        }

        return refuse(-EBADMSG, ret_reason,
                      "'%s' is no image that the SPL takes (neither 0x27051956 nor 0xd00dfeed "
                      "stands at its start); --u-boot wants u-boot.img, not u-boot.bin, and --spl "
                      "the SPL",
                      f->path);
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
        uint64_t size = 0;
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

        r = open_regular(path, &size, ret_reason, &fd);
        if (r < 0)
                return r;
        r = check_size(f, soc, size, ret_reason);
        if (r < 0)
                return r;
        r = read_all(f, fd, (size_t) size, ret_reason);
        if (r < 0)
                return r;

        r = kind == FIRMWARE_SPL ? check_spl(f, soc, ret_reason) : check_u_boot(f, ret_reason);
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
        free(f->path);
        free(f);
        return NULL;
}

void firmware_make_names_distinct(Firmware *a, Firmware *b) {
        if (!a || !b || !streq(a->name, b->name))
                return;

        (void) stpcpy(a->name, kind_names[a->kind]);
        (void) stpcpy(b->name, kind_names[b->kind]);
}
