/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "table.h"

#include <assert.h>
#include <stdio.h>

#include "text.h"

#define SEPARATOR_WIDTH 2

struct Table {
        size_t n_columns;
        bool *is_right; /* for each column */
        char **cells;   /* row by row, the titles first */
        size_t n_cells;
};

int table_new(const char *const *titles, size_t n_columns, Table **ret) {
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        assert(titles);
        assert(n_columns > 0);
        assert(ret);

        t = calloc(1, sizeof(Table));
        if (!t)
                return -ENOMEM;
        t->n_columns = n_columns;
        t->is_right = calloc(n_columns, sizeof(bool));
        if (!t->is_right)
                return -ENOMEM;
        r = table_add_row(t, titles);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(t);
        return 0;
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;

        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i]);
        free(t->cells);
        free(t->is_right);
        free(t);
        return NULL;
}

void table_align_right(Table *t, size_t column) {
        assert(t);
        assert(column < t->n_columns);

        t->is_right[column] = true;
}

int table_add_row(Table *t, const char *const *cells) {
        char **grown;

        assert(t);
        assert(cells);

        grown = reallocarray(t->cells, t->n_cells + t->n_columns, sizeof(char *));
        if (!grown)
                return -ENOMEM;
        t->cells = grown;

        for (size_t i = 0; i < t->n_columns; i++) {
                const char *cell = cells[i] && *cells[i] ? cells[i] : "-";

                t->cells[t->n_cells + i] = text_printable(cell);
                if (!t->cells[t->n_cells + i]) {
                        while (i > 0)
                                free(t->cells[t->n_cells + --i]);
                        return -ENOMEM;
                }
        }

        t->n_cells += t->n_columns;
        return 0;
}

static size_t column_width(const Table *t, size_t column) {
        size_t width = 0;

        for (size_t i = column; i < t->n_cells; i += t->n_columns)
                width = MAX_OF(width, text_width(t->cells[i]));
        return width;
}

static char *append_blanks(char *line, size_t n) {
        memset(line, ' ', n);
        return line + n;
}

/* Appends one row to @line, which is large enough; no blanks behind the last cell. */
static void format_row(const Table *t, char *const *row, const size_t *widths, char *line) {
        for (size_t i = 0; i < t->n_columns; i++) {
                size_t blanks = widths[i] - text_width(row[i]);

                if (t->is_right[i])
                        line = append_blanks(line, blanks);
                line = stpcpy(line, row[i]);
                if (i + 1 < t->n_columns)
                        line = append_blanks(line, SEPARATOR_WIDTH + (t->is_right[i] ? 0 : blanks));
        }
        *line = '\0';
}

static size_t row_size(const Table *t, char *const *row, const size_t *widths) {
        size_t size = 1;

        for (size_t i = 0; i < t->n_columns; i++)
                size += strlen(row[i]) + widths[i] + SEPARATOR_WIDTH;
        return size;
}

int table_print(const Table *t, Progress *progress) {
        _cleanup_free_ size_t *widths = NULL;

        assert(t);
        assert(progress);

        widths = calloc(t->n_columns, sizeof(size_t));
        if (!widths)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_columns; i++)
                widths[i] = column_width(t, i);

        for (size_t at = 0; at < t->n_cells; at += t->n_columns) {
                _cleanup_free_ char *line = malloc(row_size(t, t->cells + at, widths));

                if (!line)
                        return -ENOMEM;
                format_row(t, t->cells + at, widths, line);
                progress_result(progress, "%s", line);
        }

        return 0;
}
