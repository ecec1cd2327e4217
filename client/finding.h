/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What 'check' finds: a sentence and how grave it is, from whoever looks to whoever shows it. Pure. */

#include "macro.h"

typedef enum FindingLevel {
        FINDING_OK,
        FINDING_NOTE,
        FINDING_WARNING, /* may well be in the way */
        FINDING_PROBLEM, /* is in the way */
} FindingLevel;

/* @sentence says what was found and what to do; borrowed during the call. */
typedef void (*FindingCallback)(FindingLevel level, const char *sentence, void *userdata);

/* Tells @on_finding of one; a very long sentence is cut. */
void finding_tell(FindingCallback on_finding, void *userdata, FindingLevel level,
                  const char *format, ...) _printf_(4, 5);
