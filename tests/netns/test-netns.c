/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "netns-test.h"
#include "netns.h"
#include "test-link.h"

static void setup(void) {
        ck_assert_ok(netns_init());
}

static void teardown(void) {
        netns_done();
}

/* The namespace in which we are, as a number. */
static ino_t here(void) {
        struct stat st;

        ck_assert_sys(stat("/proc/self/ns/net", &st));
        return st.st_ino;
}

static ino_t inode_of(int fd) {
        struct stat st;

        ck_assert_sys(fstat(fd, &st));
        return st.st_ino;
}

static int store_here(void *userdata) {
        *(ino_t *) userdata = here();
        return 0;
}

START_TEST(test_home_is_where_we_are) {
        ck_assert_uint_eq(inode_of(netns_home_fd()), here());
        ck_assert_int_eq(fcntl(netns_home_fd(), F_GETFD), FD_CLOEXEC);
        ck_assert_ok(netns_init());
}
END_TEST

static int check_is_empty(void *userdata) {
        struct if_nameindex *links = if_nameindex();
        int r = 0;

        if (!links || links[0].if_index == 0 || !streq(links[0].if_name, "lo") ||
            links[1].if_index != 0)
                r = -ENOTEMPTY;
        if_freenameindex(links);
        return r;
}

START_TEST(test_new_is_empty_and_leaves_us_home) {
        _cleanup_fd_ int fd = -EBADF, other_fd = -EBADF;
        ino_t home = here(), inside = 0;

        ck_assert_ok(netns_new(&fd));
        ck_assert_ok(netns_new(&other_fd));
        ck_assert_uint_eq(here(), home);
        ck_assert_uint_ne(inode_of(fd), home);
        ck_assert_uint_ne(inode_of(fd), inode_of(other_fd));
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);

        ck_assert_ok(netns_run(fd, store_here, &inside));
        ck_assert_uint_eq(inside, inode_of(fd));
        ck_assert_uint_eq(here(), home);
        ck_assert_ok(netns_run(fd, check_is_empty, NULL));
}
END_TEST

static int return_userdata(void *userdata) {
        return *(int *) userdata;
}

START_TEST(test_run_returns_what_the_function_returned) {
        _cleanup_fd_ int fd = -EBADF;

        ck_assert_ok(netns_new(&fd));
        ck_assert_int_eq(netns_run(fd, return_userdata, &(int){0}), 0);
        ck_assert_int_eq(netns_run(fd, return_userdata, &(int){42}), 42);
        ck_assert_int_eq(netns_run(fd, return_userdata, &(int){-ENXIO}), -ENXIO);
}
END_TEST

static int must_not_run(void *userdata) {
        *(bool *) userdata = true;
        return 0;
}

START_TEST(test_run_refuses_what_is_no_namespace) {
        _cleanup_fd_ int fd = -EBADF;
        bool has_run = false;

        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(netns_run(fd, must_not_run, &has_run), -EINVAL);
        ck_assert_int_eq(netns_run(-EBADF, must_not_run, &has_run), -EBADF);
        ck_assert(!has_run);
}
END_TEST

START_TEST(test_socket_lives_in_its_namespace) {
        const struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_port = htons(9067),
        };
        _cleanup_fd_ int fd = -EBADF, inside_fd = -EBADF, home_fd = -EBADF, netns_fd = -EBADF;
        socklen_t len = sizeof(int);
        int value = 0;

        ck_assert_ok(netns_new(&fd));
        ck_assert_ok(netns_open_socket(fd, AF_INET, SOCK_DGRAM, 0, &inside_fd));
        ck_assert_int_eq(fcntl(inside_fd, F_GETFD), FD_CLOEXEC);
        ck_assert_int_ne(fcntl(inside_fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_sys(getsockopt(inside_fd, IPPROTO_IP, IP_PKTINFO, &value, &len));
        ck_assert_int_eq(value, 1);

        netns_fd = ck_assert_sys(ioctl(inside_fd, 0x894C /* SIOCGSKNS */));
        ck_assert_uint_eq(inode_of(netns_fd), inode_of(fd));

        /* The same port is free in both. */
        home_fd = ck_assert_sys(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        ck_assert_sys(bind(home_fd, (const struct sockaddr *) &address, sizeof(address)));
        ck_assert_sys(bind(inside_fd, (const struct sockaddr *) &address, sizeof(address)));
}
END_TEST

START_TEST(test_socket_errors_are_told) {
        _cleanup_fd_ int fd = -EBADF;
        ino_t home = here();
        int socket_fd = -42;

        ck_assert_ok(netns_new(&fd));
        ck_assert_int_eq(netns_open_socket(fd, AF_INET, SOCK_DGRAM, IPPROTO_TCP, &socket_fd),
                         -EPROTONOSUPPORT);
        ck_assert_int_eq(netns_open_socket(-EBADF, AF_INET, SOCK_DGRAM, 0, &socket_fd), -EBADF);
        ck_assert_int_eq(socket_fd, -42);
        ck_assert_uint_eq(here(), home);
}
END_TEST

/* Whichever fd it is that there is none left for: an error, nothing left open, and home. */
START_TEST(test_without_fds_comes_home) {
        struct rlimit limit, tight;
        ino_t home = here();
        unsigned int n_fds = count_fds();
        int fd = -42, socket_fd = -42, r;

        ck_assert_sys(getrlimit(RLIMIT_NOFILE, &limit));
        for (rlim_t n = 0; n < 64; n++) {
                tight = (struct rlimit){.rlim_cur = n, .rlim_max = limit.rlim_max};
                ck_assert_sys(setrlimit(RLIMIT_NOFILE, &tight));
                r = netns_new(&fd);
                if (r >= 0)
                        r = netns_open_socket(fd, AF_INET, SOCK_DGRAM, 0, &socket_fd);
                ck_assert_sys(setrlimit(RLIMIT_NOFILE, &limit));
                ck_assert_uint_eq(here(), home);
                if (r >= 0)
                        break;
                ck_assert_int_eq(r, -EMFILE);
                ck_assert_int_eq(socket_fd, -42);
                fd = fd_close(fd);
                ck_assert_uint_eq(count_fds(), n_fds);
        }
        ck_assert_int_ge(fd, 0);
        ck_assert_int_ge(socket_fd, 0);
        fd_close(fd);
        fd_close(socket_fd);
}
END_TEST

static int close_home(void *userdata) {
        close(netns_home_fd());
        return 0;
}

START_TEST(test_no_way_home_aborts) {
        _cleanup_fd_ int fd = -EBADF;
        int status;
        pid_t pid;

        ck_assert_ok(netns_new(&fd));
        pid = ck_assert_sys(fork());
        if (pid == 0) {
                setrlimit(RLIMIT_CORE, &(struct rlimit){});
                netns_run(fd, close_home, NULL);
                _exit(0);
        }
        ck_assert_sys(waitpid(pid, &status, 0));
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

static int make_one(void *userdata) {
        int fd;

        return netns_new(&fd);
}

START_TEST(test_without_privilege_is_refused) {
        ck_assert_int_eq(run_unprivileged(make_one, NULL), -EPERM);
}
END_TEST

NETNS_TEST_MAIN("netns", setup, teardown, test_home_is_where_we_are,
                test_new_is_empty_and_leaves_us_home, test_run_returns_what_the_function_returned,
                test_run_refuses_what_is_no_namespace, test_socket_lives_in_its_namespace,
                test_socket_errors_are_told, test_without_fds_comes_home, test_no_way_home_aborts,
                test_without_privilege_is_refused)
