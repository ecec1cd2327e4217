/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>

#include "check-main.h"
#include "split-words.h"

/* The words with '|' behind each. */
static void assert_words(const char *string, const char *expected) {
        _cleanup_free_ char *reason = NULL;
        _cleanup_free_ char **words = NULL;
        char joined[256] = "";
        size_t len = 0;

        ck_assert_msg(split_words(string, &reason, &words) == 0, "<%s>: %s", string, reason);
        ck_assert_ptr_null(reason);
        for (char **w = words; *w; w++)
                len += (size_t) snprintf(joined + len, sizeof(joined) - len, "%s|", *w);
        ck_assert_msg(streq(joined, expected), "<%s> became <%s>", string, joined);
}

static void assert_refused(const char *string, const char *expected) {
        _cleanup_free_ char *reason = NULL;
        char **words = (char **) &words;

        ck_assert_int_eq(split_words(string, &reason, &words), -EINVAL);
        ck_assert_ptr_eq(words, &words);
        ck_assert_msg(streq(reason, expected), "<%s> was refused: %s", string, reason);
}

START_TEST(test_splits_at_blanks) {
        assert_words("true", "true|");
        assert_words("a b c", "a|b|c|");
        assert_words(" \t\na  b\t\nc \n", "a|b|c|");
}
END_TEST

START_TEST(test_keeps_what_is_in_single_quotes) {
        assert_words("'a b'", "a b|");
        assert_words("x'a b'y", "xa by|");
        assert_words("''", "|");
        assert_words("a '' b", "a||b|");
        assert_words("'\\' '\"' '$x;`y`'", "\\|\"|$x;`y`|");
}
END_TEST

START_TEST(test_keeps_what_is_in_double_quotes) {
        assert_words("\"a b\"", "a b|");
        assert_words("\"\"", "|");
        assert_words("\"it's; a|b\"", "it's; a|b|");
        assert_words("\"\\$ \\` \\\" \\\\\"", "$ ` \" \\|");
        /* Before anything else a backslash is one. */
        assert_words("\"\\a\\'\"", "\\a\\'|");
        assert_words("\"a\\\nb\"", "ab|");
}
END_TEST

START_TEST(test_keeps_what_is_behind_a_backslash) {
        assert_words("a\\ b", "a b|");
        assert_words("\\'\\\"\\\\\\$\\;", "'\"\\$;|");
        assert_words("\\a", "a|");
}
END_TEST

START_TEST(test_joins_continued_lines) {
        assert_words("a\\\nb", "ab|");
        assert_words("a \\\n b", "a|b|");
        assert_words("a \\\n", "a|");
        assert_words("\\\na", "a|");
}
END_TEST

START_TEST(test_expands_nothing) {
        assert_words("~ ~/x * a? [b] {c,d} # !e a=b %f", "~|~/x|*|a?|[b]|{c,d}|#|!e|a=b|%f|");
        assert_words("\303\244 \377", "\303\244|\377|");
}
END_TEST

START_TEST(test_refuses_what_is_not_closed) {
        assert_refused("'", "the quote ' at character 1 is not closed");
        assert_refused("a 'b", "the quote ' at character 3 is not closed");
        assert_refused("a \"b 'c'", "the quote \" at character 3 is not closed");
        assert_refused("a\"b\\\"", "the quote \" at character 2 is not closed");
        assert_refused("'a' 'b' c'", "the quote ' at character 10 is not closed");
        assert_refused("a \\", "the backslash at the end has nothing behind it");
        assert_refused("\"\\", "the quote \" at character 1 is not closed");
}
END_TEST

#define FOR_A_SHELL(character, position)                    \
        "'" character "' at character " position            \
        " is for a shell, and none runs: put it in single " \
        "quotes, or write sh -c '…'"

START_TEST(test_refuses_what_is_for_a_shell) {
        assert_refused("a $x", FOR_A_SHELL("$", "3"));
        assert_refused("a \"$x\"", FOR_A_SHELL("$", "4"));
        assert_refused("a`b`", FOR_A_SHELL("`", "2"));
        assert_refused("\"`b`\"", FOR_A_SHELL("`", "2"));
        assert_refused("a | b", FOR_A_SHELL("|", "3"));
        assert_refused("a&", FOR_A_SHELL("&", "2"));
        assert_refused("a;", FOR_A_SHELL(";", "2"));
        assert_refused("a <b", FOR_A_SHELL("<", "3"));
        assert_refused("a >b", FOR_A_SHELL(">", "3"));
        assert_refused("(a", FOR_A_SHELL("(", "1"));
        assert_refused("a)", FOR_A_SHELL(")", "2"));
}
END_TEST

START_TEST(test_refuses_nothing_at_all) {
        assert_refused("", "there is no command in it");
        assert_refused(" \n\t", "there is no command in it");
        assert_refused("\\\n", "there is no command in it");
}
END_TEST

TEST_MAIN("split-words", test_splits_at_blanks, test_keeps_what_is_in_single_quotes,
          test_keeps_what_is_in_double_quotes, test_keeps_what_is_behind_a_backslash,
          test_joins_continued_lines, test_expands_nothing, test_refuses_what_is_not_closed,
          test_refuses_what_is_for_a_shell, test_refuses_nothing_at_all)
