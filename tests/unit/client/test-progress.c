/* SPDX-License-Identifier: GPL-2.0-or-later */

/* On a pseudo-terminal, and on what is none. */

#include "progress.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>

#include "check-main.h"
#include "fd-util.h"

#define SECONDS(n) ((n) *USEC_PER_SEC)
#define BEGIN_USEC SECONDS(1000)

typedef struct World {
        int master_fd, fd;
        Progress *p;
        ProgressTask *task;
        char text[65536];
} World;

static void world_init(World *w, const char *term) {
        struct termios settings;

        *w = (World){.master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
        ck_assert_int_ge(w->master_fd, 0);
        ck_assert_int_eq(grantpt(w->master_fd), 0);
        ck_assert_int_eq(unlockpt(w->master_fd), 0);
        w->fd = open(ptsname(w->master_fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
        ck_assert_int_ge(w->fd, 0);
        ck_assert_int_eq(tcgetattr(w->fd, &settings), 0);
        settings.c_oflag &= ~(tcflag_t) OPOST;
        ck_assert_int_eq(tcsetattr(w->fd, TCSANOW, &settings), 0);
        ck_assert_int_eq(setenv("TERM", term, 1), 0);
        ck_assert_int_eq(progress_new(w->fd, w->fd, &w->p), 0);
        ck_assert_int_eq(progress_task_new(w->p, &w->task), 0);
}

static void world_done(World *w) {
        progress_task_free(w->task);
        progress_free(w->p);
        fd_close(w->fd);
        fd_close(w->master_fd);
}

static void resize_to(World *w, unsigned short columns, unsigned short lines) {
        struct winsize size = {.ws_row = lines, .ws_col = columns};

        ck_assert_int_eq(ioctl(w->fd, TIOCSWINSZ, &size), 0);
}

static void resize(World *w, unsigned short columns) {
        resize_to(w, columns, 24);
}

/* What was written since the last time. The kernel hands a terminal's bytes over piece by piece, in its
 * own time: a mark behind them says that they are all there. */
static const char *take(World *w) {
        static const char mark = '\1';
        struct pollfd poll_fd = {.fd = w->master_fd, .events = POLLIN};
        size_t len = 0;

        ck_assert_int_eq(write(w->fd, &mark, 1), 1);
        while (len == 0 || w->text[len - 1] != mark) {
                ssize_t n;

                ck_assert_int_eq(poll(&poll_fd, 1, -1), 1);
                n = read(w->master_fd, w->text + len, sizeof(w->text) - len);
                ck_assert_int_gt(n, 0);
                len += (size_t) n;
        }

        w->text[len - 1] = '\0';
        return w->text;
}

START_TEST(test_moving_line) {
        World w;

        (void) setlocale(LC_CTYPE, "C");
        (void) setenv("NO_COLOR", "1", 1);
        world_init(&w, "xterm");
        resize(&w, 40);
        ck_assert(progress_get_deadline(w.p) == USEC_INFINITY);

        progress_task_wait(w.task, "waiting for a board", BEGIN_USEC);
        ck_assert_str_eq(take(&w), "\r\033[?7lwaiting for a board  0:00\033[J\033[?7h\r");
        ck_assert_uint_eq(progress_get_deadline(w.p), BEGIN_USEC + SECONDS(1));
        progress_tick(w.p, BEGIN_USEC + SECONDS(1));
        ck_assert_str_eq(take(&w), "\r\033[?7lwaiting for a board  0:01\033[J\033[?7h\r");

        /* A message goes above it. */
        progress_note(w.p, "found");
        ck_assert_str_eq(
                take(&w),
                "\r\033[Jsnagctl: found\n\r\033[?7lwaiting for a board  0:01\033[J\033[?7h\r");

        progress_task_transfer(w.task, "SPL", 0, 4096, BEGIN_USEC + SECONDS(2));
        ck_assert_str_eq(take(&w), "\r\033[?7lSPL  0 of 4 KiB      - KiB/s  0:00\033[J\033[?7h\r");
        progress_task_transfer(w.task, "SPL", 512, 4096, BEGIN_USEC + SECONDS(2) + 50000);
        ck_assert_str_eq(take(&w), "");
        progress_task_transfer(w.task, "SPL", 2048, 4096, BEGIN_USEC + SECONDS(3));
        ck_assert_str_eq(take(&w), "\r\033[?7lSPL  2 of 4 KiB      2 KiB/s  0:01\033[J\033[?7h\r");

        /* Another width, at once. */
        resize(&w, 20);
        progress_tick(w.p, BEGIN_USEC + SECONDS(3));
        ck_assert_str_eq(take(&w), "\r\033[?7lSPL  2 of 4 KiB\033[J\033[?7h\r");
        resize(&w, 80);
        progress_tick(w.p, BEGIN_USEC + SECONDS(3));
        ck_assert_str_eq(
                take(&w),
                "\r\033[?7lSPL  ####################....................  2 of 4 KiB      2 KiB/s  "
                "0:01\033[J\033[?7h\r");

        progress_task_idle(w.task);
        ck_assert_str_eq(take(&w), "\r\033[J");
        progress_result(w.p, "done");
        ck_assert_str_eq(take(&w), "done\n");
        ck_assert(progress_get_deadline(w.p) == USEC_INFINITY);
        world_done(&w);
}
END_TEST

START_TEST(test_colours) {
        World w;

        (void) unsetenv("NO_COLOR");
        world_init(&w, "xterm");
        progress_warning(w.p, "odd");
        ck_assert_str_eq(take(&w), "snagctl: warning: \033[33modd\033[0m\n");
        progress_error(w.p, "bad");
        ck_assert_str_eq(take(&w), "snagctl: \033[31mbad\033[0m\n");
        progress_note(w.p, "plain\033[31m");
        ck_assert_str_eq(take(&w), "snagctl: plain?[31m\n");
        world_done(&w);

        (void) setenv("NO_COLOR", "1", 1);
        world_init(&w, "xterm");
        progress_error(w.p, "bad");
        ck_assert_str_eq(take(&w), "snagctl: bad\n");
        world_done(&w);

        (void) setenv("NO_COLOR", "", 1);
        world_init(&w, "xterm");
        progress_error(w.p, "bad");
        ck_assert_str_eq(take(&w), "snagctl: \033[31mbad\033[0m\n");
        world_done(&w);
}
END_TEST

/* Each has its line, ports in their order and what has none last; what has no room is not shown. */
START_TEST(test_several_tasks) {
        ProgressTask *b = NULL, *a = NULL;
        const char *text;
        World w;

        (void) setenv("NO_COLOR", "1", 1);
        world_init(&w, "xterm");
        resize(&w, 40);
        ck_assert_int_eq(progress_task_new(w.p, &b), 0);
        ck_assert_int_eq(progress_task_new(w.p, &a), 0);
        progress_task_set_label(b, "1-10");
        progress_task_set_label(a, "1-2");
        progress_task_wait(w.task, "waiting", BEGIN_USEC);
        progress_task_wait(b, "ROM", BEGIN_USEC);
        (void) take(&w);
        progress_task_wait(a, "SPL", BEGIN_USEC);
        ck_assert_str_eq(take(&w), "\r\033[?7l1-2: SPL  0:00\033[K\r\n1-10: ROM  0:00\033[K\r\n"
                                   "waiting  0:00\033[J\033[?7h\r\033[2A");

        progress_note(w.p, "x");
        text = take(&w);
        ck_assert_msg(strncmp(text, "\r\033[Jsnagctl: x\n\r\033[?7l1-2: ", 26) == 0, "%s", text);

        resize_to(&w, 40, 3);
        progress_tick(w.p, BEGIN_USEC + SECONDS(1));
        ck_assert_str_eq(take(&w), "\r\033[?7l1-2: SPL  0:01\033[K\r\n1-10: ROM  0:01"
                                   "\033[J\033[?7h\r\033[1A");

        progress_task_free(a);
        ck_assert_str_eq(take(&w), "\r\033[J\r\033[?7l1-10: ROM  0:01\033[K\r\n"
                                   "waiting  0:01\033[J\033[?7h\r\033[1A");
        progress_task_free(b);
        world_done(&w);
}
END_TEST

static void check_plain(Progress *p) {
        ProgressTask *task = NULL;

        ck_assert_int_eq(progress_task_new(p, &task), 0);
        progress_task_wait(task, "waiting", BEGIN_USEC);
        progress_task_transfer(task, "SPL", 0, 4096, BEGIN_USEC);
        progress_task_transfer(task, "SPL", 1024, 4096, BEGIN_USEC + SECONDS(4));
        ck_assert(progress_get_deadline(p) == USEC_INFINITY);
        progress_tick(p, BEGIN_USEC + SECONDS(4));
        progress_task_transfer(task, "SPL", 2048, 4096, BEGIN_USEC + SECONDS(5));
        progress_task_transfer(task, "SPL", 3072, 4096, BEGIN_USEC + SECONDS(6));
        progress_task_idle(task);
        progress_warning(p, "odd");
        progress_task_free(task);
}

static const char plain[] = "snagctl: SPL: 2048 of 4096 bytes (50 %)\n"
                            "snagctl: warning: odd\n";

START_TEST(test_plain_lines) {
        Progress *p = NULL;
        char text[1024] = "";
        World w;
        int fd;

        world_init(&w, "dumb");
        check_plain(w.p);
        ck_assert_str_eq(take(&w), plain);
        world_done(&w);
        world_init(&w, "");
        check_plain(w.p);
        ck_assert_str_eq(take(&w), plain);
        world_done(&w);

        (void) setenv("TERM", "xterm", 1);
        fd = memfd_create("err", MFD_CLOEXEC);
        ck_assert_int_eq(progress_new(fd, fd, &p), 0);
        check_plain(p);
        progress_free(p);
        ck_assert_int_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
        ck_assert_str_eq(text, plain);
        fd_close(fd);
}
END_TEST

START_TEST(test_ascii) {
        World w;

        (void) setenv("NO_COLOR", "1", 1);
        (void) setlocale(LC_CTYPE, "C");
        world_init(&w, "xterm");
        progress_note(w.p, "größe …");
        ck_assert_str_eq(take(&w), "snagctl: gr??e ...\n");
        progress_result_text(w.p, "COMMAND …\n");
        ck_assert_str_eq(take(&w), "COMMAND ...\n");
        world_done(&w);

        ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
        world_init(&w, "xterm");
        progress_note(w.p, "größe …");
        ck_assert_str_eq(take(&w), "snagctl: größe …\n");
        resize(&w, 56);
        progress_task_transfer(w.task, "SPL", 2048, 4096, BEGIN_USEC);
        ck_assert_ptr_nonnull(strstr(take(&w), "██"));
        world_done(&w);
}
END_TEST

START_TEST(test_levels) {
        World w;

        (void) setenv("NO_COLOR", "1", 1);
        world_init(&w, "xterm");
        progress_detail(w.p, "detail");
        ck_assert_str_eq(take(&w), "");
        progress_set_level(w.p, PROGRESS_LEVEL_VERBOSE);
        progress_detail(w.p, "detail");
        ck_assert_str_eq(take(&w), "snagctl: detail\n");

        progress_set_level(w.p, PROGRESS_LEVEL_QUIET);
        progress_task_wait(w.task, "waiting", BEGIN_USEC);
        progress_task_transfer(w.task, "SPL", 1, 2, BEGIN_USEC + SECONDS(10));
        progress_task_transfer(w.task, "SPL", 2, 2, BEGIN_USEC + SECONDS(20));
        progress_note(w.p, "note");
        ck_assert(progress_get_deadline(w.p) == USEC_INFINITY);
        ck_assert_str_eq(take(&w), "");
        progress_warning(w.p, "odd");
        progress_error(w.p, "bad");
        progress_hint(w.p, "hint");
        progress_result(w.p, "result");
        ck_assert_str_eq(take(&w), "snagctl: warning: odd\nsnagctl: bad\nsnagctl: hint\nresult\n");
        world_done(&w);
}
END_TEST

TEST_MAIN("progress", test_moving_line, test_colours, test_several_tasks, test_plain_lines,
          test_ascii, test_levels)
