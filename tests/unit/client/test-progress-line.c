/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "progress-line.h"

#include <stdio.h>

#include "check-main.h"
#include "text.h"

static const ProgressLine half = {
        .what = "U-Boot",
        .has_amount = true,
        .done = 377788,
        .total = 755576,
        .elapsed_usec = 1500000,
};

static const char *format(const ProgressLine *line, size_t width) {
        static char buffer[PROGRESS_LINE_SIZE_MAX];

        return progress_line_format(buffer, line, width, false);
}

START_TEST(test_wide) {
        ck_assert_str_eq(
                format(&half, 80),
                "U-Boot  ##################..................  369 of 738 KiB    246 KiB/s  0:01");
        ck_assert_str_eq(format(&half, 200), "U-Boot  ####################....................  "
                                             "369 of 738 KiB    246 KiB/s  0:01");
}
END_TEST

START_TEST(test_narrow) {
        ck_assert_str_eq(format(&half, 52), "U-Boot  ####....  369 of 738 KiB    246 KiB/s  0:01");
        ck_assert_str_eq(format(&half, 40), "U-Boot  369 of 738 KiB  0:01");
        ck_assert_str_eq(format(&half, 28), "U-Boot  369 of 738 KiB");
        ck_assert_str_eq(format(&half, 20), "U-Boot");
        ck_assert_str_eq(format(&half, 5), "U-Bo");
        ck_assert_str_eq(format(&half, 1), "");
        ck_assert_str_eq(format(&half, 0), "");
}
END_TEST

START_TEST(test_waiting) {
        ProgressLine line = {.what = "waiting for a board", .elapsed_usec = 3725 * USEC_PER_SEC};

        ck_assert_str_eq(format(&line, 80), "waiting for a board  62:05");
        ck_assert_str_eq(format(&line, 22), "waiting for a board");
        ck_assert_str_eq(format(&line, 11), "waiting fo");
}
END_TEST

START_TEST(test_utf8) {
        char buffer[PROGRESS_LINE_SIZE_MAX];
        ProgressLine line = half;

        ck_assert_str_eq(progress_line_format(buffer, &half, 52, true),
                         "U-Boot  ████░░░░  369 of 738 KiB    246 KiB/s  0:01");
        line.what = "größer";
        ck_assert_str_eq(progress_line_format(buffer, &line, 4, true), "grö");
}
END_TEST

/* Never wider than the terminal, never empty where there is room, and nothing moves while it grows. */
START_TEST(test_every_width) {
        char buffer[PROGRESS_LINE_SIZE_MAX];

        for (size_t width = 0; width <= 600; width++) {
                size_t seen = SIZE_MAX;

                for (uint64_t done = 0; done <= half.total; done += half.total / 8) {
                        ProgressLine line = half;
                        size_t n;

                        line.done = done;
                        (void) progress_line_format(buffer, &line, width, true);
                        ck_assert_uint_lt(strlen(buffer), sizeof(buffer));
                        n = text_width(buffer);
                        ck_assert_uint_le(n, width > 0 ? width - 1 : 0);
                        ck_assert(width < 2 || n > 0);
                        ck_assert(seen == SIZE_MAX || seen == n);
                        seen = n;
                }
        }
}
END_TEST

START_TEST(test_extremes) {
        char what[200];
        ProgressLine line = {.what = what,
                             .has_amount = true,
                             .done = UINT64_MAX,
                             .total = UINT64_MAX,
                             .elapsed_usec = UINT64_MAX};

        memset(what, 'w', sizeof(what));
        what[sizeof(what) - 1] = '\0';
        ck_assert_uint_lt(text_width(format(&line, 100000)), 512);
        line = (ProgressLine){.what = "empty", .has_amount = true};
        ck_assert_str_eq(format(&line, 52), "empty  #############  0 of 0 KiB      - KiB/s  0:00");
}
END_TEST

TEST_MAIN("progress-line", test_wide, test_narrow, test_waiting, test_utf8, test_every_width,
          test_extremes)
