/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "record-format.h"

#include "check-main.h"

START_TEST(test_clock_there_and_back) {
        static const struct {
                uint64_t usec;
                const char *text;
        } cases[] = {
                {0, "1970-01-01T00:00:00.000000Z"},
                {UINT64_C(1795440306789123), "2026-11-23T13:25:06.789123Z"},
                {UINT64_C(1709164800000000), "2024-02-29T00:00:00.000000Z"},
                {RECORD_CLOCK_MAX_USEC, "9999-12-31T23:59:59.999999Z"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[RECORD_CLOCK_LEN + 1];
                uint64_t usec = 1;

                ck_assert_str_eq(record_clock_format(text, cases[i].usec), cases[i].text);
                ck_assert_int_eq(record_clock_parse(text, &usec), 0);
                ck_assert_uint_eq(usec, cases[i].usec);
        }
}
END_TEST

START_TEST(test_clock_out_of_range_is_cut) {
        char text[RECORD_CLOCK_LEN + 1];

        ck_assert_uint_eq(strlen(record_clock_format(text, UINT64_MAX)), RECORD_CLOCK_LEN);
        ck_assert_int_eq(strncmp(text, "9999-12-31T23:59:59.", 20), 0);
}
END_TEST

START_TEST(test_clock_refuses_other_forms) {
        static const char *const wrong[] = {
                "",
                "2026-11-23",
                "2026-11-23T13:25:06Z",
                "2026-11-23T13:25:06.789Z",
                "2026-11-23T13:25:06.789000",
                "2026-11-23T13:25:06.789000z",
                "2026-11-23 13:25:06.789Z",
                "2026-11-23T13:25:06.789000Z ",
                "2026-11-23T13:25:06,789000Z",
                "2026-02-29T00:00:00.000000Z",
                "2026-13-01T00:00:00.000000Z",
                "2026-00-01T00:00:00.000000Z",
                "2026-11-00T00:00:00.000000Z",
                "2026-11-23T24:00:00.000000Z",
                "2026-11-23T13:25:60.000000Z",
                "1969-12-31T23:59:59.999000Z",
                "0000-01-01T00:00:00.000000Z",
                "-026-11-23T13:25:06.789000Z",
                "+026-11-23T13:25:06.789000Z",
        };
        uint64_t usec = 42;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                ck_assert_msg(record_clock_parse(wrong[i], &usec) == -EINVAL, "%s", wrong[i]);
        ck_assert_uint_eq(usec, 42);
}
END_TEST

START_TEST(test_words) {
        ck_assert_int_eq(record_result_from_string("interrupted"), RECORD_RESULT_INTERRUPTED);
        ck_assert_int_eq(record_result_from_string("lost"), -EINVAL);
        ck_assert_str_eq(record_time_to_string(RECORD_TIME_LAST_BLOCK), "last_block_ms");
        for (RecordTime time = 0; time < _RECORD_TIME_MAX; time++)
                ck_assert_int_eq(record_time_from_string(record_time_to_string(time)), (int) time);
}
END_TEST

TEST_MAIN("record-format", test_clock_there_and_back, test_clock_out_of_range_is_cut,
          test_clock_refuses_other_forms, test_words)
