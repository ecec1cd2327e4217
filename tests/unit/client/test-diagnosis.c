/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "diagnosis.h"

#include <stdio.h>
#include <sys/mman.h>

#include "check-main.h"
#include "fd-util.h"
#include "record-reader.h"

static const char *say(Diagnosis diagnosis, const char *port, const char *detail, bool is_quiet) {
        static char text[4096];
        int fd = memfd_create("err", MFD_CLOEXEC);
        Progress *p = NULL;
        ssize_t n;

        ck_assert_int_eq(progress_new(fd, fd, &p), 0);
        if (is_quiet)
                progress_set_level(p, PROGRESS_LEVEL_QUIET);
        diagnosis_say(diagnosis, p, &(DiagnosisContext){.port = port, .detail = detail});
        progress_free(p);
        n = pread(fd, text, sizeof(text) - 1, 0);
        ck_assert_int_ge(n, 0);
        text[n] = '\0';
        fd_close(fd);
        return text;
}

/* At most four lines, each of which fits a terminal of 80 columns. */
START_TEST(test_all_have_a_form) {
        for (Diagnosis d = 0; d < _DIAGNOSIS_MAX; d++) {
                const char *line = say(d, "1-1", "", false);
                unsigned n_lines = 0;

                for (; *line; line += strcspn(line, "\n") + 1) {
                        size_t len = strcspn(line, "\n");

                        ck_assert_msg(strncmp(line, "snagctl: ", 9) == 0, "%s", line);
                        /* The longest first lines are broken by the terminal. */
                        ck_assert_msg(len <= (n_lines == 0 ? 90 : 79), "%.*s", (int) len, line);
                        n_lines++;
                }
                ck_assert_uint_ge(n_lines, 2);
                ck_assert_uint_le(n_lines, DIAGNOSIS_LINES_MAX);
        }
}
END_TEST

START_TEST(test_port_and_detail) {
        ck_assert_str_eq(say(DIAGNOSIS_LEFT_END, "1-1", "x", false),
                         "snagctl: 1-1: the board did not come back to its port: x\n"
                         "snagctl:   check cable and power\n");
        ck_assert_str_eq(say(DIAGNOSIS_LEFT_END, NULL, "", false),
                         "snagctl: the board did not come back to its port\n"
                         "snagctl:   check cable and power\n");
}
END_TEST

START_TEST(test_quiet) {
        ck_assert_str_eq(say(DIAGNOSIS_LEFT, "1-1", "", true), "");
        ck_assert_ptr_nonnull(strstr(say(DIAGNOSIS_LEFT_END, "1-1", "", true), "check cable"));
        ck_assert_ptr_nonnull(
                strstr(say(DIAGNOSIS_KEEPS_LEAVING, "1-1", "", true), "try another cable"));
}
END_TEST

/* As records are to have them. */
START_TEST(test_names) {
        static const char set[] = "abcdefghijklmnopqrstuvwxyz-";

        for (Diagnosis d = 0; d < _DIAGNOSIS_MAX; d++) {
                const char *name = diagnosis_to_string(d);

                ck_assert_uint_eq(strspn(name, set), strlen(name));
                ck_assert_uint_le(strlen(name), RECORD_DIAGNOSIS_LEN_MAX);
                for (Diagnosis other = 0; other < d; other++)
                        ck_assert_str_ne(name, diagnosis_to_string(other));
        }
        ck_assert_str_eq(diagnosis_to_string(DIAGNOSIS_LEFT_END), "left-end");
        ck_assert_str_eq(diagnosis_get_sentence(DIAGNOSIS_LEFT_END),
                         "the board did not come back to its port");
        ck_assert_int_eq(diagnosis_get_kind(DIAGNOSIS_LEFT_END), PROGRESS_KIND_ERROR);
        ck_assert_int_eq(diagnosis_get_kind(DIAGNOSIS_KEEPS_LEAVING), PROGRESS_KIND_WARNING);
}
END_TEST

TEST_MAIN("diagnosis", test_all_have_a_form, test_names, test_port_and_detail, test_quiet)
