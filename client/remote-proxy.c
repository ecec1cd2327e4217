/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "remote-proxy.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ssh's exit status for whatever goes wrong before the command runs; a shell's for a command that is not
 * there; sd-bus's for an ssh that is not there, which is also systemd-stdio-bridge's without a bus. */
#define STATUS_NO_LOGIN   255
#define STATUS_NO_COMMAND 127
#define STATUS_NO_BUS     1

static bool has_address(const char *host) {
        const char *name = strrchr(host, '@');

        /* sd-bus takes brackets for an IPv6 address, and wants both. */
        name = name ? name + 1 : host;
        if (*name == '[')
                return strchr(name, ']') > name + 1;
        return *name != '\0' && *name != ':';
}

static bool has_port(const char *host) {
        const char *bracket = strrchr(host, ']'), *colon = strchr(bracket ? bracket : host, ':');

        return !colon || (colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1));
}

bool remote_host_is_valid(const char *host) {
        const char *at;

        assert(host);

        /* A slash would name a container on it to sd-bus, which ignores one that it does not like. */
        for (const char *p = host; *p; p++)
                if ((unsigned char) *p <= ' ' || *p == '\x7f' || *p == '/')
                        return false;

        at = strchr(host, '@');
        /* ssh itself is told where its options end, but what follows the user's name it hands on. */
        if (host[0] == '-' || (at && (at[1] == '-' || at == host || strchr(at + 1, '@'))))
                return false;
        return has_address(host) && has_port(host);
}

const char *remote_host_get_scheme(const char *host) {
        assert(host);

        return strchr(host, ':') ? "ssh://" : "";
}

/* With this, everything that ssh would ask a person for (a password, a passphrase, whether to believe an
 * unknown host) it asks a program that has no answer. */
static int keep_ssh_from_asking(void) {
        if (setenv("SSH_ASKPASS", "/bin/false", 1) < 0 ||
            setenv("SSH_ASKPASS_REQUIRE", "force", 1) < 0)
                return -errno;
        return 0;
}

static bool is_in_path(const char *program) {
        const char *path = getenv("PATH");
        size_t len;

        for (; path && *path; path += len + (path[len] == ':')) {
                _cleanup_free_ char *file = NULL;

                len = strcspn(path, ":");
                if (asprintf(&file, "%.*s/%s", (int) len, path, program) < 0) {
                        file = NULL;
                        continue;
                }
                if (access(file, X_OK) == 0)
                        return true;
        }
        return false;
}

/* Whether ssh has closed its end, and so is about to end itself. sd-bus gives it up after 90 s, and tells both by
 * the same errno. */
static bool has_hung_up(sd_bus *bus) {
        struct pollfd pollfd = {.fd = bus ? sd_bus_get_fd(bus) : -EBADF, .events = POLLIN};

        return pollfd.fd < 0 || (poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLHUP | POLLERR)));
}

/* The exit status of ssh, which has closed the connection and is about to end. It stays for sd-bus to
 * reap. -1: unknown; it was over before sd-bus had written a word to it, and sd-bus has reaped it. */
static int await_ssh(void) {
        siginfo_t info = {};

        if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) < 0 || info.si_code != CLD_EXITED)
                return -1;
        return info.si_status;
}

static void explain(ProxyError *error, const char *host, sd_bus *bus, int r) {
        const char *scheme = remote_host_get_scheme(host);
        int status;

        if (r == -ENOMEM) {
                (void) bus_proxy_fail(error, r, NULL);
                return;
        }
        if (!has_hung_up(bus)) {
                bus_proxy_set_text(error,
                                   "the system bus did not answer over ssh in time; try: ssh %s%s "
                                   "systemd-stdio-bridge",
                                   scheme, host);
                return;
        }

        status = await_ssh();
        if (status == STATUS_NO_LOGIN)
                bus_proxy_set_text(error,
                                   "ssh cannot log in there; above is what it says; once this "
                                   "works, so does snagctl: ssh %s%s true",
                                   scheme, host);
        else if (status == STATUS_NO_COMMAND)
                bus_proxy_set_text(error,
                                   "systemd-stdio-bridge, a part of systemd, is not there, or not "
                                   "in the PATH of a command over ssh");
        else if ((status == STATUS_NO_BUS || status < 0) && !is_in_path("ssh"))
                bus_proxy_set_text(error, "ssh is not installed here (openssh-client)");
        else if (status == STATUS_NO_BUS)
                bus_proxy_set_text(error, "no system bus could be reached there; is dbus running?");
        else
                bus_proxy_set_text(error,
                                   "ssh ended before the system bus answered; above is what it "
                                   "says, if anything; try: ssh %s%s systemd-stdio-bridge",
                                   scheme, host);
}

int remote_proxy_connect(const char *host, bool may_ask, ProxyError *error, sd_bus **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        const char *name;
        int r;

        assert(host);
        assert(error);
        assert(ret);

        r = may_ask ? 0 : keep_ssh_from_asking();
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);
        r = sd_bus_open_system_remote(&bus, host);
        /* ssh has only been started: what becomes of it is known when the bus has said hello. */
        if (r >= 0)
                r = sd_bus_get_unique_name(bus, &name);
        if (r < 0) {
                explain(error, host, bus, r);
                return r;
        }

        r = bus_proxy_set_up(bus, may_ask);
        if (r < 0)
                return bus_proxy_fail(error, r, NULL);

        *ret = TAKE_PTR(bus);
        return 0;
}
