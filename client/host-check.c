/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "host-check.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"

/* What has to be there for a board's network interface, and for the rules that snagd adds. */
static const struct {
        const char *name, *purpose;
} modules[] = {
        {"rndis_host", "the driver of the boards' USB network"},
        {"nf_tables", "nftables, which snagd uses"},
};

/* As finding_tell(). */
#define find(c, ...) finding_tell((c)->on_finding, (c)->userdata, __VA_ARGS__)

static const char *path_of(const HostCheck *c, char path[static PATH_MAX], const char *format, ...)
        _printf_(3, 4);

static const char *path_of(const HostCheck *c, char path[static PATH_MAX], const char *format,
                           ...) {
        int n = snprintf(path, PATH_MAX, "%s", c->root);
        va_list args;

        va_start(args, format);
        (void) vsnprintf(path + n, PATH_MAX - (size_t) n, format, args);
        va_end(args);
        return path;
}

static bool exists(const char *path) {
        struct stat st;

        return stat(path, &st) >= 0;
}

/* --- the kernel's modules
 * ---------------------------------------------------------------------- */

/* To the kernel '-' and '_' are the same in the name of a module. */
static bool is_name(const char *word, size_t len, const char *name) {
        if (strlen(name) != len)
                return false;
        for (size_t i = 0; i < len; i++)
                if ((word[i] == '-' ? '_' : word[i]) != name[i])
                        return false;
        return true;
}

/* Whether a line of modules.dep or modules.builtin begins with the module:
 * "kernel/…/name.ko.xz:". */
static bool is_line_of(const char *line, const char *name) {
        size_t len = strcspn(line, ":\n"), begin = len, end;

        while (begin > 0 && line[begin - 1] != '/')
                begin--;
        for (end = begin; end < len && line[end] != '.'; end++)
                ;
        return is_name(line + begin, end - begin, name);
}

static bool is_listed(const char *path, const char *name) {
        _cleanup_free_ char *line = NULL;
        bool is_found = false;
        size_t room = 0;
        FILE *file;

        file = fopen(path, "re");
        if (!file)
                return false;
        while (!is_found && getline(&line, &room, file) >= 0)
                is_found = is_line_of(line, name);
        (void) fclose(file);
        return is_found;
}

/* "blacklist NAME" keeps it from being loaded when it is needed, "install NAME …" replaces that. */
static bool is_switched_off_in(const char *path, const char *name) {
        _cleanup_free_ char *line = NULL;
        bool is_found = false;
        size_t room = 0;
        FILE *file;

        file = fopen(path, "re");
        if (!file)
                return false;
        while (!is_found && getline(&line, &room, file) >= 0) {
                char verb[16], module[64];

                is_found = sscanf(line, " %15s %63s", verb, module) == 2 &&
                           (streq(verb, "blacklist") || streq(verb, "install")) &&
                           is_name(module, strlen(module), name);
        }
        (void) fclose(file);
        return is_found;
}

/* Writes the file that does it to @path. */
static bool find_switch(const HostCheck *c, const char *name, char path[static PATH_MAX]) {
        static const char *const folders[] = {"/etc/modprobe.d", "/run/modprobe.d",
                                              "/usr/local/lib/modprobe.d", "/lib/modprobe.d"};

        for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
                const struct dirent *entry;
                bool is_found = false;
                DIR *folder;

                folder = opendir(path_of(c, path, "%s", folders[i]));
                if (!folder)
                        continue;
                while (!is_found && (entry = readdir(folder)))
                        is_found =
                                entry->d_name[0] != '.' &&
                                is_switched_off_in(
                                        path_of(c, path, "%s/%s", folders[i], entry->d_name), name);
                (void) closedir(folder);
                if (is_found)
                        return true;
        }
        return false;
}

