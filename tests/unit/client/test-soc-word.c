/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "soc-word.h"

#include "check-main.h"

static void check_refused(const char *word, const char *sentence) {
        const Soc *untouched = soc_find("am437x");
        char *complaint = NULL;

        ck_assert_int_eq(soc_word_parse(word, &complaint, &untouched), -EINVAL);
        ck_assert_str_eq(complaint, sentence);
        ck_assert_ptr_eq(untouched, soc_find("am437x"));
        free(complaint);
}

START_TEST(test_names_and_aliases) {
        char *complaint = NULL;
        const Soc *soc = NULL;

        ck_assert_int_eq(soc_word_parse("am335x", &complaint, &soc), 0);
        ck_assert_ptr_eq(soc, soc_find("am335x"));
        ck_assert_int_eq(soc_word_parse("AM4378", &complaint, &soc), 0);
        ck_assert_ptr_eq(soc, soc_find("am437x"));
        ck_assert_ptr_null(complaint);
}
END_TEST

START_TEST(test_unknown_words) {
        check_refused("", "unknown SoC ''; known: am335x, am437x");
        check_refused("am35x", "unknown SoC 'am35x'; did you mean 'am335x'?");
        check_refused("am625", "unknown SoC 'am625'; known: am335x, am437x");
}
END_TEST

TEST_MAIN("soc-word", test_names_and_aliases, test_unknown_words)
