/* SPDX-License-Identifier: GPL-2.0-or-later */

/* cgroup v2 (Documentation/admin-guide/cgroup-v2.rst) lets a process make groups below its own if it may write
 * there. That it may is not enough, since root may everywhere: the rest of the tree is systemd's, and only a
 * group with the attribute user.delegate is given away (systemd 251; CGROUP_DELEGATION on systemd.io). The
 * rule of "no internal processes" is about groups that hand controllers to their children; ours hands none.
 *
 * A group has no owner that could take it along when it dies. So its name tells whose it is, and whoever makes
 * the next one tidies up. systemd removes them all when the unit ends. */

#include "command-cgroup.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "fd-util.h"
#include "parse-util.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define V2_PREFIX   "0::" /* of its line in /proc/self/cgroup; the path follows */
#define NAME_PREFIX "snagctl-then-"
#define NAME_SIZE   sizeof(NAME_PREFIX "2147483647")

struct CommandCgroup {
        int parent_fd; /* this process's own group */
        int fd;
        char name[NAME_SIZE];
};

static void format_name(pid_t owner, char name[static NAME_SIZE]) {
        (void) snprintf(name, NAME_SIZE, NAME_PREFIX "%d", (int) owner);
}

/* Returns 0 and the path of the group that this process is in, below CGROUP_ROOT; the caller frees it. */
static int read_own_path(char **ret) {
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        FILE *file;
        ssize_t n;

        file = fopen("/proc/self/cgroup", "re");
        if (!file)
                return -errno;
        do
                n = getline(&line, &size, file);
        while (n >= 0 && strncmp(line, V2_PREFIX, STRLEN(V2_PREFIX)) != 0);
        (void) fclose(file);
        if (n < 0)
                return -EOPNOTSUPP;

        if (line[n - 1] == '\n')
                line[n - 1] = '\0';
        if (asprintf(ret, CGROUP_ROOT "%s", line + STRLEN(V2_PREFIX)) < 0)
                return -ENOMEM;
        return 0;
}

static bool is_delegated(int fd) {
        struct statfs fs;
        char value;

        return fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC &&
               fgetxattr(fd, "user.delegate", &value, sizeof(value)) == 1 && value == '1';
}

/* Returns a fd of this process's own group, or a negative errno: -EOPNOTSUPP if it is not delegated. */
static int open_own(void) {
        _cleanup_free_ char *path = NULL;
        _cleanup_fd_ int fd = -EBADF;
        int r;

        r = read_own_path(&path);
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return is_delegated(fd) ? TAKE_FD(fd) : -EOPNOTSUPP;
}

static int write_file(int group_fd, const char *name, const char *value) {
        _cleanup_fd_ int fd = openat(group_fd, name, O_WRONLY | O_CLOEXEC);

        return fd < 0 ? -errno : fd_write_all(fd, value, strlen(value));
}

/* Whose number has been given to another process by now is left for later. */
static bool is_stale(const char *name) {
        uint64_t pid;

        return strncmp(name, NAME_PREFIX, STRLEN(NAME_PREFIX)) == 0 &&
               parse_u64(name + STRLEN(NAME_PREFIX), INT32_MAX, &pid) == 0 && pid > 0 &&
               kill((pid_t) pid, 0) < 0 && errno == ESRCH;
}

/* The kernel keeps those that something still runs in. */
static void remove_stale(int parent_fd) {
        struct dirent *entry;
        DIR *dir;
        int fd;

        fd = openat(parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return;
        dir = fdopendir(fd);
        if (!dir) {
                fd_close(fd);
                return;
        }
        while ((entry = readdir(dir)))
                if (entry->d_type == DT_DIR && is_stale(entry->d_name))
                        (void) unlinkat(parent_fd, entry->d_name, AT_REMOVEDIR);
        (void) closedir(dir);
}

int command_cgroup_new(CommandCgroup **ret) {
        _cleanup_(command_cgroup_freep) CommandCgroup *c = NULL;

        assert(ret);

        c = calloc(1, sizeof(CommandCgroup));
        if (!c)
                return -ENOMEM;
        c->fd = -EBADF;
        c->parent_fd = open_own();
        if (c->parent_fd < 0)
                return c->parent_fd;

        remove_stale(c->parent_fd);
        format_name(getpid(), c->name);
        /* One of that name belonged to a process that is no more. */
        if (mkdirat(c->parent_fd, c->name, 0755) < 0 && errno != EEXIST)
                return -errno;
        c->fd = openat(c->parent_fd, c->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (c->fd < 0)
                return -errno;
        if (faccessat(c->fd, "cgroup.kill", W_OK, 0) < 0)
                return -EOPNOTSUPP;

        *ret = TAKE_PTR(c);
        return 0;
}

CommandCgroup *command_cgroup_free(CommandCgroup *c) {
        if (!c)
                return NULL;

        fd_close(c->fd);
        if (*c->name)
                (void) unlinkat(c->parent_fd, c->name, AT_REMOVEDIR);
        fd_close(c->parent_fd);
        free(c);
        return NULL;
}

int command_cgroup_enter(const CommandCgroup *c) {
        assert(c);

        return write_file(c->fd, "cgroup.procs", "0");
}

int command_cgroup_kill(const CommandCgroup *c) {
        assert(c);

        return write_file(c->fd, "cgroup.kill", "1");
}

void command_cgroup_kill_of(pid_t owner) {
        _cleanup_fd_ int parent_fd = -EBADF, fd = -EBADF;
        char name[NAME_SIZE];

        assert(owner > 0);

        parent_fd = open_own();
        if (parent_fd < 0)
                return;
        format_name(owner, name);
        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return;
        (void) write_file(fd, "cgroup.kill", "1");
        (void) unlinkat(parent_fd, name, AT_REMOVEDIR);
}