static void check_module(const HostCheck *c, const char *name, const char *purpose) {
        char path[PATH_MAX];

        if (exists(path_of(c, path, "/sys/module/%s", name)) ||
            is_listed(path_of(c, path, "/lib/modules/%s/modules.builtin", c->kernel_release),
                      name)) {
                find(c, FINDING_OK, "the kernel has %s (%s)", name, purpose);
                return;
        }
        if (find_switch(c, name, path)) {
                find(c, FINDING_PROBLEM,
                     "the kernel's module %s (%s) is switched off by %s; take that line out", name,
                     purpose, path);
                return;
        }
        (void) path_of(c, path, "/lib/modules/%s/modules.dep", c->kernel_release);
        if (!exists(path))
                find(c, FINDING_WARNING,
                     "whether the running kernel has %s (%s) cannot be told (there is no %s); if the "
                     "kernel was upgraded: reboot",
                     name, purpose, path);
        else if (is_listed(path, name))
                find(c, FINDING_OK, "the kernel can load %s (%s)", name, purpose);
        else
                find(c, FINDING_PROBLEM,
                     "the running kernel (%s) has no module %s (%s); install the package with all "
                     "of its modules, or another kernel",
                     c->kernel_release, name, purpose);
}

/* --- who else would take the board
 * ------------------------------------------------------------- */

/* udev and its .link files: the first folder that has the name counts; an empty file, or a link to
 * /dev/null, masks the others. */
static void check_udev_file(const HostCheck *c, const char *const *folders, const char *name,
                            FindingLevel level, const char *without) {
        char path[PATH_MAX];
        struct stat st;

        for (; *folders; folders++)
                if (stat(path_of(c, path, "%s/%s", *folders, name), &st) >= 0) {
                        if (S_ISREG(st.st_mode) && st.st_size > 0)
                                find(c, FINDING_OK, "%s is installed", name);
                        else
                                find(c, level, "%s is masked by %s, so %s; remove that", name, path,
                                     without);
                        return;
                }
        find(c, level, "%s is not installed, so %s; install snagd again", name, without);
}

static void check_udev(const HostCheck *c) {
        static const char *const rules[] = {"/etc/udev/rules.d", "/run/udev/rules.d",
                                            "/usr/local/lib/udev/rules.d", UDEV_RULES_DIR, NULL};
        static const char *const links[] = {"/etc/systemd/network", "/run/systemd/network",
                                            "/usr/local/lib/systemd/network", SYSTEMD_NETWORK_DIR,
                                            NULL};

        check_udev_file(c, rules, "70-snagd.rules", FINDING_PROBLEM,
                        "snagd sees no boards, and NetworkManager may take them");
        check_udev_file(c, links, "70-snagd.link", FINDING_WARNING,
                        "the boards' interfaces are renamed, which costs time and may fail");
}

/* Snagboot's am335x_usb_setup.sh takes every board that it sees. */
static void check_snagboot(const HostCheck *c) {
        char path[PATH_MAX];

        if (exists(path_of(c, path, "/run/netns/snagbootnet")))
                find(c, FINDING_WARNING,
                     "Snagboot's network namespace is there (snagbootnet); if its script still "
                     "runs, it takes the boards: end it");
}

/* By Fedora's policy of 2024 the bus may not hold a UDP socket of a service's; it has no rule that says so aloud
 * (dontaudit), and closes the connection of who sends one. */
static void check_selinux(const HostCheck *c) {
        _cleanup_fd_ int fd = -EBADF;
        char path[PATH_MAX], enforces = '0';

        fd = open(path_of(c, path, "/sys/fs/selinux/enforce"), O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, &enforces, 1) == 1 && enforces == '1')
                find(c, FINDING_NOTE,
                     "SELinux is enforcing, with which nothing was tried; if snagd leaves the bus as "
                     "soon as a recovery begins, see snagd(8), ACCESS");
}

void host_check_run(const HostCheck *c) {
        assert(c);
        assert(c->root);
        assert(c->kernel_release);
        assert(c->on_finding);

        for (size_t i = 0; i < ELEMENTSOF(modules); i++)
                check_module(c, modules[i].name, modules[i].purpose);
        check_udev(c);
        check_snagboot(c);
        check_selinux(c);
}
