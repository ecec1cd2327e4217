/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "split-words.h"

#include <assert.h>

#include "text.h"

/* Where a quoted word is read: what is left of the string, and where its characters go. */
typedef struct Splitter {
        const char *string, *in;
        char *out;
        char **ret_reason;
} Splitter;

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\n';
}

/* What a shell would take as an operator or expand (XCU 2.2, the characters that are always special but
 * blanks and quotes). */
static bool is_for_shell(char c, bool is_in_quotes) {
        return c == '$' || c == '`' || (!is_in_quotes && c && strchr("|&;<>()", c));
}

/* For people: the first one is number 1. */
static size_t get_position(const Splitter *s, const char *at) {
        return (size_t) (at - s->string) + 1;
}

static int refuse_for_shell(const Splitter *s) {
        return text_refuse(-EINVAL, s->ret_reason,
                           "'%c' at character %zu is for a shell, and none runs: put it in single "
                           "quotes, or write sh -c '…'",
                           *s->in, get_position(s, s->in));
}

static int refuse_unclosed(const Splitter *s, const char *begin) {
        return text_refuse(-EINVAL, s->ret_reason, "the quote %c at character %zu is not closed",
                           *begin, get_position(s, begin));
}

static int take_single_quoted(Splitter *s) {
        const char *begin = s->in++;

        for (; *s->in != '\''; s->in++) {
                if (!*s->in)
                        return refuse_unclosed(s, begin);
                *s->out++ = *s->in;
        }
        s->in++;
        return 0;
}

/* XCU 2.2.3: a backslash is one, but before what is special here; with a newline it is nothing. */
static int take_double_quoted(Splitter *s) {
        const char *begin = s->in++;

        for (; *s->in != '"'; s->in++) {
                if (!*s->in)
                        return refuse_unclosed(s, begin);
                if (is_for_shell(*s->in, true))
                        return refuse_for_shell(s);
                if (*s->in == '\\' && s->in[1] && strchr("$`\"\\\n", s->in[1])) {
                        s->in++;
                        if (*s->in == '\n')
                                continue;
                }
                *s->out++ = *s->in;
        }
        s->in++;
        return 0;
}

/* XCU 2.2.1. */
static int take_escaped(Splitter *s) {
        if (!s->in[1])
                return text_refuse(-EINVAL, s->ret_reason,
                                   "the backslash at the end has nothing behind it");
        if (s->in[1] != '\n')
                *s->out++ = s->in[1];
        s->in += 2;
        return 0;
}

static int take_word(Splitter *s) {
        int r = 0;

        while (r == 0 && *s->in && !is_blank(*s->in))
                if (*s->in == '\'')
                        r = take_single_quoted(s);
                else if (*s->in == '"')
                        r = take_double_quoted(s);
                else if (*s->in == '\\')
                        r = take_escaped(s);
                else if (is_for_shell(*s->in, false))
                        r = refuse_for_shell(s);
                else
                        *s->out++ = *s->in++;
        *s->out++ = '\0';
        return r;
}

/* Goes to the next word: a backslash and a newline are nothing, not even an empty word. */
static void skip_blanks(Splitter *s) {
        for (;;)
                if (is_blank(*s->in))
                        s->in++;
                else if (s->in[0] == '\\' && s->in[1] == '\n')
                        s->in += 2;
                else
                        return;
}

int split_words(const char *string, char **ret_reason, char ***ret) {
        _cleanup_free_ char **words = NULL;
        size_t size, n_words_max, n_words = 0;
        Splitter s;
        int r;

        assert(string);
        assert(ret_reason);
        assert(ret);

        /* Each word but the last takes a blank as well; no word is longer than what it was made of, and the
         * blank, or the end, makes room for its NUL. */
        size = strlen(string) + 1;
        n_words_max = size / 2 + 1;
        words = calloc(1, (n_words_max + 1) * sizeof(char *) + size);
        if (!words)
                return -ENOMEM;
        s = (Splitter){
                .string = string,
                .in = string,
                .out = (char *) (words + n_words_max + 1),
                .ret_reason = ret_reason,
        };

        for (skip_blanks(&s); *s.in; skip_blanks(&s)) {
                assert(n_words < n_words_max);
                words[n_words++] = s.out;
                r = take_word(&s);
                if (r < 0)
                        return r;
        }
        if (n_words == 0)
                return text_refuse(-EINVAL, ret_reason, "there is no command in it");

        *ret = TAKE_PTR(words);
        return 0;
}
