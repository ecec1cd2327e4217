/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "parse-util.h"

#include <errno.h>

#include "check-main.h"

START_TEST(test_parses_numbers) {
        uint64_t value = 7;

        ck_assert_int_eq(parse_u64("0", 10, &value), 0);
        ck_assert_uint_eq(value, 0);
        ck_assert_int_eq(parse_u64("10", 10, &value), 0);
        ck_assert_uint_eq(value, 10);
        ck_assert_int_eq(parse_u64("18446744073709551615", UINT64_MAX, &value), 0);
        ck_assert_uint_eq(value, UINT64_MAX);
}
END_TEST

START_TEST(test_refuses_what_is_no_number) {
        static const char *const wrong[] = {"",   "-1", "+1",  " 1",  "1 ",
                                            "01", "00", "0x1", "1e3", "a"};
        uint64_t value = 7;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                ck_assert_msg(parse_u64(wrong[i], 100, &value) == -EINVAL, "'%s'", wrong[i]);
        ck_assert_int_eq(parse_u64("11", 10, &value), -ERANGE);
        ck_assert_int_eq(parse_u64("5", 4, &value), -ERANGE);
        ck_assert_int_eq(parse_u64("18446744073709551616", UINT64_MAX, &value), -ERANGE);
        ck_assert_uint_eq(value, 7);
}
END_TEST

START_TEST(test_parses_seconds) {
        uint64_t usec = 7;

        ck_assert_int_eq(parse_seconds("30", USEC_INFINITY, &usec), 0);
        ck_assert_uint_eq(usec, 30 * USEC_PER_SEC);
        ck_assert_int_eq(parse_seconds("0.5", USEC_INFINITY, &usec), 0);
        ck_assert_uint_eq(usec, USEC_PER_SEC / 2);
        ck_assert_int_eq(parse_seconds("1.000001", USEC_INFINITY, &usec), 0);
        ck_assert_uint_eq(usec, USEC_PER_SEC + 1);
}
END_TEST

START_TEST(test_refuses_what_is_no_time) {
        static const char *const wrong[] = {"", ".5", "1.", "1.0000001", "-1", "1s", "inf", "1.-"};
        uint64_t usec = 7;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                ck_assert_msg(parse_seconds(wrong[i], USEC_INFINITY, &usec) == -EINVAL, "'%s'",
                              wrong[i]);
        ck_assert_int_eq(parse_seconds("2", USEC_PER_SEC, &usec), -ERANGE);
        ck_assert_int_eq(parse_seconds("1.5", USEC_PER_SEC, &usec), -ERANGE);
        ck_assert_uint_eq(usec, 7);
}
END_TEST

TEST_MAIN("parse-util", test_parses_numbers, test_refuses_what_is_no_number, test_parses_seconds,
          test_refuses_what_is_no_time)
