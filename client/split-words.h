/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A command as one writes it in a shell, taken apart into an argument vector without one: '…', "…" and
 * backslash quote as POSIX says (XCU 2.2); nothing is expanded. What only a shell could do ($, `, |, &, ;, <,
 * >, parentheses) is refused where a shell would do it, not handed on in silence; quoted, it is text. '~', '*'
 * and '#' are always text. Pure; allocates. */

#include "macro.h"

/* Returns 0 and the words, NULL-terminated, in one block that the caller frees. Or -EINVAL with the sentence in
 * *@ret_reason that says what is wrong, and where (the caller frees it; NULL when memory ran out): a quote
 * that is not closed, a backslash at the end, something for a shell, no word at all. Or -ENOMEM. */
int split_words(const char *string, char **ret_reason, char ***ret);
