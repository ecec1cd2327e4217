/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The lines of a program's output, which comes in pieces, may be anything and may never end a line. Pure. */

#include "macro.h"

#define OUTPUT_LINE_LEN_MAX 500u

/* @bytes are raw (see text_printable_n()) and only there for the call. With @is_cut the line was longer. */
typedef void (*OutputLineFunc)(const char *bytes, size_t size, bool is_cut, void *userdata);

typedef struct OutputLines {
        OutputLineFunc on_line;
        void *userdata;
        size_t n_bytes;
        bool has_begun, is_cut, has_return;
        char bytes[OUTPUT_LINE_LEN_MAX];
} OutputLines;

/* Takes a piece. As on a terminal, a carriage return begins the line anew, so that of a progress bar only its end
 * is a line; before a newline it is nothing. */
void output_lines_add(OutputLines *l, const char *bytes, size_t size);

/* The output is over: what has no newline is a line too. */
void output_lines_end(OutputLines *l);
