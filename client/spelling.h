/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What somebody who mistyped a word probably meant. Pure. */

#include "macro.h"

/* Of longer words only the beginning is compared, and nothing is guessed. */
#define SPELLING_LEN_MAX 64u

/* The number of insertions, deletions, replacements and swaps of neighbours that make @b of @a (optimal
 * string alignment), letters being the same in both cases. */
unsigned spelling_distance(const char *a, const char *b);

/* Keeps in @best the nearest word so far: NULL at first. Words are offered one by one, so that they may
 * come from any table. */
typedef struct SpellingGuess {
        const char *word; /* as it was typed; borrowed */
        const char *best; /* borrowed; NULL: nothing is near */
        unsigned distance;
} SpellingGuess;

/* Offers @candidate, which must outlive the guess. It is near if few of its letters differ (one in three),
 * or if the word is its beginning; among equals the first one offered wins. */
void spelling_offer(SpellingGuess *guess, const char *candidate);
