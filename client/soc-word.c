/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "soc-word.h"

#include <assert.h>
#include <stdio.h>

#include "spelling.h"
#include "text.h"

const char *soc_word_list(char list[static SOC_WORD_LIST_LEN_MAX]) {
        size_t len = 0;
        const Soc *soc;

        for (size_t i = 0; (soc = soc_at(i)) && len < SOC_WORD_LIST_LEN_MAX; i++)
                len += (size_t) snprintf(list + len, SOC_WORD_LIST_LEN_MAX - len, "%s%s",
                                         i > 0 ? ", " : "", soc->name);
        return list;
}

int soc_word_parse(const char *word, char **ret_complaint, const Soc **ret) {
        SpellingGuess guess = {.word = word};
        char list[SOC_WORD_LIST_LEN_MAX];
        const Soc *soc;

        assert(word);
        assert(ret_complaint);
        assert(ret);

        soc = soc_find_by_alias(word);
        if (soc) {
                *ret = soc;
                return 0;
        }

        for (size_t i = 0; (soc = soc_at(i)); i++)
                spelling_offer(&guess, soc->name);
        /* Two digits make another chip. */
        if (guess.best && guess.distance <= 1)
                return text_refuse(-EINVAL, ret_complaint,
                                   "unknown SoC '%.64s'; did you mean '%s'?", word, guess.best);
        return text_refuse(-EINVAL, ret_complaint, "unknown SoC '%.64s'; known: %s", word,
                           soc_word_list(list));
}
