/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "netns-test.h"

#define UID_NOBODY 65534u

static unsigned int n_fds_before;

static int write_string(const char *path, const char *string) {
        _cleanup_fd_ int fd = -EBADF;

        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (write(fd, string, strlen(string)) < 0)
                return -errno;
        return 0;
}

/* An ordinary user is root in a user namespace of its own, where it may do all that we test. */
static int become_root_of_user_namespace(void) {
        char uid_map[64], gid_map[64];
        int r;

        snprintf(uid_map, sizeof(uid_map), "0 %u 1", (unsigned int) geteuid());
        snprintf(gid_map, sizeof(gid_map), "0 %u 1", (unsigned int) getegid());
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
                return -errno;
        r = write_string("/proc/self/setgroups", "deny");
        if (r < 0)
                return r;
        r = write_string("/proc/self/uid_map", uid_map);
        if (r < 0)
                return r;
        return write_string("/proc/self/gid_map", gid_map);
}

static int leave_machine(void) {
        if (unshare(CLONE_NEWNET) >= 0)
                return 0;
        if (errno != EPERM)
                return -errno;
        return become_root_of_user_namespace();
}

static void enter_own_namespace(void) {
        n_fds_before = count_fds();
        ck_assert_sys(unshare(CLONE_NEWNET));
}

static void check_fds(void) {
        ck_assert_uint_eq(count_fds(), n_fds_before);
}

static int skip_all(const char *name, int error) {
        const char *ci = getenv("CI");

        if (ci && streq(ci, "true")) {
                printf("Bail out! %s: no network namespace: %s\n", name, strerror(-error));
                return EXIT_FAILURE;
        }
        printf("1..0 # SKIP %s: no network namespace: %s\n", name, strerror(-error));
        return EXIT_SUCCESS;
}

int netns_test_run(const char *name, Fixture setup, Fixture teardown, const TTest *const *tests,
                   size_t n_tests) {
        Suite *suite;
        TCase *tcase;
        SRunner *runner;
        int n_failed, r;

        r = leave_machine();
        if (r < 0)
                return skip_all(name, r);

        suite = suite_create(name);
        tcase = tcase_create(name);
        /* Teardowns run in reverse order: the fds are counted last. */
        tcase_add_checked_fixture(tcase, enter_own_namespace, check_fds);
        tcase_add_checked_fixture(tcase, setup, teardown);
        for (size_t i = 0; i < n_tests; i++)
                tcase_add_test(tcase, tests[i]);
        tcase_set_timeout(tcase, 120); /* also under valgrind */
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        n_failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int wait_readable(int fd, uint64_t deadline_usec) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};

        for (;;) {
                uint64_t now = now_usec();
                int timeout_msec = 0, n;

                if (deadline_usec > now)
                        timeout_msec =
                                (int) ((deadline_usec - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
                n = poll(&pollfd, 1, timeout_msec);
                if (n >= 0)
                        return n > 0;
                if (errno != EINTR)
                        return -errno;
        }
}

unsigned int count_fds(void) {
        unsigned int n = 0;
        DIR *dir;

        dir = opendir("/proc/self/fd");
        if (!dir)
                abort();
        for (const struct dirent *entry; (entry = readdir(dir));)
                n += entry->d_name[0] != '.';
        closedir(dir);
        return n - 1; /* dir's own */
}

int drop_privileges(void) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

        /* In a user namespace with one user there is no nobody to become: the capabilities are what
         * counts. */
        if (setgroups(0, NULL) >= 0) {
                if (setresgid(UID_NOBODY, UID_NOBODY, UID_NOBODY) < 0 ||
                    setresuid(UID_NOBODY, UID_NOBODY, UID_NOBODY) < 0)
                        return -errno;
        }
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0)
                return -errno;
        return 0;
}

int run_unprivileged(int (*fn)(void *userdata), void *userdata) {
        pid_t pid;
        int status;

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                int r = drop_privileges();

                if (r >= 0)
                        r = fn(userdata);
                _exit(-r);
        }
        if (waitpid(pid, &status, 0) < 0)
                return -errno;
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}
