/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fisher.h"

#include "check-main.h"

/* By hand: hypergeometric probabilities as fractions. */
START_TEST(test_small_tables) {
        ck_assert_double_eq_tol(fisher_test(0, 0, 0, 0), 1, 1e-12);
        ck_assert_double_eq_tol(fisher_test(0, 10, 3, 10), 1, 1e-12);
        ck_assert_double_eq_tol(fisher_test(1, 1, 0, 1), 1.0 / 2, 1e-12);
        /* All three of four here, none of four there: C(4,3) C(4,0) / C(8,3). */
        ck_assert_double_eq_tol(fisher_test(3, 4, 0, 4), 4.0 / 56, 1e-12);
        /* Fisher's tea: three of four right, one of four wrong: (16 + 1) / 70. */
        ck_assert_double_eq_tol(fisher_test(3, 4, 1, 4), 17.0 / 70, 1e-12);
        ck_assert_double_eq_tol(fisher_test(10, 10, 0, 10), 1.0 / 184756, 1e-12);
        ck_assert_double_eq_tol(fisher_test(10, 10, 10, 10), 1, 1e-12);
}
END_TEST

/* As the sum of all its terms, each by logarithms, gives it. */
START_TEST(test_large_tables) {
        ck_assert_double_eq_tol(fisher_test(900, 20000, 20000, 580000), 1.08406e-14, 1e-18);
        ck_assert_double_eq_tol(fisher_test(690, 20000, 20000, 580000), 0.500343, 1e-5);
}
END_TEST

START_TEST(test_grows_with_evenness) {
        double last = 0;

        for (uint64_t elsewhere = 0; elsewhere <= 100; elsewhere++) {
                double p = fisher_test(8, 20, elsewhere, 100);

                ck_assert_double_ge(p, last);
                last = p;
        }
        ck_assert_double_gt(last, 0.999);
}
END_TEST

TEST_MAIN("fisher", test_small_tables, test_large_tables, test_grows_with_evenness)
