/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Text for people: what comes from the bus, a board or a file name is made harmless before a
 * terminal sees it; sizes, times and rates are written the same way everywhere. Pure; may
 * allocate. */

#include "macro.h"

/* Returns a copy of @string, or NULL when memory ran out, in which everything that could steer a
 * terminal or fake a line is replaced by '?': control characters (C0 with newline and tab, DEL,
 * C1), the bidirectional overrides, and whatever is not UTF-8. The caller frees it. */
char *text_printable(const char *string);

/* The same for @size bytes that need not end with NUL (and may contain some). */
char *text_printable_n(const void *bytes, size_t size);

/* The same, but only what is not UTF-8 is replaced: for where control characters do no harm. */
char *text_utf8(const char *string);

/* How wide @string is on a terminal, one column a character (no wide characters are expected). */
size_t text_width(const char *string);

/* For `return text_refuse(…);`: formats the sentence that says why into *@ret_text (NULL when
 * memory ran out) and returns @error. */
int text_refuse(int error, char **ret_text, const char *format, ...) _printf_(3, 4);

/* Bytes a second; 0 if @usec is 0. */
uint64_t text_get_rate(uint64_t bytes, uint64_t usec);

#define TEXT_AMOUNT_LEN_MAX 96

/* Writes "109736 bytes in 0.42 s (255 KiB/s)"; without the rate if @usec is 0. Returns @buffer. */
const char *text_format_amount(char buffer[static TEXT_AMOUNT_LEN_MAX], uint64_t bytes,
                               uint64_t usec);
