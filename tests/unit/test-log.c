/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "check-main.h"
#include "fd-util.h"

/* Puts a pipe in the place of standard error, runs @write, and returns what came out. */
static char *capture(void (*write_lines)(void)) {
        static char buffer[8192];
        _cleanup_fd_ int saved_fd = dup(STDERR_FILENO);
        int pipe_fds[2];
        ssize_t n;

        ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
        ck_assert_int_ge(dup2(pipe_fds[1], STDERR_FILENO), 0);
        write_lines();
        ck_assert_int_ge(dup2(saved_fd, STDERR_FILENO), 0);
        n = read(pipe_fds[0], buffer, sizeof(buffer) - 1);
        buffer[n > 0 ? n : 0] = '\0';
        fd_close(pipe_fds[0]);
        fd_close(pipe_fds[1]);
        return buffer;
}

static void write_levels(void) {
        log_set_target(LOG_TARGET_CONSOLE);
        log_set_max_level(LOG_WARNING);
        log_info("not this");
        log_warning("this %d", 1);
        log_set_max_level(LOG_DEBUG);
        log_debug("and this");
}

START_TEST(test_leaves_out_what_is_above_the_level) {
        ck_assert_str_eq(capture(write_levels), "<4>this 1\n<7>and this\n");
}
END_TEST

static void write_error(void) {
        log_set_target(LOG_TARGET_CONSOLE);
        errno = EAGAIN;
        ck_assert_int_eq(log_error_errno(-ENODEV, "Move: %m"), -ENODEV);
        ck_assert_int_eq(errno, EAGAIN);
}

START_TEST(test_prints_the_error_it_was_given_and_keeps_errno) {
        ck_assert_str_eq(capture(write_error), "<3>Move: No such device\n");
}
END_TEST

static void write_nothing(void) {
        log_set_target(LOG_TARGET_NULL);
        log_error("gone");
}

START_TEST(test_can_be_silent) {
        ck_assert_str_eq(capture(write_nothing), "");
}
END_TEST

START_TEST(test_names_levels_and_targets) {
        ck_assert_str_eq(log_level_to_string(LOG_ERR), "err");
        ck_assert_int_eq(log_level_from_string("debug"), LOG_DEBUG);
        ck_assert_int_eq(log_level_from_string("loud"), -EINVAL);
        ck_assert_int_eq(log_target_from_string("journal"), LOG_TARGET_JOURNAL);
        ck_assert_int_eq(log_target_from_string("syslog"), -EINVAL);
}
END_TEST

TEST_MAIN("log", test_leaves_out_what_is_above_the_level,
          test_prints_the_error_it_was_given_and_keeps_errno, test_can_be_silent,
          test_names_levels_and_targets)
