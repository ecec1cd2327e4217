/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Theory of operation
 *
 * The power may be cut at any moment, and the disk may be full; nothing that is in the file may suffer
 * from either.
 *
 * - What is there is never written to again. A line is one writev(2) with O_APPEND, and fdatasync(2)
 *   before the next: a cut costs the last line at most. The first line is followed by an fsync(2) of the
 *   folder, since a file without a name is lost as a whole.
 * - What a cut leaves behind, half a line or zeros, has no newline at its end. The next line begins with
 *   one, in the same writev(2), and the torn one stays alone: whoever reads skips it.
 * - A write that was cut short (a full disk, a limit) is taken back by ftruncate(2).
 * - Several processes may append. That, looking at the end and taking back are under one flock(2), which
 *   goes with its process, however that ends. It is waited for, but not for ever: a process that was
 *   stopped by somebody must not stop a station.
 *
 * The file is opened for each line: it may be renamed or taken away, by logrotate or by hand, at any
 * time. */

#include "record-file.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "fd-util.h"
#include "text.h"

#define LOCK_AGAIN_NSEC 1000000 /* a line takes no longer, on a good disk */

static int cannot_open(int error, const char *path, char **ret_reason) {
        return text_refuse(error, ret_reason, "cannot open the record '%s': %s", path,
                           strerror(-error));
}

static int open_file(const char *path, char **ret_reason, int *ret_fd) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        if (streq(path, "-"))
                return text_refuse(-EINVAL, ret_reason,
                                   "'-': a record is not written to standard output; name a file");

        /* O_RDWR, since its last byte is read. O_NONBLOCK and O_NOCTTY change nothing for a regular
         * file, and others are only to be refused. */
        fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
        if (fd < 0 || fstat(fd, &st) < 0)
                return cannot_open(-errno, path, ret_reason);
        if (!S_ISREG(st.st_mode))
                return text_refuse(-EINVAL, ret_reason,
                                   "the record '%s' is not a regular file; name one, or a new one",
                                   path);

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int lock_file(int fd) {
        uint64_t until_usec = now_usec() + RECORD_FILE_LOCK_USEC;

        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -errno;
                if (now_usec() >= until_usec)
                        return -EBUSY;
                (void) nanosleep(&(struct timespec){.tv_nsec = LOCK_AGAIN_NSEC}, NULL);
        }
        return 0;
}

/* Whether the last line was torn; of an empty file it was not. */
static int ends_torn(int fd, off_t size) {
        char last = '\n';

        if (size > 0 && pread(fd, &last, 1, size - 1) < 0)
                return -errno;
        return last != '\n';
}

/* Appends the line, or leaves the file as it was. */
static int write_line(int fd, off_t size, const char *line, size_t len) {
        struct iovec parts[] = {
                {.iov_base = (char[]){'\n'}, .iov_len = 1},
                {.iov_base = (void *) line, .iov_len = len},
        };
        size_t first;
        ssize_t n;
        int r;

        r = ends_torn(fd, size);
        if (r < 0)
                return r;
        first = r > 0 ? 0 : 1;

        do
                n = writev(fd, parts + first, (int) (ELEMENTSOF(parts) - first));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if ((size_t) n != len + (1 - first)) {
                /* If this fails, too, the next line begins with a newline. */
                if (ftruncate(fd, size) < 0)
                        return -errno;
                return -ENOSPC;
        }

        return fdatasync(fd) < 0 ? -errno : 0;
}

/* NULL when memory ran out; else the caller frees it. */
static char *get_folder(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? strndup(path, (size_t) (slash - path) + 1) : strdup(".");
}

/* So that the name of a file that is new survives a cut. Some file systems cannot, and a folder need not
 * be readable: then it is the file system's own time at which it is safe. */
static void sync_folder(const char *path) {
        _cleanup_free_ char *folder = get_folder(path);
        _cleanup_fd_ int fd = -EBADF;

        if (!folder)
                return;
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
                (void) fsync(fd);
}

static int append_line(int fd, const char *path, const char *line, size_t len) {
        struct stat st;
        int r;

        r = lock_file(fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        r = write_line(fd, st.st_size, line, len);
        if (r < 0)
                return r;
        if (st.st_size == 0)
                sync_folder(path);
        return 0;
}

int record_file_append(const char *path, const char *line, size_t len, char **ret_reason) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        assert(path);
        assert(line);
        assert(len > 0 && line[len - 1] == '\n');
        assert(ret_reason);

        *ret_reason = NULL;
        r = open_file(path, ret_reason, &fd);
        if (r < 0)
                return r;
        r = append_line(fd, path, line, len);
        if (r == -EBUSY)
                return text_refuse(r, ret_reason,
                                   "cannot write the record '%s': another process holds its lock",
                                   path);
        if (r < 0)
                return text_refuse(r, ret_reason, "cannot write the record '%s': %s", path,
                                   strerror(-r));
        return 0;
}

/* Whether it can have been written here. A torn line may stay in a file for ever, and so at its head: some bytes of
 * the magic, and then the next line, or zeros. */
static int begins_so(int fd, const char *magic) {
        char head[256];
        const char *p = head, *end;
        ssize_t n;

        n = pread(fd, head, sizeof(head), 0);
        if (n < 0)
                return -errno;
        for (end = head + n; p < end; p++) {
                const char *line = p;

                while (p < end && magic[p - line] && *p == magic[p - line])
                        p++;
                if (p == end || !magic[p - line] || *p == '\0')
                        return true;
                if (*p != '\n')
                        return false;
        }
        return true;
}

int record_file_prepare(const char *path, const char *magic, char **ret_reason) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        assert(path);
        assert(magic);
        assert(ret_reason);

        *ret_reason = NULL;
        r = open_file(path, ret_reason, &fd);
        if (r < 0)
                return r;
        r = begins_so(fd, magic);
        if (r < 0)
                return text_refuse(r, ret_reason, "cannot read the record '%s': %s", path,
                                   strerror(-r));
        if (r == 0)
                return text_refuse(
                        -EINVAL, ret_reason,
                        "'%s' is there, and is no record: name another file, or a new one", path);
        return 0;
}

int record_file_check(const char *path, const char *magic, char **ret_reason) {
        _cleanup_free_ char *folder = NULL;

        assert(path);
        assert(magic);
        assert(ret_reason);

        *ret_reason = NULL;
        if (streq(path, "-") || access(path, F_OK) >= 0 || errno != ENOENT)
                return record_file_prepare(path, magic, ret_reason);

        folder = get_folder(path);
        if (!folder)
                return -ENOMEM;
        if (*path == '\0')
                return cannot_open(-ENOENT, path, ret_reason);
        if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0)
                return cannot_open(-errno, path, ret_reason);
        return 0;
}
