/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The main() of every unit test: runs the tests of one module and writes TAP to the place that
 * CK_TAP_LOG_FILE_NAME names. A test file ends with
 *
 *     TEST_MAIN("usb-port", test_accepts_ports, test_refuses_the_rest)
 *
 * or with two functions that run before and behind each test:
 *
 *     TEST_MAIN_AROUND("record", make_folder, remove_folder, test_appends, test_refuses)
 */

#include <check.h>
#include <stdlib.h>

static inline int run_tests(const char *name, void (*set_up)(void), void (*tear_down)(void),
                            const TTest *const *tests, size_t n_tests) {
        Suite *suite = suite_create(name);
        TCase *tcase = tcase_create(name);
        SRunner *runner;
        int n_failed;

        if (set_up)
                tcase_add_checked_fixture(tcase, set_up, tear_down);
        for (size_t i = 0; i < n_tests; i++)
                tcase_add_test(tcase, tests[i]);
        tcase_set_timeout(tcase, 60);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        n_failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TEST_MAIN_AROUND(name, set_up, tear_down, ...)              \
        int main(void) {                                            \
                const TTest *const tests[] = {__VA_ARGS__};         \
                                                                    \
                return run_tests(name, set_up, tear_down, tests,    \
                                 sizeof(tests) / sizeof(tests[0])); \
        }

#define TEST_MAIN(name, ...) TEST_MAIN_AROUND(name, NULL, NULL, __VA_ARGS__)
