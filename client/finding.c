/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "finding.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_SIZE 1024

void finding_tell(FindingCallback on_finding, void *userdata, FindingLevel level,
                  const char *format, ...) {
        char sentence[SENTENCE_SIZE];
        va_list args;

        assert(on_finding);

        va_start(args, format);
        (void) vsnprintf(sentence, sizeof(sentence), format, args);
        va_end(args);
        on_finding(level, sentence, userdata);
}
