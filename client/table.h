/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A table of text, for people: columns aligned to the left, or to the right, two spaces between them. */

#include "macro.h"
#include "progress.h"

typedef struct Table Table;

/* @titles are @n_columns strings; copied. Returns 0 or -ENOMEM. */
int table_new(const char *const *titles, size_t n_columns, Table **ret);
Table *table_free(Table *t);
DEFINE_CLEANUP_FUNC(Table, table_free);

/* @column holds numbers: it and its title are aligned to the right. */
void table_align_right(Table *t, size_t column);

/* Adds a row of as many @cells as there are columns; copied, made printable. A cell that is NULL or
 * empty is shown as "-". Returns 0 or -ENOMEM. */
int table_add_row(Table *t, const char *const *cells);

/* Writes the titles and all rows as results. Returns 0 or -ENOMEM. */
int table_print(const Table *t, Progress *progress);
