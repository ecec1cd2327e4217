/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spelling.h"

#include "check-main.h"

static const char *guess(const char *word) {
        static const char *const words[] = {"close", "list", "monitor", "recover", "status"};
        SpellingGuess g = {.word = word};

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                spelling_offer(&g, words[i]);
        return g.best;
}

START_TEST(test_distance) {
        ck_assert_uint_eq(spelling_distance("", ""), 0);
        ck_assert_uint_eq(spelling_distance("", "abc"), 3);
        ck_assert_uint_eq(spelling_distance("abc", ""), 3);
        ck_assert_uint_eq(spelling_distance("list", "LIST"), 0);
        ck_assert_uint_eq(spelling_distance("recovr", "recover"), 1);
        ck_assert_uint_eq(spelling_distance("recovver", "recover"), 1);
        ck_assert_uint_eq(spelling_distance("recoxer", "recover"), 1);
        ck_assert_uint_eq(spelling_distance("recoevr", "recover"), 1);
        ck_assert_uint_eq(spelling_distance("ab", "ba"), 1);
        ck_assert_uint_eq(spelling_distance("kitten", "sitting"), 3);
}
END_TEST

START_TEST(test_long_words_are_cut) {
        char a[5000], b[5000];

        memset(a, 'a', sizeof(a));
        memset(b, 'b', sizeof(b));
        a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
        ck_assert_uint_eq(spelling_distance(a, b), SPELLING_LEN_MAX);
        ck_assert_ptr_null(guess(a));
}
END_TEST

START_TEST(test_guesses) {
        ck_assert_str_eq(guess("recovr"), "recover");
        ck_assert_str_eq(guess("Recover"), "recover");
        ck_assert_str_eq(guess("recovery"), "recover");
        ck_assert_str_eq(guess("mon"), "monitor");
        ck_assert_str_eq(guess("lst"), "list");
        ck_assert_ptr_null(guess(""));
        ck_assert_ptr_null(guess("r"));
        ck_assert_ptr_null(guess("frobnicate"));
        ck_assert_ptr_null(guess("help"));
}
END_TEST

TEST_MAIN("spelling", test_distance, test_long_words_are_cut, test_guesses)
