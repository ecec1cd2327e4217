/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "arguments.h"

#include "check-main.h"

enum {
        OPTION_FLAG,
        OPTION_VALUE,
};

static const Option options[] = {
        {OPTION_FLAG, "flag", NULL},
        {OPTION_VALUE, "value", "WHAT", 'v'},
        {},
};

/* The program gets its arguments writable, and does not write. */
#define ARGUMENTS(...)                                                                          \
        ((Arguments){                                                                           \
                .next = (char *const *) (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL}, \
                .options = options})

static void check_next(Arguments *a, int expected, const char *expected_value) {
        const char *value = "untouched";
        char *complaint = NULL;

        ck_assert_int_eq(arguments_next(a, &value, &complaint), expected);
        ck_assert_ptr_null(complaint);
        if (expected != ARGUMENT_END)
                ck_assert_pstr_eq(value, expected_value);
}

static void check_complaint(Arguments *a, const char *expected) {
        const char *value = "untouched";
        char *complaint = NULL;

        ck_assert_int_eq(arguments_next(a, &value, &complaint), -EINVAL);
        ck_assert_str_eq(complaint, expected);
        ck_assert_str_eq(value, "untouched");
        free(complaint);
}

START_TEST(test_nothing) {
        Arguments a = ARGUMENTS();

        check_next(&a, ARGUMENT_END, NULL);
        check_next(&a, ARGUMENT_END, NULL);
}
END_TEST

START_TEST(test_options_and_operands_in_any_order) {
        Arguments a = ARGUMENTS("one", "--flag", "--value", "x", "two", "--value=y", "--value=");

        check_next(&a, ARGUMENT_OPERAND, "one");
        check_next(&a, OPTION_FLAG, NULL);
        check_next(&a, OPTION_VALUE, "x");
        check_next(&a, ARGUMENT_OPERAND, "two");
        check_next(&a, OPTION_VALUE, "y");
        check_next(&a, OPTION_VALUE, "");
        check_next(&a, ARGUMENT_END, NULL);
}
END_TEST

START_TEST(test_values_may_look_like_options) {
        Arguments a = ARGUMENTS("--value", "--flag", "--value=--flag", "--value=a=b");

        check_next(&a, OPTION_VALUE, "--flag");
        check_next(&a, OPTION_VALUE, "--flag");
        check_next(&a, OPTION_VALUE, "a=b");
        check_next(&a, ARGUMENT_END, NULL);
}
END_TEST

START_TEST(test_double_dash_ends_options) {
        Arguments a = ARGUMENTS("--flag", "--", "--flag", "--", "-");

        check_next(&a, OPTION_FLAG, NULL);
        check_next(&a, ARGUMENT_OPERAND, "--flag");
        check_next(&a, ARGUMENT_OPERAND, "--");
        check_next(&a, ARGUMENT_OPERAND, "-");
        check_next(&a, ARGUMENT_END, NULL);

        a = ARGUMENTS("--");
        check_next(&a, ARGUMENT_END, NULL);
}
END_TEST

START_TEST(test_complaints) {
        Arguments a = ARGUMENTS("--flug");

        check_complaint(&a, "unknown option '--flug'; did you mean '--flag'?");
        a = ARGUMENTS("--fla"); /* no abbreviations */
        check_complaint(&a, "unknown option '--fla'; did you mean '--flag'?");
        a = ARGUMENTS("--flagg=1");
        check_complaint(&a, "unknown option '--flagg'; did you mean '--flag'?");
        a = ARGUMENTS("-f");
        check_complaint(&a, "unknown option '-f'; did you mean '--flag'?");
        a = ARGUMENTS("--=x");
        check_complaint(&a, "unknown option '--'");
        a = ARGUMENTS("--flag=1");
        check_complaint(&a, "option '--flag' takes no value");
        a = ARGUMENTS("--value");
        check_complaint(&a, "option '--value' needs a value: --value WHAT");
}
END_TEST

START_TEST(test_letters) {
        Arguments a = ARGUMENTS("-v", "1", "-v2", "-v=3", "-v", "-v");

        check_next(&a, OPTION_VALUE, "1");
        check_next(&a, OPTION_VALUE, "2");
        check_next(&a, OPTION_VALUE, "=3"); /* as everywhere */
        check_next(&a, OPTION_VALUE, "-v");
        check_next(&a, ARGUMENT_END, NULL);
        a = ARGUMENTS("-v");
        check_complaint(&a, "option '--value' needs a value: --value WHAT");
        a = ARGUMENTS("-x");
        check_complaint(&a, "unknown option '-x'");
}
END_TEST

START_TEST(test_stops_at_operand) {
        Arguments a = ARGUMENTS("--flag", "verb", "--unknown");

        a.stops_at_operand = true;
        check_next(&a, OPTION_FLAG, NULL);
        check_next(&a, ARGUMENT_OPERAND, "verb");
        ck_assert_str_eq(*a.next, "verb");
}
END_TEST

TEST_MAIN("arguments", test_nothing, test_options_and_operands_in_any_order,
          test_values_may_look_like_options, test_double_dash_ends_options, test_complaints,
          test_letters, test_stops_at_operand)
