/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "report-words.h"

#include <math.h>
#include <time.h>

#include "check-main.h"

START_TEST(test_times) {
        static const struct {
                int64_t ms;
                const char *word;
        } cases[] = {
                {0, "0 ms"},      {999, "999 ms"},     {1000, "1.00 s"},  {1155, "1.16 s"},
                {9994, "9.99 s"}, {9995, "10.0 s"},    {31249, "31.2 s"}, {99949, "99.9 s"},
                {99950, "100 s"}, {3600000, "3600 s"},
        };
        char word[REPORT_WORD_LEN_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_str_eq(report_format_ms(word, cases[i].ms), cases[i].word);
}
END_TEST

START_TEST(test_percent) {
        char word[REPORT_WORD_LEN_MAX];

        ck_assert_str_eq(report_format_percent(word, 0), "0.0 %");
        ck_assert_str_eq(report_format_percent(word, 97.06), "97.1 %");
        ck_assert_str_eq(report_format_percent(word, 99.99), "99.9 %");
        ck_assert_str_eq(report_format_percent(word, 100), "100 %");
        ck_assert_str_eq(report_format_percent(word, NAN), "-");
}
END_TEST

START_TEST(test_clock_is_local) {
        char word[REPORT_WORD_LEN_MAX];

        (void) setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        tzset();
        ck_assert_str_eq(report_format_clock(word, UINT64_C(1795440306789000)), "2026-11-23 14:25");
        ck_assert_str_eq(report_format_clock(word, RECORD_CLOCK_MAX_USEC), "10000-01-01 00:59");
}
END_TEST

START_TEST(test_counts_and_titles) {
        char word[REPORT_WORD_LEN_MAX];

        ck_assert_str_eq(report_format_count(word, UINT64_MAX), "18446744073709551615");
        for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                ck_assert_ptr_nonnull(report_get_step_title(time));
}
END_TEST

TEST_MAIN("report-words", test_times, test_percent, test_clock_is_local, test_counts_and_titles)
