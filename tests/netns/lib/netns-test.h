/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The main() of every test that needs network namespaces, and how such tests wait. Every test case
 * runs in a namespace of its own, so that nothing that it does reaches the machine, and must leave as
 * many fds open as it found. A test file ends with
 *
 *     NETNS_TEST_MAIN("rtnl", setup, teardown, test_…, test_…)
 *
 * where setup and teardown may be NULL.
 *
 * Needs: root, or an unprivileged user namespace. Without either the tests are skipped, and fail
 * where CI=true is set. */

#include <check.h>

#include "fd-util.h"
#include "macro.h"

/* How long a test waits for what must happen; nothing normal comes near it. */
#define PATIENCE_USEC (20 * USEC_PER_SEC)

/* How long a test listens for what must not happen. */
#define SILENCE_USEC (300 * USEC_PER_MSEC)

/* A call of the 0-or-negative-errno kind must succeed; evaluates to its result. */
#define ck_assert_ok(call)                                                                \
        __extension__({                                                                   \
                int _ok_r = (call);                                                       \
                ck_assert_msg(_ok_r >= 0, "%s: %s (%d)", #call, strerror(-_ok_r), _ok_r); \
                _ok_r;                                                                    \
        })

/* The same for a call of the -1-and-errno kind. */
#define ck_assert_sys(call)                                                   \
        __extension__({                                                       \
                int _sys_r = (call);                                          \
                ck_assert_msg(_sys_r >= 0, "%s: %s", #call, strerror(errno)); \
                _sys_r;                                                       \
        })

typedef void (*Fixture)(void);

int netns_test_run(const char *name, Fixture setup, Fixture teardown, const TTest *const *tests,
                   size_t n_tests);

#define NETNS_TEST_MAIN(name, setup, teardown, ...)                                     \
        int main(void) {                                                                \
                const TTest *const tests[] = {__VA_ARGS__};                             \
                                                                                        \
                return netns_test_run(name, setup, teardown, tests, ELEMENTSOF(tests)); \
        }

/* Waits until @fd can be read. Returns 1, or 0 when @deadline_usec (now_usec()) has passed. */
int wait_readable(int fd, uint64_t deadline_usec);

/* How many fds this process has open. */
unsigned int count_fds(void);

/* Gives up every privilege for good: capabilities, root, and gaining any by exec. Children only. */
int drop_privileges(void);

/* Runs @fn in a child that has dropped its privileges. Returns what @fn returned if it is 0 or a
 * negative errno; -ECHILD if the child died. */
int run_unprivileged(int (*fn)(void *userdata), void *userdata);
