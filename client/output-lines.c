/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "output-lines.h"

#include <assert.h>

static void begin_line(OutputLines *l) {
        l->n_bytes = 0;
        l->is_cut = false;
        l->has_return = false;
}

static void finish_line(OutputLines *l) {
        l->on_line(l->bytes, l->n_bytes, l->is_cut, l->userdata);
        begin_line(l);
        l->has_begun = false;
}

static void add_byte(OutputLines *l, char byte) {
        l->has_begun = true;
        if (byte == '\n') {
                finish_line(l);
                return;
        }
        if (byte == '\r') {
                l->has_return = true;
                return;
        }
        if (l->has_return)
                begin_line(l);
        if (l->n_bytes < sizeof(l->bytes))
                l->bytes[l->n_bytes++] = byte;
        else
                l->is_cut = true;
}

void output_lines_add(OutputLines *l, const char *bytes, size_t size) {
        assert(l);
        assert(l->on_line);
        assert(bytes || size == 0);

        for (size_t i = 0; i < size; i++)
                add_byte(l, bytes[i]);
}

void output_lines_end(OutputLines *l) {
        assert(l);
        assert(l->on_line);

        if (l->has_begun)
                finish_line(l);
}
