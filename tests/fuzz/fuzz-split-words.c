/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any text as a command; what comes out, quoted, is the same words again. */

#include "split-words.h"

#include "fuzz.h"

/* In single quotes, where only those themselves need more. */
static char *quote(char *const *words) {
        size_t size = 1, len = 0;
        char *text;

        for (char *const *w = words; *w; w++)
                size += 3 + 4 * strlen(*w);
        text = malloc(size);
        fuzz_assert(text);
        for (char *const *w = words; *w; w++) {
                text[len++] = '\'';
                for (const char *c = *w; *c; c++)
                        if (*c == '\'') {
                                memcpy(text + len, "'\\''", 4);
                                len += 4;
                        } else
                                text[len++] = *c;
                text[len++] = '\'';
                text[len++] = ' ';
        }
        text[len] = '\0';
        return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *string = NULL, *quoted = NULL, *reason = NULL;
        _cleanup_free_ char **words = NULL, **again = NULL;
        size_t n = 0;

        /* Exactly as large as the text, so that a sanitizer sees reads past its end. */
        string = malloc(size + 1);
        fuzz_assert(string);
        memcpy(string, data, size);
        string[size] = '\0';

        if (split_words(string, &reason, &words) < 0) {
                fuzz_assert(!words);
                fuzz_assert(reason);
                return 0;
        }
        fuzz_assert(!reason);
        fuzz_assert(words[0]);
        quoted = quote(words);
        fuzz_assert(split_words(quoted, &reason, &again) == 0);
        for (; words[n]; n++)
                fuzz_assert(streq_ptr(words[n], again[n]));
        fuzz_assert(!again[n]);
        return 0;
}
