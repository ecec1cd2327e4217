/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "table.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "check-main.h"
#include "fd-util.h"

START_TEST(test_aligns_and_cleans) {
        static const char *const titles[] = {"A", "LONGER", "C"};
        int fd = memfd_create("out", MFD_CLOEXEC);
        Progress *progress = NULL;
        char text[512] = "";
        Table *table = NULL;

        ck_assert_int_eq(progress_new(fd, -EBADF, &progress), 0);
        ck_assert_int_eq(table_new(titles, ELEMENTSOF(titles), &table), 0);
        ck_assert_int_eq(table_add_row(table, (const char *[]){"größer", "x", "\n"}), 0);
        ck_assert_int_eq(table_add_row(table, (const char *[]){"y", NULL, ""}), 0);
        ck_assert_int_eq(table_print(table, progress), 0);
        ck_assert_int_ge(pread(fd, text, sizeof(text) - 1, 0), 1);
        ck_assert_str_eq(text, "A       LONGER  C\n"
                               "größer  x       ?\n"
                               "y       -       -\n");
        ck_assert_int_eq(progress_get_result_error(progress), 0);
        table_free(table);
        progress_free(progress);
        fd_close(fd);
}
END_TEST

START_TEST(test_aligns_numbers_to_the_right) {
        static const char *const titles[] = {"A", "N", "LAST"};
        int fd = memfd_create("out", MFD_CLOEXEC);
        Progress *progress = NULL;
        char text[512] = "";
        Table *table = NULL;

        ck_assert_int_eq(progress_new(fd, -EBADF, &progress), 0);
        ck_assert_int_eq(table_new(titles, ELEMENTSOF(titles), &table), 0);
        table_align_right(table, 1);
        table_align_right(table, 2);
        ck_assert_int_eq(table_add_row(table, (const char *[]){"x", "1", "größer"}), 0);
        ck_assert_int_eq(table_add_row(table, (const char *[]){"yyy", "1234", NULL}), 0);
        ck_assert_int_eq(table_print(table, progress), 0);
        ck_assert_int_ge(pread(fd, text, sizeof(text) - 1, 0), 1);
        ck_assert_str_eq(text, "A       N    LAST\n"
                               "x       1  größer\n"
                               "yyy  1234       -\n");
        table_free(table);
        progress_free(progress);
        fd_close(fd);
}
END_TEST

START_TEST(test_lost_result_is_remembered) {
        int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        Progress *progress = NULL;

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(progress_new(fd, fd, &progress), 0);
        progress_error(progress, "nobody hears this");
        ck_assert_int_eq(progress_get_result_error(progress), 0);
        progress_result(progress, "x");
        ck_assert_int_eq(progress_get_result_error(progress), -ENOSPC);
        progress_free(progress);
        fd_close(fd);
}
END_TEST

TEST_MAIN("table", test_aligns_and_cleans, test_aligns_numbers_to_the_right,
          test_lost_result_is_remembered)
