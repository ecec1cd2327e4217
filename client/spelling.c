/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spelling.h"

#include <assert.h>
#include <ctype.h>

static bool is_same(char a, char b) {
        return tolower((unsigned char) a) == tolower((unsigned char) b);
}

unsigned spelling_distance(const char *a, const char *b) {
        unsigned rows[3][SPELLING_LEN_MAX + 1];
        unsigned *before = rows[0], *last = rows[1], *row = rows[2];
        size_t n_a, n_b;

        assert(a);
        assert(b);

        n_a = strnlen(a, SPELLING_LEN_MAX);
        n_b = strnlen(b, SPELLING_LEN_MAX);
        for (size_t j = 0; j <= n_b; j++)
                last[j] = (unsigned) j;

        for (size_t i = 1; i <= n_a; i++) {
                unsigned *spare = before;

                row[0] = (unsigned) i;
                for (size_t j = 1; j <= n_b; j++) {
                        row[j] = MIN_OF(last[j], row[j - 1]) + 1;
                        row[j] = MIN_OF(row[j], last[j - 1] + !is_same(a[i - 1], b[j - 1]));
                        if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
                            is_same(a[i - 2], b[j - 1]))
                                row[j] = MIN_OF(row[j], before[j - 2] + 1);
                }
                before = last;
                last = row;
                row = spare;
        }

        return last[n_b];
}

void spelling_offer(SpellingGuess *guess, const char *candidate) {
        size_t len, candidate_len;
        unsigned distance;

        assert(guess);
        assert(guess->word);
        assert(candidate);

        len = strlen(guess->word);
        candidate_len = strlen(candidate);

        if (len > SPELLING_LEN_MAX)
                return;

        /* The beginning of a word is meant as that word, whatever is missing; a single letter may be
         * the beginning of many. */
        if (len >= 2 && strncasecmp(candidate, guess->word, len) == 0)
                distance = 1;
        else {
                distance = spelling_distance(guess->word, candidate);
                if (distance > (MAX_OF(len, candidate_len) + 1) / 3)
                        return;
        }

        if (!guess->best || distance < guess->distance) {
                guess->best = candidate;
                guess->distance = distance;
        }
}
